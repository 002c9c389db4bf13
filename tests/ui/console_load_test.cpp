// SPDX-License-Identifier: GPL-3.0-or-later
// The page Load test as it is used, over the real embedded server and its real generator. With
// STREAMGAUGE_PICTURES set to a directory, what stands on the screen is left there at each step.
#include <QApplication>
#include <QDir>
#include <QMouseEvent>
#include <QQuickItem>
#include <QTemporaryDir>

#include <gmock/gmock.h>

#include "client/embedded_client.h"
#include "client/eventually.h"
#include "console/console_window.h"
#include "server/backend.h"
#include "ui/find_item.h"

namespace streamgauge::tests {
namespace {

using namespace Qt::Literals::StringLiterals;

constexpr int kLoadPage = viewmodels::ConsoleViewModel::LoadPage;

Config config_in(const QTemporaryDir& directory) {
    Config config;
    config.data_dir = directory.path().toStdString();
    config.listen = {"127.0.0.1:0"};
    config.management = "127.0.0.1:0";
    config.load_program = qEnvironmentVariable("STREAMGAUGE_BUILD_BIN").toStdString() + "/streamgauged";
    return config;
}

class ConsoleLoadTest : public testing::Test {
protected:
    ConsoleLoadTest() {
        window.resize(1440, 900);
        window.show();
        client.start();
        EXPECT_TRUE(eventually([&] { return client.state() == client::ConnectionState::Live; }));
        EXPECT_TRUE(eventually([&] { return !app.load()->scenario()->host().isEmpty() && app.load()->can_start(); }))
            << app.load()->scenario()->problem().toStdString();
    }
    ~ConsoleLoadTest() override {
        EXPECT_THAT(window.complaints().join(u'\n').toStdString(), "");
        window.setSource(QUrl());
    }
    QQuickItem* find(const QString& name) { return find_item(window.rootObject(), name); }
    bool shown(const QString& name) {
        const QQuickItem* item = find(name);
        return item && item->isVisible();
    }
    QString text_of(const QString& name) {
        const QQuickItem* item = find(name);
        return item ? item->property("text").toString() : u"(no such item)"_s;
    }
    void click(const QString& name) {
        QQuickItem* const item = find(name);
        ASSERT_TRUE(item && item->isVisible() && item->isEnabled()) << name.toStdString();
        const QPointF at = item->mapToScene(QPointF(item->width() / 2, item->height() / 2));
        for (const auto type : {QEvent::MouseButtonPress, QEvent::MouseButtonRelease}) {
            const bool down = type == QEvent::MouseButtonPress;
            QMouseEvent event(type, at, window.mapToGlobal(at), Qt::LeftButton, down ? Qt::LeftButton : Qt::NoButton,
                              Qt::NoModifier);
            QCoreApplication::sendEvent(&window, &event);
        }
        settle_events();
    }
    void picture(const QString& name) {
        const QString folder = qEnvironmentVariable("STREAMGAUGE_PICTURES");
        if (folder.isEmpty()) return;
        QDir().mkpath(folder);
        for (const QString& theme : {u"light"_s, u"dark"_s}) {
            app.set_theme(theme);
            for (const QSize size : {QSize(1024, 700), QSize(1600, 1000)}) {
                window.resize(size);
                settle_events();
                const QString file = u"%1/%2-%3-%4.png"_s.arg(folder, name, theme).arg(size.width());
                EXPECT_TRUE(window.grabWindow().save(file)) << file.toStdString();
            }
        }
        window.resize(1440, 900);
        settle_events();
    }
    void plan(const QString& rate, const QString& length) {
        auto& scenario = *app.load()->scenario();
        scenario.set(u"stages[0].rate"_s, rate);
        scenario.set(u"stages[0].for"_s, length);
        ASSERT_EQ(scenario.problem(), u"") << scenario.problem().toStdString();
    }
    viewmodels::LoadResult& run() { return *app.load()->run(); }
    bool ended() {
        return eventually([&] { return run().final(); }, std::chrono::seconds(100));
    }

