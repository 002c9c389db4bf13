// SPDX-License-Identifier: GPL-3.0-or-later
// GET /api/v1/events against a real backend.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "server/served_backend.h"

namespace streamgauge::test {
namespace {

using nlohmann::json;

class EventsTest : public ServedBackend {
protected:
    void send(const std::string& body) { ASSERT_EQ(post("/events", body).status, 202); }
    std::vector<std::string> ids(const std::string& target) const {
        const auto answer = get(target);
        EXPECT_EQ(answer.status, 200) << target << ": " << answer.body;
        std::vector<std::string> out;
        for (const json& event : json::parse(answer.body, nullptr, false)) out.push_back(event.value("eventId", "?"));
        return out;
    }
};

TEST_F(EventsTest, ListsStoredEventsNewestFirst) {
    EXPECT_EQ(get("/api/v1/events").body, "[]");
    const auto stored = post("/api/v1/events", R"({"eventId":"a","eventType":"click","userId":"u","pageUrl":"/p",)"
                                               R"("timestamp":"2026-01-31T12:00:00+01:00","payload":{"n":1.5}})");
    EXPECT_EQ(stored.status, 200) << stored.body;
    send(R"({"event_id":"b","event_type":"view","session_id":"s"})");
    const auto answer = get("/api/v1/events");
    EXPECT_EQ(answer.headers.at("content-type"), "application/json");
    EXPECT_EQ(
        answer.body,
        R"([{"id":2,"project":"default","eventId":"b","eventType":"view","userId":"","sessionId":"s","pageUrl":"",)"
        R"("occurredAt":"2026-01-31T12:00:30Z","receivedAt":"2026-01-31T12:00:30Z","schemaVersion":1,)"
        R"("bot":false,"offSchema":false,"props":{}},)"
        R"({"id":1,"project":"default","eventId":"a","eventType":"click","userId":"u","sessionId":"",)"
        R"("pageUrl":"/p","occurredAt":"2026-01-31T11:00:00Z","receivedAt":"2026-01-31T12:00:30Z",)"
        R"("schemaVersion":1,"bot":false,"offSchema":false,"props":{"n":1.5}}])");
    EXPECT_EQ(answer.headers.count("link"), 0U);
    const json sent = json::parse(stored.body);
    const json listed = json::parse(answer.body)[1];
    for (const char* member : {"id", "eventId", "eventType", "userId", "pageUrl", "occurredAt", "receivedAt"})
        EXPECT_EQ(sent[member], listed[member]) << "as POST /api/v1/events answered: " << member;
}

TEST_F(EventsTest, PagesByTheLinkAndByTheCursor) {
    std::string all;
    for (int i = 0; i < 25; ++i) all += R"({"event_id":"e)" + std::to_string(i) + R"(","event_type":"a<b>\"c"})" + "\n";
    send(all);
    std::vector<std::string> seen;
    std::string target = "/api/v1/events?event_type=a%3Cb%3E%22c&limit=10&unknown=1";
    for (int page = 0; page < 3; ++page) {
        const auto answer = get(target);
        ASSERT_EQ(answer.status, 200);
        for (const json& event : json::parse(answer.body)) seen.push_back(event["eventId"]);
        if (page == 2) {
            EXPECT_EQ(answer.headers.count("link"), 0U);
            EXPECT_EQ(answer.headers.count("streamgauge-cursor"), 0U);
            break;
        }
        const std::string link = answer.headers.at("link");
        ASSERT_TRUE(link.starts_with("<") && link.ends_with(">; rel=\"next\"")) << link;
        target = link.substr(1, link.find('>') - 1);
        EXPECT_TRUE(target.ends_with("&cursor=" + answer.headers.at("streamgauge-cursor"))) << target;
    }
    ASSERT_EQ(seen.size(), 25U);
    for (int i = 0; i < 25; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], "e" + std::to_string(24 - i));
}

TEST_F(EventsTest, FiltersOnEveryField) {
    send(R"({"event_id":"a","event_type":"buy","user_id":"u1","session_id":"s1","page_url":"/x y","time":1769850000,)"
         R"("amount":12.50,"paid":true,"note":"two words"})");
    send(R"({"event_id":"b","event_type":"buy","user_id":"u2","session_id":"s1","page_url":"/z","time":1769853600})");
    send(R"({"event_id":"c","event_type":"look","user_id":"u2","session_id":"s2","page_url":"/z","time":1769857200})");
    using Ids = std::vector<std::string>;
    for (const auto& [query, expected] : std::vector<std::pair<std::string, Ids>>{
             {"event_id=b", {"b"}},
             {"event_type=buy", {"b", "a"}},
             {"event_type=buy&user_id=u2", {"b"}},
             {"session_id=s2", {"c"}},
             {"page_url=%2Fx+y", {"a"}},
             {"props.amount=12.5", {"a"}},
             {"props.amount=12.50", {}},
             {"props.paid=true", {"a"}},
             {"props.note=two%20words&event_type=buy", {"a"}},
             {"props.other=1", {}},
             {"bot=true", {}},
             {"bot=false&limit=1", {"c"}},
             {"project=default&user_id=u1", {"a"}},
             {"project=other", {}},
             {"from=1769853600", {"c", "b"}},
             {"from=1769853600000&to=1769857200000", {"b"}},
             {"from=2026-01-31T10:00:00Z", {"c", "b"}},
             {"to=2026-01-31T12:00:00%2B02:00", {"a"}},
             {"to=2026-01-31T12:00:00+02:00", {"a"}},
             {"cursor=3", {"b", "a"}},
             {"filter=event_type%20%3D%20buy%20and%20props.amount%20%3E%2012", {"a"}},
             {"filter=user_id%3Du2&event_type=look", {"c"}},
             {"filter=not(page_url+starts_with+%22/x%22)", {"c", "b"}},
             {"filter=", {"c", "b", "a"}},
             {"cursor=1", {}},
         })
        EXPECT_EQ(ids("/api/v1/events?" + query), expected) << query;
}

TEST_F(EventsTest, RefusesWhatMakesNoSense) {
    for (const auto& [query, field] : std::vector<std::pair<std::string, std::string>>{
             {"limit=0", "limit"},
             {"limit=1001", "limit"},
             {"limit=", "limit"},
             {"cursor=-1", "cursor"},
             {"cursor=abc", "cursor"},
             {"cursor=99999999999999999999", "cursor"},
             {"from=yesterday", "from"},
             {"to=", "to"},
             {"from=2026-02-30T00:00:00Z", "from"},
             {"from=2026-01-31T00:00:00Z&to=2026-01-30T00:00:00Z", "to"},
             {"bot=maybe", "bot"},
             {"user_id=%FF", "user_id"},
             {"props.=1", "props."},
             {"user_id=" + std::string(257, 'u'), "user_id"},
             {"filter=event_type+%3D", "filter"},
             {"filter=nothing+%3D+1", "filter"},
             {"filter=event_type%3D" + std::string(7000, 'x') + "%00", "filter"},
         }) {
        const auto answer = get("/api/v1/events?" + query);
        EXPECT_EQ(answer.status, 400) << query;
        EXPECT_EQ(json::parse(answer.body).value("field", ""), field) << answer.body;
    }
    EXPECT_EQ(json::parse(get("/api/v1/events?filter=event_type+%3D").body).value("offset", 0), 12);
    EXPECT_EQ(json::parse(get("/api/v1/live?topic=events&filter=event_type+%3D").body).value("offset", 0), 12);
}

}  // namespace
}  // namespace streamgauge::test
