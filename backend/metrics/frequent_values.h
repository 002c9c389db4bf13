// SPDX-License-Identifier: GPL-3.0-or-later
// The most frequent values: counts of all of them up to a capacity, then Space-Saving (Metwally, Agrawal, El Abbadi,
// ICDT 2005), merged as Agarwal et al. do (Mergeable Summaries, PODS 2012).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/set_state.h"

namespace streamgauge {

// What is kept is a function of the values and their order alone: of the values with the lowest count, the one with the
// smallest (value_hash, value) goes. Not thread-safe.
class FrequentValues {
public:
    // Counters of a list that was made a sketch while it was smaller.
    static constexpr std::size_t kFewItems = 256;
    static constexpr std::uint64_t kItemBytes = 64;  // what a counter is charged with, beside its value

    // Precondition: hash == value_hash(value). A value longer than kTopValueBytes is known by its beginning and its
    // hash.
    void add(std::string_view value, std::uint64_t hash);
    void merge(const FrequentValues& other);
    void to_sketch();

    bool exact() const { return !sketch_; }
    std::uint64_t exact_values() const { return sketch_ ? 0 : cost_; }
    std::uint64_t exact_cost(std::string_view value, std::uint64_t hash) const;
    std::uint64_t sketch_bytes() const { return sketch_ ? kItemBytes * items_.size() + text_bytes_ : 0; }
    std::size_t memory_bytes() const;
    TopList top(std::size_t most) const;

    std::optional<SetChange> take_change();
    bool stored_whole() const { return !changed_; }
    static Result<FrequentValues> decode(const std::vector<std::string_view>& bytes);
    std::string canonical() const;

private:
    struct Item {
        std::uint64_t hash = 0;  // of `value`
        std::uint64_t count = 0, error = 0;
        std::string value;
    };
    struct Candidate {  // in lowest_: the item had this count when it was put there, and has no less now
        std::uint64_t count;
        std::uint32_t item;
    };
    static constexpr std::uint32_t kNone = UINT32_MAX;

    std::uint32_t find(std::string_view value, std::uint64_t hash) const;
    void insert(std::string_view value, std::uint64_t hash, std::uint64_t count, std::uint64_t error);
    // Of the item that goes next. Precondition: there are items.
    std::uint32_t lowest();
    void replace(std::uint32_t item, std::string_view value, std::uint64_t hash, std::uint64_t count,
                 std::uint64_t error);
    void index_item(std::uint32_t item);
    void forget_item(std::uint32_t item);
    std::size_t home(std::uint64_t hash) const;
    bool goes_before(const Candidate& a, const Candidate& b) const;
    // Keeps the `capacity_` with the highest counts.
    void shrink();
    void rebuild_index();

    std::vector<Item> items_;
    std::vector<std::uint32_t> index_;  // open addressing: item + 1; 0: free
    std::vector<Candidate> lowest_;     // a heap; empty until the first item has to go
    std::uint64_t text_bytes_ = 0;
    std::uint64_t cost_ = 0;
    std::uint64_t floor_ = 0;  // no value that is not kept occurred more often
    std::uint64_t factor_ = 0;
    std::uint32_t capacity_ = kTopItems;
    bool sketch_ = false;
    bool changed_ = true;
};

}  // namespace streamgauge
