// SPDX-License-Identifier: GPL-3.0-or-later
// POST and GET /api/v1/query and GET /api/v1/metrics/daily against a real backend.
#include <gmock/gmock.h>

#include <future>

#include <nlohmann/json.hpp>

#include "http/raw_client.h"
#include "server/served_backend.h"

namespace streamgauge::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

class QueryRoutesTest : public ServedBackend {
protected:
    void send(const std::string& body, Headers headers = {}) {
        ASSERT_EQ(post("/events", body, std::move(headers)).status, 202);
    }
    static std::string event(const std::string& id, const std::string& rest) {
        return R"({"event_id":")" + id + R"(",)" + rest + "}\n";
    }
    json query(const std::string& body, Headers headers = {}) const {
        const auto answer = post("/api/v1/query", body, std::move(headers));
        EXPECT_EQ(answer.status, 200) << body << ": " << answer.body;
        return json::parse(answer.body, nullptr, false);
    }
    void send_shop() {
        send(event("1", R"("event_type":"login","user_id":"a","page_url":"/","time":"2026-01-31T11:00:00Z")") +
             event("2", R"("event_type":"login","user_id":"b","page_url":"/","time":"2026-01-31T11:30:00Z")") +
             event(
                 "3",
                 R"("event_type":"buy","user_id":"a","page_url":"/buy","amount":12.10,"time":"2026-01-31T11:31:00Z")") +
             event("4",
                   R"("event_type":"buy","user_id":"b","page_url":"/buy","amount":0.2,"time":"2026-01-31T11:59:00Z")") +
             event("5", R"("event_type":"login","user_id":"a","page_url":"/","time":"2026-01-29T10:00:00Z")"));
    }
};

TEST_F(QueryRoutesTest, AnswersTheDailyMetricsOfTheContract) {
    send_shop();
    auto answer = get("/api/v1/metrics/daily?name=EVENTS_TOTAL&from=2026-01-29&to=2026-01-31&utm=1");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.at("content-type"), "application/json");
    EXPECT_EQ(
        answer.body,
        R"({"name":"EVENTS_TOTAL","from":"2026-01-29","to":"2026-01-31","points":[{"date":"2026-01-29","value":1},)"
        R"({"date":"2026-01-30","value":0},{"date":"2026-01-31","value":4}]})");
    EXPECT_EQ(get("/api/v1/metrics/daily?name=DAU&from=2026-01-31&to=2026-01-31").body,
              R"({"name":"DAU","from":"2026-01-31","to":"2026-01-31","points":[{"date":"2026-01-31","value":2}]})");
    for (const auto& [target, status, field] : std::vector<std::tuple<std::string, int, std::string>>{
             {"name=DAU&from=2026-01-31&to=2026-01-30", 400, "to"},
             {"name=DAU&from=2026-02-30&to=2026-03-01", 400, "from"},
             {"name=DAU&from=2026-01-31T00:00:00Z&to=2026-01-31", 400, "from"},
             {"name=DAU&from=1900-01-01&to=2026-01-31", 400, "to"},
             {"name=DAU&from=2026-01-31", 400, "to"},
             {"from=2026-01-31&to=2026-01-31", 400, "name"},
             {"name=nobody&from=2026-01-31&to=2026-01-31", 404, "name"},
             {"name=page_clicks&from=2026-01-31&to=2026-01-31", 404, "name"},
         }) {
        answer = get("/api/v1/metrics/daily?" + target);
        EXPECT_EQ(answer.status, status) << target;
        const json problem = json::parse(answer.body);
        EXPECT_EQ(problem["field"], field) << target;
        EXPECT_EQ(problem["error"], status == 400 ? "invalid_argument" : "not_found");
    }
}

TEST_F(QueryRoutesTest, SeesEveryEventThatWasAcknowledgedBefore) {
    for (int i = 1; i <= 30; ++i) {
        send(event("e" + std::to_string(i), R"("event_type":"view","page_url":"/p")"));
        const json answer = query(R"({"metric":"page_views","from":"-1m","filter":"page_url = /p"})");
        ASSERT_EQ(answer["points"][0]["value"], i);
        ASSERT_EQ(answer["as_of"], "2026-01-31T12:00:30Z");
    }
}

