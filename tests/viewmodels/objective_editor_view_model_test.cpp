// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/objective_editor_view_model.h"

#include <gmock/gmock.h>

#include "client/eventually.h"
#include "client/fake_client.h"
#include "client/scripted_objectives.h"
#include "viewmodels/console_view_model.h"
#include "viewmodels/manual_clock.h"

namespace streamgauge::viewmodels {
namespace {

using client::ConnectionState;
using tests::eventually;
using tests::settle_events;
using namespace Qt::Literals::StringLiterals;

// ---- the form
TEST(ObjectiveForm, GivesTheSameObjectiveAgain) {
    using Kind = slo::Indicator::Kind;
    std::vector<slo::Objective> all;
    for (const Kind kind :
         {Kind::Availability, Kind::Latency, Kind::Errors, Kind::Freshness, Kind::Correctness, Kind::Metric}) {
        slo::Objective one;
        one.name = "one";
        one.indicator.kind = kind;
        one.indicator.threshold_ms = kind == Kind::Latency ? 12.5 : kind == Kind::Freshness ? 1500 : 300;
        one.target = 0.9995;
        if (kind == Kind::Metric) {
            one.indicator.good = "paid";
            one.indicator.total = "all";
            one.project = "shop";
        }
        all.push_back(one);
    }
    all[0].indicator.limited_is_bad = true;
    all[0].indicator.route = "POST /events";
    all[1].window = {false, 30 * kDayMicros, slo::TimeWindow::Calendar::Quarter, "Europe/Berlin"};
    all[2].rules = {{slo::Severity::Ticket, kHourMicros, 300 * kSecondMicros, 2.5, 90 * kSecondMicros},
                    {slo::Severity::Page, 6 * kHourMicros, 30 * kMinuteMicros, 6, 0}};
    all[2].least_bad = 40;
    all[2].cool_down_micros = 600 * kSecondMicros;
    all[2].alert_when_no_data = true;
    all[2].notify = {"pager", "desk"};
    all[3].title = "Young";
    all[3].description = "What is asked";
    all[3].service = "query";
    slo::Objective bound = all[5];
    bound.indicator.good.clear();
    bound.indicator.good_is_below = false;
    bound.indicator.bound = -2.5;
    all.push_back(bound);
    for (const slo::Objective& one : all) {
        const ObjectiveReading reading = read_objective_form(form_of(one));
        ASSERT_TRUE(reading.objective) << static_cast<int>(one.indicator.kind) << ": "
                                       << reading.faults.values().join(u", "_s).toStdString();
        EXPECT_EQ(*reading.objective, one) << static_cast<int>(one.indicator.kind);
    }
}

TEST(ObjectiveForm, TellsEveryFaultByItsField) {
    slo::Objective one;
    one.name = "one";
    one.indicator.kind = slo::Indicator::Kind::Latency;
    one.rules = slo::rules_for(one.window);
    one.rules.resize(2);
    one.rules[0].factor = 15;
    FormTexts form = form_of(one);
    ASSERT_EQ(rules_in(form), 2);
    form[u"name"_s] = u"Not So"_s;
    form[u"threshold"_s] = u"soon"_s;
    form[u"target"_s] = u"100"_s;
    form[u"rolling"_s] = u"1h"_s;
    form[u"1.long"_s] = u"1m"_s;
    form[u"coolDown"_s] = u"a while"_s;
    form[u"notify"_s] = u"pager, pager"_s;
    const ObjectiveReading reading = read_objective_form(form);
    EXPECT_FALSE(reading.objective);
    EXPECT_THAT(reading.faults.keys(), testing::UnorderedElementsAre(u"name", u"threshold", u"target", u"rolling",
                                                                     u"1.long", u"coolDown", u"notify"));
    EXPECT_TRUE(reading.faults[u"target"_s].contains(u"99.9"));
    form = new_objective_form();
    form[u"name"_s] = u"m"_s;
    form[u"kind"_s] = u"metric"_s;
    EXPECT_THAT(read_objective_form(form).faults.keys(), testing::UnorderedElementsAre(u"good", u"total"));
}

// ---- the editor
class ObjectiveEditorTest : public testing::Test {
protected:
    ObjectiveEditorTest() {
        fake.objective_service = std::make_shared<tests::ScriptedObjectives>();
        clock.advance_seconds(100 * 86'400);
    }
    void SetUp() override {
        fake.start();
        ASSERT_TRUE(eventually([&] { return fake.state() == ConnectionState::Syncing; }));
        fake.publish(api::Overview{}, true);
        app.set_page(ConsoleViewModel::ObjectivesPage);
        settle_events();
        ASSERT_EQ(app.objectives()->phase(), u"data");
    }
    QString warning(const char16_t* key) { return editor.warnings().value(QString::fromUtf16(key)).toString(); }
    QString fault(const char16_t* key) { return editor.faults().value(QString::fromUtf16(key)).toString(); }
    bool tested() {
        return eventually([&] { return !editor.testing() && !editor.test_title().isEmpty(); });
    }

    tests::StandingClock clock;
    client::FakeClient fake;
    ConsoleViewModel app{fake, clock};
    ObjectiveEditorViewModel& editor = *app.objectives()->editor();
};

TEST_F(ObjectiveEditorTest, ANewOneIsTriedAtOnceAndSaved) {
    app.objectives()->define();
    ASSERT_TRUE(editor.is_open());
    EXPECT_FALSE(editor.existing());
    EXPECT_TRUE(editor.faults().isEmpty()) << "nothing was typed yet";
    ASSERT_TRUE(tested());
    EXPECT_EQ(editor.test_title(), u"Would have fired 3 times");
    EXPECT_TRUE(editor.test_text().contains(u"first after 41"));
    EXPECT_FALSE(editor.test_changes().isEmpty());
    editor.save();
    EXPECT_FALSE(fault(u"name").isEmpty()) << "saving shows what is wrong";
    editor.set(u"name"_s, u"fast"_s);
    EXPECT_TRUE(fault(u"name").contains(u"already"));
    editor.set(u"name"_s, u"new-one"_s);
    ASSERT_TRUE(editor.can_save());
    editor.save();
    ASSERT_TRUE(eventually([&] { return !editor.is_open(); }));
    EXPECT_TRUE(eventually([&] { return app.objectives()->selected() == u"new-one"; })) << "it is looked at";
}

TEST_F(ObjectiveEditorTest, TheTrapsStandAtTheFieldThatMendsThem) {
    app.objectives()->define();
    editor.set(u"target"_s, u"90"_s);
    EXPECT_TRUE(warning(u"target").contains(u"can never fire")) << "the usual 14.4 at 90 %";
    editor.set(u"target"_s, u"99.9"_s);
    EXPECT_FALSE(warning(u"target").contains(u"can never fire"));
    editor.ownRules();
    editor.set(u"0.factor"_s, u"1200"_s);
    EXPECT_TRUE(warning(u"0.factor").contains(u"can never fire"));
    editor.set(u"0.factor"_s, u"14.4"_s);
    editor.set(u"rolling"_s, u"12h"_s);
    EXPECT_TRUE(warning(u"2.long").contains(u"looks further back than the window"))
        << "the window changed, the rules did not";
    editor.set(u"coolDown"_s, u"a while"_s);
    EXPECT_FALSE(editor.can_save());
    editor.set(u"notify"_s, u"pager"_s);
    EXPECT_TRUE(warning(u"2.long").contains(u"looks further back")) << "in spite of a fault elsewhere";
    editor.set(u"coolDown"_s, u"5m"_s);
    EXPECT_TRUE(warning(u"noData").contains(u"nobody is told when data stop"));
    editor.set(u"noData"_s, u"yes"_s);
    EXPECT_EQ(warning(u"noData"), QString());
    // What the back-test counted, 1,000 requests in a week, tells the rest.
    editor.usualRules();
    editor.set(u"rolling"_s, u"7d"_s);
    editor.set(u"target"_s, u"99.99"_s);
    editor.set(u"leastBad"_s, u"1"_s);
    ASSERT_TRUE(tested());
    EXPECT_TRUE(warning(u"target").contains(u"the budget is less than one event"));
    EXPECT_TRUE(warning(u"leastBad").contains(u"fires by 1 bad event"));
    editor.set(u"leastBad"_s, u"5000"_s);
    EXPECT_TRUE(warning(u"leastBad").contains(u"hardly ever fire"));
}

TEST_F(ObjectiveEditorTest, RulesComeFromTheWindowUntilTheyAreChanged) {
    app.objectives()->define();
    EXPECT_EQ(editor.rules(), 0);
    ASSERT_EQ(editor.rule_notes().size(), 4);
    EXPECT_TRUE(QString(editor.rule_notes()[0]).replace(QChar(0x202f), u' ').contains(u"8 min 38"))
        << "14.4 x 1 % x 1 h, as the formula says";
    editor.ownRules();
    ASSERT_EQ(editor.rules(), 4);
    EXPECT_EQ(editor.value(u"0.factor"_s), u"14.4");
    EXPECT_EQ(editor.value(u"0.long"_s), u"1h");
    editor.removeRule(0);
    ASSERT_EQ(editor.rules(), 3);
    EXPECT_EQ(editor.value(u"0.long"_s), u"6h");
    EXPECT_EQ(editor.value(u"3.long"_s), QString());
    editor.addRule();
    EXPECT_EQ(editor.rules(), 4);
    editor.set(u"3.long"_s, u"10s"_s);
    EXPECT_TRUE(fault(u"3.long").contains(u"short")) << "shorter than the short one";
    editor.usualRules();
    EXPECT_EQ(editor.rules(), 0);
    EXPECT_TRUE(editor.faults().isEmpty());
}

TEST_F(ObjectiveEditorTest, ABackTestIsCancelledAndAnOldOneSaysSo) {
    app.objectives()->define();
    ASSERT_TRUE(tested());
    fake.hold = true;
    editor.set_test_range(86'400);
    EXPECT_TRUE(editor.testing());
    EXPECT_LT(editor.test_progress(), 0) << "not known yet";
    editor.cancelTest();
    EXPECT_FALSE(editor.testing());
    fake.hold = false;
    editor.test();
    ASSERT_TRUE(tested());
    const std::size_t before = fake.tested_drafts().size();
    editor.set(u"title"_s, u"Other words"_s);
    EXPECT_FALSE(editor.test_old()) << "words change nothing";
    editor.set(u"target"_s, u"95"_s);
    EXPECT_TRUE(editor.test_old());
    ASSERT_TRUE(eventually([&] { return !editor.test_old(); })) << "when typing rests";
    ASSERT_EQ(fake.tested_drafts().size(), before + 1);
    EXPECT_DOUBLE_EQ(fake.tested_drafts().back().target, 0.95);
}

TEST_F(ObjectiveEditorTest, OneIsChangedUnderItsNameAndAsItIs) {
    app.objectives()->change();
    ASSERT_TRUE(editor.is_open());
    EXPECT_TRUE(editor.existing());
    EXPECT_EQ(editor.value(u"name"_s), u"fast");
    EXPECT_FALSE(editor.dirty());
    EXPECT_FALSE(editor.can_save()) << "nothing is changed yet";
    editor.set(u"target"_s, u"97"_s);
    EXPECT_TRUE(editor.dirty());
    editor.save();
    ASSERT_TRUE(eventually([&] { return !editor.is_open(); }));
    app.objectives()->change();
    EXPECT_TRUE(eventually([&] {
        return editor.value(u"target"_s) == u"97" || (app.objectives()->refresh(), app.objectives()->change(), false);
    }));
}

}  // namespace
}  // namespace streamgauge::viewmodels
