// SPDX-License-Identifier: GPL-3.0-or-later
// A set of 64-bit hashes: open addressing in one block of memory, at most 5/8 full, one cache line for most look-ups.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "metrics/large_blocks.h"

namespace streamgauge {

// The place of a hash is the upper bits of its product with an odd number that differs from process to process: who
// knows the hash function can choose values that collide in full, but cannot choose hashes that pile up here. Nothing
// that is visible depends on the places. Not thread-safe.
class HashSet {
public:
    // True when it was not there. Precondition: hash != 0.
    bool insert(std::uint64_t hash) {
        if ((size_ + 1) * 8 > slots_.size() * 5) grow(slots_.empty() ? 4 : slots_.size() * 2);
        std::uint64_t& slot = slots_[place_of(hash)];
        if (slot == hash) return false;
        slot = hash;
        ++size_;
        return true;
    }
    bool contains(std::uint64_t hash) const { return size_ != 0 && slots_[place_of(hash)] == hash; }
    // Fetches what insert() and contains() look at first: worth it where one thread has several to add.
    void prefetch(std::uint64_t hash) const {
        if (!slots_.empty()) __builtin_prefetch(&slots_[static_cast<std::size_t>((hash * factor_) >> shift_)]);
    }
    void reserve(std::size_t hashes);
    void clear();

    template <class Visit>
    void for_each(Visit visit) const {
        for (const std::uint64_t hash : slots_)
            if (hash != 0) visit(hash);
    }
    std::vector<std::uint64_t> sorted() const;
    std::size_t size() const { return size_; }
    std::size_t memory_bytes() const { return slots_.capacity() * sizeof(std::uint64_t); }

private:
    // Of `hash`, or of the free slot where it belongs. Precondition: there are slots.
    std::size_t place_of(std::uint64_t hash) const {
        const std::size_t mask = slots_.size() - 1;
        std::size_t at = static_cast<std::size_t>((hash * factor_) >> shift_);
        while (slots_[at] != 0 && slots_[at] != hash) at = (at + 1) & mask;
        return at;
    }
    void grow(std::size_t slots);

    std::vector<std::uint64_t, LargeBlocks<std::uint64_t>> slots_;  // 0: free
    std::size_t size_ = 0;
    std::uint64_t factor_ = 0;
    unsigned shift_ = 0;
};

}  // namespace streamgauge
