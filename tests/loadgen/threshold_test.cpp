// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/threshold.h"

#include <gtest/gtest.h>

#include "loadgen/threshold_watch.h"

namespace streamgauge::loadgen {
namespace {

using Measure = Threshold::Measure;
using Comparison = Threshold::Comparison;

constexpr std::int64_t kMillis = 1'000'000, kSecond = 1000 * kMillis;

Threshold threshold(const char* text) {
    const Result<Threshold> parsed = parse_threshold(text);
    EXPECT_TRUE(parsed.ok()) << text << ": " << (parsed ? "" : parsed.error().describe());
    return parsed ? *parsed : Threshold{};
}

TEST(Threshold, ReadsAndWritesTheWordsOfTheField) {
    const std::vector<std::pair<const char*, const char*>> texts{
        {"p(95)<300", "p(95) < 300"},
        {" p(99.9){checkout} <= 1s over 10s abort after 30s ", "p(99.9){checkout} <= 1000 over 10s abort after 30s"},
        {"errors<1%", "errors < 1%"},
        {"errors < 0.07", "errors < 7%"},
        {"errors == 0", "errors == 0%"},
        {"rate >= 1000/s", "rate >= 1000"},
        {"med < 250us", "med < 0.25"},
        {"median<2ms", "med < 2"},
        {"mean{a b}<2", "avg{a b} < 2"},
        {"count>=5", "requests >= 5"},
        {"dropped == 0 abort", "dropped == 0 abort"},
        {"unfinished <= 3", "unfinished <= 3"},
        {"send_lag < 5ms", "send_lag < 5"},
        {"freshness < 1s", "freshness < 1000"},
        {"lost == 0", "lost == 0"},
        {"max > 1 over 1m30s", "max > 1 over 90s"},
    };
    for (const auto& [text, normal] : texts) {
        const Threshold parsed = threshold(text);
        EXPECT_EQ(to_text(parsed), normal);
        EXPECT_EQ(threshold(to_text(parsed).c_str()), parsed) << text;
    }
    const Threshold whole = threshold("p(99.9){checkout} <= 1s over 10s abort after 30s");
    EXPECT_EQ(whole.measure, Measure::Percentile);
    EXPECT_EQ(whole.percentile, 99.9);
    EXPECT_EQ(whole.comparison, Comparison::LessOrEqual);
    EXPECT_EQ(whole.value, 1000);
    EXPECT_EQ(whole.endpoint, "checkout");
    EXPECT_EQ(whole.window_seconds, 10);
    EXPECT_TRUE(whole.abort);
    EXPECT_EQ(whole.abort_after_seconds, 30);
}

TEST(Threshold, FaultsSayWhere) {
    const std::vector<std::pair<const char*, std::size_t>> faults{
        {"", 0},
        {"latency < 3", 0},
        {"p95 < 3", 1},
        {"p(0) < 3", 2},
        {"p(101) < 3", 2},
        {"p(95 < 3", 4},
        {"p(95) 300", 6},
        {"p(95) < ", 8},
        {"p(95) < -1", 8},
        {"p(95) < nan", 8},
        {"p(95) < 3m", 9},
        {"p(95) <= 1809152713s", 9},
        {"errors < 2", 9},
        {"errors < 101%", 9},
        {"dropped < 1.5", 10},
        {"p(95){} < 1", 6},
        {"p(95){a < 1", 6},
        {"send_lag{a} < 1", 9},
        {"lost == 0 over 5s", 10},
        {"lost == 0 abort", 10},
        {"p(95) < 1 over 0s", 10},
        {"p(95) < 1 over 1.5s", 10},
        {"p(95) < 1 over soon", 15},
        {"p(95) < 1 within 5s", 10},
        {"p(95) < 1 abort later", 16},
    };
    for (const auto& [text, offset] : faults) {
        const Result<Threshold> parsed = parse_threshold(text);
        ASSERT_FALSE(parsed.ok()) << text;
        EXPECT_LE(*parsed.error().offset, std::string_view(text).size());
        EXPECT_EQ(*parsed.error().offset, offset) << text;
    }
}

// ---- evaluation ----
class WatchedRun {
public:
    explicit WatchedRun(std::vector<std::string> thresholds, double seconds = 10) {
        for (const std::string& text : thresholds) scenario.thresholds.push_back(threshold(text.c_str()));
        Stage stage;
        stage.seconds = seconds;
        stage.rate = 100;
        scenario.stages = {stage};
        for (const char* name : {"read", "write"}) {
            scenario.requests.emplace_back();
            scenario.requests.back().name = name;
        }
        record.emplace(scenario);
        watch.emplace(scenario);
    }
    // 100 requests in the second: 50 of each kind, `bad` of each failing, all with that response time.
    std::optional<std::size_t> second(std::int64_t ms, int bad = 0) {
        for (int i = 0; i < 100; ++i) {
            const std::int64_t at = second_ * kSecond + i * 10 * kMillis;
            record->advance_to(at);
            const auto endpoint = static_cast<Endpoint>(i % 2);
            record->due({endpoint, at, at});
            record->sent({endpoint, at, at});
            const bool fails = i / 2 < bad;
            record->answered({endpoint,
                              fails ? Outcome::ServerError : Outcome::Ok,
                              fails ? 503 : 200,
                              at - ms * kMillis,
                              at - ms * kMillis,
                              at,
                              {}});
        }
        ++second_;
        record->advance_to(second_ * kSecond);
        return watch->update(*record, second_ * kSecond);
    }
    std::vector<ThresholdResult> finish(bool stopped = false, const EndToEndReport* end_to_end = nullptr) {
        return watch->finish(*record, second_ * kSecond, stopped, end_to_end);
    }

