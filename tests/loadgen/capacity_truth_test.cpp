// SPDX-License-Identifier: GPL-3.0-or-later
// The capacity search against a real server of known capacity: within 5 %, in three minutes. For an idle machine.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>

#include "loadgen/capacity_setup.h"
#include "support/fifo_server.h"

namespace streamgauge::loadgen {
namespace {

TEST(CapacityRun, FindsAKnownCapacity) {
    test::FifoServer server(std::chrono::microseconds(1250));
    CapacityRun run = test::capacity_run_of(server.url(), 400);
    const auto begun = std::chrono::steady_clock::now();
    const auto answer = find_capacity(test::address_of(server.url()), run, -1);
    const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    ASSERT_TRUE(answer.ok()) << answer.error().describe();
    std::printf("[ capacity ] known %.0f/s, found %.0f/s (%+.1f %%) in %.0f .. %.0f, %s, limited by %s in %s, %.0f s\n",
                server.capacity(), answer->rate, 100 * (answer->rate / server.capacity() - 1), answer->low,
                answer->high, std::string(to_string(answer->end)).c_str(), answer->limiting.c_str(),
                answer->limiting_stage.c_str(), took);
    EXPECT_NEAR(answer->rate, server.capacity(), server.capacity() * 0.05);
    EXPECT_LE(answer->low, server.capacity());
    EXPECT_GE(answer->high, server.capacity() * 0.98);
    EXPECT_LT(took, 180);
    EXPECT_EQ(answer->limiting_stage, "queue");
}

}  // namespace
}  // namespace streamgauge::loadgen
