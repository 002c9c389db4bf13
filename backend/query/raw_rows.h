// SPDX-License-Identifier: GPL-3.0-or-later
// What a question over stored events adds up: (step, group) -> aggregate, in bounded memory.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/set_state.h"
#include "query/query.h"
#include "query/watch.h"

namespace streamgauge::query {

__extension__ using Wide = __int128;  // a sum of any number of events' integers

// What one thread keeps of one question. Twice as much while the threads' parts are put together.
struct RawLimits {
    std::size_t rows = 1'000'000;           // groups times steps; then "(other)"
    std::size_t text_bytes = 128UL << 20;   // of their groups
    std::uint64_t values = 2'000'000;       // different values of all distinct counts together, or of all top-k lists
    std::uint64_t set_bytes = 128UL << 20;  // of sketches
    std::size_t threads = 0;                // 0: as many as raw_threads() says
    // With more rows than the processor keeps at hand, inputs wait for each other, so that the memory of several is
    // fetched at once.
    std::size_t few_rows = 4096;
    std::uint64_t user_events = 8'000'000;  // of funnels and retention: events of one pass over the users
};

// Texts by (number, text), numbered in the order in which they came.
class RawIndex {
public:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    RawIndex(std::size_t most, std::size_t most_bytes) : most_(most), most_bytes_(most_bytes) {}

    static std::uint64_t hash_of(std::int64_t number, std::string_view text);
    // kNone when it is new and there is no room. Precondition: hash == hash_of(number, text).
    std::uint32_t find_or_add(std::uint64_t hash, std::int64_t number, std::string_view text);
    std::uint32_t find_or_add(std::int64_t number, std::string_view text) {
        return find_or_add(hash_of(number, text), number, text);
    }
    bool contains(std::int64_t number, std::string_view text) const {
        return !slots_.empty() && slots_[slot_of(hash_of(number, text), number, text)].entry != 0;
    }
    // Memory is slow and can fetch several things at once: who has several texts to find calls these for all of them,
    // one after the other, before the first find_or_add().
    void fetch_slot(std::uint64_t hash) const {
        if (!slots_.empty()) __builtin_prefetch(&slots_[home(hash)]);
    }
    std::uint32_t fetch_entry(std::uint64_t hash) const;  // where it is likely to be; kNone: it is likely to be new
    void fetch_text(std::uint32_t entry) const {
        const Entry& of = entries_[entry];
        if (of.size > kInline) __builtin_prefetch(texts_.data() + of.text);
    }
    // Not found by anybody.
    std::uint32_t add_apart(std::int64_t number);
    std::size_t size() const { return entries_.size(); }
    std::uint64_t hash(std::uint32_t entry) const { return entries_[entry].hash; }
    std::int64_t number(std::uint32_t entry) const { return entries_[entry].number; }
    // Valid until the next text is added.
    std::string_view text(std::uint32_t entry) const {
        const Entry& of = entries_[entry];
        if (of.size <= kInline) return {reinterpret_cast<const char*>(&of.text), of.size};
        return std::string_view(texts_).substr(of.text, of.size);
    }

private:
    struct Entry {
        std::uint64_t hash = 0;  // 0: apart
        std::int64_t number = 0;
        std::uint64_t text = 0;  // where it begins in texts_, or a short one itself, as short_text() has it
        std::uint32_t size = 0;
    };
    static constexpr std::size_t kInline = sizeof(Entry::text);
    // Its bytes, then zeros: to compare and to find it costs no look elsewhere. Precondition: size <= kInline.
    static std::uint64_t short_text(std::string_view text) {
        std::uint64_t bytes = 0;
        if (!text.empty()) std::memcpy(&bytes, text.data(), text.size());
        return bytes;
    }
    bool is_text(const Entry& entry, std::string_view text) const {
        if (entry.size != text.size()) return false;
        if (text.size() <= kInline) return entry.text == short_text(text);
        return std::string_view(texts_).substr(entry.text, entry.size) == text;
    }
    struct Slot {
        std::uint32_t entry = 0;  // its number + 1; 0: free
        std::uint32_t tag = 0;    // of its hash
    };
    static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash); }
    std::size_t home(std::uint64_t hash) const { return static_cast<std::size_t>(hash >> 32) & (slots_.size() - 1); }
    // Of the entry, or of the free slot where it belongs. Precondition: there are slots.
    std::size_t slot_of(std::uint64_t hash, std::int64_t number, std::string_view text) const;
    void grow();

    std::size_t most_, most_bytes_;
    std::size_t bytes_ = 0;  // of all texts
    std::vector<Entry> entries_;
    std::vector<Slot> slots_;  // a power of two, at most 5/8 full
    std::string texts_;
};

