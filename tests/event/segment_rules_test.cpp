// SPDX-License-Identifier: GPL-3.0-or-later
// Segment's dialect by its rules: which member becomes what, the sender's clock, limits at n and n + 1, rejections that
// can be mended.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event/sdk_support.h"

namespace streamgauge::test {
namespace {

using testing::HasSubstr;

struct Segment : Sent {
    explicit Segment(std::string body, std::string path = {})
        : Sent(Dialect::Segment, std::move(body), std::move(path)) {}
};

Segment track(const std::string& members) {
    return Segment(R"({"type":"track","event":"e",)" + members + "}");
}

TEST(SegmentType, IsTheCallsOwnOrThePaths) {
    struct Case {
        const char* body;
        const char* path;
        const char* type;
    };
    for (const Case& c : {
             Case{R"({"event":"Bought"})", "/v1/track", "Bought"},
             Case{R"({"event":"Bought"})", "/v1/t", "Bought"},
             Case{R"({"event":"Bought"})", "/track/", "Bought"},
             Case{R"({})", "/v1/page", "page_view"},
             Case{R"({})", "/v1/p", "page_view"},
             Case{R"({})", "/v1/screen", "page_view"},
             Case{R"({})", "/v1/s", "page_view"},
             Case{R"({})", "/v1/identify", "identify"},
             Case{R"({})", "/v1/i/", "identify"},
             Case{R"({})", "/v1/group", "group"},
             Case{R"({})", "/v1/g", "group"},
             Case{R"({})", "/v1/alias", "alias"},
             Case{R"({})", "/v1/a", "alias"},
             Case{R"({"type":"identify","event":"Bought"})", "/v1/track", "identify"},
             Case{R"({"type":"page"})", "/v1/batch", "page_view"},
             Case{R"({"type":null})", "/v1/page", "page_view"},
         }) {
        const Segment one(c.body, c.path);
        EXPECT_EQ(one.event().event_type, c.type) << c.path << ' ' << c.body << ": " << one.why();
        EXPECT_FALSE(one.result.ok() && one.result->several);
    }
    for (const char* path : {"/v1/batch", "/v1/import", "/v1/x", "/", ""}) {
        EXPECT_EQ(Segment("{}", path).error().field, "batch") << path;
        const Segment import(R"({"batch":[{"type":"page"}]})", path);
        EXPECT_EQ(import.event().event_type, "page_view") << path << ": " << import.why();
        EXPECT_TRUE(import.result->several);
    }
}

TEST(SegmentUser, IsUserIdElseAnonymousId) {
    EXPECT_EQ(track(R"("userId":"u","anonymousId":"a")").event().user_id, "u");
    EXPECT_EQ(track(R"("userId":"u","anonymousId":"a")").event().props, R"({"anonymousId":"a"})");
    EXPECT_EQ(track(R"("userId":null,"anonymousId":"a")").event().user_id, "a");
    EXPECT_EQ(track(R"("userId":"","anonymousId":"a")").event().user_id, "a");
    EXPECT_EQ(track(R"("userId":"","anonymousId":"a")").event().props, "{}");
    EXPECT_EQ(track(R"("userId":42)").event().user_id, "42");
    const Segment nobody = track(R"("userId":null,"anonymousId":null)");
    ASSERT_TRUE(nobody.accepted()) << nobody.why();
    EXPECT_EQ(nobody.event().user_id, "");
    EXPECT_EQ(track(R"("userId":["u"])").rejection().field, "userId");
    EXPECT_EQ(track(R"("anonymousId":{})").rejection().field, "anonymousId");
}

TEST(SegmentId, IsTheMessageIdOrMadeHere) {
    EXPECT_EQ(track(R"("messageId":"m-1")").event().event_id, "m-1");
    EXPECT_FALSE(track(R"("messageId":"m-1")").event().id_from_door);
    for (const char* none : {R"("x":1)", R"("messageId":null)", R"("messageId":"")"}) {
        const Segment one = track(none);
        EXPECT_EQ(one.event().event_id.size(), 36U) << none << ": " << one.why();
        EXPECT_TRUE(one.event().id_from_door) << none;
    }
    EXPECT_EQ(track(R"("messageId":true)").rejection().field, "messageId");
}

TEST(SegmentPage, ComesFromPropertiesThenContextThenAScreensName) {
    const auto page = [](const char* body) { return std::string(Segment(body).event().page_url); };
    EXPECT_EQ(page(R"({"type":"page","properties":{"url":"u","path":"p"},"context":{"page":{"url":"c"}}})"), "u");
    EXPECT_EQ(page(R"({"type":"page","properties":{"path":"p"},"context":{"page":{"url":"c"}}})"), "p");
    EXPECT_EQ(page(R"({"type":"page","properties":{"url":"","path":7},"context":{"page":{"url":"c"}}})"), "c");
    EXPECT_EQ(page(R"({"type":"track","event":"e","context":{"page":{"url":"c"}}})"), "c");
    EXPECT_EQ(page(R"({"type":"screen","name":"Home","context":{"page":"c"}})"), "Home");
    EXPECT_EQ(page(R"({"type":"page","name":"Home"})"), "");
    EXPECT_EQ(page(R"({"type":"screen","name":5})"), "");
}

TEST(SegmentSession, ComesFromContextThenProperties) {
    const auto session = [](const char* members) { return std::string(track(members).event().session_id); };
    EXPECT_EQ(session(R"("context":{"sessionId":"c"},"properties":{"sessionId":"p"})"), "c");
    EXPECT_EQ(session(R"("context":{"sessionId":null},"properties":{"sessionId":"p"})"), "p");
    EXPECT_EQ(session(R"("context":{"sessionId":1768469400})"), "1768469400");
    EXPECT_EQ(session(R"("context":{"sessionId":[1]},"properties":{"sessionId":{"x":1}})"), "");
}

TEST(SegmentBots, AreKnownByTheUserAgentInTheContext) {
    EXPECT_TRUE(track(R"("context":{"userAgent":"Googlebot/2.1 +http://www.google.com/bot.html"})").event().bot);
    EXPECT_FALSE(
        track(R"("context":{"userAgent":"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"})")
            .event()
            .bot);
    EXPECT_FALSE(track(R"("userAgent":"Googlebot/2.1")").event().bot);
    EXPECT_TRUE(track(R"("context":{"userAgent":7})").accepted());
}

TEST(SegmentProps, HoldTheContentsOfPropertiesAndTraitsAndAllElse) {
    EXPECT_EQ(track(R"("revenue":1,"properties":{"revenue":9.5,"total":2,"value":3},"context":{},"integrations":{}, 
                       "channel":"server","category":null,"traits":{"total":4,"plan":"pro"},"version":"1")")
                  .event()
                  .props,
              R"({"revenue":9.5,"total":2,"value":3,"plan":"pro","channel":"server","version":"1"})");
    EXPECT_EQ(track(R"("integrations":{"All":false},"context":{"ip":"1.2.3.4"})").event().props,
              R"({"integrations":{"All":false},"context":{"ip":"1.2.3.4"}})");
    EXPECT_EQ(Segment(R"({"type":"alias","userId":"u","previousId":"p"})").event().props, R"({"previousId":"p"})");
    EXPECT_EQ(Segment(R"({"type":"identify","event":"odd","traits":{"a":1}})").event().props,
              R"({"a":1,"event":"odd"})");
    // Not what they should be: kept under their own names.
    EXPECT_EQ(track(R"("properties":"text","traits":[1,2],"context":"c")").event().props,
              R"({"properties":"text","traits":[1,2],"context":"c"})");
    EXPECT_EQ(track(R"("properties":null,"traits":null)").event().props, "{}");
}

TEST(SegmentProps, OfTwoMembersWithOneNameTheFirstWins) {
    const Segment one(R"({"type":"track","type":"page","event":"a","event":"b","userId":null,"userId":"u","userId":"v",
        "properties":{"x":1,"x":2},"properties":{"y":1},"extra":1,"extra":2})");
    EXPECT_EQ(one.event().event_type, "a");
    EXPECT_EQ(one.event().user_id, "u");
    EXPECT_EQ(one.event().props, R"({"x":1,"extra":1})");
}

TEST(SegmentKey, StandsInTheBodyAndNowhereElse) {
    const Segment batch(R"({"batch":[{"type":"page"}],"writeKey":"k-1"})");
    EXPECT_EQ(batch.result->key, "k-1");
    EXPECT_EQ(batch.event().props, "{}");
    const Segment single(R"({"type":"page","writeKey":"k-2"})");
    EXPECT_EQ(single.result->key, "k-2");
    EXPECT_EQ(single.event().props, "{}");
    const Segment array(R"([{"type":"page","writeKey":"k-3"},{"type":"page"}])");
    ASSERT_TRUE(array.result.ok());
    EXPECT_EQ(array.result->key, "k-3");
    EXPECT_EQ(Segment(R"([{"type":"page","writeKey":"a"},{"type":"page","writeKey":"b"}])").error().field, "writeKey");
    EXPECT_EQ(track(R"("writeKey":5)").result->key, "");
    // What is kept of a call that is refused does not hold it.
    const Segment refused(R"({"type":"nope","writeKey":"0123456789abcdef"})");
    EXPECT_EQ(refused.result->key, "0123456789abcdef");
    EXPECT_EQ(refused.rejection().raw, R"({"type":"nope","writeKey":""})");
}

struct Times {
    std::string occurred, props;
};
Times times_of(const Segment& one) {
    if (!one.accepted()) return {one.why(), one.rejection().field};
    return {format_rfc3339(one.event().occurred_at), std::string(one.event().props)};
}

TEST(SegmentTime, IsTimestampElseOriginalTimestampElseTheDoors) {
    EXPECT_EQ(times_of(track(R"("timestamp":"2026-01-31T12:00:00+01:00","originalTimestamp":"2026-01-01T00:00:00Z")"))
                  .occurred,
              "2026-01-31T11:00:00Z");
    EXPECT_EQ(times_of(track(R"("timestamp":null,"originalTimestamp":1769860800)")).occurred, "2026-01-31T12:00:00Z");
    const Segment none = track(R"("x":1)");
    EXPECT_EQ(none.event().occurred_at, at(kSdkReceivedAt));
    EXPECT_TRUE(none.event().time_from_door);
    EXPECT_EQ(track(R"("timestamp":"yesterday")").rejection().field, "timestamp");
    EXPECT_EQ(track(R"("timestamp":{})").rejection().field, "timestamp");
    EXPECT_EQ(track(R"("originalTimestamp":"")").rejection().field, "originalTimestamp");
    // 24 hours ahead and no more.
    EXPECT_EQ(times_of(track(R"("timestamp":"2026-02-03T02:40:00.123456Z")")).occurred, "2026-02-03T02:40:00.123456Z");
    EXPECT_EQ(track(R"("timestamp":"2026-02-03T02:40:00.123457Z")").rejection().reason,
              "more than 24 hours in the future");
}

TEST(SegmentTime, TheSendersClockIsCorrected) {
    // Sent an hour early by the sender's clock: its times are an hour late.
    Times t = times_of(track(R"("timestamp":"2026-02-02T01:30:00Z","sentAt":"2026-02-02T01:40:00.123456Z")"));
    EXPECT_EQ(t.occurred, "2026-02-02T02:30:00Z");
    EXPECT_EQ(t.props, R"({"original_timestamp":"2026-02-02T01:30:00Z"})");
    // A year ahead.
    t = times_of(track(R"("timestamp":"2027-02-02T02:30:00Z","sentAt":"2027-02-02T02:40:00.123456Z")"));
    EXPECT_EQ(t.occurred, "2026-02-02T02:30:00Z");
    EXPECT_EQ(t.props, R"({"original_timestamp":"2027-02-02T02:30:00Z"})");
    // A second on the way is no wrong clock; a microsecond more is.
    t = times_of(track(R"("timestamp":"2026-02-02T02:00:00Z","sentAt":"2026-02-02T02:39:59.123456Z")"));
    EXPECT_EQ(t.occurred, "2026-02-02T02:00:01Z");
    EXPECT_EQ(t.props, "{}");
    t = times_of(track(R"("timestamp":"2026-02-02T02:00:00Z","sentAt":"2026-02-02T02:39:59.123455Z")"));
    EXPECT_EQ(t.occurred, "2026-02-02T02:00:01.000001Z");
    EXPECT_EQ(t.props, R"({"original_timestamp":"2026-02-02T02:00:00Z"})");
    // Never later than when it came.
    t = times_of(track(R"("timestamp":"2026-02-02T03:00:00Z","sentAt":"2026-02-02T02:40:00Z")"));
    EXPECT_EQ(t.occurred, kSdkReceivedAt);
    EXPECT_EQ(t.props, R"({"original_timestamp":"2026-02-02T03:00:00Z"})");
    // What is no time corrects nothing.
    EXPECT_EQ(times_of(track(R"("timestamp":"2026-02-02T01:30:00Z","sentAt":"now")")).occurred, "2026-02-02T01:30:00Z");
    // The producer's own prop of that name stays.
    EXPECT_EQ(times_of(track(R"("timestamp":"2026-02-02T01:30:00Z","sentAt":"2026-02-02T01:40:00Z",
                                "properties":{"original_timestamp":1})"))
                  .props,
              R"({"original_timestamp":1})");
    // Further back than there are years.
    const Segment far = track(R"("timestamp":"0001-01-01T00:00:00Z","sentAt":"9999-12-31T23:59:59Z")");
    EXPECT_EQ(far.rejection().field, "timestamp");
}

TEST(SegmentTime, ACallsOwnSentAtCountsBeforeTheBatchs) {
    const Segment batch(R"({"batch":[
        {"type":"page","timestamp":"2026-02-02T01:00:00Z"},
        {"type":"page","timestamp":"2026-02-02T01:00:00Z","sentAt":"2026-02-02T00:40:00.123456Z"}],
        "timestamp":"2000-01-01T00:00:00Z","sentAt":"2026-02-02T01:40:00.123456Z"})");
    ASSERT_TRUE(batch.result.ok()) << batch.why();
    ASSERT_EQ(batch.result->batch.size(), 2U);
    EXPECT_EQ(format_rfc3339(batch.result->batch[0].occurred_at), "2026-02-02T02:00:00Z");
    EXPECT_EQ(format_rfc3339(batch.result->batch[1].occurred_at), std::string(kSdkReceivedAt));
    EXPECT_EQ(batch.result->batch[1].props, R"({"original_timestamp":"2026-02-02T01:00:00Z"})");
}

TEST(SegmentLimits, HoldAtNAndFailAtNPlusOne) {
    struct Case {
        const char* begin;
        std::size_t most;
        const char* field;
    };
    for (const Case& c : {
             Case{R"({"type":"page","messageId":")", 128, "messageId"},
             Case{R"({"type":"track","event":")", 128, "event"},
             Case{R"({"type":"page","userId":")", 256, "userId"},
             Case{R"({"type":"page","anonymousId":")", 256, "anonymousId"},
             Case{R"({"type":"page","context":{"sessionId":")", 256, "/context/sessionId"},
             Case{R"({"type":"page","properties":{"sessionId":")", 256, "/properties/sessionId"},
             Case{R"({"type":"page","properties":{"url":")", 2048, "/properties/url"},
             Case{R"({"type":"page","properties":{"path":")", 2048, "/properties/path"},
             Case{R"({"type":"page","context":{"page":{"url":")", 2048, "/context/page/url"},
             Case{R"({"type":"screen","name":")", 2048, "name"},
         }) {
        const std::string begin = c.begin;
        const std::string end =
            "\"" + times(static_cast<std::size_t>(std::count(begin.begin(), begin.end(), '{')), "}");
        const Segment good(begin + std::string(c.most, 'x') + end);
        EXPECT_TRUE(good.accepted()) << begin << good.why();
        const Segment bad(begin + std::string(c.most + 1, 'x') + end);
        EXPECT_EQ(bad.rejection().field, c.field);
        EXPECT_THAT(bad.rejection().reason, HasSubstr("longer than " + std::to_string(c.most)));
        // The offset is that of the member at fault.
        EXPECT_EQ(bad.rejection().offset, begin.size() - 1) << begin;
    }
}

TEST(SegmentLimits, PropsAndDepthAndEventSize) {
    // {"p":"..."} is 8 bytes more than the text.
    EXPECT_EQ(track(R"("properties":{"p":")" + std::string(limits::kPropsBytes - 8, 'x') + "\"}").event().props.size(),
              limits::kPropsBytes);
    const Segment large = track(R"("properties":{"p":")" + std::string(limits::kPropsBytes - 7, 'x') + "\"}");
    EXPECT_THAT(large.rejection().reason, HasSubstr("props are larger than 32768 bytes"));
    EXPECT_EQ(large.rejection().field, "properties");

