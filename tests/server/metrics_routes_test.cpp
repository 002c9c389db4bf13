// SPDX-License-Identifier: GPL-3.0-or-later
// Declared metrics over REST on the real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>

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

// Durations pass as the test wants them to.
class HurriedClock final : public Clock {
public:
    Timestamp now() const override { return standing_.now(); }
    std::int64_t monotonic_nanos() const override { return standing_.monotonic_nanos() + ahead_; }
    void pass(std::chrono::nanoseconds time) { ahead_ += time.count(); }

private:
    test::StandingClock standing_;
    std::atomic<std::int64_t> ahead_{0};
};

class FailingBackfillTest : public MetricsRoutesTest {
protected:
    const Clock& clock() const override { return hurried_; }
    // The store's file refuses what is filled of the first metric that is declared, as a failing disk does.
    bool break_store(bool broken) const {
        sqlite3* connection = nullptr;
        const std::string path = directory_.path() + "/data/store.db";
        if (sqlite3_open_v2(path.c_str(), &connection, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK) return false;
        sqlite3_busy_timeout(connection, 30'000);
        const char* const sql = broken ? "CREATE TRIGGER broken BEFORE INSERT ON cells WHEN NEW.metric = 1000 "
                                         "BEGIN SELECT RAISE(ABORT, 'the test broke it'); END"
                                       : "DROP TRIGGER broken";
        const int done = sqlite3_exec(connection, sql, nullptr, nullptr, nullptr);
        sqlite3_close(connection);
        return done == SQLITE_OK;
    }
    daemon::HttpAnswer status() const { return get("/api/v1/metrics/orders"); }

    HurriedClock hurried_;
};

TEST_F(FailingBackfillTest, IsRetriedOverRest) {
    // More than the pipeline itself catches up with, so that the backfill has to commit.
    constexpr int kRequests = 45, kEach = 500;
    int sent = 0;
    for (int i = 0; i < kRequests; ++i) {
        std::string body;
        for (int j = 0; j < kEach; ++j, ++sent)
            body += R"({"event_type":"purchase","event_id":"e)" + std::to_string(sent) + R"(","time":"2026-01-31T)" +
                    (j % 2 == 0 ? "10" : "11") +
                    R"(:00:00Z","amount":0.1})"
                    "\n";
        ASSERT_EQ(ask(client(), "POST", "/events", body, {{"Content-Type", "application/x-ndjson"}}).status, 202);
    }
    EXPECT_EQ(as_operator("POST", "/api/v1/metrics/orders/backfill").status, 404);
    ASSERT_TRUE(break_store(true));
    const auto put =
        as_operator("PUT", "/api/v1/metrics/orders", R"j({"window":"1h","aggregate":"sum(props.amount)"})j");
    ASSERT_EQ(put.status, 202) << put.body;
    const auto failing = test::ask_until(
        [&] { return status(); }, [](const auto& answer) { return answer.body.find("failure") != std::string::npos; });
    EXPECT_THAT(failing.body, HasSubstr("the test broke it"));
    EXPECT_THAT(failing.body, Not(HasSubstr("\"failed\"")));
    const auto early = as_operator("POST", "/api/v1/metrics/orders/backfill");
    EXPECT_EQ(early.status, 202) << "it is tried again anyway: " << early.body;
    hurried_.pass(std::chrono::hours(1));
    const auto has_failed = [](const auto& answer) {
        return answer.body.find(R"("failed":true)") != std::string::npos;
    };
    const auto failed = test::ask_until([&] { return status(); }, has_failed);
    ASSERT_TRUE(has_failed(failed)) << failed.body;

    ASSERT_TRUE(break_store(false));
    EXPECT_EQ(ask(client(), "POST", "/api/v1/metrics/orders/backfill", {}, {}).status, 401);
    EXPECT_EQ(as_operator("POST", "/api/v1/metrics/orders/backfill?x=1").status, 400);
    const auto of_one_project = ask(client(), "POST", "/api/v1/metrics/orders/backfill", {}, key_of("shop"));
    EXPECT_EQ(of_one_project.status, 403) << of_one_project.body;
    EXPECT_TRUE(has_failed(status())) << "nobody who may has asked";
    const auto retried = as_operator("POST", "/api/v1/metrics/orders/backfill");
    EXPECT_THAT(retried.status, testing::AnyOf(200, 202)) << retried.body;  // few events: they may be in already
    EXPECT_FALSE(has_failed(retried)) << retried.body;
    ASSERT_TRUE(is_active("orders")) << status().body;
    const auto again = as_operator("POST", "/api/v1/metrics/orders/backfill");
    EXPECT_EQ(again.status, 200) << "there is nothing to do: " << again.body;

    const std::string question = "/api/v1/query?metric=orders&from=2026-01-31&to=2026-02-01&step=1h";
    const auto answer = get(question);
    EXPECT_THAT(answer.body, HasSubstr(R"("start":"2026-01-31T10:00:00Z","end":"2026-01-31T11:00:00Z","value":1125)"));
    EXPECT_THAT(answer.body, HasSubstr(R"("start":"2026-01-31T11:00:00Z","end":"2026-01-31T12:00:00Z","value":1125)"));
    EXPECT_THAT(get("/api/v1/audit-log", as_admin()).body,
                HasSubstr(R"("action":"POST /api/v1/metrics/orders/backfill","status":202)"));
}

}  // namespace
}  // namespace streamgauge
