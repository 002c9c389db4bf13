// SPDX-License-Identifier: GPL-3.0-or-later
// Who did what, on the real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "server/served_backend.h"

namespace streamgauge {
namespace {

class AuditLogTest : public test::ServedBackend {
protected:
    nlohmann::json actions(const std::string& parameters = {}) const {
        const auto answer = get("/api/v1/audit-log" + parameters, as_admin());
        EXPECT_EQ(answer.status, 200) << answer.body;
        return nlohmann::json::parse(answer.body, nullptr, false)["actions"];
    }
};

TEST_F(AuditLogTest, HasEachActionBeforeItIsAnswered) {
    EXPECT_EQ(get("/api/v1/audit-log").status, 401);
    EXPECT_TRUE(actions().empty());
    const std::string metric = R"({"window":"1h","where":"event_type = purchase"})";
    const int put = ask(client(), "PUT", "/api/v1/metrics/orders", metric, as_admin()).status;
    EXPECT_EQ(ask(client(), "PUT", "/api/v1/metrics/orders", metric, {}).status, 401) << "nobody did anything";
    EXPECT_EQ(post("/events", R"({"event_type":"click"})").status, 202) << "no action";
    EXPECT_EQ(get("/api/v1/metrics").status, 200) << "no action";
    const auto refused =
        ask(operator_client(), "POST", "/api/v1/load/runs", R"({"url":"http://192.0.2.1/events"})", as_admin());
    EXPECT_GE(refused.status, 400);

    const auto seen = actions();
    ASSERT_EQ(seen.size(), 2U) << seen.dump();
    EXPECT_EQ(seen[0]["action"], "POST /api/v1/load/runs");
    EXPECT_EQ(seen[0]["status"], refused.status);
    EXPECT_EQ(seen[0]["detail"], R"({"url":"http://192.0.2.1/events"})");
    EXPECT_EQ(seen[1]["action"], "PUT /api/v1/metrics/orders");
    EXPECT_EQ(seen[1]["status"], put);
    EXPECT_EQ(seen[1]["detail"], "");
    EXPECT_EQ(seen[1]["by"], "console");
    EXPECT_EQ(seen[1]["address"], "127.0.0.1");
    EXPECT_EQ(seen[1]["at"], "2026-01-31T12:00:30Z");

    const auto id = seen[0]["id"].get<int>();
    EXPECT_EQ(actions("?limit=1").size(), 1U);
    EXPECT_EQ(actions("?before=" + std::to_string(id)).size(), 1U);
    EXPECT_EQ(get("/api/v1/audit-log?limit=0", as_admin()).status, 400);
    restart();
    EXPECT_EQ(actions().size(), 2U) << "it is on disk";
}

}  // namespace
}  // namespace streamgauge
