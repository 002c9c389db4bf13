// SPDX-License-Identifier: GPL-3.0-or-later
// The real window over a FakeClient: every scene is drawn without a complaint, and each page does what its controls
// say.
#include <QClipboard>
#include <QFile>
#include <QGuiApplication>
#include <QMouseEvent>
#include <QQuickItem>
#include <QSet>
#include <QTemporaryDir>

#include <gmock/gmock.h>

#include "client/eventually.h"
#include "console/file_dialogs.h"
#include "console/window_memory.h"
#include "ui/find_item.h"
#include "ui/scenes.h"

namespace streamgauge::tests {
namespace {

using namespace Qt::Literals::StringLiterals;
using client::ConnectionState;

QString text_of(const QQuickItem* item) {
    return item ? item->property("text").toString() : u"(no such item)"_s;
}

const Scene& scene(const QString& name) {
    for (const Scene& candidate : scenes()) {
        if (candidate.name == name) return candidate;
    }
    ADD_FAILURE() << "there is no scene " << name.toStdString();
    return scenes().front();
}

int colors_in(const QImage& image) {
    QSet<QRgb> colors;
    for (int y = 0; y < image.height(); y += 3) {
        for (int x = 0; x < image.width(); x += 3) colors.insert(image.pixel(x, y));
    }
    return static_cast<int>(colors.size());
}

// Texts that belong on one line and are neither cut off by the window nor over each other's box by accident.
void expect_inside(const Stage& stage, const std::string& name) {
    const QRectF window(QPointF(0, 0), QSizeF(stage.window->size()));
    for (const char* item : {"statusReceived", "statusUp", "connectionPill", "pauseButton", "themeSwitch"}) {
        const QQuickItem* found = stage.find(QString::fromLatin1(item));
        ASSERT_TRUE(found) << item;
        const QRectF box = found->mapRectToScene(QRectF(0, 0, found->width(), found->height()));
        EXPECT_TRUE(window.contains(box)) << name << ": " << item << " leaves the window";
    }
    const auto* pill = stage.find(u"connectionPill"_s);
    const auto* pause = stage.find(u"pauseButton"_s);
    EXPECT_LT(pill->mapToScene(QPointF(pill->width(), 0)).x(), pause->mapToScene(QPointF(0, 0)).x()) << name;
}

class EveryScene : public testing::TestWithParam<QString> {};

TEST_P(EveryScene, IsDrawnWithoutAComplaint) {
    const std::pair<QString, QSize> looks[] = {{u"dark"_s, QSize(1024, 700)}, {u"light"_s, QSize(1440, 900)}};
    for (const auto& [theme, size] : looks) {
        Stage stage;
        stage.app.set_theme(theme);
        stage.show(size);
        scene(GetParam()).play(stage);
        const QImage picture = stage.grab();
        EXPECT_EQ(picture.size(), size);
        EXPECT_GT(colors_in(picture), 25) << "it is blank";
        EXPECT_THAT(stage.window->complaints().join(u'\n').toStdString(), "");
        expect_inside(stage, GetParam().toStdString());
        // The theme is where it should be: dark behind, or light.
        EXPECT_EQ(picture.pixelColor(size.width() - 3, size.height() - 60).lightness() < 128, theme == "dark"_L1)
            << "behind everything";
    }
}

std::vector<QString> scene_names() {
    std::vector<QString> names;
    for (const Scene& each : scenes()) {
        // The overlays cover the corner whose colour is asked for; PagesTest looks at them.
        if (each.name != "palette"_L1 && each.name != "keys"_L1 && each.name != "login"_L1) names.push_back(each.name);
    }
    return names;
}

INSTANTIATE_TEST_SUITE_P(Scenes, EveryScene, testing::ValuesIn(scene_names()),
                         [](const auto& name) { return QString(name.param).replace(u'-', u'_').toStdString(); });

class PagesTest : public testing::Test {
protected:
    void play(const QString& name) {
        stage.show(QSize(1440, 900));
        scene(name).play(stage);
        settle_events();
    }
    bool shown(const QString& name) {
        const QQuickItem* item = stage.find(name);
        return item && item->isVisible();
    }
    Stage stage;
};

TEST_F(PagesTest, OverviewShowsTheNumbers) {
    play(u"overview-data"_s);
    ASSERT_TRUE(stage.find(u"tile0"_s));
    EXPECT_EQ(stage.find(u"tile0"_s)->property("value").toString(), u"7.10");
    EXPECT_EQ(stage.find(u"tile5"_s)->property("title").toString(), u"Worst budget");
    EXPECT_EQ(stage.find(u"tile5"_s)->property("value").toString(), u"−42.0");
    EXPECT_EQ(text_of(stage.find(u"connectionState"_s)), u"Live");
    EXPECT_EQ(text_of(stage.find(u"connectionEndpoint"_s)), u"embedded");
    EXPECT_EQ(stage.find(u"topPages"_s)->property("count").toInt(), 10);
    EXPECT_FALSE(shown(u"overviewBanner"_s));
    EXPECT_EQ(text_of(stage.find(u"statusLedger"_s)), u"balanced");
}

TEST_F(PagesTest, OverviewSaysHowOldItIs) {
    play(u"overview-disconnected"_s);
    ASSERT_TRUE(shown(u"overviewBanner"_s));
    EXPECT_EQ(stage.find(u"overviewBanner"_s)->property("title").toString().replace(QChar(u'\u202F'), u' '),
              u"Numbers are from 47 s ago");
    EXPECT_EQ(stage.find(u"tile0"_s)->property("value").toString(), u"7.10") << "what is known stays";
}

TEST_F(PagesTest, AFirstEventIsOneLineAndADemoOneButtonAway) {
    play(u"overview-empty"_s);
    ASSERT_TRUE(shown(u"overviewEmpty"_s));
    EXPECT_TRUE(text_of(stage.find(u"curlLine"_s)).startsWith(u"curl http://127.0.0.1:8080/events "));
    stage.click(stage.find(u"demoButton"_s));
    ASSERT_TRUE(eventually([&] { return stage.fake.started_plans().size() == 1; }));
    EXPECT_DOUBLE_EQ(stage.fake.started_plans()[0].rate, viewmodels::LoadViewModel::kDemoRate);
}

TEST_F(PagesTest, AnErrorCanBeTriedAgain) {
    play(u"overview-error"_s);
    ASSERT_TRUE(shown(u"overviewError"_s));
    stage.click(stage.find(u"retryButton"_s));
    EXPECT_TRUE(eventually([&] { return stage.fake.state() == ConnectionState::Syncing; }));
}

TEST_F(PagesTest, PagesChangeByClickAndByKey) {
    play(u"overview-data"_s);
    stage.click(stage.find(u"navEvents"_s));
    EXPECT_TRUE(shown(u"eventsPage"_s));
    EXPECT_FALSE(shown(u"overviewPage"_s));
    stage.press(Qt::Key_4, Qt::ControlModifier);
    EXPECT_TRUE(shown(u"objectivesPage"_s));
    stage.press(Qt::Key_5, Qt::ControlModifier);
    EXPECT_TRUE(shown(u"loadPage"_s));
    stage.press(Qt::Key_1, Qt::ControlModifier);
    EXPECT_TRUE(shown(u"overviewPage"_s));
}

TEST_F(PagesTest, SpacePausesButNotWhileTyping) {
    play(u"events-data"_s);
    stage.press(Qt::Key_Space, Qt::NoModifier, u" "_s);
    EXPECT_TRUE(stage.app.paused());
    stage.press(Qt::Key_Space, Qt::NoModifier, u" "_s);
    EXPECT_FALSE(stage.app.paused());
    stage.press(Qt::Key_Slash, Qt::NoModifier, u"/"_s);
    ASSERT_TRUE(stage.find(u"typeFilter"_s)->hasActiveFocus());
    stage.press(Qt::Key_A, Qt::NoModifier, u"a"_s);
    stage.press(Qt::Key_Space, Qt::NoModifier, u" "_s);
    stage.press(Qt::Key_B, Qt::NoModifier, u"b"_s);
    EXPECT_FALSE(stage.app.paused());
    EXPECT_EQ(text_of(stage.find(u"typeFilter"_s)), u"a b");
    stage.press(Qt::Key_Return);
    EXPECT_EQ(stage.app.events()->event_type(), u"a b");
    EXPECT_TRUE(eventually([&] { return stage.fake.subscribed(api::Topic::Events).at(0).event_type == "a b"; }));
}

TEST_F(PagesTest, AnEventOpensAndCloses) {
    play(u"events-data"_s);
    EXPECT_FALSE(shown(u"eventDetail"_s));
    QQuickItem* list = stage.find(u"eventList"_s);
    EXPECT_EQ(list->property("count").toInt(), 160);
    list->forceActiveFocus();
    stage.press(Qt::Key_Down);
    ASSERT_TRUE(shown(u"eventDetail"_s));
    EXPECT_TRUE(text_of(stage.find(u"eventJson"_s)).contains(u"\"id\": 56200160"));
    stage.press(Qt::Key_Down);
    EXPECT_TRUE(text_of(stage.find(u"eventJson"_s)).contains(u"\"id\": 56200159"));
    stage.press(Qt::Key_Escape);
    EXPECT_FALSE(shown(u"eventDetail"_s));
}

TEST_F(PagesTest, TheNewestStaysOnTopUntilSomebodyScrolls) {
    play(u"events-data"_s);
    QQuickItem* list = stage.find(u"eventList"_s);
    const auto top_row = [&] {
        QQuickItem* row = nullptr;
        QMetaObject::invokeMethod(list, "itemAt", Q_RETURN_ARG(QQuickItem*, row), Q_ARG(qreal, 20),
                                  Q_ARG(qreal, list->property("contentY").toReal() + 10));
        return row ? row->property("index").toInt() : -1;
    };
    std::uint64_t next = 161;
    for (int round = 0; round < 60; ++round) {
        stage.fake.publish(sample_events(next, 40));
        next += 40;
        ASSERT_TRUE(eventually([&] { return top_row() == 0; })) << "round " << round;
    }
    // Who scrolled down reads on where he is.
    list->setProperty("contentY", list->property("originY").toReal() + 2600.0);
    settle_events();
    ASSERT_GT(top_row(), 90);
    const auto first_shown = [&] {
        return stage.app.events()->tail()->index(top_row()).data(viewmodels::TailModel::EventId).toString();
    };
    const QString reading = first_shown();
    stage.fake.publish(sample_events(next, 40));
    settle_events();
    stage.grab();
    EXPECT_EQ(first_shown(), reading);
}

TEST_F(PagesTest, ThePaletteRunsACommand) {
    play(u"overview-data"_s);
    stage.press(Qt::Key_K, Qt::ControlModifier);
    ASSERT_TRUE(shown(u"palette"_s));
    for (const QChar letter : u"light"_s) stage.press(Qt::Key_unknown, Qt::NoModifier, letter);
    stage.press(Qt::Key_Return);
    EXPECT_FALSE(shown(u"palette"_s));
    EXPECT_EQ(stage.app.theme(), u"light");
    stage.press(Qt::Key_K, Qt::ControlModifier);
    stage.press(Qt::Key_Escape);
    EXPECT_FALSE(shown(u"palette"_s));
}

TEST_F(PagesTest, TheKeysAreAQuestionMarkAway) {
    play(u"load-data"_s);
    stage.press(Qt::Key_Question, Qt::ShiftModifier, u"?"_s);
    EXPECT_TRUE(shown(u"keysOverlay"_s));
    stage.press(Qt::Key_Escape);
    EXPECT_FALSE(shown(u"keysOverlay"_s));
}

TEST_F(PagesTest, AMetricIsChosenByKeyAndItsFillingCancelled) {
    play(u"metrics-data"_s);
    QQuickItem* list = stage.find(u"metricList"_s);
    ASSERT_TRUE(list);
    EXPECT_EQ(list->property("count").toInt(), 6);
    EXPECT_TRUE(shown(u"metricChart"_s));
    EXPECT_FALSE(shown(u"metricFilling"_s));
    list->forceActiveFocus();
    for (int i = 0; i < 3; ++i) stage.press(Qt::Key_Down);
    EXPECT_EQ(stage.app.metrics()->selected(), u"latency_by_page_and_country");
    ASSERT_TRUE(eventually([&] { return shown(u"metricFilling"_s); }));
    int cancelled = 0;
    stage.fake.on_cancel_backfill = [&](const std::string&) {
        ++cancelled;
        return Result<bool>(true);
    };
    stage.click(stage.find(u"cancelBackfill"_s));
    EXPECT_TRUE(eventually([&] { return cancelled == 1; }));

    EXPECT_FALSE(shown(u"retryBackfill"_s));
    int retried = 0;
    stage.fake.on_retry_backfill = [&](const std::string&) {
        ++retried;
        return Result<bool>(true);
    };
    stage.fake.on_metrics = [listed = stage.fake.on_metrics] {
        auto all = listed();
        for (api::MetricStatus& one : *all)
            if (one.backfill) one.backfill->failed = true;
        return all;
    };
    stage.app.metrics()->refresh();
    ASSERT_TRUE(eventually([&] { return shown(u"retryBackfill"_s); }));
    stage.click(stage.find(u"retryBackfill"_s));
    EXPECT_TRUE(eventually([&] { return retried == 1; }));
}

TEST_F(PagesTest, AQuestionThatWasEndedIsAskedAgain) {
    play(u"metrics-slow"_s);
    ASSERT_TRUE(shown(u"metricNewerCancel"_s));
    ASSERT_TRUE(shown(u"metricChart"_s));
    stage.click(stage.find(u"metricNewerCancel"_s));
    EXPECT_FALSE(stage.app.metrics()->shown()->asking());
    EXPECT_FALSE(shown(u"metricNewerCancel"_s));
    EXPECT_TRUE(shown(u"metricChart"_s)) << "what was answered before stays";
    ASSERT_TRUE(shown(u"metricNewerAgain"_s));
    stage.fake.hold = false;
    const std::size_t before = stage.fake.asked_points().size();
    stage.click(stage.find(u"metricNewerAgain"_s));
    EXPECT_GT(stage.fake.asked_points().size(), before);
    ASSERT_TRUE(eventually([&] { return !stage.app.metrics()->shown()->asking(); }));
    EXPECT_FALSE(shown(u"metricNewerBar"_s));
    EXPECT_TRUE(shown(u"metricChart"_s));
}

TEST_F(PagesTest, AMetricIsDefinedByKeys) {
    play(u"metrics-data"_s);
    std::vector<MetricDefinition> put;
    stage.fake.on_put_metric = [&](const MetricDefinition& definition) {
        put.push_back(definition);
        api::MetricStatus status;
        status.definition = definition;
        return Result<api::MetricStatus>(status);
    };
    const auto type = [&](const QString& text) {
        for (const QChar c : text) stage.press(Qt::Key_unknown, Qt::NoModifier, QString(c));
    };
    const auto field = [&](const char16_t* key) { return stage.find(u"metricForm_"_s + QString::fromUtf16(key)); };
    stage.find(u"metricList"_s)->forceActiveFocus();
    stage.press(Qt::Key_N, Qt::NoModifier, u"n"_s);
    ASSERT_TRUE(shown(u"metricEditor"_s));
    ASSERT_TRUE(eventually([&] { return shown(u"previewChart"_s); })) << "what it would have shown";
    ASSERT_TRUE(field(u"name")->hasActiveFocus());
    type(u"9"_s);
    EXPECT_TRUE(text_of(stage.find(u"metricFault_name"_s)).contains(u"letters"));
    stage.press(Qt::Key_Backspace);
    type(u"signups"_s);
    EXPECT_FALSE(shown(u"metricFault_name"_s));
    for (int i = 0; i < 3; ++i) stage.press(Qt::Key_Tab);
    ASSERT_TRUE(field(u"where")->hasActiveFocus()) << "unit, description, where";
    type(u"eve"_s);
    stage.press(Qt::Key_Down);
    stage.press(Qt::Key_Tab);
    EXPECT_EQ(field(u"where")->property("text").toString(), u"event_type ");
    type(u"= signup"_s);
    stage.press(Qt::Key_Escape);
    EXPECT_TRUE(shown(u"discardQuestion"_s)) << "nothing typed is lost by one key";
    stage.press(Qt::Key_Escape);
    ASSERT_FALSE(shown(u"discardQuestion"_s));
    ASSERT_TRUE(field(u"where")->hasActiveFocus());
    stage.press(Qt::Key_S, Qt::ControlModifier);
    ASSERT_TRUE(eventually([&] { return !shown(u"metricEditor"_s); }));
    ASSERT_EQ(put.size(), 1U);
    EXPECT_EQ(put[0].name, "signups");
    EXPECT_EQ(put[0].where.text(), "event_type = signup");
    EXPECT_TRUE(stage.find(u"metricList"_s)->hasActiveFocus());
}

TEST_F(PagesTest, AMetricIsRemovedWhenThatIsConfirmed) {
    play(u"metrics-data"_s);
    std::vector<std::string> removed;
    stage.fake.on_remove_metric = [&](const std::string& name) {
        removed.push_back(name);
        return Result<bool>(true);
    };
    stage.find(u"metricList"_s)->forceActiveFocus();
    stage.press(Qt::Key_Delete);
    EXPECT_FALSE(shown(u"removeQuestion"_s)) << "it is built in";
    stage.app.metrics()->select(u"frequent_searches"_s);
    stage.press(Qt::Key_Delete);
    ASSERT_TRUE(shown(u"removeQuestion"_s));
    stage.press(Qt::Key_Return);
    EXPECT_FALSE(shown(u"removeQuestion"_s)) << "Return keeps it";
    EXPECT_TRUE(removed.empty());
    stage.app.commands()->run(u"metric-remove"_s);
    ASSERT_TRUE(shown(u"removeQuestion"_s));
    stage.click(stage.find(u"confirmRemove"_s));
    EXPECT_TRUE(eventually([&] { return removed == std::vector<std::string>{"frequent_searches"}; }));
    EXPECT_FALSE(shown(u"removeQuestion"_s));
}

TEST_F(PagesTest, ObjectivesAreFilteredChosenAndRemovedByKeys) {
    play(u"objectives-data"_s);
    QQuickItem* list = stage.find(u"objectiveList"_s);
    ASSERT_TRUE(list);
    EXPECT_EQ(list->property("count").toInt(), 7);
    EXPECT_EQ(text_of(stage.find(u"objectiveTitle"_s)), u"What can be asked is younger than 1 s, 99 % of the time");
    EXPECT_TRUE(shown(u"budgetChart"_s));
    EXPECT_TRUE(shown(u"objectiveLatency"_s));
    EXPECT_EQ(stage.find(u"alertRules"_s)->property("count").toInt(), 4);
    EXPECT_EQ(stage.find(u"alertRules"_s)->property("currentIndex").toInt(), 2) << "the rule that fires";
    EXPECT_TRUE(text_of(stage.find(u"alertSentence"_s)).startsWith(u"Opens a ticket while the last 1"));
    list->forceActiveFocus();
    stage.press(Qt::Key_Down);
    EXPECT_EQ(stage.app.objectives()->selected(), u"latency");
    stage.press(Qt::Key_Down);
    EXPECT_FALSE(shown(u"objectiveLatency"_s)) << "a metric has no durations";
    stage.press(Qt::Key_Slash, Qt::NoModifier, u"/"_s);
    ASSERT_TRUE(stage.find(u"objectiveFilter"_s)->hasActiveFocus());
    for (const QChar letter : u"cool"_s) stage.press(Qt::Key_unknown, Qt::NoModifier, QString(letter));
    EXPECT_EQ(list->property("count").toInt(), 1);
    EXPECT_EQ(stage.app.objectives()->selected(), u"errors");
    stage.press(Qt::Key_Escape);
    EXPECT_EQ(list->property("count").toInt(), 7);
    ASSERT_TRUE(list->hasActiveFocus());
    stage.press(Qt::Key_Delete);
    ASSERT_TRUE(shown(u"removeObjectiveQuestion"_s));
    stage.press(Qt::Key_Return);
    EXPECT_FALSE(shown(u"removeObjectiveQuestion"_s)) << "Return keeps it";
    stage.press(Qt::Key_Delete);
    stage.click(stage.find(u"confirmRemoveObjective"_s));
    EXPECT_TRUE(eventually([&] { return list->property("count").toInt() == 6; }));
}

TEST_F(PagesTest, AnObjectiveIsDeclaredByKeysAndTriedMeanwhile) {
    play(u"objectives-data"_s);
    const auto type = [&](const QString& text) {
        for (const QChar c : text) stage.press(Qt::Key_unknown, Qt::NoModifier, QString(c));
    };
    const auto field = [&](const char16_t* key) { return stage.find(u"objectiveForm_"_s + QString::fromUtf16(key)); };
    stage.find(u"objectiveList"_s)->forceActiveFocus();
    stage.press(Qt::Key_N, Qt::NoModifier, u"n"_s);
    ASSERT_TRUE(shown(u"objectiveEditor"_s));
    ASSERT_TRUE(field(u"name")->hasActiveFocus());
    ASSERT_TRUE(eventually([&] { return text_of(stage.find(u"backTestTitle"_s)) == u"Would have fired 3 times"; }));
    EXPECT_TRUE(text_of(stage.find(u"backTestText"_s)).contains(u"first after 41"));
    type(u"A"_s);
    EXPECT_TRUE(shown(u"objectiveFault_name"_s));
    stage.press(Qt::Key_Backspace);
    type(u"checkout"_s);
    EXPECT_FALSE(shown(u"objectiveFault_name"_s));
    stage.app.objectives()->editor()->set(u"target"_s, u"90"_s);
    EXPECT_TRUE(shown(u"objectiveWarning_target"_s)) << "14.4 times can never be";
    stage.press(Qt::Key_Escape);
    EXPECT_TRUE(shown(u"discardObjectiveQuestion"_s)) << "nothing typed is lost by one key";
    stage.press(Qt::Key_Escape);
    ASSERT_TRUE(field(u"name")->hasActiveFocus());
    stage.app.objectives()->editor()->set(u"target"_s, u"99"_s);
    stage.press(Qt::Key_S, Qt::ControlModifier);
    ASSERT_TRUE(eventually([&] { return !shown(u"objectiveEditor"_s); }));
    EXPECT_TRUE(eventually([&] { return stage.app.objectives()->selected() == u"checkout"; }));
    EXPECT_TRUE(stage.find(u"objectiveList"_s)->hasActiveFocus());
}

TEST_F(PagesTest, ABackTestThatIsUnderWayIsCancelled) {
    play(u"objectives-editor-testing"_s);
    ASSERT_TRUE(shown(u"backTestCancel"_s));
    stage.click(stage.find(u"backTestCancel"_s));
    EXPECT_FALSE(shown(u"backTestCancel"_s));
    EXPECT_TRUE(shown(u"runBackTest"_s)) << "it can be tried again";
}

TEST_F(PagesTest, ObjectivesAreExportedAndImported) {
    play(u"objectives-export"_s);
    ASSERT_TRUE(shown(u"objectiveExchange"_s));
    const QString openslo = text_of(stage.find(u"exchangeText"_s));
    EXPECT_TRUE(openslo.contains(u"apiVersion: openslo/v1")) << openslo.left(40).toStdString();
    stage.click(stage.find(u"copyExport"_s));
    EXPECT_EQ(QGuiApplication::clipboard()->text(), openslo);
    stage.app.objectives()->exchange()->set_form(u"prometheus"_s);
    EXPECT_TRUE(eventually([&] { return text_of(stage.find(u"exchangeText"_s)).contains(u"groups:"); }));
    stage.press(Qt::Key_Escape);
    ASSERT_FALSE(shown(u"objectiveExchange"_s));

    stage.app.commands()->run(u"objective-import"_s);
    ASSERT_TRUE(shown(u"objectiveExchange"_s));
    QQuickItem* const area = stage.find(u"exchangeText"_s);
    ASSERT_TRUE(area->hasActiveFocus());
    area->setProperty("text", u"kind: 7"_s);
    stage.click(stage.find(u"checkImport"_s));
    ASSERT_TRUE(eventually([&] { return shown(u"exchangeError"_s); }));
    area->setProperty("text", openslo);
    EXPECT_FALSE(shown(u"exchangeError"_s)) << "of another text";
    stage.click(stage.find(u"runImport"_s));
    ASSERT_TRUE(eventually([&] { return shown(u"exchangeResult"_s); }));
    EXPECT_TRUE(text_of(stage.find(u"exchangeResult"_s)).startsWith(u"Declared: availability, "));
    EXPECT_FALSE(shown(u"runImport"_s)) << "it is done";
}

TEST_F(PagesTest, InASmallWindowBudgetAndAlertsNeedNoScrolling) {
    play(u"objectives-burning"_s);
    for (const QSize size : {QSize(1024, 700), QSize(1440, 900)}) {
        stage.show(size);
        settle_events();
        const QQuickItem* alerts = stage.find(u"alertTable"_s);
        const QQuickItem* budget = stage.find(u"budgetChart"_s);
        ASSERT_TRUE(alerts && budget);
        const double bottom = alerts->mapToScene(QPointF(0, alerts->height())).y();
        EXPECT_LE(bottom, size.height() - 20) << size.width();
        EXPECT_GE(budget->height(), 110) << size.width();
        const double latency = stage.find(u"requestsChart"_s)->mapToScene(QPointF(0, 0)).y();
        EXPECT_EQ(latency > bottom, size.height() == 700) << "the other charts are below where there is no room";
    }
}

TEST_F(PagesTest, ObjectivesComeFromAFileAndGoToOne) {
    play(u"objectives-export"_s);
    auto& exchange = *stage.app.objectives()->exchange();
    const QString openslo = text_of(stage.find(u"exchangeText"_s));
    const QByteArray given = exchange.text().toUtf8();
    EXPECT_TRUE(shown(u"saveExport"_s));
    const QTemporaryDir directory;
    const QString path = directory.filePath(u"objectives.yaml"_s);
    console::save_objectives(exchange, path, given);
    EXPECT_TRUE(text_of(stage.find(u"exchangeResult"_s)).contains(u"objectives.yaml"));
    console::save_objectives(exchange, directory.filePath(u"no/such/folder.yaml"_s), given);
    EXPECT_TRUE(text_of(stage.find(u"exchangeError"_s)).contains(u"cannot be written"));
    stage.press(Qt::Key_Escape);
    stage.app.commands()->run(u"objective-import"_s);
    console::open_objectives(exchange, path);
    EXPECT_EQ(text_of(stage.find(u"exchangeText"_s)), openslo);
    EXPECT_TRUE(shown(u"openImport"_s));
    console::open_objectives(exchange, directory.filePath(u"none.yaml"_s));
    EXPECT_TRUE(text_of(stage.find(u"exchangeError"_s)).contains(u"none.yaml"));
    QFile large(directory.filePath(u"large.yaml"_s));
    ASSERT_TRUE(large.open(QIODevice::WriteOnly) && large.resize(1024 * 1024));
    console::open_objectives(exchange, large.fileName());
    EXPECT_TRUE(text_of(stage.find(u"exchangeError"_s)).contains(u"larger"));
}

TEST_F(PagesTest, ADragOverAChartShowsThatPartAndADoubleClickAllOfIt) {
    play(u"objectives-burning"_s);
    stage.show(QSize(1440, 900));
    settle_events();
    auto* chart = stage.app.objectives()->detail()->requests();
    ASSERT_TRUE(chart->has_data());
    QQuickItem* const pointer = find_item(stage.find(u"requestsChart"_s), u"chartPointer"_s);
    ASSERT_TRUE(pointer);
    const double from = chart->from(), to = chart->to();
    const auto send = [&](QEvent::Type type, double share, Qt::MouseButtons buttons) {
        const QPointF at = pointer->mapToScene(QPointF(pointer->width() * share, pointer->height() / 2));
        QMouseEvent event(type, at, stage.window->mapToGlobal(at), Qt::LeftButton, buttons, Qt::NoModifier);
        QCoreApplication::sendEvent(stage.window.get(), &event);
    };
    send(QEvent::MouseButtonPress, 0.25, Qt::LeftButton);
    send(QEvent::MouseMove, 0.5, Qt::LeftButton);
    send(QEvent::MouseMove, 0.75, Qt::LeftButton);
    send(QEvent::MouseButtonRelease, 0.75, Qt::NoButton);
    settle_events();
    EXPECT_TRUE(chart->zoomed());
    EXPECT_NEAR(chart->from(), from + 0.25 * (to - from), 0.02 * (to - from));
    EXPECT_NEAR(chart->to(), from + 0.75 * (to - from), 0.02 * (to - from));
    EXPECT_DOUBLE_EQ(stage.app.objectives()->detail()->errors()->from(), chart->from()) << "all of them together";
    QQuickItem* const all = find_item(stage.find(u"requestsChart"_s), u"chartZoomOut"_s);
    ASSERT_TRUE(all && all->isVisible());
    stage.click(all);
    EXPECT_FALSE(chart->zoomed());
}

TEST_F(PagesTest, AChartGivesItsDataAndItsPicture) {
    play(u"objectives-burning"_s);
    stage.show(QSize(1440, 900));
    settle_events();
    QQuickItem* const chart = stage.find(u"requestsChart"_s);
    QQuickItem* const pointer = find_item(chart, u"chartPointer"_s);
    ASSERT_TRUE(pointer);
    const auto choose = [&](const QString& choice) {
        const QPointF at = pointer->mapToScene(QPointF(pointer->width() / 3, pointer->height() / 3));
        for (const auto type : {QEvent::MouseButtonPress, QEvent::MouseButtonRelease}) {
            const bool down = type == QEvent::MouseButtonPress;
            QMouseEvent event(type, at, stage.window->mapToGlobal(at), Qt::RightButton,
                              down ? Qt::RightButton : Qt::NoButton, Qt::NoModifier);
            QCoreApplication::sendEvent(stage.window.get(), &event);
        }
        QQuickItem* button = nullptr;
        ASSERT_TRUE(eventually([&] {
            button = find_item(stage.window->contentItem(), choice);
            return button && button->isVisible();
        }));
        stage.click(button);
    };
    QClipboard* const clipboard = QGuiApplication::clipboard();
    choose(u"chartCopyData"_s);
    ASSERT_TRUE(eventually([&] { return clipboard->text().startsWith(u"time"_s); })) << clipboard->text().toStdString();
    choose(u"chartCopyPicture"_s);
    ASSERT_TRUE(eventually([&] { return !clipboard->image().isNull(); }));
    EXPECT_EQ(clipboard->image().width(), static_cast<int>(chart->width()));
    EXPECT_EQ(clipboard->image().height(), static_cast<int>(chart->height()));
}

TEST_F(PagesTest, TheBellLeadsToWhatFires) {
    play(u"overview-data"_s);
    EXPECT_TRUE(shown(u"bellCount"_s));
    stage.find(u"bell"_s)->forceActiveFocus();
    stage.press(Qt::Key_Return);
    ASSERT_TRUE(eventually([&] { return find_item(stage.window->contentItem(), u"bellRow"_s) != nullptr; }));
    stage.press(Qt::Key_Return);
    EXPECT_TRUE(eventually([&] { return shown(u"objectivesPage"_s); }));
    EXPECT_EQ(stage.app.objectives()->selected(), u"latency");
}

TEST_F(PagesTest, ChartsOfAnObjectiveShareOneCursorInTime) {
    play(u"objectives-data"_s);
    QQuickItem *const requests = stage.find(u"requestsChart"_s), *const budget = stage.find(u"budgetChart"_s);
    QMetaObject::invokeMethod(requests, "cursorMoved", Q_ARG(double, 0.5));
    settle_events();
    EXPECT_DOUBLE_EQ(stage.find(u"errorsChart"_s)->property("cursor").toDouble(), 0.5);
    EXPECT_LT(budget->property("cursor").toDouble(), 0.45) << "its axis goes on into the forecast";
    EXPECT_EQ(budget->property("note").toString(), requests->property("note").toString()) << "the same instant";
}

TEST_F(PagesTest, CopyPutsTheTextOnTheClipboard) {
    play(u"overview-empty"_s);
    ASSERT_TRUE(stage.app.commands()->run(u"copy-curl"_s));
    EXPECT_EQ(QGuiApplication::clipboard()->text(), stage.app.connection()->curl());
    EXPECT_TRUE(eventually([&] { return shown(u"toast"_s); }));
}

TEST_F(PagesTest, ClosingAsksWhatToDoWithTheServer) {
    play(u"overview-data"_s);
    std::vector<bool> decided;
    QObject::connect(&stage.app, &viewmodels::ConsoleViewModel::closeDecided, stage.window.get(),
                     [&](bool keep) { decided.push_back(keep); });
    stage.app.set_asks_before_closing(true);
    stage.window->close();
    ASSERT_TRUE(shown(u"closeQuestion"_s));
    EXPECT_TRUE(stage.window->isVisible());
    EXPECT_TRUE(decided.empty());
    stage.click(stage.find(u"stopServing"_s));
    EXPECT_EQ(decided, std::vector<bool>{false});
    stage.click(stage.find(u"keepServing"_s));
    EXPECT_EQ(decided, (std::vector<bool>{false, true}));
    stage.app.set_asks_before_closing(false);
    stage.window->close();
    EXPECT_EQ(decided.size(), 3U) << "nothing to ask";
}

TEST_F(PagesTest, AServerThatAsksIsToldByTheKeyboardAlone) {
    play(u"login"_s);
    ASSERT_TRUE(shown(u"loginDialog"_s));
    EXPECT_THAT(stage.window->complaints().join(u'\n').toStdString(), "");
    EXPECT_EQ(text_of(stage.find(u"loginUser"_s)), u"ada") << "whom the client knows";
    ASSERT_TRUE(stage.find(u"loginPassword"_s)->hasActiveFocus());
    stage.press(Qt::Key_Return);  // without a password nothing is sent
    EXPECT_TRUE(shown(u"loginDialog"_s));
    EXPECT_TRUE(stage.fake.logins().empty());
    stage.press(Qt::Key_X, Qt::NoModifier, u"x"_s);
    stage.press(Qt::Key_Y, Qt::NoModifier, u"y"_s);
    EXPECT_EQ(stage.find(u"loginPassword"_s)->property("displayText").toString().count(u'x'), 0) << "it is not shown";
    stage.press(Qt::Key_Return);
    ASSERT_EQ(stage.fake.logins().size(), 1U);
    EXPECT_EQ(stage.fake.logins()[0].first, "ada");
    EXPECT_EQ(stage.fake.logins()[0].second, "xy");
    EXPECT_FALSE(shown(u"loginDialog"_s));
    EXPECT_EQ(text_of(stage.find(u"loginPassword"_s)), u"") << "and not kept";
    // Refused: it comes again and says why; Escape leaves it.
    stage.fake.want_login(client::ConnectionState::Failed, "The login was refused.");
    ASSERT_TRUE(shown(u"loginDialog"_s));
    stage.press(Qt::Key_Escape);
    EXPECT_FALSE(shown(u"loginDialog"_s));
}

TEST(WindowMemory, ComesBackAfterARestart) {
    QTemporaryDir directory;
    const QString file = directory.filePath(u"deep/console.ini"_s);
    {
        Stage stage;
        stage.window->setGeometry(QRect(40, 50, 1111, 777));
        stage.app.set_theme(u"light"_s);
        stage.app.set_page(2);
        stage.app.overview()->set_window_seconds(600);
        console::remember(file, *stage.window, stage.app);
    }
    Stage stage;
    console::recall(file, *stage.window, stage.app);
    EXPECT_EQ(stage.app.theme(), u"light");
    EXPECT_EQ(stage.app.page(), 2);
    EXPECT_EQ(stage.app.overview()->window_seconds(), 600);
}

TEST(WindowMemory, NonsenseIsIgnored) {
    QTemporaryDir directory;
    const QString file = directory.filePath(u"console.ini"_s);
    QFile nonsense(file);
    ASSERT_TRUE(nonsense.open(QIODevice::WriteOnly));
    nonsense.write("[window]\nplace=@Rect(-90000 -90000 3 3)\npage=99\ntheme=pink\n[overview]\nseconds=-4\n");
    nonsense.close();
    Stage stage;
    console::recall(file, *stage.window, stage.app);
    EXPECT_EQ(stage.app.theme(), u"system");
    EXPECT_EQ(stage.app.page(), 0);
    EXPECT_EQ(stage.app.overview()->window_seconds(), 300);
    EXPECT_EQ(stage.window->size(), QSize(1440, 900));
}

}  // namespace
}  // namespace streamgauge::tests