// In which order events are added.
enum class RawOrder : std::uint8_t {
    Any,  // by several threads, each some; merged. Everything is exact, or there is no room
    Log,  // by one thread in order of offset: what there is no room for goes to sketches and to "(other)"
};

// The answer is a function of the events alone: whether there is room for all of them with RawOrder::Any depends on
// quantities that are sums over different values and never fall, so that a part never has less room than the whole; if
// there is none, events are added all over again with RawOrder::Log. Not thread-safe.
class RawRows {
public:
    RawRows(const RawAggregate& aggregate, const RawLimits& limits, RawOrder order);

    struct Input {
        std::int64_t step = 0;
        std::string_view group;      // values of group_by, joined by U+0000
        std::int64_t at_micros = 0;  // Last
        Offset offset = 0;           // Last
        std::string_view text;       // Last, Distinct, TopK
        std::int64_t number = 0;     // micro-units; Gauge: +1 or -1
    };
    // False when there is no room: of the question with RawOrder::Any, of the server with RawOrder::Log.
    bool add(const Input& input);
    // After the last add(); as that.
    bool settle();
    // The same for all that was added to `other`. Ends early, with anything, when the watch does; as does values().
    // Precondition: RawOrder::Any, and both are settled.
    bool merge(const RawRows& other, const Watch& watch);

    std::size_t size() const { return index_.size(); }
    std::int64_t step(std::size_t row) const { return index_.number(static_cast<std::uint32_t>(row)); }
    std::string_view group(std::size_t row) const { return index_.text(static_cast<std::uint32_t>(row)); }
    bool other(std::size_t row) const { return row < is_other_.size() && is_other_[row]; }
    std::int64_t net(std::size_t row) const { return static_cast<std::int64_t>(cells_[row].number); }
    // Of every row. `percentiles`: 0 to 100.
    std::vector<Value> values(const std::vector<double>& percentiles, std::size_t top, const Watch& watch) const;

private:
    struct Cell {
        Wide number = 0;  // sum, smallest or largest
        std::uint64_t count = 0;
    };
    struct Newest {
        std::int64_t at_micros = 0;
        Offset offset = 0;
        std::string text;
        std::size_t longest = 0;  // of all texts that were offered
    };
    // An input whose row is not looked for yet; texts are copies.
    struct Waiting {
        Input input;
        std::uint64_t hash = 0;
        std::size_t group = 0, text = 0;  // where they begin in waiting_texts_
        std::uint32_t row = RawIndex::kNone;
    };
    struct WaitingValue {
        std::uint32_t row;
        std::uint64_t hash;
    };
    void wait(const Input& input);
    // The memory of what belongs to a row that may be there, and to the rows of what `other` has from begin to end.
    void fetch_row(std::uint32_t row) const;
    void fetch_rows(const RawIndex& other, std::uint32_t begin, std::uint32_t end) const;
    bool merge_row(const RawRows& other, std::uint32_t from, std::uint32_t row);
    bool add_waiting();
    bool add_waiting_values();
    bool add_to_row(std::uint32_t row, const Input& input);
    std::uint32_t row_of(std::uint64_t hash, std::int64_t step, std::string_view group);
    void make_room();  // for what belongs to rows that are new
    bool add_to_set(std::uint32_t row, const Input& input);
    bool add_pair(std::uint32_t row, std::string_view value, std::uint64_t count);
    // `longest`: of the texts that are offered with it.
    bool offer(Newest& newest, std::int64_t at_micros, Offset offset, std::string_view text, std::size_t longest);
    bool merge_set(SetState& into, const SetState& other);
    std::uint64_t charge(const SetState& state) const;
    void add_top(std::vector<Value>& values, std::size_t top, const Watch& watch) const;
    Value value_of(std::size_t row, const std::vector<double>& percentiles, std::size_t top) const;

    const Aggregate aggregate_;
    const RawLimits limits_;
    const RawOrder order_;
    const bool pairs_wanted_;
    RawIndex index_;
    std::vector<Cell> cells_;
    std::vector<Newest> newest_;
    std::vector<SetState> sets_;
    RawIndex pairs_;  // (row, value), for top-k lists that are exact
    std::vector<std::uint64_t> pair_counts_;
    std::vector<Waiting> waiting_;
    std::string waiting_texts_;
    std::vector<WaitingValue> waiting_values_;
    std::map<std::int64_t, std::uint32_t> others_;  // by step
    std::vector<bool> is_other_;
    std::uint64_t values_ = 0, set_bytes_ = 0, newest_bytes_ = 0;
};

}  // namespace streamgauge::query
