// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/console_view_model.h"

#include <QSignalSpy>

#include <gmock/gmock.h>

#include "client/eventually.h"
#include "client/fake_client.h"
#include "viewmodels/manual_clock.h"

namespace streamgauge::viewmodels {
namespace {

using client::ConnectionState;
using tests::eventually;

class ConsoleTest : public testing::Test {
protected:
    std::string title(int row) {
        return model.commands()->index(row).data(CommandModel::Title).toString().toStdString();
    }
    tests::StandingClock clock;
    client::FakeClient fake;
    ConsoleViewModel model{fake, clock};
};

TEST_F(ConsoleTest, TheConnectionPillFollowsTheClient) {
    ConnectionViewModel& pill = *model.connection();
    EXPECT_EQ(pill.state(), u"idle");
    fake.post_events_to("http://127.0.0.1:8080/events");
    fake.start();
    ASSERT_TRUE(eventually([&] { return fake.state() == ConnectionState::Syncing; }));
    EXPECT_EQ(pill.state_text(), u"Loading");
    fake.publish(api::Overview{}, true);
    EXPECT_EQ(pill.state(), u"live");
    EXPECT_EQ(pill.tone(), u"good");
    fake.measure_latency(0.42);
    EXPECT_EQ(pill.latency_text().replace(QChar(u'\u202F'), u' '), u"420 µs");
    EXPECT_TRUE(pill.curl().startsWith(QStringLiteral("curl http://127.0.0.1:8080/events ")));
    fake.go(ConnectionState::Degraded, "the disk is full");
    EXPECT_EQ(pill.tone(), u"warning");
    EXPECT_EQ(pill.error_text(), u"the disk is full");
    EXPECT_EQ(pill.latency_text(), u"") << "an old latency is not shown";
    fake.go(ConnectionState::Failed, "refused");
    EXPECT_EQ(pill.tone(), u"bad");
    pill.reconnect();
    EXPECT_EQ(pill.state(), u"connecting");
}

TEST_F(ConsoleTest, CommandsDoWhatTheySay) {
    EXPECT_TRUE(model.commands()->run(QStringLiteral("load")));
    EXPECT_EQ(model.page(), ConsoleViewModel::LoadPage);
    EXPECT_TRUE(model.commands()->run(QStringLiteral("pause")));
    EXPECT_TRUE(model.paused());
    EXPECT_TRUE(model.events()->paused());
    EXPECT_FALSE(model.commands()->run(QStringLiteral("pause"))) << "it is paused already";
    EXPECT_TRUE(model.commands()->run(QStringLiteral("resume")));
    EXPECT_TRUE(model.commands()->run(QStringLiteral("theme-light")));
    EXPECT_FALSE(model.dark());
    EXPECT_FALSE(model.commands()->run(QStringLiteral("no such thing")));
    QSignalSpy filter(&model, &ConsoleViewModel::filterRequested);
    EXPECT_TRUE(model.commands()->run(QStringLiteral("filter")));
    EXPECT_EQ(filter.count(), 1);
    EXPECT_EQ(model.page(), ConsoleViewModel::EventsPage);
}

TEST_F(ConsoleTest, ThePaletteFindsByLetters) {
    model.commands()->set_filter(QStringLiteral("dark"));
    ASSERT_EQ(model.commands()->count(), 1);
    EXPECT_EQ(title(0), "Use the dark theme");
    model.commands()->set_filter(QStringLiteral("gtl"));
    EXPECT_EQ(title(0), "Go to Load test");
    model.commands()->set_filter(QStringLiteral("zzz"));
    EXPECT_EQ(model.commands()->count(), 0);
    model.commands()->set_filter({});
    EXPECT_GT(model.commands()->count(), 8);
}

TEST_F(ConsoleTest, ThePaletteTracesAnIdThatIsPastedIntoIt) {
    fake.start();
    ASSERT_TRUE(eventually([&] { return fake.state() == ConnectionState::Syncing; }));
    model.commands()->set_filter(QStringLiteral(" order-2026-17 "));
    ASSERT_EQ(model.commands()->count(), 1);
    EXPECT_EQ(title(0), "Where is the event order-2026-17?");
    model.commands()->runRow(0);
    EXPECT_EQ(model.page(), ConsoleViewModel::EventsPage);
    EXPECT_TRUE(model.trace()->is_open());
    ASSERT_TRUE(eventually([&] { return model.trace()->phase() == u"unknown"; }));
    EXPECT_EQ(fake.traced(), std::vector<std::string>{"order-2026-17"});
}

TEST_F(ConsoleTest, TheSystemDecidesUntilAThemeIsChosen) {
    model.set_system_dark(false);
    EXPECT_FALSE(model.dark());
    model.set_theme(QStringLiteral("dark"));
    EXPECT_TRUE(model.dark());
    model.set_theme(QStringLiteral("pink"));
    EXPECT_EQ(model.theme(), u"dark");
    model.set_theme(QStringLiteral("system"));
    EXPECT_FALSE(model.dark());
}

TEST_F(ConsoleTest, PagesStayInRange) {
    model.set_page(7);
    EXPECT_EQ(model.page(), 0);
    model.set_page(-1);
    EXPECT_EQ(model.page(), 0);
}

}  // namespace
}  // namespace streamgauge::viewmodels
