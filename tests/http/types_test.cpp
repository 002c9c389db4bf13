// SPDX-License-Identifier: GPL-3.0-or-later
// Requests, problem documents and endpoints, without an engine.
#include "http/types.h"

#include <gtest/gtest.h>

#include "http/engine.h"
#include "http/host.h"
#include "http/text.h"

namespace streamgauge::http {
namespace {

TEST(Request, FindsHeadersWithoutCase) {
    Request request;
    request.headers = {{"Content-Type", "a"}, {"content-type", "b"}, {"X", ""}};
    EXPECT_EQ(request.header("CONTENT-TYPE"), "a");
    EXPECT_EQ(request.header("x"), "");
    EXPECT_EQ(request.header("Content-Typ"), "");
}

TEST(Request, DecodesQueryParameters) {
    Request request;
    request.query = "a=1&b=x+y%20z&a=2&c&%64=%2&=empty&e=";
    EXPECT_EQ(request.query_parameter("a"), "1");
    EXPECT_EQ(request.query_parameter("b"), "x y z");
    EXPECT_EQ(request.query_parameter("c"), "");
    EXPECT_EQ(request.query_parameter("d"), "%2");
    EXPECT_EQ(request.query_parameter("e"), "");
    EXPECT_EQ(request.query_parameter("f"), std::nullopt);
}

TEST(Problem, HoldsWhatTheErrorHolds) {
    Error error = Error::make(ErrorCode::InvalidArgument, "not a \"time\"\n");
    error.field = "occurred_at";
    error.offset = 17;
    error.hint = "send RFC 3339";
    const Response response = problem(error);
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.content_type, "application/problem+json");
    EXPECT_EQ(
        response.body,
        R"({"type":"about:blank","title":"Bad Request","status":400,"detail":"not a \"time\"\n","error":"invalid_argument",)"
        R"("field":"occurred_at","offset":17,"hint":"send RFC 3339"})");
}

TEST(Problem, TellsWhenToComeBack) {
    EXPECT_EQ(problem(Error::make(ErrorCode::Unavailable, "full")).headers, (Headers{{"Retry-After", "1"}}));
    EXPECT_EQ(problem(Error::make(ErrorCode::RateLimited, "slow")).headers, (Headers{{"Retry-After", "1"}}));
    EXPECT_TRUE(problem(Error::make(ErrorCode::NotFound, "gone")).headers.empty());
}

TEST(Problem, EveryCodeHasAnErrorStatus) {
    for (int code = 0; code <= static_cast<int>(ErrorCode::Internal); ++code) {
        const int status = status_of(static_cast<ErrorCode>(code));
        EXPECT_GE(status, 400) << code;
        EXPECT_LT(status, 600) << code;
        EXPECT_NE(reason_phrase(status), "Error") << status;
    }
}

TEST(JsonString, EscapesControlsAndMendsUtf8) {
    const auto json = [](std::string_view text) {
        std::string out;
        append_json_string(out, text);
        return out;
    };
    EXPECT_EQ(json(std::string_view("a\0\x1F\\\"\t", 6)), R"("a\u0000\u001f\\\"\t")");
    EXPECT_EQ(json("gr\xC3\xBC\xC3\x9F \xF0\x9F\x8C\x8A"), "\"gr\xC3\xBC\xC3\x9F \xF0\x9F\x8C\x8A\"");
    EXPECT_EQ(
        json("\xC0\xAF|\xED\xA0\x80|\xF5|\xE2\x82"),
        "\"\xEF\xBF\xBD\xEF\xBF\xBD|\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD|\xEF\xBF\xBD|\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(Text, FindsTokensInLists) {
    EXPECT_TRUE(list_has("keep-alive, Upgrade", "upgrade"));
    EXPECT_TRUE(list_has(" close", "close"));
    EXPECT_FALSE(list_has("closed", "close"));
    EXPECT_FALSE(list_has("", "close"));
}

TEST(Endpoint, ReadsItsThreeForms) {
    EXPECT_EQ(parse_endpoint("127.0.0.1:8080").value().address, "127.0.0.1");
    EXPECT_EQ(parse_endpoint("127.0.0.1:8080").value().port, 8080);
    EXPECT_EQ(parse_endpoint("[::1]:0").value().address, "::1");
    EXPECT_EQ(to_string(parse_endpoint("[::1]:65535").value()), "[::1]:65535");
    EXPECT_EQ(to_string(parse_endpoint("localhost:1").value()), "127.0.0.1:1");
}

TEST(Endpoint, RefusesTheRestWithAHint) {
    for (const char* text :
         {"", ":", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:80x", "::1:80",
          "[::1]", "[::1]80", "[127.0.0.1]:80", "example.org:80", "1.2.3:80", ":80"}) {
        const auto endpoint = parse_endpoint(text);
        ASSERT_FALSE(endpoint.ok()) << text;
        EXPECT_EQ(endpoint.error().code, ErrorCode::InvalidArgument);
        EXPECT_FALSE(endpoint.error().hint.empty());
    }
}

TEST(Endpoint, KnowsLoopback) {
    EXPECT_TRUE(is_loopback({"127.0.0.1", 1}));
    EXPECT_TRUE(is_loopback({"127.255.1.2", 1}));
    EXPECT_TRUE(is_loopback({"::1", 1}));
    EXPECT_TRUE(is_loopback({"::ffff:127.0.0.1", 1}));
    EXPECT_FALSE(is_loopback({"0.0.0.0", 1}));
    EXPECT_FALSE(is_loopback({"128.0.0.1", 1}));
    EXPECT_FALSE(is_loopback({"::", 1}));
    EXPECT_FALSE(is_loopback({"::ffff:10.0.0.1", 1}));
}

TEST(Host, SplitsNameAndPort) {
    EXPECT_EQ(split_host("localhost")->host, "localhost");
    EXPECT_EQ(split_host("[::1]:80")->host, "::1");
    EXPECT_EQ(split_host("[::1]:80")->port, 80);
    EXPECT_EQ(split_host("a:")->port, std::nullopt);
    for (const char* text : {"", ":80", "a:b", "a:65536", "[::1", "[::1]x", "a:1:2"})
        EXPECT_FALSE(split_host(text)) << text;
}

}  // namespace
}  // namespace streamgauge::http