    Scenario scenario;
    std::optional<RunRecord> record;
    std::optional<ThresholdWatch> watch;

private:
    std::int64_t second_ = 0;
};

TEST(ThresholdWatch, JudgesTheWholeRun) {
    WatchedRun run({"p(95)<300", "p(50)<100", "errors<1%", "errors<=1%", "rate>=100", "rate>=99", "requests>=990",
                    "requests>990", "max<200", "max<=400.4", "dropped==0", "unfinished==0", "send_lag<1", "min<100",
                    "avg<105", "lost==0", "freshness<1s"});
    for (int i = 0; i < 9; ++i) run.second(100);
    run.second(400, 5);
    const std::vector<ThresholdResult> results = run.finish();
    const std::vector<bool> expected{false, false, false, true, false, true,  true,  false, false,
                                     true,  true,  true,  true, false, false, false, false};
    ASSERT_EQ(results.size(), expected.size());
    for (std::size_t i = 0; i < results.size(); ++i)
        EXPECT_EQ(results[i].passed, expected[i])
            << to_text(results[i].threshold) << " measured " << results[i].measured.value_or(-1);
    EXPECT_NEAR(*results[0].measured, 400, 0.4);
    EXPECT_NEAR(*results[14].measured, 130, 0.2);
    EXPECT_FALSE(results[15].measured);  // never checked
}

TEST(ThresholdWatch, AWindowFindsWhatTheWholeRunHides) {
    // k6's oldest gap: everything fails for two seconds of a hundred.
    WatchedRun run(
        {"errors<5%", "errors<5% over 2s", "p(95)<300 over 2s", "p(95){read}<300 over 2s", "rate>=90 over 2s"}, 100);
    for (int i = 0; i < 100; ++i) run.second(i == 41 ? 400 : 100, i == 40 ? 50 : 0);
    const std::vector<ThresholdResult> results = run.finish();
    EXPECT_TRUE(results[0].passed);
    EXPECT_FALSE(results[1].passed);
    EXPECT_EQ(results[1].failed_at_nanos, 41 * kSecond);
    EXPECT_NEAR(*results[1].measured, 0.5, 1e-9);
    EXPECT_FALSE(results[2].passed);
    EXPECT_EQ(results[2].failed_at_nanos, 42 * kSecond);
    EXPECT_NEAR(*results[2].measured, 400, 0.4);
    EXPECT_FALSE(results[3].passed);
    EXPECT_EQ(results[3].failed_at_nanos, 42 * kSecond);
    EXPECT_FALSE(results[4].passed);
    EXPECT_NEAR(*results[4].measured, 50, 1e-9);
}

TEST(ThresholdWatch, SlidingIsTheSameAsCountingEachWindowAnew) {
    WatchedRun run({"p(90)<1 over 3s", "avg<1 over 3s", "max<1 over 3s", "med<1 over 3s", "min>1000 over 3s"}, 20);
    std::vector<std::int64_t> ms;
    for (int i = 0; i < 20; ++i) {
        ms.push_back(1 + (i * 37) % 91);
        run.second(ms.back());
    }
    double p90 = 0, average = 0, highest = 0, median = 0, lowest = 1e9;
    for (std::size_t i = 2; i < ms.size(); ++i) {
        std::vector<std::int64_t> three{ms[i - 2], ms[i - 1], ms[i]};
        std::sort(three.begin(), three.end());
        p90 = std::max(p90, static_cast<double>(three[2]));
        highest = p90;
        median = std::max(median, static_cast<double>(three[1]));
        average = std::max(average, static_cast<double>(three[0] + three[1] + three[2]) / 3);
        lowest = std::min(lowest, static_cast<double>(three[0]));
    }
    const std::vector<ThresholdResult> results = run.finish();
    EXPECT_NEAR(*results[0].measured, p90, p90 / 1000);
    EXPECT_NEAR(*results[1].measured, average, average / 1000);
    EXPECT_NEAR(*results[2].measured, highest, highest / 1000);
    EXPECT_NEAR(*results[3].measured, median, median / 1000);
    EXPECT_NEAR(*results[4].measured, lowest, lowest / 1000);
}

TEST(ThresholdWatch, AbortsOnlyWhereItSaysSoAndNotBefore) {
    WatchedRun run({"p(95)<50", "errors<10% over 2s abort after 5s", "requests>=100000 abort"});
    for (int i = 0; i < 4; ++i) EXPECT_FALSE(run.second(100, 40));
    EXPECT_EQ(run.second(100, 0), 1U);
    EXPECT_FALSE(run.finish(true)[1].passed);
}

TEST(ThresholdWatch, ACountThatIsToBeExactEndsTheRunOnceItIsAbove) {
    WatchedRun dropped({"requests>=1 abort", "dropped==0 abort"});
    EXPECT_FALSE(dropped.second(1));
    dropped.record->dropped({0, kSecond, kSecond});
    EXPECT_EQ(dropped.second(1), 1U);
    EXPECT_FALSE(dropped.finish(true)[1].passed);
    WatchedRun exact({"requests==200 abort"});
    for (int i = 0; i < 2; ++i) EXPECT_FALSE(exact.second(1)) << "it may still come to hold";
    EXPECT_EQ(exact.second(1), 0U);
    WatchedRun below({"dropped<=2 abort", "dropped==2 abort"});
    for (int i = 0; i < 2; ++i) {
        below.record->dropped({0, i * kSecond, i * kSecond});
        EXPECT_FALSE(below.second(1)) << i;
    }
}

TEST(ThresholdWatch, OneThatEndedTheRunHasFailed) {
    WatchedRun run({"max<50 abort", "errors<1% abort"});
    EXPECT_EQ(run.second(100, 10), 0U);
    const std::vector<ThresholdResult> results = run.finish(true);
    EXPECT_FALSE(results[0].passed);
    EXPECT_EQ(results[0].failed_at_nanos, kSecond);
}

TEST(ThresholdWatch, WhatHadNoAnswerCountsWithItsWait) {
    WatchedRun run({"p(95)<300", "p(95)<300 over 1s"});
    run.second(100);
    for (int i = 0; i < 10; ++i) run.record->failed({0, Outcome::Timeout, 0, 0, kSecond + i * kMillis});
    const std::vector<ThresholdResult> results = run.finish();
    EXPECT_NEAR(*results[0].measured, 1005, 10);
    EXPECT_NEAR(*results[1].measured, 1005, 10);
}

TEST(ThresholdWatch, NothingMeasuredIsNotPassed) {
    WatchedRun run({"p(95)<300", "errors<1%", "p(95)<300 over 5s", "send_lag<1"});
    for (const ThresholdResult& result : run.finish()) {
        EXPECT_FALSE(result.passed) << to_text(result.threshold);
        EXPECT_FALSE(result.measured);
    }
}

TEST(ThresholdWatch, EndToEndIsJudgedAtTheEnd) {
    WatchedRun run({"lost==0", "freshness<1s"});
    run.second(1);
    EndToEndReport found;
    found.lost = 1;
    found.freshness_query.record(900'000);
    const std::vector<ThresholdResult> results = run.finish(false, &found);
    EXPECT_FALSE(results[0].passed);
    EXPECT_TRUE(results[1].passed);
}

}  // namespace
}  // namespace streamgauge::loadgen
