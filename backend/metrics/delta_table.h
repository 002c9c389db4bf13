// SPDX-License-Identifier: GPL-3.0-or-later
// The deltas of one metric that are not in the store yet: (window, group) -> sum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/old_definition.h"

namespace streamgauge {

// Open addressing over rows whose groups are interned in one buffer: adding to a row that is there allocates nothing.
// Movable. Not thread-safe.
class DeltaTable {
public:
    explicit DeltaTable(MetricId metric = 0) : metric_(metric) {}
    DeltaTable(DeltaTable&&) noexcept = default;
    DeltaTable& operator=(DeltaTable&&) noexcept = default;
    DeltaTable(const DeltaTable&) = delete;
    DeltaTable& operator=(const DeltaTable&) = delete;

    struct Row {
        std::int64_t window;
        std::string_view group;  // valid until the table changes
        std::int64_t delta;
    };

    // Adds, held at the ends of the integer. A row that adds up to 0 stays a row.
    void add(std::int64_t window, std::string_view group, std::int64_t delta);
    std::optional<std::int64_t> find(std::int64_t window, std::string_view group) const;

    MetricId metric() const { return metric_; }
    bool empty() const { return rows_.empty(); }
    std::size_t size() const { return rows_.size(); }
    std::size_t memory_bytes() const;
    // In the order in which the rows came. Precondition: index < size().
    Row operator[](std::size_t index) const;
    // Indices in (group, window) order: what a B-tree takes best.
    std::vector<std::uint32_t> sorted() const;
    // Keeps the memory unless it is large.
    void clear();

private:
    struct Entry {
        std::uint64_t hash;
        std::int64_t window, delta;
        std::uint32_t group, group_size;  // in groups_
    };
    std::string_view group_of(const Entry& entry) const { return {groups_.data() + entry.group, entry.group_size}; }
    static std::uint64_t hash_of(std::int64_t window, std::string_view group);
    void grow();

    MetricId metric_;
    std::vector<Entry> rows_;
    std::vector<std::uint32_t> index_;  // row + 1; 0: free. A power of two, at most 5/8 full
    std::string groups_;
};

}  // namespace streamgauge
