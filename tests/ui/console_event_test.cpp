// SPDX-License-Identifier: GPL-3.0-or-later
// The whole way: a producer posts an event by HTTP to the real embedded server, and the real window shows it.
#include <QApplication>
#include <QNetworkAccessManager>
#include <QNetworkReply>
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

TEST(Console, ShowsAnEventThatIsPosted) {
    QTemporaryDir directory;
    Config config;
    config.data_dir = directory.path().toStdString();
    config.listen = {"127.0.0.1:0"};
    config.management = "127.0.0.1:0";
    const SystemClock clock;
    client::EmbeddedClient client([&] { return Backend::start(config, clock); });
    viewmodels::ConsoleViewModel app(client, clock);
    console::ConsoleWindow window(app);
    window.resize(1440, 900);
    window.show();
    client.start();
    const auto find = [&](const QString& name) { return find_item(window.rootObject(), name); };
    ASSERT_TRUE(eventually([&] { return app.overview()->phase() == u"empty"; }));
    EXPECT_TRUE(find(u"overviewEmpty"_s)->isVisible());
    EXPECT_TRUE(app.connection()->curl().contains(app.connection()->ingest_url()));

    QNetworkAccessManager network;
    QNetworkRequest request(QUrl(app.connection()->ingest_url()));
    request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/json"_s);
    const std::unique_ptr<QNetworkReply> reply(
        network.post(request, R"({"event_type":"purchase","user_id":"u_7","page_url":"/checkout"})"));
    ASSERT_TRUE(eventually([&] { return app.overview()->phase() == u"data"; }));
    EXPECT_EQ(reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt(), 202);
    EXPECT_TRUE(eventually([&] { return find(u"topPages"_s)->property("count").toInt() == 1; }));

    app.set_page(1);
    ASSERT_TRUE(eventually([&] {
        const QQuickItem* row = find(u"eventRow"_s);
        return row && row->property("type").toString() == "purchase"_L1;
    }));
    EXPECT_EQ(find(u"eventRow"_s)->property("user").toString(), u"u_7");
    EXPECT_EQ(find(u"eventRow"_s)->property("page").toString(), u"/checkout");
    EXPECT_THAT(window.complaints().join(u'\n').toStdString(), "");
    window.setSource(QUrl());
}

}  // namespace
}  // namespace streamgauge::tests

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    streamgauge::console::prepare_application();
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
