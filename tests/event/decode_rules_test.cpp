// SPDX-License-Identifier: GPL-3.0-or-later
// The canonical event's rules (contract section 1): names, times, lengths, characters, props. Limits at n and n + 1.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "event/decode_support.h"

namespace streamgauge::test {
namespace {

using testing::HasSubstr;

std::string with(const std::string& members) {
    return R"({"event_type":"t",)" + members + "}";
}

TEST(Names, TheFirstOfTheListWinsWhateverTheOrder) {
    const One one(
        R"({"type":"track","event":"Ordered","messageId":"m","eventId":"e","anonymousId":"a","distinct_id":"d",
                      "url":"/u","page":"/p","time":1769990000,"timestamp":1769999999})");
    ASSERT_TRUE(one.accepted());
    const EventView e = one.event();
    EXPECT_EQ(e.event_type, "Ordered");
    EXPECT_EQ(e.event_id, "e");
    EXPECT_EQ(e.user_id, "d");
    EXPECT_EQ(e.page_url, "/p");
    EXPECT_EQ(e.occurred_at.micros, 1'769'999'999'000'000);
    EXPECT_EQ(e.props, R"({"type":"track","messageId":"m","anonymousId":"a","url":"/u","time":1769990000})");
}

TEST(Names, EveryAliasIsKnown) {
    for (const char* name : {"event_id", "eventId", "messageId"})
        EXPECT_EQ(One(with("\"" + std::string(name) + "\":\"x\"")).event().event_id, "x") << name;
    for (const char* name : {"event_type", "eventType", "event", "type"})
        EXPECT_EQ(One("{\"" + std::string(name) + "\":\"x\"}").event().event_type, "x") << name;
    for (const char* name : {"user_id", "userId", "distinct_id", "anonymousId"})
        EXPECT_EQ(One(with("\"" + std::string(name) + "\":\"x\"")).event().user_id, "x") << name;
    for (const char* name : {"session_id", "sessionId"})
        EXPECT_EQ(One(with("\"" + std::string(name) + "\":\"x\"")).event().session_id, "x") << name;
    for (const char* name : {"page_url", "pageUrl", "page", "url"})
        EXPECT_EQ(One(with("\"" + std::string(name) + "\":\"x\"")).event().page_url, "x") << name;
    for (const char* name : {"occurred_at", "occurredAt", "timestamp", "time_stamp", "ts", "time", "originalTimestamp"})
        EXPECT_EQ(One(with("\"" + std::string(name) + "\":1")).event().occurred_at.micros, 1'000'000) << name;
    for (const char* name : {"schema_version", "schemaVersion"})
        EXPECT_EQ(One(with("\"" + std::string(name) + "\":3")).event().schema_version, 3) << name;
}

TEST(Names, ABareIdIsOnlyAProp) {
    const One one(with(R"("id":"x")"));
    ASSERT_TRUE(one.accepted());
    EXPECT_TRUE(one.event().id_from_door);
    EXPECT_EQ(one.event().props, R"({"id":"x"})");
}

TEST(Names, NullCountsAsMissing) {
    const One one(with(R"("userId":null,"anonymousId":"a","event_id":null,"x":null)"));
    ASSERT_TRUE(one.accepted());
    EXPECT_EQ(one.event().user_id, "a");
    EXPECT_TRUE(one.event().id_from_door);
    EXPECT_EQ(one.event().props, R"({"x":null})");
}

TEST(Names, MissingTypeIsRejected) {
    const One one(R"({"user_id":"u"})");
    EXPECT_EQ(one.rejection().field, "event_type");
    EXPECT_FALSE(one.result->several);
}

TEST(Ids, NumbersBecomeText) {
    const One one(with(R"("event_id":18446744073709551615,"user_id":-5,"session_id":1.5)"));
    ASSERT_TRUE(one.accepted());
    EXPECT_EQ(one.event().event_id, "18446744073709551615");
    EXPECT_EQ(one.event().user_id, "-5");
    EXPECT_EQ(one.event().session_id, "1.5");
}

TEST(Ids, OtherTypesAreRejectedWithTheProducersName) {
    EXPECT_EQ(One(with(R"("userId":true)")).rejection().field, "userId");
    EXPECT_EQ(One(with(R"("session_id":{})")).rejection().field, "session_id");
    EXPECT_EQ(One(with(R"("page":["/"])")).rejection().field, "page");
    EXPECT_EQ(One(R"({"type":7})").rejection().field, "type");
    EXPECT_EQ(One(with(R"("event_id":"")")).rejection().field, "event_id");
    EXPECT_EQ(One(R"({"event_type":""})").rejection().field, "event_type");
    EXPECT_EQ(One(with(R"("schema_version":"1")")).rejection().field, "schema_version");
    EXPECT_EQ(One(with(R"("schema_version":2147483648)")).rejection().field, "schema_version");
}

TEST(Ids, ARejectedEventKeepsItsId) {
    EXPECT_EQ(One(R"({"type":7,"messageId":"m"})").rejection().event_id, "m");
    EXPECT_EQ(One(R"({"event_id":7,"user_id":true,"event_type":"t"})").rejection().event_id, "7");
    EXPECT_EQ(One(R"({"event_type":7})").rejection().event_id, "");
    EXPECT_EQ(One(R"({"event_type":7,"event_id":["x"]})").rejection().event_id, "");
    EXPECT_EQ(One(with(R"("event_id":")" + std::string(129, 'x') + '"')).rejection().event_id, "");
}

TEST(Ids, MissingOnesAreMadeAndDiffer) {
    const auto result = decode(R"([{"event_type":"a"},{"event_type":"a"}])");
    ASSERT_TRUE(result.ok());
    ASSERT_EQ(result->batch.size(), 2U);
    EXPECT_EQ(result->batch[0].event_id.size(), 36U);
    EXPECT_EQ(result->batch[0].event_id[14], '7');
    EXPECT_LT(result->batch[0].event_id, result->batch[1].event_id);
}

TEST(Lengths, AtTheLimitAndOneBeyond) {
    const auto check = [](const std::string& name, std::size_t most) {
        const std::string rest = name == "event_type" ? "" : R"("event_type":"t",)";
        const auto body = [&](std::size_t n) {
            return "{" + rest + "\"" + name + "\":\"" + std::string(n, 'x') + "\"}";
        };
        EXPECT_TRUE(One(body(most)).accepted()) << name;
        EXPECT_EQ(One(body(most + 1)).rejection().field, name);
    };
    check("event_id", limits::kEventIdBytes);
    check("event_type", limits::kEventTypeBytes);
    check("user_id", limits::kUserIdBytes);
    check("session_id", limits::kSessionIdBytes);
    check("page_url", limits::kPageUrlBytes);
}

TEST(Lengths, PropsAtTheLimitAndOneBeyond) {
    const auto body = [](std::size_t props) { return with("\"k\":\"" + std::string(props - 8, 'x') + "\""); };
    const One most(body(limits::kPropsBytes));
    ASSERT_TRUE(most.accepted());
    EXPECT_EQ(most.event().props.size(), limits::kPropsBytes);
    EXPECT_THAT(One(body(limits::kPropsBytes + 1)).rejection().reason, HasSubstr("32768"));
}

TEST(Lengths, EventTextAtTheLimitAndOneBeyond) {
    const auto body = [](std::size_t bytes) {
        const std::string event = R"({"event_type":"t"})";
        return event.substr(0, 17) + std::string(bytes - 18, ' ') + "}";
    };
    EXPECT_TRUE(One(body(limits::kEventBytes)).accepted());
    EXPECT_THAT(One(body(limits::kEventBytes + 1)).rejection().reason, HasSubstr("65536"));
    EXPECT_EQ(One(body(limits::kEventBytes + 1)).rejection().raw.size(), limits::kDeadLetterRawBytes);
    const auto mixed =
        decode("[" + body(limits::kEventBytes) + " , " + body(limits::kEventBytes + 1) + R"(,{"event_type":"x"}])");
    ASSERT_TRUE(mixed.ok());
    EXPECT_EQ(mixed->batch.size(), 2U);
    ASSERT_EQ(mixed->rejected.size(), 1U);
    EXPECT_EQ(mixed->rejected[0].index, 1U);
    EXPECT_EQ(mixed->rejected[0].offset, 1 + limits::kEventBytes + 3);
}

TEST(Lengths, NestingAtTheLimitAndOneBeyond) {
    const auto nested = [](std::size_t levels) {  // the event is the first level
        return with("\"k\":" + std::string(levels - 1, '[') + std::string(levels - 1, ']'));
    };
    EXPECT_TRUE(One(nested(limits::kJsonDepth)).accepted());
    EXPECT_THAT(One(nested(limits::kJsonDepth + 1)).rejection().reason, HasSubstr("32 levels"));
    const auto neighbours = decode("[{\"event_type\":\"a\"}," + nested(5000) + ",{\"event_type\":\"b\"}]");
    ASSERT_TRUE(neighbours.ok());
    EXPECT_EQ(neighbours->batch.size(), 2U);
    EXPECT_EQ(neighbours->rejected.size(), 1U);
}

TEST(Times, AreReadInEveryForm) {
    const auto micros = [](const std::string& json) { return One(with("\"ts\":" + json)).event().occurred_at.micros; };
    EXPECT_EQ(micros("1769999000"), 1'769'999'000'000'000);
    EXPECT_EQ(micros("1769999000123"), 1'769'999'000'123'000);
    EXPECT_EQ(micros("1769999000.5"), 1'769'999'000'500'000);
    EXPECT_EQ(micros("\"1769999000\""), 1'769'999'000'000'000);
    EXPECT_EQ(micros("\"1769999000123\""), 1'769'999'000'123'000);
    EXPECT_EQ(micros("\"1769999000.25\""), 1'769'999'000'250'000);
    EXPECT_EQ(micros("\"2026-02-02T03:40:00.000001+01:00\""), 1'770'000'000'000'001);
    EXPECT_EQ(micros("\"2026-02-02 02:40:00z\""), 1'770'000'000'000'000);
    EXPECT_EQ(micros("-1"), -1'000'000);
}

TEST(Times, NonsenseIsRejected) {
    for (const char* json : {"\"yesterday\"", "\"\"", "true", "{}", "\"2026-02-30T00:00:00Z\"", "\"2026-02-02\"",
                             "9223372036854775807", "1e300", "\"1e3\"", "\"12 \"", "18446744073709551615"})
        EXPECT_EQ(One(with("\"ts\":" + std::string(json))).rejection().field, "ts") << json;
}

TEST(Times, TwentyFourHoursAheadIsTheLimit) {
    const std::int64_t limit = kReceivedAt.micros + 24LL * 3600 * 1'000'000;
    const auto body = [](std::int64_t micros) { return with("\"ts\":\"" + format_rfc3339({micros}) + "\""); };
    EXPECT_TRUE(One(body(limit)).accepted());
    EXPECT_THAT(One(body(limit + 1)).rejection().reason, HasSubstr("24 hours"));
}

TEST(Characters, NulIsRefusedWhereverItStands) {
    EXPECT_EQ(One(with(R"("user_id":"a\u0000b")")).rejection().field, "user_id");
    EXPECT_EQ(One(with(R"("x":"a\u0000b")")).rejection().field, "x");
    EXPECT_EQ(One(with(R"("x":{"y":["\u0000"]})")).rejection().field, "x");
    EXPECT_EQ(One(with(R"("x":{"y\u0000":1})")).rejection().field, "x");
    EXPECT_EQ(One(with(R"("payload":{"\u0000":1})")).rejection().field, "payload");
    EXPECT_EQ(One(with(R"("payload":"{\"a\":\"\\u0000\"}")")).rejection().field, "payload");
    EXPECT_EQ(One(with(R"("a\u0000":1)")).rejection().reason, "holds the character U+0000");
}

TEST(Characters, LoneSurrogatesAreRefused) {
    const One one(with(R"("x":"\ud800")"));
    ASSERT_FALSE(one.result.ok());
    EXPECT_EQ(one.result.error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(one.result.error().offset, with(R"("x":"\ud800")").find('\\'));
}

TEST(Characters, TextIsKeptByteForByteAndEscapedAgain) {
    const One one(with(R"("x":"é\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t\u001f\u007f")"));
    ASSERT_TRUE(one.accepted());
    EXPECT_EQ(one.event().props, "{\"x\":\"éé😀\\\"\\\\/\\b\\f\\n\\r\\t\\u001f\x7f\"}");
}

TEST(Props, AreMinified) {
    const One one(with(R"( "a" : [ 1 , 2.50 , true , null , { "b" : -0 } , [ ] , { } ] , "c":1e2 )"));
    ASSERT_TRUE(one.accepted());
    EXPECT_EQ(one.event().props, R"({"a":[1,2.5,true,null,{"b":0},[],{}],"c":100})");
}

TEST(Props, ContentsOfPayloadPropertiesAndDataAreMergedAfterTheOthers) {
    const One one(
        with(R"("data":{"x":"data","d":1},"properties":{"x":"properties","p":2},"payload":{"x":"payload"},"y":3)"));
    ASSERT_TRUE(one.accepted());
    EXPECT_EQ(one.event().props, R"({"y":3,"x":"payload","p":2,"d":1})");
}

TEST(Props, AMemberOfTheEventWinsOverOneOfTheSameNameInside) {
    EXPECT_EQ(One(with(R"("payload":{"x":1},"x":2)")).event().props, R"({"x":2})");
    EXPECT_EQ(One(with(R"("x":1,"x":2)")).event().props, R"({"x":1})");
}

TEST(Props, CanonicalNamesInsidePayloadStayProps) {
    const One one(with(R"("payload":{"user_id":"inner","page_url":"/inner"})"));
    EXPECT_EQ(one.event().user_id, "");
    EXPECT_EQ(one.event().props, R"({"user_id":"inner","page_url":"/inner"})");
}

TEST(Props, WhatIsNoObjectKeepsItsName) {
    EXPECT_EQ(One(with(R"("payload":[1])")).event().props, R"({"payload":[1]})");
    EXPECT_EQ(One(with(R"("payload":"[1, 2]")")).event().props, R"({"payload":[1,2]})");
    EXPECT_EQ(One(with(R"("payload":"12")")).event().props, R"({"payload":"12"})");
    EXPECT_EQ(One(with(R"("payload":"{broken")")).event().props, R"({"payload":"{broken"})");
    EXPECT_EQ(One(with(R"("data":"{\"a\":1}")")).event().props, R"({"data":"{\"a\":1}"})");
    EXPECT_EQ(One(with(R"("properties":null,"data":5)")).event().props, R"({"data":5})");
}

TEST(Props, ThousandsOfNamesAreToldApart) {
    std::string members;
    for (int i = 0; i < 2000; ++i) members += "\"k" + std::to_string(i % 1500) + "\":" + std::to_string(i) + ",";
    const One one(with(members + "\"last\":1"));
    ASSERT_TRUE(one.accepted());
    const std::string props(one.event().props);
    EXPECT_THAT(props, HasSubstr("\"k1499\":1499,\"last\":1}"));
    EXPECT_EQ(props.find(":1500"), std::string::npos);
}

}  // namespace
}  // namespace streamgauge::test
