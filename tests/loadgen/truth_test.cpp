// SPDX-License-Identifier: GPL-3.0-or-later
// The generator against theory at full length: minutes, and a quiet machine.
#include <gtest/gtest.h>

#include <algorithm>

#include "loadgen/stall_check.h"

namespace streamgauge::test {
namespace {

TEST(Truth, StallOfOneSecondInThirtyAtThreeRates) {
    for (const double rate : {200.0, 2000.0, 20'000.0}) check_stall(rate, 30, 1, 15, 15);
}

// As the server sees them: share of gaps within a quarter of the planned gap, at 1,000 a second.
TEST(Truth, ArrivalsAreEvenAtTheServer) {
    StallServer server;
    const LoadOutcome run = run_load({.url = server.url(), .rate = 1000, .seconds = 20});
    ASSERT_EQ(run.totals().done(), 20'000U);
    const std::vector<std::int64_t> arrivals = server.arrivals();
    std::size_t even = 0;
    for (std::size_t i = 1; i < arrivals.size(); ++i)
        if (std::abs(arrivals[i] - arrivals[i - 1] - 1'000'000) <= 250'000) ++even;
    const double share = static_cast<double>(even) / static_cast<double>(arrivals.size() - 1);
    std::printf("[ evenness ] %.2f %% of gaps within 25 %%\n", 100 * share);
    EXPECT_GE(share, 0.95);
}

// Index of dispersion of counts in 10 ms: 1 for Poisson arrivals.
TEST(Truth, PoissonArrivalsAreDispersedAtTheServer) {
    StallServer server;
    const LoadOutcome run =
        run_load({.url = server.url(), .rate = 1000, .seconds = 20, .spacing = loadgen::Spacing::Poisson});
    ASSERT_EQ(run.totals().done(), 20'000U);
    const std::vector<std::int64_t> arrivals = server.arrivals();
    std::vector<double> counts(2000);
    for (const std::int64_t at : arrivals) {
        const auto slot = static_cast<std::size_t>((at - arrivals.front()) / 10'000'000);
        if (slot < counts.size()) ++counts[slot];
    }
    double sum = 0, squares = 0;
    for (const double c : counts) {
        sum += c;
        squares += c * c;
    }
    const double n = static_cast<double>(counts.size());
    const double mean = sum / n;
    EXPECT_NEAR((squares / n - mean * mean) / mean, 1, 0.1);
}

}  // namespace
}  // namespace streamgauge::test
