// SPDX-License-Identifier: GPL-3.0-or-later
// The hashes of hash.h without a call, for what is done several times with every event. Brings all of xxhash along:
// only for .cpp files.
#pragma once

#include <cstdint>
#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace streamgauge::inlined {

// `seed`: text_seed().
inline std::uint64_t text_hash(std::string_view text, std::uint64_t seed) {
    return XXH3_64bits_withSeed(text.data(), text.size(), seed) | 1;
}

inline std::uint64_t value_hash(std::string_view text) {
    constexpr std::uint64_t kSeed = 0x53747265616d4761;  // "StreamGa"
    const std::uint64_t hash = XXH3_64bits_withSeed(text.data(), text.size(), kSeed);
    return hash != 0 ? hash : 1;
}

}  // namespace streamgauge::inlined
