// SPDX-License-Identifier: GPL-3.0-or-later
// The table of answers: for each dialect and each case the exact status, headers and body, over a real engine.
#include "server/dialect_answers.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "event/media_type.h"
#include "server/door_fixture.h"

namespace streamgauge::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

using Headers = daemon::HttpClient::Headers;

// What a client of one path sends.
struct Sender {
    std::string name, path;
    Headers headers;
    std::string good, partly;  // partly: one good event and one bad, where the path takes several
};

const Sender kSegment{
    "segment",
    "/v1/batch",
    {{"Authorization", "Basic d2tfMTo="}},
    R"({"batch":[{"type":"track","event":"Bought","messageId":"s1","userId":"u1","timestamp":"2026-01-31T12:00:00Z"}]})",
    R"({"batch":[{"type":"track","event":"Bought","messageId":"s2","userId":"u1"},{"type":"track","messageId":"s3"}]})"};
const Sender kPostHog{
    "posthog",
    "/batch/",
    {},
    R"({"api_key":"phc_1","batch":[{"event":"bought","distinct_id":"u1","uuid":"0199a3f0-7d52-7b1c-9c3e-000000000001","properties":{}}]})",
    R"({"api_key":"phc_1","batch":[{"event":"bought","distinct_id":"u1","uuid":"0199a3f0-7d52-7b1c-9c3e-000000000002"},{"event":"bought","uuid":"0199a3f0-7d52-7b1c-9c3e-000000000003"}]})"};
const Sender kPostHogV1{
    "posthog_v1",
    "/i/v1/analytics/events",
    {{"Authorization", "Bearer phc_1"}, {"PostHog-Request-Id", "r-1"}},
    R"({"created_at":"2026-01-31T12:00:00Z","batch":[{"event":"bought","distinct_id":"u1","uuid":"0199a3f0-7d52-7b1c-9c3e-000000000004","timestamp":"2026-01-31T12:00:00Z","options":{},"properties":{}}]})",
    R"({"created_at":"2026-01-31T12:00:00Z","batch":[{"event":"bought","distinct_id":"u1","uuid":"0199a3f0-7d52-7b1c-9c3e-000000000005","timestamp":"2026-01-31T12:00:00Z"},{"event":"bought","uuid":"0199a3f0-7d52-7b1c-9c3e-000000000006","timestamp":"2026-01-31T12:00:00Z"}]})"};

const Sender kPlausible{"plausible",
                        "/api/event",
                        {},
                        R"({"n":"pageview","u":"https://shop.example/home","d":"shop.example","w":1280})",
                        ""};
const Sender kUmami{
    "umami",
    "/api/send",
    {{"User-Agent", "Mozilla/5.0"}},
    R"({"type":"event","payload":{"website":"50429a93-8479-4073-be80-d5d29c09c2ec","url":"/home","hostname":"shop.example"}})",
    R"([{"type":"event","payload":{"website":"50429a93-8479-4073-be80-d5d29c09c2ec","url":"/"}},{"type":"event","payload":{"url":"/"}}])"};
const std::string kOtlpGood =
    R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1769860800000000000","eventName":"bought","attributes":[{"key":"event.id","value":{"stringValue":"o1"}}]}]}]}]})";
const std::string kOtlpPartly =
    R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1769860800000000000","eventName":"bought"},{"timeUnixNano":"x","eventName":"bought"}]}]}]})";

class DialectAnswersTest : public DoorFixture {
protected:
    daemon::HttpAnswer send(const Sender& sender, const std::string& body) const {
        return post(sender.path, body, sender.headers);
    }
    static void expect_form(const daemon::HttpAnswer& answer, int status, std::string_view body) {
        EXPECT_EQ(answer.status, status);
        EXPECT_EQ(answer.body, body);
    }
    static std::string header(const daemon::HttpAnswer& answer, const std::string& name) {
        const auto found = answer.headers.find(name);
        return found == answer.headers.end() ? "(none)" : found->second;
    }
    void refuse(ErrorCode code, std::string message) { policy_.refused = Error::make(code, std::move(message)); }
    void limit(int retry_after_seconds) {
        policy_.allowance = 0;
        policy_.retry_after_seconds = retry_after_seconds;
    }
    void expect_nothing_stored() const { EXPECT_EQ(journal_.counters().decoded, 0u); }
};

