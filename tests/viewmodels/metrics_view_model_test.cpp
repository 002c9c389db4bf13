// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/metrics_view_model.h"

#include <QAbstractItemModelTester>

#include <gmock/gmock.h>

#include "client/eventually.h"
#include "client/fake_client.h"
#include "metrics/definition_text.h"
#include "viewmodels/format.h"
#include "viewmodels/manual_clock.h"

namespace streamgauge::viewmodels {
namespace {

using client::ConnectionState;
using tests::eventually;
using tests::settle_events;
using namespace Qt::Literals::StringLiterals;

api::MetricStatus metric(const char* name, const char* aggregate, std::vector<FieldPath> group_by = {}) {
    api::MetricStatus status;
    status.definition.id = 1'000;
    status.definition.name = name;
    status.definition.group_by = std::move(group_by);
    const auto parts = parse_aggregate(aggregate);
    status.definition.aggregate = parts->aggregate;
    status.definition.of = parts->of;
    status.definition.tiers = usual_tiers(kMinuteMicros, {}, false);
    return status;
}

query::Point point(std::int64_t start, std::vector<std::string> group, std::int64_t number) {
    query::Point point;
    point.start = {start};
    point.end = {start + kMinuteMicros};
    point.group = std::move(group);
    point.value.number = number;
    return point;
}

class MetricsTest : public testing::Test {
protected:
    MetricsTest() {
        fake.on_metrics = [this] { return Result<std::vector<api::MetricStatus>>(listed); };
        fake.on_points = [this](const query::PointsQuery& query) -> Result<query::PointsAnswer> {
            if (refusal) return *refusal;
            query::PointsAnswer answer;
            answer.metric = query.metric;
            answer.range = query.range;
            answer.step_micros = query.step_micros;
            answer.group_by = query.group_by;
            answer.points = points;
            answer.as_of = query.range.to;
            answer.last_window_open = true;
            return answer;
        };
    }
    void go_live() {
        fake.start();
        ASSERT_TRUE(eventually([&] { return fake.state() == ConnectionState::Syncing; }));
        fake.publish(overview, true);
        ASSERT_EQ(fake.state(), ConnectionState::Live);
    }
    void open() {
        go_live();
        page.set_active(true);
        ASSERT_TRUE(eventually([&] { return page.shown()->phase() != u"loading" || page.phase() == u"empty"; }));
    }

