// SPDX-License-Identifier: GPL-3.0-or-later
// What a window's group keeps for distinct values, most frequent values, or percentiles: exact while that is small
// enough, then a sketch that says how inexact it is. Always mergeable.
//
//   Distinct    64-bit hashes of the values (XXH3, fixed seed), up to 1,000,000; then HyperLogLog with p = 14:
//               standard error 1.04 / sqrt(2^14) = 0.81 % (Flajolet et al., AofA 2007), counted by Ertl's improved
//               estimator (arXiv:1702.01284). Two of a million different values collide with p < 3e-8.
//   TopK        counts of up to 4,096 values; then Space-Saving with as many counters (Metwally et al., ICDT 2005):
//               each count is at most `error` too high, and no value that is missing occurred more often than is said.
//   Percentile  DDSketch with relative accuracy 1 % (Masson et al., VLDB 2019), its buckets unbounded in number but for
//               the range of decimals: at most about 3,500. The smallest and largest value are exact.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/definition.h"
#include "metrics/hash.h"

namespace streamgauge {

inline constexpr std::uint64_t kExactDistinct = 1'000'000;
inline constexpr std::size_t kTopItems = 4'096;
// A longer value is known, and shown, by its beginning, an ellipsis and its hash.
inline constexpr std::size_t kTopValueBytes = 1'024;
inline constexpr double kQuantileError = 0.01;

struct DistinctCount {
    std::uint64_t count = 0;
    bool exact = true;
    double relative_error = 0;  // one standard error
};

struct TopItem {
    std::string value;
    std::uint64_t count = 0;  // never too low
    std::uint64_t error = 0;  // at most so much too high
};

struct TopList {
    std::vector<TopItem> items;  // most first, ties by value, byte order
    bool exact = true;
    std::uint64_t missing_at_most = 0;  // no value that is not kept occurred more often
};

// What the store is given of a state: `bytes` in place of all that it has, or in addition to it. An addition of no
// bytes says that the store has everything.
struct SetChange {
    bool replace = true;
    std::string bytes;
};

class DistinctValues;

// A function of the values and their order alone, whatever was stored and read back in between. Movable. Not
// thread-safe.
class SetState {
public:
    // Precondition: is_set(aggregate).
    explicit SetState(Aggregate aggregate);
    ~SetState();
    SetState(SetState&&) noexcept;
    SetState& operator=(SetState&&) noexcept;

    // Distinct, TopK. True when that changed anything: a value that a distinct state has already does not.
    bool add(std::string_view value) { return add(value, value_hash(value)); }
    bool add(std::string_view value, std::uint64_t hash);  // precondition: hash == value_hash(value)
    // Distinct: fetches what add() will look at, for who has several to add.
    void prefetch(std::uint64_t hash) const;
    // Of Distinct, else nullptr. Stays where it is as long as the state that owns it, also when that moves.
    DistinctValues* distinct_values();
    // Percentile: micro-units.
    void add(std::int64_t micros);
    // The union; exact where both are and the result is small enough.
    void merge(const SetState& other);
    // Exact no more, now and for ever. Nothing for Percentile, which is always a sketch.
    void to_sketch();

    Aggregate aggregate() const;
    bool exact() const;  // of Percentile never
    // What is kept exactly, as it counts against the budget: 1 for each distinct value; for TopK, 4 for each value and
    // 1 for each 16 bytes of it. 0 for a sketch.
    std::uint64_t exact_values() const;
    // By how much add() would raise that.
    std::uint64_t exact_cost(std::string_view value, std::uint64_t hash) const;
    // What a sketch is charged with, by a formula over what it holds: 16 KiB for a dense HyperLogLog, 64 bytes and the
    // value for a counter, 16 bytes for a bucket. 0 while exact() but for Percentile.
    std::uint64_t sketch_bytes() const;
    std::size_t memory_bytes() const;
    struct Weight {
        std::uint64_t exact_values = 0, sketch_bytes = 0;
        std::size_t memory_bytes = 0;
    };
    Weight weight() const;  // the three of them

    DistinctCount distinct() const;
    TopList top(std::size_t most) const;
    std::uint64_t values() const;  // Percentile: how many were added
    // Nothing without values. 0 <= q <= 1: the value of rank floor(q * (n - 1)), within 1 %; the ends exactly.
    std::optional<std::int64_t> quantile(double q) const;

    // What changed since the last call, or since it was read; nothing when nothing did.
    std::optional<SetChange> take_change();
    // The same in one piece, the canonical one; nothing when the store has just that.
    std::optional<SetChange> take_canonical();
    bool stored_whole() const;  // take_canonical() would be nothing
    // `bytes` as the store keeps them, the replacing one first, then the additions in order. Corrupt when they are
    // none.
    static Result<SetState> decode(Aggregate aggregate, const std::vector<std::string_view>& bytes);
    // Equal for equal states, however they came to be: what digests are made of, and what the store is given when a
    // window is closed. decode() reads it.
    std::string canonical() const;

private:
    struct Impl;
    explicit SetState(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace streamgauge
