// SPDX-License-Identifier: GPL-3.0-or-later
// The pseudonyms were computed with Python's hashlib from the definition in event/visitor.h.
#include <gtest/gtest.h>

#include "event/web_request.h"

namespace streamgauge {
namespace {

using test::decode_again;
using test::golden;
using test::Headers;
using test::mended;
using test::only;
using test::only_rejection;
using test::repeat;

Result<DecodedRequest> decode(std::string body, Headers headers = {}) {
    return test::decode_as(Dialect::Plausible, std::move(body), std::move(headers));
}
// `raw` as a rejection keeps it: with its visitor, who sent no user agent.
std::string kept(std::string_view raw) {
    return R"({"streamgauge_visitor":"190b371d2e550932f0f7dcf199a6fbbe")" + std::string(raw == "{}" ? "" : ",") +
           std::string(raw.substr(1));
}
// An event with these further members, JSON.
std::string event(const std::string& more) {
    return R"({"n":"Buy","u":"https://a.example/","d":"a.example")" + more + "}";
}
std::string props(const std::string& more) {
    return std::string(only(decode(event(more))).props);
}
std::string reason(const std::string& more) {
    return only_rejection(decode(event(more))).reason;
}

TEST(PlausibleDecoder, ReadsThePageViewOfTheTrackerForEachOfItsSites) {
    const auto result = test::decode_as(Dialect::Plausible, golden("plausible_tracker_pageview"));
    ASSERT_TRUE(result.ok()) << result.error().describe();
    ASSERT_EQ(result->batch.size(), 2U);
    EXPECT_TRUE(result->rejected.empty());
    EXPECT_FALSE(result->several);
    EXPECT_EQ(result->sites, (std::vector<std::string>{"shop.example", "rollup.example"}));
    EXPECT_EQ(result->request_index, (std::vector<std::uint32_t>{0, 0}));
    for (const std::size_t i : {0U, 1U}) {
        EXPECT_EQ(result->batch[i].event_type, "page_view");
        EXPECT_EQ(result->batch[i].page_url, "https://shop.example/checkout?step=2#pay");
        EXPECT_EQ(result->batch[i].session_id, "");
        EXPECT_EQ(result->batch[i].occurred_at, test::at("2026-02-02T02:40:00.123456Z"));
        EXPECT_TRUE(result->batch[i].time_from_door);
        EXPECT_TRUE(result->batch[i].id_from_door);
        EXPECT_TRUE(result->batch[i].bot) << "jsdom is a scripted browser";
    }
    EXPECT_EQ(
        result->batch[0].props,
        R"({"domain":"shop.example","referrer":"https://search.example/?q=tea","screen_width":1024,"hash_mode":0})");
    EXPECT_EQ(
        result->batch[1].props,
        R"({"domain":"rollup.example","referrer":"https://search.example/?q=tea","screen_width":1024,"hash_mode":0})");
    EXPECT_EQ(result->batch[0].user_id, "3512458a1b5ff2a0c4e1a472a19c9164");
    EXPECT_EQ(result->batch[1].user_id, "10cf4af5d0d7e3f4843af0572e2b0937");
    EXPECT_EQ(result->batch[0].event_id.size(), 36U);
    EXPECT_NE(result->batch[0].event_id, result->batch[1].event_id);
}

TEST(PlausibleDecoder, ReadsTheCustomEventOfTheTracker) {
    const auto result = test::decode_as(Dialect::Plausible, golden("plausible_tracker_event"));
    ASSERT_TRUE(result.ok());
    ASSERT_EQ(result->batch.size(), 2U);
    EXPECT_EQ(result->batch[0].event_type, "Signup");
    EXPECT_EQ(
        result->batch[0].props,
        R"({"domain":"shop.example","referrer":"https://search.example/?q=tea","screen_width":1024,"hash_mode":0,)"
        R"("plan":"Pro","seats":3,"trial":true})");
    const auto hash_mode = test::decode_as(Dialect::Plausible, golden("plausible_tracker_hash_mode"));
    EXPECT_EQ(
        only(hash_mode).props,
        R"({"domain":"shop.example","referrer":"https://search.example/?q=tea","screen_width":1024,"hash_mode":1})");
}

TEST(PlausibleDecoder, ReadsTheLongNamesOfTheEventsApi) {
    const auto result = decode(
        R"({"name":"Purchase","url":"https://shop.example/thanks","domain":"shop.example","referrer":"https://r.example/",)"
        R"("screen_width":390,"hashMode":1,"interactive":false,"props":{"method":"card","items":2},)"
        R"("revenue":{"currency":"EUR","amount":1322.22}})",
        {{"User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0"}});
    const EventView e = only(result);
    EXPECT_EQ(e.event_type, "Purchase");
    EXPECT_EQ(e.page_url, "https://shop.example/thanks");
    EXPECT_FALSE(e.bot);
    EXPECT_EQ(e.props, R"({"domain":"shop.example","referrer":"https://r.example/","screen_width":390,"hash_mode":1,)"
                       R"("interactive":false,"revenue":1322.22,"currency":"EUR","method":"card","items":2})");
}

TEST(PlausibleDecoder, ShortNamesComeBeforeLongOnesAndNullIsNotThere) {
    const auto result = decode(
        R"({"name":"long","n":"short","url":"https://long/","u":null,"domain":"long.example","d":"short.example"})");
    const EventView e = only(result);
    EXPECT_EQ(e.event_type, "short");
    EXPECT_EQ(e.page_url, "https://long/");
    EXPECT_EQ(e.props, R"({"domain":"short.example"})");
}

TEST(PlausibleDecoder, TakesPropsAsAnObjectOrAsJsonInAString) {
    EXPECT_EQ(props(R"(,"p":{"a":1})"), R"({"domain":"a.example","a":1})");
    EXPECT_EQ(props(R"(,"m":"{\"a\":[1,{\"b\":null}]}")"), R"({"domain":"a.example","a":[1,{"b":null}]})");
    EXPECT_EQ(props(R"(,"meta":{"a":1},"props":{"b":2})"), R"({"domain":"a.example","a":1})");
    EXPECT_EQ(props(R"(,"p":"no JSON")"), R"({"domain":"a.example","props":"no JSON"})");
    EXPECT_EQ(props(R"(,"p":"[1]")"), R"({"domain":"a.example","props":"[1]"})");
    EXPECT_EQ(props(R"(,"p":7)"), R"({"domain":"a.example","props":7})");
    EXPECT_EQ(props(R"(,"p":null)"), R"({"domain":"a.example"})");
}

TEST(PlausibleDecoder, CustomPropsNeverReplaceItsOwn) {
    EXPECT_EQ(props(R"(,"w":1,"p":{"domain":"x","screen_width":2,"c":3})"),
              R"({"domain":"a.example","screen_width":1,"c":3})");
}

TEST(PlausibleDecoder, KeepsWhatItDoesNotKnowAndNamesWhatItDoes) {
    EXPECT_EQ(props(R"(,"v":14,"sd":55,"e":7200,"new":{"a":1},"none":null)"),
              R"({"domain":"a.example","tracker_version":14,"scroll_depth":55,"engagement_time":7200,"new":{"a":1}})");
}

TEST(PlausibleDecoder, RevenueIsAnExactDecimal) {
    EXPECT_EQ(props(R"(,"revenue":{"amount":19.99,"currency":"EUR"})"),
              R"({"domain":"a.example","revenue":19.99,"currency":"EUR"})");
    EXPECT_EQ(props(R"(,"$":{"amount":"0019.90"})"), R"({"domain":"a.example","revenue":19.90})");
    EXPECT_EQ(props(R"(,"revenue":{"amount":"-0.10"})"), R"({"domain":"a.example","revenue":-0.10})");
    EXPECT_EQ(props(R"(,"revenue":{"amount":"12345678901234567890.123456789"})"),
              R"({"domain":"a.example","revenue":12345678901234567890.123456789})");
    EXPECT_EQ(props(R"(,"revenue":"{\"amount\":5,\"currency\":\"USD\"}")"),
              R"({"domain":"a.example","revenue":5,"currency":"USD"})");
    EXPECT_EQ(props(R"(,"revenue":null)"), R"({"domain":"a.example"})");
    for (const std::string_view bad : {R"("")", R"("-")", R"("1.")", R"(".5")", R"("1,50")", R"("+1")", R"("1e3")",
                                       R"("NaN")", "true", "{}", R"("00x")", R"(" 1")"}) {
        EXPECT_EQ(reason(R"(,"revenue":{"amount":)" + std::string(bad) + "}"), "must be a decimal number such as 19.90")
            << bad;
    }
    EXPECT_EQ(reason(R"(,"revenue":{"amount":")" + std::string(41, '1') + R"("})"),
              "must be a decimal number such as 19.90");
    EXPECT_NE(props(R"(,"revenue":{"amount":")" + std::string(40, '1') + R"("})"), "");
    EXPECT_EQ(reason(R"(,"revenue":{"currency":"EUR"})"), "the amount is missing");
    EXPECT_EQ(reason(R"(,"revenue":12)"), "must be an object with amount and currency");
    EXPECT_EQ(reason(R"(,"revenue":{"amount":1,"currency":978})"), "must be a string");
}

TEST(PlausibleDecoder, OneEventForEachSite) {
    const auto result = decode(R"({"n":"pageview","u":"https://a.example/","d":" a.example ,,b.example,a.example,"})");
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->sites, (std::vector<std::string>{"a.example", "b.example"}));
    EXPECT_EQ(result->batch[0].user_id, "5132af01a5a0f47ecf078d9d00377ae0");
    EXPECT_EQ(result->batch[1].user_id, "08b13b16b2a8771b8fe3f8b6c0fc73c2");

    const auto sites = [](std::size_t count) {
        std::string list;
        for (std::size_t i = 0; i < count; ++i) list += std::to_string(i) + ".example,";
        return decode(R"({"n":"pageview","u":"https://a.example/","d":")" + list + R"("})");
    };
    EXPECT_EQ(sites(16)->batch.size(), 16U);
    EXPECT_EQ(only_rejection(sites(17)).reason, "names more than 16 sites");
}

TEST(PlausibleDecoder, SiteNamesAreBounded) {
    const auto named = [](const std::string& site) {
        return decode(R"({"n":"pageview","u":"https://a.example/","d":")" + site + R"("})");
    };
    EXPECT_EQ(named(std::string(255, 'd'))->sites.front().size(), 255U);
    EXPECT_EQ(only_rejection(named(std::string(256, 'd'))).reason, "holds a name that can be no domain's");
    for (const std::string_view bad : {R"(a\"b)", R"(a\\b)", R"(a b)", R"(a\u0000)", R"(a\n)"})
        EXPECT_EQ(only_rejection(named(std::string(bad))).reason, "holds a name that can be no domain's") << bad;
    EXPECT_EQ(only_rejection(named(" , ,")).reason, "the site is missing");
    EXPECT_EQ(named("b\xC3\xBC"
                    "cher.example")
                  ->sites.front(),
              "b\xC3\xBC"
              "cher.example");
}

TEST(PlausibleDecoder, SaysWhatIsMissingOrOfAnotherType) {
    struct Case {
        std::string_view body, field, reason;
    };
    for (const Case& c : {Case{R"({"u":"https://a/","d":"a"})", "name", "the event's name is missing"},
                          Case{R"({"n":"","u":"https://a/","d":"a"})", "n", "must be a text that is not empty"},
                          Case{R"({"name":5,"u":"https://a/","d":"a"})", "name", "must be a text that is not empty"},
                          Case{R"({"n":"x","u":"https://a/"})", "domain", "the site is missing"},
                          Case{R"({"n":"x","u":"https://a/","d":["a"]})", "d", "must be a string"},
                          Case{R"({"n":"x","d":"a"})", "url", "the page's URL is missing"},
                          Case{R"({"n":"x","d":"a","u":{}})", "u", "must be a text that is not empty"},
                          Case{R"({"n":"x","d":"a","url":""})", "url", "must be a text that is not empty"},
                          Case{R"({"n":"\u0000","d":"a","u":"/"})", "n", "holds the character U+0000"},
                          Case{R"({"n":"x","d":"a","u":"/","p":{"k":"\u0000"}})", "p", "holds the character U+0000"},
                          Case{R"({})", "name", "the event's name is missing"}}) {
        const Rejection r = only_rejection(decode(std::string(c.body)));
        EXPECT_EQ(r.field, c.field) << c.body;
        EXPECT_EQ(r.reason, c.reason) << c.body;
        EXPECT_EQ(r.raw, kept(c.body));
    }
}

TEST(PlausibleDecoder, LimitsHoldAtTheirEdges) {
    const auto with_name = [](std::size_t size) {
        return decode(R"({"n":")" + std::string(size, 'n') + R"(","u":"/","d":"a"})");
    };
    EXPECT_EQ(only(with_name(128)).event_type.size(), 128U);
    EXPECT_EQ(only_rejection(with_name(129)).reason, "longer than 128 bytes");
    const auto with_url = [](std::size_t size) {
        return decode(R"({"n":"x","u":")" + std::string(size, 'u') + R"(","d":"a"})");
    };
    EXPECT_EQ(only(with_url(2048)).page_url.size(), 2048U);
    EXPECT_EQ(only_rejection(with_url(2049)).reason, "longer than 2048 bytes");
    // {"domain":"a.example","k":"..."}
    const auto with_props = [](std::size_t size) {
        return decode(event(R"(,"p":{"k":")" + std::string(size - 29, 'v') + R"("})"));
    };
    EXPECT_EQ(only(with_props(32 * 1024)).props.size(), 32U * 1024);
    EXPECT_EQ(only_rejection(with_props(32 * 1024 + 1)).reason, "props are larger than 32768 bytes");
    const auto nested = [](std::size_t levels) {
        return decode(event(R"(,"p":{"k":)" + std::string(levels, '[') + std::string(levels, ']') + "}"));
    };
    EXPECT_TRUE(only(nested(30)).props.size() > 60);
    EXPECT_EQ(only_rejection(nested(31)).reason, "nested deeper than 32 levels");
    const std::string small = event("");
    EXPECT_EQ(
        only(decode(small.substr(0, small.size() - 1) + std::string(64 * 1024 - small.size(), ' ') + "}")).event_type,
        "Buy");
    const Rejection large = only_rejection(
        decode(small.substr(0, small.size() - 1) + std::string(64 * 1024 + 1 - small.size(), ' ') + "}"));
    EXPECT_EQ(large.reason, "an event is at most 65536 bytes");
    EXPECT_EQ(large.raw.size(), 64U * 1024);
}

TEST(PlausibleDecoder, TheLongestSiteCountsTowardsTheSizeOfProps) {
    // {"domain":"a.example","k":"..."} is at the limit; with the longer site it is one byte above.
    const auto listed = [](const std::string& sites) {
        return decode(R"({"n":"x","u":"/","d":")" + sites + R"(","p":{"k":")" + std::string(32 * 1024 - 29, 'v') +
                      R"("}})");
    };
    EXPECT_EQ(listed("a.example,b.example")->batch.size(), 2U);
    EXPECT_EQ(only_rejection(listed("a.example,bb.example")).reason, "props are larger than 32768 bytes");
}

TEST(PlausibleDecoder, ABodyThatIsNoEventIsAnError) {
    for (const std::string_view body : {"", "  ", "[]", "[{}]", "7", "\"x\"", "{", "n=pageview", R"({"n":"\ud800"})"}) {
        const auto result = decode(std::string(body));
        ASSERT_FALSE(result.ok()) << body;
        EXPECT_EQ(result.error().code, ErrorCode::InvalidArgument) << body;
    }
}

TEST(PlausibleDecoder, RejectionsAreTakenOnceMended) {
    const auto mend = [](const std::string& body, std::string_view old, std::string_view with) {
        const Rejection r = only_rejection(decode(body));
        return decode_again(Dialect::Plausible, mended(r.raw, old, with));
    };
    const auto named = mend(R"({"n":"","u":"/","d":"a"})", R"("n":"")", R"("n":"Buy")");
    EXPECT_EQ(only(named).event_type, "Buy");
    EXPECT_EQ(only(mend(event(R"(,"revenue":{"amount":"1,50"})"), "1,50", "1.50")).props,
              R"({"domain":"a.example","revenue":1.50})");
    EXPECT_EQ(only(mend(R"({"n":"x","u":"/"})", "{", R"({"d":"a",)")).props, R"({"domain":"a"})");
}

TEST(PlausibleDecoder, AMendedEventHasTheVisitorOfItsRequest) {
    const std::string good = R"({"n":"x","u":"/","d":"a.example,b.example"})";
    const auto sent = decode(good, {{"User-Agent", "curl/8.0"}});
    const Rejection r = only_rejection(decode(mended(good, R"("x")", R"("")"), {{"User-Agent", "curl/8.0"}}));
    EXPECT_EQ(r.raw, R"({"streamgauge_visitor":"49f86ad2bd4910103c9ef6fc7cd0fd0b robot",)"
                     R"("n":"","u":"/","d":"a.example,b.example"})");
    const auto again = decode_again(Dialect::Plausible, mended(r.raw, R"("n":"")", R"("n":"x")"));
    ASSERT_TRUE(again.ok());
    ASSERT_EQ(again->batch.size(), 2U);
    for (const std::size_t i : {0U, 1U}) {
        EXPECT_EQ(again->batch[i].user_id, sent->batch[i].user_id);
        EXPECT_EQ(again->batch[i].props, sent->batch[i].props);
        EXPECT_TRUE(again->batch[i].bot);
    }
    EXPECT_EQ(only_rejection(decode_again(Dialect::Plausible, r.raw)).raw, r.raw) << "also when it is wrong again";
}

TEST(PlausibleDecoder, NobodyNamesAVisitorFromOutside) {
    const auto named = [](const std::string& visitor) { return event(R"(,"streamgauge_visitor":)" + visitor); };
    const std::string other = R"("00000000000000000000000000000000 robot")";
    EXPECT_EQ(only(decode(named(other))).user_id, only(decode(event(""))).user_id);
    EXPECT_EQ(only(decode(named(other))).props, R"({"domain":"a.example"})");
    EXPECT_FALSE(only(decode(named(other))).bot);
    EXPECT_NE(only(decode_again(Dialect::Plausible, named(other))).user_id, "");
    EXPECT_EQ(only(decode_again(Dialect::Plausible, event(""))).user_id, "") << "no address, no visitor";
    for (const std::string_view bad : {"7", R"("")", R"("0000")", R"("0000000000000000000000000000000G")", "null"})
        EXPECT_EQ(only(decode_again(Dialect::Plausible, named(std::string(bad)))).user_id, "") << bad;
}

TEST(PlausibleDecoder, RobotsAreFlagged) {
    EXPECT_TRUE(only(decode(event(""), {{"user-agent", "curl/8.0"}})).bot);
    EXPECT_FALSE(only(decode(event(""))).bot);
}

}  // namespace
}  // namespace streamgauge
