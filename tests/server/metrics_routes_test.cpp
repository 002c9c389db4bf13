// SPDX-License-Identifier: GPL-3.0-or-later
// Declared metrics over REST on the real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/served_backend.h"
#include "support/child_program.h"

namespace streamgauge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class MetricsRoutesTest : public test::ServedBackend {
protected:
    daemon::HttpAnswer as_operator(std::string_view method, std::string_view target, std::string body = {}) const {
        return ask(client(), method, target, std::move(body), as_admin());
    }
    bool is_active(const std::string& name) const {
        return test::eventually(
            [&] { return get("/api/v1/metrics/" + name).body.find(R"("state":"active")") != std::string::npos; });
    }
};

TEST_F(MetricsRoutesTest, AreDeclaredChangedAndRemoved) {
    EXPECT_THAT(get("/api/v1/metrics").body, HasSubstr(R"("name":"EVENTS_TOTAL")"));
    EXPECT_EQ(get("/api/v1/metrics/orders").status, 404);
    ASSERT_EQ(post("/events", R"({"event_type":"purchase","amount":3})").status, 202);

    const std::string orders = R"({"window":"1h","where":"event_type = purchase"})";
    EXPECT_EQ(ask(client(), "PUT", "/api/v1/metrics/orders", orders, {}).status, 401);
    const auto put = as_operator("PUT", "/api/v1/metrics/orders", orders);
    EXPECT_THAT(put.status, testing::AnyOf(200, 202)) << put.body;
    EXPECT_THAT(put.body, HasSubstr(R"("id":1000,"built_in":false,"from_file":false)"));
    ASSERT_TRUE(is_active("orders"));
    EXPECT_EQ(as_operator("PUT", "/api/v1/metrics/orders", orders).status, 200) << "the same again";

    const auto changed = as_operator(
        "POST", "/api/v1/metrics", R"j({"name":"orders","window":"1h","aggregate":"sum(props.amount)","unit":"USD"})j");
    EXPECT_THAT(changed.status, testing::AnyOf(200, 202)) << changed.body;  // few events: it may be filled already
    EXPECT_THAT(changed.body, HasSubstr(R"("id":1001)"));
    ASSERT_TRUE(is_active("orders"));
    restart();
    EXPECT_THAT(get("/api/v1/metrics/orders").body, HasSubstr(R"j("aggregate":"sum(props.amount)")j"));
    EXPECT_THAT(get("/api/v1/metrics").body, HasSubstr(R"("id":1001)"));

    EXPECT_EQ(as_operator("DELETE", "/api/v1/metrics/orders/backfill").status, 404);
    EXPECT_EQ(ask(client(), "DELETE", "/api/v1/metrics/orders", {}, {}).status, 401);
    EXPECT_EQ(as_operator("DELETE", "/api/v1/metrics/orders").status, 204);
    EXPECT_EQ(get("/api/v1/metrics/orders").status, 404);
    EXPECT_EQ(as_operator("DELETE", "/api/v1/metrics/orders").status, 404);
}

TEST_F(MetricsRoutesTest, AreTriedWithoutBeingKept) {
    const auto tried =
        as_operator("POST", "/api/v1/metrics/validate", R"({"name":"orders","window":"1h","where":"bot=false"})");
    EXPECT_EQ(tried.status, 200) << tried.body;
    EXPECT_THAT(tried.body, HasSubstr(R"("where":"bot = false")"));
    EXPECT_EQ(get("/api/v1/metrics/orders").status, 404);
}

TEST_F(MetricsRoutesTest, FaultsAreNamed) {
    struct Case {
        std::string body, field;
        int status = 400;
    };
    for (const Case& c : {Case{"", ""},
                          {"[]", ""},
                          {R"({"window":"1h"})", "name"},
                          {R"({"name":"a","window":"1h","were":"x"})", "were"},
                          {R"({"name":"a","window":"1h","where":"x = 1"})", "where"},
                          {R"({"name":"a","tiers":[{"window":"1h"},{"window":"90m"}]})", "tiers[1].window"},
                          {R"({"name":"EVENTS_TOTAL","window":"1h"})", "name", 409},
                          {R"j({"name":"a","window":"1h","aggregate":"distinct(user_id)","exact_budget":99000000})j",
                           "exact_budget", 413}}) {
        for (const char* path : {"/api/v1/metrics", "/api/v1/metrics/validate"}) {
            const auto answer = as_operator("POST", path, c.body);
            EXPECT_EQ(answer.status, c.status) << c.body << answer.body;
            if (!c.field.empty()) {
                EXPECT_THAT(answer.body, HasSubstr("\"field\":\"" + c.field + "\"")) << c.body;
            }
        }
    }
    EXPECT_EQ(as_operator("PUT", "/api/v1/metrics/b", R"({"name":"a","window":"1h"})").status, 400);
    EXPECT_EQ(get("/api/v1/metrics?x=1").status, 400);
    EXPECT_EQ(as_operator("DELETE", "/api/v1/metrics/EVENTS_TOTAL").status, 409);
}

}  // namespace
}  // namespace streamgauge
