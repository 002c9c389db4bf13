// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/run_record.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "loadgen/second_line.h"

namespace streamgauge::loadgen {
namespace {

constexpr std::int64_t kMillis = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMillis;

TEST(RunRecord, EveryRequestIsInOneSecondAndTotalsAddUp) {
    RunRecord record{Scenario{}};
    record.due({0, 0, 0});
    record.due({0, 10 * kMillis, 11 * kMillis});
    record.due({0, 20 * kMillis, 20 * kMillis});
    record.sent({0, 0, 1 * kMillis});
    record.answered({0, Outcome::Ok, 202, 0, 1 * kMillis, 5 * kMillis, {}});
    record.sent({0, 10 * kMillis, 11 * kMillis});
    record.advance_to(3 * kSecond);
    record.answered({0, Outcome::Limited, 429, 10 * kMillis, 11 * kMillis, 3 * kSecond, {}});
    record.unfinished({0, 20 * kMillis, -1, 3 * kSecond});

    const Totals& totals = record.totals();
    EXPECT_EQ(totals.planned, 3U);
    EXPECT_EQ(totals.sent, 2U);
    EXPECT_EQ(totals.done(), 1U);
    EXPECT_EQ(totals.failed(), 1U);
    EXPECT_EQ(totals.answered(), 2U);
    EXPECT_EQ(totals.unfinished(), 1U);
    ASSERT_EQ(record.ended_seconds().size(), 3U);
    EXPECT_EQ(record.ended_seconds()[0].planned, 3U);
    EXPECT_EQ(record.ended_seconds()[0].ok, 1U);
    EXPECT_NEAR(record.ended_seconds()[0].avg_ms, 5, 0.01);
    EXPECT_EQ(record.ended_seconds()[1].planned + record.ended_seconds()[2].ok, 0U);
    EXPECT_EQ(record.current_second().second, 3);
    EXPECT_EQ(record.current_second().limited, 1U);
    EXPECT_NEAR(record.current_second().p95_ms, 2990, 3);
    EXPECT_NEAR(static_cast<double>(record.response().max_micros()), 2.99e6, 3e3);
    EXPECT_NEAR(static_cast<double>(record.service().quantile_micros(0.5)), 4000, 4);
    EXPECT_EQ(record.unanswered().count(), 1U);
    EXPECT_EQ(record.generator_lag().max_micros(), 1000);
    EXPECT_EQ(record.send_lag().max_micros(), 1000);
}

TEST(RunRecord, AFailureKeepsTheReasonOfTheFirst) {
    RunRecord record{Scenario{}};
    for (int i = 0; i < 3; ++i) {
        record.due({0, 0, 0});
        record.failed({0, Outcome::TlsFailed, 0, -1, kSecond / 4, i == 0 ? "the first" : "another"});
    }
    ASSERT_EQ(record.errors().size(), 1U);
    EXPECT_EQ(record.errors()[0].kind, "tls_failed");
    EXPECT_EQ(record.errors()[0].detail, "the first");
    EXPECT_EQ(record.errors()[0].count, 3U);
}

TEST(RunRecord, WhatWaitsForRoomCountsOnce) {
    RunRecord record{Scenario{}};
    const auto due = [&record](int requests) {
        for (int i = 0; i < requests; ++i) record.due({0, 0, 0});
    };
    due(10);
    record.wait_for_room(3);
    EXPECT_EQ(record.queued(), 3U);
    record.wait_for_room(2);  // two of them still wait
    EXPECT_EQ(record.queued(), 3U);
    due(5);
    record.wait_for_room(6);  // they are behind one of them
    EXPECT_EQ(record.queued(), 8U);
    due(5);  // four find room
    record.wait_for_room(1);
    EXPECT_EQ(record.queued(), 9U);
}

TEST(RunRecord, SecondLineStandsUnderItsHead) {
    EXPECT_EQ(std::string(kSecondsHead), "    OK | 429 | Other | RPS target | avg(ms) | p95(ms)");
    SecondRow row;
    row.planned = 150;
    row.ok = 100;
    row.limited = 50;
    row.avg_ms = 1.5;
    row.p95_ms = 20.25;
    EXPECT_EQ(second_line(row), "   100 |  50 |     0 |        150 |    1.50 |   20.25");
}

}  // namespace
}  // namespace streamgauge::loadgen
