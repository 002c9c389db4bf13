// SPDX-License-Identifier: GPL-3.0-or-later
// The generator's certificate against theory.
#include "loadgen/certificate.h"

#include <gtest/gtest.h>

#include <random>

#include "loadgen/own_usage.h"

namespace streamgauge::loadgen {
namespace {

constexpr std::int64_t kMillis = 1'000'000, kSecond = 1000 * kMillis;

struct Watched {
    GeneratorWatch watch;
    Histogram lag;
    std::uint64_t planned = 0;
    double cpu_seconds = 1, clock_step_ms = 0;
    std::uint64_t dropped = 0, queued = 0;
    Spacing spacing = Spacing::Even;

    void due(std::int64_t at, std::int64_t seen) {
        ++planned;
        watch.due(at, seen);
        lag.record((seen - at) / 1000);
    }
    Certificate certify(double seconds = 30) const {
        CertificateFacts facts;
        facts.generator_lag = &lag;
        facts.watch = &watch;
        facts.spacing = spacing;
        facts.planned = planned;
        facts.dropped = dropped;
        facts.queued = queued;
        facts.max_in_flight = 64;
        facts.elapsed_seconds = seconds;
        facts.cpu_seconds = cpu_seconds;
        facts.clock_step_ms = clock_step_ms;
        return loadgen::certify(facts);
    }
};

// 1,000 a second for 30 s, each seen `late(k)` nanoseconds late.
template <class Late>
Watched even(Late late) {
    Watched run;
    std::int64_t last = 0;
    for (std::int64_t k = 0; k < 30'000; ++k) {
        last = std::max(last, k * kMillis + late(k));
        run.due(k * kMillis, last);
    }
    return run;
}

TEST(Certificate, EvenArrivalsAreValidAndNotDispersed) {
    const Watched run = even([](std::int64_t k) { return 20'000 + k * 7919 % 60'000; });
    const Certificate c = run.certify();
    EXPECT_EQ(c.verdict, Validity::Valid) << c.reasons.front();
    EXPECT_TRUE(c.reasons.empty());
    EXPECT_EQ(c.even_share, 1);
    EXPECT_LT(c.dispersion, 0.05);
    EXPECT_EQ(c.stalls, 0U);
    EXPECT_NEAR(c.send_lag_max_ms, 0.08, 0.002);
    EXPECT_NEAR(c.cpu_share, 1.0 / 30, 1e-9);
}

TEST(Certificate, PoissonArrivalsHaveDispersionOne) {
    Watched run;
    run.spacing = Spacing::Poisson;
    std::mt19937_64 random(7);
    std::exponential_distribution<double> gap(1000);
    double t = 0;
    while (t < 30) {
        run.due(static_cast<std::int64_t>(t * 1e9), static_cast<std::int64_t>(t * 1e9) + 10'000);
        t += gap(random);
    }
    const Certificate c = run.certify();
    EXPECT_EQ(c.verdict, Validity::Valid);
    EXPECT_NEAR(c.dispersion, 1, 0.1);
    run.spacing = Spacing::Even;                // the same, promised to be even: too bursty or just so, but never even
    EXPECT_GT(run.certify().even_share, 0.99);  // each was taken up when it was planned
}

TEST(Certificate, PoissonThatIsNotShows) {
    Watched run = even([](std::int64_t) { return 10'000; });
    run.spacing = Spacing::Poisson;
    const Certificate c = run.certify();
    EXPECT_EQ(c.verdict, Validity::Degraded);
    EXPECT_NE(c.reasons.front().find("independent users"), std::string::npos);
}

// Stopped for a second at 10 s: what was due meanwhile is seen at once.
TEST(Certificate, AStandstillOfOneSecondInThirtyMakesTheRunInvalid) {
    const Watched run = even(
        [](std::int64_t k) -> std::int64_t { return k >= 10'000 && k < 11'000 ? 11 * kSecond - k * kMillis : 10'000; });
    const Certificate c = run.certify();
    EXPECT_EQ(c.verdict, Validity::Invalid);
    EXPECT_EQ(c.stalls, 1U);
    EXPECT_NEAR(c.longest_stall_ms, 1000, 1);
    // P(lag > x) = (1 - x) / 30: as the stall test has it for the server.
    EXPECT_NEAR(c.send_lag_p99_ms, 700, 15);
    EXPECT_NEAR(c.send_lag_max_ms, 1000, 2);
    EXPECT_NEAR(c.even_share, 29.0 / 30, 0.002);
}

TEST(Certificate, ShortStandstillsDegrade) {
    const Watched run = even([](std::int64_t k) -> std::int64_t {
        return k >= 10'000 && k < 10'100 ? 10 * kSecond + 100 * kMillis - k * kMillis : 10'000;
    });
    const Certificate c = run.certify();
    EXPECT_EQ(c.verdict, Validity::Degraded);
    EXPECT_NEAR(c.longest_stall_ms, 100, 1);
}

TEST(Certificate, AlwaysLateIsDegradedThenInvalid) {
    EXPECT_EQ(even([](std::int64_t) { return 8 * kMillis; }).certify().verdict, Validity::Degraded);
    EXPECT_EQ(even([](std::int64_t) { return 60 * kMillis; }).certify().verdict, Validity::Invalid);
}

TEST(Certificate, BurstsInsteadOfEvenArrivalsAreDegraded) {
    // A timer of 50 ms: all that is due since the last tick goes out at once, but below the mark of a standstill each.
    Watched run;
    for (std::int64_t k = 0; k < 30'000; ++k) run.due(k * kMillis, (k / 9 + 1) * 9 * kMillis);
    const Certificate c = run.certify();
    EXPECT_EQ(c.verdict, Validity::Degraded);
    EXPECT_LT(c.even_share, 0.2);
    EXPECT_EQ(c.stalls, 0U);
}

TEST(Certificate, DropsProcessorAndClockHaveTheirSay) {
    Watched run = even([](std::int64_t) { return 10'000; });
    run.dropped = 1;
    EXPECT_EQ(run.certify().verdict, Validity::Degraded);
    run.dropped = 3000;
    EXPECT_EQ(run.certify().verdict, Validity::Invalid);
    run.dropped = 0;
    run.cpu_seconds = 29;
    EXPECT_EQ(run.certify().verdict, Validity::Degraded);
    run.cpu_seconds = 1;
    run.clock_step_ms = -3600e3;
    EXPECT_EQ(run.certify().verdict, Validity::Degraded);
    run.clock_step_ms = 1;
    EXPECT_EQ(run.certify().verdict, Validity::Valid);
}

TEST(Certificate, WhatQueuedIsSaidLastAndIsNoDoubt) {
    Watched run = even([](std::int64_t) { return 10'000; });
    run.queued = 29'000;
    const Certificate c = run.certify();
    EXPECT_EQ(c.verdict, Validity::Valid);
    EXPECT_EQ(c.queued, 29'000U);
    ASSERT_EQ(c.reasons.size(), 1U);
    EXPECT_EQ(
        c.reasons.front(),
        "29000 of 30000 requests waited because max_in_flight (64) requests were unanswered: their response times "
        "have that waiting in them, and the server never had more at once");
    run.dropped = 3000;
    EXPECT_EQ(run.certify().verdict, Validity::Invalid);
    EXPECT_NE(run.certify().reasons.front().find("dropped"), std::string::npos);
    EXPECT_EQ(run.certify().reasons.back(), c.reasons.front());
}

TEST(OwnUsage, CountsThisThreadsProcessorTime) {
    OwnUsage usage;
    volatile double x = 1;
    do {
        for (int i = 0; i < 100'000; ++i) x = x * 1.0000001;
        usage.look();
    } while (usage.cpu_seconds() < 0.02);
    EXPECT_LT(usage.clock_step_ms(), 1000);
    EXPECT_FALSE(this_machine().host.empty());
    EXPECT_GE(this_machine().cores, 1U);
}

}  // namespace
}  // namespace streamgauge::loadgen