    // The call is level 1, properties 2, their members 3.
    const auto nested = [](std::size_t levels) {
        return R"("properties":{"p":)" + times(levels, "[") + times(levels, "]") + "}";
    };
    EXPECT_TRUE(track(nested(30)).accepted());
    EXPECT_THAT(track(nested(31)).rejection().reason, HasSubstr("nested deeper than 32 levels"));
    EXPECT_TRUE(track("\"extra\":" + times(31, "[") + times(31, "]")).accepted());
    EXPECT_EQ(track("\"extra\":" + times(32, "[") + times(32, "]")).rejection().field, "extra");
    EXPECT_EQ(track("\"extra\":" + times(2000, "[") + times(2000, "]")).error().code, ErrorCode::InvalidArgument);

    // White space counts for the size of a call, not for its props.
    const std::string call = R"({"type":"page","x":)";
    const auto sized = [&](std::size_t size) { return call + std::string(size - call.size() - 2, ' ') + "1}"; };
    const std::string other = R"({"type":"page","messageId":"other"})";
    for (const std::size_t size : {limits::kEventBytes, limits::kEventBytes + 1}) {
        const Segment single(sized(size));
        const Segment batch(R"({"batch":[)" + other + "," + sized(size) + "," + other + "]}");
        ASSERT_TRUE(single.result.ok() && batch.result.ok());
        const bool fits = size == limits::kEventBytes;
        EXPECT_EQ(single.accepted(), fits) << single.why();
        EXPECT_EQ(batch.result->batch.size(), fits ? 3U : 2U);
        if (fits) continue;
        EXPECT_THAT(single.rejection().reason, HasSubstr("at most 65536 bytes"));
        EXPECT_EQ(single.rejection().raw.size(), limits::kDeadLetterRawBytes);
        EXPECT_EQ(batch.rejection().index, 1U);
        EXPECT_EQ(batch.rejection().offset, 10 + other.size() + 1);
    }
}

