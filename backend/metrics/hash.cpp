// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/hash.h"

#include <random>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace streamgauge {
namespace {

std::uint64_t random_seed() {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | device();
}

}  // namespace

std::uint64_t text_hash(std::string_view text) {
    static const std::uint64_t seed = random_seed();
    return XXH3_64bits_withSeed(text.data(), text.size(), seed) | 1;
}

std::uint64_t value_hash(std::string_view text) {
    constexpr std::uint64_t kSeed = 0x53747265616d4761;  // "StreamGa"
    const std::uint64_t hash = XXH3_64bits_withSeed(text.data(), text.size(), kSeed);
    return hash != 0 ? hash : 1;
}

std::uint64_t process_factor() {
    static const std::uint64_t factor = random_seed() | 1;
    return factor;
}

}  // namespace streamgauge
