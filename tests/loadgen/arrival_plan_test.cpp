// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/arrival_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "loadgen/duration.h"

namespace streamgauge::loadgen {
namespace {

std::vector<std::int64_t> times(const ArrivalPlan& plan) {
    std::vector<std::int64_t> all;
    for (ArrivalPlan::Cursor c(plan); !c.done(); c.advance()) all.push_back(c.planned_nanos());
    return all;
}

std::vector<std::int64_t> times(double rate, double seconds, Spacing spacing, std::uint64_t seed = 1) {
    return times(*ArrivalPlan::constant(rate, seconds, spacing, seed));
}

TEST(ArrivalPlan, CountIsRateTimesDuration) {
    for (const Spacing spacing : {Spacing::Even, Spacing::Poisson}) {
        EXPECT_EQ(times(1000, 3, spacing).size(), 3000U);
        EXPECT_EQ(times(0.1, 30, spacing).size(), 3U);
        EXPECT_EQ(times(333, 0.5, spacing).size(), 167U);
        EXPECT_EQ(times(0.001, 1, spacing).size(), 1U);
        EXPECT_EQ(times(200'000, 1, spacing).size(), 200'000U);
    }
}

TEST(ArrivalPlan, EvenTimesAreMultiplesOfTheGap) {
    EXPECT_EQ(times(4, 1, Spacing::Even), (std::vector<std::int64_t>{0, 250'000'000, 500'000'000, 750'000'000}));
}

TEST(ArrivalPlan, TimesAscendWithinTheDuration) {
    for (const Spacing spacing : {Spacing::Even, Spacing::Poisson}) {
        const std::vector<std::int64_t> all = times(10'000, 2, spacing, 9);
        EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
        EXPECT_GE(all.front(), 0);
        EXPECT_LT(all.back(), 2'000'000'000);
    }
}

TEST(ArrivalPlan, SameSeedSameTimesAndOtherSeedOtherTimes) {
    EXPECT_EQ(times(5000, 1, Spacing::Poisson, 42), times(5000, 1, Spacing::Poisson, 42));
    EXPECT_NE(times(5000, 1, Spacing::Poisson, 42), times(5000, 1, Spacing::Poisson, 43));
}

// The values were computed by this code once; they must be the same on every machine and in every build.
TEST(ArrivalPlan, PoissonTimesAreTheSameToTheNanosecondEverywhere) {
    EXPECT_EQ(times(5, 1, Spacing::Poisson, 42),
              (std::vector<std::int64_t>{136940880, 138839586, 257504465, 598027531, 923021490}));
}

// Kolmogorov-Smirnov against the exponential distribution; 1.63 / sqrt(n) is exceeded by chance once in a hundred
// seeds, and the seed is fixed.
TEST(ArrivalPlan, PoissonGapsAreExponential) {
    const double rate = 1000;
    const std::vector<std::int64_t> all = times(rate, 60, Spacing::Poisson, 7);
    std::vector<double> gaps;
    for (std::size_t i = 1; i < all.size(); ++i) gaps.push_back(static_cast<double>(all[i] - all[i - 1]) / 1e9);
    std::sort(gaps.begin(), gaps.end());
    const double n = static_cast<double>(gaps.size());
    double distance = 0;
    for (std::size_t i = 0; i < gaps.size(); ++i) {
        const double expected = 1 - std::exp(-rate * gaps[i]);
        distance = std::max({distance, std::abs(expected - static_cast<double>(i) / n),
                             std::abs(expected - static_cast<double>(i + 1) / n)});
    }
    EXPECT_LT(distance, 1.63 / std::sqrt(n));
}

// Index of dispersion of counts in 10 ms: 1 for Poisson arrivals, 0 for even ones.
TEST(ArrivalPlan, DispersionOfCounts) {
    for (const Spacing spacing : {Spacing::Even, Spacing::Poisson}) {
        std::vector<double> counts(6000);
        for (const std::int64_t t : times(1000, 60, spacing, 3)) ++counts[static_cast<std::size_t>(t / 10'000'000)];
        double sum = 0, squares = 0;
        for (const double c : counts) {
            sum += c;
            squares += c * c;
        }
        const double n = static_cast<double>(counts.size());
        const double mean = sum / n;
        const double dispersion = (squares / n - mean * mean) / mean;
        EXPECT_NEAR(dispersion, spacing == Spacing::Poisson ? 1 : 0, 0.1);
    }
}

TEST(ArrivalPlan, RefusesWhatMakesNoSense) {
    const auto field = [](double rate, double seconds) {
        const auto plan = ArrivalPlan::constant(rate, seconds, Spacing::Even, 1);
        return plan ? std::string("accepted") : plan.error().field;
    };
    EXPECT_EQ(field(0, 1), "rate");
    EXPECT_EQ(field(-5, 1), "rate");
    EXPECT_EQ(field(std::nan(""), 1), "rate");
    EXPECT_EQ(field(200'000, 1), "accepted");
    EXPECT_EQ(field(200'001, 1), "rate");
    EXPECT_EQ(field(1, 0), "duration");
    EXPECT_EQ(field(1, INFINITY), "duration");
    EXPECT_EQ(field(1, 24 * 3600), "accepted");
    EXPECT_EQ(field(1, 24 * 3600 + 1), "duration");
}

TEST(Duration, ReadsWhatPeopleWrite) {
    EXPECT_DOUBLE_EQ(*parse_duration("30s"), 30);
    EXPECT_DOUBLE_EQ(*parse_duration("5m"), 300);
    EXPECT_DOUBLE_EQ(*parse_duration("500ms"), 0.5);
    EXPECT_DOUBLE_EQ(*parse_duration("1m30s"), 90);
    EXPECT_DOUBLE_EQ(*parse_duration("1.5h"), 5400);
    EXPECT_DOUBLE_EQ(*parse_duration("12"), 12);
    EXPECT_DOUBLE_EQ(*parse_duration("30d"), 2'592'000);
    for (const char* wrong : {"", "s", "-1s", "1y", "1m30", "30 s", "nan", "infs", "1e3s"})
        EXPECT_FALSE(parse_duration(wrong).ok()) << wrong;
    EXPECT_EQ(parse_duration("1m3x").error().offset, 3U);
}

Stage stage(Stage::Shape shape, double seconds, double rate, double to = 0) {
    Stage s;
    s.shape = shape;
    s.seconds = seconds;
    s.rate = rate;
    s.to = to;
    s.steps = 4;
    s.amplitude = rate / 2;
    s.period_seconds = seconds / 3;
    s.spike_seconds = 2;
    s.after = to / 2;
    s.after_seconds = 3;
    return s;
}

std::vector<std::int64_t> times(const std::vector<Stage>& stages, Spacing spacing, double jitter = 0,
                                std::uint64_t seed = 1) {
    return times(ArrivalPlan(stages, spacing, seed, jitter));
}

using Shape = Stage::Shape;

// A stage's requests by its definition, without the plan's own integrals.
double expected(const Stage& s) {
    switch (s.shape) {
        case Shape::Constant:
            return s.rate * s.seconds;
        case Shape::Ramp:
        case Shape::Steps:
            return s.seconds * (s.rate + s.to) / 2;
        case Shape::Spike:
            return s.rate * s.seconds + s.to * s.spike_seconds + s.after * s.after_seconds;
        case Shape::Sine: {
            const double turn = 2 * M_PI / s.period_seconds;
            return s.rate * s.seconds + s.amplitude / turn * (1 - std::cos(turn * s.seconds));
        }
        case Shape::Pause:
            return 0;
    }
    return -1;
}

TEST(Stages, EachHasItsExactCount) {
    for (const Spacing spacing : {Spacing::Even, Spacing::Poisson}) {
        EXPECT_EQ(times({stage(Shape::Ramp, 10, 100, 500)}, spacing).size(), 3000U);
        EXPECT_EQ(times({stage(Shape::Ramp, 10, 500, 0)}, spacing).size(), 2500U);
        EXPECT_EQ(times({stage(Shape::Steps, 8, 100, 400)}, spacing).size(), 2000U);
        EXPECT_EQ(times({stage(Shape::Spike, 5, 100, 1000)}, spacing).size(), 500U + 2000 + 1500);
        EXPECT_EQ(times({stage(Shape::Sine, 9, 300)}, spacing).size(), 2700U);  // whole periods
        EXPECT_EQ(times({stage(Shape::Pause, 3, 0), stage(Shape::Constant, 1, 10)}, spacing).front() >= 3'000'000'000,
                  true);
    }
}

// Stages drawn at random: after each of them, exactly so many requests as its and all earlier integrals add up to; in
// order, within the run, and the same for the same seed.
TEST(Stages, CountsAreExactAfterEveryStageOfAnyPlan) {
    const RandomStream random(11, 1);
    std::uint64_t draw = 0;
    const auto pick = [&](std::uint32_t n) { return below(random.at(draw++), n); };
    for (unsigned plan = 0; plan < 300; ++plan) {
        std::vector<Stage> stages;
        for (std::uint32_t n = 1 + pick(6); n > 0; --n) {
            Stage s = stage(static_cast<Shape>(pick(6)), 0.05 + pick(3000) / 1000.0, 0.5 + pick(20'000) / 37.0,
                            pick(20'000) / 41.0);
            s.steps = 1 + pick(9);
            s.period_seconds = 0.1 + pick(2000) / 900.0;
            s.after_seconds = pick(2);
            // As many parts from one rate to the other as there are steps: one part alone has the first rate.
            if (s.steps == 1) s.to = s.rate;
            stages.push_back(s);
        }
        const Spacing spacing = pick(2) == 0 ? Spacing::Even : Spacing::Poisson;
        const double jitter = pick(101);
        const std::vector<std::int64_t> all = times(stages, spacing, jitter, 5 + plan);
        SCOPED_TRACE("plan " + std::to_string(plan));
        ASSERT_TRUE(std::is_sorted(all.begin(), all.end()));
        ASSERT_EQ(all.size(), ArrivalPlan(stages, spacing, 1).count());
        double seconds = 0, integral = 0;
        for (const Stage& s : stages) {
            seconds += planned_seconds({s});
            integral += expected(s);
            const auto end = std::lower_bound(all.begin(), all.end(), std::llround(seconds * 1e9));
            ASSERT_EQ(end - all.begin(), static_cast<std::ptrdiff_t>(std::ceil(integral - 1e-6)));
        }
        ASSERT_EQ(all, times(stages, spacing, jitter, 5 + plan));
    }
}

TEST(Stages, EvenRequestsFollowTheRate) {
    // 0 to 1000/s in 10 s: request k is due when 50 t^2 = k.
    const std::vector<std::int64_t> ramp = times({stage(Shape::Ramp, 10, 0, 1000)}, Spacing::Even);
    for (std::size_t k = 0; k < ramp.size(); k += 100)
        EXPECT_NEAR(static_cast<double>(ramp[k]), std::sqrt(static_cast<double>(k) / 50) * 1e9, 2) << k;
    Stage sine = stage(Shape::Sine, 20, 400);
    sine.amplitude = 400;  // down to nothing
    sine.period_seconds = 7;
    const std::vector<std::int64_t> wave = times({sine}, Spacing::Even);
    const double turn = 2 * M_PI / 7;
    for (std::size_t k = 0; k < wave.size(); k += 50) {
        const double t = static_cast<double>(wave[k]) / 1e9;
        EXPECT_NEAR(400 * t + 400 / turn * (1 - std::cos(turn * t)), static_cast<double>(k), 1e-5) << k;
    }
}

TEST(Stages, JitterMovesGapsByItsShareAtMost) {
    const std::vector<std::int64_t> all = times({stage(Shape::Constant, 20, 100)}, Spacing::Even, 30);
    ASSERT_EQ(all.size(), 2000U);
    double widest = 0;
    for (std::size_t i = 1; i < all.size(); ++i)
        widest = std::max(widest, std::abs(static_cast<double>(all[i] - all[i - 1]) / 1e7 - 1));
    EXPECT_LE(widest, 0.3 + 1e-6);
    EXPECT_GE(widest, 0.25);
    EXPECT_NE(all, times({stage(Shape::Constant, 20, 100)}, Spacing::Even, 30, 2));
}

// Poisson arrivals of a ramp are uniform on the scale of its integral.
TEST(Stages, PoissonArrivalsOfARampAreDenseWhereTheRateIs) {
    const std::vector<std::int64_t> all = times({stage(Shape::Ramp, 10, 0, 2000)}, Spacing::Poisson, 0, 3);
    const double n = static_cast<double>(all.size());
    double distance = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const double share = std::pow(static_cast<double>(all[i]) / 1e10, 2);
        distance = std::max(distance, std::abs(share - static_cast<double>(i) / n));
    }
    EXPECT_LT(distance, 1.63 / std::sqrt(n));
}

// Computed by this code once: a ramp, a sine and jitter, to the nanosecond on every machine and in every build.
TEST(Stages, TimesAreTheSameToTheNanosecondEverywhere) {
    const std::vector<Stage> stages{stage(Shape::Ramp, 1, 1, 4), stage(Shape::Sine, 2, 2)};
    const std::vector<std::int64_t> even = times(stages, Spacing::Even, 10, 42);
    const std::vector<std::int64_t> poisson = times(stages, Spacing::Poisson, 0, 42);
    EXPECT_EQ(even,
              (std::vector<std::int64_t>{0, 555780608, 873215106, 1172430817, 1724161854, 2188996898, 2625259854}));
    EXPECT_EQ(poisson, (std::vector<std::int64_t>{355042758, 359192833, 639135653, 1452341158, 2051904534, 2599572834,
                                                  2718136390}));
}

}  // namespace
}  // namespace streamgauge::loadgen
