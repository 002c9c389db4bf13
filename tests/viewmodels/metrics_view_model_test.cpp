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
    void open() {
        fake.start();
        ASSERT_TRUE(eventually([&] { return fake.state() == ConnectionState::Live; }));
        page.set_active(true);
        ASSERT_TRUE(eventually([&] { return page.points_phase() != u"loading" || page.phase() == u"empty"; }));
    }

    std::vector<api::MetricStatus> listed{metric("active_users", "distinct(user_id)"),
                                          metric("revenue", "sum(props.amount)", {{Field::Prop, "currency"}})};
    std::vector<query::Point> points{point(60'000'000, {}, 5), point(120'000'000, {}, 7)};
    std::optional<Error> refusal;
    tests::StandingClock clock;
    client::FakeClient fake;
    MetricsViewModel page{fake, clock};
    QAbstractItemModelTester list_tester{page.metrics()}, points_tester{page.points()};
};

TEST_F(MetricsTest, AsksNothingUntilItIsLookedAt) {
    fake.start();
    ASSERT_TRUE(eventually([&] { return fake.state() == ConnectionState::Live; }));
    settle_events();
    EXPECT_TRUE(fake.asked_points().empty());
    EXPECT_EQ(page.phase(), u"loading");
}

TEST_F(MetricsTest, ShowsTheFirstMetricOverTheRange) {
    open();
    EXPECT_EQ(page.phase(), u"data");
    EXPECT_EQ(page.selected(), u"active_users");
    EXPECT_EQ(page.points_phase(), u"data");
    ASSERT_EQ(fake.asked_points().size(), 1U);
    const query::PointsQuery& asked = fake.asked_points()[0];
    EXPECT_EQ(asked.range.to, clock.now());
    EXPECT_EQ(asked.range.to.micros - asked.range.from.micros, kHourMicros);
    EXPECT_EQ(asked.step_micros, kMinuteMicros);
    EXPECT_EQ(page.points()->count(), 2);
    EXPECT_EQ(page.points()->data(page.points()->index(0), PointListModel::ValueText).toString(), u"7");
    EXPECT_TRUE(page.labels().contains(u"last window open"_s));
    ASSERT_TRUE(page.chart());
    EXPECT_EQ(page.chart()->names(), QStringList{u"active_users"_s});
    EXPECT_TRUE(page.chart()->has_data());
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
    ASSERT_TRUE(eventually([&] { return page.points_phase() == u"data"; }));
    ASSERT_EQ(fake.asked_points().size(), 3U);
    EXPECT_EQ(fake.asked_points()[1].step_micros, 0) << "first which groups have most";
    EXPECT_EQ(fake.asked_points()[2].filter.text(), "props.currency = EUR or not exists props.currency");
    EXPECT_EQ(page.chart()->names().size(), 2);
    EXPECT_EQ(page.points()->data(page.points()->index(1), PointListModel::Group).toString(), viewmodels::none());
}

TEST_F(MetricsTest, SaysWhatMustBeKnownToReadTheNumbers) {
    points[0].corrected = 12;
    points[1].value.exact = false;
    points[1].value.relative_error = 0.008125;
    points[1].open = true;
    open();
    QStringList labels;
    for (QString label : page.labels()) labels.append(label.replace(QChar(u'\u202F'), u' '));
    EXPECT_TRUE(labels.contains(u"corrected by 12 late events"_s));
    EXPECT_TRUE(labels.contains(u"estimate ±0.8 %"_s));
    QString marks = page.points()->data(page.points()->index(0), PointListModel::Marks).toString();
    EXPECT_EQ(marks.replace(QChar(u'\u202F'), u' '), u"open, estimate ±0.8 %");
    EXPECT_EQ(page.points()->data(page.points()->index(1), PointListModel::Marks).toString(), u"12 late");
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

TEST_F(MetricsTest, AnAnswerToAnEarlierQuestionIsNotShown) {
    open();
    page.set_range(86'400);
    page.set_range(900);  // before the other was answered
    ASSERT_TRUE(eventually([&] { return fake.asked_points().size() == 3; }));
    settle_events();
    EXPECT_DOUBLE_EQ(page.chart()->to() - page.chart()->from(), 900);
}

TEST_F(MetricsTest, ARefusedQuestionSaysWhy) {
    refusal = Error::make(ErrorCode::Unavailable, "too many questions wait");
    open();
    EXPECT_EQ(page.points_phase(), u"error");
    EXPECT_TRUE(page.points_error().contains(u"too many questions wait"_s));
    refusal.reset();
    page.refresh();
    EXPECT_TRUE(eventually([&] { return page.points_phase() == u"data"; }));
}

TEST_F(MetricsTest, KeepsWhatItKnowsWhenTheConnectionBreaks) {
    open();
    fake.go(ConnectionState::Degraded, "gone");
    EXPECT_TRUE(page.stale());
    EXPECT_EQ(page.phase(), u"data");
    EXPECT_EQ(page.points()->count(), 2);
}

TEST_F(MetricsTest, HasNothingToAskWithoutTheFeature) {
    fake.say_hello({"streamgauge", "0.1.0", 1, 1, {"live"}});
    fake.start();
    ASSERT_TRUE(eventually([&] { return fake.state() == ConnectionState::Live; }));
    page.set_active(true);
    settle_events();
    EXPECT_EQ(page.phase(), u"none");
    EXPECT_TRUE(fake.asked_points().empty());
}

}  // namespace
}  // namespace streamgauge::viewmodels
