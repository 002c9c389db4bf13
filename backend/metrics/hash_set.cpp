// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/hash_set.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "metrics/hash.h"

namespace streamgauge {

void HashSet::reserve(std::size_t hashes) {
    std::size_t slots = 4;
    while (hashes * 8 > slots * 5) slots *= 2;
    if (slots > slots_.size()) grow(slots);
}

void HashSet::clear() {
    std::vector<std::uint64_t>().swap(slots_);
    size_ = 0;
}

std::vector<std::uint64_t> HashSet::sorted() const {
    std::vector<std::uint64_t> hashes;
    hashes.reserve(size_);
    for_each([&hashes](std::uint64_t hash) { hashes.push_back(hash); });
    std::sort(hashes.begin(), hashes.end());
    return hashes;
}

void HashSet::grow(std::size_t slots) {
    const std::vector<std::uint64_t> old = std::exchange(slots_, std::vector<std::uint64_t>(slots));
    factor_ = process_factor();
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(slots));
    for (const std::uint64_t hash : old)
        if (hash != 0) slots_[place_of(hash)] = hash;
}

}  // namespace streamgauge
