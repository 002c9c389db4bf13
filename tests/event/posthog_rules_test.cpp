// SPDX-License-Identifier: GPL-3.0-or-later
// PostHog's dialects by their rules: which member becomes what, keys, forms, the sender's clock, limits at n and n + 1,
// rejections that can be mended; and whose a request on a shared path is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event/sdk_support.h"

namespace streamgauge::test {
namespace {

using testing::HasSubstr;

struct PostHog : Sent {
    explicit PostHog(std::string body, std::string path = {}, std::string query = {})
        : Sent(Dialect::PostHog, std::move(body), std::move(path), std::move(query)) {}
};
struct PostHogV1 : Sent {
    explicit PostHogV1(std::string body, std::vector<std::pair<std::string, std::string>> headers = {})
        : Sent(Dialect::PostHogV1, std::move(body), "/i/v1/analytics/events", {}, std::move(headers)) {}
};

// One event of user "u" with more members.
PostHog event(const std::string& members) {
    return PostHog(R"({"event":"e","distinct_id":"u",)" + members + "}");
}

TEST(PostHogType, HasTwoNamesOfItsOwn) {
    const auto type = [](const std::string& name) {
        return std::string(PostHog(R"({"distinct_id":"u","event":")" + name + "\"}").event().event_type);
    };
    EXPECT_EQ(type("$pageview"), "page_view");
    EXPECT_EQ(type("$autocapture"), "click");
    EXPECT_EQ(type("$identify"), "$identify");
    EXPECT_EQ(type("$pageleave"), "$pageleave");
    EXPECT_EQ(type("order completed"), "order completed");
    EXPECT_EQ(PostHog(R"({"distinct_id":"u"})", "/e/").rejection().field, "event");
    EXPECT_EQ(PostHog(R"({"distinct_id":"u","event":null})", "/e/").rejection().field, "event");
    EXPECT_EQ(PostHog(R"({"distinct_id":"u","event":""})").rejection().field, "event");
    EXPECT_EQ(PostHog(R"({"distinct_id":"u","event":7})").rejection().reason, "must be a string");
}

TEST(PostHogUser, IsTheFirstDistinctIdThatIsNotNothing) {
    const auto user = [](const std::string& members) {
        const PostHog one(R"({"event":"e",)" + members + "}");
        return one.accepted() ? std::string(one.event().user_id) : one.why();
    };
    EXPECT_EQ(user(R"("distinct_id":"a","$distinct_id":"b","properties":{"distinct_id":"c"})"), "a");
    EXPECT_EQ(user(R"("distinct_id":null,"$distinct_id":"b","properties":{"distinct_id":"c"})"), "b");
    EXPECT_EQ(user(R"("distinct_id":"","properties":{"distinct_id":"c"})"), "c");
    EXPECT_EQ(user(R"("distinct_id":42)"), "42");
    EXPECT_EQ(user(R"("distinct_id":1.5)"), "1.5");
    EXPECT_EQ(user(R"("distinct_id":18446744073709551615)"), "18446744073709551615");
    EXPECT_EQ(user(R"("distinct_id":true)"), "true");
    EXPECT_EQ(user(R"("distinct_id":{"id": 7, "x":[null]})"), R"({"id":7,"x":[null]})");
    EXPECT_EQ(user(R"("distinct_id":[1, "a"])"), R"([1,"a"])");
    for (const char* none : {R"("x":1)", R"("distinct_id":null)", R"("distinct_id":"")",
                             R"("distinct_id":"","$distinct_id":null,"properties":{"distinct_id":""})"})
        EXPECT_EQ(user(none), "distinct_id is missing in distinct_id") << none;
    EXPECT_EQ(user(R"("distinct_id":"a\u0000b")"), "holds the character U+0000 in distinct_id");
}

TEST(PostHogUser, IsCutAt200Characters) {
    const auto user = [](const std::string& id) {
        return std::string(PostHog(R"({"event":"e","distinct_id":)" + id + "}").event().user_id);
    };
    EXPECT_EQ(user('"' + std::string(200, 'x') + '"'), std::string(200, 'x'));
    EXPECT_EQ(user('"' + std::string(201, 'x') + '"'), std::string(200, 'x'));
    // Characters, not bytes: but never more than 256 bytes, and no character is torn.
    EXPECT_EQ(user('"' + times(128, "\xC3\xA4") + '"'), times(128, "\xC3\xA4"));
    EXPECT_EQ(user('"' + times(129, "\xC3\xA4") + '"'), times(128, "\xC3\xA4"));
    EXPECT_EQ(user('"' + times(100, "\xE2\x82\xAC") + '"'), times(85, "\xE2\x82\xAC"));
    EXPECT_EQ(user('[' + times(99, "1,") + "12]"), '[' + times(99, "1,") + "1");
}

TEST(PostHogId, IsTheUuidElseTheInsertId) {
    EXPECT_EQ(event(R"("uuid":"u-1","properties":{"$insert_id":"i-1"})").event().event_id, "u-1");
    EXPECT_EQ(event(R"("uuid":null,"properties":{"$insert_id":"i-1"})").event().event_id, "i-1");
    EXPECT_EQ(event(R"("uuid":"","properties":{"$insert_id":"i-1"})").event().event_id, "i-1");
    EXPECT_TRUE(event(R"("x":1)").event().id_from_door);
    EXPECT_EQ(event(R"("uuid":{})").rejection().field, "uuid");
    EXPECT_EQ(event(R"("properties":{"$insert_id":[]})").rejection().field, "/properties/$insert_id");
}

TEST(PostHogPlace, PageSessionAndBots) {
    EXPECT_EQ(event(R"("properties":{"$current_url":"u","$pathname":"/p"})").event().page_url, "u");
    EXPECT_EQ(event(R"("properties":{"$current_url":"","$pathname":"/p"})").event().page_url, "/p");
    EXPECT_EQ(event(R"("properties":{"$current_url":5})").event().page_url, "");
    EXPECT_EQ(event(R"("properties":{"$session_id":"s"})").event().session_id, "s");
    EXPECT_EQ(event(R"("properties":{"$session_id":17})").event().session_id, "17");
    EXPECT_EQ(event(R"("properties":{"$session_id":{}})").event().session_id, "");
    EXPECT_EQ(event(R"("session_id":"no","properties":{})").event().session_id, "");
    EXPECT_EQ(event(R"("session_id":"no","properties":{})").event().props, R"({"session_id":"no"})");
    EXPECT_TRUE(event(R"("properties":{"$raw_user_agent":"Googlebot/2.1"})").event().bot);
    EXPECT_TRUE(event(R"("properties":{"$user_agent":"Googlebot/2.1"})").event().bot);
    EXPECT_FALSE(event(R"("properties":{"$browser":"Googlebot/2.1"})").event().bot);
}

TEST(PostHogProps, AreThePropertiesAndAllElse) {
    EXPECT_EQ(event(R"("properties":{"type":"premium","$set":{"a":1},"$groups":{"company":"c"}},"type":"capture",
                       "library":"x","$set":{"b":1},"$set_once":{"c":1},"options":{},"sent_at":"?","offset":1,"n":null)")
                  .event()
                  .props,
              R"({"type":"premium","$set":{"a":1},"$groups":{"company":"c"},"library":"x","$set_once":{"c":1}})");
    EXPECT_EQ(event(R"("properties":"text")").event().props, R"({"properties":"text"})");
    EXPECT_EQ(event(R"("properties":null)").event().props, "{}");
    EXPECT_EQ(PostHog(R"({"event":"a","event":"b","distinct_id":"u","distinct_id":"v","properties":{"x":1,"x":2},
                          "properties":{"y":1}})")
                  .event()
                  .props,
              R"({"x":1})");
}

