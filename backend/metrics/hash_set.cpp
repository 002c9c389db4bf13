// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/hash_set.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

#include "metrics/hash.h"

namespace streamgauge {

void HashSet::reserve(std::size_t hashes) {
    std::size_t slots = 4;
    while (hashes * 8 > slots * 5) slots *= 2;
    if (slots > slots_.size()) grow(slots);
}

void HashSet::clear() {
    decltype(slots_)().swap(slots_);
    size_ = 0;
}

// Hashes are even: parts of the range have some eight each, and each is sorted by itself. Chosen ones that are not
// even cost no more than one sort of all of them.
std::vector<std::uint64_t> HashSet::sorted() const {
    const unsigned bits = size_ < 64 ? 0 : static_cast<unsigned>(std::bit_width(size_ / 8));
    std::vector<std::uint64_t> hashes(size_);
    if (bits == 0) {
        auto out = hashes.begin();
        for_each([&out](std::uint64_t hash) { *out++ = hash; });
        std::sort(hashes.begin(), hashes.end());
        return hashes;
    }
    std::vector<std::uint32_t> ends((std::size_t{1} << bits) + 1);
    const unsigned shift = 64 - bits;
    for_each([&](std::uint64_t hash) { ++ends[(hash >> shift) + 1]; });
    std::partial_sum(ends.begin(), ends.end(), ends.begin());
    for_each([&](std::uint64_t hash) { hashes[ends[hash >> shift]++] = hash; });
    std::uint32_t begin = 0;
    for (std::size_t part = 0; part + 1 < ends.size(); begin = ends[part++])
        std::sort(hashes.begin() + begin, hashes.begin() + ends[part]);
    return hashes;
}

void HashSet::grow(std::size_t slots) {
    const auto old = std::exchange(slots_, decltype(slots_)(slots));
    factor_ = process_factor();
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(slots));
    for (const std::uint64_t hash : old)
        if (hash != 0) slots_[place_of(hash)] = hash;
}

}  // namespace streamgauge