// ---- Segment and RudderStack ----------------------------------------------------------------------------------------
TEST_F(DialectAnswersTest, SegmentStoredOrRepeated) {
    for (int time = 0; time < 2; ++time) {
        const auto answer = send(kSegment, kSegment.good);
        expect_form(answer, 200, R"({"success":true})");
        EXPECT_EQ(header(answer, "x-rejected"), "(none)");
        EXPECT_EQ(header(answer, "streamgauge-durability"), "committed");
    }
    EXPECT_EQ(journal_.counters().accepted, 1u);
    EXPECT_EQ(journal_.counters().duplicate, 1u);
}

TEST_F(DialectAnswersTest, SegmentSomeInvalid) {
    const auto answer = send(kSegment, kSegment.partly);
    expect_form(answer, 200, R"({"success":true})");
    EXPECT_EQ(header(answer, "x-rejected"), "1");
    EXPECT_EQ(journal_.counters().accepted, 1u);
    const auto letters = journal_.read_dead_letters(1, 10).value();
    ASSERT_EQ(letters.size(), 1u);
    EXPECT_EQ(letters[0].dialect, Dialect::Segment);
    EXPECT_EQ(letters[0].source, "/v1/batch");
}

TEST_F(DialectAnswersTest, SegmentNotJson) {
    const auto answer = send(kSegment, "{");
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, StartsWith(R"({"code":"invalid_argument","message":")"));
    EXPECT_EQ(journal_.counters().invalid, 1u);
    EXPECT_EQ(send(kSegment, "").status, 400);
}

TEST_F(DialectAnswersTest, SegmentBadKey) {
    refuse(ErrorCode::Unauthorized, "this write key is revoked");
    expect_form(send(kSegment, kSegment.good), 401, R"({"code":"unauthorized","message":"this write key is revoked"})");
    expect_nothing_stored();
}

TEST_F(DialectAnswersTest, SegmentTooLarge) {
    const auto answer = send(kSegment, std::string(limits::kIngestBodyBytes + 1, ' '));
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, StartsWith(R"({"code":"too_large","message":")"));
    expect_nothing_stored();
}

TEST_F(DialectAnswersTest, SegmentLimited) {
    limit(7);
    const auto answer = send(kSegment, kSegment.good);
    expect_form(answer, 429, R"({"code":"rate_limited","message":"too many events"})");
    EXPECT_EQ(header(answer, "retry-after"), "7");
    expect_nothing_stored();
}

TEST_F(DialectAnswersTest, SegmentOverload) {
    journal_.refuse(true);
    const auto answer = send(kSegment, kSegment.good);
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.body, StartsWith(R"({"code":"unavailable","message":")"));
    EXPECT_EQ(header(answer, "retry-after"), "1");
}

TEST_F(DialectAnswersTest, SegmentsSinglesOnEveryPath) {
    const std::vector<std::pair<std::string, std::string>> calls{
        {"track", R"("event":"Bought")"}, {"page", R"("name":"Home")"},   {"screen", R"("name":"Home")"},
        {"identify", R"("traits":{})"},   {"group", R"("groupId":"g1")"}, {"alias", R"("previousId":"old")"},
        {"t", R"("event":"Bought")"},     {"p", R"("name":"Home")"},      {"s", R"("name":"Home")"},
        {"i", R"("traits":{})"},          {"g", R"("groupId":"g1")"},     {"a", R"("previousId":"old")"}};
    int number = 0;
    for (const auto& [path, member] : calls) {
        for (const std::string& prefix : {std::string("/v1/"), std::string("/")}) {
            for (const std::string& slash : {std::string(), std::string("/")}) {
                const std::string body = R"({"messageId":"m)" + std::to_string(number++) +
                                         R"(","userId":"u1","writeKey":"wk_1",)" + member + "}";
                const auto answer = post(prefix + path + slash, body, {{"Content-Type", "text/plain"}});
                expect_form(answer, 200, R"({"success":true})");
                EXPECT_EQ(header(answer, "x-rejected"), "(none)") << prefix << path << slash;
            }
        }
    }
    EXPECT_EQ(journal_.counters().accepted, static_cast<std::uint64_t>(number));
    expect_form(post("/v1/import", kSegment.good, kSegment.headers), 200, R"({"success":true})");
}