TEST(PostHogPaths, EngageNeedsNoEventName) {
    const PostHog one(R"({"$token":"phc_12345678","$distinct_id":"u","$set":{"plan":"pro"}})", "/engage/");
    EXPECT_EQ(one.event().event_type, "$identify") << one.why();
    EXPECT_EQ(one.event().user_id, "u");
    EXPECT_EQ(one.event().props, R"({"$set":{"plan":"pro"}})");
    EXPECT_EQ(one.result->key, "phc_12345678");
    const PostHog nobody(R"({"$token":"phc_12345678","$set":{"plan":"pro"}})", "/engage");
    EXPECT_EQ(nobody.rejection().field, "distinct_id");
    EXPECT_EQ(nobody.rejection().raw, R"({"event":"$identify","$token":"","$set":{"plan":"pro"}})");
    const PostHog again(mended(nobody.rejection().raw, R"("$set")", R"("distinct_id":"u","$set")"));
    EXPECT_EQ(again.event().event_type, "$identify") << again.why();
    EXPECT_EQ(again.result->key, "");
}

TEST(PostHogKey, HasThreeNamesAndOneValue) {
    for (const char* name : {"api_key", "token", "$token"}) {
        const std::string key = "\"" + std::string(name) + "\":\"phc_1\"";
        const PostHog single(R"({"event":"e","distinct_id":"u",)" + key + "}");
        EXPECT_EQ(single.result->key, "phc_1") << name;
        EXPECT_EQ(single.event().props, "{}") << name;
        const PostHog batch("{" + key + R"(,"batch":[{"event":"e","distinct_id":"u"}]})");
        EXPECT_EQ(batch.result->key, "phc_1") << name;
        const PostHog array(R"([{"event":"e","distinct_id":"u",)" + key + "}]");
        EXPECT_EQ(array.result->key, "phc_1") << name;
        EXPECT_TRUE(array.result->several);
    }
    const PostHog browser(R"({"event":"e","distinct_id":"u","properties":{"token":"phc_1","x":1}})");
    EXPECT_EQ(browser.result->key, "phc_1");
    EXPECT_EQ(browser.event().props, R"({"x":1})");
    // A property that only happens to have that name.
    const PostHog minted(
        R"({"api_key":"phc_1","batch":[{"event":"e","distinct_id":"u","properties":{"token":"mint"}}]})");
    EXPECT_EQ(minted.result->key, "phc_1");
    EXPECT_EQ(minted.event().props, R"({"token":"mint"})");
    EXPECT_EQ(event(R"("api_key":7,"properties":{"token":null})").result->key, "");

    const std::string good = R"({"event":"e","distinct_id":"u","token":"phc_1"})";
    EXPECT_EQ(PostHog("[" + good + "," + good + "]").result->key, "phc_1");
    EXPECT_EQ(PostHog("[" + good + R"(,{"event":"e","distinct_id":"u"}])").result->batch.size(), 2U);
    const PostHog two("[" + good + R"(,{"event":"e","distinct_id":"u","properties":{"token":"phc_2"}}])");
    EXPECT_EQ(two.error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(two.error().field, "api_key");
}

TEST(PostHogTime, IsCorrectedBySentAtOrTheQuery) {
    const auto time = [](const PostHog& one) {
        return one.accepted() ? format_rfc3339(one.event().occurred_at) : one.why();
    };
    EXPECT_EQ(time(event(R"("timestamp":"2026-01-31T12:00:00.5Z")")), "2026-01-31T12:00:00.500Z");
    EXPECT_EQ(time(event(R"("timestamp":"2026-02-02T01:30:00Z","sent_at":"2026-02-02T01:40:00.123456Z")")),
              "2026-02-02T02:30:00Z");
    EXPECT_EQ(event(R"("timestamp":"2026-02-02T01:30:00Z","sent_at":"2026-02-02T01:40:00.123456Z")").event().props,
              R"({"original_timestamp":"2026-02-02T01:30:00Z"})");
    const std::string batch = R"({"batch":[{"event":"e","distinct_id":"u","timestamp":"2026-02-02T01:30:00Z"}])";
    EXPECT_EQ(time(PostHog(batch + R"(,"sent_at":"2026-02-02T01:40:00.123456Z"})")), "2026-02-02T02:30:00Z");
    EXPECT_EQ(time(PostHog(batch + "}")), "2026-02-02T01:30:00Z");
    // 1769996400123 is 2026-02-02T01:40:00.123Z: 456 microseconds before what was meant above.
    EXPECT_EQ(time(PostHog(batch + "}", "/e/", "ip=1&_=1769996400123&ver=1")), "2026-02-02T02:30:00.000456Z");
    EXPECT_EQ(time(PostHog(batch + R"(,"sent_at":"soon"})", "/e/", "_=1769996400123")), "2026-02-02T02:30:00.000456Z");
    EXPECT_EQ(time(PostHog(batch + "}", "/e/", "_=x")), "2026-02-02T01:30:00Z");
    EXPECT_EQ(time(PostHog(batch + R"(,"sent_at":"2026-02-02T01:20:00Z"})")), kSdkReceivedAt);
    EXPECT_EQ(time(PostHog(batch + R"(,"sent_at":"2026-02-02T01:40:00Z","historical_migration":true})")),
              "2026-02-02T01:30:00Z");
    EXPECT_EQ(time(event(R"("timestamp":"2026-02-02T01:30:00Z","sent_at":"2026-02-02T01:40:00Z",
                            "properties":{"$ignore_sent_at":true})")),
              "2026-02-02T01:30:00Z");
    EXPECT_EQ(time(event(R"("timestamp":"2026-02-03T02:40:00.123457Z")")),
              "more than 24 hours in the future in timestamp");
    EXPECT_THAT(time(event(R"("timestamp":"yesterday")")), HasSubstr("not a time"));
    EXPECT_THAT(time(event(R"("timestamp":[])")), HasSubstr("not a time"));
}

TEST(PostHogTime, AnOffsetIsHowLongAgoItWas) {
    const auto time = [](const std::string& members) {
        const PostHog one = event(members);
        return one.accepted() ? format_rfc3339(one.event().occurred_at) : one.why();
    };
    EXPECT_EQ(time(R"("offset":2500)"), "2026-02-02T02:39:57.623456Z");
    EXPECT_EQ(event(R"("offset":2500)").event().props, "{}");
    EXPECT_EQ(time(R"("offset":0.5)"), "2026-02-02T02:40:00.122956Z");
    EXPECT_EQ(time(R"("offset":-60000)"), kSdkReceivedAt);
    EXPECT_EQ(time(R"("offset":2500,"timestamp":"2026-01-31T12:00:00Z")"), "2026-01-31T12:00:00Z");
    EXPECT_EQ(time(R"("offset":"2500")"), "must be a number of milliseconds in offset");
    EXPECT_EQ(time(R"("offset":1e300)"), "must be a number of milliseconds in offset");
    EXPECT_THAT(time(R"("offset":9e13)"), HasSubstr("before the year 1"));
    const PostHog none = event(R"("offset":null)");
    EXPECT_TRUE(none.event().time_from_door);
}

TEST(PostHogForms, JsonComesPlainOrAsBase64) {
    const std::string json = R"({"event":"e?","distinct_id":"u~","api_key":"phc_1"})";
    const std::string base64 = "eyJldmVudCI6ImU/IiwiZGlzdGluY3RfaWQiOiJ1fiIsImFwaV9rZXkiOiJwaGNfMSJ9";
    const auto check = [](const PostHog& one) {
        EXPECT_EQ(one.event().event_type, "e?") << one.why();
        EXPECT_EQ(one.event().user_id, "u~");
        EXPECT_EQ(one.result.ok() ? one.result->key : "", "phc_1");
    };
    check(PostHog(json, "/e/", "compression=gzip-js&ver=1.2"));  // was decompressed before
    check(PostHog("data=" + base64, "/e/"));
    check(PostHog("data=" + base64, "/e/", "compression=base64"));
    check(PostHog("data=eyJldmVudCI6ImU%2FIiwiZGlzdGluY3RfaWQiOiJ1fiIsImFwaV9rZXkiOiJwaGNfMSJ9&lib=x"));
    check(PostHog("ver=1&data=eyJldmVudCI6ImU_IiwiZGlzdGluY3RfaWQiOiJ1fiIsImFwaV9rZXkiOiJwaGNfMSJ9"));  // URL-safe
    check(PostHog("data=%7B%22event%22%3A%22e%3F%22%2C%22distinct_id%22%3A%22u~%22%2C%22api_key%22:%22phc_1%22%7d"));
    check(PostHog(base64, "/e/", "compression=base64"));
    check(PostHog("\n" + base64 + "\r\n", "/e/", "compression=base64"));
    // One padding, two, none; a '+' that a form made a space.
    EXPECT_EQ(PostHog("data=eyJldmVudCI6ImUiLCJkaXN0aW5jdF9pZCI6InUifQ==").event().user_id, "u");
    EXPECT_EQ(PostHog("data=eyJldmVudCI6ImUiLCJkaXN0aW5jdF9pZCI6InUxIn0=").event().user_id, "u1");
    EXPECT_EQ(PostHog("data=eyJldmVudCI6ImUiLCJkaXN0aW5jdF9pZCI6InUxIn0%3D").event().user_id, "u1");
    EXPECT_EQ(PostHog("data=eyJldmVudCI6ImUiLCJkaXN0aW5jdF9pZCI6InUifQ").event().user_id, "u");
    EXPECT_EQ(PostHog("data=eyJldmVudCI6Iv8ifQ==").error().code, ErrorCode::InvalidArgument);  // not UTF-8 inside
    EXPECT_EQ(PostHog("data=eyJldmVudCI6IuKCqz4 IiwiZGlzdGluY3RfaWQiOiJ1In0=").event().event_type, "\xE2\x82\xAB>>");

    const PostHog bad("data=eyJldmVudCI6ImUifQ==", "/e/");
    EXPECT_EQ(bad.rejection().raw, R"({"event":"e"})");
    EXPECT_EQ(bad.rejection().field, "distinct_id");
    EXPECT_EQ(bad.rejection().offset, 0U);
    EXPECT_TRUE(PostHog(mended(bad.rejection().raw, R"("e")", R"("e","distinct_id":"u")")).accepted());

    for (const char* body :
         {"data=", "data=%", "data=!!!!", "data=bm8ganNvbg==", "data=H4sIAAAAAAAA", "x=1", "=", "&&&"})
        EXPECT_EQ(PostHog(body, "/e/").error().code, ErrorCode::InvalidArgument) << body;
    EXPECT_EQ(PostHog("bm8ganNvbg==", "/e/", "compression=base64").error().field, "data");
    EXPECT_EQ(PostHog("N4Ig", "/e/", "compression=lz64").error().field, "compression");
}

TEST(PostHogLimits, HoldAtNAndFailAtNPlusOne) {
    struct Case {
        const char* begin;
        std::size_t most;
        const char* field;
    };
    for (const Case& c : {
             Case{R"({"distinct_id":"u","event":")", 128, "event"},
             Case{R"({"event":"e","distinct_id":"u","uuid":")", 128, "uuid"},
             Case{R"({"event":"e","distinct_id":"u","properties":{"$insert_id":")", 128, "/properties/$insert_id"},
             Case{R"({"event":"e","distinct_id":"u","properties":{"$session_id":")", 256, "/properties/$session_id"},
             Case{R"({"event":"e","distinct_id":"u","properties":{"$current_url":")", 2048, "/properties/$current_url"},
             Case{R"({"event":"e","distinct_id":"u","properties":{"$pathname":")", 2048, "/properties/$pathname"},
         }) {
        const std::string begin = c.begin;
        const std::string end = begin.find("properties") == std::string::npos ? "\"}" : "\"}}";
        const PostHog good(begin + std::string(c.most, 'x') + end);
        EXPECT_TRUE(good.accepted()) << begin << good.why();
        const PostHog bad(begin + std::string(c.most + 1, 'x') + end);
        EXPECT_EQ(bad.rejection().field, c.field);
        EXPECT_THAT(bad.rejection().reason, HasSubstr("longer than " + std::to_string(c.most)));
        EXPECT_EQ(bad.rejection().offset, begin.size() - 1) << begin;
    }
    EXPECT_TRUE(event(R"("properties":{"p":)" + times(30, "[") + times(30, "]") + "}").accepted());
    EXPECT_EQ(event(R"("properties":{"p":)" + times(31, "[") + times(31, "]") + "}").rejection().field, "properties");
    EXPECT_TRUE(event(R"("properties":{"p":")" + std::string(limits::kPropsBytes - 8, 'x') + "\"}").accepted());
    EXPECT_THAT(event(R"("properties":{"p":")" + std::string(limits::kPropsBytes - 7, 'x') + "\"}").rejection().reason,
                HasSubstr("props are larger"));
    for (const std::size_t size : {limits::kEventBytes, limits::kEventBytes + 1}) {
        const std::string begin = R"({"event":"e","distinct_id":"u","x":)";
        const std::string call = begin + std::string(size - begin.size() - 2, ' ') + "1}";
        EXPECT_EQ(PostHog(call).accepted(), size == limits::kEventBytes);
        EXPECT_EQ(PostHog("[" + call + "]").accepted(), size == limits::kEventBytes);
    }
    std::string array = "[";
    for (std::size_t i = 0; i < limits::kEventsPerRequest; ++i) array += R"({"event":"e","distinct_id":"u"},)";
    EXPECT_EQ(PostHog(array + "1]").error().code, ErrorCode::TooLarge);
    array.back() = ']';
    EXPECT_EQ(PostHog(array).result->batch.size(), 10'000U);
}

TEST(PostHogBodies, ThatAreNoneAreErrors) {
    for (const char* body : {"", " ", "null", "7", "{", "[", "[]", R"({"api_key":"k","batch":[]})",
                             R"({"api_key":"k","batch":{}})", R"({"api_key":"k","batch":"x"})", R"({"batch":[})"}) {
        EXPECT_EQ(PostHog(body).error().code, ErrorCode::InvalidArgument) << body;
        EXPECT_EQ(PostHogV1(body).error().code, ErrorCode::InvalidArgument) << body;
    }
}

// Each kind of rejection, among good events, in v0 and v1, and the text that mends it.
TEST(PostHogRejections, HurtNobodyAndCanBeMended) {
    struct Case {
        std::string event, field, from, to;
    };
    const std::string deep = times(40, "[") + times(40, "]");
    for (const Case& c : {
             Case{R"({"uuid":"m","distinct_id":"u"})", "event", R"({"uuid")", R"({"event":"e","uuid")"},
             Case{R"({"uuid":"m","distinct_id":"u","event":[]})", "event", "[]", R"("e")"},
             Case{R"({"uuid":"m","event":"e"})", "distinct_id", R"("e")", R"("e","distinct_id":"u")"},
             Case{R"({"uuid":"m","event":"e","distinct_id":""})", "distinct_id", R"("")", R"("u")"},
             Case{R"({"uuid":"m","event":"e","distinct_id":"u\u0000"})", "distinct_id", "\\u0000", ""},
             Case{R"({"uuid":"m","event":"e","distinct_id":"u","timestamp":"soon"})", "timestamp", "soon",
                  "2026-01-01T00:00:00Z"},
             Case{R"({"uuid":"m","event":"e","distinct_id":"u","offset":"x"})", "offset", R"("x")", "5"},
             Case{R"({"uuid":"m","event":"e","distinct_id":"u","properties":{"p":"\u0000"}})", "properties", "\\u0000",
                  ""},
             Case{R"({"uuid":"m","event":"e","distinct_id":"u","x":)" + deep + "}", "x", deep, "[]"},
             Case{R"({"uuid":"m","event":"e","distinct_id":"u","x":"\udc00"})", "", "\\udc00", ""},
             Case{R"({"uuid":"m","event":"e","distinct_id":"u","x":-1e999})", "", "-1e999", "1"},
             Case{R"({"uuid":"m","event":"e","distinct_id":"u","x":01})", "", "01", "1"},
         }) {
        for (const Dialect dialect : {Dialect::PostHog, Dialect::PostHogV1}) {
            const std::string begin = R"({"api_key":"k","batch":[{"event":"e","distinct_id":"u","uuid":"first"},)";
            const Sent batch(dialect, begin + c.event + R"(,{"event":"e","distinct_id":"u","uuid":"last"}]})",
                             "/batch/");
            ASSERT_TRUE(batch.result.ok()) << c.event << batch.why();
            ASSERT_EQ(batch.result->batch.size(), 2U) << c.event;
            EXPECT_EQ(batch.result->batch[0].event_id, "first");
            EXPECT_EQ(batch.result->batch[1].event_id, "last");
            const Rejection rejection = batch.rejection();
            EXPECT_EQ(rejection.index, 1U) << c.event;
            EXPECT_EQ(rejection.field, c.field) << c.event;
            EXPECT_EQ(rejection.event_id, "m") << c.event;
            EXPECT_EQ(rejection.raw, c.event);
            EXPECT_GE(rejection.offset, begin.size()) << c.event;
            EXPECT_LT(rejection.offset, begin.size() + c.event.size()) << c.event;
            const Sent again(dialect, mended(rejection.raw, c.from, c.to));
            EXPECT_TRUE(again.accepted()) << c.event << again.why();
            EXPECT_EQ(again.event().event_id, "m") << c.event;
        }
    }
}

TEST(PostHogRejections, KeepWhenTheyWereSentSoThatTheirTimeStaysRight) {
    const std::string body =
        R"([{"distinct_id":"u","timestamp":"2026-02-02T01:30:00Z"},{"event":"e","distinct_id":"u"}])";
    const std::string rest = R"("distinct_id":"u","timestamp":"2026-02-02T01:30:00Z"})";
    const auto check = [&](const Sent& sent, Dialect dialect, const std::string& member, const char* time) {
        EXPECT_EQ(sent.rejection().raw, "{" + member + rest) << sent.why();
        const Sent again(dialect, mended(sent.rejection().raw, "{", R"({"event":"e",)"));
        EXPECT_EQ(format_rfc3339(again.event().occurred_at), time) << again.why();
        EXPECT_EQ(again.event().props.find("sent_at"), std::string_view::npos);
        EXPECT_EQ(again.event().props.find("created_at"), std::string_view::npos);
    };
    check(PostHog(R"({"batch":)" + body + R"(,"sent_at":"2026-02-02T01:40:00.123456Z"})"), Dialect::PostHog,
          R"("sent_at":"2026-02-02T01:40:00.123456Z",)", "2026-02-02T02:30:00Z");
    check(PostHog(body, "/e/", "_=1769996400123"), Dialect::PostHog, R"("sent_at":"2026-02-02T01:40:00.123Z",)",
          "2026-02-02T02:30:00.000456Z");
    check(PostHog("{" + rest, "/e/", "_=1769996400123"), Dialect::PostHog, R"("sent_at":"2026-02-02T01:40:00.123Z",)",
          "2026-02-02T02:30:00.000456Z");
    check(PostHogV1(R"({"batch":)" + body + "}", {{"PostHog-Request-Timestamp", "2026-02-02T01:40:00.123456Z"}}),
          Dialect::PostHogV1, R"("created_at":"2026-02-02T01:40:00.123456Z",)", "2026-02-02T02:30:00Z");
    check(PostHog(R"({"batch":)" + body + R"(,"sent_at":"2026-02-02T01:40:00Z","historical_migration":true})"),
          Dialect::PostHog, "", "2026-02-02T01:30:00Z");
}

TEST(PostHogV1Events, HaveOptionsAndASession) {
    const PostHogV1 one(R"({"created_at":"2026-02-02T01:40:00.123456Z","batch":[
        {"event":"$pageview","uuid":"u-1","distinct_id":"d","timestamp":"2026-02-02T01:30:00Z","session_id":"s-1",
         "window_id":"w-1","options":{"cookieless_mode":true},"properties":{"$current_url":"/x","$session_id":"other"}},
        {"event":"e","uuid":"u-2","distinct_id":"d","timestamp":"2026-02-02T01:30:00Z",
         "options":{"disable_skew_correction":true}},
        {"event":"e","uuid":"u-3","timestamp":"2026-02-02T01:30:00Z","options":{}}]})");
    ASSERT_TRUE(one.result.ok()) << one.why();
    ASSERT_EQ(one.result->batch.size(), 2U);
    const EventView page = one.result->batch[0];
    EXPECT_EQ(page.event_type, "page_view");
    EXPECT_EQ(page.session_id, "s-1");
    EXPECT_EQ(page.page_url, "/x");
    EXPECT_EQ(format_rfc3339(page.occurred_at), "2026-02-02T02:30:00Z");
    EXPECT_EQ(page.props, R"({"$current_url":"/x","$session_id":"other","window_id":"w-1",)"
                          R"("options":{"cookieless_mode":true},"original_timestamp":"2026-02-02T01:30:00Z"})");
    EXPECT_EQ(format_rfc3339(one.result->batch[1].occurred_at), "2026-02-02T01:30:00Z");
    EXPECT_EQ(one.rejection().event_id, "u-3");
    EXPECT_EQ(one.rejection().field, "distinct_id");
}

