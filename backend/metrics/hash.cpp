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

}  // namespace streamgauge
