// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/metric_editor_view_model.h"

#include <QSignalSpy>

#include <gmock/gmock.h>

#include "api/metric_codec.h"
#include "client/eventually.h"
#include "client/fake_client.h"
#include "viewmodels/manual_clock.h"

namespace streamgauge::viewmodels {
namespace {

using client::ConnectionState;
using tests::eventually;
using tests::settle_events;
using namespace Qt::Literals::StringLiterals;

class EditorTest : public testing::Test {
protected:
    EditorTest() {
        fake.on_points = [](const query::PointsQuery& query) {
            query::PointsAnswer answer;
            answer.range = query.range;
            answer.step_micros = query.step_micros;
            answer.group_by = query.group_by;
            query::Point point;
            point.start = query.range.from;
            point.end = query.range.to;
            point.group.resize(query.group_by.size());
            point.value.number = 7;
            answer.points = {point};
            return Result<query::PointsAnswer>(answer);
        };
        fake.on_put_metric = [this](const MetricDefinition& definition) -> Result<api::MetricStatus> {
            put.push_back(definition);
            if (refusal) return *refusal;
            api::MetricStatus status;
            status.definition = definition;
            return status;
        };
        api::MetricStatus known;
        const auto definition =
            api::read_definition(R"~({"name":"revenue","window":"1m","where":"event_type = purchase",
                "aggregate":"sum(props.amount)","unit":"USD","group_by":["props.currency"]})~");
        known.definition = definition.value();
        metrics.update({known});
        fake.start();
        EXPECT_TRUE(eventually([&] { return fake.state() == ConnectionState::Live; }));
    }
    // All that was begun is over.
    void rest() {
        ASSERT_TRUE(eventually([&] { return !editor.preview()->asking(); }));
        settle_events();
    }
    bool rested_with(std::size_t questions) {
        return eventually([&] { return fake.asked_points().size() >= questions && !editor.preview()->asking(); });
    }

