// SPDX-License-Identifier: GPL-3.0-or-later
// Random numbers as a pure function of (seed, stream, index), so that the n-th value needs no values before it and a
// run can be repeated to the byte on any machine. The mixer is SplitMix64's (Steele, Lea, Flood: "Fast splittable
// pseudorandom number generators", OOPSLA 2014).
#pragma once

#include <cstdint>

namespace streamgauge::loadgen {

constexpr std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9;
    x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EB;
    return x ^ (x >> 31);
}

// One independent sequence of a seed.
class RandomStream {
public:
    constexpr RandomStream(std::uint64_t seed, std::uint64_t stream)
        : base_(mix(mix(seed + kStep) ^ (stream * 0xD1B5'4A32'D192'ED03 + kStep))) {}
    constexpr std::uint64_t at(std::uint64_t index) const { return mix(base_ + (index + 1) * kStep); }

private:
    static constexpr std::uint64_t kStep = 0x9E37'79B9'7F4A'7C15;
    std::uint64_t base_;
};

// A number below `bound` from 64 random bits. Biased by less than bound / 2^32 (Lemire's multiplication, high half
// only).
constexpr std::uint32_t below(std::uint64_t bits, std::uint32_t bound) {
    return static_cast<std::uint32_t>(((bits >> 32) * bound) >> 32);
}

}  // namespace streamgauge::loadgen
