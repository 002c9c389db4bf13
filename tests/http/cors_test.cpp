// SPDX-License-Identifier: GPL-3.0-or-later
// Host, Origin and CORS: one row a case, with its exact outcome on each engine.
#include <map>

#include "http/engine_fixture.h"

namespace streamgauge::http::test {
namespace {

class Cors : public EngineTest {
protected:
    // Engines with other options than the fixture's are made as a row needs them.
    struct Other {
        std::unique_ptr<Engine> engine;
        std::uint16_t port = 0;
    };
    void configure(EngineOptions&) override {
        const auto ok = [](const Request&, const ReplyPtr& reply) { reply->send({200, "text/plain", "ok", {}}); };
        Route open{Method::Post, "/events", Scope::Ingest, Plane::Both, 64, "Taken from pages.", ok};
        open.cors = true;
        ASSERT_TRUE(table.add(open).ok());
        open.path = "/events/{id}";
        open.method = Method::Put;
        ASSERT_TRUE(table.add(open).ok());
        open.method = Method::Get;
        open.cors = false;
        ASSERT_TRUE(table.add(open).ok());
        add(Method::Post, "/private", 64, ok);
    }
    Other start(const EngineOptions& options) {
        Other other{make(options), 0};
        const auto bound = other.engine->listen({"127.0.0.1", 0});
        EXPECT_TRUE(bound.ok());
        other.port = bound->port;
        EXPECT_TRUE(other.engine->start().ok());
        return other;
    }
};
INSTANTIATE_TEST_SUITE_P(Engines, Cors, ::testing::Values(Kind::Public, Kind::Management), kind_name);

enum class Rules { OpenAny, OpenListed, OpenNone, Keyed, KeyedListed, Proxied };

struct Row {
    Rules rules;
    std::string_view request;  // "METHOD path"
    std::string_view host;
    std::string origin;  // "-": none; "OWN": this engine's
    int status;          // at the public engine
    std::string_view allow_origin;
    std::string_view vary;
    int management_status;  // which checks in any case and lets no other origin in
};

const std::vector<Row>& rows() {
    using enum Rules;
    static const std::vector<Row> all{
        {OpenAny, "POST /events", "localhost", "-", 200, "", "", 200},
        {OpenAny, "POST /events", "localhost", "OWN", 200, "*", "", 200},
        {OpenAny, "POST /events", "localhost", "https://shop.example", 200, "*", "", 403},
        {OpenAny, "POST /events", "localhost", "null", 200, "*", "", 403},
        {OpenAny, "POST /events", "shop.example", "https://shop.example", 403, "", "", 403},
        {OpenAny, "POST /events/", "127.0.0.1", "https://shop.example", 200, "*", "", 403},
        {OpenAny, "PUT /events/7", "localhost", "https://shop.example", 200, "*", "", 403},
        {OpenAny, "GET /events/7", "localhost", "https://shop.example", 403, "", "", 403},
        {OpenAny, "GET /events/7", "localhost", "OWN", 200, "", "", 200},
        {OpenAny, "POST /private", "localhost", "https://shop.example", 403, "", "", 403},
        {OpenAny, "POST /private", "localhost", "OWN", 200, "", "", 200},
        {OpenAny, "POST /private", "localhost", "", 403, "", "", 403},
        {OpenAny, "POST /nothing", "localhost", "https://shop.example", 403, "", "", 403},
        {OpenAny, "DELETE /events", "localhost", "https://shop.example", 403, "", "", 403},
        {OpenAny, "OPTIONS /events", "localhost", "https://shop.example", 204, "*", "", 403},
        {OpenAny, "OPTIONS /events", "localhost", "-", 204, "", "", 204},
        {OpenAny, "OPTIONS /events/7", "localhost", "https://shop.example", 204, "*", "", 403},
        {OpenAny, "OPTIONS /private", "localhost", "https://shop.example", 403, "", "", 403},
        {OpenAny, "OPTIONS /private", "localhost", "-", 204, "", "", 204},
        {OpenAny, "OPTIONS *", "localhost", "https://shop.example", 403, "", "", 403},
        {OpenListed, "POST /events", "localhost", "https://shop.example", 200, "https://shop.example", "Origin", 403},
        {OpenListed, "POST /events", "localhost", "HTTPS://Shop.example", 200, "HTTPS://Shop.example", "Origin", 403},
        {OpenListed, "POST /events", "localhost", "https://shop.example:444", 403, "", "", 403},
        {OpenListed, "POST /events", "localhost", "http://shop.example", 403, "", "", 403},
        {OpenListed, "POST /events", "localhost", "https://shop.example.evil", 403, "", "", 403},
        {OpenListed, "POST /events", "localhost", "null", 403, "", "", 403},
        {OpenListed, "POST /events", "localhost", "OWN", 200, "", "Origin", 200},
        {OpenListed, "POST /events", "localhost", "-", 200, "", "Origin", 200},
        {OpenListed, "OPTIONS /events", "localhost", "https://shop.example", 204, "https://shop.example", "Origin",
         403},
        {OpenListed, "OPTIONS /events", "localhost", "https://evil.example", 403, "", "", 403},
        {OpenNone, "POST /events", "localhost", "https://shop.example", 403, "", "", 403},
        {OpenNone, "POST /events", "localhost", "OWN", 200, "", "", 200},
        {Keyed, "POST /events", "stats.example", "https://shop.example", 200, "*", "", 403},
        {Keyed, "POST /private", "stats.example", "https://shop.example", 200, "", "", 403},
        {Keyed, "POST /private", "10.1.2.3:80", "-", 200, "", "", 403},
        {Keyed, "OPTIONS /events", "stats.example", "https://shop.example", 204, "*", "", 403},
        {Keyed, "OPTIONS /private", "stats.example", "https://shop.example", 204, "", "", 403},
        {KeyedListed, "POST /events", "stats.example", "https://evil.example", 200, "", "Origin", 403},
        {KeyedListed, "POST /events", "stats.example", "https://shop.example", 200, "https://shop.example", "Origin",
         403},
        {KeyedListed, "OPTIONS /events", "stats.example", "https://evil.example", 204, "", "Origin", 403},
        {Proxied, "POST /private", "stats.example", "-", 200, "", "", 200},
        {Proxied, "POST /private", "STATS.example:8443", "https://stats.example", 200, "", "", 200},
        {Proxied, "POST /private", "stats.example", "https://shop.example", 403, "", "", 403},
        {Proxied, "POST /private", "other.example", "-", 403, "", "", 403},
        {Proxied, "POST /private", "localhost", "OWN", 200, "", "", 200},
    };
    return all;
}

TEST_P(Cors, EveryRowHasItsOutcome) {
    std::map<Rules, Other> engines;
    for (const Row& row : rows()) {
        SCOPED_TRACE(std::string(row.request) + " to " + std::string(row.host) + " from " + row.origin + " by rules " +
                     std::to_string(static_cast<int>(row.rules)));
        if (!engines.contains(row.rules)) {
            EngineOptions options;
            if (row.rules == Rules::Keyed || row.rules == Rules::KeyedListed) options.check_host = false;
            if (row.rules == Rules::OpenListed || row.rules == Rules::KeyedListed)
                options.cors_origins = {"https://shop.example", "https://blog.example"};
            if (row.rules == Rules::OpenNone) options.cors_origins = {};
            if (row.rules == Rules::Proxied) options.allowed_hosts = {"stats.example"};
            engines[row.rules] = start(options);
        }
        const Other& other = engines[row.rules];
        std::string request = std::string(row.request) + " HTTP/1.1\r\nHost: " + std::string(row.host) + "\r\n";
        if (row.origin == "OWN") {
            request += "Origin: http://localhost:" + std::to_string(other.port) + "\r\n";
        } else if (row.origin != "-") {
            request += "Origin: " + row.origin + "\r\n";
        }
        if (row.request.starts_with("OPTIONS")) request += "Access-Control-Request-Method: POST\r\n";
        if (row.request.starts_with("P")) request += "Content-Length: 0\r\n";
        const Answer answer = RawClient(other.port).exchange(request + "\r\n");
        const bool management = GetParam() == Kind::Management;
        EXPECT_EQ(answer.status, management ? row.management_status : row.status) << answer.body;
        EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), management ? "" : row.allow_origin);
        EXPECT_EQ(answer.header("Vary"), management ? "" : row.vary);
        EXPECT_EQ(answer.header("Access-Control-Allow-Credentials"), "");
        const bool preflight = answer.status == 204 && answer.header("Access-Control-Allow-Origin") != "";
        EXPECT_EQ(answer.header("Access-Control-Allow-Methods"), !preflight                   ? ""
                                                                 : row.request.ends_with('7') ? "PUT"
                                                                                              : "POST");
        EXPECT_EQ(answer.header("Access-Control-Max-Age"), preflight ? "7200" : "");
        EXPECT_EQ(answer.header("Access-Control-Expose-Headers").empty(),
                  preflight || answer.header("Access-Control-Allow-Origin").empty());
    }
}

TEST_P(Cors, APreflightHandsBackTheHeadersThatItWasAskedFor) {
    if (GetParam() == Kind::Management) return;  // has no preflights
    const auto allowed = [&](const std::string& wanted) {
        return client()
            .exchange(
                "OPTIONS /events HTTP/1.1\r\nHost: localhost\r\nOrigin: https://shop.example\r\n"
                "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: " +
                wanted + "\r\n\r\n")
            .header("Access-Control-Allow-Headers");
    };
    EXPECT_EQ(allowed("content-type, x-api-key,authorization"), "content-type, x-api-key,authorization");
    EXPECT_EQ(allowed(std::string(1024, 'h')), std::string(1024, 'h'));
    EXPECT_EQ(allowed(std::string(1025, 'h')), "");
    EXPECT_EQ(allowed("x: y"), "");
    EXPECT_EQ(allowed("*"), "");
    EXPECT_EQ(allowed(""), "");
}

}  // namespace
}  // namespace streamgauge::http::test
