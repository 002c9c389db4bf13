// SPDX-License-Identifier: GPL-3.0-or-later
// TLS at the public engine, spoken to by real OpenSSL clients.
#include "http/tls.h"

#include <openssl/ssl.h>
#include <openssl/sslerr.h>

#include <filesystem>
#include <fstream>

#include "http/engine_fixture.h"
#include "http/tls_client.h"

namespace streamgauge::http::test {
namespace {

constexpr std::string_view kBoth("\x02h2\x08http/1.1", 12);
constexpr std::string_view kOnly2("\x02h2", 3);

class Tls : public EngineTest {
protected:
    // The certificates' times are real; the engine's deadlines are the test's.
    static const SystemClock& wall() {
        static const SystemClock clock;
        return clock;
    }
    void SetUp() override {
        EngineTest::SetUp();
        add(Method::Get, "/secure", 0, [](const Request& request, const ReplyPtr& reply) {
            reply->send({200, "text/plain", request.secure ? "secure" : "plain", {}});
        });
        authority_.write(files_.file("ca.pem"), files_.file("ca.key"));
        first_.write(files_.file("server.pem"), files_.file("server.key"));
        serve(ClientCertificates::Off);
    }
    void TearDown() override {
        EngineTest::TearDown();
        secure_.reset();
    }
    void serve(ClientCertificates wanted) {
        auto loaded = TlsContext::load(
            {files_.file("server.pem"), files_.file("server.key"), files_.file("ca.pem"), wanted}, wall());
        ASSERT_TRUE(loaded.ok()) << loaded.error().describe();
        context_ = *loaded;
        EngineOptions options;
        options.deadline_divisor = kDivisor;
        secure_ = make(options);
        ListenerOptions listener;
        listener.tls = context_;
        const auto bound = secure_->listen({"127.0.0.1", 0}, listener);
        ASSERT_TRUE(bound.ok()) << bound.error().describe();
        EXPECT_TRUE(bound->tls);
        tls_port_ = bound->port;
        ASSERT_TRUE(secure_->start().ok());
    }
    bool all_gone() const {
        return eventually([&] { return secure_->counters().open == 0; });
    }
    const Certificate authority_{"authority"};
    const Certificate first_{"first", &authority_};
    const Certificate second_{"second", &authority_};
    CertificateDirectory files_;
    std::shared_ptr<TlsContext> context_;
    std::unique_ptr<Engine> secure_;
    std::uint16_t tls_port_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Engines, Tls, ::testing::Values(Kind::Public, Kind::PublicTwoThreads), kind_name);

TEST_P(Tls, SpeaksVersions12And13) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsClientOptions options;
        options.version = version;
        TlsClient client(tls_port_, options);
        ASSERT_TRUE(client.shake_hands()) << version;
        EXPECT_EQ(SSL_version(client.ssl()), version);
        EXPECT_EQ(client.exchange(get("/secure")).body, "secure");
        EXPECT_EQ(client.exchange(get("/hello")).body, "hello");
        EXPECT_EQ(client.peer_name(), "first");
    }
    for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
        TlsClientOptions options;
        options.version = version;
        TlsClient client(tls_port_, options);
        EXPECT_FALSE(client.shake_hands());
        EXPECT_EQ(client.failure(), SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
    }
    EXPECT_TRUE(all_gone());
    EXPECT_EQ(secure_->counters().tls_failed, 2U);
}

TEST_P(Tls, OffersOnlyHttp11) {
    TlsClientOptions options;
    TlsClient silent(tls_port_, options);
    ASSERT_TRUE(silent.shake_hands());
    EXPECT_EQ(silent.protocol(), "");
    options.protocols = kBoth;
    TlsClient both(tls_port_, options);
    ASSERT_TRUE(both.shake_hands());
    EXPECT_EQ(both.protocol(), "http/1.1");
    EXPECT_EQ(both.exchange(get("/hello")).body, "hello");
    options.protocols = kOnly2;
    TlsClient wrong(tls_port_, options);
    EXPECT_FALSE(wrong.shake_hands());
    EXPECT_EQ(wrong.failure(), SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
}

TEST_P(Tls, CarriesBodiesHoweverTheyAreCut) {
    std::string body(1'000'003, '\0');
    for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7 % 251);
    struct Cut {
        std::size_t piece, fragment, size;
    };
    for (const Cut cut : {Cut{0, 0, body.size()}, Cut{0, 512, body.size()}, Cut{1, 0, 3000}, Cut{1, 512, 3000},
                          Cut{7, 700, 20'000}, Cut{16'385, 0, body.size()}}) {
        SCOPED_TRACE(std::to_string(cut.piece) + " " + std::to_string(cut.fragment));
        TlsClientOptions options;
        options.piece = cut.piece;
        options.fragment = cut.fragment;
        TlsClient client(tls_port_, options);
        const std::string part = body.substr(0, cut.size);
        ASSERT_TRUE(client.exchange(post("/echo", part)).body == part);
        ASSERT_TRUE(client.exchange(post("/echo", part)).body == part) << "again on the same connection";
    }
}

