// SPDX-License-Identifier: GPL-3.0-or-later
// Compiled without contraction to fused multiply-add (see CMakeLists.txt): the plan must not depend on the processor.
#include "loadgen/rate_piece.h"

#include <algorithm>
#include <cmath>

namespace streamgauge::loadgen {
namespace {

constexpr double kPi = 3.14159265358979324;

}  // namespace

// x = m * 2^e with m near 1, then ln(m) = 2 atanh((m - 1) / (m + 1)).
double portable_logarithm(double x) {
    int exponent = 0;
    double m = std::frexp(x, &exponent);
    if (m < 0.70710678118654752) {
        m *= 2;
        --exponent;
    }
    const double s = (m - 1) / (m + 1);
    const double q = s * s;
    double sum = 0;
    for (int k = 19; k >= 1; k -= 2) sum = sum * q + 1.0 / k;
    return 2 * s * sum + exponent * 0.69314718055994531;
}

// Taylor's series after halving x until it is small, then squaring back.
double portable_exponential(double x) {
    int halvings = 0;
    while (x < -0.25) {
        x *= 0.5;
        ++halvings;
    }
    double sum = 1;
    for (int k = x > -0x1p-10 ? 6 : 13; k >= 1; --k) sum = sum * (x * (1.0 / k)) + 1;
    while (halvings-- > 0) sum *= sum;
    return sum;
}

// Taylor's series on a quarter of a turn to either side of zero.
double portable_sine_of_turns(double x) {
    double turns = x - std::floor(x + 0.5);  // -0.5 to 0.5
    if (turns > 0.25) turns = 0.5 - turns;
    if (turns < -0.25) turns = -0.5 - turns;
    const double angle = 2 * kPi * turns;
    const double square = angle * angle;
    double sum = 1;
    for (int k = 20; k >= 2; k -= 2) sum = 1 - sum * square / (k * (k + 1));
    return angle * sum;
}

double open_unit(std::uint64_t bits) {
    return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
}

double RatePiece::rate_at(double seconds) const {
    switch (shape) {
        case Shape::Constant:
            return rate;
        case Shape::Ramp:
            return std::max(0.0, rate + slope * seconds);
        case Shape::Sine:
            return std::max(0.0, rate + amplitude * portable_sine_of_turns(phase + seconds / period));
    }
    return 0;
}

double RatePiece::requests(double seconds) const {
    switch (shape) {
        case Shape::Constant:
            return rate * seconds;
        case Shape::Ramp:
            return (rate + 0.5 * slope * seconds) * seconds;
        case Shape::Sine: {
            // 1 - cos(a) = 2 sin^2(a / 2)
            const double now = portable_sine_of_turns((phase + seconds / period) / 2);
            const double then = portable_sine_of_turns(phase / 2);
            return rate * seconds + amplitude * period / kPi * (now * now - then * then);
        }
    }
    return 0;
}

double RatePiece::seconds_at(double count) const {
    if (shape == Shape::Constant) return count / rate;
    if (shape == Shape::Ramp) {
        // The root of (slope / 2) t^2 + rate t = count that does not cancel.
        const double root = std::sqrt(std::max(0.0, rate * rate + 2 * slope * count));
        return rate + root > 0 ? 2 * count / (rate + root) : 0;
    }
    // Newton's steps, kept between two times that lie below and above.
    double low = 0, high = length();
    double at = std::min(high, count / rate);
    for (int i = 0; i < 100 && high - low > 1e-10; ++i) {
        const double excess = requests(at) - count;
        (excess > 0 ? high : low) = at;
        const double slope_here = rate_at(at);
        double next = slope_here > 0 ? at - excess / slope_here : low;
        if (!(next > low && next < high)) next = 0.5 * (low + high);
        if (std::fabs(next - at) < 1e-11) return next;
        at = next;
    }
    return at;
}

RatePiece RatePiece::tail(std::int64_t from_nanos) const {
    RatePiece rest = *this;
    const double from = static_cast<double>(from_nanos) / 1e9;
    rest.length_nanos = length_nanos - from_nanos;
    if (shape == Shape::Ramp) rest.rate = rate_at(from);
    if (shape == Shape::Sine) rest.phase = phase + from / period;
    return rest;
}

}  // namespace streamgauge::loadgen
