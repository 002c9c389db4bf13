// SPDX-License-Identifier: GPL-3.0-or-later
// The generator's Poisson arrivals in front of a queue, computed: the response times are those of M/M/1 and M/D/1. No
// time passes; queue_run_test.cpp has the same with a server.
#include "loadgen/queue_theory.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "loadgen/queue_setup.h"

namespace streamgauge::test {
namespace {

constexpr std::chrono::microseconds kService(1000);
constexpr double kCapacity = 1000;

TEST(QueueTheory, FormulasAgreeWithTabulatedValues) {
    // Kleinrock: mean response 1 / (mu - lambda); its median is ln 2 of that.
    EXPECT_NEAR(mm1_quantile(800, 1000, 0.99), 0.023026, 1e-6);
    EXPECT_NEAR(mm1_quantile(500, 1000, 0.5), 0.001386, 1e-6);
    // Nobody waits with probability 1 - rho.
    EXPECT_NEAR(md1_quantile(500, 0.001, 0.4999), 0.001, 1e-6);
    // Its mean, rho D / 2 (1 - rho) and the service, by the mean of the quantiles.
    for (const double rho : {0.5, 0.8, 0.9}) {
        double mean = 0;
        constexpr int kSteps = 2000;
        for (int i = 0; i < kSteps; ++i) mean += md1_quantile(rho * 1000, 0.001, (i + 0.5) / kSteps) / kSteps;
        EXPECT_NEAR(mean, 0.001 * (1 + rho / (2 * (1 - rho))), 0.00002) << rho;
    }
}

TEST(QueueTheory, PlannedArrivalsMakeTheQueueOfTheFormulas) {
    for (const double load : {0.5, 0.8, 0.9}) {
        const double rate = load * kCapacity;
        const std::vector<std::int64_t> arrivals = poisson_arrivals(rate, 2'000'000 / rate);
        for (const bool exponential : {true, false}) {
            const std::vector<std::int64_t> responses =
                responses_of(arrivals, service_times(arrivals.size(), kService, exponential));
            for (const double q : {0.5, 0.99}) {
                const double theory =
                    1e9 * (exponential ? mm1_quantile(rate, kCapacity, q) : md1_quantile(rate, 1 / kCapacity, q));
                const auto planned = static_cast<double>(exact_quantile(responses, q));
                std::printf("[ queue    ] %s at load %.1f, p%g: %.3f ms, theory %.3f ms\n",
                            exponential ? "M/M/1" : "M/D/1", load, 100 * q, planned / 1e6, theory / 1e6);
                // Two million requests are some thousand independent ones at load 0.9: 5 % is twice what that allows.
                EXPECT_NEAR(planned, theory, 0.05 * theory);
            }
        }
    }
}

}  // namespace
}  // namespace streamgauge::test