    QTemporaryDir directory;
    const SystemClock clock;
    client::EmbeddedClient client{[this] { return Backend::start(config_in(directory), clock); }};
    viewmodels::ConsoleViewModel app{client, clock};
    console::ConsoleWindow window{app};
};

TEST_F(ConsoleLoadTest, ARunIsStartedSteeredStoppedReadComparedAndGivenOut) {
    app.set_page(kLoadPage);
    ASSERT_TRUE(eventually([&] { return shown(u"startButton"_s); }));
    picture(u"1-setup"_s);
    plan(u"60"_s, u"10m"_s);
    click(u"startButton"_s);
    ASSERT_TRUE(eventually([&] { return shown(u"stopButton"_s) && app.load()->can_steer(); }));
    ASSERT_TRUE(eventually([&] { return run().status().done > 60; }));
    picture(u"2-running"_s);
    app.load()->setRate(90);
    ASSERT_TRUE(eventually([&] { return run().status().rate == 90; }));
    click(u"spikeNow"_s);
    ASSERT_TRUE(eventually([&] { return run().status().rate > 400; })) << "five times the rate";
    picture(u"3-spike"_s);
    click(u"pauseRun"_s);
    ASSERT_TRUE(eventually([&] { return app.load()->paused(); }));
    EXPECT_EQ(text_of(u"loadState"_s), u"Paused");
    picture(u"4-paused"_s);
    click(u"pauseRun"_s);
    ASSERT_TRUE(eventually([&] { return !app.load()->paused(); }));
    click(u"stopButton"_s);
    ASSERT_TRUE(ended());
    ASSERT_TRUE(run().report());
    EXPECT_EQ(run().report()->hand.size(), 5U) << "rate, spike, pause, going on, the end";
    EXPECT_EQ(run().state(), u"stopped");
    EXPECT_GT(run().seconds()->count(), 1);
    picture(u"5-stopped"_s);

    // Another one by the same page, to its end.
    click(u"againButton"_s);
    plan(u"40"_s, u"3s"_s);
    app.load()->scenario()->set(u"end_to_end.check"_s, u"true"_s);
    click(u"startButton"_s);
    ASSERT_TRUE(eventually([&] { return run().report() && run().report()->hand.empty(); }, std::chrono::seconds(100)));
    EXPECT_EQ(run().report()->totals.planned, 120U);
    picture(u"6-done"_s);
    // What the server has stored by now, again.
    click(u"againButton"_s);
    app.load()->scenario()->choose(u"replay"_s);
    app.load()->scenario()->set(u"replay.speed"_s, u"100"_s);
    settle_events();
    picture(u"6-replay-setup"_s);
    const std::string before = run().run_id();
    click(u"startButton"_s);
    ASSERT_TRUE(eventually([&] { return run().report() && run().run_id() != before; }, std::chrono::seconds(100)))
        << app.load()->error_text().toStdString() << run().status().error;
    ASSERT_TRUE(run().report()->replay.has_value());
    EXPECT_GT(run().report()->totals.done(), 120U);
    picture(u"6-replayed"_s);
    auto& runs = *app.load()->runs();
    app.load()->set_view(u"runs"_s);
    ASSERT_TRUE(eventually([&] { return runs.count() == 3; }));
    ASSERT_TRUE(eventually([&] { return runs.run()->final(); }));
    picture(u"7-history"_s);
    runs.compareWith(runs.rows()[1].toMap()[u"id"_s].toString());
    ASSERT_TRUE(eventually([&] { return !runs.comparison().isEmpty() && runs.overlay_rates()->has_data(); }));
    EXPECT_NE(text_of(u"comparisonVerdict"_s), u"Comparing …");
    picture(u"8-compared"_s);
    QByteArray page;
    QObject::connect(&runs, &viewmodels::LoadRunsViewModel::saveWanted, &window,
                     [&](const QString&, const QByteArray& text) { page = text; });
    runs.exportAs(u"html"_s);
    ASSERT_TRUE(eventually([&] { return !page.isEmpty(); }));
    EXPECT_TRUE(page.contains("</html>"));
}

TEST_F(ConsoleLoadTest, ASearchForCapacityIsFollowedAndStopped) {
    app.set_page(kLoadPage);
    app.load()->scenario()->choose(u"capacity"_s);
    settle_events();
    picture(u"20-search-setup"_s);
    click(u"startButton"_s);
    const auto over = [&] { return run().final() || run().state() == u"failed"; };
    ASSERT_TRUE(
        eventually([&] { return over() || (run().status().capacity && run().status().capacity->steps.size() >= 2); },
                   std::chrono::seconds(150)));
    EXPECT_TRUE(shown(u"capacityCurve"_s));
    picture(u"21-searching"_s);
    app.load()->stop();
    ASSERT_TRUE(eventually(over, std::chrono::seconds(100)));
    // On a machine that is too busy to send evenly a search ends by itself: it is done then, the generator is the
    // limit.
    if (run().state() == u"failed") FAIL() << run().status().error;
    EXPECT_GE(run().step_points().size(), 2) << "what was measured is kept";
    picture(u"22-search-stopped"_s);
    app.load()->set_view(u"runs"_s);
    ASSERT_TRUE(eventually([&] { return app.load()->runs()->count() == 1 && app.load()->runs()->run()->final(); }));
    EXPECT_EQ(app.load()->runs()->run()->step_points(), run().step_points());
    picture(u"23-search-kept"_s);
}

}  // namespace
}  // namespace streamgauge::tests

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    streamgauge::console::prepare_application();
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
