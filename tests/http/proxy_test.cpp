// SPDX-License-Identifier: GPL-3.0-or-later
// Trusted proxies before the public engine: whose address a request has, whose share of connections is used, and who
// may send a PROXY header.
#include "http/engine_fixture.h"

namespace streamgauge::http::test {
namespace {

class Proxied : public EngineTest {
protected:
    void configure(EngineOptions& options) override {
        options.trusted_proxies = {"127.0.0.0/30", "10.0.0.0/8"};  // 127.0.0.1 and .2 and .3; not .4 and on
        add(Method::Get, "/secure", 0, [](const Request& request, const ReplyPtr& reply) {
            reply->send(
                {200, "text/plain", std::string(request.remote_address) + (request.secure ? " secure" : ""), {}});
        });
        settings = options;
    }
    void SetUp() override {
        EngineTest::SetUp();
        settings.deadline_divisor = kDivisor;
        behind = make(settings);
        ListenerOptions listener;
        listener.proxy_protocol = true;
        const auto bound = behind->listen({"127.0.0.1", 0}, listener);
        ASSERT_TRUE(bound.ok());
        proxy_port = bound->port;
        ASSERT_TRUE(behind->start().ok());
    }
    void TearDown() override {
        EngineTest::TearDown();
        behind.reset();
    }
    std::string ask(RawClient& client, std::string_view before = {}, std::string_view headers = {}) {
        return client.exchange(std::string(before) + get("/secure", headers)).body;
    }
    std::string ask_behind(std::string_view before, std::string_view headers = {}) {
        RawClient client(proxy_port);
        return ask(client, before, headers);
    }
    EngineOptions settings;
    std::unique_ptr<Engine> behind;
    std::uint16_t proxy_port = 0;
};
INSTANTIATE_TEST_SUITE_P(Engines, Proxied, ::testing::Values(Kind::Public, Kind::PublicTwoThreads), kind_name);

constexpr std::string_view kLine = "PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n";

TEST_P(Proxied, ATrustedProxyNamesItsClient) {
    RawClient client(port);
    EXPECT_EQ(ask(client), "127.0.0.1");
    EXPECT_EQ(ask(client, {}, "X-Forwarded-For: 203.0.113.9\r\n"), "203.0.113.9");
    EXPECT_EQ(ask(client, {}, "X-Forwarded-For: 1.2.3.4, 203.0.113.9, 10.1.1.1\r\nX-Forwarded-Proto: https\r\n"),
              "203.0.113.9 secure");
    EXPECT_EQ(ask(client), "127.0.0.1") << "a connection carries many clients' requests";
    EXPECT_EQ(ask(client, {}, "X-Forwarded-For: 2001:db8::9\r\n"), "2001:db8::9");
    RawClient stranger(port, "127.0.0.5");
    EXPECT_EQ(ask(stranger, {}, "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"), "127.0.0.5")
        << "nobody else may";
}

TEST_P(Proxied, ATrustedProxyBeginsWithAProxyHeader) {
    EXPECT_EQ(ask_behind(kLine), "203.0.113.9");
    const std::string binary(
        "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x14\xCB\x00\x71\x0A\xC0\x00\x02\x01\xDC\x04\x01\xBB"
        "\x20\x00\x05\x01\x00\x00\x00\x00",
        36);
    EXPECT_EQ(ask_behind(binary), "203.0.113.10 secure");
    EXPECT_EQ(ask_behind("PROXY UNKNOWN\r\n"), "127.0.0.1");
    EXPECT_EQ(ask_behind(kLine, "X-Forwarded-For: 1.2.3.4\r\n"), "203.0.113.9") << "the client is no proxy";
    EXPECT_EQ(ask_behind("PROXY TCP4 10.0.0.7 192.0.2.1 1 2\r\n", "X-Forwarded-For: 1.2.3.4\r\n"), "1.2.3.4");
    EXPECT_EQ(ask_behind("PROXY UNKNOWN\r\n", "X-Forwarded-For: 1.2.3.4\r\n"), "1.2.3.4");
}

TEST_P(Proxied, AProxyHeaderMayComeInPieces) {
    RawClient client(proxy_port);
    for (const char c : std::string(kLine) + get("/secure")) ASSERT_TRUE(client.send({&c, 1}));
    EXPECT_EQ(client.read().body, "203.0.113.9");
    EXPECT_EQ(ask(client), "203.0.113.9") << "for the whole connection";
}

TEST_P(Proxied, WithoutAProxyHeaderNothingIsServed) {
    for (const std::string& start : {get("/secure"), std::string("PROXY TCP4 203.0.113.9\r\n") + get("/secure"),
                                     std::string("PROXY TCP5 a b c d\r\n"), std::string(200, 'P')}) {
        RawClient client(proxy_port);
        ASSERT_TRUE(client.send(start));
        EXPECT_EQ(client.read().status, 400) << start;
        EXPECT_TRUE(client.ended());
    }
    EXPECT_EQ(behind->counters().requests_arrived, 0U);
}

TEST_P(Proxied, AStrangersProxyHeaderIsAMalformedRequest) {
    for (const std::string& start : {std::string(kLine) + get("/secure"),
                                     std::string("\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00", 16) + get("/secure")}) {
        RawClient client(proxy_port, "127.0.0.5");
        ASSERT_TRUE(client.send(start));
        EXPECT_EQ(client.read().status, 400);
        EXPECT_TRUE(client.ended());
    }
    RawClient client(proxy_port, "127.0.0.5");
    EXPECT_EQ(ask(client), "127.0.0.5") << "without one it is served";
    RawClient elsewhere(port);
    EXPECT_EQ(elsewhere.exchange(kLine).status, 400) << "where no PROXY header is spoken";
}

TEST_P(Proxied, AProxyThatIsSilentIsClosed) {
    RawClient silent(proxy_port);
    RawClient begun(proxy_port);
    ASSERT_TRUE(begun.send("PROXY TCP4 203."));
    ASSERT_TRUE(eventually([&] { return behind->counters().open == 2; }));
    clock.let_tick();
    clock.advance(scaled(limits::kHeadDeadline));
    clock.let_tick();
    EXPECT_EQ(behind->counters().open, 2U);
    clock.advance(std::chrono::nanoseconds(1));
    EXPECT_TRUE(eventually([&] { return behind->counters().open == 0; }));
    EXPECT_TRUE(silent.ended());
    EXPECT_TRUE(begun.ended());
}

TEST_P(Proxied, SharesAreTheClientsNotTheProxys) {
    std::vector<RawClient> clients;
    for (std::size_t i = 0; i < limits::kConnectionsPerAddress + 8; ++i) {
        clients.emplace_back(port);  // X-Forwarded-For: many clients' requests on each
        ASSERT_EQ(clients.back().exchange(get("/hello")).status, 200) << i;
    }
    clients.clear();
    for (std::size_t i = 0; i < limits::kConnectionsPerAddress; ++i) {
        clients.emplace_back(proxy_port);
        ASSERT_EQ(ask(clients.back(), kLine), "203.0.113.9") << i;
    }
    RawClient beyond(proxy_port);
    EXPECT_EQ(beyond.exchange(std::string(kLine) + get("/secure")).status, 503);
    EXPECT_TRUE(beyond.ended());
    EXPECT_EQ(behind->counters().refused, 1U);
    EXPECT_EQ(ask_behind("PROXY TCP4 203.0.113.10 192.0.2.1 1 2\r\n"), "203.0.113.10");
    EXPECT_EQ(ask_behind("PROXY UNKNOWN\r\n"), "127.0.0.1") << "the proxy's own health checks";
    clients.clear();
    beyond.close();
    EXPECT_TRUE(eventually([&] { return behind->counters().open == 0; }));
    EXPECT_EQ(ask_behind(kLine), "203.0.113.9");
}

TEST_P(Proxied, NetworksThatAreNoneAreToldAtOnce) {
    EngineOptions wrong;
    wrong.trusted_proxies = {"10.0.0.0/8", "nonsense"};
    const auto bound = make(wrong)->listen({"127.0.0.1", 0});
    ASSERT_FALSE(bound.ok());
    EXPECT_EQ(bound.error().code, ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace streamgauge::http::test
