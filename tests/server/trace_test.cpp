// SPDX-License-Identifier: GPL-3.0-or-later
// GET /api/v1/events/{event_id}/trace against a real backend: every way that an event can go.
#include <gmock/gmock.h>

#include <future>

#include <nlohmann/json.hpp>

#include "server/served_backend.h"

namespace streamgauge::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

class TraceTest : public ServedBackend {
protected:
    json trace(const std::string& id, const std::string& query = {}, Headers headers = {}) const {
        const auto answer = get("/api/v1/events/" + id + "/trace" + query, std::move(headers));
        EXPECT_EQ(answer.status, 200) << id << ": " << answer.body;
        return json::parse(answer.body, nullptr, false);
    }
    static std::string all_of(const json& texts) {
        std::string all;
        for (const json& text : texts) all += text.get<std::string>() + "\n";
        return all;
    }
};

TEST_F(TraceTest, TellsByWhichDoorAnEventCame) {
    ASSERT_EQ(post("/events", R"({"event_id":"plain","event_type":"view","page_url":"/p","n":1})").status, 202);
    ASSERT_EQ(post("/ingest", R"({"event_id":"d-1","user_id":"u","event_type":"click","page_url":"/p",)"
                              R"("time_stamp":"2026-01-31T12:00:00Z"})")
                  .status,
              200);
    ASSERT_EQ(post("/v1/track", R"({"messageId":"seg-1","userId":"u","event":"Bought"})",
                   {{"Authorization", "Basic a2V5LTEyMzQ1Njc4OTA6"}})
                  .status,
              200);
    ASSERT_EQ(post("/", R"({"specversion":"1.0","id":"ce-1","source":"/shop","type":"bought"})",
                   {{"Content-Type", "application/cloudevents+json"}})
                  .status,
              202);
    struct Expected {
        std::string id, source, dialect;
    };
    int number = 0;
    for (const auto& [id, source, dialect] : {Expected{"plain", "/events", "generic"},
                                              {"d-1", "/ingest", "generic"},
                                              {"seg-1", "/v1/track", "segment"},
                                              {"/shop#ce-1", "/", "cloudevents"}}) {
        const json told = trace(id.starts_with("/") ? "%2F" + id.substr(1, 4) + "%23" + id.substr(6) : id);
        ++number;
        EXPECT_EQ(told["event_id"], id);
        EXPECT_EQ(told["verdict"], "accepted") << told;
        EXPECT_TRUE(told["complete"]);
        ASSERT_EQ(told["events"].size(), 1U) << told;
        const json& event = told["events"][0];
        EXPECT_EQ(event["id"], number);
        EXPECT_EQ(event["project"], "default");
        EXPECT_EQ(event["event_id"], id);
        EXPECT_EQ(event["source"], source);
        EXPECT_EQ(event["dialect"], dialect);
        EXPECT_EQ(event["received_at"], "2026-01-31T12:00:30Z");
        EXPECT_EQ(event["schema"], "unchecked");
        EXPECT_FALSE(event["id_from_door"]);
        EXPECT_TRUE(event["aggregated"]);
        EXPECT_TRUE(event["committed"]);
        EXPECT_THAT(event["rule"], StartsWith("the first event of project default with this id"));
        EXPECT_EQ(told["letters"].size(), 0U);
        EXPECT_EQ(told["archive"]["object"], "");
        EXPECT_THAT(told["archive"]["reason"], HasSubstr("no archive"));
    }
    const json plain = trace("plain");
    EXPECT_EQ(plain["events"][0]["props"], R"({"n":1})");
    EXPECT_EQ(plain["pipeline"]["end"], 5);
    EXPECT_EQ(plain["pipeline"]["lag_events"], 0);
    EXPECT_THAT(all_of(plain["looked_at"]), HasSubstr("48 hours back"));
    restart();
    EXPECT_EQ(trace("seg-1")["events"][0]["source"], "/v1/track") << "and still after a restart";
}

TEST_F(TraceTest, ARepeatIsToldAsTheFirst) {
    ASSERT_EQ(post("/events", R"({"event_id":"a","event_type":"view"})").status, 202);
    ASSERT_THAT(post("/events", R"([{"event_id":"a","event_type":"view"},{"event_id":"b","event_type":"view"}])").body,
                HasSubstr(R"("duplicates":1)"));
    const json told = trace("a");
    ASSERT_EQ(told["events"].size(), 1U);
    EXPECT_EQ(told["events"][0]["id"], 1);
    EXPECT_THAT(told["events"][0]["rule"], HasSubstr("duplicates"));
}

