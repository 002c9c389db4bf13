// SPDX-License-Identifier: GPL-3.0-or-later
// The contract by literal texts: what A's to E's clients send and get, against a real backend on both listeners.
#include <gmock/gmock.h>

#include <QCoreApplication>

#include "api/codec.h"
#include "base/limits.h"
#include "server/served_backend.h"

namespace streamgauge::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class WireTest : public ServedBackend {};

TEST_F(WireTest, FormBSendsSessionsAndReadsHealthAndTheMetricsStream) {
    const auto sent = post("/events", R"({"sessionId":"s1","eventType":"click","payload":"{\"a\":1}"})");
    EXPECT_EQ(sent.status, 202);
    EXPECT_EQ(sent.body, R"({"status":"accepted"})");
    EXPECT_EQ(sent.headers.at("content-type"), "application/json");

    const auto health = get("/actuator/health");
    EXPECT_EQ(health.status, 200);
    EXPECT_EQ(
        health.body,
        R"({"status":"UP","components":{"journal":{"status":"UP"},"store":{"status":"UP"},"disk":{"status":"UP"}}})");

    const auto stream = client().read_stream_until("/metrics/stream", "\n\n");
    ASSERT_TRUE(stream.ok()) << stream.error().describe();
    EXPECT_EQ(stream->status, 200);
    EXPECT_THAT(stream->headers.at("content-type"), StartsWith("text/event-stream"));
    EXPECT_THAT(stream->body, StartsWith("event: metrics\ndata: {\"receivedTotal\":1,\"writtenTotal\":"));
    EXPECT_THAT(stream->body, HasSubstr(R"("avgProcessingMs":)"));
    EXPECT_THAT(stream->body, HasSubstr(R"("lag":)"));
    EXPECT_THAT(stream->body, HasSubstr("\"ts\":\"2026-01-31T12:00:30Z\"}\n\n"));
}

TEST_F(WireTest, TheMetricsStreamSaysSomethingEverySecond) {
    const auto stream = client().read_stream_until("/metrics/stream", "}\n\nevent: metrics");
    ASSERT_TRUE(stream.ok()) << stream.error().describe();
}

TEST_F(WireTest, FormCSendsPageViewsAndAsksForTheSlidingWindow) {
    const auto event = [](std::string_view time, std::string_view user, std::string_view page,
                          std::string_view session) {
        return R"({"timestamp":")" + std::string(time) + R"(","user_id":")" + std::string(user) +
               R"(","event_type":"page_view","page_url":")" + std::string(page) + R"(","session_id":")" +
               std::string(session) + "\"}";
    };
    EXPECT_EQ(get("/metrics/active_users?minutes=5").body, R"({"active_users":0})");
    EXPECT_EQ(get("/metrics/top_pages").body, R"({"top_pages":[]})");
    EXPECT_EQ(get("/metrics/active_sessions?user_id=u1").body, R"({"active_sessions":[]})");

    EXPECT_EQ(post("/events", event("2026-01-31T12:00:00Z", "u1", "/home", "s1")).status, 202);
    const auto several = post("/events", "[" + event("2026-01-31T12:00:01Z", "u1", "/home", "s2") + "," +
                                             event("2026-01-31T12:00:02Z", "u2", "/b", "s3") + "," +
                                             event("2026-01-31T12:00:03Z", "u3", "/a", "s4") + "]");
    EXPECT_EQ(several.status, 202);
    EXPECT_EQ(several.body, R"({"status":"accepted","accepted":3,"duplicates":0})");
    EXPECT_EQ(post("/events",
                   event("2026-01-31T12:00:04Z", "u4", "/a", "s5") + "\n" +
                       event("2026-01-31T12:00:05Z", "u5", "/b", "s6") + "\n",
                   {{"Content-Type", "application/x-ndjson"}})
                  .body,
              R"({"status":"accepted","accepted":2,"duplicates":0})");

    expect_body("/metrics/active_users?minutes=5", R"({"active_users":5})");
    expect_body("/metrics/top_pages?limit=2&minutes=15",
                R"({"top_pages":[{"page":"/a","views":2},{"page":"/b","views":2}]})");
    expect_body("/metrics/top_pages", R"({"top_pages":[{"page":"/a","views":2},{"page":"/b","views":2},)"
                                      R"({"page":"/home","views":2}]})");
    expect_body("/metrics/active_sessions?user_id=u1", R"({"active_sessions":["s1","s2"]})");
    expect_body("/metrics/active_users?utm_source=mail", R"({"active_users":5})");
}

