// SPDX-License-Identifier: GPL-3.0-or-later
// When each request of a run is due: a pure function k -> t_k of the rate, the duration, the spacing and the seed.
// Nothing that happens during the run can move a planned time, which is what makes latency counted from it honest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "loadgen/random.h"

namespace streamgauge::loadgen {

enum class Spacing {
    Even,     // t_k = k / rate
    Poisson,  // as independent users arrive; the count is exact all the same
};

// A part of a run. Rates are requests a second (closed loop: users).
struct Stage {
    enum class Shape : std::uint8_t {
        Constant,  // `rate`
        Ramp,      // from `rate` to `to`, straight: duration * (rate + to) / 2 requests
        Steps,     // `steps` equal parts from `rate` to `to`
        Spike,     // `rate` for `seconds`, `to` for spike_seconds, `after` for after_seconds
        Sine,      // around `rate` by `amplitude`, one period each `period_seconds`
        Pause,     // nothing
    };
    Shape shape = Shape::Constant;
    double seconds = 30;
    double rate = 0, to = 0, after = 0;
    double spike_seconds = 0, after_seconds = 0;
    double amplitude = 0, period_seconds = 0;
    std::uint32_t steps = 1;
    std::string name;  // "soak", "warm-up": shown in reports; may be empty
    bool operator==(const Stage&) const = default;
};

// Of all stages, without what a hand changes.
double planned_seconds(const std::vector<Stage>& stages);

// Immutable value. Times are nanoseconds from the start of the run, ascending, each below duration_nanos().
class ArrivalPlan {
public:
    static constexpr double kHighestRate = 200'000;
    static constexpr double kLongestSeconds = 24 * 3600;

    // InvalidArgument (field rate or duration) unless 0 < rate <= kHighestRate and 0 < seconds <= kLongestSeconds.
    static Result<ArrivalPlan> constant(double rate, double seconds, Spacing spacing, std::uint64_t seed);

    // Requests of the whole run: rate * seconds, rounded up.
    std::uint64_t count() const { return count_; }
    std::int64_t duration_nanos() const { return duration_nanos_; }
    double rate() const { return rate_; }

    // Walks the plan in order. Poisson arrivals with an exact count are the order statistics of count() uniform points,
    // drawn one after the other in constant memory: of n points left, none falls into the first share x of what is left
    // with probability (1 - x)^n (Devroye, "Non-Uniform Random Variate Generation", V.2). Logarithm and exponential are
    // computed here from IEEE basic operations, so that every machine walks the same plan.
    class Cursor {
    public:
        explicit Cursor(const ArrivalPlan& plan);
        bool done() const { return index_ == count_; }
        std::uint64_t index() const { return index_; }
        // Precondition of both: !done().
        std::int64_t planned_nanos() const { return planned_; }
        void advance();

    private:
        void draw();

        RandomStream random_;
        std::uint64_t count_;
        std::uint64_t index_ = 0;
        std::int64_t planned_ = 0;
        std::int64_t duration_nanos_;
        double nanos_per_request_;
        double remaining_ = 1;  // share of the duration after the last point drawn
        Spacing spacing_;
    };

private:
    ArrivalPlan() = default;

    double rate_ = 0;
    std::uint64_t count_ = 0;
    std::int64_t duration_nanos_ = 0;
    Spacing spacing_ = Spacing::Even;
    std::uint64_t seed_ = 0;
};

}  // namespace streamgauge::loadgen
