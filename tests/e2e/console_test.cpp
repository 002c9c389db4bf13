// SPDX-License-Identifier: GPL-3.0-or-later
// The real programs together: streamgauged serves, streamgauged load sends, and the console's window shows the same
// numbers; and streamgauge itself starts, takes events over HTTP, ends by a signal, and has them again.
#include <QApplication>
#include <QElapsedTimer>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QProcess>
#include <QQuickItem>
#include <QTcpServer>
#include <QTemporaryDir>

#include <gmock/gmock.h>

#include "client/eventually.h"
#include "client/remote_client.h"
#include "console/console_window.h"
#include "e2e/real_daemon.h"
#include "ui/find_item.h"

namespace streamgauge::tests {
namespace {

using namespace Qt::Literals::StringLiterals;
using test::RealDaemon;
using viewmodels::OverviewViewModel;

// What the server answers: the status and the body, or 0 when nobody answers.
std::pair<int, QByteArray> ask(const QString& url, const QByteArray& body = {}) {
    QNetworkAccessManager network;
    QNetworkRequest request{QUrl(url)};
    request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/json"_s);
    const std::unique_ptr<QNetworkReply> reply(body.isEmpty() ? network.get(request) : network.post(request, body));
    if (!eventually([&] { return reply->isFinished(); })) return {0, "no answer"};
    return {reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt(), reply->readAll()};
}

TEST(ConsoleEndToEnd, TheWindowShowsWhatTheGeneratorSent) {
    QTemporaryDir directory;
    RealDaemon server({"serve", "--data-dir", directory.path().toStdString(), "--listen", "127.0.0.1:0", "--management",
                       "127.0.0.1:0"});
    const auto listening = server.endpoint();
    const auto management = server.line_after("management on ");
    ASSERT_TRUE(listening && management) << server.errors();

    const SystemClock clock;
    client::RemoteClient client(client::parse_server_address(QString::fromStdString(*management)).value());
    viewmodels::ConsoleViewModel app(client, clock);
    console::ConsoleWindow window(app);
    window.resize(1440, 900);
    window.show();
    client.start();
    ASSERT_TRUE(eventually([&] { return app.overview()->phase() == u"empty"; })) << server.errors();

    RealDaemon load({"load", "--url", "http://" + http::to_string(*listening) + "/events", "--rate", "500",
                     "--duration", "2s", "--users", "7"});
    const auto tile = [&](int row) { return app.overview()->tiles()->tile(row); };
    EXPECT_TRUE(eventually([&] { return app.status()->ledger_detail().contains(u"1\u202F000 aggregated"); }))
        << app.status()->ledger_detail().toStdString();
    EXPECT_EQ(load.wait().exit_code, 0);
    EXPECT_EQ(app.status()->ledger(), u"balanced");
    EXPECT_TRUE(eventually([&] { return tile(OverviewViewModel::ActiveUsers).value == u"7"; }))
        << tile(OverviewViewModel::ActiveUsers).value.toStdString();
    EXPECT_TRUE(eventually([&] { return tile(OverviewViewModel::Budget).title == u"Worst budget"; }))
        << tile(OverviewViewModel::Budget).title.toStdString();

    app.set_page(1);
    EXPECT_TRUE(eventually([&] { return find_item(window.rootObject(), u"eventRow"_s) != nullptr; }));
    EXPECT_THAT(window.complaints().join(u'\n').toStdString(), "");
    window.setSource(QUrl());
    server.signal(SIGTERM);
    EXPECT_EQ(server.wait().exit_code, 0);
}

TEST(ConsoleEndToEnd, TheProgramServesEndsByASignalAndHasItsEventsAgain) {
    QTemporaryDir directory;
    QTcpServer reserved;
    ASSERT_TRUE(reserved.listen(QHostAddress::LocalHost));
    const QString address = u"127.0.0.1:%1"_s.arg(reserved.serverPort());
    reserved.close();
    for (int start = 0; start < 2; ++start) {
        QProcess program;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(u"XDG_CONFIG_HOME"_s, directory.filePath(u"config"_s));
        program.setProcessEnvironment(environment);
        program.start(
            qEnvironmentVariable("STREAMGAUGE_BUILD_BIN") + u"/streamgauge"_s,
            {u"--data-dir"_s, directory.filePath(u"data"_s), u"--listen"_s, address, u"--management"_s, u"off"_s});
        ASSERT_TRUE(eventually([&] { return ask(u"http://"_s + address + u"/health"_s).first == 200; }))
            << program.readAllStandardError().toStdString();
        if (start == 0) {
            const auto sent = ask(u"http://"_s + address + u"/events"_s, R"({"event_type":"login","user_id":"u_1"})");
            EXPECT_EQ(sent.first, 202) << sent.second.toStdString();
        }
        QByteArray active;
        EXPECT_TRUE(eventually([&] {
            active = ask(u"http://"_s + address + u"/metrics/active_users?minutes=5"_s).second;
            return active == R"({"active_users":1})";
        })) << active.toStdString();
        program.terminate();
        ASSERT_TRUE(eventually([&] { return program.state() == QProcess::NotRunning; }));
        EXPECT_EQ(program.exitStatus(), QProcess::NormalExit);
        EXPECT_EQ(program.exitCode(), 0) << program.readAllStandardError().toStdString();
    }
}

}  // namespace
}  // namespace streamgauge::tests

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    streamgauge::console::prepare_application();
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