TEST_P(Tls, AnswersPipelinedRequestsInOrder) {
    TlsClient client(tls_port_);
    std::string wire;
    for (int i = 0; i < 100; ++i)
        wire += i % 3 == 0 ? post("/echo", std::to_string(i)) : get("/who/" + std::to_string(i));
    ASSERT_TRUE(client.send(wire));
    for (int i = 0; i < 100; ++i) {
        const std::string body = client.read().body;
        ASSERT_EQ(body.substr(0, body.find('|')), std::to_string(i));
    }
}

TEST_P(Tls, EndsInOrder) {
    TlsClient closing(tls_port_);
    EXPECT_EQ(closing.exchange(get("/hello", "Connection: close\r\n")).body, "hello");
    EXPECT_TRUE(closing.ended()) << "by a close_notify";
    TlsClient leaving(tls_port_);
    ASSERT_TRUE(leaving.send(get("/later?still") + get("/hello")));
    leaving.end_sending();
    ASSERT_TRUE(eventually([&] { return held() == 1; }));
    answer_held();
    EXPECT_EQ(leaving.read().body, "still");
    EXPECT_EQ(leaving.read().body, "hello");
    EXPECT_TRUE(leaving.ended());
    TlsClient vanishing(tls_port_);
    ASSERT_TRUE(vanishing.send(get("/later?gone")));
    ASSERT_TRUE(eventually([&] { return held() == 1; }));
    vanishing.raw().reset();
    answer_held();
    TlsClient truncating(tls_port_);
    ASSERT_TRUE(truncating.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf"));
    truncating.raw().end_sending();
    TlsClient refused(tls_port_);
    EXPECT_EQ(refused.exchange("BAD\r\n\r\n").status, 400);
    EXPECT_TRUE(refused.ended());
    closing.raw().close();
    leaving.raw().close();
    refused.raw().close();
    EXPECT_TRUE(all_gone());
    const ConnectionCounters counters = secure_->counters();
    EXPECT_EQ(counters.requests_arrived, counters.requests_answered + counters.requests_cut);
}

TEST_P(Tls, StreamsEvents) {
    TlsClient client(tls_port_);
    ASSERT_TRUE(client.send(get("/stream")));
    const auto events = stream();
    for (int i = 0; i < 50; ++i)
        ASSERT_TRUE(events->push(std::make_shared<const std::string>("data: " + std::to_string(i) + "\n\n")));
    EXPECT_EQ(client.read().status, 200);
    EXPECT_TRUE(client.read_until("data: 49\n\n"));
    EXPECT_TRUE(eventually([&] { return events->backlog() == 0; }));
    events->end();
    EXPECT_TRUE(client.ended());
}

TEST_P(Tls, HandshakesEndInTime) {
    TlsClient whole(tls_port_);
    ASSERT_TRUE(whole.shake_hands());
    RawClient silent(tls_port_);
    RawClient begun(tls_port_);
    ASSERT_TRUE(begun.send(std::string_view("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9)));
    ASSERT_TRUE(eventually([&] { return secure_->counters().open == 3; }));
    clock.let_tick();
    clock.advance(scaled(limits::kHeadDeadline));
    clock.let_tick();
    EXPECT_EQ(secure_->counters().open, 3U);
    clock.advance(std::chrono::nanoseconds(1));
    EXPECT_TRUE(silent.ended());
    EXPECT_TRUE(begun.ended());
    EXPECT_EQ(whole.exchange(get("/hello")).body, "hello") << "what is open stays open";
}

TEST_P(Tls, CountsHandshakesAsConnections) {
    std::vector<RawClient> clients;
    for (std::size_t i = 0; i < limits::kConnectionsPerAddress; ++i) clients.emplace_back(tls_port_);
    ASSERT_TRUE(eventually([&] { return secure_->counters().open == limits::kConnectionsPerAddress; }));
    TlsClient beyond(tls_port_);
    EXPECT_FALSE(beyond.shake_hands());
    EXPECT_EQ(secure_->counters().refused, 1U);
    clients.clear();
    EXPECT_TRUE(all_gone());
    TlsClient next(tls_port_);
    EXPECT_EQ(next.exchange(get("/hello")).body, "hello");
}

TEST_P(Tls, TellsClientsThatForgotIt) {
    RawClient plain(tls_port_);
    const Answer answer = plain.exchange(get("/hello"));
    EXPECT_EQ(answer.status, 400);
    EXPECT_NE(answer.body.find("https://"), std::string::npos);
    EXPECT_TRUE(plain.ended());
    for (const std::string& bytes : {std::string("SSH-2.0-x\r\n"), std::string(100, '\0'), std::string(40, '\x16')}) {
        RawClient other(tls_port_);
        ASSERT_TRUE(other.send(bytes));
        other.end_sending();
        while (!other.read_some().empty()) {  // an alert, perhaps
        }
    }
    EXPECT_TRUE(eventually([&] { return secure_->counters().open <= 1; }));
    TlsClient client(port);
    EXPECT_FALSE(client.shake_hands()) << "and TLS on a plain port is no HTTP";
}

TEST_P(Tls, DoesNotNegotiateAgain) {
    TlsClientOptions options;
    options.version = TLS1_2_VERSION;
    TlsClient client(tls_port_, options);
    EXPECT_EQ(client.exchange(get("/hello")).body, "hello");
    SSL_renegotiate(client.ssl());
    EXPECT_FALSE(client.shake_hands());
    EXPECT_EQ(client.failure(), SSL_R_NO_RENEGOTIATION);
}

TEST_P(Tls, ResumesSessions) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsClientOptions options;
        options.version = version;
        TlsClient first(tls_port_, options);
        EXPECT_EQ(first.exchange(get("/hello")).body, "hello");
        options.session = SSL_get1_session(first.ssl());
        TlsClient second(tls_port_, options);
        EXPECT_EQ(second.exchange(get("/hello")).body, "hello");
        EXPECT_EQ(SSL_session_reused(second.ssl()), 1) << version;
        SSL_SESSION_free(options.session);
    }
}

TEST_P(Tls, AnAnswerThatIsNotReadIsCut) {
    TlsClientOptions options;
    options.receive_buffer = 4096;
    TlsClient client(tls_port_, options);
    ASSERT_TRUE(client.send(get("/large?bytes=20000000")));
    ASSERT_TRUE(eventually([&] { return secure_->counters().requests_answered == 1; }));
    clock.let_tick();
    clock.advance(scaled(limits::kAnswerDrainDeadline));
    clock.let_tick();
    EXPECT_EQ(secure_->counters().open, 1U);
    clock.advance(std::chrono::nanoseconds(1));
    EXPECT_TRUE(all_gone());
}

TEST_P(Tls, ALargeAnswerArrivesWhole) {
    TlsClientOptions options;
    options.receive_buffer = 16 * 1024;
    TlsClient client(tls_port_, options);
    EXPECT_TRUE(client.exchange(get("/large?bytes=20000000")).body == std::string(20'000'000, 'x'));
    EXPECT_EQ(client.exchange(get("/hello")).body, "hello");
}

TEST_P(Tls, AsksForClientsCertificates) {
    const Certificate own("client", &authority_);
    const Certificate foreign("foreign");
    const auto answered = [&](const Certificate* certificate) {
        TlsClientOptions options;
        options.own = certificate;
        TlsClient client(tls_port_, options);
        return client.exchange(get("/hello")).status;  // a version 1.3 client learns of a refusal when it reads
    };
    serve(ClientCertificates::Required);
    EXPECT_EQ(answered(&own), 200);
    EXPECT_EQ(answered(nullptr), 0);
    EXPECT_EQ(answered(&foreign), 0);
    serve(ClientCertificates::Optional);
    EXPECT_EQ(answered(&own), 200);
    EXPECT_EQ(answered(nullptr), 200);
    EXPECT_EQ(answered(&foreign), 0);
}

TEST_P(Tls, TakesANewCertificateWithoutARestart) {
    TlsClient before(tls_port_);
    ASSERT_TRUE(before.shake_hands());
    EXPECT_FALSE(context_->reload_if_changed().has_value());
    std::ofstream(files_.file("server.pem")) << "broken";
    auto reloaded = context_->reload_if_changed();
    ASSERT_TRUE(reloaded.has_value());
    EXPECT_FALSE(reloaded->ok());
    EXPECT_FALSE(context_->reload_if_changed().has_value()) << "told once";
    TlsClient still(tls_port_);
    ASSERT_TRUE(still.shake_hands());
    EXPECT_EQ(still.peer_name(), "first");

    second_.write(files_.file("server.pem"), files_.file("other.key"));
    EXPECT_FALSE(context_->reload().ok()) << "the key is the old one's";
    second_.write(files_.file("server.pem"), files_.file("server.key"));
    reloaded = context_->reload_if_changed();
    ASSERT_TRUE(reloaded.has_value());
    EXPECT_TRUE(reloaded->ok());
    TlsClient after(tls_port_);
    ASSERT_TRUE(after.shake_hands());
    EXPECT_EQ(after.peer_name(), "second");
    EXPECT_EQ(before.exchange(get("/hello")).body, "hello");
    EXPECT_EQ(after.exchange(get("/hello")).body, "hello");
}

TEST_P(Tls, NoRequestFailsWhileCertificatesChange) {
    std::atomic<bool> stop{false};
    std::atomic<int> served{0}, failed{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i) {
        clients.emplace_back([&] {
            while (!stop) {
                TlsClient client(tls_port_);
                for (int request = 0; request < 3; ++request)
                    client.exchange(post("/echo", "x")).body == "x" ? ++served : ++failed;
            }
        });
    }
    int reloads = 0;
    EXPECT_TRUE(eventually([&] {
        (++reloads % 2 == 0 ? first_ : second_).write(files_.file("server.pem"), files_.file("server.key"));
        EXPECT_TRUE(context_->reload().ok());
        return reloads >= 50 && served >= 300;
    }));
    stop = true;
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(failed, 0);
}

TEST_P(Tls, BalancersMayStandBeforeIt) {
    EngineOptions options;
    options.trusted_proxies = {"127.0.0.1"};
    const auto behind = make(options);
    ListenerOptions listener;
    listener.tls = context_;
    listener.proxy_protocol = true;
    const auto bound = behind->listen({"127.0.0.1", 0}, listener);
    ASSERT_TRUE(bound.ok());
    ASSERT_TRUE(behind->start().ok());
    TlsClient client(bound->port);
    ASSERT_TRUE(client.raw().send("PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n"));
    EXPECT_EQ(client.exchange(get("/who/x")).body, "x|||203.0.113.9");
    EXPECT_EQ(client.exchange(get("/secure")).body, "secure");
    TlsClient without(bound->port);
    EXPECT_FALSE(without.shake_hands());
}

TEST_P(Tls, StopsWithClientsConnected) {
    TlsClient idle(tls_port_);
    ASSERT_TRUE(idle.shake_hands());
    TlsClient busy(tls_port_);
    ASSERT_TRUE(busy.send(get("/later?last")));
    RawClient silent(tls_port_);
    ASSERT_TRUE(eventually([&] { return held() == 1 && secure_->counters().open == 3; }));
    std::thread stopping([&] { secure_->stop(std::chrono::seconds(10)); });
    EXPECT_TRUE(idle.ended());
    EXPECT_TRUE(silent.ended());
    answer_held();
    EXPECT_EQ(busy.read().body, "last");
    EXPECT_TRUE(busy.ended());
    busy.raw().close();
    stopping.join();
}

TEST(TlsFiles, AreCheckedAtTheStart) {
    const SystemClock clock;
    const CertificateDirectory files;
    const Certificate good("good");
    const Certificate other("other");
    const Certificate expired("expired", nullptr, -0.01);
    const Certificate soon("soon", nullptr, 13);
    good.write(files.file("good.pem"), files.file("good.key"));
    other.write(files.file("other.pem"), files.file("other.key"));
    expired.write(files.file("expired.pem"), files.file("expired.key"));
    soon.write(files.file("soon.pem"), files.file("soon.key"));
    const auto fault = [&](const std::string& certificate, const std::string& key, const std::string& ca = {}) {
        const auto loaded =
            TlsContext::load({files.file(certificate), files.file(key), ca.empty() ? "" : files.file(ca),
                              ca.empty() ? ClientCertificates::Off : ClientCertificates::Required},
                             clock);
        if (loaded.ok()) return std::string();
        EXPECT_EQ(loaded.error().code, ErrorCode::InvalidArgument);
        EXPECT_FALSE(loaded.error().hint.empty());
        return loaded.error().message;
    };
    EXPECT_EQ(fault("good.pem", "good.key"), "");
    EXPECT_EQ(fault("good.pem", "good.key", "other.pem"), "");
    EXPECT_NE(fault("missing.pem", "good.key").find("missing.pem cannot be used"), std::string::npos);
    EXPECT_NE(fault("good.pem", "missing.key").find("missing.key cannot be used"), std::string::npos);
    EXPECT_NE(fault("good.pem", "other.key").find("other.key"), std::string::npos);
    EXPECT_NE(fault("expired.pem", "expired.key").find("has expired"), std::string::npos);
    EXPECT_NE(fault("good.pem", "good.key", "good.key").find("authorities"), std::string::npos);
    EXPECT_FALSE((*TlsContext::load({files.file("good.pem"), files.file("good.key"), "", {}}, clock))->expires_soon());
    EXPECT_TRUE((*TlsContext::load({files.file("soon.pem"), files.file("soon.key"), "", {}}, clock))->expires_soon());
}

}  // namespace
}  // namespace streamgauge::http::test
