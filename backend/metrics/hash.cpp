// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/hash.h"

#include <random>

#include "metrics/inline_hash.h"

namespace streamgauge {
namespace {

std::uint64_t random_seed() {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | device();
}

}  // namespace

std::uint64_t text_seed() {
    static const std::uint64_t seed = random_seed();
    return seed;
}

std::uint64_t text_hash(std::string_view text) {
    return inlined::text_hash(text, text_seed());
}

std::uint64_t value_hash(std::string_view text) {
    return inlined::value_hash(text);
}

std::uint64_t process_factor() {
    static const std::uint64_t factor = random_seed() | 1;
    return factor;
}

}  // namespace streamgauge
