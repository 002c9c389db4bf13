// SPDX-License-Identifier: GPL-3.0-or-later
// The JSON of the console's wire: literal texts both ways, round trips, and faults that name their place.
#include "api/codec.h"

#include <gtest/gtest.h>

#include <limits>

#include "api/load_refusal.h"

namespace streamgauge::api {
namespace {

Timestamp at(std::string_view text) {
    return parse_rfc3339(text).value();
}

Overview some_overview() {
    Overview overview;
    overview.as_of = at("2026-01-31T12:00:05.250Z");
    overview.watermark = at("2026-01-31T12:00:04Z");
    overview.active_users = 12;
    overview.points = {{1769860804, {10, 1, 2, 3}, {16, 0.5, 1.25, 4}, 11, 0.125}};
    overview.top_pages = {{"/home", 7}, {"/käse \"x\"\n", 3}};
    overview.event_types = {{"click", 9}};
    overview.ledger = {13, 10, 1, 2, 8, 1, 1, -1};
    overview.server = {12.5, 20'000'000, 1'000'000'000'000, 3.75};
    overview.active_users_error = 0.0625;
    overview.canary = CanarySight{41.5, at("2026-01-31T12:00:01Z"), 2, "is not on disk"};
    overview.alert_changes = 7;
    return overview;
}

constexpr std::string_view kOverviewText =
    R"({"as_of":"2026-01-31T12:00:05.250Z","watermark":"2026-01-31T12:00:04Z","active_users":12,"active_users_error":0.0625,)"
    R"("points":[{"second":1769860804,"outcomes":{"accepted":10,"duplicate":1,"rejected":2,"limited":3},)"
    R"("ack":{"count":16,"p50_ms":0.5,"p95_ms":1.25,"p99_ms":4},"active_users":11,"lag_seconds":0.125}],)"
    R"("top_pages":[{"name":"/home","count":7},{"name":"/käse \"x\"\n","count":3}],)"
    R"("event_types":[{"name":"click","count":9}],)"
    R"("ledger":{"decoded":13,"accepted":10,"duplicate":1,"invalid":2,"aggregated":8,"too_late":1,"in_flight":1,)"
    R"("difference":-1},)"
    R"("server":{"cpu_percent":12.5,"resident_bytes":20000000,"disk_free_bytes":1000000000000,"uptime_seconds":3.75},)"
    R"("canary":{"visible_ms":41.5,"seen_at":"2026-01-31T12:00:01Z","missed":2,"fault":"is not on disk"},"alert_changes":7})";

EventTail some_tail() {
    return {{{42, "e-42", "click", "u1", "s1", "/p", R"({"a":1})", at("2026-01-31T12:00:00Z"),
              at("2026-01-31T12:00:00.000001Z")}},
            5};
}

constexpr std::string_view kTailText =
    R"({"events":[{"id":42,"event_id":"e-42","event_type":"click","user_id":"u1","session_id":"s1","page_url":"/p",)"
    R"("props":"{\"a\":1}","occurred_at":"2026-01-31T12:00:00Z","received_at":"2026-01-31T12:00:00.000001Z"}],)"
    R"("skipped":5})";

LoadPlan some_plan() {
    return {"http://127.0.0.1:8080/events", 1500.5, 30, Arrivals::Poisson, 7, 10, 64};
}

constexpr std::string_view kPlanText =
    R"({"url":"http://127.0.0.1:8080/events","rate":1500.5,"duration_seconds":30,"arrivals":"poisson","seed":7,)"
    R"("batch":10,"connections":64})";

LoadStatus some_status() {
    LoadStatus status;
    status.run_id = "r1";
    status.state = LoadState::Running;
    status.plan = some_plan();
    status.planned = 100;
    status.sent = 99;
    status.done = 90;
    status.failed = 2;
    status.unfinished = 7;
    status.p50_ms = 1;
    status.p95_ms = 2;
    status.p99_ms = 3;
    status.max_ms = 4.5;
    status.send_lag_p99_ms = 0.25;
    status.seconds = {{0, 100, 99, 88, 1, 1, 1.5, 1, 2, 3}};
    status.seconds[0].heat = {0, 3, 85};
    status.error = "";
    status.name = "checkout";
    status.elapsed_seconds = 12.5;
    status.planned_seconds = 30;
    status.rate = 1500;
    status.service = {1, 2, 3, 4};
    status.send_lag = {0.1, 0.2, 0.25, 1};
    status.errors = {{"status_429", 1}, {"timeout", 1}};
    status.thresholds = {{"p(95) < 300", true, 2}, {"freshness < 1000", true, {}}};
    status.objectives = {{"fast", "95 % within 300 ms", "latency", 0.95, 90, 100, false, -0.5, {}, {"page"}, 2}};
    return status;
}

