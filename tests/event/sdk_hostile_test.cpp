// SPDX-License-Identifier: GPL-3.0-or-later
// What the decoders of Segment's and PostHog's dialects make of members of the wrong type, of bodies that come one
// after the other, and of bodies cut anywhere.
#include <gtest/gtest.h>

#include <array>

#include "event/sdk_support.h"

namespace streamgauge::test {
namespace {

constexpr std::array kValues{"null", "true",  "7",  "-1.5",        "\"\"",  "\"x\"",
                             "[]",   "[[1]]", "{}", R"({"a":{}})", "1e300", "18446744073709551615"};

// `members`: names of a call's members, "properties/x" of what is inside. Every value for each of them is either taken
// or refused by that member's name, and the call next to it is always taken.
void try_every_type(Dialect dialect, const std::string& good, const std::string& rest,
                    const std::vector<std::string>& members) {
    for (const std::string& member : members) {
        for (const char* value : kValues) {
            const std::size_t slash = member.find('/');
            std::string call = "{\"" + member.substr(0, slash) + "\":";
            call += slash == std::string::npos ? value : "{\"" + member.substr(slash + 1) + "\":" + value + "}";
            call += rest + "}";
            const Sent batch(dialect, R"({"batch":[)" + call + "," + good + "]}");
            ASSERT_TRUE(batch.result.ok()) << call << ": " << batch.why();
            ASSERT_EQ(batch.result->batch.size() + batch.result->rejected.size(), 2U) << call;
            EXPECT_EQ(batch.result->request_index.back(), 1U) << call;
            if (batch.result->rejected.empty()) continue;
            const Rejection& rejection = batch.result->rejected[0];
            EXPECT_EQ(rejection.raw, call);
            const std::string field = slash == std::string::npos ? member : "/" + member;
            EXPECT_TRUE(rejection.field == field || rejection.field == "distinct_id" || rejection.field == "event")
                << call << ": " << batch.why();
            const Sent alone(dialect, rejection.raw);
            if (!alone.result.ok() && alone.error().field == "batch") {  // neither a type nor a list: no call at all
                EXPECT_EQ(rejection.reason, "type is missing") << call;
                continue;
            }
            ASSERT_TRUE(alone.result.ok()) << call << ": " << alone.why();
            EXPECT_EQ(alone.rejection().reason, rejection.reason) << call;
        }
    }
}

TEST(SdkHostile, SegmentsMembersOfAnyType) {
    try_every_type(Dialect::Segment, R"({"type":"page"})", R"(,"type":"track","event":"e","name":"n")",
                   {"messageId",
                    "userId",
                    "anonymousId",
                    "timestamp",
                    "originalTimestamp",
                    "sentAt",
                    "properties",
                    "traits",
                    "context",
                    "integrations",
                    "name",
                    "category",
                    "groupId",
                    "previousId",
                    "writeKey",
                    "_metadata",
                    "batch",
                    "context/sessionId",
                    "context/userAgent",
                    "context/page",
                    "properties/url",
                    "properties/path",
                    "properties/sessionId",
                    "properties/revenue"});
    try_every_type(Dialect::Segment, R"({"type":"page"})", R"(,"messageId":"m")", {"type"});
    try_every_type(Dialect::Segment, R"({"type":"page"})", R"(,"type":"track")", {"event"});
    try_every_type(Dialect::Segment, R"({"type":"page"})", R"(,"type":"screen")", {"name"});
}

TEST(SdkHostile, PostHogsMembersOfAnyType) {
    for (const Dialect dialect : {Dialect::PostHog, Dialect::PostHogV1}) {
        const std::string good = R"({"event":"e","distinct_id":"u"})";
        try_every_type(dialect, good, R"(,"event":"e","distinct_id":"u")",
                       {"uuid",
                        "timestamp",
                        "offset",
                        "properties",
                        "options",
                        "sent_at",
                        "created_at",
                        "session_id",
                        "historical_migration",
                        "api_key",
                        "token",
                        "$set",
                        "$set_once",
                        "properties/$insert_id",
                        "properties/$session_id",
                        "properties/$current_url",
                        "properties/$pathname",
                        "properties/$raw_user_agent",
                        "properties/$ignore_sent_at",
                        "properties/token",
                        "properties/distinct_id",
                        "options/disable_skew_correction"});
        try_every_type(dialect, good, R"(,"distinct_id":"u")", {"event"});
        try_every_type(dialect, good, R"(,"event":"e")", {"distinct_id", "$distinct_id", "properties/distinct_id"});
    }
}

TEST(SdkHostile, EnvelopesOfAnyType) {
    for (const char* value : kValues) {
        const std::string v = value;
        const Sent segment(Dialect::Segment,
                           R"({"batch":[{"type":"page"}],"sentAt":)" + v + R"(,"writeKey":)" + v + "}");
        EXPECT_TRUE(segment.accepted()) << v << segment.why();
        for (const Dialect dialect : {Dialect::PostHog, Dialect::PostHogV1}) {
            const Sent posthog(dialect, R"({"batch":[{"event":"e","distinct_id":"u"}],"sent_at":)" + v +
                                            R"(,"api_key":)" + v + R"(,"created_at":)" + v +
                                            R"(,"historical_migration":)" + v + "}");
            EXPECT_TRUE(posthog.accepted()) << v << posthog.why();
        }
    }
}

// One decoder serves all requests of a thread: nothing of one may show in the next.
TEST(SdkHostile, OneDecoderManyBodies) {
    for (const Dialect dialect : {Dialect::Segment, Dialect::PostHog, Dialect::PostHogV1}) {
        const auto decoder = make_decoder(dialect);
        const auto send = [&](const std::string& body, std::string path) {
            return SdkRequest{body, std::move(path), "_=1769996400123", {}, at(kSdkReceivedAt)}.with_input(
                [&](const DecodeInput& input) { return decoder->decode(input); });
        };
        const std::string call =
            R"({"type":"page","event":"e","distinct_id":"u","timestamp":"2026-02-02T02:00:00Z","p":")" +
            std::string(20'000, 'x') + "\"}";
        std::string many =
            R"({"writeKey":"0123456789abcdef","api_key":"0123456789abcdef","sentAt":1770000000,"batch":[)";
        for (int i = 0; i < 100; ++i) many += (i == 0 ? "" : ",") + call;
        ASSERT_GT(many.size(), 1'500'000U);  // memory for it is given back afterwards
        const auto large = send(many + "]}", "/v1/track");
        ASSERT_TRUE(large.ok()) << large.error().describe();
        EXPECT_EQ(large->batch.size(), 100U);
        EXPECT_NE(large->batch[99].props.find(std::string(20'000, 'x')), std::string_view::npos);
        EXPECT_EQ(large->key, "0123456789abcdef");
        const auto broken = send(many + ",tru]}", "/v1/track");
        ASSERT_TRUE(broken.ok()) << broken.error().describe();
        EXPECT_EQ(broken->batch.size(), 100U);
        EXPECT_EQ(broken->rejected.size(), 1U);
        EXPECT_FALSE(send(many, "/v1/track").ok());
        const auto small =
            send(R"({"type":"page","event":"e","distinct_id":"u","timestamp":"2026-01-31T12:00:00Z"})", "");
        ASSERT_TRUE(small.ok() && small->batch.size() == 1);
        EXPECT_EQ(small->key, "");
        EXPECT_FALSE(small->several);
        EXPECT_TRUE(small->rejected.empty());
    }
}

TEST(SdkHostile, BodiesCutAnywhere) {
    for (const auto& [name, dialect] :
         {std::pair("segment_browser_track", Dialect::Segment), std::pair("rudderstack_node_batch", Dialect::Segment),
          std::pair("posthog_node_batch_gzip", Dialect::PostHog),
          std::pair("posthog_node_v1_gzip", Dialect::PostHogV1)}) {
        SdkRequest request = golden(name);
        const std::string whole = request.body;
        ASSERT_FALSE(whole.empty());
        for (std::size_t size = 0; size < whole.size(); ++size) {
            request.body = whole.substr(0, size);
            const auto decoded = request.decode(dialect);
            ASSERT_FALSE(decoded.ok()) << name << size;
            EXPECT_EQ(decoded.error().code, ErrorCode::InvalidArgument);
            EXPECT_LE(decoded.error().offset.value_or(0), size);
        }
    }
}

}  // namespace
}  // namespace streamgauge::test