TEST_F(TraceTest, ARejectedEventIsInTheDeadLettersUntilItIsMended) {
    ASSERT_EQ(post("/events", R"({"event_id":"bad","event_type":"view","user_id":5.5,"timestamp":"never"})").status,
              400);
    const json rejected = trace("bad");
    EXPECT_EQ(rejected["verdict"], "rejected") << rejected;
    EXPECT_EQ(rejected["events"].size(), 0U);
    ASSERT_EQ(rejected["letters"].size(), 1U);
    const json& letter = rejected["letters"][0];
    EXPECT_EQ(letter["id"], 1);
    EXPECT_EQ(letter["state"], "open");
    EXPECT_EQ(letter["source"], "/events");
    EXPECT_EQ(letter["resent_as"], 0);
    EXPECT_NE(letter["reason"], "");
    EXPECT_FALSE(letter.contains("producer"));
    EXPECT_THAT(rejected["summary"], HasSubstr("dead letter 1"));

    ASSERT_EQ(
        ask(client(), "PUT", "/api/v1/dead-letters/1", R"({"event_id":"bad","event_type":"view"})", as_admin()).status,
        200);
    ASSERT_EQ(post("/api/v1/dead-letters/1/resend", "", as_admin()).status, 200);
    const json mended = trace("bad");
    EXPECT_EQ(mended["verdict"], "accepted") << mended;
    ASSERT_EQ(mended["events"].size(), 1U);
    EXPECT_EQ(mended["events"][0]["id"], 1);
    EXPECT_EQ(mended["letters"][0]["state"], "resent");
    EXPECT_EQ(mended["letters"][0]["resent_as"], 1);
}

TEST_F(TraceTest, TellsWhatIsLateAndWhatIsDatedAhead) {
    ASSERT_EQ(post("/events", R"([{"event_id":"now","event_type":"view"},)"
                              R"({"event_id":"late","event_type":"view","timestamp":"2026-01-31T11:00:00Z"},)"
                              R"({"event_id":"ahead","event_type":"view","timestamp":"2026-01-31T12:10:00Z"}])")
                  .status,
              202);
    EXPECT_FALSE(trace("now")["events"][0]["late"]);
    EXPECT_TRUE(trace("now")["events"][0]["time_from_door"]);
    EXPECT_TRUE(trace("late")["events"][0]["late"]);
    EXPECT_FALSE(trace("late")["events"][0]["future"]);
    EXPECT_TRUE(trace("ahead")["events"][0]["future"]);
    EXPECT_FALSE(trace("ahead")["events"][0]["late"]);
}

TEST_F(TraceTest, FindsTheIdsThatTheDoorMade) {
    const auto stored = post("/api/v1/events", R"({"eventType":"view"})");
    ASSERT_EQ(stored.status, 200) << stored.body;
    const std::string id = json::parse(stored.body)["eventId"];
    const json told = trace(id);
    EXPECT_EQ(told["verdict"], "accepted") << told;
    EXPECT_TRUE(told["events"][0]["id_from_door"]);
    EXPECT_THAT(told["events"][0]["rule"], HasSubstr("without an id"));
    EXPECT_THAT(all_of(told["looked_at"]), HasSubstr("one by one"));
}

TEST_F(TraceTest, SaysWhereItLookedForAnIdThatNobodyKnows) {
    ASSERT_EQ(post("/events", R"({"event_id":"a","event_type":"view"})").status, 202);
    const json told = trace("nobody");
    EXPECT_EQ(told["verdict"], "unknown");
    EXPECT_TRUE(told["complete"]);
    EXPECT_EQ(told["events"].size(), 0U);
    EXPECT_THAT(all_of(told["looked_at"]), HasSubstr("the dead letters"));
    EXPECT_THAT(all_of(told["hints"]), HasSubstr("429"));
    EXPECT_THAT(all_of(trace("1")["hints"]), HasSubstr("event number 1 has the id a"));
    EXPECT_THAT(all_of(trace("%20a")["hints"]), HasSubstr("spaces"));
}

TEST_F(TraceTest, DecodesIdsAndRefusesThoseThatCannotBe) {
    const std::string strange = R"({"event_id":"a/b c%+ä","event_type":"view"})";
    ASSERT_EQ(post("/events", strange).status, 202);
    EXPECT_EQ(trace("a%2Fb%20c%25+%C3%A4")["verdict"], "accepted");
    ASSERT_EQ(post("/events", R"({"event_type":"view","event_id":")" + std::string(128, 'x') + R"("})").status, 202);
    EXPECT_EQ(trace(std::string(128, 'x'))["verdict"], "accepted");
    for (const std::string& id : {std::string(129, 'x'), std::string("%FF"), std::string("a%00b")}) {
        const auto answer = get("/api/v1/events/" + id + "/trace");
        EXPECT_EQ(answer.status, 400) << id;
        EXPECT_EQ(json::parse(answer.body).value("field", ""), "event_id");
    }
    EXPECT_EQ(get("/api/v1/events//trace").status, 404);
}

