// SPDX-License-Identifier: GPL-3.0-or-later
// A stretch of a plan in which the rate follows one formula: its integral counts requests, and the inverse of the
// integral says when each is due. Only IEEE basic operations and square roots: every machine computes the same.
#pragma once

#include <cstdint>

namespace streamgauge::loadgen {

// ln(x) for 0 < x < 1, e^x for x <= 0, and sin(2 pi x): relative error below 1e-14.
double portable_logarithm(double x);
double portable_exponential(double x);
double portable_sine_of_turns(double x);

// A value in [0, 1) that is never 0 from 64 random bits.
double open_unit(std::uint64_t bits);

// Times are seconds from the beginning of the piece. Rates are never negative.
struct RatePiece {
    enum class Shape : std::uint8_t {
        Constant,  // rate
        Ramp,      // rate + slope * t
        Sine,      // rate + amplitude * sin(2 pi (phase + t / period))
    };
    Shape shape = Shape::Constant;
    std::int64_t length_nanos = 0;
    double rate = 0, slope = 0;
    double amplitude = 0, period = 1, phase = 0;  // phase in turns

    double length() const { return static_cast<double>(length_nanos) / 1e9; }
    double rate_at(double seconds) const;
    // The integral of the rate from 0 to `seconds`.
    double requests(double seconds) const;
    // The time at which requests() reaches `count`. Precondition: 0 <= count <= requests(length()), rate not 0
    // throughout.
    double seconds_at(double count) const;
    // What is left of the piece from `from` on.
    RatePiece tail(std::int64_t from_nanos) const;
};

}  // namespace streamgauge::loadgen
