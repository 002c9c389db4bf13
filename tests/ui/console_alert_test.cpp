// SPDX-License-Identifier: GPL-3.0-or-later
// From bad answers to the bell: a real load run goes over the rate limit of the real embedded server, an objective
// burns, and the window and the desktop are told. When it fires is compared with plain sums over what the server
// counted.
//
// A rule looks at shares of what was asked in its windows, not at time: after good traffic the bad one has to outweigh
// it first. With the rules of a fresh install, of 30 days, that takes long: the first one's long window is an hour, and
// of "95 % within 300 ms" 14.4 x 5 % = 72 % of that hour's requests must be bad. Half a minute of good requests and
// then as many bad ones a second fire after 77 s, an hour of them after 43 minutes; and 4xx answers but 429 are never
// bad. So no bell within 50 s is right there, and here are windows of seconds, with good traffic before the bad one.
#include <QApplication>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QQuickItem>
#include <QTemporaryDir>

#include <gmock/gmock.h>

#include <algorithm>

#include "client/embedded_client.h"
#include "client/eventually.h"
#include "console/console_window.h"
#include "server/backend.h"
#include "ui/find_item.h"

namespace streamgauge::tests {
namespace {

using namespace Qt::Literals::StringLiterals;
using std::chrono::seconds;

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kLong = 10, kShort = 1;  // seconds
constexpr double kShare = 0.5;                  // of the requests in both windows
constexpr std::uint64_t kLeastBad = 20;

slo::Objective objective(const std::string& name, std::int64_t hold) {
    slo::Objective out;
    out.name = name;
    out.indicator.kind = slo::Indicator::Kind::Errors;
    out.indicator.limited_is_bad = true;
    out.target = 0.9;
    out.window.micros = 3 * 3600 * kSecond;
    out.rules = {{slo::Severity::Page, kLong * kSecond, kShort * kSecond, kShare / 0.1, hold * kSecond}};
    out.least_bad = kLeastBad;
    out.notify = {"desk"};
    return out;
}

// What the server had counted when it looked.
struct Look {
    std::int64_t second = 0;  // the last one that is counted
    std::uint64_t good = 0, bad = 0;
};

// Whether the rule burns at that look, by the sums of the seconds in its windows.
bool burns(const std::vector<Look>& looks, std::size_t at) {
    const auto share_is_bad = [&](std::int64_t width, std::uint64_t least) {
        const auto before = std::find_if(looks.begin(), looks.end(),
                                         [&](const Look& look) { return look.second > looks[at].second - width; });
        const Look start = before == looks.begin() ? Look{} : *std::prev(before);
        const std::uint64_t bad = looks[at].bad - start.bad, all = bad + looks[at].good - start.good;
        return bad >= least && static_cast<double>(bad) >= kShare * static_cast<double>(all);
    };
    return looks[at].bad > 0 && share_is_bad(kLong, kLeastBad) && share_is_bad(kShort, 1);
}

class ConsoleAlertTest : public testing::Test {
protected:
    ConsoleAlertTest() {
        window.resize(1440, 900);
        window.show();
        client.start();
        EXPECT_TRUE(eventually([&] { return client.state() == client::ConnectionState::Live; }));
        EXPECT_TRUE(eventually([&] { return !app.load()->scenario()->host().isEmpty() && app.load()->can_start(); }));
    }
    ~ConsoleAlertTest() override {
        EXPECT_THAT(window.complaints().join(u'\n').toStdString(), "");
        window.setSource(QUrl());
    }
    Config config() const {
        Config config;
        config.data_dir = directory.path().toStdString();
        config.listen = {"127.0.0.1:0"};
        config.management = "127.0.0.1:0";
        config.load_program = qEnvironmentVariable("STREAMGAUGE_BUILD_BIN").toStdString() + "/streamgauged";
        config.limits.requests[static_cast<std::size_t>(LimitScope::Address)] = {100, seconds(1)};
        return config;
    }
    void make_desktop_target() {
        QNetworkRequest request(
            QUrl(u"http://127.0.0.1:%1/api/v1/notification-targets/desk"_s.arg(backend->management()->port)));
        request.setRawHeader("Authorization",
                             "Bearer " + QByteArray::fromStdString(backend->services().access.console_login().token));
        request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/json"_s);
        const std::unique_ptr<QNetworkReply> reply(network.put(request, R"({"kind":"desktop"})"));
        ASSERT_TRUE(eventually([&] { return reply->isFinished(); }));
        ASSERT_EQ(reply->error(), QNetworkReply::NoError) << reply->readAll().toStdString();
    }
    void remove(const std::string& name) {
        bool done = false;
        client.objectives().remove_objective(name, &context, [&](const Result<bool>& told) {
            EXPECT_TRUE(told.ok()) << told.error().describe();
            done = true;
        });
        ASSERT_TRUE(eventually([&] { return done; }));
    }
    void declare(const slo::Objective& wanted) {
        bool done = false;
        client.objectives().put_objective(wanted, &context, [&](const Result<api::ObjectiveStatus>& told) {
            EXPECT_TRUE(told.ok()) << told.error().describe();
            done = true;
        });
        ASSERT_TRUE(eventually([&] { return done; }));
    }
    // Asks for the list again and again, and keeps each look at what is counted, and the state of the alerts.
    void watch() {
        client.objectives().list_objectives(&context, [this](const Result<std::vector<api::ObjectiveStatus>>& told) {
            for (const api::ObjectiveStatus& one : told.ok() ? *told : std::vector<api::ObjectiveStatus>()) {
                if (one.objective.name != "held" && one.objective.name != "limited") continue;
                states[one.objective.name] = one.alerts.at(0);
                if (one.objective.name != "limited" || !one.last_data) continue;
                const Look look{one.last_data->seconds(), one.counters.good, one.counters.bad};
                if (looks.empty() || looks.back().second != look.second) looks.push_back(look);
            }
            QTimer::singleShot(20, &context, [this] { watch(); });
        });
    }
    bool is_firing(const std::string& name) { return states[name].state == slo::AlertState::Firing; }
    QString bell() {
        const QQuickItem* item = find_item(window.rootObject(), u"bellCount"_s);
        return item && item->isVisible() ? QString::number(app.firing()->count()) : QString();
    }