// ---- PostHog --------------------------------------------------------------------------------------------------------
TEST_F(DialectAnswersTest, PostHogStoredOrRepeated) {
    for (int time = 0; time < 2; ++time) {
        const auto answer = send(kPostHog, kPostHog.good);
        expect_form(answer, 200, R"({"status":1})");
        EXPECT_EQ(header(answer, "streamgauge-durability"), "committed");
    }
    EXPECT_EQ(journal_.counters().accepted, 1u);
    EXPECT_EQ(journal_.counters().duplicate, 1u);
    EXPECT_THAT(policy_.keys, ::testing::Each("phc_1"));
    const auto quiet = post("/batch/?beacon=1", kPostHog.good);
    expect_form(quiet, 204, "");
}

TEST_F(DialectAnswersTest, PostHogOnEveryPath) {
    int number = 0;
    for (const std::string path :
         {"/i/v0/e/", "/i/v0/e", "/e/", "/e", "/capture/", "/capture", "/track/", "/engage/"}) {
        const std::string body = R"({"api_key":"phc_1","event":"bought","distinct_id":"u1",)"
                                 R"("uuid":"0199a3f0-7d52-7b1c-9c3e-00000000010)" +
                                 std::to_string(number++) + R"("})";
        const auto answer = post(path, body, {{"Content-Type", "text/plain"}});
        expect_form(answer, 200, R"({"status":1})");
        EXPECT_EQ(header(answer, "x-rejected"), "(none)") << path;
    }
    EXPECT_EQ(journal_.counters().accepted, static_cast<std::uint64_t>(number));
}

TEST_F(DialectAnswersTest, PostHogSomeInvalid) {
    const auto answer = send(kPostHog, kPostHog.partly);
    expect_form(answer, 200, R"({"status":1})");
    EXPECT_EQ(header(answer, "x-rejected"), "1");
    EXPECT_EQ(journal_.read_dead_letters(1, 10).value().at(0).dialect, Dialect::PostHog);
}

TEST_F(DialectAnswersTest, PostHogNotJson) {
    const auto answer = post("/i/v0/e/", "{");
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, StartsWith(R"({"code":"invalid_argument","detail":")"));
    EXPECT_EQ(journal_.counters().invalid, 1u);
}

TEST_F(DialectAnswersTest, PostHogBadKey) {
    refuse(ErrorCode::Unauthorized, "this key is revoked");
    expect_form(send(kPostHog, kPostHog.good), 401, R"({"code":"unauthorized","detail":"this key is revoked"})");
    expect_nothing_stored();
}

