// SPDX-License-Identifier: GPL-3.0-or-later
// Compiled without contraction to fused multiply-add (see CMakeLists.txt): the plan must not depend on the processor.
#include "loadgen/arrival_plan.h"

#include <algorithm>
#include <cmath>

namespace streamgauge::loadgen {
namespace {

constexpr double kNanosPerSecond = 1e9;
constexpr std::uint64_t kArrivalStream = 1;

// ln(x) for 0 < x < 1: x = m * 2^e with m near 1, then ln(m) = 2 atanh((m - 1) / (m + 1)).
double logarithm(double x) {
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

// e^x for x <= 0: Taylor's series after halving x until it is small, then squaring back.
double exponential(double x) {
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

double open_unit(std::uint64_t bits) {
    return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
}

Error out_of_range(const char* field, const char* message) {
    Error error = Error::make(ErrorCode::InvalidArgument, message);
    error.field = field;
    return error;
}

}  // namespace

double planned_seconds(const std::vector<Stage>& stages) {
    double sum = 0;
    for (const Stage& stage : stages) sum += stage.seconds + stage.spike_seconds + stage.after_seconds;
    return sum;
}

Result<ArrivalPlan> ArrivalPlan::constant(double rate, double seconds, Spacing spacing, std::uint64_t seed) {
    if (!(rate > 0 && rate <= kHighestRate))
        return out_of_range("rate", "the rate must be above 0 and at most 200000 requests a second");
    if (!(seconds > 0 && seconds <= kLongestSeconds))
        return out_of_range("duration", "the duration must be above 0 and at most 24 hours");
    ArrivalPlan plan;
    plan.rate_ = rate;
    plan.duration_nanos_ = std::max<std::int64_t>(1, std::llround(seconds * kNanosPerSecond));
    // The small part keeps a product such as 0.1 * 30 from being rounded up to one request more.
    plan.count_ = static_cast<std::uint64_t>(std::max(1.0, std::ceil(rate * seconds - 1e-6)));
    plan.spacing_ = spacing;
    plan.seed_ = seed;
    return plan;
}

ArrivalPlan::Cursor::Cursor(const ArrivalPlan& plan)
    : random_(plan.seed_, kArrivalStream),
      count_(plan.count_),
      duration_nanos_(plan.duration_nanos_),
      nanos_per_request_(kNanosPerSecond / plan.rate_),
      spacing_(plan.spacing_) {
    draw();
}

void ArrivalPlan::Cursor::advance() {
    ++index_;
    if (index_ < count_) draw();
}

void ArrivalPlan::Cursor::draw() {
    double at = 0;
    if (spacing_ == Spacing::Even) {
        at = static_cast<double>(index_) * nanos_per_request_;
    } else {
        const double left = static_cast<double>(count_ - index_);
        remaining_ *= exponential(logarithm(open_unit(random_.at(index_))) / left);
        at = (1 - remaining_) * static_cast<double>(duration_nanos_);
    }
    planned_ = std::min(static_cast<std::int64_t>(at), duration_nanos_ - 1);
}

}  // namespace streamgauge::loadgen
