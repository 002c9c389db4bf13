// SPDX-License-Identifier: GPL-3.0-or-later
// The report that is made of what was known of a run when it did not come to its end.
#include "api/run_so_far.h"

#include <gtest/gtest.h>

#include "loadgen/report_maker.h"
#include "loadgen/report_text.h"

namespace streamgauge::api {
namespace {

using loadgen::Outcome;

constexpr std::string_view kScenario = R"(name: shop
url: http://127.0.0.1:8080/events
stages:
  - {rate: 100, for: 60s}
thresholds: ['errors<1%']
objectives:
  - {name: answered, kind: availability, target: 99%, window: 30d}
)";

LoadStatus after_ten_seconds() {
    LoadStatus status;
    status.run_id = "r";
    status.state = LoadState::Running;
    status.name = "shop";
    status.plan.url = "http://127.0.0.1:8080/events";
    status.plan.seed = 7;
    status.elapsed_seconds = 10;
    status.planned_seconds = 60;
    status.planned = 1000;
    status.sent = 990;
    status.done = 900;
    status.failed = 60;
    // A status names the most frequent kinds only: five are of none of these.
    status.errors = {{"status_503", 30}, {"timeout", 10}, {"status_429", 8}, {"status_404", 6}, {"status_302", 1}};
    status.thresholds = {{"errors<1%", false, 0.0625}};
    LoadObjective& objective = status.objectives.emplace_back();
    objective.name = "answered";
    objective.good = 930;
    objective.total = 960;
    objective.left = -0.5;
    return status;
}

TEST(RunSoFar, SaysOfAnInterruptedRunWhatWasKnown) {
    RunSoFar so_far({}, after_ten_seconds(), std::string(kScenario), "user ada",
                    Timestamp::from_seconds(1'700'000'000));
    EXPECT_FALSE(so_far.was_heard()) << "it only begins";
    so_far.take(after_ten_seconds());
    EXPECT_TRUE(so_far.was_heard());
    for (std::int64_t second = 0; second < 2; ++second) {
        Histogram response, unanswered;
        for (int i = 0; i < 45; ++i) response.record(20'000 + 10'000 * second);
        unanswered.record(1'000'000);
        loadgen::SecondReport report;
        report.row.second = second;
        report.row.dropped = 4;
        report.response = SparseHistogram(response);
        report.unanswered = SparseHistogram(unanswered);
        so_far.take(std::move(report));
    }
    loadgen::HandAction hand;
    hand.kind = loadgen::HandAction::Kind::Spike;
    hand.at_nanos = 1'234'567'891;
    hand.rate = 300;
    hand.seconds = 2;
    so_far.take(hand);
    const auto parsed = loadgen::parse_run_report(so_far.interrupted(after_ten_seconds(), "the server ended"));
    ASSERT_TRUE(parsed.ok()) << parsed.error().describe();
    const loadgen::RunReport& report = *parsed;
    EXPECT_EQ(report.run_id, "r");
    EXPECT_EQ(report.state, loadgen::RunState::Interrupted);
    EXPECT_EQ(report.stopped_by, "the server ended");
    EXPECT_EQ(report.certificate.verdict, loadgen::Validity::Invalid);
    EXPECT_FALSE(loadgen::passed(report));

    const loadgen::Totals& totals = report.totals;
    EXPECT_EQ(totals.done(), 900U);
    EXPECT_EQ(totals.failed(), 60U);
    EXPECT_EQ(totals.of(Outcome::ServerError), 30U);
    EXPECT_EQ(totals.of(Outcome::Timeout), 10U);
    EXPECT_EQ(totals.of(Outcome::Limited), 8U);
    EXPECT_EQ(totals.of(Outcome::ClientError), 6U);
    EXPECT_EQ(totals.of(Outcome::Redirect), 1U);
    EXPECT_EQ(totals.of(Outcome::Unexpected), 5U);
    EXPECT_EQ(totals.dropped, 8U);
    EXPECT_EQ(totals.done() + totals.failed() + totals.dropped + totals.unfinished(), totals.planned);
    EXPECT_EQ(report.durations.response.count(), 90U);
    EXPECT_EQ(report.durations.unanswered.count(), 2U);
    ASSERT_EQ(report.seconds.size(), 2U);
    EXPECT_EQ(report.hand, std::vector{hand});
    ASSERT_EQ(report.endpoints.size(), 1U);
    EXPECT_EQ(report.endpoints[0].totals, totals);
    ASSERT_EQ(report.thresholds.size(), 1U);
    EXPECT_FALSE(report.thresholds[0].passed);

    ASSERT_EQ(report.objectives.size(), 1U);
    const loadgen::ObjectiveResult& objective = report.objectives[0];
    EXPECT_EQ(objective.objective.name, "answered");
    EXPECT_EQ(objective.lasts_micros, 60'000'000) << "thirty days last as long as the run was planned";
    EXPECT_EQ(objective.counted.good, 930U);
    EXPECT_EQ(objective.counted.total, 960U);
    EXPECT_FALSE(objective.held);
    EXPECT_EQ(objective.left, -0.5);
    EXPECT_DOUBLE_EQ(objective.usual_rate, 96);
    // 30 bad ones, of 1 % of 96 a second over thirty days.
    ASSERT_TRUE(objective.budget_used);
    EXPECT_NEAR(*objective.budget_used, 30 / (0.01 * 96 * 30 * 86'400), 1e-12);
}

// What a hand did is noted with the next status, however short ago the last note was.
TEST(RunSoFar, NotesAHandAtOnce) {
    std::vector<std::string> noted;
    RunNoteKeeper keeper;
    keeper.note = [&](const std::string&, std::string report, const std::string&) {
        noted.push_back(std::move(report));
    };
    RunSoFar so_far(keeper, after_ten_seconds(), std::string(kScenario), "user ada",
                    Timestamp::from_seconds(1'700'000'000));
    so_far.take(after_ten_seconds());
    const std::size_t before = noted.size();
    loadgen::HandAction hand;
    hand.kind = loadgen::HandAction::Kind::Pause;
    so_far.take(hand);
    so_far.take(after_ten_seconds());
    ASSERT_EQ(noted.size(), before + 1);
    const auto parsed = loadgen::parse_run_report(noted.back());
    ASSERT_TRUE(parsed.ok()) << parsed.error().describe();
    EXPECT_EQ(parsed->hand, std::vector{hand});
}

// Nothing was sent yet: no number comes of a division by zero.
TEST(RunSoFar, SaysOfARunThatOnlyBeganThatItHasNothing) {
    LoadStatus begun;
    begun.run_id = "r";
    begun.state = LoadState::Starting;
    begun.objectives.resize(1);
    const RunSoFar so_far({}, begun, std::string(kScenario), "", Timestamp::from_seconds(1'700'000'000));
    const auto parsed = loadgen::parse_run_report(so_far.interrupted(begun, "the server ended"));
    ASSERT_TRUE(parsed.ok()) << parsed.error().describe();
    EXPECT_EQ(parsed->totals.planned, 0U);
    ASSERT_EQ(parsed->objectives.size(), 1U);
    EXPECT_EQ(parsed->objectives[0].lasts_micros, 60'000'000);
    EXPECT_EQ(parsed->objectives[0].usual_rate, 0);
    EXPECT_FALSE(parsed->objectives[0].budget_used);
}

}  // namespace
}  // namespace streamgauge::api
