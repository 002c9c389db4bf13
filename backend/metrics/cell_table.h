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
#include "metrics/large_blocks.h"
#include "metrics/short_text.h"

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
    // `group_hash`: text_hash(group).
    void add(std::int64_t window, std::string_view group, std::uint64_t group_hash, const Cell& cell);
    // The table is larger than a processor's nearest caches. Then who has several rows to add fetches what add() will
    // look at: the index of each, then the row of each, then its group.
    bool far() const { return rows_.size() > kNearRows; }
    void prefetch(std::int64_t window, std::uint64_t group_hash) const {
        if (!index_.empty()) __builtin_prefetch(&index_[home(hash_of(window, group_hash))]);
    }
    void prefetch_row(std::int64_t window, std::uint64_t group_hash) const {
        const std::size_t row = find_hash(hash_of(window, group_hash));
        if (row < rows_.size()) __builtin_prefetch(&rows_[row], 1);
    }
    void prefetch_group(std::int64_t window, std::uint64_t group_hash) const;
    void reserve(std::size_t rows, std::size_t text_bytes);
    // Each row of `finer`, into the window of this tier that holds it. Rows whose window starts before `oldest_kept`
    // are left out. Precondition: `finer` is another table.
    void add_all(const CellTable& finer, const Windows& windows, std::int64_t oldest_kept);
    std::optional<Cell> find(std::int64_t window, std::string_view group) const;

    // Nothing but what is late comes to windows that start before; kNoWindow: nothing is known of that. Survives
    // clear().
    void set_closed_before(std::int64_t window) { closed_before_ = window; }
    std::int64_t closed_before() const { return closed_before_; }

    MetricId metric() const { return metric_; }
    std::uint8_t tier() const { return tier_; }
    Aggregate aggregate() const { return aggregate_; }
    bool empty() const { return rows_.empty(); }
    std::size_t size() const { return rows_.size(); }
    std::size_t text_bytes() const { return texts_.size(); }
    std::size_t memory_bytes() const;
    // In the order in which the rows came. Precondition: index < size().
    Row operator[](std::size_t index) const;
    // Indices in (window, group) order: the order of the store's key.
    std::vector<std::uint32_t> sorted() const;
    // Keeps the memory unless it is large.
    void clear();

private:
    static constexpr std::size_t kNearRows = 2'000;
    // One cache line.
    struct alignas(64) Entry {
        std::uint64_t hash;
        std::int64_t window, value, count, late;
        std::uint32_t group, group_size;  // in texts_
        std::uint32_t text, text_size;    // in texts_; Last
        std::uint32_t text_room;          // bytes at `text`: a later one that fits goes there, too
    };
    std::string_view group_of(const Entry& entry) const { return {texts_.data() + entry.group, entry.group_size}; }
    bool is(const Entry& entry, std::uint64_t hash, std::int64_t window, std::string_view group) const {
        return entry.hash == hash && entry.window == window && short_text::equal(group_of(entry), group);
    }
    Cell cell_of(const Entry& entry) const;
    // Fibonacci hashing spreads the window (Knuth, TAOCP vol. 3, section 6.4).
    static std::uint64_t hash_of(std::int64_t window, std::uint64_t group_hash) {
        return group_hash ^ static_cast<std::uint64_t>(window) * 0x9E3779B97F4A7C15ULL;
    }
    // An index entry is a row + 1 in its lower half, and the upper half of the row's hash: most that are not meant are
    // passed over without a look at the row.
    static constexpr std::uint64_t kRow = 0xffffffff;
    std::size_t home(std::uint64_t hash) const { return static_cast<std::size_t>(hash >> 8) & (index_.size() - 1); }
    // The first row whose hash has the same upper half, or size().
    std::size_t find_hash(std::uint64_t hash) const {
        if (index_.empty()) return rows_.size();
        for (std::size_t at = home(hash); index_[at] != 0; at = (at + 1) & (index_.size() - 1))
            if (((index_[at] ^ hash) & ~kRow) == 0) return (index_[at] & kRow) - 1;
        return rows_.size();
    }
    void add_hashed(std::uint64_t hash, std::int64_t window, std::string_view group, const Cell& cell);
    void merge(Entry& entry, const Cell& cell);
    void put_text(Entry& entry, std::string_view text);
    void grow(std::size_t slots);

    MetricId metric_;
    std::uint8_t tier_;
    Aggregate aggregate_;
    std::int64_t closed_before_ = kNoWindow;
    std::vector<Entry, LargeBlocks<Entry>> rows_;
    std::size_t last_ = 0;  // the row that was added to last: events of one group often follow each other
    std::vector<std::uint64_t, LargeBlocks<std::uint64_t>> index_;  // 0: free. A power of two, at most 5/8 full
    std::string texts_;
};

}  // namespace streamgauge