TEST_F(WireTest, FormDGetsItsEventBackAndAsksForPairs) {
    const std::string sent =
        R"({"event_id":"d1","user_id":"u7","event_type":"click","page_url":"/d","time_stamp":"2026-01-31T11:59:00Z"})";
    const auto echo = post("/ingest", sent);
    EXPECT_EQ(echo.status, 200);
    EXPECT_EQ(echo.body, sent);
    EXPECT_EQ(post("/ingest", sent).status, 200);  // a repeat counts once
    EXPECT_EQ(post("/ingest", "{\"event_id\":").status, 400);
    const auto method = ask(client(), "GET", "/ingest");
    EXPECT_EQ(method.status, 405);
    EXPECT_EQ(method.headers.at("allow"), "POST, OPTIONS");
    EXPECT_EQ(ask(client(), "PUT", "/ingest", sent).status, 405);
    EXPECT_EQ(ask(client(), "DELETE", "/ingest").status, 405);

    const std::string_view answer = R"({"user_id":"u7","page_url":"/d","count":1})";
    const auto by_body =
        ask_until([&] { return ask(client(), "GET", "/analytics/events", R"({"user_id":"u7","page_url":"/d"})"); },
                  [&](const auto& a) { return a.body == answer; });
    EXPECT_EQ(by_body.status, 200);
    EXPECT_EQ(by_body.body, answer);
    expect_body("/analytics/events?user_id=u7&page_url=%2Fd", answer);
    EXPECT_EQ(get("/analytics/events?user_id=u7&page_url=/other").status, 404);
    for (const std::string bad : {"{", "[]", R"({"user_id":"u7"})", R"({"user_id":"u7","page_url":5})", "\"x\""}) {
        EXPECT_EQ(ask(client(), "GET", "/analytics/events", bad).status, 400) << bad;
    }
    EXPECT_THAT(get("/analytics/events?user_id=u7").body, HasSubstr(R"("field":"page_url")"));
}

TEST_F(WireTest, FormAGetsTheStoredEventWithItsNumber) {
    const auto stored =
        post("/api/v1/events", R"({"eventId":"a1","eventType":"login","userId":"u1","properties":{"k":"v"}})");
    EXPECT_EQ(stored.status, 200);
    EXPECT_EQ(stored.body, R"({"id":1,"eventId":"a1","eventType":"login","userId":"u1","properties":{"k":"v"},)"
                           R"("occurredAt":"2026-01-31T12:00:30Z","receivedAt":"2026-01-31T12:00:30Z"})");
    EXPECT_THAT(post("/api/v1/events", R"({"eventId":"a1","eventType":"login","userId":"u1"})").body,
                StartsWith(R"({"id":1,)"));
    EXPECT_EQ(
        post("/api/v1/events", R"([{"eventId":"a1","eventType":"login"},{"eventId":"a2","eventType":"login"}])").body,
        R"({"status":"accepted","accepted":1,"duplicates":1})");
    const auto health = get("/api/v1/health");
    EXPECT_EQ(health.status, 200);
    EXPECT_EQ(health.body, R"({"status":"UP"})");
}

