// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/overview_view_model.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>

#include <gmock/gmock.h>

#include "client/eventually.h"
#include "client/fake_client.h"
#include "viewmodels/manual_clock.h"
#include "viewmodels/status_view_model.h"

namespace streamgauge::viewmodels {
namespace {

using client::ConnectionState;
using tests::eventually;

constexpr std::int64_t kNow = 1'767'268'800;  // 2026-01-01T12:00:00Z

api::Overview overview_at(std::int64_t second) {
    api::Overview overview;
    overview.as_of = Timestamp::from_seconds(second);
    overview.server.uptime_seconds = 100;
    return overview;
}

api::SecondPoint point(std::int64_t second, std::uint64_t accepted, std::uint64_t rejected = 0, double p99 = 0) {
    api::SecondPoint point;
    point.second = second;
    point.outcomes.accepted = accepted;
    point.outcomes.rejected = rejected;
    point.ack.count = p99 > 0 ? accepted : 0;
    point.ack.p50_ms = p99 / 2;
    point.ack.p95_ms = p99 * 0.9;
    point.ack.p99_ms = p99;
    return point;
}

class OverviewTest : public testing::Test {
protected:
    tests::StandingClock clock;
    client::FakeClient fake;
    OverviewStore store{fake, clock};
    OverviewViewModel model{fake, store};
    StatusViewModel status{store};

