// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/load_view_model.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTimer>

#include <gmock/gmock.h>

#include <algorithm>
#include <ctime>

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

TEST_F(LoadTest, AReplayIsGivenSpeedsThatFit) {
    begin();
    api::LoadStatus status = running(1);
    EXPECT_FALSE(model.replays());
    status.replay = {{1.5, 7.1239}};
    fake.publish(status);
    EXPECT_TRUE(model.replays());
    EXPECT_DOUBLE_EQ(model.speed(), 1.5);
    EXPECT_DOUBLE_EQ(model.most_speed(), 7.1239);
    model.setSpeed(2.5);
    model.spikeSpeed(100, 5);
    model.setSpeed(0);
    model.setSpeed(0.0001);
    using Kind = loadgen::HandAction::Kind;
    ASSERT_EQ(fake.hands().size(), 4U);
    EXPECT_EQ(fake.hands()[0].kind, Kind::Speed);
    EXPECT_DOUBLE_EQ(fake.hands()[0].speed, 2.5);
    EXPECT_EQ(fake.hands()[1].kind, Kind::Spike);
    EXPECT_DOUBLE_EQ(fake.hands()[1].speed, 7.123) << "as fast as may be, with the digits that a speed has";
    EXPECT_DOUBLE_EQ(fake.hands()[1].rate, 0);
    EXPECT_DOUBLE_EQ(fake.hands()[2].speed, 0) << "the scenario's again";
    EXPECT_DOUBLE_EQ(fake.hands()[3].speed, 0.001);
    status.replay = {{1, 0}};
    fake.publish(status);
    EXPECT_DOUBLE_EQ(model.most_speed(), 10) << "not known yet";
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

// Turns of the event loop while something goes on, and the longest that one of them computed (processor time of this
// thread: another one's, and the machine's load, do not count).
class LoopWatch : public QObject {
public:
    LoopWatch() {
        last_ = processor_ms();
        connect(&timer_, &QTimer::timeout, this, [this] {
            ++turns_;
            const double now = processor_ms();
            longest_ms_ = std::max(longest_ms_, now - last_);
            last_ = now;
        });
        timer_.start(0);
    }
    int turns() const { return turns_; }
    double longest_ms() const { return longest_ms_; }
    static double processor_ms() {
        timespec used{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
        return static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) / 1e6;
    }

private:
    QTimer timer_;
    int turns_ = 0;
    double last_ = 0, longest_ms_ = 0;
};

TEST_F(LoadTest, AnHourLongReportDoesNotHoldUpTheWindow) {
    loadgen::RunReport report = report_of("long", false);
    report.elapsed_seconds = report.planned_seconds = 3600;
    report.seconds.clear();
    for (std::int64_t second = 0; second < 3600; ++second) {
        Histogram response;
        for (int i = 0; i < 200; ++i) response.record(10'000 + (second * 7919 + i * 104'729) % 400'000);
        loadgen::SecondReport row;
        row.row.second = second;
        row.row.planned = row.row.sent = row.row.ok = 200;
        row.row.p99_ms = 400;
        row.response = SparseHistogram(response);
        report.seconds.push_back(std::move(row));
    }
    keep(report);
    const double before = LoopWatch::processor_ms();
    ASSERT_TRUE(read_load_report(fake.run_reports["long"]).ok());
    const double reading_ms = LoopWatch::processor_ms() - before;
    begin();
    const LoopWatch watch;
    ASSERT_TRUE(eventually([&] { return model.run()->final(); }));
    EXPECT_EQ(model.run()->seconds()->count(), 3600);
    EXPECT_TRUE(model.run()->heat()->has_data());
    RecordProperty("reading_ms", std::to_string(reading_ms));
    RecordProperty("longest_turn_ms", std::to_string(watch.longest_ms()));
    EXPECT_GT(watch.turns(), 50) << "the loop went on turning while it was read";
    EXPECT_LT(watch.longest_ms(), reading_ms / 4) << "it was read elsewhere";
    // Written as a page in the same way.
    QSignalSpy saved(model.runs(), &LoadRunsViewModel::saveWanted);
    const LoopWatch writing;
    model.exportAs(QStringLiteral("html"));
    EXPECT_EQ(saved.count(), 0);
    ASSERT_TRUE(eventually([&] { return saved.count() == 1; }));
    EXPECT_GT(saved[0][1].toByteArray().size(), 10'000);
    EXPECT_LT(writing.longest_ms(), reading_ms / 4);
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
    found.capacity->limiting = "max_in_flight: 64 requests were in flight; the server may take more";
    found.capacity->limiting_stage.clear();
    fake.publish(found);
    EXPECT_EQ(plain(model.run()->headline()),
              u"1.00 k/s held for 20 s; above it 64 requests were in flight; the server may take more.");
    EXPECT_EQ(model.run()->capacity()[QStringLiteral("limiting")], QStringLiteral("max in flight"));
    EXPECT_EQ(plain(model.run()->capacity()[QStringLiteral("interval")].toString()), u"950 /s to 1.05 k/s");
}

api::CapacityReport search_of(const std::string& id, double limit) {
    api::CapacityReport search;
    search.run_id = id;
    search.name = "shop";
    search.url = "http://127.0.0.1:8080/events";
    search.scenario = "name: shop\nurl: http://127.0.0.1:8080/events\nstages: [{rate: 100, for: 2s}]\n";
    search.capacity = {"found", limit, limit * 0.97, limit * 1.03, "p(99) < 300", "commit", 175, {"p(99) < 300"}, {}};
    search.capacity.steps = {{limit / 2, limit / 2, 4, 2, 9, true, false, ""},
                             {limit * 2, limit, 4, 400, 900, false, false, "p(99) < 300"},
                             {limit, limit, 20, 5, 50, true, true, ""}};
    return search;
}

TEST_F(LoadTest, TheStepOfASearchThatIsUnderWayIsShownAsProvisional) {
    begin();
    api::LoadStatus status;
    status.run_id = "s";
    status.state = api::LoadState::Running;
    status.capacity = search_of("s", 1000).capacity;
    status.capacity->end.clear();
    status.capacity->steps.push_back({4000, 3900, 2, 7, 60, false, false, ""});
    fake.publish(status);
    const QVariantList points = model.run()->step_points();
    ASSERT_EQ(points.size(), 8);
    EXPECT_FALSE(points[5].toMap()[QStringLiteral("provisional")].toBool());
    EXPECT_TRUE(points[7].toMap()[QStringLiteral("provisional")].toBool());
    EXPECT_EQ(points[7].toMap()[QStringLiteral("y")].toDouble(), 60);
    EXPECT_GT(model.run()->curve()->to(), 4000) << "there is room for it";
    EXPECT_EQ(model.run()->curve()->runs(0, 500)[0].size(), 3) << "the line has what was judged";
    EXPECT_TRUE(plain(model.run()->headline()).startsWith(QStringLiteral("Step 4: 4.00 k/s")))
        << model.run()->headline().toStdString();
    const QVariantMap first = model.run()->capacity()[QStringLiteral("steps")].toList()[0].toMap();
    EXPECT_EQ(first[QStringLiteral("verdict")].toString(), QStringLiteral("under way …"));
    EXPECT_EQ(first[QStringLiteral("tone")].toString(), QStringLiteral("none"));
}

TEST_F(LoadTest, ASearchThatEndedIsKeptOpenedAgainAndCompared) {
    for (const auto& [id, limit] : {std::pair("s1", 1000.0), std::pair("s2", 1500.0)}) {
        const api::CapacityReport search = search_of(id, limit);
        fake.stored_runs.insert(fake.stored_runs.begin(), api::stored_search(search, "console"));
        fake.run_reports[id] = api::encode(search);
    }
    keep(report_of("r", false));
    begin();
    model.set_view(QStringLiteral("runs"));
    LoadRunsViewModel& runs = *model.runs();
    ASSERT_TRUE(eventually([&] { return runs.count() == 3 && runs.run()->final(); }));
    const QVariantMap row = runs.rows()[1].toMap();
    EXPECT_EQ(row[QStringLiteral("name")].toString(), QStringLiteral("capacity 1500/s, shop"));
    EXPECT_EQ(row[QStringLiteral("verdict")].toString(), QStringLiteral("Found"));
    EXPECT_EQ(plain(row[QStringLiteral("facts")].toString()), QStringLiteral("p99 50.0 ms where it held"));
    runs.select(QStringLiteral("s2"));
    ASSERT_TRUE(eventually([&] { return runs.run()->final(); }));
    EXPECT_EQ(runs.run()->state_text(), u"Found");
    EXPECT_EQ(runs.run()->capacity()[QStringLiteral("steps")].toList().size(), 3);
    EXPECT_TRUE(runs.run()->curve()->has_data());
    QSignalSpy wanted(&runs, &LoadRunsViewModel::saveWanted);
    for (const char* kind : {"csv", "json"}) runs.exportAs(QString::fromLatin1(kind));
    ASSERT_TRUE(eventually([&] { return wanted.count() == 2; }));
    EXPECT_EQ(wanted[0][0].toString(), QStringLiteral("shop-capacity.csv"));
    EXPECT_EQ(wanted[1][1].toByteArray().toStdString(), api::encode(search_of("s2", 1500)));
    fake.on_compare_runs = [](const std::string&, const std::string&) {
        return api::compare_searches({search_of("s1", 1000)}, {search_of("s2", 1500)});
    };
    runs.compareWith(QStringLiteral("s1"));
    ASSERT_TRUE(eventually([&] { return !runs.comparison().isEmpty() && runs.overlay_curve()->has_data(); }));
    EXPECT_EQ(runs.comparison()[QStringLiteral("sentence")].toString(), QStringLiteral("Better in Capacity."));
    EXPECT_EQ(
        plain(runs.comparison()[QStringLiteral("measures")].toList()[0].toMap()[QStringLiteral("change")].toString()),
        QStringLiteral("+500 /s"));
    runs.compareWith(QStringLiteral("r"));
    EXPECT_TRUE(runs.notice().contains(QStringLiteral("another search only")));
    EXPECT_FALSE(runs.overlay_curve()->has_data()) << "it was of another pair";
}

TEST_F(LoadTest, ChartsOfTwoRunsNeverStandUnderTheNamesOfOthers) {
    keep(report_of("a", false));
    keep(report_of("b", true));
    keep(report_of("c", true));
    begin();
    LoadRunsViewModel& runs = *model.runs();
    ASSERT_TRUE(eventually([&] { return runs.count() == 3 && runs.run()->final(); }));
    runs.compareWith(QStringLiteral("a"));
    ASSERT_TRUE(eventually([&] { return runs.overlay_latency()->has_data(); }));
    runs.overlay_rates()->zoom(0, 0.99);
    ASSERT_TRUE(runs.overlay_latency()->zoomed());
    runs.select(QStringLiteral("b"));
    EXPECT_FALSE(runs.overlay_rates()->has_data() || runs.overlay_latency()->has_data());
    EXPECT_FALSE(runs.overlay_rates()->zoomed() || runs.overlay_latency()->zoomed());
    ASSERT_TRUE(eventually([&] { return runs.overlay_latency()->has_data(); }));
    runs.compareWith(QStringLiteral("c"));
    EXPECT_FALSE(runs.overlay_rates()->has_data() || runs.overlay_latency()->has_data());
    ASSERT_TRUE(eventually([&] { return runs.overlay_latency()->has_data(); }));
}

TEST_F(LoadTest, ASearchIsAskedForAgainAsItWas) {
    api::CapacityReport search = search_of("s", 1000);
    search.scenario += "thresholds: [p(99) < 300]\n";
    search.capacity.budget_seconds = 300;
    search.capacity.objectives = {"p(99)<300", "errors<1%", "fast: 95 % within 300 ms"};
    fake.stored_runs = {api::stored_search(search, "console")};
    fake.run_reports["s"] = api::encode(search);
    begin();
    ASSERT_TRUE(eventually([&] { return model.run()->final(); }));
    model.editAgain();
    EXPECT_EQ(model.scenario()->profile(), u"capacity");
    EXPECT_EQ(model.scenario()->budget(), u"5m");
    const api::CapacityAsk ask = model.scenario()->capacity_ask();
    EXPECT_DOUBLE_EQ(ask.budget_seconds, 300);
    EXPECT_THAT(ask.objectives, testing::ElementsAre("p(99) < 300", "errors < 1%"));
    EXPECT_EQ(model.scenario()->problem(), u"") << model.scenario()->problem().toStdString();
    EXPECT_TRUE(model.scenario()->text().contains(QStringLiteral("errors < 1%")));
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
    ASSERT_TRUE(eventually([&] { return wanted.count() == 6; }));
    EXPECT_EQ(wanted[0][0].toString(), u"good-day.html");
    EXPECT_THAT(wanted[0][1].toByteArray().toStdString(), testing::HasSubstr("<html"));
    const auto again = loadgen::parse_run_report(wanted[1][1].toByteArray().toStdString());
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->run_id, "a");
    EXPECT_THAT(wanted[3][1].toByteArray().toStdString(), testing::HasSubstr("<testsuite"));
    model.exportAs(QStringLiteral("tarot"));
    model.exportAs(QStringLiteral("csv"));
    ASSERT_TRUE(eventually([&] { return wanted.count() == 7; }));
    EXPECT_EQ(wanted[6][0].toString(), u"good-day.csv") << "of a form that there is not, nothing";
}

// Its thresholds held, and its objective did not: it has failed.
TEST(LoadResult, AnObjectiveThatWasNotHeldFailsTheRun) {
    loadgen::RunReport report = report_of("a", false);
    loadgen::ObjectiveResult& objective = report.objectives.emplace_back();
    objective.objective.name = "fast";
    objective.objective.target = 0.99;
    objective.counted = {150, 200};
    objective.held = true;
    LoadResult result;
    result.show(reading_of(report));
    EXPECT_EQ(result.state_text(), u"Passed");
    EXPECT_EQ(result.headline(), u"Its thresholds and objectives were held.");
    report.objectives[0].held = false;
    result.show(reading_of(report));
    EXPECT_EQ(result.state_text(), u"Failed");
    EXPECT_EQ(result.tone(), u"bad");
    ASSERT_EQ(result.reasons().size(), 1);
    EXPECT_EQ(result.reasons()[0], u"fast: 99 % answered without 5xx was not held: 75 % good");
    EXPECT_NE(result.headline(), u"Its thresholds and objectives were held.");
}

// As the list of kept runs has it.
TEST(LoadResult, ARunOrASearchThatWasInterruptedSaysSo) {
    loadgen::RunReport report = report_of("a", false);
    report.state = loadgen::RunState::Interrupted;
    report.stopped_by = "the server ended";
    for (loadgen::ThresholdResult& threshold : report.thresholds) threshold.passed = false;
    report.certificate.verdict = loadgen::Validity::Invalid;
    report.certificate.reasons = {"interrupted"};
    report.durations.response.record(20'000);
    report.durations.service = report.durations.send_lag = Histogram();
    LoadResult result;
    result.show(reading_of(report));
    EXPECT_EQ(result.state_text(), u"Interrupted");
    // What is not known of it is neither nought nor failed.
    ASSERT_FALSE(result.thresholds().isEmpty());
    for (const QVariant& row : result.thresholds())
        EXPECT_EQ(row.toMap()[QStringLiteral("state")], QStringLiteral("not known"));
    const QVariantList durations = result.durations();
    ASSERT_EQ(durations.size(), 3);
    EXPECT_NE(durations[0].toMap()[QStringLiteral("p99")], durations[1].toMap()[QStringLiteral("p99")]);
    EXPECT_EQ(durations[1].toMap()[QStringLiteral("p99")], durations[1].toMap()[QStringLiteral("max")]);
    EXPECT_EQ(durations[1].toMap()[QStringLiteral("p99")], durations[2].toMap()[QStringLiteral("p50")]);
    EXPECT_FALSE(durations[1].toMap()[QStringLiteral("p99")].toString().contains(u'0'));
    EXPECT_EQ(result.certificate_reasons(), QStringList{QStringLiteral("interrupted")});
    EXPECT_EQ(result.tone(), u"warning");
    EXPECT_EQ(result.headline(), u"Interrupted: the server ended");

    api::CapacityReport search = search_of("s", 1000);
    search.capacity.end = "interrupted: the server ended";
    const auto reading = read_load_report(api::encode(search));
    ASSERT_TRUE(reading.ok()) << reading.error().describe();
    result.show(*reading);
    EXPECT_EQ(result.state_text(), u"Interrupted");
    EXPECT_EQ(result.tone(), u"warning");
    EXPECT_EQ(result.headline(), u"Interrupted: the server ended.");

    result.show(reading_of(report_of("b", false)));
    EXPECT_EQ(result.state_text(), u"Passed");
}

TEST_F(LoadTest, ObjectivesAreATableWhileTheRunGoesOnAndAfterwards) {
    begin();
    auto status = running(2);
    status.objectives = {
        {"fast", "95 % within 300 ms", "latency", 0.95, 190, 200, true, 0.25, 1.2, {}, 0},
        {"up", "99 % answered without 5xx", "availability", 0.99, 180, 200, false, -9, 10, {"page"}, 2},
        {"none", "99 % answered without 5xx, of buy", "availability", 0.99, 0, 0, true, {}, {}, {}, 0}};
    fake.publish(status);
    const auto cell = [](const QVariant& row, const char* key) {
        return plain(row.toMap()[QString::fromLatin1(key)].toString());
    };
    QVariantList rows = model.run()->objectives();
    ASSERT_EQ(rows.size(), 3);
    EXPECT_EQ(cell(rows[0], "kind"), u"latency");
    EXPECT_EQ(cell(rows[0], "target"), u"95 %");
    EXPECT_EQ(cell(rows[0], "measured"), u"95 %");
    EXPECT_EQ(cell(rows[0], "spent"), u"75.0 %");
    EXPECT_EQ(cell(rows[0], "state"), u"holds");
    EXPECT_EQ(cell(rows[1], "alerts"), u"2, page");
    EXPECT_EQ(cell(rows[1], "state"), u"fails");
    EXPECT_EQ(cell(rows[1], "tone"), u"bad");
    EXPECT_EQ(cell(rows[2], "state"), u"not yet");
    EXPECT_EQ(cell(rows[2], "tone"), u"none") << "nothing counted is not good";
    EXPECT_TRUE(model.run()->headline().startsWith(QStringLiteral("up: 99 % answered without 5xx")));

    loadgen::RunReport report = report_of("r1", false);
    loadgen::ObjectiveResult& objective = report.objectives.emplace_back();
    objective.objective.name = "up";
    objective.objective.target = 0.999;
    objective.lasts_micros = 2'000'000;
    objective.counted = {19'997, 20'000};
    objective.held = false;
    objective.left = 0.9;
    objective.lowest_left = -0.5;
    objective.budget_used = 0.002;
    objective.usual_rate = 100;
    loadgen::ObjectiveAlert& alert = objective.alerts.emplace_back();
    alert.fired = 3;
    alert.episodes.emplace_back();
    LoadResult result;
    result.show(reading_of(report));
    rows = result.objectives();
    ASSERT_EQ(rows.size(), 1);
    EXPECT_EQ(cell(rows[0], "kind"), u"availability");
    EXPECT_EQ(cell(rows[0], "target"), u"99.9 %");
    EXPECT_EQ(cell(rows[0], "measured"), u"99.985 %");
    EXPECT_EQ(cell(rows[0], "spent"), u"150 %") << "of the worst window";
    EXPECT_EQ(cell(rows[0], "alerts"), u"3");
    EXPECT_EQ(cell(rows[0], "state"), u"not held");
    EXPECT_EQ(result.objective_notes().size(), 2) << "what it costs, and when an alert fired";
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
