// SPDX-License-Identifier: GPL-3.0-or-later
// The gate before the handlers: who asks, refusals before the body is read, headers that go with every answer; errors
// in the words of the route's clients; and answers that are the end of the connection. The same on both engines.
#include "http/engine_fixture.h"

namespace streamgauge::http::test {
namespace {

Response in_own_words(const Error& error) {
    if (error.code == ErrorCode::Unavailable) {
        Response cut;
        cut.cut = true;
        return cut;
    }
    return Response::json(error.code == ErrorCode::TooLarge ? 400 : status_of(error.code),
                          R"({"ours":")" + std::string(to_string(error.code)) + "\"}");
}

class Gated : public EngineTest {
protected:
    void configure(EngineOptions& options) override {
        const auto who = [this](const Request& request, const ReplyPtr& reply) {
            ++handled;
            reply->send({200, "text/plain", request.principal ? request.principal->name : "nobody", {}});
        };
        add(Method::Post, "/gated", 1024 * 1024, who);
        ASSERT_TRUE(table
                        .add({Method::Post, "/own", Scope::Ingest, Plane::Both, 64, "Has errors of its own.", who,
                              in_own_words})
                        .ok());
        add(Method::Get, "/cut", 0, [](const Request&, const ReplyPtr& reply) {
            Response cut = Response::json(503, "{}");
            cut.cut = true;
            reply->send(std::move(cut));
        });
        if (!with_gate) return;
        options.gate = [this](const Route& route, Request& request, Headers& extra) -> std::optional<Response> {
            ++asked;
            EXPECT_NE(request.principal, nullptr);
            EXPECT_EQ(request.principal->kind, auth::Principal::Kind::Anonymous) << "nobody is taken for the last one";
            EXPECT_EQ(request.remote_address, "127.0.0.1");
            EXPECT_TRUE(request.body.empty());
            extra.emplace_back("RateLimit-Limit", route.path);
            const std::string_view key = request.header("X-Key");
            if (key == "bad") return problem(Error::make(ErrorCode::Unauthorized, "no such key"));
            if (key == "cut") {
                Response cut;
                cut.cut = true;
                return cut;
            }
            if (!key.empty()) {
                auto principal = std::make_shared<auth::Principal>();
                principal->kind = auth::Principal::Kind::Key;
                principal->name = key;
                request.principal = principal;
            }
            return std::nullopt;
        };
    }
    bool with_gate = true;
    std::atomic<int> handled{0}, asked{0};
};
INSTANTIATE_TEST_SUITE_P(Engines, Gated, ::testing::Values(Kind::Public, Kind::Management), kind_name);

class Ungated : public Gated {
public:
    Ungated() { with_gate = false; }
};
INSTANTIATE_TEST_SUITE_P(Engines, Ungated, ::testing::Values(Kind::Public, Kind::Management), kind_name);

TEST_P(Gated, SaysWhoAsks) {
    RawClient client(port);
    EXPECT_EQ(client.exchange(post("/gated", "x", "X-Key: ada\r\n")).body, "ada");
    EXPECT_EQ(client.exchange(post("/gated", "x")).body, "") << "the next one on the connection is somebody else";
    EXPECT_EQ(client.exchange(post("/gated", "x", "X-Key: bob\r\n")).body, "bob");
    EXPECT_EQ(asked, 3);
}

TEST_P(Gated, RefusesBeforeTheHandlerAndKeepsTheConnection) {
    RawClient client(port);
    const Answer answer = client.exchange(post("/gated", "x", "X-Key: bad\r\n"));
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.header("RateLimit-Limit"), "/gated");
    EXPECT_EQ(answer.header("WWW-Authenticate"), "Bearer");
    EXPECT_EQ(client.exchange(post("/gated", std::string(1024 * 1024, 'b'), "X-Key: bad\r\n")).status, 401)
        << "a large body is read and dropped";
    const std::string chunked = "POST /gated HTTP/1.1\r\nHost: localhost\r\nX-Key: bad\r\nTransfer-Encoding: chunked";
    EXPECT_EQ(client.exchange(chunked + "\r\n\r\n10000\r\n" + std::string(0x10000, 'b') + "\r\n0\r\n\r\n").status, 401);
    EXPECT_EQ(handled, 0);
    EXPECT_EQ(client.exchange(post("/gated", "x", "X-Key: ada\r\n")).body, "ada");
    EXPECT_EQ(client
                  .exchange("POST /gated HTTP/1.1\r\nHost: localhost\r\nX-Key: bad\r\nExpect: 100-continue\r\n"
                            "Content-Length: 5\r\n\r\n")
                  .status,
              401)
        << "before the body is asked for";
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(handled, 1);
}

