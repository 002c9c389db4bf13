// SPDX-License-Identifier: GPL-3.0-or-later
// The stall test: a server that does nothing for S of a run of length D must show in the response times as theory says,
// whatever the rate. With immediate catch-up P(latency > x) = (S - x) / D, so the q-quantile is S - (1 - q) D where
// that is positive, and the mean rises by S^2 / 2D. When what waited is worked off at C requests a second, both shares
// grow by C / (C - R): the q-quantile is S - (1 - q) D (C - R) / C, the mean S^2 / 2D * C / (C - R). C is measured.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "loadgen/run_load.h"
#include "support/stall_server.h"
#include "support/withheld_time.h"

namespace streamgauge::test {

struct StallRun {
    double rate = 200;
    double seconds = 6;
    double stall_seconds = 0.2;
    std::uint32_t connections = 50;
    std::uint32_t pipeline = 1;  // requests that each carries
    // What a percentile may differ from theory. A busy machine can only add: to a latency, and to the stall itself.
    // Above theory is allowed as well what the machine withheld from a thread that does nothing, once for the generator
    // and once for the server.
    double below_ms = 10;
    double above_ms = 60;
};

// Runs it and prints measured beside theory. Empty when they agree, otherwise what does not.
inline std::string stall_fault(const StallRun& r) {
    const auto nanos = [](double s) { return std::chrono::nanoseconds(static_cast<std::int64_t>(s * 1e9)); };
    StallServer server({nanos(r.seconds / 3), nanos(r.stall_seconds)});
    LoadSetup setup{constant_load(server.url(), r.rate, r.seconds)};
    setup.scenario.max_in_flight = r.connections * r.pipeline;
    setup.scenario.pipeline = r.pipeline;
    WithheldTime machine;
    const LoadOutcome run = run_load(setup);
    const double withheld_ms = machine.finish();

    // The backlog of R * S requests and the time in which the server got it.
    const std::vector<std::int64_t> arrivals = server.arrivals();
    const auto first_after = std::lower_bound(arrivals.begin(), arrivals.end(), server.stall_end());
    const auto backlog =
        std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(r.rate * r.stall_seconds), arrivals.end() - first_after);
    if (backlog < 1) return "the stall was not within the run";
    const double catch_up =
        static_cast<double>(backlog) * 1e9 / static_cast<double>(first_after[backlog - 1] - server.stall_end() + 1);
    const double share = std::max(0.1, (catch_up - r.rate) / catch_up);
    std::printf("[ stall    ] rate %.0f, caught up at %.0f/s, the machine withheld %.1f ms\n", r.rate, catch_up,
                withheld_ms);

    std::ostringstream fault;
    const auto expect = [&](const char* what, double measured, double immediate, double theory) {
        std::printf("[ stall    ] rate %.0f %-12s measured %8.2f ms   theory %8.2f ms (%.2f with immediate catch-up)\n",
                    r.rate, what, measured, theory, immediate);
        if (measured < immediate - r.below_ms || measured > theory + r.above_ms + 2 * withheld_ms)
            fault << "rate " << r.rate << ", " << what << ": " << measured << " ms, theory " << theory << " ms. ";
    };
    const auto& response = run.record().response();
    const auto& service = run.record().service();
    const std::array<std::pair<const char*, double>, 3> quantiles{{{"p98", 0.98}, {"p99", 0.99}, {"p99.9", 0.999}}};
    for (const auto& [name, q] : quantiles)
        expect(name, static_cast<double>(response.quantile_micros(q)) / 1000,
               1000 * (r.stall_seconds - (1 - q) * r.seconds), 1000 * (r.stall_seconds - (1 - q) * r.seconds * share));
    const double mean = 1000 * r.stall_seconds * r.stall_seconds / (2 * r.seconds);
    expect("mean", response.mean_micros() / 1000, mean, mean / share);
    // Counted from the actual send, only what was in flight sees the stall: where that is under 1 %, p98 does not.
    if (r.rate * r.seconds * 0.01 > setup.scenario.max_in_flight)
        expect("service p98", static_cast<double>(service.quantile_micros(0.98)) / 1000, 0, 0);
    if (static_cast<double>(run.totals().done()) != r.rate * r.seconds)
        fault << "only " << run.totals().done() << " requests were done";
    return fault.str();
}

}  // namespace streamgauge::test
