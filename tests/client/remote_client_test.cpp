// SPDX-License-Identifier: GPL-3.0-or-later
// What only a connection over a network can suffer.
#include "client/remote_client.h"

#include <QCoreApplication>

#include <gmock/gmock.h>

#include <algorithm>

#include "client/eventually.h"
#include "client/scripted_server.h"

namespace streamgauge::client {
namespace {

using namespace std::chrono_literals;
using api::Topic;
using tests::eventually;
using tests::settle_events;
using State = ConnectionState;

RemoteClient::Options quick() {
    RemoteClient::Options options;
    options.ping = 20ms;
    options.first_retry = 10ms;
    options.longest_retry = 40ms;
    return options;
}

class RemoteTest : public testing::Test {
protected:
    void watch() {
        subscription = client.live().subscribe(
            Topic::Overview, {}, &context, [this](const api::LiveMessage& message) { received.push_back(message); });
    }
    bool become(State state) {
        return eventually([&] { return client.state() == state; });
    }

    tests::ScriptedServices services;
    tests::ScriptedServer server{services};
    RemoteClient client{server.url(), quick()};
    QObject context;
    std::vector<api::LiveMessage> received;
    std::unique_ptr<LiveSubscription> subscription;
};

TEST_F(RemoteTest, ComesBackByItself) {
    watch();
    client.start();
    ASSERT_TRUE(become(State::Live));
    server.go_away();
    ASSERT_TRUE(become(State::Degraded));
    EXPECT_NE(client.error_text(), "");
    EXPECT_FALSE(client.latency_ms());
    EXPECT_TRUE(client.hello()) << "what is known of the server stays known";
    server.come_back();
    ASSERT_TRUE(become(State::Live));
    EXPECT_EQ(client.error_text(), "");
    const std::size_t before = received.size();
    services.publish(api::Overview{});
    EXPECT_TRUE(eventually([&] { return received.size() > before; }));
}

TEST_F(RemoteTest, SaysWhereItStoodWhenItComesBack) {
    watch();
    client.start();
    ASSERT_TRUE(become(State::Live));
    services.publish(api::Overview{});
    services.publish(api::Overview{});
    ASSERT_TRUE(eventually([&] { return received.size() == 3; }));
    server.go_away();
    ASSERT_TRUE(become(State::Degraded));
    server.come_back();
    ASSERT_TRUE(become(State::Live));
    const QByteArray expected = "last-event-id: 7:" + QByteArray::number(static_cast<qulonglong>(received[2].seq));
    bool found = false;
    for (const QByteArray& request : server.requests()) found = found || request.toLower().contains(expected);
    EXPECT_TRUE(found);
}

TEST_F(RemoteTest, FailsWhereNothingListensAndGetsThereLater) {
    server.go_away();
    client.start();
    ASSERT_TRUE(become(State::Failed));
    EXPECT_NE(client.error_text(), "");
    server.come_back();
    EXPECT_TRUE(become(State::Live));
}

TEST_F(RemoteTest, ACallInFlightEndsWhenTheServerGoes) {
    client.start();
    ASSERT_TRUE(become(State::Live));
    services.hold();
    std::optional<Result<api::LoadStatus>> ended;
    client.load().stop_load(&context, [&](Result<api::LoadStatus> result) { ended = std::move(result); });
    ASSERT_TRUE(eventually([&] { return services.held() == 1; }));
    server.go_away();
    ASSERT_TRUE(eventually([&] { return ended.has_value(); }));
    EXPECT_EQ(ended->error().code, ErrorCode::Disconnected);
}

TEST_F(RemoteTest, AskedAgainAfterAGap) {
    watch();
    client.start();
    ASSERT_TRUE(become(State::Live));
    const int before = services.snapshots_sent();
    services.lose_one(Topic::Overview);
    services.publish(api::Overview{});
    ASSERT_TRUE(eventually([&] { return services.snapshots_sent() > before; }));
    ASSERT_TRUE(eventually([&] { return received.size() >= 2; }));
    EXPECT_TRUE(received.back().snapshot) << "nothing is shown that does not follow";
    EXPECT_EQ(client.state(), State::Live);
}

TEST_F(RemoteTest, ARefusalIsNotRetried) {
    server.answer_with(
        "HTTP/1.1 401 No\r\nContent-Type: application/problem+json\r\nContent-Length: 38\r\n\r\n"
        "{\"title\":\"No\",\"detail\":\"who are you?\"} ");
    client.start();
    ASSERT_TRUE(become(State::Failed));
    EXPECT_THAT(client.error_text(), testing::HasSubstr("who are you?"));
    const qsizetype asked = server.requests().size();
    const QDeadlineTimer a_while(200);
    eventually([&] { return a_while.hasExpired(); });
    EXPECT_EQ(server.requests().size(), asked);
}

TEST_F(RemoteTest, WhatAnswersMustBeAStreamgaugeServer) {
    for (const QByteArray& body :
         {QByteArray("{}"), QByteArray("<html>"), QByteArray("[1]"),
          QByteArray(R"({"product":"other","version":"1","api_version":1,"epoch":1,"features":[]})")}) {
        server.answer_with("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                           QByteArray::number(body.size()) + "\r\n\r\n" + body);
        client.start();
        ASSERT_TRUE(become(State::Failed)) << body.constData();
        EXPECT_THAT(client.error_text(), testing::HasSubstr("Streamgauge")) << body.constData();
        client.stop();
    }
}

TEST_F(RemoteTest, AnAnswerThatIsNotHttpIsAnError) {
    for (const QByteArray& bytes : {QByteArray("SSH-2.0-x\r\n"), QByteArray(300, '\0'),
                                    QByteArray("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"pro")}) {
        server.answer_with(bytes);
        client.start();
        EXPECT_TRUE(become(State::Failed));
        client.stop();
    }
}

// One whose pings do not come in between.
class QuestionTest : public RemoteTest {
protected:
    QuestionTest() {
        patient.start();
        EXPECT_TRUE(eventually([&] { return patient.state() == State::Live; }));
        question.raw = query::RawAggregate{};
        question.range = {{0}, {60'000'000}};
    }
    static RemoteClient::Options options() {
        RemoteClient::Options options = quick();
        options.answer = 300ms;
        options.ping = 10min;
        return options;
    }
    void ask() {
        patient.metrics().points(
            question, [this](double share) { told.push_back(share); }, &context,
            [this](Result<query::PointsAnswer> result) { answer = std::move(result); });
    }

    RemoteClient patient{server.url(), options()};
    query::PointsQuery question;
    std::vector<double> told;
    std::optional<Result<query::PointsAnswer>> answer;
};

TEST_F(QuestionTest, TheServerMayBeSilentForLongerThanOfAnythingElse) {
    server.fall_silent();
    ask();
    std::optional<Result<std::vector<api::MetricStatus>>> other;
    patient.metrics().list_metrics(&context,
                                   [&](Result<std::vector<api::MetricStatus>> result) { other = std::move(result); });
    ASSERT_TRUE(eventually([&] { return other.has_value(); }));
    ASSERT_FALSE(other->ok());
    EXPECT_EQ(other->error().code, ErrorCode::Disconnected);
    EXPECT_FALSE(answer.has_value()) << "it was asked before";
}

TEST_F(QuestionTest, WhatTheServerTellsOfItsProgressIsBounded) {
    QByteArray events;
    for (const char* share : {"-3", "0.5", "7", "\"much\"", "null"})
        events += QByteArray("event: progress\ndata: {\"progress\":") + share + "}\n\n";
    events += "event: error\ndata: {\"status\":503,\"title\":\"Not now\"}\n\n";
    server.answer_with("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: " +
                       QByteArray::number(events.size()) + "\r\n\r\n" + events);
    ask();
    ASSERT_TRUE(eventually([&] { return answer.has_value(); }));
    ASSERT_FALSE(answer->ok());
    EXPECT_EQ(answer->error().code, ErrorCode::Unavailable);
    EXPECT_THAT(told, testing::ElementsAre(0, 0.5, 1, 0, 0));
}

TEST_F(RemoteTest, AStreamThatIsNotUnderstoodIsOpenedAgain) {
    watch();
    client.start();
    ASSERT_TRUE(become(State::Live));
    server.send_on_streams("id: 7:1\nevent: delta\ndata: {\"no\":\n\n");
    ASSERT_TRUE(become(State::Degraded));
    EXPECT_TRUE(become(State::Live));
}

TEST_F(RemoteTest, CommentsKeepAStreamAlive) {
    watch();
    client.start();
    ASSERT_TRUE(become(State::Live));
    server.send_on_streams(": heartbeat\n\n");
    services.publish(api::Overview{});
    EXPECT_TRUE(eventually([&] { return received.size() >= 2; }));
    EXPECT_EQ(client.state(), State::Live);
}

TEST_F(RemoteTest, AnUnwellServerIsDegradedAndSaysWhy) {
    client.start();
    ASSERT_TRUE(become(State::Live));
    services.set_health({false, {{"journal", false, "the disk is full"}, {"store", true, ""}}});
    ASSERT_TRUE(become(State::Degraded));
    EXPECT_THAT(client.error_text(), testing::HasSubstr("the disk is full"));
    services.set_health({true, {}});
    EXPECT_TRUE(become(State::Live));
}

TEST_F(RemoteTest, ARestartedServerIsAnotherEpoch) {
    watch();
    client.start();
    ASSERT_TRUE(become(State::Live));
    server.go_away();
    services.restart();
    ASSERT_TRUE(become(State::Degraded));
    server.come_back();
    ASSERT_TRUE(become(State::Live));
    ASSERT_TRUE(eventually([&] { return !received.empty() && received.back().epoch == 8; }));
    EXPECT_TRUE(received.back().snapshot);
    EXPECT_EQ(client.hello()->epoch, 8U);
}

TEST_F(RemoteTest, SilenceIsALoss) {
    auto options = quick();
    options.silence = 60ms;
    RemoteClient impatient(server.url(), options);
    const auto kept = impatient.live().subscribe(Topic::Overview, {}, &context, [](const api::LiveMessage&) {});
    bool degraded = false;
    QObject::connect(&impatient, &BackendClient::stateChanged, &context,
                     [&] { degraded = degraded || impatient.state() == State::Degraded; });
    impatient.start();
    EXPECT_TRUE(eventually([&] { return degraded; }));
}

class LoginTest : public RemoteTest {
protected:
    LoginTest() { server.ask_for_login("ada", "correct horse"); }

    std::unique_ptr<RemoteClient> make(const Identity& identity) {
        auto made = std::make_unique<RemoteClient>(server.url(), quick(), identity);
        QObject::connect(made.get(), &BackendClient::loginWanted, &context, [this] { ++wanted; });
        kept = made->live().subscribe(Topic::Overview, {}, &context,
                                      [this](const api::LiveMessage& message) { received.push_back(message); });
        made->start();
        return made;
    }
    static bool become(BackendClient& who, State state) {
        return eventually([&] { return who.state() == state; });
    }
    bool sent(const QByteArray& text) const {
        return std::any_of(server.requests().begin(), server.requests().end(),
                           [&](const QByteArray& request) { return request.contains(text); });
    }

    int wanted = 0;
    std::unique_ptr<LiveSubscription> kept;
};

TEST_F(LoginTest, LogsInAndSendsTheTokenWithEverything) {
    const auto ada = make({"ada", "correct horse", {}});
    ASSERT_TRUE(become(*ada, State::Live));
    EXPECT_EQ(server.logins(), 1);
    std::optional<Result<api::LoadStatus>> answered;
    ada->load().load_status(&context, [&](Result<api::LoadStatus> result) { answered = std::move(result); });
    ASSERT_TRUE(eventually([&] { return answered.has_value(); }));
    EXPECT_TRUE(answered->ok());
    EXPECT_EQ(wanted, 0);
    EXPECT_FALSE(sent("correct")) << "the password is in no address and no header";
    for (const QByteArray& request : server.requests()) {
        if (request.contains("/api/v1/hello") || request.contains("/api/v1/auth/login")) continue;
        EXPECT_TRUE(request.contains("Authorization: Bearer token-1")) << request.constData();
    }
}

TEST_F(LoginTest, LogsInAgainWhenTheTokenHasEnded) {
    const auto ada = make({"ada", "correct horse", {}});
    ASSERT_TRUE(become(*ada, State::Live));
    server.ask_for_login("ada", "correct horse");  // token-1 is void
    server.go_away();
    server.come_back();
    ASSERT_TRUE(eventually([&] { return server.logins() == 2; }));
    ASSERT_TRUE(become(*ada, State::Live));
    EXPECT_TRUE(sent("Bearer token-2"));
    // Found out by a call, with nothing broken.
    server.ask_for_login("ada", "correct horse");
    std::optional<Result<api::LoadStatus>> answered;
    ada->load().load_status(&context, [&](Result<api::LoadStatus> result) { answered = std::move(result); });
    ASSERT_TRUE(eventually([&] { return answered.has_value(); }));
    EXPECT_FALSE(answered->ok());
    ASSERT_TRUE(eventually([&] { return server.logins() == 3; }));
    ASSERT_TRUE(become(*ada, State::Live));
    EXPECT_EQ(wanted, 0);
}

TEST_F(LoginTest, AsksThePersonWhereNoneIsGivenOrItIsWrong) {
    const auto nobody = make({});
    ASSERT_TRUE(become(*nobody, State::Failed));
    ASSERT_TRUE(eventually([&] { return wanted == 1; }));
    EXPECT_THAT(nobody->error_text(), testing::HasSubstr("asks for a login"));
    nobody->log_in("ada", "wrong");
    ASSERT_TRUE(eventually([&] { return wanted == 2; }));
    EXPECT_EQ(nobody->state(), State::Failed);
    EXPECT_THAT(nobody->error_text(), testing::HasSubstr("the name or the password is wrong"));
    EXPECT_EQ(nobody->login_name(), "ada");
    const qsizetype asked = server.requests().size();
    const QDeadlineTimer a_while(200);
    eventually([&] { return a_while.hasExpired(); });
    EXPECT_EQ(server.requests().size(), asked) << "a wrong password is not sent again";
    nobody->log_in("ada", "correct horse");
    EXPECT_TRUE(become(*nobody, State::Live));
    EXPECT_EQ(wanted, 2);
}

TEST_F(LoginTest, AUserWithoutAPasswordIsAskedForItAtOnce) {
    const auto ada = make({"ada", {}, {}});
    ASSERT_TRUE(eventually([&] { return wanted == 1; }));
    EXPECT_EQ(ada->state(), State::Failed);
    EXPECT_EQ(server.requests().size(), 1) << "hello, and nothing that would be refused";
}

TEST_F(LoginTest, ATokenIsEnough) {
    const auto automaton = make({{}, {}, "token-1"});
    ASSERT_TRUE(become(*automaton, State::Live));
    EXPECT_EQ(server.logins(), 0);
    EXPECT_EQ(wanted, 0);
}

TEST_F(LoginTest, ATokenThatIsRefusedIsSaidSo) {
    const auto automaton = make({{}, {}, "token-9"});
    ASSERT_TRUE(become(*automaton, State::Failed));
    ASSERT_TRUE(eventually([&] { return wanted == 1; }));
    EXPECT_THAT(automaton->error_text(), testing::HasSubstr("does not accept the token"));
}

TEST(ServerAddress, IsReadStrictly) {
    const std::pair<const char*, const char*> good[] = {{"127.0.0.1:8090", "http://127.0.0.1:8090"},
                                                        {" http://host:8443/ ", "http://host:8443"},
                                                        {"https://[::1]:8443", "https://[::1]:8443"},
                                                        {"host", "http://host"}};
    for (const auto& [text, url] : good) {
        const auto parsed = parse_server_address(QString::fromUtf8(text));
        ASSERT_TRUE(parsed.ok()) << text;
        EXPECT_EQ(parsed->toString().toStdString(), url);
    }
    for (const char* text : {"", "   ", "ftp://host", "http://", "http://host/path", "http://host?x=1",
                             "http://u:p@host", "host:99999", "http://host:8080/#x", "not a host"}) {
        const auto parsed = parse_server_address(QString::fromUtf8(text));
        EXPECT_FALSE(parsed.ok()) << text;
    }
}

}  // namespace
}  // namespace streamgauge::client

int main(int argc, char** argv) {
    QCoreApplication application(argc, argv);
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
