// SPDX-License-Identifier: GPL-3.0-or-later
// The table of answers: for each dialect and each case the exact status, headers and body, over a real engine.
#include "server/dialect_answers.h"

#include <gmock/gmock.h>

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

// ---- what all have in common ----------------------------------------------------------------------------------------
TEST_F(DialectAnswersTest, AnUnknownCodingIs415InEachForm) {
    const Headers zstd{{"Content-Encoding", "zstd"}};
    for (const auto& [path, start] : std::vector<std::pair<std::string, std::string>>{
             {"/events", R"({"type":"about:blank","title":"Unsupported Media Type","status":415,)"},
             {"/v1/batch", R"({"code":"invalid_argument","message":)"},
             {"/i/v0/e/", R"({"code":"invalid_argument","detail":)"},
             {"/i/v1/analytics/events", R"({"code":"invalid_argument","detail":)"},
             {"/batch", R"({"code":"invalid_argument","message":)"}}) {
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
