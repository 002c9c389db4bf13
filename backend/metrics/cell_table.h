// SPDX-License-Identifier: GPL-3.0-or-later
// The cells of one metric and tier that are not in the store yet: (window, group) -> what is to be added.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/definition.h"

namespace streamgauge {

// What a window's group adds up to, for the aggregates from Count to Gauge. Two cells of the same metric merge into one
// in any order and grouping; for Last, the one that is later in the log is merged into the earlier one.
struct Cell {
    // Count, Gauge: the sum of +1 and -1. Sum, Avg: micro-units. Min, Max: micro-units, meaningless when count is 0.
    // Last: the event's time in microseconds.
    std::int64_t value = 0;
    std::int64_t count = 0;  // events that are in `value`
    std::int64_t late = 0;   // events that came after the window was closed, those without a value left out
    std::string_view text;   // Last only: the field's text
    bool operator==(const Cell&) const = default;
};

// `into` and then `later` of the log. Sums are held at the ends of the integer, and one that was stays there.
// `into.text` may become a view of later's.
void merge_cell(Aggregate aggregate, Cell& into, const Cell& later);

// Open addressing over rows whose groups are interned in one buffer: adding to a row that is there allocates nothing
// (but the text of Last). Movable. Not thread-safe.
class CellTable {
public:
    CellTable(MetricId metric, std::uint8_t tier, Aggregate aggregate)
        : metric_(metric), tier_(tier), aggregate_(aggregate) {}
    CellTable(CellTable&&) noexcept = default;
    CellTable& operator=(CellTable&&) noexcept = default;
    CellTable(const CellTable&) = delete;
    CellTable& operator=(const CellTable&) = delete;

    struct Row {
        std::int64_t window;
        std::string_view group;  // valid until the table changes, as is cell.text
        Cell cell;
    };

    // A row that adds up to 0 stays a row. `cell` is later in the log than what is there.
    void add(std::int64_t window, std::string_view group, const Cell& cell);
    // Each row of `finer`, into the window of this tier that holds it. Rows whose window starts before `oldest_kept`
    // are left out. Precondition: `finer` is another table.
    void add_all(const CellTable& finer, const Windows& windows, std::int64_t oldest_kept);
    std::optional<Cell> find(std::int64_t window, std::string_view group) const;

    MetricId metric() const { return metric_; }
    std::uint8_t tier() const { return tier_; }
    Aggregate aggregate() const { return aggregate_; }
    bool empty() const { return rows_.empty(); }
    std::size_t size() const { return rows_.size(); }
    std::size_t memory_bytes() const;
    // In the order in which the rows came. Precondition: index < size().
    Row operator[](std::size_t index) const;
    // Indices in (window, group) order: the order of the store's key.
    std::vector<std::uint32_t> sorted() const;
    // Keeps the memory unless it is large.
    void clear();

private:
    struct Entry {
        std::uint64_t hash;
        std::int64_t window, value, count, late;
        std::uint32_t group, group_size;  // in texts_
        std::uint32_t text, text_size;    // in texts_; Last
        std::uint32_t text_room;          // bytes at `text`: a later one that fits goes there, too
    };
    std::string_view group_of(const Entry& entry) const { return {texts_.data() + entry.group, entry.group_size}; }
    Cell cell_of(const Entry& entry) const;
    void add_hashed(std::uint64_t hash, std::int64_t window, std::string_view group, const Cell& cell);
    void merge(Entry& entry, const Cell& cell);
    void put_text(Entry& entry, std::string_view text);
    void grow();

    MetricId metric_;
    std::uint8_t tier_;
    Aggregate aggregate_;
    std::vector<Entry> rows_;
    std::size_t last_ = 0;              // the row that was added to last: events of one group often follow each other
    std::vector<std::uint32_t> index_;  // row + 1; 0: free. A power of two, at most 5/8 full
    std::string texts_;
};

}  // namespace streamgauge
