// SPDX-License-Identifier: GPL-3.0-or-later
// A run that goes wrong at a known instant, on the laboratory's scale of one hour.
#include "loadgen/run_objectives.h"

#include <gtest/gtest.h>

namespace streamgauge::loadgen {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000, kMilli = 1'000'000;
constexpr Timestamp kStart{1'700'000'000'000'000};

slo::Objective lab(slo::Indicator::Kind kind, double target) {
    slo::Objective objective;
    objective.name = "lab";
    objective.indicator.kind = kind;
    objective.indicator.threshold_ms = 300;
    objective.target = target;
    objective.window.micros = 3'600'000'000;
    return objective;
}

Answered answer(std::int64_t at, Outcome outcome = Outcome::Ok, std::int64_t took = kMilli) {
    Answered answered;
    answered.outcome = outcome;
    answered.planned = answered.sent_at = at - took;
    answered.at = at;
    return answered;
}

RunObjectives made(std::vector<slo::Objective> objectives) {
    auto run = RunObjectives::make(objectives, {"events", "reads"}, kStart);
    EXPECT_TRUE(run) << run.error().describe();
    return std::move(run).value();
}

// 99 % over an hour: the page's long window is 5 s, and 14.4 % of it must be bad: 720 ms of an outage.
TEST(RunObjectives, FireWithinATickOfTheFormula) {
    RunObjectives run = made({lab(slo::Indicator::Kind::Availability, 0.99)});
    const std::int64_t outage = 20 * kSecond;
    for (std::int64_t at = 0; at < 40 * kSecond; at += 10 * kMilli) {
        run.take(answer(at, at >= outage && at < 23 * kSecond ? Outcome::ServerError : Outcome::Ok));
        if (at % (250 * kMilli) == 0) run.tick(at);
    }
    const std::vector<ObjectiveResult> results = run.finish(40 * kSecond);
    ASSERT_EQ(results.size(), 1U);
    ASSERT_TRUE(results[0].first_fired_nanos);
    std::optional<std::int64_t> page, over;
    for (const slo::AlertChange& change : results[0].changes) {
        if (change.rule != 0) continue;
        if (change.to == slo::AlertState::Firing) page = (change.at.micros - kStart.micros) * 1000;
        if (change.to == slo::AlertState::Inactive && page) over = (change.at.micros - kStart.micros) * 1000;
    }
    ASSERT_TRUE(page);
    EXPECT_GE(*page - outage, 720 * kMilli);
    EXPECT_LE(*page - outage, 720 * kMilli + 100 * kMilli);
    ASSERT_TRUE(over) << "its short window is 0.42 s";
    EXPECT_GE(*over, 23 * kSecond);
    EXPECT_LE(*over, 24 * kSecond);
    EXPECT_EQ(results[0].budget.counted, (slo::Ratio{3700, 4000}));
    EXPECT_FALSE(results[0].held);
}

TEST(RunObjectives, CountWhatGotNoAnswer) {
    slo::Objective reads = lab(slo::Indicator::Kind::Errors, 0.9);
    reads.indicator.route = "reads";
    slo::Objective limited = lab(slo::Indicator::Kind::Errors, 0.9);
    limited.indicator.limited_is_bad = true;
    RunObjectives run =
        made({lab(slo::Indicator::Kind::Latency, 0.9), lab(slo::Indicator::Kind::Errors, 0.9), reads, limited});
    run.take(answer(10 * kMilli));
    run.take(answer(500 * kMilli, Outcome::Limited, 400 * kMilli));  // late
    Failed reset;
    reset.at = 100 * kMilli;  // after 100 ms: it would not have been too late yet
    run.take(reset);
    reset.at = 400 * kMilli;
    run.take(reset);
    Unfinished waits;
    waits.at = 900 * kMilli;
    run.take(waits);
    const std::vector<ObjectiveResult> results = run.finish(kSecond);
    EXPECT_EQ(results[0].budget.counted, (slo::Ratio{1, 4}));
    EXPECT_EQ(results[1].budget.counted, (slo::Ratio{2, 5}));
    EXPECT_EQ(results[2].budget.counted, (slo::Ratio{}));
    EXPECT_FALSE(results[2].held) << "no data is not healthy";
    EXPECT_EQ(results[3].budget.counted, (slo::Ratio{1, 5}));
}

TEST(RunObjectives, RefuseWhatARunCannotSee) {
    const auto field = [](slo::Objective objective) {
        const auto run = RunObjectives::make({std::move(objective)}, {"events"}, kStart);
        return run ? std::string() : run.error().field;
    };
    EXPECT_EQ(field(lab(slo::Indicator::Kind::Freshness, 0.9)), "objectives[0].indicator.kind");
    EXPECT_EQ(field(lab(slo::Indicator::Kind::Errors, 1)), "objectives[0].target");
    slo::Objective other = lab(slo::Indicator::Kind::Errors, 0.9);
    other.indicator.route = "reads";
    EXPECT_EQ(field(other), "objectives[0].indicator.route");
    EXPECT_EQ(field(lab(slo::Indicator::Kind::Errors, 0.9)), "");
}

}  // namespace
}  // namespace streamgauge::loadgen
