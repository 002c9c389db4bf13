// SPDX-License-Identifier: GPL-3.0-or-later
// The Load test page over a FakeClient: what its controls do, and what is to be read first.
#include <QQuickItem>
#include <QTemporaryDir>

#include <gmock/gmock.h>

#include "client/eventually.h"
#include "console/file_dialogs.h"
#include "ui/find_item.h"
#include "ui/load_scenes.h"

namespace streamgauge::tests {
namespace {

using namespace Qt::Literals::StringLiterals;

class LoadPageTest : public testing::Test {
protected:
    void play(const QString& name) {
        stage.show(QSize(1440, 900));
        for (const Scene& candidate : scenes()) {
            if (candidate.name != name) continue;
            candidate.play(stage);
            settle_events();
            return;
        }
        ADD_FAILURE() << "there is no scene " << name.toStdString();
    }
    bool shown(const QString& name) {
        const QQuickItem* item = stage.find(name);
        return item && item->isVisible();
    }
    QString text_of(const QString& name) {
        const QQuickItem* item = stage.find(name);
        return item ? item->property("text").toString().replace(QChar(u'\u202F'), u' ') : u"(no such item)"_s;
    }
    Stage stage;
};

TEST_F(LoadPageTest, WhyTheLastRunFailedIsTheFirstThingToRead) {
    play(u"load-run-failed"_s);
    ASSERT_TRUE(shown(u"loadVerdict"_s));
    EXPECT_EQ(text_of(u"loadState"_s), u"Failed");
    EXPECT_TRUE(text_of(u"loadHeadline"_s).startsWith(u"p95 < 300 ms was "))
        << text_of(u"loadHeadline"_s).toStdString();
    const QQuickItem* headline = stage.find(u"loadHeadline"_s);
    EXPECT_LT(headline->mapToScene(QPointF(0, 0)).y(), 200) << "at the top";
    EXPECT_TRUE(shown(u"loadThresholds"_s));
    EXPECT_TRUE(shown(u"loadCertificate"_s));
}

TEST_F(LoadPageTest, WhichObjectiveWasNotHeldIsSaidAndShownInATable) {
    play(u"load-objectives"_s);
    EXPECT_EQ(text_of(u"loadState"_s), u"Failed");
    EXPECT_TRUE(text_of(u"loadHeadline"_s).contains(u" was not held: ")) << text_of(u"loadHeadline"_s).toStdString();
    EXPECT_TRUE(shown(u"loadObjectives"_s));
    stage.app.load()->set_view(u"runs"_s);
    ASSERT_TRUE(eventually([&] { return stage.app.load()->runs()->run()->final(); }));
    EXPECT_EQ(stage.app.load()->runs()->run()->objectives().size(), 3);
    EXPECT_EQ(stage.app.load()->runs()->rows()[0].toMap()[u"verdict"_s].toString(), u"Failed");
}

TEST_F(LoadPageTest, ARunStartsShowsIsSteeredAndStops) {
    play(u"load-empty"_s);
    ASSERT_TRUE(shown(u"loadSetup"_s));
    stage.click(stage.find(u"startButton"_s));
    ASSERT_TRUE(eventually([&] { return shown(u"stopButton"_s); }));
    ASSERT_EQ(stage.fake.started_scenarios().size(), 1U);
    stage.fake.publish(sample_load(api::LoadState::Running, 41));
    settle_events();
    EXPECT_EQ(text_of(u"loadState"_s), u"Running");
    EXPECT_EQ(text_of(u"figurePlanned"_s).remove(u' '), u"205000");
    EXPECT_EQ(text_of(u"figurep99"_s), u"7.02 ms");
    EXPECT_EQ(stage.find(u"loadSeconds"_s)->property("count").toInt(), 41);
    stage.click(stage.find(u"spikeNow"_s));
    stage.click(stage.find(u"pauseRun"_s));
    ASSERT_EQ(stage.fake.hands().size(), 2U);
    EXPECT_EQ(stage.fake.hands()[0].kind, loadgen::HandAction::Kind::Spike);
    EXPECT_DOUBLE_EQ(stage.fake.hands()[0].rate, 25'000);
    EXPECT_EQ(stage.fake.hands()[1].kind, loadgen::HandAction::Kind::Pause);
    QQuickItem* const slider = stage.find(u"rateSlider"_s);
    slider->forceActiveFocus();
    stage.press(Qt::Key_Right);
    ASSERT_TRUE(eventually([&] { return stage.fake.hands().size() == 3; }));
    EXPECT_GT(stage.fake.hands()[2].rate, 5000);
    stage.click(stage.find(u"stopButton"_s));
    EXPECT_TRUE(eventually([&] { return stage.fake.stops_asked() == 1; }));
}

TEST_F(LoadPageTest, AReplayIsSteeredByItsSpeed) {
    play(u"load-replay-running"_s);
    EXPECT_EQ(text_of(u"rateNow"_s).remove(u' '), u"2×");
    QQuickItem* const slider = stage.find(u"rateSlider"_s);
    slider->forceActiveFocus();
    stage.press(Qt::Key_Right);
    ASSERT_TRUE(eventually([&] { return stage.fake.hands().size() == 1; }));
    EXPECT_EQ(stage.fake.hands()[0].kind, loadgen::HandAction::Kind::Speed);
    EXPECT_GT(stage.fake.hands()[0].speed, 2);
    EXPECT_LT(stage.fake.hands()[0].speed, 2.2);
    stage.click(stage.find(u"spikeNow"_s));
    stage.click(stage.find(u"planRate"_s));
    ASSERT_EQ(stage.fake.hands().size(), 3U);
    EXPECT_DOUBLE_EQ(stage.fake.hands()[1].speed, 7.125) << "five times as fast would not fit";
    EXPECT_DOUBLE_EQ(stage.fake.hands()[2].speed, 0);
}

TEST_F(LoadPageTest, WhatIsTypedInTheFormStandsInTheFileAndTheOtherWay) {
    play(u"load-setup-spike"_s);
    QQuickItem* const field = stage.find(u"scenario_stages[0].rate"_s);
    QQuickItem* const text = stage.find(u"scenarioText"_s);
    ASSERT_TRUE(field);
    ASSERT_TRUE(text);
    field->forceActiveFocus();
    stage.press(Qt::Key_End);
    stage.press(Qt::Key_0, Qt::NoModifier, u"0"_s);
    EXPECT_TRUE(eventually([&] { return text->property("text").toString().contains(u"rate: 2000, for: 25s"); }));
    EXPECT_TRUE(text->property("text").toString().contains(u"# what was promised"));
    EXPECT_TRUE(field->hasActiveFocus()) << "typing goes on";
    QString changed = text->property("text").toString();
    text->setProperty("text", changed.replace(u"rate: 2000"_s, u"rate: 70"_s));
    text->forceActiveFocus();
    EXPECT_TRUE(eventually([&] { return field->property("text").toString() == u"70"; }));
}

TEST_F(LoadPageTest, HeadersCredentialsAndReadingBackAreInTheForm) {
    play(u"load-setup"_s);
    QQuickItem* const text = stage.find(u"scenarioText"_s);
    const auto file = [&] { return text->property("text").toString(); };
    auto& scenario = *stage.app.load()->scenario();
    stage.find(u"addHeader"_s)->forceActiveFocus();
    stage.press(Qt::Key_Space, Qt::NoModifier, u" "_s);
    QQuickItem* const name = stage.find(u"scenario_requests[0].headers[0].name"_s);
    ASSERT_TRUE(name);
    EXPECT_EQ(name->property("text").toString(), u"X-Header-1");
    scenario.set(u"requests[0].headers[0].value"_s, u"shop"_s);
    EXPECT_TRUE(eventually([&] { return file().contains(u"X-Header-1: shop"); })) << file().toStdString();
    EXPECT_FALSE(shown(u"scenario_credentials.environment"_s));
    scenario.set(u"credentials.kind"_s, u"bearer"_s);
    EXPECT_TRUE(eventually([&] { return shown(u"scenario_credentials.environment"_s); }));
    EXPECT_TRUE(file().contains(u"LOAD_SECRET"));
    EXPECT_TRUE(shown(u"scenarioOutside"_s)) << "a server does not read variables for whoever starts a run";
    EXPECT_FALSE(shown(u"scenario_tls.verify"_s));
    scenario.set(u"url"_s, u"https://127.0.0.1:8443/events"_s);
    EXPECT_TRUE(eventually([&] { return shown(u"scenario_tls.verify"_s); }));
    QQuickItem* const check = stage.find(u"endToEnd"_s);
    check->forceActiveFocus();
    stage.press(Qt::Key_Space, Qt::NoModifier, u" "_s);
    EXPECT_TRUE(eventually([&] { return file().contains(u"check: true"); })) << file().toStdString();
    EXPECT_TRUE(shown(u"scenario_end_to_end.settle"_s));
    text->setProperty("text", file().replace(u"check: true"_s, u"check: false"_s));
    EXPECT_TRUE(eventually([&] { return !check->property("checked").toBool(); })) << "the other way";
}

TEST_F(LoadPageTest, AFaultOfTheFileIsMarkedAndCanBeGoneTo) {
    play(u"load-setup-fault"_s);
    EXPECT_TRUE(text_of(u"scenarioFault"_s).contains(u"line 7")) << text_of(u"scenarioFault"_s).toStdString();
    EXPECT_FALSE(stage.find(u"startButton"_s)->isEnabled());
    stage.click(stage.find(u"goToFault"_s));
    const QQuickItem* text = stage.find(u"scenarioText"_s);
    EXPECT_TRUE(text->hasActiveFocus());
    EXPECT_EQ(text->property("text").toString().mid(text->property("cursorPosition").toInt(), 4), u"-200");
}

TEST_F(LoadPageTest, AWrongPlanSaysWhyAndDoesNotStart) {
    play(u"load-wrong-plan"_s);
    EXPECT_TRUE(shown(u"scenarioFault_stages[0].rate"_s));
    EXPECT_TRUE(shown(u"scenarioFault_thresholds[0]"_s));
    EXPECT_FALSE(stage.find(u"startButton"_s)->isEnabled());
    stage.click(stage.find(u"startButton"_s));
    EXPECT_TRUE(stage.fake.started_scenarios().empty());
}

TEST_F(LoadPageTest, AnotherMachineIsConfirmedByItsName) {
    play(u"load-setup-foreign"_s);
    ASSERT_TRUE(shown(u"confirmTarget"_s));
    EXPECT_FALSE(stage.find(u"startButton"_s)->isEnabled());
    stage.app.load()->scenario()->set_confirmed_host(u"shop.example"_s);
    EXPECT_TRUE(eventually([&] { return stage.find(u"startButton"_s)->isEnabled(); }));
}

TEST_F(LoadPageTest, RunsAreMovedThroughComparedAndRemovedByKeys) {
    play(u"load-runs"_s);
    auto& runs = *stage.app.load()->runs();
    stage.find(u"runList"_s)->forceActiveFocus();
    stage.press(Qt::Key_Down);
    EXPECT_EQ(runs.selected(), u"r3");
    stage.press(Qt::Key_C, Qt::NoModifier, u"c"_s);
    EXPECT_EQ(runs.baseline(), u"r3");
    stage.press(Qt::Key_Up);
    EXPECT_TRUE(eventually([&] { return shown(u"runComparison"_s); }));
    stage.press(Qt::Key_Delete);
    ASSERT_TRUE(eventually([&] { return shown(u"removeRunQuestion"_s); }));
    stage.press(Qt::Key_Escape);
    EXPECT_EQ(runs.count(), 4) << "kept";
    stage.press(Qt::Key_Delete);
    settle_events();
    runs.askRemove();
    ASSERT_TRUE(eventually([&] { return shown(u"removeRunQuestion"_s); }));
    stage.click(stage.find(u"confirmRemoveRun"_s));
    EXPECT_TRUE(eventually([&] { return runs.count() == 3; }));
}

TEST_F(LoadPageTest, AComparisonSaysSoInWords) {
    play(u"load-compare-same"_s);
    EXPECT_TRUE(text_of(u"comparisonVerdict"_s).startsWith(u"No detectable difference"));
}

TEST_F(LoadPageTest, LoadIsOfferedByFeature) {
    play(u"load-not-offered"_s);
    EXPECT_FALSE(stage.find(u"startButton"_s)->isEnabled());
    EXPECT_TRUE(text_of(u"planProblem"_s).contains(u"does not offer load runs"));
}

TEST_F(LoadPageTest, ScenariosAndReportsAreReadAndWritten) {
    play(u"load-setup"_s);
    QTemporaryDir directory;
    const QString path = directory.filePath(u"shop.yaml"_s);
    auto& load = *stage.app.load();
    const QByteArray before = load.scenario()->text().toUtf8();
    console::save_scenario(load, path, before);
    EXPECT_EQ(load.scenario()->file_name(), u"shop.yaml");
    load.scenario()->choose(u"ramp"_s);
    console::open_scenario(load, path);
    EXPECT_EQ(load.scenario()->text().toUtf8(), before);
    EXPECT_EQ(stage.find(u"scenarioText"_s)->property("text").toString().toUtf8(), before);
    console::open_scenario(load, directory.filePath(u"none.yaml"_s));
    EXPECT_TRUE(load.scenario()->file_fault().contains(u"none.yaml"));
    console::save_report(load, directory.filePath(u"no/such/folder.html"_s), "x");
    EXPECT_TRUE(load.runs()->notice().contains(u"cannot be written"));
}

TEST_F(LoadPageTest, AFieldWhoseFaultWentAwaySaysWhatHoldsAgain) {
    play(u"load-setup"_s);
    auto& scenario = *stage.app.load()->scenario();
    QQuickItem* const field = stage.find(u"scenario_stages[0].rate"_s);
    ASSERT_TRUE(field);
    const QString before = field->property("text").toString();
    field->forceActiveFocus();
    stage.press(Qt::Key_End);
    stage.press(Qt::Key_X, Qt::NoModifier, u"x"_s);
    EXPECT_EQ(field->property("text").toString(), before + u'x');
    stage.find(u"scenario_url"_s)->forceActiveFocus();
    EXPECT_EQ(field->property("text").toString(), before + u'x') << "what is wrong is to be seen";
    ASSERT_TRUE(shown(u"scenarioFault_stages[0].rate"_s));
    scenario.choose(scenario.profile());
    EXPECT_TRUE(eventually([&] { return field->property("text").toString() == before; }));
    EXPECT_FALSE(shown(u"scenarioFault_stages[0].rate"_s));
}

TEST_F(LoadPageTest, TheSliderShowsTheSpeedOfAReplayThatComesAfterARun) {
    play(u"load-empty"_s);
    stage.fake.publish(sample_load(api::LoadState::Running, 19));
    settle_events();
    QQuickItem* const slider = stage.find(u"rateSlider"_s);
    ASSERT_TRUE(slider);
    EXPECT_GT(slider->property("value").toDouble(), 1000);
    // It begins with no rate: a nought that is below the lowest rate, and the logarithm of once.
    api::LoadStatus next;
    next.run_id = "next";
    next.state = api::LoadState::Starting;
    stage.fake.publish(next);
    settle_events();
    next = sample_load(api::LoadState::Running, 19);
    next.run_id = "next";
    next.rate = 0;
    next.plan.arrivals = api::Arrivals::Replay;
    next.replay = {{1, 50}};
    stage.fake.publish(next);
    settle_events();
    EXPECT_NEAR(slider->property("value").toDouble(), 0, 1e-9) << "the logarithm of once";
    EXPECT_EQ(text_of(u"rateNow"_s).remove(u' '), u"1×");
}

TEST_F(LoadPageTest, TheHeatSaysThatItIsOfTheWholeRunWhileAPartIsShown) {
    play(u"load-zoomed"_s);
    const QQuickItem* heat = stage.find(u"loadHeat"_s);
    ASSERT_TRUE(heat);
    EXPECT_EQ(heat->property("note").toString(), u"whole run");
    stage.app.load()->run()->rates()->unzoom();
    EXPECT_TRUE(eventually([&] { return heat->property("note").toString() == u"answers by response time"; }));
}

TEST_F(LoadPageTest, TheChartsOfAComparisonAreThereWithTheirData) {
    play(u"load-compare-worse"_s);
    EXPECT_TRUE(shown(u"overlayRates"_s) && shown(u"overlayLatency"_s));
    auto& runs = *stage.app.load()->runs();
    runs.step(1);
    EXPECT_TRUE(runs.comparing());
    EXPECT_FALSE(shown(u"overlayRates"_s) || shown(u"overlayLatency"_s)) << "they were of another run";
    EXPECT_TRUE(eventually([&] { return shown(u"overlayRates"_s) && shown(u"overlayLatency"_s); }));
}

}  // namespace
}  // namespace streamgauge::tests