TEST_P(Gated, BodiesOfTheRefusedTakeNoRoom) {
    const std::size_t each = 1024 * 1024;
    std::vector<RawClient> refused;
    for (std::size_t i = 0; i < limits::kBodyBytesInFlight / each + 8; ++i) {
        refused.emplace_back(port);
        ASSERT_TRUE(refused.back().send("POST /gated HTTP/1.1\r\nHost: localhost\r\nX-Key: bad\r\nContent-Length: " +
                                        std::to_string(each) + "\r\n\r\nbegun"));
    }
    ASSERT_TRUE(eventually([&] { return asked == static_cast<int>(refused.size()); }));
    RawClient client(port);
    ASSERT_TRUE(
        client.send("POST /gated HTTP/1.1\r\nHost: localhost\r\nX-Key: ada\r\nExpect: 100-continue\r\n"
                    "Content-Length: 1048576\r\n\r\n"));
    EXPECT_EQ(client.read().status, 100);
    EXPECT_EQ(client.exchange(std::string(each, 'b')).body, "ada");
    for (RawClient& one : refused) {
        ASSERT_TRUE(one.send(std::string(each - 5, 'b')));
        EXPECT_EQ(one.read().status, 401);
    }
    refused.clear();
    client.close();
    EXPECT_TRUE(eventually([&] { return balanced(); }));
}

TEST_P(Gated, ItsHeadersGoWithEveryAnswer) {
    RawClient client(port);
    EXPECT_EQ(client.exchange(post("/gated", "x")).header("RateLimit-Limit"), "/gated");
    EXPECT_EQ(client.exchange(get("/hello")).header("RateLimit-Limit"), "/hello");
    EXPECT_EQ(client.exchange(get("/never")).header("RateLimit-Limit"), "/never") << "500 of a handler that went away";
    EXPECT_EQ(client.exchange(get("/nothing")).header("RateLimit-Limit"), "") << "no route, no gate";
    ASSERT_TRUE(client.send(get("/later?x") + post("/gated", "x")));
    ASSERT_TRUE(eventually([&] { return held() == 1; }));
    answer_held();
    EXPECT_EQ(client.read().header("RateLimit-Limit"), "/later");
    EXPECT_EQ(client.read().header("RateLimit-Limit"), "/gated");
    const Answer large = client.exchange(post("/small", std::string(65, 'x')));
    EXPECT_EQ(large.status, 413);
    EXPECT_EQ(large.header("RateLimit-Limit"), "/small");
    RawClient streaming(port);
    ASSERT_TRUE(streaming.send(get("/stream")));
    EXPECT_TRUE(streaming.read_until("RateLimit-Limit: /stream\r\n"));
}

TEST_P(Ungated, EverybodyIsAnonymous) {
    RawClient client(port);
    EXPECT_EQ(client.exchange(post("/gated", "x", "X-Key: ada\r\n")).body, "");
    EXPECT_EQ(client.exchange(post("/gated", "x", "X-Key: bad\r\n")).status, 200);
}

TEST_P(Ungated, ErrorsSpeakTheRoutesLanguage) {
    const auto expect = [&](std::string_view bytes, int status, std::string_view body) {
        const Answer answer = client().exchange(bytes);
        EXPECT_EQ(answer.status, status);
        EXPECT_EQ(answer.body, body);
    };
    expect(post("/own", std::string(65, 'x')), 400, R"({"ours":"too_large"})");
    expect(post("/own", "x", "Origin: http://evil.example\r\n"), 403, R"({"ours":"forbidden"})");
    const std::string chunked = "POST /own HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    expect(chunked + "x\r\n", 400, R"({"ours":"invalid_argument"})");
    expect(chunked + "41\r\n" + std::string(65, 'x') + "\r\n0\r\n\r\n", 400, R"({"ours":"too_large"})");
    EXPECT_EQ(client().exchange(post("/own", "x", "Expect: magic\r\n")).header("Content-Type"),
              "application/problem+json")
        << "what no client of the route knows";
}

TEST_P(Ungated, ACutConnectionGetsNoAnswer) {
    RawClient client(port);
    ASSERT_TRUE(client.send(get("/later?first") + get("/cut") + get("/hello")));
    ASSERT_TRUE(eventually([&] { return held() == 1; }));
    answer_held();
    EXPECT_EQ(client.read().body, "first") << "answers before it go out";
    EXPECT_TRUE(client.ended());
    EXPECT_FALSE(client.was_reset());
    client.close();
    ASSERT_TRUE(eventually([&] { return balanced(); }));
    const ConnectionCounters counters = engine->counters();
    EXPECT_EQ(counters.requests_arrived, 3U);
    EXPECT_EQ(counters.requests_answered, 1U);
    EXPECT_EQ(counters.requests_cut, 2U);
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(answered_.size(), 1U);
}

TEST_P(Gated, TheGateMayCutToo) {
    RawClient client(port);
    ASSERT_TRUE(client.send(post("/gated", "x", "X-Key: cut\r\n")));
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(handled, 0);
    expect_alive();
}

}  // namespace
}  // namespace streamgauge::http::test