TEST_F(QueryRoutesTest, GroupsOrdersComparesAndPages) {
    send_shop();
    const std::string question =
        R"({"metric":"page_views","from":"2026-01-31T11:30:00Z","to":"2026-01-31T12:00:00Z","group_by":["page_url"],)"
        R"("order":"-value","compare":true,"limit":1)";
    const json first = query(question + "}");
    EXPECT_EQ(first["from"], "2026-01-31T11:30:00Z");
    EXPECT_EQ(first["unit"], "views");
    ASSERT_EQ(first["points"].size(), 1U);
    EXPECT_EQ(first["points"][0]["group"], json({"/buy"}));
    EXPECT_EQ(first["points"][0]["value"], 2);
    EXPECT_EQ(first["points"][0]["previous"], 0);
    const json second = query(question + R"(,"cursor":")" + first["cursor"].get<std::string>() + "\"}");
    EXPECT_EQ(second["points"][0]["group"], json({"/"}));
    EXPECT_EQ(second["points"][0]["previous"], 1);
    EXPECT_FALSE(second.contains("cursor"));

    const json steps = query(R"({"metric":"event_types","from":"2026-01-31T11:00:00Z","to":"2026-01-31T12:00:00Z",)"
                             R"("step":"30m","filter":{"field":"event_type","op":"in","value":["login","nothing"]}})");
    ASSERT_EQ(steps["points"].size(), 2U);
    EXPECT_EQ(steps["points"][1]["start"], "2026-01-31T11:30:00Z");
    EXPECT_EQ(steps["points"][1]["value"], 1);

    const json several = json::parse(get("/api/v1/query?metrics=EVENTS_TOTAL,DAU&from=2026-01-29&to=2026-02-01").body);
    ASSERT_EQ(several["answers"].size(), 2U);
    EXPECT_EQ(several["answers"][0]["points"][0]["value"], 5);
    EXPECT_EQ(several["answers"][1]["points"][0]["value"], 2);
    const json pairs = json::parse(get("/api/v1/query?metric=page_clicks&group_by=user_id&order=-value").body);
    EXPECT_EQ(pairs["points"][0]["group"], json({"a"}));
    EXPECT_EQ(pairs["points"][0]["start"], nullptr);
}

TEST_F(QueryRoutesTest, AsksStoredEventsFunnelsAndRetention) {
    send_shop();
    const auto sum =
        get("/api/v1/query?aggregate=sum(props.amount)&from=2026-01-31&group_by=event_type&filter=event_type+%3D+buy");
    EXPECT_THAT(sum.body, HasSubstr(R"("group":["buy"],"value":12.3,)"));
    const json funnel = query(R"({"from":"2026-01-31","funnel":{"steps":["event_type = login","event_type = buy"]}})");
    EXPECT_EQ(funnel["funnel"][0]["reached"], 2);
    EXPECT_EQ(funnel["funnel"][1]["reached"], 2);
    EXPECT_EQ(funnel["funnel"][1]["median_seconds"], 1740);
    const json retention = query(
        R"({"from":"2026-01-29","to":"2026-01-31T12:00:30Z","retention":{"first":"event_type = login","days":2}})");
    ASSERT_FALSE(retention["retention"].empty()) << retention;
    EXPECT_EQ(retention["retention"][0]["size"], 1);
}

TEST_F(QueryRoutesTest, WritesCsvAndNdjson) {
    send_shop();
    const std::string target =
        "/api/v1/query?metric=page_views&from=2026-01-31&to=2026-02-01&group_by=page_url&limit=1";
    auto answer = get(target, {{"Accept", "text/csv"}});
    EXPECT_THAT(answer.headers.at("content-type"), StartsWith("text/csv"));
    EXPECT_EQ(answer.body,
              "start,end,page_url,value,open,corrected,exact,error\r\n"
              "2026-01-31T00:00:00Z,2026-02-01T00:00:00Z,/,2,true,0,true,0\r\n");
    EXPECT_EQ(answer.headers.at("streamgauge-as-of"), "2026-01-31T11:59:00Z");
    const std::string cursor = answer.headers.at("streamgauge-cursor");
    answer = get(target + "&cursor=" + cursor, {{"Accept", "application/x-ndjson"}});
    EXPECT_EQ(answer.headers.at("content-type"), "application/x-ndjson");
    EXPECT_EQ(answer.body, R"({"start":"2026-01-31T00:00:00Z","end":"2026-02-01T00:00:00Z","group":["/buy"],"value":2,)"
                           R"("open":true,"exact":true})"
                           "\n");
    EXPECT_EQ(answer.headers.count("streamgauge-cursor"), 0U);
}