TEST_F(DialectAnswersTest, PostHogTooLarge) {
    const auto answer = post("/i/v0/e/", std::string(limits::kIngestBodyBytes + 1, ' '));
    EXPECT_EQ(answer.status, 413);
    EXPECT_THAT(answer.body, StartsWith(R"({"code":"too_large","detail":")"));
}

TEST_F(DialectAnswersTest, PostHogLimitedForAsLongAsItsRetriesLast) {
    limit(8);
    const auto answer = send(kPostHog, kPostHog.good);
    expect_form(answer, 429, R"({"code":"rate_limited","detail":"too many events"})");
    EXPECT_EQ(header(answer, "retry-after"), "8");
    limit(9);
    EXPECT_EQ(send(kPostHog, kPostHog.good).status, 0);
    expect_nothing_stored();
}

TEST_F(DialectAnswersTest, PostHogOverloadClosesTheConnection) {
    journal_.refuse(true);
    EXPECT_EQ(send(kPostHog, kPostHog.good).status, 0);
    EXPECT_EQ(post("/i/v0/e/", kPostHog.good).status, 0);
    journal_.refuse(false);
    journal_.fail_commits(1);
    EXPECT_EQ(send(kPostHog, kPostHog.good).status, 0);
    EXPECT_EQ(send(kPostHog, kPostHog.good).status, 200);
    EXPECT_EQ(journal_.counters().accepted, 1u);
}

// ---- PostHog's capture v1 -------------------------------------------------------------------------------------------
TEST_F(DialectAnswersTest, PostHogV1StoredOrRepeated) {
    for (int time = 0; time < 2; ++time) {
        const auto answer = send(kPostHogV1, kPostHogV1.good);
        expect_form(answer, 200,
                    R"({"results":{"0199a3f0-7d52-7b1c-9c3e-000000000004":{"result":"ok","details":""}}})");
        EXPECT_EQ(header(answer, "posthog-request-id"), "r-1");
        EXPECT_EQ(header(answer, "retry-after"), "(none)");
        EXPECT_EQ(header(answer, "streamgauge-durability"), "committed");
    }
    EXPECT_EQ(journal_.counters().duplicate, 1u);
}

TEST_F(DialectAnswersTest, PostHogV1SomeInvalid) {
    const auto answer = send(kPostHogV1, kPostHogV1.partly);
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body,
                StartsWith(R"({"results":{"0199a3f0-7d52-7b1c-9c3e-000000000005":{"result":"ok","details":""},)"
                           R"("0199a3f0-7d52-7b1c-9c3e-000000000006":{"result":"drop","details":")"));
    EXPECT_EQ(header(answer, "retry-after"), "(none)");
    EXPECT_EQ(header(answer, "x-rejected"), "1");
}

TEST_F(DialectAnswersTest, PostHogV1Refusals) {
    const auto not_json = send(kPostHogV1, "{");
    EXPECT_EQ(not_json.status, 400);
    EXPECT_EQ(header(not_json, "retry-after"), "(none)");
    EXPECT_EQ(header(not_json, "posthog-request-id"), "r-1");
    EXPECT_EQ(send(kPostHogV1, std::string(limits::kIngestBodyBytes + 1, ' ')).status, 413);

    refuse(ErrorCode::Unauthorized, "this key is revoked");
    expect_form(send(kPostHogV1, kPostHogV1.good), 401, R"({"code":"unauthorized","detail":"this key is revoked"})");
    policy_.refused.reset();

    limit(120);  // its clients give up on a 429, and wait for 30 s at most
    const auto limited = send(kPostHogV1, kPostHogV1.good);
    expect_form(limited, 503, R"({"code":"rate_limited","detail":"too many events"})");
    EXPECT_EQ(header(limited, "retry-after"), "30");
    policy_.allowance = 10;

    journal_.refuse(true);
    const auto overload = send(kPostHogV1, kPostHogV1.good);
    EXPECT_EQ(overload.status, 503);
    EXPECT_EQ(header(overload, "retry-after"), "1");
    EXPECT_EQ(journal_.counters().accepted, 0u);
}

// ---- paths that Segment and PostHog share ---------------------------------------------------------------------------
TEST_F(DialectAnswersTest, SharedPathsChooseByTheBody) {
    expect_form(post("/batch", kSegment.good, kSegment.headers), 200, R"({"success":true})");
    expect_form(post("/batch", kPostHog.good), 200, R"({"status":1})");
    const auto nobodys = post("/batch", R"({"batch":[{"type":"track","event":"Bought","userId":"u1"}]})");
    EXPECT_EQ(nobodys.status, 400);
    EXPECT_THAT(nobodys.body, HasSubstr(R"("code":"invalid_argument","message":"the body does not say whose it is)"));
    EXPECT_THAT(nobodys.body, HasSubstr(R"("detail":"the body does not say whose it is)"));
    EXPECT_EQ(journal_.counters().invalid, 1u);
    const auto large = post("/batch", std::string(limits::kIngestBodyBytes + 1, ' '));
    EXPECT_EQ(large.status, 413);
    EXPECT_THAT(large.body, HasSubstr(R"("code":"too_large")"));
}

// ---- Plausible ------------------------------------------------------------------------------------------------------
TEST_F(DialectAnswersTest, PlausibleStored) {
    const auto answer = send(kPlausible, kPlausible.good);
    expect_form(answer, 202, "ok");
    EXPECT_EQ(header(answer, "x-plausible-dropped"), "(none)");
    EXPECT_EQ(header(answer, "streamgauge-durability"), "committed");
    EXPECT_THAT(policy_.keys, ::testing::ElementsAre("shop.example"));
    EXPECT_EQ(journal_.counters().accepted, 1u);
    // For each site one.
    expect_form(post("/api/event/", R"({"n":"pageview","u":"https://a.example/","d":"a.example,b.example"})"), 202,
                "ok");
    EXPECT_EQ(journal_.counters().accepted, 3u);
}

TEST_F(DialectAnswersTest, PlausibleRefusals) {
    const auto invalid = post("/api/event", R"({"n":"pageview","u":"https://shop.example/"})");
    EXPECT_EQ(invalid.status, 400);
    EXPECT_THAT(invalid.body, StartsWith(R"({"errors":{")"));
    EXPECT_EQ(journal_.counters().invalid, 1u);
    EXPECT_THAT(post("/api/event", "{").body, StartsWith(R"({"errors":{"request":[")"));
    EXPECT_EQ(post("/api/event", std::string(limits::kIngestBodyBytes + 1, ' ')).status, 413);

    refuse(ErrorCode::Unauthorized, "nobody has this site");
    const auto dropped = send(kPlausible, kPlausible.good);
    expect_form(dropped, 202, "ok");
    EXPECT_EQ(header(dropped, "x-plausible-dropped"), "1");
    EXPECT_EQ(header(dropped, "streamgauge-durability"), "(none)");
    policy_.refused.reset();

    limit(7);
    const auto limited = send(kPlausible, kPlausible.good);
    expect_form(limited, 429, R"({"errors":{"request":["too many events"]}})");
    EXPECT_EQ(header(limited, "retry-after"), "7");
    policy_.allowance = 10;
    journal_.refuse(true);
    const auto overload = send(kPlausible, kPlausible.good);
    EXPECT_EQ(overload.status, 503);
    EXPECT_EQ(header(overload, "retry-after"), "1");
    EXPECT_EQ(journal_.counters().accepted, 0u);
}

// ---- Umami ----------------------------------------------------------------------------------------------------------
TEST_F(DialectAnswersTest, UmamiStored) {
    const auto answer = send(kUmami, kUmami.good);
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body, ::testing::MatchesRegex(
                                 R"(\{"cache":"[0-9a-f.-]+","sessionId":"[0-9a-f-]+","visitId":"[0-9a-f-]+"\})"));
    EXPECT_EQ(header(answer, "streamgauge-durability"), "committed");
    // The same visitor again: the same session, whatever cache comes along.
    EXPECT_EQ(post("/api/send", kUmami.good, {{"User-Agent", "Mozilla/5.0"}, {"x-umami-cache", "anything"}}).body,
              answer.body);
    EXPECT_EQ(journal_.counters().accepted, 2u);
}

TEST_F(DialectAnswersTest, UmamiSomeInvalid) {
    const auto answer = post("/api/batch", kUmami.partly, kUmami.headers);
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(
        answer.body,
        StartsWith(R"({"size":2,"processed":1,"errors":1,"details":[{"index":1,"response":{"error":{"message":")"));
    EXPECT_THAT(answer.body, HasSubstr(R"(,"code":"bad-request","status":400}}}],"cache":")"));
    const auto single = post("/api/send", R"({"type":"event","payload":{"url":"/"}})", kUmami.headers);
    EXPECT_EQ(single.status, 400);
    EXPECT_THAT(single.body, StartsWith(R"({"error":{"message":")"));
    const auto none = post("/api/batch", R"([{"type":"event","payload":{}}])", kUmami.headers);
    EXPECT_THAT(none.body, ::testing::EndsWith(R"("cache":null})"));
    EXPECT_EQ(journal_.counters().invalid, 3u);
}

TEST_F(DialectAnswersTest, UmamiRefusals) {
    EXPECT_THAT(post("/api/send", "{").body, StartsWith(R"({"error":{"message":")"));
    EXPECT_EQ(post("/api/send", "{").status, 400);
    EXPECT_EQ(post("/api/send", std::string(limits::kIngestBodyBytes + 1, ' ')).status, 413);
    refuse(ErrorCode::Unauthorized, "nobody has this site");
    expect_form(send(kUmami, kUmami.good), 400,
                R"({"error":{"message":"Website not found.","code":"bad-request","status":400}})");
    policy_.refused.reset();
    limit(7);
    const auto limited = send(kUmami, kUmami.good);
    expect_form(limited, 429, R"({"error":{"message":"too many events","code":"rate_limited","status":429}})");
    EXPECT_EQ(header(limited, "retry-after"), "7");
    policy_.allowance = 10;
    journal_.refuse(true);
    EXPECT_EQ(send(kUmami, kUmami.good).status, 503);
    EXPECT_EQ(journal_.counters().accepted, 0u);
}

// ---- CloudEvents ----------------------------------------------------------------------------------------------------
TEST_F(DialectAnswersTest, CloudEventsStoredOrRepeatedInEachMode) {
    for (const std::string path : {"/", "/events", "/events/"}) {
        const Headers binary{{"ce-id", path},
                             {"CE-Source", "/shop"},
                             {"ce-type", "bought"},
                             {"ce-specversion", "1.0"},
                             {"Content-Type", "application/json"}};
        for (int time = 0; time < 2; ++time) {
            const auto answer = post(path, R"({"value":3})", binary);
            expect_form(answer, 202, R"({"status":"accepted"})");
            EXPECT_EQ(header(answer, "streamgauge-durability"), "committed");
        }
        const Headers structured{{"Content-Type", "application/cloudevents+json; charset=utf-8"}};
        expect_form(
            post(path, R"({"specversion":"1.0","id":"s)" + path + R"(","source":"/shop","type":"bought"})", structured),
            202, R"({"status":"accepted"})");
        const Headers batch{{"Content-Type", "application/cloudevents-batch+json"}};
        expect_form(
            post(path, R"([{"specversion":"1.0","id":"b)" + path + R"(","source":"/shop","type":"bought"}])", batch),
            202, R"({"status":"accepted","accepted":1,"duplicates":0})");
    }
    EXPECT_EQ(journal_.counters().accepted, 9u);
    EXPECT_EQ(journal_.counters().duplicate, 3u);
}

TEST_F(DialectAnswersTest, CloudEventsRefusals) {
    const Headers structured{{"Content-Type", "application/cloudevents+json"}};
    const Headers batch{{"Content-Type", "application/cloudevents-batch+json"}};
    const std::string good = R"({"specversion":"1.0","id":"c1","source":"/shop","type":"bought"})";
    EXPECT_EQ(post("/", R"({"specversion":"1.0","id":"c1","source":"/shop"})", structured).status, 400);
    const auto partly = post("/", "[" + good + R"(,{"specversion":"1.0","id":"c2"}])", batch);
    EXPECT_EQ(partly.status, 200);
    EXPECT_THAT(partly.body,
                StartsWith(R"({"status":"accepted","accepted":1,"duplicates":0,"rejected":[{"index":1,"error":")"));
    const auto all_bad = post("/", R"([{"specversion":"1.0","id":"c2"}])", batch);
    EXPECT_EQ(all_bad.status, 200);
    EXPECT_EQ(journal_.counters().invalid, 3u);
    EXPECT_EQ(post("/", "{", structured).status, 400);

    // What is no CloudEvent at all, and formats other than JSON: nothing is stored.
    const std::uint64_t invalid = journal_.counters().invalid;
    EXPECT_EQ(post("/", good, {{"Content-Type", "application/json"}}).status, 415);
    EXPECT_EQ(post("/", good).status, 415);
    EXPECT_EQ(post("/events", "x", {{"Content-Type", "application/cloudevents+avro"}}).status, 415);
    EXPECT_EQ(journal_.counters().invalid, invalid);

    EXPECT_EQ(post("/", std::string(limits::kIngestBodyBytes + 1, ' '), structured).status, 413);
    refuse(ErrorCode::Unauthorized, "who are you?");
    const auto unknown = post("/", good, structured);
    EXPECT_EQ(unknown.status, 401);
    EXPECT_THAT(unknown.body, StartsWith(R"({"type":"about:blank","title":"Unauthorized","status":401,)"));
    policy_.refused.reset();
    limit(7);
    const auto limited = post("/", good, structured);
    EXPECT_EQ(limited.status, 429);
    EXPECT_EQ(header(limited, "retry-after"), "7");
    policy_.allowance = 10;
    journal_.refuse(true);
    const auto overload = post("/", good, structured);
    EXPECT_EQ(overload.status, 503);
    EXPECT_EQ(header(overload, "retry-after"), "1");
}

// ---- OpenTelemetry --------------------------------------------------------------------------------------------------
TEST_F(DialectAnswersTest, OtlpStoredRepeatedOrEmpty) {
    const Headers json{{"Content-Type", "application/json"}};
    for (int time = 0; time < 2; ++time) {
        const auto answer = post("/v1/logs", kOtlpGood, json);
        expect_form(answer, 200, "{}");
        EXPECT_EQ(answer.headers.at("content-type"), "application/json");
        EXPECT_EQ(header(answer, "streamgauge-durability"), "committed");
    }
    EXPECT_EQ(journal_.counters().accepted, 1u);
    EXPECT_EQ(journal_.counters().duplicate, 1u);
    expect_form(post("/v1/logs", R"({"resourceLogs":[]})", json), 200, "{}");
    EXPECT_EQ(journal_.counters().decoded, 2u);
}

TEST_F(DialectAnswersTest, OtlpRefusals) {
    const Headers json{{"Content-Type", "application/json"}};
    const auto partly = post("/v1/logs", kOtlpPartly, json);
    EXPECT_EQ(partly.status, 200);
    EXPECT_THAT(partly.body, StartsWith(R"({"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"record 1: )"));
    EXPECT_EQ(journal_.counters().invalid, 1u);
    const auto not_json = post("/v1/logs", "{", json);
    EXPECT_EQ(not_json.status, 400);
    EXPECT_THAT(not_json.body, StartsWith(R"({"code":3,"message":")"));
    EXPECT_EQ(post("/v1/logs", "\n\x03", {{"Content-Type", "application/x-protobuf"}}).status, 415);
    const auto large = post("/v1/logs", std::string(limits::kIngestBodyBytes + 1, ' '), json);
    EXPECT_EQ(large.status, 413);
    EXPECT_THAT(large.body, StartsWith(R"({"code":8,"message":")"));
    refuse(ErrorCode::Unauthorized, "who are you?");
    expect_form(post("/v1/logs", kOtlpGood, json), 401, R"({"code":16,"message":"who are you?"})");
    policy_.refused.reset();
    limit(7);
    const auto limited = post("/v1/logs", kOtlpGood, json);
    expect_form(limited, 429, R"({"code":8,"message":"too many events"})");
    EXPECT_EQ(header(limited, "retry-after"), "7");
    policy_.allowance = 10;
    journal_.refuse(true);
    const auto overload = post("/v1/logs", kOtlpGood, json);
    EXPECT_EQ(overload.status, 503);
    EXPECT_THAT(overload.body, StartsWith(R"({"code":14,"message":")"));
    EXPECT_EQ(header(overload, "retry-after"), "1");
}

// ---- requests as the real SDKs sent them ----------------------------------------------------------------------------
TEST_F(DialectAnswersTest, EveryRecordedRequestIsTakenWhole) {
    clock_.set("2026-12-01T00:00:00Z");  // after all of them were recorded
    std::size_t requests = 0;
    const char* const source = std::getenv("STREAMGAUGE_SOURCE");
    for (const auto& entry :
         std::filesystem::directory_iterator(std::string(source == nullptr ? "." : source) + "/tests/event/golden")) {
        if (entry.path().extension() != ".http") continue;
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
        const std::size_t head_end = text.find("\r\n\r\n");
        ASSERT_NE(head_end, std::string::npos) << entry.path();
        std::string_view head = std::string_view(text).substr(0, head_end);
        const std::string_view line = head.substr(0, head.find("\r\n"));
        const std::string_view target = line.substr(line.find(' ') + 1, line.rfind(' ') - line.find(' ') - 1);
        Headers headers;
        while (head.find("\r\n") != std::string_view::npos) {
            head.remove_prefix(head.find("\r\n") + 2);
            const std::string_view field = head.substr(0, head.find("\r\n"));
            const std::string name(field.substr(0, field.find(": ")));
            // The framing, the host and the origin are this connection's own.
            bool own = false;
            for (const std::string_view other :
                 {"host", "connection", "content-length", "transfer-encoding", "origin"}) {
                own = own || equal_ignoring_case(name, other);
            }
            if (!own) headers.emplace_back(name, field.substr(field.find(": ") + 2));
        }
        const auto answer = post(target, text.substr(head_end + 4), headers);
        ++requests;
        // Its header holds bytes that are not UTF-8: no event can be made of it.
        if (entry.path().stem() == "cloudevents_js_binary_latin1") {
            EXPECT_EQ(answer.status, 400);
            continue;
        }
        EXPECT_TRUE(answer.status >= 200 && answer.status < 300)
            << entry.path() << ": " << answer.status << answer.body;
        EXPECT_EQ(header(answer, "streamgauge-durability"), "committed") << entry.path();
        EXPECT_EQ(header(answer, "x-rejected"), "(none)") << entry.path();
        EXPECT_THAT(answer.body, ::testing::Not(HasSubstr("reject"))) << entry.path();
    }
    EXPECT_GE(requests, 20u);
    EXPECT_EQ(journal_.counters().invalid, 1u);
}

// ---- what all have in common ----------------------------------------------------------------------------------------
TEST_F(DialectAnswersTest, AnUnknownCodingIs415InEachForm) {
    const Headers zstd{{"Content-Encoding", "zstd"}};
    for (const auto& [path, start] : std::vector<std::pair<std::string, std::string>>{
             {"/events", R"({"type":"about:blank","title":"Unsupported Media Type","status":415,)"},
             {"/v1/batch", R"({"code":"invalid_argument","message":)"},
             {"/i/v0/e/", R"({"code":"invalid_argument","detail":)"},
             {"/i/v1/analytics/events", R"({"code":"invalid_argument","detail":)"},
             {"/batch", R"({"code":"invalid_argument","message":)"},
             {"/api/event", R"({"errors":{"Content-Encoding":["the body)"},
             {"/api/send", R"({"error":{"message":"the body)"},
             {"/v1/logs", R"({"code":3,"message":)"}}) {
        const auto answer = post(path, "x", zstd);
        EXPECT_EQ(answer.status, 415) << path;
        EXPECT_THAT(answer.body, StartsWith(start)) << path;
        EXPECT_EQ(header(answer, "accept-encoding"), "gzip, deflate") << path;
    }
    expect_nothing_stored();
}

TEST_F(DialectAnswersTest, ARepeatToFormAIsToldTheFirstNumber) {
    const std::string event = R"({"eventId":"a1","eventType":"login"})";
    const auto first = post("/api/v1/events", event);
    EXPECT_EQ(first.status, 200);
    EXPECT_THAT(first.body, StartsWith(R"({"id":1,)"));
    EXPECT_EQ(header(first, "streamgauge-durability"), "committed");
    post("/api/v1/events", R"({"eventId":"a2","eventType":"login"})");
    EXPECT_EQ(post("/api/v1/events", event).body, first.body);
    EXPECT_EQ(header(post("/api/v1/events", "nonsense"), "streamgauge-durability"), "(none)");
}

}  // namespace
}  // namespace streamgauge::test
