// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/load_view_model.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>

#include <gmock/gmock.h>

#include "client/eventually.h"
#include "client/fake_client.h"

namespace streamgauge::viewmodels {
namespace {

using client::ConnectionState;
using tests::eventually;

class LoadTest : public testing::Test {
protected:
    LoadTest() {
        fake.post_events_to("http://127.0.0.1:8080/events");
        fake.start();
        EXPECT_TRUE(eventually([&] { return fake.state() == ConnectionState::Syncing; }));
        fake.publish(api::LoadStatus{}, true);
    }
    api::LoadStatus running(std::int64_t seconds) {
        api::LoadStatus status;
        status.run_id = "r1";
        status.state = api::LoadState::Running;
        status.plan.rate = 100;
        status.plan.duration_seconds = 10;
        for (std::int64_t second = 0; second < seconds; ++second) {
            status.seconds.push_back({second, 100, 100, 98, 1, 1, 1.5, 1.2, 2.5, 3.5});
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

TEST_F(LoadTest, TargetsTheConnectedServer) {
    EXPECT_EQ(model.url(), u"http://127.0.0.1:8080/events");
    model.set_url(QStringLiteral("http://10.0.0.1/events"));
    fake.post_events_to("http://127.0.0.1:9999/events");
    EXPECT_EQ(model.url(), u"http://10.0.0.1/events") << "what was typed stays";
}

TEST_F(LoadTest, ChecksThePlan) {
    EXPECT_TRUE(model.can_start());
    EXPECT_EQ(model.plan_summary().replace(QChar(u'\u202F'), u' '), u"30 000 requests");
    const auto expect_problem = [&](const QString& field) {
        EXPECT_EQ(model.plan_problem_field(), field);
        EXPECT_NE(model.plan_problem(), u"");
        EXPECT_FALSE(model.can_start());
    };
    model.set_rate(0);
    expect_problem(QStringLiteral("rate"));
    model.set_rate(1'000'001);
    expect_problem(QStringLiteral("rate"));
    model.set_rate(1'000'000);
    model.set_duration_seconds(0);
    expect_problem(QStringLiteral("durationSeconds"));
    model.set_duration_seconds(10);
    model.set_connections(0);
    expect_problem(QStringLiteral("connections"));
    model.set_connections(-1);
    expect_problem(QStringLiteral("connections"));
    model.set_connections(10'000);
    model.set_batch(10'001);
    expect_problem(QStringLiteral("batch"));
    model.set_batch(10'000);
    model.set_url(QStringLiteral("ftp://x/"));
    expect_problem(QStringLiteral("url"));
}

TEST_F(LoadTest, StartsAndStopsARun) {
    model.set_rate(250);
    model.set_poisson(true);
    model.start();
    EXPECT_TRUE(model.busy());
    EXPECT_FALSE(model.can_start()) << "not twice";
    ASSERT_TRUE(eventually([&] { return !model.busy(); }));
    ASSERT_EQ(fake.started_plans().size(), 1U);
    EXPECT_DOUBLE_EQ(fake.started_plans()[0].rate, 250);
    EXPECT_EQ(fake.started_plans()[0].arrivals, api::Arrivals::Poisson);
    EXPECT_EQ(model.state(), u"running");
    EXPECT_TRUE(model.can_stop());
    model.stop();
    ASSERT_TRUE(eventually([&] { return model.state() == u"stopped"; }));
    EXPECT_EQ(fake.stops_asked(), 1);
}

TEST_F(LoadTest, SaysWhyItCouldNotStart) {
    fake.on_start_load = [](const api::LoadPlan&) {
        return Result<api::LoadStatus>(Error{ErrorCode::Conflict, "a run is active", {}, {}, "stop it first"});
    };
    model.start();
    ASSERT_TRUE(eventually([&] { return !model.busy(); }));
    EXPECT_TRUE(model.error_text().contains(QStringLiteral("a run is active")));
    EXPECT_TRUE(model.error_text().contains(QStringLiteral("stop it first")));
}

TEST_F(LoadTest, ALostConnectionEndsTheWait) {
    fake.hold = true;
    model.start();
    fake.go(ConnectionState::Degraded, "gone");
    EXPECT_FALSE(model.busy());
    EXPECT_NE(model.error_text(), u"");
}

TEST_F(LoadTest, ShowsTheRunLive) {
    QAbstractItemModelTester tester(model.seconds(), QAbstractItemModelTester::FailureReportingMode::Fatal);
    fake.publish(running(2));
    EXPECT_EQ(model.phase(), u"data");
    EXPECT_EQ(model.planned(), u"200");
    EXPECT_EQ(model.done(), u"196");
    EXPECT_EQ(model.failed(), u"4");
    EXPECT_DOUBLE_EQ(model.progress(), 0.2);
    EXPECT_EQ(model.p99().replace(QChar(u'\u202F'), u' '), u"3.50 ms");
    QSignalSpy resets(model.seconds(), &QAbstractItemModel::modelReset);
    auto next = running(3);
    next.seconds.erase(next.seconds.begin());
    next.seconds[0].ok = 97;
    fake.publish(next);
    EXPECT_EQ(model.seconds()->count(), 3);
    EXPECT_EQ(model.seconds()->index(0).data(LoadSecondsModel::Second).toString(), u"3") << "newest first";
    EXPECT_EQ(model.seconds()->index(1).data(LoadSecondsModel::Ok).toString(), u"97");
    EXPECT_EQ(resets.count(), 0);
}

TEST_F(LoadTest, ANewRunBeginsAnew) {
    fake.publish(running(5));
    auto other = running(1);
    other.run_id = "r2";
    fake.publish(other);
    EXPECT_EQ(model.seconds()->count(), 1);
}

TEST_F(LoadTest, IsOfferedByFeatureOnly) {
    client::FakeClient without;
    without.say_hello({"streamgauge", "0.1.0", 1, 1, {"live", "events"}});
    LoadViewModel other(without);
    without.start();
    ASSERT_TRUE(eventually([&] { return without.state() == ConnectionState::Syncing; }));
    EXPECT_FALSE(other.offered());
    EXPECT_FALSE(other.can_start());
    other.startDemo();
    EXPECT_TRUE(without.started_plans().empty());
}

TEST_F(LoadTest, TheDemoIsGentle) {
    model.startDemo();
    ASSERT_TRUE(eventually([&] { return !model.busy(); }));
    ASSERT_EQ(fake.started_plans().size(), 1U);
    EXPECT_DOUBLE_EQ(fake.started_plans()[0].rate, LoadViewModel::kDemoRate);
    EXPECT_EQ(fake.started_plans()[0].url, "http://127.0.0.1:8080/events");
}

}  // namespace
}  // namespace streamgauge::viewmodels