const std::string kStatusText =
    R"({"run_id":"r1","state":"running","plan":)" + std::string(kPlanText) +
    R"(,"planned":100,"sent":99,"done":90,"failed":2,"unfinished":7,"p50_ms":1,"p95_ms":2,"p99_ms":3,"max_ms":4.5,)"
    R"("send_lag_p99_ms":0.25,"seconds":[{"second":0,"planned":100,"sent":99,"ok":88,"limited":1,"other":1,)"
    R"("avg_ms":1.5,"p50_ms":1,"p95_ms":2,"p99_ms":3,"heat":[0,3,85]}],"error":"","name":"checkout",)"
    R"("elapsed_seconds":12.5,"planned_seconds":30,"rate":1500,"paused":false,)"
    R"("service":{"p50_ms":1,"p95_ms":2,"p99_ms":3,"max_ms":4},)"
    R"("send_lag":{"p50_ms":0.1,"p95_ms":0.2,"p99_ms":0.25,"max_ms":1},)"
    R"("errors":[{"name":"status_429","count":1},{"name":"timeout","count":1}],)"
    R"("thresholds":[{"text":"p(95) < 300","passed":true,"measured":2},)"
    R"({"text":"freshness < 1000","passed":true,"measured":null}],"capacity":null,)"
    R"("objectives":[{"name":"fast","promise":"95 % within 300 ms","kind":"latency","target":0.95,"good":90,"total":100,"held":false,"left":-0.5,"burn_rate":null,)"
    R"("firing":["page"],"fired":2}],"end_to_end":null,"replay":null})";

TEST(CodecTest, EveryTypeHasItsLiteralTextAndReadsItBack) {
    const Hello hello{"streamgauge", "0.1.0", 1, 18446744073709551615ULL, {"live", "events"}};
    EXPECT_EQ(encode(hello),
              R"({"product":"streamgauge","version":"0.1.0","api_version":1,"epoch":18446744073709551615,)"
              R"("features":["live","events"]})");
    EXPECT_EQ(decode_hello(encode(hello)).value(), hello);

    const Health health{true, {{"journal", true, ""}, {"store", false, "disk full"}}};
    EXPECT_EQ(encode(health), R"({"up":true,"components":[{"name":"journal","up":true,"detail":""},)"
                              R"({"name":"store","up":false,"detail":"disk full"}]})");
    EXPECT_EQ(decode_health(encode(health)).value(), health);

    EXPECT_EQ(encode(some_overview()), kOverviewText);
    EXPECT_EQ(decode_overview(kOverviewText).value(), some_overview());
    EXPECT_EQ(encode(some_tail()), kTailText);
    EXPECT_EQ(decode_event_tail(kTailText).value(), some_tail());
    EXPECT_EQ(encode(some_plan()), kPlanText);
    EXPECT_EQ(decode_load_plan(kPlanText).value(), some_plan());
    EXPECT_EQ(encode(some_status()), kStatusText);
    EXPECT_EQ(decode_load_status(kStatusText).value(), some_status());

    LoadStatus search = some_status();
    search.capacity = {{"found", 1000, 950, 1050, "p(99)<300", "commit", 175, {"p(99)<300"}, {}}};
    search.plan.arrivals = Arrivals::Replay;
    search.replay = {2.5, 10};
    search.end_to_end = {200, 190, 10, 1, 2, 50.5, 99.25, 20.5, 80};
    search.capacity->steps = {{1000, 998, 20, 3, 250, true, true, ""}, {1100, 900, 4, 9, 900, false, false, "queue"}};
    EXPECT_EQ(decode_load_status(encode(search)).value(), search);
    const CapacityAsk ask{"url: x", {"p(99)<300", "errors<1%"}, 50, 0, 175, "nobody on the wire"};
    const auto asked = decode_capacity_ask(encode(ask));
    EXPECT_EQ(asked->objectives, ask.objectives);
    EXPECT_EQ(asked->scenario, ask.scenario);
    EXPECT_EQ(asked->by, "") << "who asks is the server's to say";
    StoredLoadRuns kept;
    kept.runs.push_back({"r1", "checkout", "http://a/", {}, "done", "valid", true, "ada", 30, 42, 9, 8, 1, 1, 2, 3});
    EXPECT_EQ(decode_load_runs(encode(kept))->runs, kept.runs);
}

TEST(CodecTest, ARefusalOfARunIsALineAndBack) {
    Error error = Error::make(ErrorCode::Forbidden, "too \"fast\"\n");
    error.field = "replay.speed";
    error.hint = "slower";
    const std::string line = encode_load_refusal(error);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const std::optional<Error> again = decode_load_refusal(line);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->code, ErrorCode::Forbidden);
    EXPECT_EQ(again->message, error.message);
    EXPECT_EQ(again->field, "replay.speed");
    EXPECT_EQ(again->hint, "slower");
    EXPECT_EQ(decode_load_refusal(R"({"refused":{"error":"surprising"}})")->code, ErrorCode::Internal);
    for (const std::string& other : {kStatusText, std::string(R"({"refused":7})"), std::string(R"({"refused":{)")})
        EXPECT_FALSE(decode_load_refusal(other).has_value()) << other;
}