    QTemporaryDir directory;
    const SystemClock clock;
    Backend* backend = nullptr;
    client::EmbeddedClient client{[this] {
        auto started = Backend::start(config(), clock);
        if (started.ok()) backend = started->get();
        return started;
    }};
    viewmodels::ConsoleViewModel app{client, clock};
    console::ConsoleWindow window{app};
    QNetworkAccessManager network;
    QObject context;
    std::vector<Look> looks;
    std::map<std::string, slo::RuleState> states;
};

TEST_F(ConsoleAlertTest, TheBellRingsWhenTheFormulaSays) {
    make_desktop_target();
    remove("errors");  // of a fresh install: without a history it fires by the same answers
    constexpr std::int64_t kHold = 3;
    declare(objective("limited", 0));
    declare(objective("held", kHold));
    QStringList on_desktop;
    QObject::connect(app.marks(), &viewmodels::MarksViewModel::desktopAlert, &context,
                     [&](const QString& title, const QString&, bool resolved) {
                         if (!resolved) on_desktop.append(title);
                     });
    watch();

    auto& scenario = *app.load()->scenario();
    scenario.set(u"stages[0].rate"_s, u"20"_s);
    scenario.set(u"stages[0].for"_s, u"10m"_s);
    scenario.set(u"error_brake"_s, u"0"_s);
    ASSERT_EQ(scenario.problem(), u"");
    app.load()->start();
    ASSERT_TRUE(eventually([&] { return app.load()->run()->status().done >= 100; }, seconds(60))) << "good traffic";
    EXPECT_FALSE(is_firing("limited"));
    EXPECT_EQ(bell(), u"");
    app.load()->setRate(800);
    ASSERT_TRUE(eventually([&] { return is_firing("limited") && is_firing("held"); }, seconds(60)));
    ASSERT_TRUE(eventually([&] { return bell() == u"2"; })) << bell().toStdString();
    ASSERT_TRUE(eventually([&] { return on_desktop.size() == 2; })) << "the window was told to tell the desktop";
    EXPECT_THAT(on_desktop, testing::UnorderedElementsAre(u"limited burns its budget"_s, u"held burns its budget"_s));

    // A tick that came late, or that was not seen here because the machine was busy, is one.
    std::int64_t tick = 1;
    for (std::size_t i = 1; i < looks.size(); ++i) tick = std::max(tick, looks[i].second - looks[i - 1].second);
    std::size_t first = 0;
    while (first < looks.size() && !burns(looks, first)) ++first;
    ASSERT_LT(first, looks.size());
    const std::int64_t formula = looks[first].second, fired = states["limited"].since->seconds();
    EXPECT_LE(std::abs(fired - formula), tick) << fired << " and not at " << formula;
    const std::int64_t held = states["held"].since->micros - states["limited"].since->micros;
    EXPECT_GE(held, kHold * kSecond);
    EXPECT_LE(held, (kHold + tick + 1) * kSecond) << "in whole seconds: " << tick << " between two looks";

    app.load()->stop();
    ASSERT_TRUE(eventually([&] { return app.load()->run()->final(); }, seconds(60)));
    ASSERT_TRUE(eventually([&] { return bell() == u""; }, seconds(60))) << "its windows are over";
}

}  // namespace
}  // namespace streamgauge::tests

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    streamgauge::console::prepare_application();
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