TEST(PostHogV1Events, TheRequestsOwnTimeCountsBeforeTheBatchs) {
    const std::string body = R"({"created_at":"2026-02-02T01:00:00Z","batch":[
        {"event":"e","uuid":"u","distinct_id":"d","timestamp":"2026-02-02T00:50:00Z"}]})";
    const PostHogV1 retried(body, {{"posthog-request-timestamp", "2026-02-02T02:40:00.123456Z"}});
    EXPECT_EQ(format_rfc3339(retried.event().occurred_at), "2026-02-02T00:50:00Z");
    const PostHogV1 bare(body);
    EXPECT_EQ(format_rfc3339(bare.event().occurred_at), "2026-02-02T02:30:00.123456Z");
}

TEST(PostHogV1Events, TakeNoKeyFromProperties) {
    const PostHogV1 one(R"({"batch":[{"event":"e","distinct_id":"d","properties":{"token":"a"}},
                                     {"event":"e","distinct_id":"d","properties":{"token":"b"}}]})");
    ASSERT_TRUE(one.result.ok()) << one.why();
    EXPECT_EQ(one.result->key, "");
    EXPECT_EQ(one.result->batch[1].props, R"({"token":"b"})");
    // Forms are v0's.
    EXPECT_FALSE(PostHogV1("data=eyJldmVudCI6ImUiLCJkaXN0aW5jdF9pZCI6InUifQ==").result.ok());
}

