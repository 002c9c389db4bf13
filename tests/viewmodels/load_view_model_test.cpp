// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/load_view_model.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>

#include <gmock/gmock.h>

#include "client/eventually.h"
#include "client/fake_client.h"
#include "loadgen/report_text.h"
#include "viewmodels/load_words.h"

namespace streamgauge::viewmodels {
namespace {

using client::ConnectionState;
using tests::eventually;

QString plain(QString text) {
    return text.replace(QChar(u'\u202F'), u' ');
}

// The value of the figure of that name.
QString figure(const LoadResult& run, const QString& name) {
    for (const QVariant& one : run.figures())
        if (one.toMap()[QStringLiteral("name")].toString() == name)
            return plain(one.toMap()[QStringLiteral("value")].toString());
    return {};
}

loadgen::RunReport report_of(const std::string& id, bool failed) {
    loadgen::RunReport report;
    report.run_id = id;
    report.name = failed ? "bad day" : "good day";
    report.url = "http://127.0.0.1:8080/events";
    report.elapsed_seconds = report.planned_seconds = 2;
    report.scenario = "name: x\nurl: http://127.0.0.1:8080/events\nstages: [{rate: 100, for: 2s}]\n";
    for (std::int64_t second = 0; second < 2; ++second) {
        Histogram response;
        response.record(failed ? 412'000 : 20'000, 100);
        loadgen::SecondReport row;
        row.row.second = second;
        row.row.planned = row.row.sent = row.row.ok = 100;
        row.row.p99_ms = failed ? 412 : 20;
        row.response = SparseHistogram(response);
        report.seconds.push_back(std::move(row));
        report.durations.response.merge(response);
    }
    report.totals.planned = report.totals.sent = 200;
    report.totals.outcomes[static_cast<std::size_t>(loadgen::Outcome::Ok)] = failed ? 180 : 200;
    report.totals.outcomes[static_cast<std::size_t>(loadgen::Outcome::ServerError)] = failed ? 20 : 0;
    report.thresholds = {{*loadgen::parse_threshold("p(95) < 300"), !failed, failed ? 412.0 : 20.0, {}},
                         {*loadgen::parse_threshold("errors < 1%"), !failed, failed ? 0.1 : 0.0, {}}};
    if (failed) report.errors = {{"events", "status_503", 20, 1'200'000'000, 1'900'000'000, {}}};
    return report;
}

api::StoredLoadRun stored(const loadgen::RunReport& report) {
    api::StoredLoadRun run;
    run.id = report.run_id;
    run.name = report.name;
    run.state = "done";
    run.verdict = "valid";
    run.passed = report.thresholds[0].passed;
    run.good = 200;
    return run;
}

class LoadTest : public testing::Test {
protected:
    LoadTest() {
        fake.post_events_to("http://127.0.0.1:8080/events");
        fake.start();
        EXPECT_TRUE(eventually([&] { return fake.state() == ConnectionState::Syncing; }));
    }
    void begin() {
        fake.go(ConnectionState::Live);
        fake.publish(api::LoadStatus{}, true);
    }
    void keep(const loadgen::RunReport& report) {
        fake.stored_runs.insert(fake.stored_runs.begin(), stored(report));
        fake.run_reports[report.run_id] = loadgen::to_json(report);
    }
    api::LoadStatus running(std::int64_t seconds) {
        api::LoadStatus status;
        status.run_id = "r1";
        status.state = api::LoadState::Running;
        status.planned_seconds = 10;
        status.elapsed_seconds = static_cast<double>(seconds);
        status.rate = 100;
        for (std::int64_t second = 0; second < seconds; ++second) {
            status.seconds.push_back({second, 100, 100, 98, 1, 1, 1.5, 1.2, 2.5, 3.5, {0, 60, 40}});
            status.planned += 100;
            status.sent += 100;
            status.done += 98;
            status.failed += 2;
        }
        status.p99_ms = 3.5;
        return status;
    }
    client::FakeClient fake;
    LoadViewModel model{fake};
};

TEST_F(LoadTest, StartsTheScenarioAsItStandsAndStopsIt) {
    begin();
    ASSERT_TRUE(model.can_start()) << model.scenario()->problem().toStdString();
    EXPECT_EQ(model.view(), u"setup");
    model.scenario()->set(QStringLiteral("arrivals"), QStringLiteral("poisson"));
    model.start();
    EXPECT_TRUE(model.busy());
    EXPECT_FALSE(model.can_start()) << "not twice";
    ASSERT_TRUE(eventually([&] { return !model.busy(); }));
    ASSERT_EQ(fake.started_scenarios().size(), 1U);
    EXPECT_EQ(fake.started_scenarios()[0], model.scenario()->text().toStdString());
    EXPECT_THAT(fake.started_scenarios()[0], testing::HasSubstr("arrivals: poisson"));
    EXPECT_EQ(model.view(), u"run") << "there is something to look at";
    EXPECT_TRUE(model.can_stop());
    model.stop();
    ASSERT_TRUE(eventually([&] { return model.run()->state() == u"stopped"; }));
    EXPECT_EQ(fake.stops_asked(), 1);
}

TEST_F(LoadTest, SaysWhyItCouldNotStart) {
    begin();
    fake.on_start_scenario = [](const std::string&) {
        return Result<api::LoadStatus>(Error{ErrorCode::Conflict, "a run is active", {}, {}, "stop it first"});
    };
    model.start();
    ASSERT_TRUE(eventually([&] { return !model.busy(); }));
    EXPECT_TRUE(model.error_text().contains(QStringLiteral("a run is active")));
    EXPECT_TRUE(model.error_text().contains(QStringLiteral("stop it first")));
    EXPECT_EQ(model.error_kind(), u"conflict");
    model.set_view(QStringLiteral("runs"));
    EXPECT_EQ(model.error_text(), u"");
}

TEST_F(LoadTest, ATargetThatTheServerForbidsIsMarkedWhereItStands) {
    begin();
    fake.on_start_scenario = [](const std::string&) {
        return Result<api::LoadStatus>(
            Error{ErrorCode::Forbidden, "runs may not go there", "url", {}, "load.allowed_targets lists where"});
    };
    model.start();
    ASSERT_TRUE(eventually([&] { return !model.busy(); }));
    EXPECT_EQ(model.error_kind(), u"forbidden");
    EXPECT_TRUE(
        model.scenario()->faults()[QStringLiteral("url")].toString().contains(QStringLiteral("load.allowed_targets")));
    EXPECT_FALSE(model.can_start());
    model.scenario()->set(QStringLiteral("url"), QStringLiteral("http://127.0.0.1:8080/x"));
    EXPECT_TRUE(model.can_start());
}

TEST_F(LoadTest, ALostConnectionEndsTheWait) {
    begin();
    fake.hold = true;
    model.start();
    fake.go(ConnectionState::Degraded, "gone");
    EXPECT_FALSE(model.busy());
    EXPECT_NE(model.error_text(), u"");
    EXPECT_FALSE(model.can_start());
}

TEST_F(LoadTest, ShowsTheRunLive) {
    begin();
    LoadSecondsModel& seconds = *model.run()->seconds();
    QAbstractItemModelTester tester(&seconds, QAbstractItemModelTester::FailureReportingMode::Fatal);
    fake.publish(running(2));
    EXPECT_EQ(model.phase(), u"data");
    EXPECT_EQ(figure(*model.run(), QStringLiteral("Planned")), u"200");
    EXPECT_EQ(figure(*model.run(), QStringLiteral("Failed")), u"4");
    EXPECT_EQ(figure(*model.run(), QStringLiteral("p99")), u"3.50 ms");
    EXPECT_DOUBLE_EQ(model.run()->progress(), 0.2);
    EXPECT_EQ(model.run()->clock(), u"0:02 of 0:10");
    EXPECT_TRUE(model.run()->heat()->has_data());
    QSignalSpy resets(&seconds, &QAbstractItemModel::modelReset);
    auto next = running(3);
    next.seconds.erase(next.seconds.begin());
    next.seconds[0].ok = 97;
    fake.publish(next);
    EXPECT_EQ(seconds.count(), 3);
    EXPECT_EQ(seconds.index(0).data(LoadSecondsModel::Second).toString(), u"3") << "newest first";
    EXPECT_EQ(seconds.index(1).data(LoadSecondsModel::Ok).toString(), u"97");
    EXPECT_EQ(resets.count(), 0);
    auto other = running(1);
    other.run_id = "r2";
    fake.publish(other);
    EXPECT_EQ(seconds.count(), 1) << "a new run begins anew";
}

TEST_F(LoadTest, AThresholdThatFailsIsSaidWhileTheRunGoesOn) {
    begin();
    auto status = running(2);
    status.thresholds = {{"p(95) < 300", false, 412}, {"errors < 1%", true, {}}};
    fake.publish(status);
    EXPECT_EQ(plain(model.run()->headline()), u"p95 < 300 ms does not hold: 412 ms");
    EXPECT_EQ(model.run()->tone(), u"bad");
    const QVariantList rows = model.run()->thresholds();
    EXPECT_EQ(rows[0].toMap()[QStringLiteral("state")].toString(), u"fails");
    EXPECT_EQ(rows[1].toMap()[QStringLiteral("state")].toString(), u"not yet") << "nothing measured is not good";
}

TEST_F(LoadTest, TheHandIsLaidOnTheRun) {
    begin();
    model.setRate(50);
    EXPECT_TRUE(fake.hands().empty()) << "no run is under way";
    fake.publish(running(1));
    ASSERT_TRUE(model.can_steer());
    model.setRate(250);
    model.spike(500, 5);
    model.pause();
    using Kind = loadgen::HandAction::Kind;
    ASSERT_EQ(fake.hands().size(), 3U);
    EXPECT_EQ(fake.hands()[0].kind, Kind::Rate);
    EXPECT_DOUBLE_EQ(fake.hands()[0].rate, 250);
    EXPECT_EQ(fake.hands()[1].kind, Kind::Spike);
    EXPECT_DOUBLE_EQ(fake.hands()[1].seconds, 5);
    EXPECT_EQ(fake.hands()[2].kind, Kind::Pause);
    EXPECT_GE(model.most_rate(), 200);
}

TEST_F(LoadTest, ARunThatEndedIsShownByItsReport) {
    begin();
    fake.publish(running(2));
    keep(report_of("r1", true));
    auto over = running(2);
    over.state = api::LoadState::Done;
    fake.publish(over);
    ASSERT_TRUE(eventually([&] { return model.run()->final(); }));
    EXPECT_EQ(model.run()->state_text(), u"Failed");
    ASSERT_EQ(model.run()->reasons().size(), 2);
    EXPECT_TRUE(plain(model.run()->reasons()[0]).startsWith(QStringLiteral("p95 < 300 ms was 412 ms")));
    EXPECT_EQ(plain(model.run()->reasons()[1]),
              u"errors < 1 % was 10.0 %: 503 Service Unavailable × 20, first at 0:01");
    EXPECT_EQ(model.run()->certificate(), u"valid");
    ASSERT_TRUE(eventually([&] { return model.runs()->count() == 1; }));
}

TEST_F(LoadTest, BeginsWithTheLastRun) {
    keep(report_of("old", false));
    keep(report_of("new", true));
    begin();
    ASSERT_TRUE(eventually([&] { return model.run()->final(); }));
    EXPECT_EQ(model.run()->run_id(), "new");
    EXPECT_EQ(model.view(), u"run");
    EXPECT_TRUE(model.can_start()) << "it is over";
    model.editAgain();
    EXPECT_EQ(model.view(), u"setup");
    EXPECT_TRUE(model.scenario()->text().contains(QStringLiteral("rate: 100")));
}

TEST_F(LoadTest, SearchesForCapacity) {
    begin();
    model.scenario()->choose(QStringLiteral("capacity"));
    ASSERT_TRUE(model.can_start()) << model.scenario()->problem().toStdString();
    api::CapacityAsk asked;
    fake.on_find_capacity = [&](const api::CapacityAsk& ask) {
        asked = ask;
        api::LoadStatus status;
        status.run_id = "s";
        status.state = api::LoadState::Running;
        status.capacity.emplace();
        return Result<api::LoadStatus>(status);
    };
    model.start();
    ASSERT_TRUE(eventually([&] { return !model.busy(); }));
    EXPECT_THAT(asked.objectives, testing::ElementsAre("p(95) < 300", "errors < 1%"));
    EXPECT_FALSE(model.can_steer()) << "a search has rates of its own";
    EXPECT_TRUE(model.can_stop());
    api::LoadStatus found;
    found.run_id = "s";
    found.state = api::LoadState::Done;
    found.capacity = {{"found", 1000, 950, 1050, "p(95) < 300", "commit", 175, {"p(95) < 300"}, {}}};
    fake.publish(found);
    EXPECT_EQ(plain(model.run()->headline()), u"1.00 k/s held for 20 s; above it fails p95 < 300 ms, in commit.");
    EXPECT_EQ(plain(model.run()->capacity()[QStringLiteral("interval")].toString()), u"950 /s to 1.05 k/s");
}

TEST_F(LoadTest, IsOfferedByFeatureOnly) {
    client::FakeClient without;
    without.say_hello({"streamgauge", "0.1.0", 1, 1, {"live", "events"}});
    LoadViewModel other(without);
    without.start();
    ASSERT_TRUE(eventually([&] { return without.state() == ConnectionState::Syncing; }));
    without.go(ConnectionState::Live);
    EXPECT_FALSE(other.offered());
    EXPECT_FALSE(other.can_start());
    other.startDemo();
    EXPECT_TRUE(without.started_plans().empty());
}

TEST_F(LoadTest, TheDemoIsGentle) {
    begin();
    model.startDemo();
    ASSERT_TRUE(eventually([&] { return !model.busy(); }));
    ASSERT_EQ(fake.started_plans().size(), 1U);
    EXPECT_DOUBLE_EQ(fake.started_plans()[0].rate, LoadViewModel::kDemoRate);
    EXPECT_EQ(fake.started_plans()[0].url, "http://127.0.0.1:8080/events");
}

// ---- the runs that ended

TEST_F(LoadTest, FindsComparesAndRemovesRuns) {
    keep(report_of("a", false));
    keep(report_of("b", true));
    begin();
    LoadRunsViewModel& runs = *model.runs();
    ASSERT_TRUE(eventually([&] { return runs.count() == 2 && runs.run()->final(); }));
    EXPECT_EQ(runs.selected(), u"b");
    runs.set_search(QStringLiteral("GOOD passed"));
    ASSERT_EQ(runs.rows().size(), 1);
    EXPECT_EQ(runs.rows()[0].toMap()[QStringLiteral("id")].toString(), u"a");
    runs.set_search({});
    fake.on_compare_runs = [](const std::string& before, const std::string& after) {
        EXPECT_EQ(before, "a");
        EXPECT_EQ(after, "b");
        loadgen::RunComparison same;
        same.verdict = loadgen::ChangeVerdict::NoDifference;
        same.measures = {{"p95", 20, 20.5, 0.5, -1, 2, 0.6, loadgen::ChangeVerdict::NoDifference}};
        return Result<loadgen::RunComparison>(same);
    };
    runs.compareWith(QStringLiteral("a"));
    ASSERT_TRUE(eventually([&] { return !runs.comparison().isEmpty() && runs.overlay_latency()->has_data(); }));
    const QVariantMap found = runs.comparison();
    EXPECT_TRUE(found[QStringLiteral("sentence")].toString().startsWith(QStringLiteral("No detectable difference")));
    const QVariantMap row = found[QStringLiteral("measures")].toList()[0].toMap();
    EXPECT_EQ(plain(row[QStringLiteral("interval")].toString()), u"−1.00 ms to +2.00 ms");
    runs.compareWith({});
    EXPECT_FALSE(runs.comparing());
    runs.askRemove();
    EXPECT_TRUE(runs.removing().startsWith(QStringLiteral("bad day")));
    runs.keep();
    EXPECT_EQ(runs.count(), 2);
    runs.askRemove();
    runs.remove();
    ASSERT_TRUE(eventually([&] { return runs.count() == 1; }));
    EXPECT_EQ(runs.selected(), u"a");
}

TEST_F(LoadTest, GivesOutTheReportInEveryForm) {
    keep(report_of("a", false));
    begin();
    ASSERT_TRUE(eventually([&] { return model.run()->final(); }));
    QSignalSpy wanted(model.runs(), &LoadRunsViewModel::saveWanted);
    for (const char* kind : {"html", "json", "csv", "junit", "hdr", "summary"})
        model.exportAs(QString::fromLatin1(kind));
    ASSERT_EQ(wanted.count(), 6);
    EXPECT_EQ(wanted[0][0].toString(), u"good-day.html");
    EXPECT_THAT(wanted[0][1].toByteArray().toStdString(), testing::HasSubstr("<html"));
    const auto again = loadgen::parse_run_report(wanted[1][1].toByteArray().toStdString());
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->run_id, "a");
    EXPECT_THAT(wanted[3][1].toByteArray().toStdString(), testing::HasSubstr("<testsuite"));
    model.exportAs(QStringLiteral("tarot"));
    EXPECT_EQ(wanted.count(), 6);
}

TEST(LoadWords, SayThresholdsAndOutcomes) {
    EXPECT_EQ(plain(threshold_words("p(99.9){checkout} <= 1s over 10s")), u"p99.9 of checkout ≤ 1 s in every 10 s");
    EXPECT_EQ(plain(threshold_words("errors < 1%")), u"errors < 1 %");
    EXPECT_EQ(threshold_words("no threshold"), u"no threshold");
    EXPECT_EQ(outcome_words("status_503"), u"503 Service Unavailable");
    EXPECT_EQ(outcome_words("status_599"), u"status 599");
    EXPECT_EQ(outcome_words("timeout"), u"no answer in time");
    EXPECT_EQ(run_time(3723), u"1:02:03");
}

}  // namespace
}  // namespace streamgauge::viewmodels
