// SPDX-License-Identifier: GPL-3.0-or-later
// How many different values there were: their hashes up to kExactDistinct, then HyperLogLog.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/hash_set.h"
#include "metrics/hyperloglog.h"
#include "metrics/set_state.h"

namespace streamgauge {

// Knows a value by value_hash() alone. Not thread-safe.
class DistinctValues {
public:
    // First byte of what the store keeps: hashes in order, more of them as they came, registers.
    static constexpr char kHashes = 'E', kMoreHashes = 'A', kSketch = 'H';

    // True when that changed what is kept.
    bool add(std::uint64_t hash);
    void prefetch(std::uint64_t hash) const { hashes_.prefetch(hash); }
    bool has(std::uint64_t hash) const { return hashes_.contains(hash); }  // only while exact()
    void merge(const DistinctValues& other);
    void to_sketch();

    bool exact() const { return sketch_ == nullptr; }
    std::uint64_t exact_values() const { return hashes_.size(); }
    // By how much add() would raise exact_values().
    std::uint64_t exact_cost(std::uint64_t hash) const;
    std::uint64_t sketch_bytes() const;
    std::size_t memory_bytes() const;
    DistinctCount count() const;

    std::optional<SetChange> take_change();
    std::optional<SetChange> take_canonical();
    bool stored_whole() const { return !changed_ && additions_ == 0; }
    static Result<DistinctValues> decode(const std::vector<std::string_view>& bytes);
    std::string canonical() const;

private:
    // What the store lacks.
    enum class Unsaved : std::uint8_t { Everything, NewHashes };
    void note(std::uint64_t hash);
    SetChange take_whole();

    HashSet hashes_;                       // empty once there is a sketch
    std::unique_ptr<HyperLogLog> sketch_;  // nullptr: exact
    std::vector<std::uint64_t> new_hashes_;
    std::uint32_t additions_ = 0;  // how many the store has for this state
    Unsaved unsaved_ = Unsaved::Everything;
    bool changed_ = true;
};

}  // namespace streamgauge
