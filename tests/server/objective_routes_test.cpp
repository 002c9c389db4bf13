// SPDX-License-Identifier: GPL-3.0-or-later
// Objectives over REST on the real server: its own requests are what is counted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/served_backend.h"
#include "support/eventually.h"

namespace streamgauge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ObjectiveRoutesTest : public test::ServedBackend {
protected:
    daemon::HttpAnswer as_operator(std::string_view method, std::string_view target, std::string body = {}) const {
        return ask(client(), method, target, std::move(body), as_admin());
    }
};

TEST_F(ObjectiveRoutesTest, AFreshServerHasObjectivesAndCountsItsRequests) {
    const std::string all = get("/api/v1/objectives").body;
    for (const char* name : {"latency", "errors", "availability", "freshness"})
        EXPECT_THAT(all, HasSubstr(R"("name":")" + std::string(name) + '"'));
    ASSERT_EQ(post("/events", R"({"event_type":"purchase"})").status, 202);
    EXPECT_TRUE(test::eventually([&] {
        const std::string one = get("/api/v1/objectives/errors").body;
        return one.find(R"("left":1)") != std::string::npos && one.find(R"("total":0)") == std::string::npos;
    }));
    EXPECT_TRUE(test::eventually([&] {  // once a second
        return get("/api/v1/objectives/freshness").body.find(R"("indicator":1)") != std::string::npos;
    }));
    EXPECT_THAT(
        get("/prometheus").body,
        AllOf(HasSubstr(R"(streamgauge_objective_target{objective="latency"} 0.95)"),
              HasSubstr(R"(streamgauge_objective_budget_left{objective="errors"} 1)"),
              HasSubstr(R"(streamgauge_objective_alert_firing{objective="errors",rule="0",severity="page"} 0)")));
}

TEST_F(ObjectiveRoutesTest, AreDeclaredChangedAndRemoved) {
    const std::string events =
        R"({"indicator":{"kind":"latency","route":"POST /events","threshold_ms":100},"target":0.99,"window":{"rolling":"7d"}})";
    EXPECT_EQ(ask(client(), "PUT", "/api/v1/objectives/fast-events", events, {}).status, 401);
    const auto put = as_operator("PUT", "/api/v1/objectives/fast-events", events);
    ASSERT_EQ(put.status, 200) << put.body;
    EXPECT_THAT(put.body, AllOf(HasSubstr(R"("name":"fast-events")"), HasSubstr(R"("factor":14.4)"),
                                HasSubstr(R"("built_in":false)")));
    const auto wrong =
        as_operator("PUT", "/api/v1/objectives/fast-events", R"({"indicator":{"kind":"errors"},"target":99})");
    EXPECT_EQ(wrong.status, 400);
    EXPECT_THAT(wrong.body, HasSubstr(R"("field":"target")"));
    restart();
    EXPECT_EQ(get("/api/v1/objectives/fast-events").status, 200);
    const auto history = get("/api/v1/objectives/fast-events/history?from=-1h");
    EXPECT_EQ(history.status, 200) << history.body;
    EXPECT_THAT(history.body, HasSubstr(R"("points":[)"));
    EXPECT_EQ(get("/api/v1/objectives/fast-events/history?from=yesterday").status, 400);
    EXPECT_EQ(get("/api/v1/objectives/none/history").status, 404);
    EXPECT_EQ(ask(client(), "DELETE", "/api/v1/objectives/fast-events", {}, {}).status, 401);
    EXPECT_EQ(as_operator("DELETE", "/api/v1/objectives/fast-events").status, 204);
    EXPECT_EQ(get("/api/v1/objectives/fast-events").status, 404);
    EXPECT_EQ(as_operator("DELETE", "/api/v1/objectives/fast-events").status, 404);
}

TEST_F(ObjectiveRoutesTest, ADraftIsTriedOnThePast) {
    const auto tried =
        as_operator("POST", "/api/v1/objectives/back-test",
                    R"({"objective":{"name":"draft","indicator":{"kind":"errors"},"target":0.9},"from":"-1h"})");
    EXPECT_EQ(tried.status, 200) << tried.body;
    EXPECT_THAT(tried.body, AllOf(HasSubstr(R"("fired":0)"), HasSubstr("14.4")));  // it can never fire, and says so
    EXPECT_THAT(get("/api/v1/objectives").body, Not(HasSubstr("draft")));
    const auto wrong = as_operator("POST", "/api/v1/objectives/back-test", R"({"objective":{"name":"x"}})");
    EXPECT_EQ(wrong.status, 400);
    EXPECT_THAT(wrong.body, HasSubstr(R"("field":"objective.indicator")"));
}

TEST_F(ObjectiveRoutesTest, TellsHowFarABackTestIsAsEvents) {
    std::vector<std::pair<std::string, std::string>> headers = as_admin();
    headers.emplace_back("Accept", "text/event-stream");
    const auto tried =
        ask(client(), "POST", "/api/v1/objectives/back-test",
            R"({"objective":{"name":"draft","indicator":{"kind":"errors"},"target":0.9},"from":"-1h"})", headers);
    EXPECT_EQ(tried.status, 200) << tried.body;
    EXPECT_THAT(tried.headers.at("content-type"), StartsWith("text/event-stream"));
    EXPECT_THAT(tried.body, AllOf(StartsWith("event: progress\ndata: {\"progress\":0}\n\n"),
                                  HasSubstr("\n\nevent: answer\ndata: {"), HasSubstr(R"("fired":0)")));
    const auto wrong =
        ask(client(), "POST", "/api/v1/objectives/back-test",
            R"({"objective":{"name":"x","indicator":{"kind":"metric","total":"none"},"target":0.9},"from":"-1h"})",
            headers);
    EXPECT_THAT(wrong.body, AllOf(HasSubstr("event: error\ndata: {"), HasSubstr(R"("field":"indicator.total")"),
                                  Not(HasSubstr("event: answer"))));
    const auto unread = ask(client(), "POST", "/api/v1/objectives/back-test", "{", headers);
    EXPECT_EQ(unread.status, 400) << "what is no question is told before there are events";
}

// A metric's windows, as they are counted.
TEST_F(ObjectiveRoutesTest, FollowsAMetric) {
    ASSERT_EQ(post("/events", R"([{"event_type":"a"},{"event_type":"b"},{"event_type":"b"}])").status, 202);
    const auto put =
        as_operator("PUT", "/api/v1/objectives/few",
                    R"({"indicator":{"kind":"metric","good":"EVENTS_TOTAL","total":"EVENTS_TOTAL"},"target":0.9})");
    ASSERT_EQ(put.status, 200) << put.body;
    EXPECT_TRUE(test::eventually([&] {
        const std::string one = get("/api/v1/objectives/few").body;
        return one.find(R"("good":3,"total":3)") != std::string::npos;
    })) << get("/api/v1/objectives/few").body;
    const auto wrong = as_operator("PUT", "/api/v1/objectives/none",
                                   R"({"indicator":{"kind":"metric","total":"no_such"},"target":0.9})");
    EXPECT_EQ(wrong.status, 400);
    EXPECT_THAT(wrong.body, HasSubstr(R"("field":"indicator.total")"));
}

}  // namespace
}  // namespace streamgauge