TEST_F(WireTest, FormEAsksForTheMinutesOfStreams) {
    EXPECT_EQ(get("/health").body, R"({"ok":true})");
    EXPECT_EQ(get("/metrics").body, R"({"latest_window_start":null,"rows":[]})");
    EXPECT_EQ(get("/metrics/latest").body, R"({"rows":[]})");
    const auto event = [](int number, std::string_view time, std::string_view type, std::string_view stream,
                          std::string_view more = "") {
        return R"({"event_id":"e)" + std::to_string(number) + R"(","ts":"2026-01-31T)" + std::string(time) +
               R"(Z","event_type":")" + std::string(type) + R"(","stream_id":")" + std::string(stream) +
               R"(","user_id":"u1")" + std::string(more) + "}";
    };
    std::string body;
    for (const std::string& line :
         {event(1, "11:58:00", "viewer_join", "s1"), event(2, "11:58:10", "viewer_join", "s1"),
          event(3, "11:59:00", "viewer_leave", "s1"), event(4, "11:59:01", "chat_message", "s1", R"(,"message_len":5)"),
          event(5, "11:59:02", "donation", "s1", R"(,"amount_usd":10.1)"),
          event(6, "11:59:03", "donation", "s1", R"(,"amount_usd":0.2)"), event(7, "11:59:30", "viewer_join", "s2"),
          event(8, "11:59:31", "donation", "s2", R"(,"amount":"5")")}) {
        body += line + "\n";
    }
    EXPECT_EQ(post("/events", body).body, R"({"status":"accepted","accepted":8,"duplicates":0})");
    EXPECT_EQ(post("/events", body).body, R"({"status":"accepted","accepted":0,"duplicates":8})");

    const std::string s1 = R"({"window_start":"2026-01-31T11:59:00Z","stream_id":"s1","active_viewers":1,)"
                           R"("chat_messages":1,"donations_usd":10.30})";
    const std::string s2 = R"({"window_start":"2026-01-31T11:59:00Z","stream_id":"s2","active_viewers":1,)"
                           R"("chat_messages":0,"donations_usd":5.00})";
    const std::string before = R"({"window_start":"2026-01-31T11:58:00Z","stream_id":"s1","active_viewers":2,)"
                               R"("chat_messages":0,"donations_usd":0.00})";
    expect_body("/metrics?minutes=10&limit=5",
                R"({"latest_window_start":"2026-01-31T11:59:00Z","rows":[)" + s1 + "," + s2 + "," + before + "]}");
    expect_body("/metrics?minutes=10&limit=1", R"({"latest_window_start":"2026-01-31T11:59:00Z","rows":[)" + s1 + "]}");
    expect_body("/metrics/latest", R"({"rows":[)" + s1 + "," + s2 + "]}");
    const auto top = [&](std::string_view target) { return get(target).body; };
    EXPECT_THAT(top("/streams/top?minutes=10&by=donations_usd&n=1"), HasSubstr(R"("stream_id":"s1")"));
    EXPECT_THAT(top("/streams/top?minutes=10&by=donations_usd&n=1"), Not(HasSubstr(R"("stream_id":"s2")")));
    EXPECT_EQ(top("/streams/top?minutes=10&by=chat_messages&limit=1"), top("/streams/top?by=chat_messages&n=1"));
    EXPECT_THAT(get("/streams/top?by=loudness").body, HasSubstr(R"("field":"by")"));
}