std::string whose(std::string body, std::string query = {},
                  std::vector<std::pair<std::string, std::string>> headers = {}) {
    const SdkRequest request{std::move(body), "/batch", std::move(query), std::move(headers), {}};
    const auto dialect = request.with_input([](const DecodeInput& input) { return segment_or_posthog(input); });
    return dialect ? std::string(to_string(*dialect)) : "nobody";
}

TEST(SharedPaths, AreToldApartByTheirKeys) {
    EXPECT_EQ(whose(R"({"api_key":"k","batch":[]})"), "posthog");
    EXPECT_EQ(whose(R"({"batch":[{"writeKey":"x"}],"api_key":"k"})"), "posthog");
    EXPECT_EQ(whose(R"( {"event":"e","token":"k"})"), "posthog");
    EXPECT_EQ(whose("\xEF\xBB\xBF{\"$token\":\"k\"}"), "posthog");
    EXPECT_EQ(whose(R"([ {"event":"e","properties":{"token":"k"}}])"), "posthog");
    EXPECT_EQ(whose(R"([{"event":"e","api_key":"k"}, broken)"), "posthog");
    EXPECT_EQ(whose("data=eyJl"), "posthog");
    EXPECT_EQ(whose("eyJl", "compression=base64"), "posthog");
    EXPECT_EQ(whose(R"({"batch":[{"token":"x"}],"writeKey":"k"})"), "segment");
    EXPECT_EQ(whose(R"({"type":"track","event":"e","properties":{"token":"x"},"writeKey":"k"})"), "segment");
    EXPECT_EQ(whose("{}", {}, {{"authorization", "Basic a2V5Og=="}}), "segment");
    EXPECT_EQ(whose(R"({"batch":[]})", {}, {{"Authorization", "basic a2V5Og=="}}), "segment");
    for (const char* body : {"", "{", "{}", "[]", "[1]", "7", R"({"batch":[{"api_key":"k"}]})", R"({"api_key":null})",
                             R"({"token":7})", R"({"writeKey":""})", R"({"properties":{"token":1}})"})
        EXPECT_EQ(whose(body), "nobody") << body;
    EXPECT_EQ(whose("{}", {}, {{"Authorization", "Bearer x"}}), "nobody");
}

TEST(SharedPaths, TheRealRequestsAreKnown) {
    const auto whose_golden = [](const char* name) {
        const auto dialect =
            golden(name).with_input([](const DecodeInput& input) { return segment_or_posthog(input); });
        return dialect ? std::string(to_string(*dialect)) : "nobody";
    };
    EXPECT_EQ(whose_golden("segment_node_batch"), "segment");
    EXPECT_EQ(whose_golden("rudderstack_node_batch"), "segment");
    EXPECT_EQ(whose_golden("posthog_node_batch_gzip"), "posthog");
    EXPECT_EQ(whose_golden("posthog_node_historical"), "posthog");
}

}  // namespace
}  // namespace streamgauge::test