TEST(CodecTest, EmptyValuesRoundTrip) {
    EXPECT_EQ(decode_hello(encode(Hello{})).value(), Hello{});
    EXPECT_EQ(decode_health(encode(Health{})).value(), Health{});
    EXPECT_EQ(decode_overview(encode(Overview{})).value(), Overview{});
    EXPECT_EQ(decode_event_tail(encode(EventTail{})).value(), EventTail{});
    EXPECT_EQ(decode_load_plan(encode(LoadPlan{})).value(), LoadPlan{});
    EXPECT_EQ(decode_load_status(encode(LoadStatus{})).value(), LoadStatus{});
}

TEST(CodecTest, EveryLoadStateRoundTrips) {
    for (const LoadState state : {LoadState::Idle, LoadState::Starting, LoadState::Running, LoadState::Done,
                                  LoadState::Stopped, LoadState::Failed}) {
        LoadStatus status;
        status.state = state;
        EXPECT_EQ(decode_load_status(encode(status)).value().state, state);
    }
}

TEST(CodecTest, ValuesThatJsonCannotSayAreZeroAndBrokenUtf8IsReplaced) {
    Overview overview;
    overview.server.cpu_percent = std::numeric_limits<double>::quiet_NaN();
    overview.server.uptime_seconds = std::numeric_limits<double>::infinity();
    overview.top_pages = {
        {"a\xff"
         "b\xed\xa0\x80"
         "c\x01",
         1}};
    const auto back = decode_overview(encode(overview));
    ASSERT_TRUE(back.ok()) << back.error().describe();
    EXPECT_EQ(back->server.cpu_percent, 0);
    EXPECT_EQ(back->server.uptime_seconds, 0);
    EXPECT_EQ(back->top_pages[0].name,
              "a\xEF\xBF\xBD"
              "b\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
              "c\x01");
}

struct Fault {
    std::string text, replacement, field;
};

TEST(CodecTest, FaultsNameTheirPath) {
    const std::vector<Fault> faults = {
        {R"("as_of":"2026-01-31T12:00:05.250Z",)", "", "as_of"},
        {R"("as_of":"2026-01-31T12:00:05.250Z")", R"("as_of":"yesterday")", "as_of"},
        {R"("as_of":"2026-01-31T12:00:05.250Z")", R"("as_of":5)", "as_of"},
        {R"("watermark":"2026-01-31T12:00:04Z",)", "", "watermark"},
        {R"("active_users":12)", R"("active_users":-12)", "active_users"},
        {R"("active_users":12)", R"("active_users":1.5)", "active_users"},
        {R"("active_users":12)", R"("active_users":99999999999999999999)", "active_users"},
        {R"("duplicate":1,"rejected")", R"("duplicate":"1","rejected")", "points[0].outcomes.duplicate"},
        {R"("p95_ms":1.25)", R"("p95_ms":"fast")", "points[0].ack.p95_ms"},
        {R"("count":3)", R"("count":null)", "top_pages[1].count"},
        {R"([{"name":"click","count":9}])", "{}", "event_types"},
        {R"({"name":"click","count":9})", "7", "event_types[0]"},
    };
    for (const Fault& fault : faults) {
        std::string text(kOverviewText);
        const std::size_t where = text.find(fault.text);
        ASSERT_NE(where, std::string::npos) << fault.text;
        text.replace(where, fault.text.size(), fault.replacement);
        const auto decoded = decode_overview(text);
        ASSERT_FALSE(decoded.ok()) << text;
        EXPECT_EQ(decoded.error().code, ErrorCode::InvalidArgument);
        EXPECT_EQ(decoded.error().field, fault.field);
        EXPECT_NE(decoded.error().message.find(fault.field), std::string::npos) << decoded.error().message;
    }
}

TEST(CodecTest, UnknownWordsAndNumbersOutOfRangeAreRefused) {
    std::string text(kPlanText);
    text.replace(text.find("poisson"), 7, "bursty");
    EXPECT_EQ(decode_load_plan(text).error().field, "arrivals");
    EXPECT_EQ(decode_load_plan(text).error().message, "arrivals must be one of even, poisson, replay");
    text = kPlanText;
    text.replace(text.find("\"batch\":10"), 10, "\"batch\":4294967296");
    EXPECT_EQ(decode_load_plan(text).error().field, "batch");
}

