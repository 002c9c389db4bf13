// SPDX-License-Identifier: GPL-3.0-or-later
// A run that goes wrong at a known instant, on the laboratory's scale of one hour.
#include "loadgen/run_objectives.h"

#include <gtest/gtest.h>

#include <functional>

#include "loadgen/objective_import.h"
#include "loadgen/objective_outputs.h"
#include "loadgen/scenario_text.h"
#include "slo/openslo.h"

namespace streamgauge::loadgen {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000, kMilli = 1'000'000;

LabObjective lab(slo::Indicator::Kind kind, double target) {
    LabObjective lab;
    lab.objective.name = "lab";
    lab.objective.indicator.kind = kind;
    lab.objective.target = target;
    lab.scaled_to_seconds = 3600;
    return lab;
}

Scenario scenario_of(std::vector<LabObjective> objectives, double seconds = 40) {
    Scenario scenario;
    scenario.url = "http://127.0.0.1:8080/events";
    scenario.stages.emplace_back();
    scenario.stages.back().rate = 100;
    scenario.stages.back().seconds = seconds;
    for (const char* name : {"events", "reads"}) scenario.requests.emplace_back().name = name;
    scenario.requests[1].method = "GET";
    scenario.requests[1].path = "/items/{{item}}?x=1";
    for (std::size_t i = 0; i < objectives.size(); ++i) objectives[i].objective.name += std::to_string(i);
    scenario.objectives = std::move(objectives);
    const Status valid = validate(scenario);
    EXPECT_TRUE(valid.ok()) << (valid ? "" : valid.error().describe());
    return scenario;
}

Answered answer(std::int64_t at, Outcome outcome = Outcome::Ok, std::int64_t took = kMilli) {
    Answered answered;
    answered.outcome = outcome;
    answered.planned = answered.sent_at = at - took;
    answered.at = at;
    return answered;
}

// 100 a second, of which those in [from, to) fail where `bad` says so of their number.
std::vector<ObjectiveResult> run(const Scenario& scenario, std::int64_t from, std::int64_t to, std::int64_t length,
                                 const std::function<bool(std::int64_t)>& bad) {
    RunObjectives objectives(scenario);
    for (std::int64_t at = 0; at < length; at += 10 * kMilli) {
        const bool fails = at >= from && at < to && bad(at / (10 * kMilli));
        objectives.take(answer(at, fails ? Outcome::ServerError : Outcome::Ok));
        if (at % (250 * kMilli) == 0) objectives.tick(at);
    }
    return objectives.finish(length);
}

bool every(std::int64_t) {
    return true;
}

// 99 % over an hour: the page's long window is 5 s, and 14.4 % of it must be bad: 720 ms of an outage. Its short one,
// 417 ms, is five slices: over within 500 ms * (1 - 0.144).
TEST(RunObjectives, FireAndAreOverWithinATickOfTheFormula) {
    const Scenario scenario = scenario_of({lab(slo::Indicator::Kind::Availability, 0.99)});
    const std::vector<ObjectiveResult> results = run(scenario, 20 * kSecond, 23 * kSecond, 40 * kSecond, every);
    ASSERT_EQ(results.size(), 1U);
    const ObjectiveResult& result = results[0];
    EXPECT_EQ(result.counted, (slo::Ratio{3700, 4000}));
    EXPECT_FALSE(result.held);
    ASSERT_EQ(result.alerts.size(), 4U);
    const ObjectiveAlert& page = result.alerts[0];
    EXPECT_EQ(page.rule.long_micros, 5'000'000);
    EXPECT_EQ(page.rule.short_micros, 500'000);
    EXPECT_EQ(page.real_long_micros, 3'600'000'000);
    EXPECT_NEAR(page.fastest_seconds.value(), 0.72, 1e-9);
    ASSERT_EQ(page.fired, 1U);
    const AlertEpisode& episode = page.episodes.at(0);
    EXPECT_EQ(episode.began_nanos, 20 * kSecond);
    EXPECT_NEAR(episode.expected_seconds, 0.72, 1e-9);
    EXPECT_GE(episode.fired_nanos - 20 * kSecond, 720 * kMilli);
    EXPECT_LE(episode.fired_nanos - 20 * kSecond, 820 * kMilli);
    ASSERT_TRUE(episode.resolved_nanos);
    EXPECT_EQ(episode.last_bad_nanos, 23 * kSecond);
    EXPECT_NEAR(episode.expected_reset_seconds.value(), 0.428, 1e-9);
    EXPECT_GE(*episode.resolved_nanos - 23 * kSecond, 428 * kMilli);
    EXPECT_LE(*episode.resolved_nanos - 23 * kSecond, 528 * kMilli);
}

// Of a partial outage the formula is that much slower: half of it bad, 1.44 s.
TEST(RunObjectives, FireByTheShareThatIsBad) {
    const Scenario scenario = scenario_of({lab(slo::Indicator::Kind::Availability, 0.99)});
    const auto results = run(scenario, 20 * kSecond, 30 * kSecond, 40 * kSecond, [](auto n) { return n % 2 == 0; });
    const AlertEpisode& episode = results[0].alerts[0].episodes.at(0);
    EXPECT_NEAR(episode.expected_seconds, 1.44, 0.001);
    EXPECT_NEAR(static_cast<double>(episode.fired_nanos - episode.began_nanos) / 1e9, 1.44, 0.1);
    // The 30 s window for 6 times: 6 % of the run so far, which is shorter; x = 0.06 * (20 + x) / 0.5.
    const AlertEpisode& slower = results[0].alerts[1].episodes.at(0);
    EXPECT_NEAR(slower.expected_seconds, 0.06 * 20 / (0.5 - 0.06), 0.1);
    EXPECT_NEAR(static_cast<double>(slower.fired_nanos - slower.began_nanos) / 1e9, slower.expected_seconds, 0.1);
}

// 3 s of 40 at 100/s, bad: 300 of a budget of 1 % of 100/s over 30 days.
TEST(RunObjectives, SayWhatTheRunWouldCost) {
    std::vector<LabObjective> two(2, lab(slo::Indicator::Kind::Availability, 0.99));
    two[1].usual_rate = 50;
    const auto results = run(scenario_of(two), 0, 3 * kSecond, 40 * kSecond, every);
    EXPECT_DOUBLE_EQ(results[0].usual_rate, 100);
    const double month = 30.0 * 86'400;
    EXPECT_NEAR(results[0].budget_used.value(), 300 / (0.01 * 100 * month), 1e-12);
    // Which is the burn rate times the share of the window that the run took.
    EXPECT_NEAR(results[0].budget_used.value(), 300.0 / 4000 / 0.01 * 40 / month, 1e-12);
    EXPECT_NEAR(results[1].budget_used.value(), 2 * *results[0].budget_used, 1e-12);
    EXPECT_NE(budget_used_text(results[1]).find("of the budget of 30 d at 50 requests/s"), std::string::npos);
}

// The window lasts as long as the run where nothing else is said; then errors of 1 % are held by 99 %.
TEST(RunObjectives, JudgeEveryWholeWindow) {
    std::vector<LabObjective> two(2, lab(slo::Indicator::Kind::Availability, 0.9));
    two[0].scaled_to_seconds = 0;
    two[1].scaled_to_seconds = 10;
    // 2 of 40 s: 5 % of the run, and a fifth of ten seconds.
    const auto results = run(scenario_of(two), 5 * kSecond, 7 * kSecond, 40 * kSecond, every);
    EXPECT_EQ(results[0].lasts_micros, 40'000'000);
    EXPECT_TRUE(results[0].held);
    EXPECT_NEAR(results[0].lowest_left.value(), 0.5, 0.01);
    EXPECT_FALSE(results[1].held);
    EXPECT_NEAR(results[1].lowest_left.value(), -1, 0.01);
    EXPECT_EQ(results[1].overspent_nanos, 10 * kSecond) << "the first window of ten seconds";
    EXPECT_NEAR(results[1].left.value(), 1, 0.01) << "of the last one nothing is spent";
}

TEST(RunObjectives, CountWhatGotNoAnswer) {
    LabObjective reads = lab(slo::Indicator::Kind::Errors, 0.9);
    reads.objective.indicator.route = "reads";
    LabObjective limited = lab(slo::Indicator::Kind::Errors, 0.9);
    limited.objective.indicator.limited_is_bad = true;
    RunObjectives objectives(
        scenario_of({lab(slo::Indicator::Kind::Latency, 0.9), lab(slo::Indicator::Kind::Errors, 0.9), reads, limited}));
    objectives.take(answer(10 * kMilli));
    objectives.take(answer(500 * kMilli, Outcome::Limited, 400 * kMilli));  // late
    Failed reset;
    reset.at = 100 * kMilli;  // after 100 ms: it would not have been too late yet
    objectives.take(reset);
    reset.at = 400 * kMilli;
    objectives.take(reset);
    Unfinished waits;
    waits.at = 900 * kMilli;
    objectives.take(waits);
    const std::vector<ObjectiveResult> results = objectives.finish(kSecond);
    EXPECT_EQ(results[0].counted, (slo::Ratio{1, 4}));
    EXPECT_EQ(results[1].counted, (slo::Ratio{2, 5}));
    EXPECT_EQ(results[2].counted, (slo::Ratio{}));
    EXPECT_FALSE(results[2].held) << "no data is not healthy";
    EXPECT_FALSE(results[2].budget_used);
    EXPECT_EQ(results[3].counted, (slo::Ratio{1, 5}));
}

// Nobody ticked for a minute: what comes then lies in its own slice, and nothing is lost.
TEST(RunObjectives, ALongStandstillLosesNothing) {
    RunObjectives objectives(scenario_of({lab(slo::Indicator::Kind::Availability, 0.99)}));
    for (std::int64_t at : {std::int64_t{0}, kSecond, 60 * kSecond, 61 * kSecond})
        objectives.take(answer(at, at == 60 * kSecond ? Outcome::ServerError : Outcome::Ok));
    const std::vector<ObjectiveResult> results = objectives.finish(62 * kSecond);
    EXPECT_EQ(results[0].counted, (slo::Ratio{3, 4}));
    EXPECT_EQ(results[0].alerts[0].episodes.at(0).began_nanos, 60 * kSecond);
}

TEST(RunObjectives, StandWhileTheRunGoesOn) {
    RunObjectives objectives(scenario_of({lab(slo::Indicator::Kind::Availability, 0.99)}));
    EXPECT_FALSE(objectives.standings()[0].left);
    for (std::int64_t at = 0; at < 10 * kSecond; at += 10 * kMilli)
        objectives.take(answer(at, at >= 8 * kSecond ? Outcome::ServerError : Outcome::Ok));
    objectives.tick(10 * kSecond);
    const ObjectiveStanding standing = objectives.standings()[0];
    EXPECT_EQ(standing.promise, "99 % answered without 5xx");
    EXPECT_EQ(standing.counted, (slo::Ratio{800, 1000}));
    EXPECT_DOUBLE_EQ(standing.target, 0.99);
    EXPECT_NEAR(standing.left.value(), -19, 1e-9) << "a fifth of what is allowed a hundredth";
    EXPECT_NEAR(standing.burn_rate.value(), 40, 1e-9) << "two of five seconds";
    EXPECT_EQ(standing.firing.size(), 4U);
    EXPECT_EQ(standing.fired, 4U);
}

TEST(LabObjective, WindowsAreWholeSlicesAndTheirNumberIsBounded) {
    LabObjective objective = lab(slo::Indicator::Kind::Availability, 0.999);
    objective.scaled_to_seconds = 120;
    const LabScaled minutes = lab_scaled(objective, 0);
    EXPECT_EQ(minutes.slice_micros, 100'000);
    EXPECT_EQ(minutes.objective.window.micros, 120'000'000);
    ASSERT_EQ(minutes.objective.rules.size(), 4U);
    EXPECT_EQ(minutes.objective.rules[0].long_micros, 200'000);  // 167 ms
    EXPECT_EQ(minutes.objective.rules[0].short_micros, 100'000);
    EXPECT_EQ(minutes.objective.rules[3].long_micros, 12'000'000);
    objective.scaled_to_seconds = 86'400;
    const LabScaled day = lab_scaled(objective, 0);
    EXPECT_LE(day.objective.window.micros / day.slice_micros, 36'000);
    EXPECT_LE(day.slice_micros * 4, day.objective.rules[0].short_micros);
}

TEST(ObjectiveImport, TakesWhatARunSeesAndSaysWhatItLeavesOut) {
    slo::Objective fast;
    fast.name = "fast";
    fast.indicator.kind = slo::Indicator::Kind::Latency;
    fast.indicator.route = "POST /events";
    fast.indicator.threshold_ms = 100;
    fast.window.rolling = false;  // a month
    fast.rules = {{slo::Severity::Ticket, 7'200'000'000, 600'000'000, 2, 60'000'000}};
    slo::Objective reads;
    reads.name = "reads";
    reads.indicator.kind = slo::Indicator::Kind::Errors;
    reads.indicator.route = "/items/{id}";
    slo::Objective fresh;
    fresh.name = "fresh";
    fresh.indicator.kind = slo::Indicator::Kind::Freshness;
    slo::Objective other = fast;
    other.name = "other";
    other.indicator.route = "/elsewhere";
    const Scenario scenario = scenario_of({});
    const auto import = import_objectives(slo::write_openslo({fast, reads, fresh, other}), scenario);
    ASSERT_TRUE(import.ok()) << import.error().describe();
    ASSERT_EQ(import->objectives.size(), 2U);
    EXPECT_EQ(import->objectives[0].objective.indicator.route, "events");
    EXPECT_EQ(import->objectives[0].objective.window.micros, 30LL * 86'400'000'000);
    EXPECT_EQ(import->objectives[0].objective.rules, fast.rules);
    EXPECT_EQ(import->objectives[1].objective.indicator.route, "reads");
    ASSERT_EQ(import->left_out.size(), 2U);
    EXPECT_EQ(import->left_out[0], "fresh: a run sees availability, latency and errors");
    Scenario with = scenario;
    with.objectives = import->objectives;
    const auto again = parse_scenario(to_text(with));
    ASSERT_TRUE(again.ok()) << again.error().describe();
    EXPECT_EQ(*again, with) << to_text(with);
    EXPECT_EQ(import_objectives(slo::write_openslo({fresh}), scenario).error().field, "objectives");
    EXPECT_FALSE(import_objectives("objectives: [1]", scenario).ok());
}

}  // namespace
}  // namespace streamgauge::loadgen