TEST(SegmentLimits, EventsARequest) {
    const auto batch = [](std::size_t count) {
        std::string body = R"({"batch":[)";
        for (std::size_t i = 0; i < count; ++i) body += i == 0 ? R"({"type":"page"})" : R"(,{"type":"page"})";
        return body + "]}";
    };
    const Segment most(batch(limits::kEventsPerRequest));
    ASSERT_TRUE(most.result.ok());
    EXPECT_EQ(most.result->batch.size(), 10'000U);
    EXPECT_EQ(Segment(batch(limits::kEventsPerRequest + 1)).error().code, ErrorCode::TooLarge);
    // The same when one of them is no JSON.
    std::string broken = batch(limits::kEventsPerRequest + 1);
    broken.replace(broken.find("page"), 4, "\\ud8");
    EXPECT_EQ(Segment(broken).error().code, ErrorCode::TooLarge);
}

TEST(SegmentBodies, ThatAreNoneAreErrors) {
    for (const char* body : {"", "  ", "null", "7", "\"text\"", "{", "{}", R"({"batch":{}})", R"({"batch":[})",
                             R"({"batch":[]})", "[]", R"({"batch":null})", R"({"batch":[{"type":"page"}],"sentAt":})",
                             R"({"batch":[{"type":"page"}]} x)", "\xFF\xFE"})
        EXPECT_EQ(Segment(body).error().code, ErrorCode::InvalidArgument) << body;
    const Segment broken(R"({"type":"page", "x":tru})");
    EXPECT_EQ(broken.error().offset, 20U);
    EXPECT_THAT(broken.error().message, HasSubstr("not JSON"));
    EXPECT_TRUE(Segment("\xEF\xBB\xBF\r\n {\"type\":\"page\"} \n").accepted());
}

// Each kind of rejection, among good calls, and the text that mends it.
TEST(SegmentRejections, HurtNobodyAndCanBeMended) {
    struct Case {
        std::string call, field, from, to;
    };
    const std::string deep = times(40, "[") + times(40, "]");
    for (const Case& c : {
             Case{R"({"messageId":"m"})", "type", R"({"m)", R"({"type":"page","m)"},
             Case{R"({"messageId":"m","type":"Track"})", "type", "Track", "page"},
             Case{R"({"messageId":"m","type":["page"]})", "type", R"(["page"])", R"("page")"},
             Case{R"({"messageId":"m","type":"track"})", "event", R"("track")", R"("track","event":"e")"},
             Case{R"({"messageId":"m","type":"track","event":""})", "event", R"(event":")", R"(event":"e)"},
             Case{R"({"messageId":"m","type":"track","event":{}})", "event", "{}", R"("e")"},
             Case{R"({"messageId":"m","type":"page","userId":[]})", "userId", "[]", "1"},
             Case{R"({"messageId":"m","type":"page","userId":"a\u0000b"})", "userId", "\\u0000", ""},
             Case{R"({"messageId":"m","type":"page","timestamp":"soon"})", "timestamp", "soon", "2026-01-01T00:00:00Z"},
             Case{R"({"messageId":"m","type":"page","timestamp":4000000000})", "timestamp", "4000000000", "1769990000"},
             Case{R"({"messageId":"m","type":"page","properties":{"p":"\u0000"}})", "properties", "\\u0000", ""},
             Case{R"({"messageId":"m","type":"page","traits":{"p":"\u0000"}})", "traits", "\\u0000", ""},
             Case{R"({"messageId":"m","type":"page","properties":{"\u0000":1}})", "properties", "\\u0000", "p"},
             Case{R"({"messageId":"m","type":"page","x":)" + deep + "}", "x", deep, "[]"},
             Case{R"({"messageId":"m","type":"page","x":"\ud800"})", "", "\\ud800", ""},
             Case{R"({"messageId":"m","type":"page","x":1e999})", "", "1e999", "1"},
             Case{R"({"messageId":"m","type":"page","x":123456789012345678901234567890})", "",
                  "123456789012345678901234567890", "1"},
             Case{R"({"messageId":"m","type":"page","x":tru})", "", "tru", "true"},
             Case{"{\"messageId\":\"m\",\"type\":\"page\",\"x\":\"\xFF\"}", "", "\xFF", ""},
         }) {
        const std::string begin = R"({"batch":[{"type":"page","messageId":"first"},)";
        const Segment batch(begin + c.call + R"(,{"type":"page","messageId":"last"}],"sentAt":null,"writeKey":"key"})",
                            "/v1/batch");
        ASSERT_TRUE(batch.result.ok()) << c.call << batch.why();
        ASSERT_EQ(batch.result->batch.size(), 2U) << c.call;
        EXPECT_EQ(batch.result->batch[0].event_id, "first");
        EXPECT_EQ(batch.result->batch[1].event_id, "last");
        EXPECT_EQ(batch.result->request_index, (std::vector<std::uint32_t>{0, 2}));
        EXPECT_EQ(batch.result->key, "key");
        const Rejection rejection = batch.rejection();
        EXPECT_EQ(rejection.index, 1U) << c.call;
        EXPECT_EQ(rejection.field, c.field) << c.call;
        EXPECT_EQ(rejection.event_id, "m") << c.call;
        EXPECT_EQ(rejection.raw, c.call);
        EXPECT_GE(rejection.offset, begin.size()) << c.call;
        EXPECT_LT(rejection.offset, begin.size() + c.call.size()) << c.call;
        const Segment again(mended(rejection.raw, c.from, c.to));
        EXPECT_TRUE(again.accepted()) << c.call << again.why();
        EXPECT_EQ(again.event().event_id, "m") << c.call;
    }
    for (const char* call : {"7", "null", "[]", R"("text")"}) {
        const Segment batch(R"({"batch":[{"type":"page"},)" + std::string(call) + "]}");
        ASSERT_TRUE(batch.result.ok()) << call;
        EXPECT_EQ(batch.result->batch.size(), 1U);
        EXPECT_EQ(batch.rejection().raw, call);
        EXPECT_EQ(batch.rejection().reason, "an event is a JSON object");
        EXPECT_TRUE(Segment(mended(call, "", R"({"type":"page"})")).accepted());
    }
}

TEST(SegmentRejections, ASinglesTypeIsPutIntoWhatIsKept) {
    const Segment empty("{ }", "/v1/track");
    EXPECT_EQ(empty.rejection().raw, R"({"type":"track" })");
    EXPECT_EQ(empty.rejection().field, "event");
    const Segment single(R"({"messageId":"m","timestamp":"soon"})", "/v1/p");
    EXPECT_EQ(single.rejection().raw, R"({"type":"page","messageId":"m","timestamp":"soon"})");
    EXPECT_EQ(single.rejection().offset, 29U);
    const Segment again(mended(single.rejection().raw, "soon", "2026-01-01T00:00:00Z"));
    EXPECT_EQ(again.event().event_type, "page_view") << again.why();
    EXPECT_EQ(again.event().event_id, "m");
}

TEST(SegmentRejections, KeepWhenTheyWereSentSoThatTheirTimeStaysRight) {
    const auto batch = [](const std::string& call) {
        return Segment(R"({"batch":[)" + call + R"(,{"type":"page"}],"sentAt":"2026-02-02T01:40:00.123456Z"})");
    };
    const Segment one = batch(R"({"type":"nope","timestamp":"2026-02-02T01:30:00Z"})");
    EXPECT_EQ(one.rejection().raw,
              R"({"sentAt":"2026-02-02T01:40:00.123456Z","type":"nope","timestamp":"2026-02-02T01:30:00Z"})");
    EXPECT_EQ(one.rejection().offset, 18U);
    const Segment again(mended(one.rejection().raw, "nope", "page"));
    EXPECT_EQ(format_rfc3339(again.event().occurred_at), "2026-02-02T02:30:00Z") << again.why();
    EXPECT_EQ(again.event().props, R"({"original_timestamp":"2026-02-02T01:30:00Z"})");
    EXPECT_EQ(batch(R"({"type":"page","x":tru})").rejection().raw,
              R"({"sentAt":"2026-02-02T01:40:00.123456Z","type":"page","x":tru})");
    EXPECT_EQ(batch("{}").rejection().raw, R"({"sentAt":"2026-02-02T01:40:00.123456Z"})");
    EXPECT_EQ(batch(R"({"sentAt":1770000000,"type":"x"})").rejection().raw, R"({"sentAt":1770000000,"type":"x"})");
    EXPECT_EQ(batch("7").rejection().raw, "7");
    // Unless it would be too long to keep.
    const std::string call = R"({"type":"x","y":")";
    const std::string sent_at = R"("sentAt":"2026-02-02T01:40:00.123456Z",)";
    for (const std::size_t more : {0U, 1U}) {
        const std::size_t fill = limits::kDeadLetterRawBytes - sent_at.size() - call.size() - 2 + more;
        const Rejection rejection = batch(call + std::string(fill, 'y') + "\"}").rejection();
        EXPECT_EQ(rejection.raw.size(),
                  more == 0 ? limits::kDeadLetterRawBytes : limits::kDeadLetterRawBytes + 1 - sent_at.size());
    }
}

TEST(SegmentRejections, HoldNoKeyWhereverItStands) {
    const Segment batch(R"({"writeKey":"0123456789abcdef","batch":[
        {"type":"x","writeKey":"0123456789abcdef","context":{"k":"0123456789abcdef"}},{"y":tru,"k":"0123456789abcdef"}]})");
    ASSERT_TRUE(batch.result.ok()) << batch.why();
    ASSERT_EQ(batch.result->rejected.size(), 2U);
    EXPECT_EQ(batch.result->rejected[0].raw, R"({"type":"x","writeKey":"","context":{"k":""}})");
    EXPECT_EQ(batch.result->rejected[1].raw, R"({"y":tru,"k":""})");
    // A word that short is no key of ours; it may mean anything.
    EXPECT_EQ(Segment(R"({"type":"x","writeKey":"x"})").rejection().raw, R"({"type":"x","writeKey":"x"})");
}

TEST(SegmentRejections, AMemberWrittenWithEscapesIsFoundToo) {
    const Segment batch("{\"b\\u0061tch\":[{\"type\":\"page\"},{\"type\":\"x\"}]}");
    ASSERT_TRUE(batch.result.ok()) << batch.why();
    EXPECT_EQ(batch.result->batch.size(), 1U);
    EXPECT_EQ(batch.rejection().raw, R"({"type":"x"})");
}

}  // namespace
}  // namespace streamgauge::test