TEST(CodecTest, TextThatIsNotJsonSaysWhere) {
    const auto broken = decode_load_plan(R"({"url":)");
    ASSERT_FALSE(broken.ok());
    EXPECT_EQ(broken.error().code, ErrorCode::InvalidArgument);
    ASSERT_TRUE(broken.error().offset.has_value());
    EXPECT_EQ(*broken.error().offset, 7u);
    EXPECT_FALSE(decode_load_plan("").ok());
    EXPECT_FALSE(decode_load_plan("[]").ok());
    EXPECT_FALSE(decode_load_plan("\"\\ud800\"").ok());
    EXPECT_FALSE(decode_load_plan(std::string(100'000, '[')).ok());
}

TEST(CodecTest, ServerSentEventsHaveTheirLiteralText) {
    LiveMessage message;
    message.topic = Topic::Events;
    message.epoch = 77;
    message.seq = 3;
    message.snapshot = true;
    message.events = std::make_shared<const EventTail>(some_tail());
    EXPECT_EQ(to_sse(message), "id: 77:3\nevent: snapshot\ndata: " + std::string(kTailText) + "\n\n");
    message.snapshot = false;
    EXPECT_EQ(to_sse(message), "id: 77:3\nevent: delta\ndata: " + std::string(kTailText) + "\n\n");

    const auto back = from_sse(Topic::Events, "77:3", "delta", kTailText);
    ASSERT_TRUE(back.ok()) << back.error().describe();
    EXPECT_EQ(back->epoch, 77u);
    EXPECT_EQ(back->seq, 3u);
    EXPECT_FALSE(back->snapshot);
    EXPECT_EQ(*back->events, some_tail());
    EXPECT_EQ(back->overview, nullptr);

    const auto overview = from_sse(Topic::Overview, "1:0", "snapshot", kOverviewText);
    ASSERT_TRUE(overview.ok());
    EXPECT_TRUE(overview->snapshot);
    EXPECT_EQ(*overview->overview, some_overview());
    const auto load = from_sse(Topic::Load, "1:0", "snapshot", kStatusText);
    ASSERT_TRUE(load.ok());
    EXPECT_EQ(*load->load, some_status());

    EXPECT_EQ(from_sse(Topic::Load, "1:0", "update", kStatusText).error().field, "event");
    for (const std::string_view id : {"", ":", "1", "1:", ":1", "1:x", "-1:2", "1:2 ", "99999999999999999999:1"}) {
        EXPECT_EQ(from_sse(Topic::Load, id, "delta", kStatusText).error().field, "id") << id;
    }
}

TEST(CodecTest, TopicsHaveNames) {
    for (const Topic topic : {Topic::Overview, Topic::Events, Topic::Load}) {
        EXPECT_EQ(topic_from(to_string(topic)), topic);
    }
    EXPECT_EQ(to_string(Topic::Overview), "overview");
    EXPECT_FALSE(topic_from("Overview").has_value());
}

TEST(Codec, TracesOfEvents) {
    EventTrace trace;
    trace.event_id = "e \"1\"";
    trace.verdict = TraceVerdict::Rejected;
    trace.summary = "s";
    TraceEvent event;
    event.id = 9;
    event.event_id = trace.event_id;
    event.received_at = event.occurred_at = at("2026-01-31T12:00:00Z");
    event.schema = TraceSchema::Broken;
    event.future = true;
    TraceWindow forever, minute;
    forever.metric = "page_clicks";
    minute.start = at("2026-01-31T12:00:00Z");
    minute.end = at("2026-01-31T12:01:00Z");
    minute.group = {{"page_url", "/p"}, {"user_id", ""}};
    minute.state = TraceWindowState::Expired;
    minute.late = TraceAnswer::Unknown;
    minute.exact = false;
    event.windows = {forever, minute};
    trace.events = {event};
    trace.letters = {{3, "shop", "open", at("2026-01-31T12:00:00Z"), "r", "f", "/events", "generic", 0, true}};
    trace.pipeline = {10, 9, 8, 1, 0.5, std::nullopt};
    trace.archive = {"", "none"};
    trace.hints = {"h"};
    trace.complete = false;
    EXPECT_EQ(decode_event_trace(encode(trace)).value(), trace);
    EXPECT_EQ(decode_event_trace(encode(EventTrace{})).value(), EventTrace{});
    EXPECT_EQ(encode(EventTrace{}),
              R"({"event_id":"","verdict":"unknown","summary":"","events":[],"letters":[],"pipeline":{"end":1,)"
              R"("aggregated":1,"committed":1,"lag_events":0,"lag_seconds":0,"watermark":null},)"
              R"("archive":{"object":"","reason":""},"looked_at":[],"hints":[],"complete":true})");
    EXPECT_EQ(decode_event_trace(R"({"event_id":"","verdict":"maybe"})").error().field, "verdict");
}

}  // namespace
}  // namespace streamgauge::api