TEST_F(TraceTest, KeepsToTheProjectOfTheKey) {
    const Headers shop = key_of("shop");
    ASSERT_EQ(post("/events", R"({"event_id":"a","event_type":"view"})").status, 202);
    ASSERT_EQ(post("/events", R"({"event_id":"a","event_type":"buy"})", shop).status, 202);
    ASSERT_EQ(post("/events", R"({"event_id":"b","event_type":"view"})").status, 202);
    const json both = trace("a");
    ASSERT_EQ(both["events"].size(), 2U) << both;
    EXPECT_EQ(both["events"][0]["project"], "default");
    EXPECT_EQ(both["events"][0]["sender"], "");
    EXPECT_EQ(both["events"][1]["project"], "shop");
    EXPECT_EQ(both["events"][1]["sender"], "key " + key_id_);
    const json own = trace("a", {}, shop);
    ASSERT_EQ(own["events"].size(), 1U);
    EXPECT_EQ(own["events"][0]["event_type"], "buy");
    EXPECT_EQ(trace("b", {}, shop)["verdict"], "unknown");
    EXPECT_THAT(all_of(trace("b", {}, shop)["hints"]), HasSubstr("only project shop"));
    EXPECT_EQ(trace("3", {}, shop)["hints"].dump().find("event number"), std::string::npos);
    EXPECT_EQ(trace("a", "?project=shop")["events"].size(), 1U);
    EXPECT_EQ(get("/api/v1/events/a/trace?project=default", shop).status, 403);
}

TEST_F(TraceTest, TellsWhatASchemaSaid) {
    const auto schema = [&](const std::string& version, const std::string& text) {
        return ask(client(), "POST", "/api/v1/schemas",
                   R"({"event_type":"buy","version":)" + version + R"(,"schema":)" + text + "}", as_admin());
    };
    const auto added = schema("1", R"({"type":"object","required":["amount"]})");
    ASSERT_LT(added.status, 300) << added.body;
    ASSERT_EQ(post("/events", R"([{"event_id":"good","event_type":"buy","amount":1},)"
                              R"({"event_id":"off","event_type":"buy"},{"event_id":"other","event_type":"view"}])")
                  .status,
              202);
    EXPECT_EQ(trace("good")["events"][0]["schema"], "kept");
    EXPECT_EQ(trace("off")["events"][0]["schema"], "broken");
    EXPECT_EQ(trace("other")["events"][0]["schema"], "unchecked");
}

class CanaryServerTest : public TraceTest {
protected:
    Config config() const override {
        Config config = TraceTest::config();
        config.canary_interval = 1;
        return config;
    }
};

TEST_F(CanaryServerTest, TheServersOwnEventsAreMeasuredAndNowhereElse) {
    ASSERT_EQ(post("/events", R"({"event_id":"a","event_type":"view","user_id":"u"})").status, 202);
    const auto exposed = ask_until(
        [&] { return get("/prometheus"); },
        [](const auto& answer) { return answer.body.find("streamgauge_canary_age_seconds") != std::string::npos; });
    EXPECT_THAT(exposed.body, HasSubstr("streamgauge_canary_up 1"));
    EXPECT_THAT(exposed.body, HasSubstr("streamgauge_canary_missed_total 0"));
    EXPECT_THAT(exposed.body, HasSubstr(R"(streamgauge_canary_latency_seconds{stage="visible"})"));
    EXPECT_THAT(exposed.body, HasSubstr("streamgauge_ledger_difference 0"));
    EXPECT_THAT(exposed.body, HasSubstr(R"(streamgauge_events_total{outcome="accepted"} 1)"));
    EXPECT_THAT(exposed.body, HasSubstr("rtap_events_raw_count 1"));
    const json events = json::parse(get("/api/v1/events").body);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0]["eventId"], "a");
    EXPECT_EQ(get("/metrics/active_users?minutes=60").body, R"({"active_users":1})");
    EXPECT_THAT(get("/api/v1/health/details").body, testing::Not(HasSubstr("canary"))) << "nothing is wrong";
}

}  // namespace
}  // namespace streamgauge::test
