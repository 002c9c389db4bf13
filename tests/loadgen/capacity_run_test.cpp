// SPDX-License-Identifier: GPL-3.0-or-later
// How a capacity search against a real server begins and ends; capacity_truth_test.cpp has what it finds.
#include "loadgen/capacity_run.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "loadgen/capacity_setup.h"
#include "support/fifo_server.h"
#include "support/stall_server.h"

namespace streamgauge::loadgen {
namespace {

TEST(CapacityRun, SaysWhenNobodyAnswers) {
    test::DeadPort nobody;
    const auto answer = find_capacity(test::address_of(nobody.url()), test::capacity_run_of(nobody.url(), 300), -1);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::Unavailable);
}

TEST(CapacityRun, CanBeStopped) {
    test::FifoServer server(std::chrono::milliseconds(2));
    const int stop = eventfd(1, EFD_CLOEXEC);
    const auto answer = find_capacity(test::address_of(server.url()), test::capacity_run_of(server.url(), 300), stop);
    close(stop);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::Cancelled);
}

TEST(CapacityRun, RefusesWhatItCannotTell) {
    test::FifoServer server(std::chrono::milliseconds(2));
    CapacityRun run = test::capacity_run_of(server.url(), 300);
    Threshold freshness;
    freshness.measure = Threshold::Measure::Freshness;
    freshness.value = 1000;
    run.objectives.push_back(*capacity_objective(freshness, "freshness<1s"));
    EXPECT_EQ(find_capacity(test::address_of(server.url()), run, -1).error().field, "objective");
    run.objectives.clear();
    EXPECT_EQ(find_capacity(test::address_of(server.url()), run, -1).error().field, "objective");
}

}  // namespace
}  // namespace streamgauge::loadgen
