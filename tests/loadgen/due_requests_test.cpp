// SPDX-License-Identifier: GPL-3.0-or-later
// Users of a closed loop who may send no more than so many requests a second.
#include "loadgen/due_requests.h"

#include <gtest/gtest.h>

#include <vector>

namespace streamgauge::loadgen {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

Scenario users(double count, double seconds) {
    Scenario scenario;
    scenario.url = "http://127.0.0.1:1/";
    scenario.requests = {RequestKind{}};
    scenario.closed_loop = true;
    Stage stage;
    stage.rate = count;
    stage.seconds = seconds;
    scenario.stages = {stage};
    return scenario;
}

// Planned times of what becomes due while every request is answered at once, looked at every millisecond.
std::vector<std::int64_t> answered_at_once(DueRequests& due, std::int64_t until) {
    std::vector<std::int64_t> planned;
    for (std::int64_t at = 0; at < until && !due.done(); at += 1'000'000) {
        due.see(at, [](const DueRequest&) { return true; });
        for (; due.waiting() > 0; due.pop()) {
            planned.push_back(due.front().planned);
            due.ended(at, true);
        }
    }
    return planned;
}

TEST(DueRequests, UsersMayBeHeldToARate) {
    DueRequests due(users(20, 3), 20, 70);
    const std::vector<std::int64_t> planned = answered_at_once(due, 5 * kSecond);
    EXPECT_EQ(planned.size(), 210U) << "twenty users who do not think would send thousands";
    for (std::size_t i = 1; i < planned.size(); ++i)
        EXPECT_GE(planned[i] - planned[i - 1], kSecond / 70) << "never faster, in no part of a second";
    EXPECT_TRUE(due.done()) << "what they may not send any more keeps no run from its end";
}

TEST(DueRequests, UsersWhoSendLessAreNotSlower) {
    Scenario scenario = users(5, 3);
    scenario.think_seconds = 0.5;
    DueRequests held(scenario, 5, 1000), free(scenario, 5);
    const std::size_t most = answered_at_once(free, 5 * kSecond).size();
    EXPECT_EQ(most, 30U);
    EXPECT_EQ(answered_at_once(held, 5 * kSecond).size(), most);
}

}  // namespace
}  // namespace streamgauge::loadgen