    std::vector<api::MetricStatus> listed{metric("active_users", "distinct(user_id)"),
                                          metric("revenue", "sum(props.amount)", {{Field::Prop, "currency"}})};
    std::vector<query::Point> points{point(60'000'000, {}, 5), point(120'000'000, {}, 7)};
    std::optional<Error> refusal;
    api::Overview overview;
    tests::StandingClock clock;
    client::FakeClient fake;
    OverviewStore store{fake, clock};
    MetricsViewModel page{fake, clock, store};
    QAbstractItemModelTester list_tester{page.metrics()}, points_tester{page.shown()->points()};
};

TEST_F(MetricsTest, AsksNothingUntilItIsLookedAt) {
    go_live();
    settle_events();
    EXPECT_TRUE(fake.asked_points().empty());
    EXPECT_EQ(page.phase(), u"loading");
}

TEST_F(MetricsTest, ShowsTheFirstMetricOverTheRange) {
    open();
    EXPECT_EQ(page.phase(), u"data");
    EXPECT_EQ(page.selected(), u"active_users");
    EXPECT_EQ(page.shown()->phase(), u"data");
    ASSERT_EQ(fake.asked_points().size(), 1U);
    const query::PointsQuery& asked = fake.asked_points()[0];
    EXPECT_EQ(asked.range.to, clock.now());
    EXPECT_EQ(asked.range.to.micros - asked.range.from.micros, kHourMicros);
    EXPECT_EQ(asked.step_micros, kMinuteMicros);
    EXPECT_EQ(page.shown()->points()->count(), 2);
    EXPECT_EQ(page.shown()->points()->data(page.shown()->points()->index(0), PointListModel::ValueText).toString(),
              u"7");
    EXPECT_TRUE(page.shown()->labels().contains(u"last window open"_s));
    ASSERT_TRUE(page.shown()->chart());
    EXPECT_EQ(page.shown()->chart()->names(), QStringList{u"active_users"_s});
    EXPECT_TRUE(page.shown()->chart()->has_data());
}

TEST_F(MetricsTest, ChoosesAStepThatAChartCanShow) {
    open();
    for (const auto& [range, step] : std::vector<std::pair<int, std::int64_t>>{
             {900, kMinuteMicros}, {86'400, kHourMicros}, {604'800, kHourMicros}, {2'592'000, kDayMicros}}) {
        page.set_range(range);
        EXPECT_EQ(fake.asked_points().back().step_micros, step) << range;
    }
    page.set_range(86'400);
    page.set_step(60);
    EXPECT_EQ(fake.asked_points().back().step_micros, kMinuteMicros);
}

TEST_F(MetricsTest, DrawsTheGroupsWithMost) {
    open();
    points = {point(60'000'000, {"EUR"}, 3), point(60'000'000, {""}, 4)};
    page.select(u"revenue"_s);
    ASSERT_TRUE(eventually([&] { return page.shown()->phase() == u"data"; }));
    ASSERT_EQ(fake.asked_points().size(), 3U);
    EXPECT_EQ(fake.asked_points()[1].step_micros, 0) << "first which groups have most";
    EXPECT_EQ(fake.asked_points()[2].filter.text(), "props.currency = EUR or not exists props.currency");
    EXPECT_EQ(page.shown()->chart()->names().size(), 2);
    EXPECT_EQ(page.shown()->points()->data(page.shown()->points()->index(1), PointListModel::Group).toString(),
              viewmodels::none());
}

TEST_F(MetricsTest, SaysWhatMustBeKnownToReadTheNumbers) {
    points[0].corrected = 12;
    points[1].value.exact = false;
    points[1].value.relative_error = 0.008125;
    points[1].open = true;
    open();
    QStringList labels;
    for (QString label : page.shown()->labels()) labels.append(label.replace(QChar(u'\u202F'), u' '));
    EXPECT_TRUE(labels.contains(u"corrected by 12 late events"_s));
    EXPECT_TRUE(labels.contains(u"estimate ±0.8 %"_s));
    QString marks = page.shown()->points()->data(page.shown()->points()->index(0), PointListModel::Marks).toString();
    EXPECT_EQ(marks.replace(QChar(u'\u202F'), u' '), u"open, estimate ±0.8 %");
    EXPECT_EQ(page.shown()->points()->data(page.shown()->points()->index(1), PointListModel::Marks).toString(),
              u"12 late");
}

TEST_F(MetricsTest, ShowsAndCancelsABackfill) {
    listed[0].backfill = api::Backfill{250, 1'000, 1'000, {}, false};
    std::vector<std::string> cancelled;
    fake.on_cancel_backfill = [&](const std::string& name) {
        cancelled.push_back(name);
        listed[0].backfill.reset();
        return Result<bool>(true);
    };
    open();
    EXPECT_TRUE(page.filling());
    EXPECT_DOUBLE_EQ(page.filling_progress(), 0.25);
    page.cancelBackfill();
    EXPECT_TRUE(eventually([&] { return !page.filling(); }));
    EXPECT_THAT(cancelled, testing::ElementsAre("active_users"));
    EXPECT_TRUE(page.notice().isEmpty());
}

TEST_F(MetricsTest, ABackfillThatHasFailedIsTriedAgain) {
    listed[0].backfill = api::Backfill{1, 1'000, 0, Error::make(ErrorCode::Io, "the disk is full"), false};
    std::vector<std::string> retried;
    fake.on_retry_backfill = [&](const std::string& name) {
        retried.push_back(name);
        listed[0].backfill = api::Backfill{1, 1'000, 0, {}, false};
        return Result<bool>(true);
    };
    open();
    EXPECT_FALSE(page.filling_failed());
    EXPECT_EQ(page.filling_text(), u"waits: the disk is full");
    page.retryBackfill();
    listed[0].backfill->failed = true;
    page.refresh();
    ASSERT_TRUE(eventually([&] { return page.filling_failed(); }));
    EXPECT_EQ(page.filling_text(), u"failed: the disk is full");
    page.retryBackfill();
    EXPECT_TRUE(eventually([&] { return page.filling() && !page.filling_failed(); }));
    EXPECT_THAT(retried, testing::ElementsAre("active_users")) << "only what has failed is tried again";
}

TEST_F(MetricsTest, AnAnswerToAnEarlierQuestionIsNotShown) {
    open();
    page.set_range(86'400);
    page.set_range(900);  // before the other was answered
    ASSERT_TRUE(eventually([&] { return fake.asked_points().size() == 3; }));
    settle_events();
    EXPECT_DOUBLE_EQ(page.shown()->chart()->to() - page.shown()->chart()->from(), 900);
}

TEST_F(MetricsTest, ARefusedQuestionSaysWhy) {
    refusal = Error::make(ErrorCode::Unavailable, "too many questions wait");
    open();
    EXPECT_EQ(page.shown()->phase(), u"error");
    EXPECT_TRUE(page.shown()->error_text().contains(u"too many questions wait"_s));
    refusal.reset();
    page.refresh();
    EXPECT_TRUE(eventually([&] { return page.shown()->phase() == u"data"; }));
}

TEST_F(MetricsTest, WhatIsAskedAgainIsAboutNowAndIsFollowedAsBefore) {
    open();
    fake.hold = true;
    page.set_range(86'400);
    page.shown()->cancel();
    EXPECT_TRUE(page.shown()->cancelled());
    EXPECT_EQ(page.shown()->phase(), u"data") << "what was answered before stays";
    ASSERT_EQ(fake.asked_points().size(), 2U);
    clock.advance_seconds(600);
    overview.ledger.aggregated = 5;
    fake.publish(overview);
    EXPECT_EQ(fake.asked_points().size(), 2U) << "who ended it does not want it half a second later";
    fake.hold = false;
    page.shown()->again();
    EXPECT_FALSE(page.shown()->cancelled());
    ASSERT_EQ(fake.asked_points().size(), 3U);
    EXPECT_EQ(fake.asked_points().back().range.to, clock.now());
    ASSERT_TRUE(eventually([&] { return !page.shown()->asking(); }));
    clock.advance_seconds(1);
    overview.ledger.aggregated = 9;
    fake.publish(overview);
    EXPECT_EQ(fake.asked_points().size(), 4U) << "the time before it was asked again is no cost of it";
}

TEST_F(MetricsTest, WhoComesBackToThePageIsAnsweredAgain) {
    open();
    fake.hold = true;
    page.set_range(86'400);
    page.shown()->cancel();
    page.set_active(false);
    fake.hold = false;
    page.set_active(true);
    EXPECT_EQ(fake.asked_points().size(), 3U);
    EXPECT_FALSE(page.shown()->cancelled());
    ASSERT_TRUE(eventually([&] { return !page.shown()->asking(); }));
    EXPECT_DOUBLE_EQ(page.shown()->chart()->to() - page.shown()->chart()->from(), 86'400);
}

TEST_F(MetricsTest, ARefusalIsForgottenWhileItIsAskedAgain) {
    refusal = Error::make(ErrorCode::Unavailable, "too many questions wait");
    open();
    ASSERT_EQ(page.shown()->phase(), u"error");
    fake.hold = true;
    page.shown()->again();
    EXPECT_EQ(page.shown()->phase(), u"loading");
    EXPECT_EQ(page.shown()->error_text(), u"");
    page.shown()->cancel();
    EXPECT_EQ(page.shown()->phase(), u"cancelled");
}

TEST_F(MetricsTest, KeepsWhatItKnowsWhenTheConnectionBreaks) {
    open();
    fake.go(ConnectionState::Degraded, "gone");
    EXPECT_TRUE(page.stale());
    EXPECT_EQ(page.phase(), u"data");
    EXPECT_EQ(page.shown()->points()->count(), 2);
}

TEST_F(MetricsTest, HasNothingToAskWithoutTheFeature) {
    fake.say_hello({"streamgauge", "0.1.0", 1, 1, {"live"}});
    go_live();
    page.set_active(true);
    settle_events();
    EXPECT_EQ(page.phase(), u"none");
    EXPECT_TRUE(fake.asked_points().empty());
}

TEST_F(MetricsTest, FollowsTheLiveFeed) {
    open();
    ASSERT_EQ(fake.asked_points().size(), 1U);
    const auto told = [&](std::uint64_t aggregated) {
        overview.ledger.aggregated = aggregated;
        fake.publish(overview);
    };
    clock.advance_seconds(1);
    told(0);
    EXPECT_EQ(fake.asked_points().size(), 1U) << "nothing was aggregated";
    told(5);
    ASSERT_EQ(fake.asked_points().size(), 2U) << "at once";
    ASSERT_TRUE(eventually([&] { return !page.shown()->asking(); }));
    clock.advance_seconds(0.3);
    told(9);
    EXPECT_EQ(fake.asked_points().size(), 2U) << "at most twice a second";
    clock.advance_seconds(0.3);
    told(9);
    EXPECT_EQ(fake.asked_points().size(), 3U) << "what came in between is not forgotten";
    told(20);
    told(30);
    EXPECT_EQ(fake.asked_points().size(), 3U) << "one question at a time";
    ASSERT_TRUE(eventually([&] { return !page.shown()->asking(); }));
    page.set_paused(true);
    clock.advance_seconds(2);
    told(40);
    EXPECT_EQ(fake.asked_points().size(), 3U);
    page.set_paused(false);
    EXPECT_EQ(fake.asked_points().size(), 4U);
}

TEST_F(MetricsTest, SlidesWithTheTimeAndLooksForOtherMetrics) {
    open();
    clock.advance_seconds(59);
    fake.publish(overview);
    ASSERT_TRUE(eventually([&] { return !page.shown()->asking(); }));
    EXPECT_EQ(fake.asked_points().size(), 1U);
    listed.push_back(metric("signups", "count"));
    clock.advance_seconds(2);
    fake.publish(overview);
    EXPECT_EQ(fake.asked_points().size(), 2U) << "a step is over";
    clock.advance_seconds(5);
    fake.publish(overview);
    EXPECT_TRUE(eventually([&] { return page.metrics()->count() == 3; }));
}

TEST_F(MetricsTest, RemovesAMetricWhenThatIsConfirmed) {
    std::vector<std::string> removed;
    fake.on_remove_metric = [&](const std::string& name) {
        removed.push_back(name);
        listed.erase(listed.begin());
        return Result<bool>(true);
    };
    open();
    ASSERT_TRUE(page.can_change());
    page.askRemove();
    EXPECT_EQ(page.removing(), u"active_users");
    page.keep();
    page.remove();
    settle_events();
    EXPECT_TRUE(removed.empty());
    page.askRemove();
    page.remove();
    EXPECT_TRUE(eventually([&] { return page.metrics()->count() == 1; }));
    EXPECT_THAT(removed, testing::ElementsAre("active_users"));
    EXPECT_EQ(page.selected(), u"revenue");
}

TEST_F(MetricsTest, WhatIsFixedIsNotChanged) {
    listed[0].definition.id = metric::kActiveUsers;
    listed[1].from_file = true;
    open();
    EXPECT_FALSE(page.can_change());
    EXPECT_TRUE(page.fixed_text().contains(u"built in"));
    page.change();
    page.askRemove();
    EXPECT_FALSE(page.editor()->is_open());
    EXPECT_EQ(page.removing(), u"");
    page.select(u"revenue"_s);
    EXPECT_TRUE(page.fixed_text().contains(u"metrics.toml"));
}

TEST_F(MetricsTest, WhatWasSavedIsSelectedAndItsFillingShown) {
    fake.on_put_metric = [this](const MetricDefinition& definition) {
        api::MetricStatus status;
        status.definition = definition;
        status.backfill = api::Backfill{1, 1'000, 0, {}};
        listed.push_back(status);
        return Result<api::MetricStatus>(status);
    };
    open();
    page.define();
    ASSERT_TRUE(page.editor()->is_open());
    page.editor()->set(u"name"_s, u"signups"_s);
    page.editor()->save();
    ASSERT_TRUE(eventually([&] { return page.metrics()->count() == 3; }));
    EXPECT_EQ(page.selected(), u"signups");
    EXPECT_TRUE(page.filling());
}

TEST_F(MetricsTest, AnotherRangeIsShownWhole) {
    open();
    const std::int64_t now = clock.now().micros;
    points.clear();
    for (int i = 10; i > 0; --i) points.push_back(point(now - i * kMinuteMicros, {}, i));
    page.refresh();
    ASSERT_TRUE(eventually([&] { return page.shown()->points()->count() == 10; }));
    page.shown()->chart()->zoom(0, 1);
    ASSERT_TRUE(page.shown()->chart()->zoomed());
    page.set_range(86'400);
    EXPECT_FALSE(page.shown()->chart()->zoomed());
}

}  // namespace
}  // namespace streamgauge::viewmodels
