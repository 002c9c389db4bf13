// SPDX-License-Identifier: GPL-3.0-or-later
// What both engines do with requests that are right.
#include <random>

#include "http/engine_fixture.h"

namespace streamgauge::http::test {
namespace {

class Conformance : public EngineTest {};
INSTANTIATE_TEST_SUITE_P(Engines, Conformance,
                         ::testing::Values(Kind::Public, Kind::PublicTwoThreads, Kind::Management), kind_name);

TEST_P(Conformance, AnswersAGet) {
    RawClient client(port);
    const Answer answer = client.exchange(get("/hello"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.head.substr(0, 17), "HTTP/1.1 200 OK\r\n");
    EXPECT_EQ(answer.body, "hello");
    EXPECT_EQ(answer.header("Content-Type"), "text/plain");
    EXPECT_EQ(answer.header("Content-Length"), "5");
    EXPECT_EQ(answer.header("X-Kind"), "greeting");
    EXPECT_EQ(answer.header("Date"), "Thu, 01 Jan 2026 00:00:00 GMT");
    EXPECT_EQ(answer.header("Connection"), "");
    EXPECT_EQ(client.exchange(get("/hello/")).status, 200)
        << "the connection stays open; a trailing slash is tolerated";
}

TEST_P(Conformance, HandsTheRequestOver) {
    const Answer answer = client().exchange(get("/who/J%C3%BCrgen%2F?a=1&b=%20", "X-Test:  two words \r\n"));
    EXPECT_EQ(answer.body, "J\xC3\xBCrgen/|a=1&b=%20|two words|127.0.0.1");
}

TEST_P(Conformance, EchoesBodiesOfManySizes) {
    RawClient client(port);
    std::mt19937 random(7);
    for (const std::size_t size :
         {0U, 1U, 63U, 200U, 4095U, 8000U, 8192U, 16384U, 65536U, 1'000'000U, 8U * 1024 * 1024}) {
        std::string body(size, '\0');
        for (char& c : body) c = static_cast<char>(random());
        const Answer answer = client.exchange(post("/echo", body));
        ASSERT_EQ(answer.status, 200) << size;
        ASSERT_TRUE(answer.body == body) << size;
    }
}

TEST_P(Conformance, DecodesChunkedBodies) {
    RawClient client(port);
    const std::string head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(client.exchange(head + "0\r\n\r\n").status, 200);
    EXPECT_EQ(
        client.exchange(head + "5\r\nhello\r\n1;ext=\"a b\"\r\n,\r\n0006\r\n world\r\n0\r\nX-Trailer: dropped\r\n\r\n")
            .body,
        "hello, world");
    std::string wire = head;
    std::string body;
    for (int i = 1; i < 300; ++i) {
        const std::string piece(static_cast<std::size_t>(i), static_cast<char>('a' + i % 26));
        char size[16];
        std::snprintf(size, sizeof size, "%X\r\n", i);
        wire += size + piece + "\r\n";
        body += piece;
    }
    wire += "0\r\n\r\n" + get("/hello");
    for (std::size_t at = 0; at < wire.size(); at += 997) ASSERT_TRUE(client.send(wire.substr(at, 997)));
    EXPECT_EQ(client.read().body, body);
    EXPECT_EQ(client.read().body, "hello") << "the request behind the body";
}

TEST_P(Conformance, TakesARequestByteByByte) {
    RawClient client(port);
    for (const char c : post("/echo", "tropfen") + get("/hello")) ASSERT_TRUE(client.send({&c, 1}));
    EXPECT_EQ(client.read().body, "tropfen");
    EXPECT_EQ(client.read().body, "hello");
}

TEST_P(Conformance, AnswersPipelinedRequestsInOrder) {
    RawClient client(port);
    std::string wire;
    for (int i = 0; i < 500; ++i)
        wire += i % 3 == 0 ? post("/echo", std::to_string(i)) : get("/who/" + std::to_string(i));
    std::thread sender([&] { client.send(wire); });
    for (int i = 0; i < 500; ++i) {
        const std::string body = client.read().body;
        ASSERT_EQ(body.substr(0, body.find('|')), std::to_string(i));
    }
    sender.join();
}

TEST_P(Conformance, KeepsTheOrderWhenAnswersComeInAnother) {
    RawClient client(port);
    std::mt19937 random(11);
    for (int round = 0; round < 20; ++round) {
        std::string wire;
        for (int i = 0; i < 30; ++i) wire += i % 4 == 3 ? get("/hello") : get("/later?" + std::to_string(i));
        ASSERT_TRUE(client.send(wire));
        ASSERT_TRUE(eventually([&] { return held() == 23; }));
        auto replies = take_held();
        std::shuffle(replies.begin(), replies.end(), random);
        std::vector<std::thread> threads;
        for (std::size_t part = 0; part < 3; ++part) {
            threads.emplace_back([&replies, part] {
                for (std::size_t i = part; i < replies.size(); i += 3)
                    replies[i].second->send({200, "text/plain", replies[i].first, {}});
            });
        }
        for (std::thread& thread : threads) thread.join();
        for (int i = 0; i < 30; ++i) ASSERT_EQ(client.read().body, i % 4 == 3 ? "hello" : std::to_string(i));
    }
}

TEST_P(Conformance, AnswersOnceWhoeverAnswersTwice) {
    RawClient client(port);
    ASSERT_TRUE(client.send(get("/later?1")));
    ASSERT_TRUE(eventually([&] { return held() == 1; }));
    const ReplyPtr reply = take_held()[0].second;
    reply->send({200, "text/plain", "first", {}});
    reply->send({500, "text/plain", "second", {}});
    EXPECT_EQ(reply->stream(), nullptr);
    EXPECT_EQ(client.read().body, "first");
    EXPECT_EQ(client.exchange(get("/hello")).body, "hello");
}

TEST_P(Conformance, AnswersHeadWithoutABody) {
    RawClient client(port);
    ASSERT_TRUE(client.send("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    const Answer answer = client.read(true);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("Content-Length"), "5");
    EXPECT_EQ(client.exchange(get("/hello")).body, "hello") << "nothing of the body came in between";
    ASSERT_TRUE(client.send("HEAD /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    EXPECT_EQ(client.read(true).status, 404);
    EXPECT_EQ(client.exchange(get("/hello")).body, "hello");
}

TEST_P(Conformance, SaysWhatIsAllowed) {
    RawClient client(port);
    const Answer options = client.exchange("OPTIONS /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(options.status, 204);
    EXPECT_EQ(options.header("Allow"), "GET, HEAD, OPTIONS");
    EXPECT_EQ(options.header("Content-Length"), "");
    EXPECT_EQ(client.exchange("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 204);
    const Answer wrong = client.exchange(post("/hello", "body"));
    EXPECT_EQ(wrong.status, 405);
    EXPECT_EQ(wrong.header("Allow"), "GET, HEAD, OPTIONS");
    EXPECT_EQ(wrong.header("Content-Type"), "application/problem+json");
    EXPECT_NE(wrong.body.find(R"("error":"method_not_allowed")"), std::string::npos);
    EXPECT_EQ(client.exchange("BREW /hello HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 405);
    EXPECT_EQ(client.exchange(get("/nothing")).status, 404);
    EXPECT_EQ(client.exchange(get("/hello")).status, 200) << "none of these ends the connection";
}

TEST_P(Conformance, KeepsTheOperatorsPathsToTheManagementListener) {
    EXPECT_EQ(client().exchange(get("/operate")).status, GetParam() == Kind::Management ? 200 : 404);
}

TEST_P(Conformance, AnswersForHandlersThatDoNot) {
    RawClient client(port);
    EXPECT_EQ(client.exchange(get("/never")).status, 500);
    EXPECT_EQ(client.exchange(get("/throws")).status, 500);
    EXPECT_EQ(client.exchange(get("/hello")).status, 200);
    EXPECT_EQ(client.exchange(get("/empty")).status, 204);
    const Answer answer = client.exchange(get("/split"));
    EXPECT_EQ(answer.header("X-Good"), "c");
    EXPECT_EQ(answer.head.find("Injected"), std::string::npos) << "a handler cannot split the answer";
}

TEST_P(Conformance, ContinuesWhenItWillTakeTheBody) {
    RawClient client(port);
    const std::string head = "POST /small HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: ";
    ASSERT_TRUE(client.send(head + "4\r\n\r\n"));
    EXPECT_EQ(client.read().status, 100);
    EXPECT_EQ(client.exchange("body").body, "body");
    EXPECT_EQ(client.exchange(head + "4\r\n\r\nbody").status, 200) << "it is here: nothing to wait for";
    // Behind an answer that is still owed.
    ASSERT_TRUE(client.send(get("/later?x") + head + "2\r\n\r\n"));
    ASSERT_TRUE(eventually([&] { return held() == 1; }));
    answer_held();
    EXPECT_EQ(client.read().body, "x");
    EXPECT_EQ(client.read().status, 100);
    EXPECT_EQ(client.exchange("ok").body, "ok");
    EXPECT_EQ(client.exchange(head + "65\r\n\r\n").status, 413) << "said before the body is sent";
    EXPECT_TRUE(client.ended());
    RawClient other(port);
    EXPECT_EQ(other.exchange("POST /small HTTP/1.1\r\nHost: localhost\r\nExpect: magic\r\nContent-Length: 2\r\n\r\nok")
                  .status,
              417);
}

TEST_P(Conformance, SpeaksHttp10) {
    RawClient closing(port);
    const Answer answer = closing.exchange("GET /hello HTTP/1.0\r\n\r\n");
    EXPECT_EQ(answer.body, "hello");
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_TRUE(closing.ended());
    RawClient keeping(port);
    EXPECT_EQ(keeping.exchange("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").header("Connection"),
              "keep-alive");
    EXPECT_EQ(keeping.exchange("GET /hello HTTP/1.0\r\nHost: localhost\r\n\r\n").status, 200);
    EXPECT_TRUE(keeping.ended());
}

TEST_P(Conformance, ClosesWhenAskedTo) {
    RawClient client(port);
    ASSERT_TRUE(client.send(get("/later?last", "Connection: Foo, Close\r\n") + get("/hello")));
    ASSERT_TRUE(eventually([&] { return held() == 1; }));
    answer_held();
    const Answer answer = client.read();
    EXPECT_EQ(answer.body, "last");
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_TRUE(client.ended()) << "what comes behind it is not served";
}

TEST_P(Conformance, AnswersAfterAHalfClose) {
    RawClient client(port);
    ASSERT_TRUE(client.send(get("/later?still") + get("/hello")));
    client.end_sending();
    ASSERT_TRUE(eventually([&] { return held() == 1; }));
    answer_held();
    EXPECT_EQ(client.read().body, "still");
    EXPECT_EQ(client.read().body, "hello");
    EXPECT_TRUE(client.ended());
    EXPECT_FALSE(client.was_reset());
}

TEST_P(Conformance, UnderstandsAbsoluteTargets) {
    RawClient client(port);
    EXPECT_EQ(client.exchange("GET http://localhost:80/hello HTTP/1.1\r\nHost: localhost\r\n\r\n").body, "hello");
    EXPECT_EQ(client.exchange("GET HTTP://127.0.0.1/who/x?q HTTP/1.1\r\nHost: localhost\r\n\r\n").body,
              "x|q||127.0.0.1");
    EXPECT_EQ(client.exchange("GET http://evil.example/hello HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 403)
        << "the target outranks Host";
    EXPECT_EQ(client.exchange("GET http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 404);
    EXPECT_EQ(client.exchange("\r\n" + get("/hello")).body, "hello") << "one empty line before a request is tolerated";
}

TEST_P(Conformance, IgnoresUpgrades) {
    RawClient client(port);
    const Answer answer = client.exchange(
        get("/hello",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eHh4\r\n"));
    EXPECT_EQ(answer.body, "hello");
    EXPECT_EQ(client
                  .exchange(get("/hello",
                                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"))
                  .body,
              "hello");
}

TEST_P(Conformance, LetsOnlyLoopbackNamesIn) {
    const auto status = [&](std::string_view host, std::string_view rest = {}) {
        return client()
            .exchange("GET /hello HTTP/1.1\r\nHost: " + std::string(host) + "\r\n" + std::string(rest) + "\r\n")
            .status;
    };
    for (const char* host :
         {"localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8080", "127.9.9.9", "[::1]", "[::1]:80"})
        EXPECT_EQ(status(host), 200) << host;
    for (const char* host : {"example.org", "localhost.evil.example", "10.0.0.1", "[::2]", "0.0.0.0"})
        EXPECT_EQ(status(host), 403) << host;
    const std::string own = std::to_string(port);
    EXPECT_EQ(status("localhost", "Origin: http://localhost:" + own + "\r\n"), 200);
    EXPECT_EQ(status("localhost", "Origin: http://127.0.0.1:" + own + "\r\n"), 200);
    for (const std::string& origin : {std::string("null"), std::string("http://evil.example"),
                                      std::string("http://localhost"), "http://evil.example:" + own,
                                      "file://localhost:" + own, std::string("http://localhost:1"), std::string("")}) {
        EXPECT_EQ(status("localhost", "Origin: " + origin + "\r\n"), 403) << origin;
    }
}

TEST_P(Conformance, LetsAnyHostInWhenTold) {
    EngineOptions open;
    open.check_host = false;
    const auto other = make(open);
    const auto bound = other->listen({"127.0.0.1", 0});
    ASSERT_TRUE(bound.ok());
    ASSERT_TRUE(other->start().ok());
    EXPECT_EQ(RawClient(bound->port)
                  .exchange("GET /hello HTTP/1.1\r\nHost: example.org\r\nOrigin: http://example.org\r\n\r\n")
                  .status,
              GetParam() == Kind::Management ? 403 : 200)
        << "the operator's listener cannot be told";
}

TEST_P(Conformance, TellsOfEveryAnswer) {
    RawClient client(port);
    client.exchange(get("/hello"));
    client.exchange(get("/nothing"));
    client.exchange(post("/none", "x"));
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(answered_, (std::vector<std::pair<std::string, int>>{{"/hello", 200}, {"", 404}, {"/none", 413}}));
}

TEST_P(Conformance, BindsAndRefusesToBind) {
    const auto other = make({});
    const auto taken = other->listen({"127.0.0.1", port});
    ASSERT_FALSE(taken.ok());
    EXPECT_EQ(taken.error().code, ErrorCode::Unavailable);
    EXPECT_NE(taken.error().hint.find(std::to_string(port)), std::string::npos);
    EXPECT_EQ(engine->listen({"127.0.0.1", 0}).error().code, ErrorCode::Conflict);
    const auto wide = other->listen({"0.0.0.0", 0});
    if (GetParam() == Kind::Management) {
        ASSERT_FALSE(wide.ok());
        EXPECT_EQ(wide.error().code, ErrorCode::Forbidden);
    } else {
        EXPECT_TRUE(wide.ok());
    }
    EXPECT_TRUE(other->listen({"::1", 0}).ok());
    ASSERT_TRUE(other->start().ok());
}

}  // namespace
}  // namespace streamgauge::http::test