// Page after page of several metrics at once: each row of each once, also of those that end earlier.
TEST_F(QueryRoutesTest, PagesThroughSeveralMetricsTogether) {
    send_shop();
    json question = {{"metrics", {"page_views", "DAU", "event_types"}},
                     {"from", "2026-01-29"},
                     {"to", "2026-02-01"},
                     {"step", "1d"},
                     {"limit", 2}};
    std::map<std::string, std::vector<std::string>> paged, whole;
    const auto take = [](const json& answer, std::map<std::string, std::vector<std::string>>& into) {
        for (const json& one : answer["answers"]) {
            EXPECT_FALSE(one.contains("cursor")) << "there is one for all of them";
            for (const json& point : one["points"]) into[one["metric"]].push_back(point.dump());
        }
    };
    json big = question;
    big["limit"] = 1'000;
    const json all = query(big.dump());
    EXPECT_FALSE(all.contains("cursor"));
    take(all, whole);
    ASSERT_EQ(whole.size(), 3U);
    int pages = 0;
    for (; pages < 20; ++pages) {
        const json page = query(question.dump());
        take(page, paged);
        if (!page.contains("cursor")) break;
        question["cursor"] = page["cursor"];
        send(event("later" + std::to_string(pages), R"("event_type":"login","user_id":"z","page_url":"/late")"));
    }
    EXPECT_GE(pages, 1);
    EXPECT_EQ(paged, whole) << "what comes meanwhile changes no page";
    question["metrics"] = {"page_views", "DAU"};
    EXPECT_EQ(json::parse(post("/api/v1/query", question.dump()).body)["field"], "cursor");
    question["metrics"] = {"page_views", "DAU", "event_types"};
    question["cursor"] = "..";
    EXPECT_EQ(json::parse(post("/api/v1/query", question.dump()).body)["field"], "cursor") << "all are at their end";
    const auto csv = get("/api/v1/query?metrics=page_views,DAU&from=2026-01-29&to=2026-02-01&step=1d&limit=1",
                         {{"Accept", "text/csv"}});
    ASSERT_EQ(csv.headers.count("streamgauge-cursor"), 1U);
    EXPECT_THAT(csv.headers.at("streamgauge-cursor"), HasSubstr("."));
}

// Server-sent events: how far it is, never less than before, then the answer or what is wrong.
TEST_F(QueryRoutesTest, TellsHowFarItIsWhenAskedTo) {
    send_shop();
    const std::string question =
        R"({"aggregate":"count","from":"2026-01-29","to":"2026-02-01","group_by":["page_url"],"compare":true})";
    const auto events_of = [](const std::string& body) {
        std::vector<std::pair<std::string, json>> events;
        for (std::size_t at = 0; at < body.size();) {
            const std::size_t end = body.find("\n\n", at);
            const std::string block = body.substr(at, end - at);
            const std::size_t data = block.find("\ndata: ");
            if (block.starts_with("event: ") && data != std::string::npos)
                events.emplace_back(block.substr(7, data - 7), json::parse(block.substr(data + 7)));
            if (end == std::string::npos) break;
            at = end + 2;
        }
        return events;
    };
    const auto answer = post("/api/v1/query", question, {{"Accept", "text/event-stream"}});
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.headers.at("content-type"), StartsWith("text/event-stream"));
    const auto events = events_of(answer.body);
    ASSERT_GE(events.size(), 2U) << answer.body;
    double before = 0;
    for (std::size_t i = 0; i + 1 < events.size(); ++i) {
        EXPECT_EQ(events[i].first, "progress");
        EXPECT_GE(events[i].second["progress"].get<double>(), before);
        before = events[i].second["progress"];
    }
    EXPECT_LE(before, 1);
    EXPECT_EQ(events.back().first, "answer");
    EXPECT_EQ(events.back().second["points"], query(question)["points"]);

    const auto funnel = events_of(
        post("/api/v1/query", R"({"from":"2026-01-31","funnel":{"steps":["event_type = login","event_type = buy"]}})",
             {{"Accept", "text/event-stream"}})
            .body);
    ASSERT_FALSE(funnel.empty());
    EXPECT_EQ(funnel.back().second["funnel"][1]["reached"], 2);

    const auto unknown =
        post("/api/v1/query", R"({"metric":"nobody","from":"-1h"})", {{"Accept", "text/event-stream"}});
    EXPECT_EQ(events_of(unknown.body).back().first, "error");
    EXPECT_EQ(events_of(unknown.body).back().second["field"], "metric");
    const auto wrong = post("/api/v1/query", R"({"colour":"red"})", {{"Accept", "text/event-stream"}});
    EXPECT_EQ(wrong.status, 400) << "what can be told before the stream begins is";
}