    void go_live() {
        fake.start();
        ASSERT_TRUE(eventually([&] { return fake.state() == ConnectionState::Syncing; }));
    }
    std::string value(OverviewViewModel::TileRow row) { return model.tiles()->tile(row).value.toStdString(); }
};

TEST_F(OverviewTest, LoadsThenIsEmptyThenHasData) {
    EXPECT_EQ(model.phase(), u"loading");
    EXPECT_EQ(value(OverviewViewModel::EventRate), "–");
    EXPECT_EQ(status.received(), u"–");
    go_live();
    fake.publish(overview_at(kNow), true);
    EXPECT_EQ(model.phase(), u"empty");
    EXPECT_EQ(value(OverviewViewModel::EventRate), "0") << "the server said that nothing came: that is a zero";
    EXPECT_EQ(value(OverviewViewModel::AckLatency), "–") << "no request was answered: that is not a zero";
    EXPECT_EQ(value(OverviewViewModel::Errors), "–");
    auto next = overview_at(kNow + 1);
    next.points = {point(kNow, 5)};
    next.ledger.decoded = 5;
    fake.publish(next);
    EXPECT_TRUE(eventually([&] { return model.phase() == u"data"; }));
}

TEST_F(OverviewTest, FailsVisibly) {
    fake.start();
    fake.go(ConnectionState::Failed, "no route to host");
    EXPECT_EQ(model.phase(), u"error");
}

TEST_F(OverviewTest, ShowsTheNumbers) {
    go_live();
    auto overview = overview_at(kNow);
    overview.active_users = 1234;
    overview.points = {point(kNow - 2, 900, 100, 4), point(kNow - 1, 1500, 0, 8), point(kNow, 1)};
    overview.points[1].lag_seconds = 2.5;
    overview.ledger.decoded = 2500;
    overview.ledger.difference = -3;
    overview.watermark = Timestamp::from_seconds(kNow - 1);
    fake.publish(overview, true);
    EXPECT_EQ(value(OverviewViewModel::EventRate), "1.50") << "the last second that is over, not the one that runs";
    EXPECT_EQ(model.tiles()->tile(OverviewViewModel::EventRate).unit, u"k/s");
    EXPECT_EQ(value(OverviewViewModel::ActiveUsers), "1.23");
    EXPECT_EQ(value(OverviewViewModel::AckLatency), "8.00");
    EXPECT_EQ(value(OverviewViewModel::Errors), "4.00");
    EXPECT_EQ(model.tiles()->tile(OverviewViewModel::Errors).tone, u"warning");
    EXPECT_EQ(value(OverviewViewModel::Lag), "2.50");
    EXPECT_EQ(model.tiles()->tile(OverviewViewModel::Lag).tone, u"warning");
    EXPECT_EQ(value(OverviewViewModel::Budget), "−3");
    EXPECT_EQ(model.tiles()->tile(OverviewViewModel::Budget).tone, u"bad");
    const auto& history = model.tiles()->tile(OverviewViewModel::EventRate).history;
    ASSERT_EQ(history.size(), 60);
    EXPECT_DOUBLE_EQ(history.back(), 1500);
}

TEST_F(OverviewTest, SecondsFromBeforeTheServersStartAreGaps) {
    go_live();
    auto overview = overview_at(kNow);
    overview.server.uptime_seconds = 10;
    overview.points = {point(kNow - 5, 7)};
    fake.publish(overview, true);
    const auto& history = model.tiles()->tile(OverviewViewModel::EventRate).history;
    EXPECT_TRUE(std::isnan(history.front()));
    EXPECT_DOUBLE_EQ(history.back(), 0);
    EXPECT_DOUBLE_EQ(history[history.size() - 5], 7);
    const auto runs = model.throughput()->runs(0, 1000);
    ASSERT_EQ(runs.size(), 1U);
    EXPECT_DOUBLE_EQ(runs[0].front().x(), kNow - 10);
}

TEST_F(OverviewTest, SaysHowOldItIsWhenTheConnectionIsLost) {
    go_live();
    auto overview = overview_at(kNow);
    overview.points = {point(kNow - 1, 7)};
    overview.ledger.decoded = 7;
    fake.publish(overview, true);
    EXPECT_FALSE(model.stale());
    clock.advance_seconds(12);
    fake.go(ConnectionState::Degraded, "gone");
    EXPECT_TRUE(model.stale());
    EXPECT_EQ(model.age_text().replace(QChar(u'\u202F'), u' '), u"12 s ago");
    EXPECT_EQ(model.phase(), u"data") << "what is known stays on the screen";
    EXPECT_EQ(value(OverviewViewModel::EventRate), "7");
}

TEST_F(OverviewTest, ADegradedServerThatStillSendsIsNotOld) {
    go_live();
    fake.publish(overview_at(kNow), true);
    fake.go(ConnectionState::Degraded, "the disk is nearly full");
    EXPECT_FALSE(model.stale());
    clock.advance_seconds(4);
    EXPECT_TRUE(eventually([&] { return model.stale(); }));
}

TEST_F(OverviewTest, SilenceWhileLiveIsStaleToo) {
    go_live();
    fake.publish(overview_at(kNow), true);
    clock.advance_seconds(5);
    EXPECT_TRUE(eventually([&] { return model.stale(); }));
}

TEST_F(OverviewTest, APauseHoldsThePicture) {
    go_live();
    auto overview = overview_at(kNow);
    overview.points = {point(kNow - 1, 7)};
    fake.publish(overview, true);
    model.set_paused(true);
    overview = overview_at(kNow + 1);
    overview.points = {point(kNow, 9)};
    fake.publish(overview);
    tests::settle_events();
    EXPECT_EQ(value(OverviewViewModel::EventRate), "7");
    model.set_paused(false);
    EXPECT_EQ(value(OverviewViewModel::EventRate), "9");
}

TEST_F(OverviewTest, NoModelIsEverResetByATick) {
    go_live();
    QAbstractItemModelTester tiles(model.tiles(), QAbstractItemModelTester::FailureReportingMode::Fatal);
    QAbstractItemModelTester pages(model.top_pages(), QAbstractItemModelTester::FailureReportingMode::Fatal);
    QSignalSpy tile_resets(model.tiles(), &QAbstractItemModel::modelReset);
    QSignalSpy page_resets(model.top_pages(), &QAbstractItemModel::modelReset);
    QSignalSpy pictures(model.throughput(), &ChartModel::changed);
    fake.publish(overview_at(kNow), true);
    for (int tick = 1; tick <= 40; ++tick) {
        auto overview = overview_at(kNow + tick);
        overview.points = {point(kNow + tick - 1, static_cast<std::uint64_t>(tick))};
        overview.top_pages = {{"/" + std::to_string(tick % 3), 100}, {"/home", 50}};
        fake.publish(overview);
    }
    EXPECT_LE(pictures.count(), 2) << "at most four pictures a second, however fast it comes";
    EXPECT_TRUE(eventually([&] { return value(OverviewViewModel::EventRate) == "40"; }));
    EXPECT_EQ(tile_resets.count() + page_resets.count(), 0);
}

TEST_F(OverviewTest, TheStatusBarMeasuresRates) {
    go_live();
    auto overview = overview_at(kNow);
    fake.publish(overview, true);
    overview.as_of = Timestamp::from_seconds(kNow + 2);
    overview.ledger.decoded = 3000;
    overview.ledger.aggregated = 2000;
    overview.server.cpu_percent = 12.5;
    overview.server.resident_bytes = 50ULL << 20;
    fake.publish(overview);
    EXPECT_EQ(status.received().replace(QChar(u'\u202F'), u' '), u"1.50 k/s");
    EXPECT_EQ(status.aggregated().replace(QChar(u'\u202F'), u' '), u"1.00 k/s");
    EXPECT_EQ(status.cpu().replace(QChar(u'\u202F'), u' '), u"12.5 %");
    EXPECT_EQ(status.ledger(), u"balanced");
}

TEST_F(OverviewTest, SaysWhenTheActiveUsersAreAnEstimate) {
    go_live();
    api::Overview overview = overview_at(kNow);
    overview.active_users = 12'340;
    overview.points = {point(kNow - 1, 5)};
    overview.ledger.decoded = 5;
    fake.publish(overview, true);
    EXPECT_EQ(value(OverviewViewModel::ActiveUsers), "12.3");
    EXPECT_FALSE(model.tiles()->tile(OverviewViewModel::ActiveUsers).detail.contains(u"estimate"));
    overview.as_of = Timestamp::from_seconds(kNow + 1);
    overview.active_users_error = 0.02;
    fake.publish(overview, true);
    ASSERT_TRUE(eventually([&] { return value(OverviewViewModel::ActiveUsers) == "≈ 12.3"; }));
    EXPECT_EQ(model.tiles()->tile(OverviewViewModel::ActiveUsers).detail, u"estimate ±2.0\u202F%, 5 minutes");
}

TEST_F(OverviewTest, ShowsTheCanaryAndThatItIsMissed) {
    go_live();
    api::Overview overview = overview_at(kNow);
    overview.points = {point(kNow - 1, 5)};
    overview.ledger.decoded = 5;
    fake.publish(overview, true);
    EXPECT_EQ(model.tiles()->tile(OverviewViewModel::Lag).detail, u"0 in flight") << "none is sent";
    overview.as_of = Timestamp::from_seconds(kNow + 1);
    overview.canary = api::CanarySight{42, overview.as_of, 0, {}};
    fake.publish(overview, true);
    ASSERT_TRUE(eventually([&] { return model.tiles()->tile(OverviewViewModel::Lag).detail.contains(u"canary"); }));
    EXPECT_EQ(model.tiles()->tile(OverviewViewModel::Lag).detail, u"canary 42.0\u202Fms, 0 in flight");
    EXPECT_EQ(model.canary_fault(), u"");
    overview.canary->fault = "an event of the server's own is not on disk after 5 s";
    QSignalSpy told(&model, &OverviewViewModel::canaryFaultChanged);
    fake.publish(overview, true);
    ASSERT_TRUE(eventually([&] { return !model.canary_fault().isEmpty(); }));
    EXPECT_EQ(told.count(), 1);
    EXPECT_EQ(model.tiles()->tile(OverviewViewModel::Lag).tone, u"bad");
    EXPECT_TRUE(model.canary_fault().contains(u"is not on disk"));
}

TEST_F(OverviewTest, AnotherWindowIsShownWhole) {
    go_live();
    auto overview = overview_at(kNow);
    overview.server.uptime_seconds = 1000;
    for (std::int64_t second = kNow - 200; second <= kNow; ++second) overview.points.push_back(point(second, 5));
    fake.publish(overview, true);
    ChartModel& chart = *model.throughput();
    chart.zoom(0.8, 0.9);
    ASSERT_TRUE(chart.zoomed());
    model.set_window_seconds(60);
    EXPECT_FALSE(chart.zoomed());
    EXPECT_FALSE(model.latency()->zoomed());
}

}  // namespace
}  // namespace streamgauge::viewmodels
