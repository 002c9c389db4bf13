// SPDX-License-Identifier: GPL-3.0-or-later
// Schemas over REST on the real server, and what they do to events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/served_backend.h"

namespace streamgauge {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class SchemasTest : public test::ServedBackend {
protected:
    daemon::HttpAnswer as_operator(std::string_view method, std::string_view target, std::string body = {}) const {
        return ask(client(), method, target, std::move(body), as_admin());
    }
    static std::string purchase(int version, const std::string& amount, const std::string& more = {}) {
        return R"({"event_type":"purchase","version":)" + std::to_string(version) +
               R"(,"schema":{"type":"object","additionalProperties":false,"required":["amount"],"properties":{"amount":)" +
               amount + "}}" + more + "}";
    }
    static constexpr const char* kInteger = R"({"type":"integer"})";
    static constexpr const char* kNumber = R"({"type":"number"})";
};

TEST_F(SchemasTest, AreRegisteredListedTriedAndRemoved) {
    EXPECT_EQ(get("/api/v1/schemas").status, 401);
    EXPECT_EQ(as_operator("GET", "/api/v1/schemas").body, R"({"schemas":[]})");
    const auto first = as_operator("POST", "/api/v1/schemas", purchase(1, kInteger, R"(,"mode":"enforce")"));
    EXPECT_EQ(first.status, 201) << first.body;
    EXPECT_THAT(first.body, StartsWith(R"({"project":"default","event_type":"purchase","version":1,"mode":"enforce",)"
                                       R"("compatibility":"backward","registered_at":"2026-01-31T12:00:30)"));
    EXPECT_EQ(as_operator("POST", "/api/v1/schemas", purchase(1, kInteger)).status, 201) << "the same again";
    EXPECT_EQ(as_operator("POST", "/api/v1/schemas", purchase(1, kNumber)).status, 409);
    EXPECT_EQ(as_operator("POST", "/api/v1/schemas", purchase(2, kNumber)).status, 201);
    const auto conflict = as_operator("POST", "/api/v1/schemas", purchase(3, kInteger));
    EXPECT_EQ(conflict.status, 409);
    EXPECT_THAT(conflict.body, HasSubstr("/properties/amount/type does not allow number"));

    const auto tried =
        as_operator("POST", "/api/v1/schemas/check", purchase(3, kInteger, R"(,"props":{"amount":"x"})"));
    EXPECT_EQ(tried.status, 200) << tried.body;
    EXPECT_THAT(tried.body, StartsWith(R"({"accepted":false,"reason":"the schema is not backward compatible)"));
    EXPECT_THAT(tried.body, HasSubstr(R"("valid":false,"fault":{"pointer":"/props/amount")"));
    EXPECT_EQ(as_operator("POST", "/api/v1/schemas/check", purchase(3, kNumber, R"(,"props":{"amount":1.5})")).body,
              R"({"accepted":true,"valid":true})");

    EXPECT_EQ(as_operator("GET", "/api/v1/schemas/purchase/2").status, 200);
    EXPECT_EQ(as_operator("GET", "/api/v1/schemas/purchase/3").status, 404);
    EXPECT_EQ(as_operator("GET", "/api/v1/schemas/purchase/two").status, 404);
    const auto mode =
        as_operator("PUT", "/api/v1/schemas/purchase/mode", R"({"mode":"off","compatibility":"forward"})");
    EXPECT_EQ(mode.body, R"({"project":"default","event_type":"purchase","mode":"off","compatibility":"forward"})");
    EXPECT_EQ(as_operator("POST", "/api/v1/schemas", purchase(3, kInteger)).status, 201) << "forward now";
    EXPECT_EQ(as_operator("DELETE", "/api/v1/schemas/purchase/3").status, 204);
    EXPECT_EQ(as_operator("DELETE", "/api/v1/schemas/purchase/3").status, 404);
    restart();
    EXPECT_THAT(as_operator("GET", "/api/v1/schemas?event_type=purchase").body, HasSubstr(R"("version":2)"));
}

TEST_F(SchemasTest, BodiesAreReadStrictly) {
    for (const auto& [body, field] :
         {std::pair<std::string, std::string>{"", ""},
          {"[]", ""},
          {"{", ""},
          {std::string(60'000, '['), ""},
          {R"({"version":1,"schema":{}})", "event_type"},
          {R"({"event_type":1,"version":1,"schema":{}})", "event_type"},
          {R"({"event_type":"x","schema":{}})", "version"},
          {R"({"event_type":"x","version":0,"schema":{}})", "version"},
          {R"({"event_type":"x","version":1.5,"schema":{}})", "version"},
          {R"({"event_type":"x","version":1,"schema":"{}"})", "schema"},
          {R"({"event_type":"x","version":1,"schema":{"type":"text"}})", "/type"},
          {R"({"event_type":"x","version":1,"schema":{},"mode":"on"})", "mode"},
          {R"({"event_type":"x","version":1,"schema":{},"compatibility":""})", "compatibility"},
          {R"({"event_type":"","version":1,"schema":{}})", "event_type"},
          {R"({"event_type":"x","version":1,"schema":{},"extra":1})", "extra"}}) {
        const auto answer = as_operator("POST", "/api/v1/schemas", body);
        EXPECT_EQ(answer.status, 400) << body.substr(0, 80) << answer.body;
        if (!field.empty()) {
            EXPECT_THAT(answer.body, HasSubstr("\"field\":\"" + field + "\"")) << body.substr(0, 80);
        }
    }
    EXPECT_EQ(as_operator("GET", "/api/v1/schemas?x=1").status, 400);
    EXPECT_EQ(as_operator("PUT", "/api/v1/schemas/none/mode", R"({"mode":"off","compatibility":"none"})").status, 404);
    EXPECT_EQ(as_operator("PUT", "/api/v1/schemas/none/mode", R"({"mode":"off"})").status, 400);
}

TEST_F(SchemasTest, DecideWhatBecomesOfEvents) {
    ASSERT_EQ(as_operator("POST", "/api/v1/schemas", purchase(1, kInteger, R"(,"mode":"enforce")")).status, 201);
    EXPECT_EQ(post("/events", R"({"event_type":"purchase","amount":3})").status, 202);
    const auto refused = post("/events", R"({"event_type":"purchase","amount":"3"})");
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(refused.body, HasSubstr("/props/amount"));
    EXPECT_EQ(post("/events", R"({"event_type":"purchase","amount":3,"schema_version":2})").status, 400);
    EXPECT_EQ(post("/events", R"({"event_type":"other","amount":"3"})").status, 202);
    ASSERT_EQ(as_operator("PUT", "/api/v1/schemas/purchase/mode", R"({"mode":"warn","compatibility":"none"})").status,
              200);
    EXPECT_EQ(post("/events", R"({"event_type":"purchase","amount":"3"})").status, 202);
    const std::string scrape = get("/prometheus").body;
    EXPECT_THAT(scrape, HasSubstr("\nstreamgauge_schema_violations_total{event_type=\"purchase\"} 3\n"));
    EXPECT_THAT(scrape, HasSubstr("\nstreamgauge_ledger_difference 0\n"));
}

}  // namespace
}  // namespace streamgauge