// Questions whose clients have left are not worked on: also those that hold up others.
TEST_F(QueryRoutesTest, EndsQuestionsWhoseClientsHaveLeft) {
    // Each event takes the filter long: 100 texts are looked for in 15,000 bytes that nearly have them. All of them
    // take many seconds.
    const std::string text(15'000, 'a');
    for (int batch = 0; batch < 30; ++batch) {
        std::string body;
        for (int i = 0; i < 40; ++i)
            body += event(std::to_string(batch * 40 + i),
                          R"("event_type":"view","text":")" + text + R"(","time":"2026-01-31T11:00:00Z")");
        send(body);
    }
    std::string filter;
    for (int i = 0; i < 100; ++i)
        filter += (i == 0 ? "" : " or ") + std::string("props.text contains ") + std::string(8, 'a') + "b" +
                  std::to_string(i);
    const std::string question =
        json({{"aggregate", "count"}, {"from", "2026-01-31"}, {"to", "2026-02-01"}, {"filter", filter}}).dump();
    const std::uint16_t port = backend_->listening().front().port;
    const std::string listener = "127.0.0.1:" + std::to_string(port);
    const auto leave = [&](const char* accept, bool closed) {
        http::test::RawClient client(port);
        client.send("POST /api/v1/query HTTP/1.1\r\nHost: " + listener + "\r\nAccept: " + accept +
                    "\r\nContent-Length: " + std::to_string(question.size()) + "\r\n\r\n" + question);
        const auto asked = ask_until([&] { return get("/prometheus").body; },
                                     [](const std::string& figures) {
                                         return figures.find("streamgauge_questions_waiting 0\n") == std::string::npos;
                                     });
        EXPECT_THAT(asked, testing::Not(HasSubstr("streamgauge_questions_waiting 0\n")));
        closed ? client.close() : client.reset();
    };
    int left = 0;
    for (const char* const accept : {"application/json", "text/event-stream"})
        for (const bool closed : {false, true}) {
            leave(accept, closed);
            ++left;
            const std::string counted = "streamgauge_questions_cancelled_total " + std::to_string(left) + "\n";
            const std::string figures =
                ask_until([&] { return get("/prometheus").body; },
                          [&](const std::string& f) {
                              return f.find(counted) != std::string::npos &&
                                     f.find("streamgauge_questions_waiting 0\n") != std::string::npos;
                          });
            EXPECT_THAT(figures, HasSubstr(counted)) << accept << closed;
            EXPECT_THAT(figures, HasSubstr("streamgauge_questions_waiting 0\n"));
        }
    EXPECT_EQ(query(R"({"aggregate":"count","from":"2026-01-31","to":"2026-02-01"})")["points"][0]["value"], 1'200)
        << "others are answered";
}

TEST_F(QueryRoutesTest, TellsHowItWasAnswered) {
    send_shop();
    const std::string question = R"({"metric":"page_views","from":"2026-01-31","to":"2026-02-01"})";
    for (const bool cached : {false, true}) {
        const auto answer = post("/api/v1/query?explain=1", question);
        EXPECT_THAT(answer.headers.at("server-timing"),
                    MatchesRegex("queue;dur=[0-9.]+, flush;dur=[0-9.]+, read;dur=[0-9.]+, total;dur=[0-9.]+"));
        const json explain = json::parse(answer.body)["explain"];
        EXPECT_EQ(explain["source"], "cells 1d");
        EXPECT_EQ(explain["rows_read"], 2);
        EXPECT_EQ(explain["cached"], cached);
    }
    EXPECT_THAT(get("/prometheus").body, HasSubstr("streamgauge_query_cache_hits_total 1\n"));
    EXPECT_EQ(get("/api/v1/query?metric=nobody&from=-1h").headers.count("server-timing"), 1U);
}

TEST_F(QueryRoutesTest, NamesWhatIsWrong) {
    for (const auto& [target, status, field] : std::vector<std::tuple<std::string, int, std::string>>{
             {"metric=page_views", 400, "from"},
             {"metric=page_views&from=-1h&colour=red", 400, "colour"},
             {"metric=nobody&from=-1h", 404, "metric"},
             {"metric=page_views&from=-1h&step=15s", 400, "step"},
             {"metric=page_views&from=-365d&step=10s", 400, "step"},
             {"metric=page_views&from=-1h&group_by=user_id", 400, "group_by"},
             {"metric=page_views&from=-1h&cursor=x", 400, "cursor"},
             {"metric=page_clicks&from=-1h", 400, "from"},
             {"aggregate=sum(page_url&from=-1h", 400, "aggregate"},
         }) {
        const auto answer = get("/api/v1/query?" + target);
        EXPECT_EQ(answer.status, status) << target << ": " << answer.body;
        EXPECT_EQ(json::parse(answer.body).value("field", ""), field) << answer.body;
    }
    EXPECT_EQ(post("/api/v1/query?colour=red", R"({"metric":"page_views","from":"-1h"})").status, 400);
    EXPECT_EQ(post("/api/v1/query", "no JSON").status, 400);
    EXPECT_EQ(post("/api/v1/query", std::string(64 * 1024, ' ')).status, 400);
    EXPECT_EQ(post("/api/v1/query", std::string(64 * 1024 + 1, ' ')).status, 413);
}

// The streams, too: of all that is live a key of one project among several hears what is its own.
TEST_F(QueryRoutesTest, KeepsStreamsToTheProjectOfTheirKey) {
    const Headers shop = key_of("shop");
    send(event("s1", R"("event_type":"login","user_id":"u")") + event("s2", R"("event_type":"buy","user_id":"u")"),
         shop);
    send(event("d1", R"("event_type":"login","user_id":"v")") + event("d2", R"("event_type":"login","user_id":"v")") +
         event("d3", R"("event_type":"login","user_id":"v")"));
    const auto theirs = client().read_stream_until("/api/v1/live?topic=events", R"("event_id":"s1")", shop);
    ASSERT_TRUE(theirs.ok());
    EXPECT_EQ(theirs->status, 200);
    EXPECT_THAT(theirs->body, testing::Not(HasSubstr(R"("event_id":"d)")));
    const auto filtered =
        client().read_stream_until("/api/v1/live?filter=event_type+%3D+buy+or+event_type+%3D+x", "\n\n", shop);
    ASSERT_TRUE(filtered.ok());
    EXPECT_THAT(filtered->body, HasSubstr(R"("event_id":"s2")"));
    EXPECT_THAT(filtered->body, testing::Not(HasSubstr(R"("event_id":"s1")")));
    const auto widened =
        client().read_stream_until("/api/v1/live?filter=event_type+%3D+buy+or+project+%3D+default", "\n\n", shop);
    ASSERT_TRUE(widened.ok());
    EXPECT_THAT(widened->body, testing::Not(HasSubstr(R"("event_id":"d)"))) << "a filter of theirs widens nothing";
    EXPECT_EQ(get("/api/v1/live?topic=overview", shop).status, 403);
    EXPECT_EQ(get("/api/v1/live?topic=load", shop).status, 403);
    const auto counts = client().read_stream_until("/metrics/stream", R"("receivedTotal":2,"writtenTotal":2,)", shop);
    EXPECT_TRUE(counts.ok());
    EXPECT_EQ(get("/prometheus", shop).status, 403) << "its series are the server's";
}

TEST_F(QueryRoutesTest, KeepsKeysToTheirProject) {
    const Headers shop = key_of("shop");
    send(event("a", R"("event_type":"login","user_id":"u","page_url":"/ours")"), shop);
    send(event("b", R"("event_type":"login","user_id":"u","page_url":"/theirs")") +
         event("c", R"("event_type":"login","user_id":"v","page_url":"/theirs")"));
    const std::string dau = R"({"metric":"DAU","from":"2026-01-31","to":"2026-02-01")";
    EXPECT_EQ(query(dau + "}", shop)["points"][0]["value"], 1);
    EXPECT_EQ(query(dau + "}")["points"][0]["value"], 2) << "of all projects";
    EXPECT_EQ(query(dau + R"(,"project":"shop"})")["points"][0]["value"], 1);
    const json both = query(dau + R"(,"group_by":["project"]})");
    ASSERT_EQ(both["points"].size(), 2U);
    EXPECT_EQ(both["points"][0]["group"], json({"default"}));
    EXPECT_EQ(post("/api/v1/query", dau + R"(,"project":"default"})", shop).status, 403);
    EXPECT_THAT(get("/api/v1/metrics/daily?name=DAU&from=2026-01-31&to=2026-01-31", shop).body,
                HasSubstr("\"value\":1"));
    const json pages = query(R"({"metric":"page_views","from":"-1h","group_by":["page_url"]})", shop);
    ASSERT_EQ(pages["points"].size(), 1U);
    EXPECT_EQ(pages["points"][0]["group"], json({"/ours"}));
    EXPECT_EQ(query(R"({"aggregate":"count","from":"2026-01-31","to":"2026-02-01"})", shop)["points"][0]["value"], 1);
}

}  // namespace
}  // namespace streamgauge::test