TEST_F(WireTest, BadInputNamesFieldAndOffsetAndHurtsNoNeighbour) {
    const auto bad = post("/events", R"({"user_id":"u1"})");
    EXPECT_EQ(bad.status, 400);
    EXPECT_EQ(bad.headers.at("content-type"), "application/problem+json");
    EXPECT_THAT(bad.body, HasSubstr(R"("field":"event_type","offset":)"));
    const auto some =
        post("/events", R"([{"event_type":"a","event_id":"n1"},{"event_type":7},{"event_type":"b","event_id":"n2"}])");
    EXPECT_EQ(some.status, 207);
    EXPECT_THAT(some.body,
                StartsWith(R"({"status":"accepted","accepted":2,"duplicates":0,"rejected":[{"index":1,"error":")"));
    EXPECT_EQ(post("/events", "").status, 400);
    EXPECT_EQ(post("/events", "{}", {{"Content-Encoding", "br"}}).status, 415);
    EXPECT_EQ(post("/events", std::string(8 * 1024 * 1024 + 1, ' ')).status, 413);
    for (const std::string_view target :
         {"/metrics/active_users?minutes=0", "/metrics/active_users?minutes=61", "/metrics/active_users?minutes=x",
          "/metrics/top_pages?limit=0", "/metrics/top_pages?limit=1001", "/metrics?minutes=-1", "/streams/top?n=0",
          "/metrics/active_sessions", "/metrics/active_sessions?user_id=%FF", "/api/v1/live?topic=gossip"}) {
        const auto answer = get(target);
        EXPECT_EQ(answer.status, 400) << target;
        EXPECT_THAT(answer.body, HasSubstr(R"("field":")")) << target;
    }
    EXPECT_EQ(get("/nowhere").status, 404);
}

TEST_F(WireTest, LimitsOfIngestionHoldAtExactlyTheirNumber) {
    const std::string event = R"({"event_type":"click","event_id":"limit"})";
    EXPECT_EQ(post("/events", event + std::string(limits::kIngestBodyBytes - event.size(), ' ')).status, 202);
    EXPECT_EQ(post("/events", event + std::string(limits::kIngestBodyBytes - event.size() + 1, ' ')).status, 413);
    const auto several = [](std::size_t count) {
        std::string body = "[";
        for (std::size_t i = 0; i < count; ++i) body += R"({"event_type":"e"},)";
        body.back() = ']';
        return body;
    };
    EXPECT_EQ(post("/events", several(limits::kEventsPerRequest)).body,
              R"({"status":"accepted","accepted":10000,"duplicates":0})");
    EXPECT_EQ(post("/events", several(limits::kEventsPerRequest + 1)).status, 413);
    EXPECT_EQ(ask(client(), "GET", "/metrics/active_users", "a body").status, 413);
}

TEST_F(WireTest, TheExpositionHasTheSeriesThatDashboardsRead) {
    post("/events", R"([{"event_type":"viewer_join","stream_id":"s","event_id":"1"},{"x":1},)"
                    R"({"event_type":"donation","stream_id":"s","amount_usd":3,"event_id":"2"}])");
    post("/events", R"({"event_type":"viewer_join","stream_id":"s","event_id":"1"})");
    const auto scrape =
        ask_until([&] { return get("/prometheus"); },
                  [](const auto& answer) {
                      return answer.body.find("\nstreamgauge_events_aggregated_total 2\n") != std::string::npos &&
                             answer.body.find("\napi_stream_metrics_rows_recent 1\n") != std::string::npos;
                  });
    EXPECT_EQ(scrape.status, 200);
    EXPECT_EQ(scrape.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    for (const std::string_view line :
         {"rtap_rate_limited_total 0", "rtap_events_raw_count 2", "rtap_etl_last_run_ok 1", "api_db_ok 1",
          "api_stream_metrics_rows_recent 1", "api_donation_rows_recent 1", "api_latest_window_age_seconds 30",
          R"(streamgauge_events_total{outcome="accepted"} 2)", R"(streamgauge_events_total{outcome="duplicate"} 1)",
          R"(streamgauge_events_total{outcome="invalid"} 1)", "streamgauge_events_decoded_total 4",
          "streamgauge_events_in_flight 0", "streamgauge_ledger_difference 0", "streamgauge_consumer_lag_events 0",
          "streamgauge_journal_pending_events 0", R"(streamgauge_build_info{version=")" STREAMGAUGE_VERSION R"("} 1)",
          R"(http_server_requests_seconds_count{uri="/events",method="POST",status="207"} 1)",
          R"(api_http_requests_total{method="POST",path="/events",status="202"} 1)",
          R"(api_http_request_duration_seconds_count{method="POST",path="/events"} 2)"}) {
        EXPECT_THAT(scrape.body, HasSubstr("\n" + std::string(line) + "\n"));
    }
    EXPECT_THAT(scrape.body, HasSubstr("\nstreamgauge_resident_memory_bytes "));
    EXPECT_THAT(get("/actuator/prometheus").body, HasSubstr("\nrtap_events_raw_count 2\n"));
    const Headers prometheus{
        {"Accept", "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3"}};
    EXPECT_THAT(get("/metrics", prometheus).body, HasSubstr("\nrtap_events_raw_count 2\n"));
    EXPECT_THAT(get("/metrics", {{"Accept", "text/plain"}}).body, StartsWith(R"({"latest_window_start")"));
    EXPECT_THAT(get("/metrics", {{"Accept", "*/*"}}).body, StartsWith(R"({"latest_window_start")"));
}

TEST_F(WireTest, LiveTopicsStartWithASnapshot) {
    post("/events", R"({"event_type":"click","event_id":"l1","user_id":"u"})");
    const auto overview = client().read_stream_until("/api/v1/live?topic=overview", "\n\n");
    ASSERT_TRUE(overview.ok()) << overview.error().describe();
    EXPECT_THAT(overview->headers.at("content-type"), StartsWith("text/event-stream"));
    const std::string& text = overview->body;
    const auto field = [&text](std::string_view name) {
        const std::size_t at = text.find(std::string(name) + ": ");
        return at == std::string::npos ? std::string()
                                       : text.substr(at + name.size() + 2, text.find('\n', at) - at - name.size() - 2);
    };
    const auto message = api::from_sse(api::Topic::Overview, field("id"), field("event"), field("data"));
    ASSERT_TRUE(message.ok()) << message.error().describe() << "\n" << text;
    EXPECT_TRUE(message->snapshot);
    EXPECT_EQ(message->epoch, backend_->services().admin.hello().epoch);

    const auto tail = client().read_stream_until("/api/v1/live?topic=events", R"("event_id":"l1")");
    ASSERT_TRUE(tail.ok()) << tail.error().describe();
    const auto filtered = client().read_stream_until("/api/v1/live?topic=events&event_type=other", "\n\n");
    ASSERT_TRUE(filtered.ok());
    EXPECT_THAT(filtered->body, HasSubstr(R"({"events":[],"skipped":0})"));
    EXPECT_TRUE(client().read_stream_until("/api/v1/live?topic=load", R"("state":"idle")").ok());
}

TEST_F(WireTest, TheOperatorsListenerHasMoreRowsAndSaysSo) {
    const auto hello = api::decode_hello(get("/api/v1/hello").body);
    const auto operator_hello = api::decode_hello(ask(operator_client(), "GET", "/api/v1/hello").body);
    ASSERT_TRUE(hello.ok() && operator_hello.ok());
    EXPECT_EQ(hello->version, STREAMGAUGE_VERSION);
    EXPECT_EQ(hello->epoch, operator_hello->epoch);
    EXPECT_THAT(hello->features, Not(::testing::Contains("load")));
    EXPECT_EQ(operator_hello->features, backend_->services().admin.hello().features);

    EXPECT_EQ(get("/api/v1/load/status").status, 404);
    const auto status =
        api::decode_load_status(ask(operator_client(), "GET", "/api/v1/load/status", {}, as_admin()).body);
    ASSERT_TRUE(status.ok()) << status.error().describe();
    EXPECT_EQ(status->state, api::LoadState::Idle);
    EXPECT_EQ(post("/api/v1/load/runs", "{}").status, 404);
    const auto plan = ask(operator_client(), "POST", "/api/v1/load/runs", "{}", as_admin());
    EXPECT_EQ(plan.status, 400);
    EXPECT_THAT(plan.body, HasSubstr(R"("field":"url")"));

    EXPECT_EQ(get("/").status, 405);
    const auto index = ask(operator_client(), "GET", "/");
    EXPECT_EQ(index.status, 200);
    EXPECT_EQ(index.headers.at("content-type"), "text/html; charset=utf-8");
    EXPECT_THAT(index.body, HasSubstr("/metrics/top_pages"));
    EXPECT_EQ(ask(operator_client(), "POST", "/events", R"({"event_type":"click"})").status, 202);
    EXPECT_EQ(
        ask(operator_client(), "GET", "/api/v1/health/details").body,
        R"({"up":true,"components":[{"name":"journal","up":true,"detail":""},{"name":"store","up":true,"detail":""},)"
        R"({"name":"disk","up":true,"detail":""}]})");
}

TEST_F(WireTest, ARestartKeepsEveryAnswer) {
    post("/events", R"([{"event_type":"page_view","event_id":"r1","user_id":"u1","session_id":"s1","page_url":"/p"},)"
                    R"({"event_type":"viewer_join","event_id":"r2","user_id":"u2","stream_id":"st"},)"
                    R"({"event_type":"donation","event_id":"r3","user_id":"u2","stream_id":"st","amount_usd":1.25}])");
    const std::vector<std::string> questions = {"/metrics/active_users?minutes=60",
                                                "/metrics/top_pages?minutes=60",
                                                "/metrics/active_sessions?user_id=u1",
                                                "/analytics/events?user_id=u1&page_url=/p",
                                                "/metrics?minutes=60",
                                                "/metrics/latest",
                                                "/streams/top"};
    expect_body("/metrics/active_users?minutes=60", R"({"active_users":2})");
    std::vector<std::string> before;
    for (const auto& question : questions) before.push_back(get(question).body);
    restart();
    for (std::size_t i = 0; i < questions.size(); ++i) EXPECT_EQ(get(questions[i]).body, before[i]) << questions[i];
    EXPECT_EQ(
        post("/events", R"([{"event_type":"page_view","event_id":"r1"},{"event_type":"page_view","event_id":"r4"}])")
            .body,
        R"({"status":"accepted","accepted":1,"duplicates":1})");
}

TEST_F(WireTest, ASecondBackendOnTheSameDirectoryIsRefused) {
    const auto second = Backend::start(config(), clock_);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, ErrorCode::Conflict);
}

TEST_F(WireTest, StoppingIsIdempotentAndServicesAnswerUnavailableAfterwards) {
    backend_->stop();
    backend_->stop();
    bool answered = false;
    backend_->services().query.active_users({}, 5, [&](Result<api::ActiveUsers> result) {
        answered = true;
        EXPECT_EQ(result.error().code, ErrorCode::Unavailable);
    });
    EXPECT_TRUE(answered);
    EXPECT_FALSE(backend_->services().admin.health().up);
}

// The generator stamps events with the real time.
class LoadRunTest : public ServedBackend {
protected:
    const Clock& clock() const override { return system_clock_; }
    SystemClock system_clock_;
};

TEST_F(LoadRunTest, IsStartedAndWatchedAndItsEventsArriveOnce) {
    EXPECT_THAT(backend_->services().admin.hello().features, ::testing::Contains("load"));
    api::LoadPlan plan;
    plan.url = "http://" + http::to_string(backend_->listening().front()) + "/events";
    plan.rate = 200;
    plan.duration_seconds = 1;
    const auto started = ask(operator_client(), "POST", "/api/v1/load/runs", api::encode(plan), as_admin());
    EXPECT_EQ(started.status, 202) << started.body;
    EXPECT_EQ(ask(operator_client(), "POST", "/api/v1/load/runs", api::encode(plan), as_admin()).status, 409);
    const auto status = [&] {
        return api::decode_load_status(ask(operator_client(), "GET", "/api/v1/load/status", {}, as_admin()).body);
    };
    const auto done = ask_until(status, [](const auto& s) { return s.ok() && s->state == api::LoadState::Done; });
    ASSERT_TRUE(done.ok()) << done.error().describe();
    EXPECT_EQ(done->state, api::LoadState::Done) << done->error;
    EXPECT_EQ(done->planned, 200u);
    EXPECT_EQ(done->sent, 200u);
    EXPECT_EQ(done->failed, 0u);
    const auto live = client().read_stream_until("/api/v1/live?topic=load", R"("state":"done")");
    EXPECT_TRUE(live.ok()) << live.error().describe();
    const auto scrape =
        ask_until([&] { return get("/prometheus").body; },
                  [](const std::string& text) {
                      return text.find("\nstreamgauge_events_aggregated_total 200\n") != std::string::npos;
                  });
    EXPECT_THAT(scrape, HasSubstr("\nrtap_events_raw_count 200\n"));
    EXPECT_THAT(scrape, HasSubstr("\nstreamgauge_ledger_difference 0\n"));
    EXPECT_EQ(ask(operator_client(), "POST", "/api/v1/load/stop", {}, as_admin()).status, 200);
}

class TwoListenersTest : public ServedBackend {
protected:
    Config config() const override {
        Config config = ServedBackend::config();
        config.listen = {"127.0.0.1:0", "127.0.0.1:0"};
        config.management = "off";
        return config;
    }
};

TEST_F(TwoListenersTest, BothServeTheSameAndManagementCanBeOff) {
    ASSERT_NE(backend_->listening()[0].port, backend_->listening()[1].port);
    for (const http::Endpoint& endpoint : backend_->listening()) {
        EXPECT_EQ(ask(daemon::HttpClient(endpoint), "GET", "/health").body, R"({"ok":true})");
    }
    EXPECT_FALSE(backend_->management().has_value());
}

}  // namespace
}  // namespace streamgauge::test

// The management listener runs on Qt's event loop, which needs an application object.
int main(int argc, char** argv) {
    QCoreApplication application(argc, argv);
    ::testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
