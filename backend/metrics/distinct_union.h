// SPDX-License-Identifier: GPL-3.0-or-later
// How many different values many stored states of distinct values have together, faster than by merging them one by
// one: their hashes are stored in order, so that they are united as sorted runs, without a hash table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/hyperloglog.h"
#include "metrics/set_state.h"
#include "metrics/sorted_hashes.h"

namespace streamgauge {

// Counts as SetState::merge() does: exactly while all states are exact and have at most kExactDistinct values together.
// Movable. Not thread-safe.
class DistinctUnion {
public:
    // `bytes` as SetState::decode() takes them; not needed afterwards. Corrupt when they are none.
    Status add(const std::vector<std::string_view>& bytes);
    // What `other` has.
    void merge(DistinctUnion&& other);
    // May be called between calls of add().
    DistinctCount count();
    std::size_t memory_bytes() const;

private:
    struct Run {
        HashMemory memory;
        HashRun hashes;
    };
    void push(const HashRun& hashes);  // which are somebody else's
    void unite_last();
    void settle();  // in one run, or a sketch where that is too long
    HashMemory take_memory(std::size_t hashes);
    void keep(HashMemory memory);

    std::vector<Run> runs_;  // each at least twice as long as the next, so that a hash is moved a few times only
    std::vector<HashMemory> spare_;        // for the next runs: new memory costs more than uniting what goes into it
    std::unique_ptr<HyperLogLog> sketch_;  // nullptr: exact
};

}  // namespace streamgauge
