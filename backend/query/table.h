// SPDX-License-Identifier: GPL-3.0-or-later
// What a question came to, before it is cut into pages: one row for each step and group.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/query.h"

namespace streamgauge::query {

// What a step has in which there was no event; nothing to tell for most aggregates.
Value empty_value(Aggregate aggregate);

// Rows are compact: a group by user may have a million. Not thread-safe while it is filled, immutable afterwards.
class Table {
public:
    // The values of group_by, joined by U+0000.
    void add(std::uint32_t step, std::string_view group, Value value, std::uint64_t corrected, bool other);
    // Of a table without groups: a zero for each of `steps` steps that has no row.
    void fill_steps(std::size_t steps, const Value& zero);
    // A row with `zero` for each row of `before` that has none here.
    void fill_from(const Table& before, const Value& zero);

    std::size_t size() const { return rows_.size(); }
    std::size_t memory_bytes() const;

    std::uint32_t step(std::size_t row) const { return rows_[row].step; }
    std::string_view group(std::size_t row) const { return {groups_.data() + rows_[row].group, rows_[row].group_size}; }
    Value value(std::size_t row) const;
    std::uint64_t corrected(std::size_t row) const { return rows_[row].corrected; }
    bool other(std::size_t row) const { return rows_[row].other; }

    // The rows from `position` on in the order, at most `limit`. Steps and groups break ties, so that no two rows
    // are equal; rows without a number are last when it goes by value.
    std::vector<std::uint32_t> page(const Order& order, std::size_t position, std::size_t limit) const;

    // The row of a step and group. The first call takes time.
    class Index {
    public:
        explicit Index(const Table& table);
        std::optional<std::size_t> find(std::uint32_t step, std::string_view group) const;

    private:
        const Table& table_;
        std::vector<std::uint32_t> rows_;  // row + 1; 0: free. A power of two, at most half full
    };

    // Equal for equal rows in any order, different for different ones (but for one in 2^64); fixed for ever, because
    // cursors hold it.
    std::uint64_t digest() const;

private:
    struct Row {
        std::uint32_t step, group, group_size;
        std::uint32_t full;  // in values_, + 1; 0: `number` is all there is to the value
        std::int64_t number;
        std::uint64_t corrected;
        bool has_number, micros, saturated, other;
    };
    bool before(const Row& a, const Row& b, const Order& order) const;
    std::string_view group_of(const Row& row) const { return {groups_.data() + row.group, row.group_size}; }

    std::vector<Row> rows_;
    std::string groups_;
    std::vector<Value> values_;
};

}  // namespace streamgauge::query
