// SPDX-License-Identifier: GPL-3.0-or-later
// The stall test: a server that does nothing for S of a run of length D must show in the response times as theory says,
// whatever the rate. With immediate catch-up P(latency > x) = (S - x) / D, so the q-quantile is S - (1 - q) D where
// that is positive, and the mean rises by S^2 / 2D.
#pragma once

#include <gtest/gtest.h>

#include "loadgen/run_load.h"
#include "support/stall_server.h"

namespace streamgauge::test {

inline double theory_ms(double quantile, double run_seconds, double stall_seconds) {
    return 1000 * (stall_seconds - (1 - quantile) * run_seconds);
}

// A loaded machine can only add to a latency, and adds to the stall itself too: `above_ms` is what may be added.
inline void check_stall(double rate, double run_seconds, double stall_seconds, double below_ms, double above_ms) {
    SCOPED_TRACE("rate " + std::to_string(rate));
    const auto nanos = [](double s) { return std::chrono::nanoseconds(static_cast<std::int64_t>(s * 1e9)); };
    StallServer server({nanos(run_seconds / 3), nanos(stall_seconds)});
    loadgen::EngineOptions engine;
    engine.connections = 50;
    const LoadOutcome run = run_load({.url = server.url(), .rate = rate, .seconds = run_seconds, .engine = engine});
    EXPECT_EQ(static_cast<double>(run.totals().done()), rate * run_seconds);
    const auto& response = run.record().response();
    for (const double q : {0.98, 0.99, 0.999}) {
        const double expected = theory_ms(q, run_seconds, stall_seconds);
        const double measured = static_cast<double>(response.quantile_micros(q)) / 1000;
        EXPECT_GE(measured, expected - below_ms) << "quantile " << q;
        EXPECT_LE(measured, expected + above_ms) << "quantile " << q;
    }
    // The service time hides the stall from all but the requests that were in flight: what a closed loop would report.
    if (rate * run_seconds * 0.01 > 2 * engine.connections) {
        EXPECT_LT(static_cast<double>(run.record().service().quantile_micros(0.98)) / 1000,
                  theory_ms(0.98, run_seconds, stall_seconds) / 2 + above_ms);
    }
    std::printf("[ stall    ] rate %.0f: p98 %.1f p99 %.1f p99.9 %.1f ms, theory %.1f %.1f %.1f, mean %.2f ms\n", rate,
                static_cast<double>(response.quantile_micros(0.98)) / 1000,
                static_cast<double>(response.quantile_micros(0.99)) / 1000,
                static_cast<double>(response.quantile_micros(0.999)) / 1000,
                theory_ms(0.98, run_seconds, stall_seconds), theory_ms(0.99, run_seconds, stall_seconds),
                theory_ms(0.999, run_seconds, stall_seconds), response.mean_micros() / 1000);
}

}  // namespace streamgauge::test
