// SPDX-License-Identifier: GPL-3.0-or-later
// The generator against theory at full length: minutes, and a machine with two cores to spare. A busy machine can only
// add latency and disorder, an error of the generator is there every time: each measurement has three attempts.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <vector>

#include "loadgen/stall_check.h"

namespace streamgauge::test {
namespace {

// The first attempt without a fault decides; otherwise the last one's fault does.
std::string best_of_three(const std::function<std::string()>& attempt) {
    std::string fault;
    for (int i = 0; i < 3; ++i) {
        fault = attempt();
        if (fault.empty()) break;
        std::printf("[ attempt  ] %s\n", fault.c_str());
    }
    return fault;
}

TEST(Truth, StallOfOneSecondInThirtyAtThreeRates) {
    for (const double rate : {200.0, 2000.0, 20'000.0}) {
        StallRun run;
        run.rate = rate;
        run.seconds = 30;
        run.stall_seconds = 1;
        // The formula is that of a backlog which is gone at once. 20,000 requests are only where they are on the
        // server's side already when it goes on, and are answered in a few writes.
        if (rate >= 20'000) run.pipeline = 500;
        run.below_ms = run.above_ms = 15;
        EXPECT_EQ(best_of_three([&] { return stall_fault(run); }), "");
    }
}

// 20 seconds at 1,000 a second, as the server sees them.
std::vector<std::int64_t> arrivals(loadgen::Spacing spacing) {
    StallServer server;
    LoadSetup setup{constant_load(server.url(), 1000, 20)};
    setup.scenario.spacing = spacing;
    EXPECT_EQ(run_load(setup).totals().done(), 20'000U);
    return server.arrivals();
}

// Index of dispersion of counts in 10 ms: 1 for Poisson arrivals, 0 for even ones.
double dispersion_of(const std::vector<std::int64_t>& at) {
    std::vector<double> counts(2000);
    for (const std::int64_t t : at) {
        const auto slot = static_cast<std::size_t>((t - at.front()) / 10'000'000);
        if (slot < counts.size()) ++counts[slot];
    }
    double sum = 0, squares = 0;
    for (const double c : counts) {
        sum += c;
        squares += c * c;
    }
    const double n = static_cast<double>(counts.size());
    const double mean = sum / n;
    return (squares / n - mean * mean) / mean;
}

TEST(Truth, ArrivalsAreEvenAtTheServer) {
    EXPECT_EQ(best_of_three([] {
                  const std::vector<std::int64_t> at = arrivals(loadgen::Spacing::Even);
                  std::size_t even = 0;
                  for (std::size_t i = 1; i < at.size(); ++i)
                      if (std::abs(at[i] - at[i - 1] - 1'000'000) <= 250'000) ++even;
                  const double share = static_cast<double>(even) / static_cast<double>(at.size() - 1);
                  const double dispersion = dispersion_of(at);
                  std::printf(
                      "[ evenness ] %.2f %% of the gaps within 25 %% of the planned gap, index of dispersion %.3f\n",
                      100 * share, dispersion);
                  if (dispersion >= 0.1) return "dispersion " + std::to_string(dispersion);
                  return share >= 0.95 ? "" : "under 95 % of the gaps are even: " + std::to_string(share);
              }),
              "");
}

TEST(Truth, PoissonArrivalsAreDispersedAtTheServer) {
    EXPECT_EQ(best_of_three([] {
                  const std::vector<std::int64_t> at = arrivals(loadgen::Spacing::Poisson);
                  const double dispersion = dispersion_of(at);
                  std::printf("[ poisson  ] index of dispersion %.3f\n", dispersion);
                  return std::abs(dispersion - 1) <= 0.1 ? "" : "dispersion " + std::to_string(dispersion);
              }),
              "");
}

}  // namespace
}  // namespace streamgauge::test