    std::vector<MetricDefinition> put;
    std::optional<Error> refusal;
    tests::StandingClock clock;
    client::FakeClient fake;
    MetricListModel metrics;
    MetricEditorViewModel editor{fake, clock, metrics};
};

TEST_F(EditorTest, DefinesAMetric) {
    QSignalSpy saved(&editor, &MetricEditorViewModel::saved);
    editor.start_new();
    EXPECT_TRUE(editor.is_open());
    EXPECT_FALSE(editor.existing());
    EXPECT_FALSE(editor.can_save()) << "it has no name";
    EXPECT_TRUE(editor.faults().isEmpty()) << "nobody has typed anything";
    editor.set(u"name"_s, u"purchases"_s);
    editor.set(u"where"_s, u"event_type = purchase"_s);
    editor.set(u"groupBy"_s, u"props.currency"_s);
    ASSERT_TRUE(editor.can_save());
    EXPECT_TRUE(editor.consequence().contains(u"filled from the journal"));
    EXPECT_EQ(editor.usual(), u"1h 90d, 1d forever");
    editor.save();
    EXPECT_TRUE(editor.saving());
    ASSERT_TRUE(eventually([&] { return !editor.is_open(); }));
    ASSERT_EQ(put.size(), 1U);
    EXPECT_EQ(put[0].where.text(), "event_type = purchase");
    EXPECT_EQ(put[0].tiers.size(), 3U);
    ASSERT_EQ(saved.count(), 1);
    EXPECT_EQ(saved[0][0].toString(), u"purchases");
}

TEST_F(EditorTest, ShowsWhatItWouldHaveShown) {
    editor.start_new();
    ASSERT_TRUE(rested_with(1));
    editor.set(u"where"_s, u"event_type = purchase"_s);
    editor.set(u"groupBy"_s, u"props.currency"_s);
    editor.set(u"kind"_s, u"sum"_s);
    editor.set(u"field"_s, u"props.amount"_s);
    ASSERT_TRUE(eventually([&] { return fake.asked_points().size() >= 3; })) << "the groups, then these over time";
    rest();
    const query::PointsQuery& asked = fake.asked_points().back();
    ASSERT_TRUE(asked.raw);
    EXPECT_TRUE(asked.metric.empty());
    EXPECT_EQ(asked.raw->aggregate, Aggregate::Sum);
    EXPECT_EQ(asked.filter.text(), "event_type = purchase and not exists props.currency")
        << "what it counts, of the groups that have most";
    EXPECT_EQ(asked.step_micros, kMinuteMicros);
    EXPECT_EQ(asked.range.to, clock.now());
    EXPECT_EQ(asked.range.to.micros - asked.range.from.micros, kHourMicros);
    EXPECT_EQ(editor.preview()->phase(), u"data");
    EXPECT_EQ(editor.preview_note(), u"stored events of the last 1h");
    const std::size_t before = fake.asked_points().size();
    editor.set(u"unit"_s, u"USD"_s);
    editor.set(u"description"_s, u"What was paid"_s);
    ASSERT_TRUE(eventually([&] { return !fake.tried_metrics().empty() || editor.faults().isEmpty(); }));
    editor.set(u"where"_s, u"event_type = "_s);
    settle_events();
    EXPECT_EQ(fake.asked_points().size(), before) << "neither words nor a faulty filter change what it shows";
}

TEST_F(EditorTest, AsksOneQuestionOverStoredEventsAtATime) {
    fake.hold = true;
    editor.start_new();
    ASSERT_EQ(fake.asked_points().size(), 1U);
    editor.set(u"where"_s, u"event_type = a"_s);
    editor.set(u"name"_s, u"a"_s);
    ASSERT_TRUE(eventually([&] { return !fake.tried_metrics().empty(); })) << "typing has rested";
    ASSERT_TRUE(eventually([&] { return fake.asked_points().size() == 2; })) << "another one in its place";
    EXPECT_EQ(fake.ended_points(), 1) << "nobody waits for the first any more";
    ASSERT_TRUE(eventually([&] { return editor.preview()->slow(); }));
    EXPECT_LT(editor.preview()->progress(), 0) << "not known yet";
    fake.points_progress()(0.4);
    EXPECT_EQ(editor.preview()->progress(), 0.4);
    editor.preview()->cancel();
    EXPECT_EQ(fake.ended_points(), 2);
    EXPECT_FALSE(editor.preview()->asking() || editor.preview()->slow());
    EXPECT_EQ(editor.preview()->phase(), u"cancelled");
    fake.hold = false;
    clock.advance_seconds(600);
    editor.preview()->again();
    ASSERT_TRUE(eventually([&] { return editor.preview()->phase() == u"data"; }));
    ASSERT_EQ(fake.asked_points().size(), 3U);
    EXPECT_EQ(fake.asked_points()[2].filter.text(), fake.asked_points()[1].filter.text());
    EXPECT_EQ(fake.asked_points()[2].range.to, clock.now());
    fake.hold = true;
    editor.set(u"where"_s, u"event_type = b"_s);
    ASSERT_TRUE(eventually([&] { return fake.asked_points().size() == 4; }));
    editor.close();
    ASSERT_TRUE(eventually([&] { return fake.ended_points() == 4; })) << "with the form its question";
}

TEST_F(EditorTest, SaysWhatTheServerWouldNotTake) {
    fake.on_try_metric = [](const MetricDefinition& definition) -> Result<bool> {
        if (definition.where.takes_everything()) return true;
        Error error = Error::make(ErrorCode::TooLarge, "the budget is given out");
        error.field = "exact_budget";
        return error;
    };
    editor.start_new();
    editor.set(u"name"_s, u"users"_s);
    editor.set(u"kind"_s, u"distinct"_s);
    editor.set(u"field"_s, u"user_id"_s);
    editor.set(u"where"_s, u"event_type = login"_s);
    ASSERT_TRUE(eventually([&] { return editor.faults().contains(u"budget"_s); }));
    EXPECT_EQ(editor.faults()[u"budget"_s].toString(), u"the budget is given out");
    editor.set(u"where"_s, u""_s);
    EXPECT_FALSE(editor.faults().contains(u"budget"_s)) << "it was about what is not in the form any more";
}

TEST_F(EditorTest, AFaultAppearsWithTypingAndAllOfThemWithSaving) {
    editor.start_new();
    editor.set(u"where"_s, u"event_type ="_s);
    EXPECT_EQ(editor.faults().keys(), QStringList{u"where"_s});
    editor.save();
    EXPECT_EQ(editor.faults().keys(), (QStringList{u"name"_s, u"where"_s}));
    EXPECT_TRUE(put.empty());
    EXPECT_TRUE(editor.is_open());
}

TEST_F(EditorTest, NoMetricIsOverwrittenByANewOne) {
    editor.start_new();
    editor.set(u"name"_s, u"revenue"_s);
    EXPECT_TRUE(editor.faults()[u"name"_s].toString().contains(u"already"));
    EXPECT_FALSE(editor.can_save());
}

TEST_F(EditorTest, ChangesAMetricAndSaysWhatThatMeans) {
    editor.start_change(metrics.at(0)->definition);
    EXPECT_TRUE(editor.existing());
    EXPECT_EQ(editor.value(u"field"_s), u"props.amount");
    EXPECT_FALSE(editor.can_save()) << "nothing is changed";
    editor.set(u"unit"_s, u"EUR"_s);
    EXPECT_TRUE(editor.can_save());
    EXPECT_TRUE(editor.consequence().contains(u"goes on as it is"));
    editor.set(u"where"_s, u"event_type = order"_s);
    EXPECT_TRUE(editor.consequence().contains(u"anew"));
    refusal = Error::make(ErrorCode::Forbidden, "your role may not change metrics");
    editor.save();
    ASSERT_TRUE(eventually([&] { return !editor.saving(); }));
    EXPECT_TRUE(editor.is_open());
    EXPECT_EQ(editor.fault(), u"your role may not change metrics");
    refusal.reset();
    editor.save();
    ASSERT_TRUE(eventually([&] { return !editor.is_open(); }));
    ASSERT_EQ(put.size(), 2U);
    EXPECT_EQ(put[1].name, "revenue");
    EXPECT_EQ(put[1].unit, "EUR");
}

TEST_F(EditorTest, CompletesFieldsInAList) {
    editor.start_new();
    const QVariantMap found = editor.completeNames(u"props.currency, us"_s, 18);
    EXPECT_EQ(found[u"from"_s].toInt(), 16);
    EXPECT_EQ(found[u"words"_s].toStringList(), QStringList{u"user_id"_s});
    EXPECT_EQ(editor.completeNames(u"props.a|pa"_s, 10)[u"words"_s].toStringList(), QStringList{u"page_url"_s});
}

}  // namespace
}  // namespace streamgauge::viewmodels
