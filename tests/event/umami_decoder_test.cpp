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

constexpr std::string_view kVisitor = "3312f48d726c771017a450e04ad18c92";  // of w-1, without a user agent
constexpr std::string_view kVisit = "b82d9bf6a9daa8346954a5eff9b09316";

Result<DecodedRequest> decode(std::string body, Headers headers = {}) {
    return test::decode_as(Dialect::Umami, std::move(body), std::move(headers));
}
// `raw` as a rejection keeps it: with its visitor, who sent no user agent.
std::string kept(std::string_view raw) {
    return R"({"streamgauge_visitor":"190b371d2e550932f0f7dcf199a6fbbe")" + std::string(raw == "{}" ? "" : ",") +
           std::string(raw.substr(1));
}
// An event whose payload has these further members, JSON.
std::string event(const std::string& more) {
    return R"({"type":"event","payload":{"website":"w-1")" + more + "}}";
}
Result<DecodedRequest> decode_event(const std::string& more, Headers headers = {}) {
    return decode(event(more), std::move(headers));
}

TEST(UmamiDecoder, ReadsThePageViewOfTheNodeClient) {
    const auto result = test::decode_as(Dialect::Umami, golden("umami_node_page"));
    const EventView e = only(result);
    EXPECT_EQ(e.event_type, "page_view");
    EXPECT_EQ(e.page_url, "shop.example/home");
    EXPECT_EQ(e.user_id, "6d255ef669b9f899862493e52d599b9b");
    EXPECT_EQ(e.session_id, "1306493c803ff24e465c6d1a69f7a12c");
    EXPECT_EQ(e.props,
              R"({"website":"50429a93-8479-4073-be80-d5d29c09c2ec","hostname":"shop.example","language":"en-GB",)"
              R"("screen":"1920x1080","title":"Home","referrer":"https://search.example/"})");
    EXPECT_TRUE(e.time_from_door);
    EXPECT_TRUE(e.id_from_door);
    EXPECT_EQ(e.event_id.size(), 36U);
    EXPECT_FALSE(e.bot);
    EXPECT_FALSE(result->several);
    EXPECT_EQ(result->sites, std::vector<std::string>{"50429a93-8479-4073-be80-d5d29c09c2ec"});
}

TEST(UmamiDecoder, ReadsTheOtherRequestsOfTheNodeClient) {
    const auto event = test::decode_as(Dialect::Umami, golden("umami_node_event"));
    EXPECT_EQ(only(event).event_type, "signup");
    EXPECT_EQ(only(event).page_url, "");
    EXPECT_EQ(only(event).props,
              R"({"website":"50429a93-8479-4073-be80-d5d29c09c2ec","plan":"Pro","seats":3,"revenue":19.99,)"
              R"("currency":"EUR"})");
    const auto page = test::decode_as(Dialect::Umami, golden("umami_node_named_page"));
    EXPECT_EQ(only(page).event_type, "add-to-cart");
    EXPECT_EQ(only(page).page_url, "shop.example/cart");
    EXPECT_EQ(only(page).user_id, "customer-7");
    EXPECT_EQ(only(page).session_id, "0367fb1cb213be5b5395ad9dbbefe310");
    EXPECT_EQ(only(page).props,
              R"({"website":"50429a93-8479-4073-be80-d5d29c09c2ec","hostname":"shop.example","tag":"spring",)"
              R"("sku":"tea-1","amount":12.5})");
    const auto identify = test::decode_as(Dialect::Umami, golden("umami_node_identify"));
    EXPECT_EQ(only(identify).event_type, "identify");
    EXPECT_EQ(only(identify).props,
              R"({"website":"50429a93-8479-4073-be80-d5d29c09c2ec","email":"ada@example.org","level":7})");
}

TEST(UmamiDecoder, TypesAndNames) {
    EXPECT_EQ(only(decode_event("")).event_type, "page_view");
    EXPECT_EQ(only(decode_event(R"(,"name":"")")).event_type, "page_view");
    EXPECT_EQ(only(decode_event(R"(,"name":null)")).event_type, "page_view");
    EXPECT_EQ(only(decode(R"({"payload":{"website":"w-1","name":"x"}})")).event_type, "x");
    EXPECT_EQ(only(decode(R"({"type":null,"payload":{"website":"w-1"}})")).event_type, "page_view");
    const auto performance = decode(R"({"type":"performance","payload":{"website":"w-1","lcp":1200}})");
    EXPECT_EQ(only(performance).event_type, "performance");
    EXPECT_EQ(only(performance).props, R"({"website":"w-1","lcp":1200})");
    EXPECT_EQ(only(decode(R"({"type":"identify","payload":{"website":"w-1","name":"n"}})")).props,
              R"({"website":"w-1","name":"n"})");
}

TEST(UmamiDecoder, ThePageIsHostAndPath) {
    EXPECT_EQ(only(decode_event(R"(,"hostname":"h.example","url":"/a?b#c")")).page_url, "h.example/a?b#c");
    EXPECT_EQ(only(decode_event(R"(,"hostname":"h.example","url":"a")")).page_url, "h.example/a");
    EXPECT_EQ(only(decode_event(R"(,"hostname":"h.example","url":"https://o.example/a")")).page_url,
              "https://o.example/a");
    EXPECT_EQ(only(decode_event(R"(,"url":"/a")")).page_url, "/a");
    EXPECT_EQ(only(decode_event(R"(,"hostname":"h.example")")).page_url, "");
    EXPECT_EQ(only(decode_event(R"(,"hostname":7,"url":"/a")")).page_url, "/a");
}

TEST(UmamiDecoder, TheVisitorIsAnIdOrAPseudonymOfAddressAndBrowser) {
    EXPECT_EQ(only(decode_event("")).user_id, kVisitor);
    EXPECT_EQ(only(decode_event("")).session_id, kVisit);
    EXPECT_EQ(only(decode_event(R"(,"id":"ada")")).user_id, "ada");
    EXPECT_EQ(only(decode_event(R"(,"id":"ada")")).session_id, "6f037bd5e61444ec35d96dcb54cc9746");
    EXPECT_EQ(only(decode_event(R"(,"id":7)")).user_id, "7");
    EXPECT_EQ(only(decode_event(R"(,"id":7)")).session_id, "ea0b4d58785915f586670b981ae89230");
    EXPECT_EQ(only(decode_event(R"(,"id":"")")).user_id, kVisitor);
    EXPECT_EQ(only(decode_event("", {{"User-Agent", "Firefox/121"}})).user_id, "105134409c968a226bde9ae12fdd029e");
    EXPECT_EQ(only(decode_event("", {{"User-Agent", "Firefox/121"}})).session_id, "56cd4e56aa71f7eeee34d7a6cf13398f");
}

TEST(UmamiDecoder, AServerNamesItsVisitorsAddressAndBrowser) {
    const auto result =
        decode(R"({"type":"event","payload":{"website":"50429a93-8479-4073-be80-d5d29c09c2ec","ip":"198.51.100.9",)"
               R"("userAgent":"Firefox/121"}})",
               {{"User-Agent", "Mozilla/5.0 Umami/v20.20.2"}});
    EXPECT_EQ(only(result).user_id, "051f15b2a0513decc4fb4a297fd59ee8");
    EXPECT_EQ(only(result).session_id, "450da11de7859d786edd56268e50667c");
    EXPECT_EQ(only(result).props, R"({"website":"50429a93-8479-4073-be80-d5d29c09c2ec"})")
        << "neither address nor browser is kept";
    EXPECT_EQ(only(decode_event(R"(,"ip":"2001:db8::1")")).user_id, "787aef018f3c7c1aed1b103daa2d23b6");
    for (const std::string_view no_address : {R"("")", R"("a.example")", R"("1.2.3")", R"("256.1.1.1")", "7", "null",
                                              R"("198.51.100.9\u0000")", R"("198.51.100.9 ")"}) {
        EXPECT_EQ(only(decode_event(R"(,"ip":)" + std::string(no_address))).user_id, kVisitor) << no_address;
    }
    EXPECT_TRUE(only(decode_event(R"(,"userAgent":"Googlebot/2.1")", {{"User-Agent", "Firefox/121"}})).bot);
    EXPECT_FALSE(only(decode_event(R"(,"userAgent":"Firefox/121")", {{"User-Agent", "Go-http-client/1.1"}})).bot);
    EXPECT_TRUE(only(decode_event(R"(,"userAgent":"")", {{"User-Agent", "Go-http-client/1.1"}})).bot);
}

TEST(UmamiDecoder, HonoursTheTimeOfThePayload) {
    const auto result = decode_event(R"(,"timestamp":1769990000)");
    EXPECT_EQ(only(result).occurred_at, test::at("2026-02-01T23:53:20Z"));
    EXPECT_FALSE(only(result).time_from_door);
    EXPECT_EQ(only(result).user_id, kVisitor);
    EXPECT_EQ(only(result).session_id, "7cbed8f13d03604efdcc0441025afeae") << "the visit of its hour";
    EXPECT_EQ(only(decode_event(R"(,"timestamp":null)")).occurred_at, test::at("2026-02-02T02:40:00.123456Z"));
    EXPECT_NE(only(decode_event(R"(,"timestamp":1770086400)")).event_type, "");
    EXPECT_EQ(only_rejection(decode_event(R"(,"timestamp":1770086401)")).reason, "more than 24 hours in the future");
    EXPECT_EQ(only_rejection(decode_event(R"(,"timestamp":[1])")).field, "/payload/timestamp");
}

TEST(UmamiDecoder, DataBecomesProps) {
    EXPECT_EQ(only(decode_event(R"(,"data":{"a":{"b":[1,null]},"website":"x"})")).props,
              R"({"website":"w-1","a":{"b":[1,null]}})");
    EXPECT_EQ(only(decode_event(R"(,"data":[1,2])")).props, R"({"website":"w-1","data":[1,2]})");
    EXPECT_EQ(only(decode_event(R"(,"data":null,"referrer":null)")).props, R"({"website":"w-1"})");
}

TEST(UmamiDecoder, ABatchSavesItsGoodEvents) {
    const std::string body = "[" + event(R"(,"name":"first")") + R"(,7,{"type":"event"}, )" +
                             R"({"type":"event","payload":{"website":"w-2","name":"last"}},{"broken":]")";
    const auto unclosed = decode(body);
    EXPECT_FALSE(unclosed.ok());
    const auto result = decode("[" + event(R"(,"name":"first")") + R"(,7,{"type":"event"}, )" +
                               R"({"type":"event","payload":{"website":"w-2","name":"last"}},{"broken":tru}])");
    ASSERT_TRUE(result.ok()) << result.error().describe();
    EXPECT_TRUE(result->several);
    ASSERT_EQ(result->batch.size(), 2U);
    EXPECT_EQ(result->batch[0].event_type, "first");
    EXPECT_EQ(result->batch[1].event_type, "last");
    EXPECT_EQ(result->request_index, (std::vector<std::uint32_t>{0, 3}));
    EXPECT_EQ(result->sites, (std::vector<std::string>{"w-1", "w-2"}));
    ASSERT_EQ(result->rejected.size(), 3U);
    EXPECT_EQ(result->rejected[0].index, 1U);
    EXPECT_EQ(result->rejected[0].reason, "an event is a JSON object");
    EXPECT_EQ(result->rejected[0].raw, "7");
    EXPECT_EQ(result->rejected[1].index, 2U);
    EXPECT_EQ(result->rejected[1].field, "payload");
    EXPECT_EQ(result->rejected[1].raw, kept(R"({"type":"event"})"));
    EXPECT_EQ(result->rejected[2].index, 4U);
    EXPECT_EQ(result->rejected[2].raw, R"({"broken":tru})");
}

TEST(UmamiDecoder, SaysWhatIsMissingOrOfAnotherType) {
    struct Case {
        std::string_view body, field, reason;
        std::uint64_t offset;
    };
    for (const Case& c :
         {Case{R"({"type":"event"})", "payload", "must be an object", 0},
          Case{R"({"type":"event","payload":[]})", "payload", "must be an object", 26},
          Case{R"({"type":"pixel","payload":{"website":"w"}})", "type", "must be event, identify or performance", 8},
          Case{R"({"type":7,"payload":{"website":"w"}})", "type", "must be event, identify or performance", 8},
          Case{R"({"payload":{"url":"/"}})", "/payload/website", "the website's id is missing", 11},
          Case{R"({"payload":{"website":7}})", "/payload/website", "the website's id is missing", 22},
          Case{R"({"payload":{"website":"\u0000"}})", "/payload", "holds the character U+0000", 11},
          Case{R"({"payload":{"website":"w","name":[]}})", "/payload/name", "must be a string", 33},
          Case{R"({"payload":{"website":"w","url":{}}})", "/payload/url", "must be a string", 32},
          Case{R"({"payload":{"website":"w","id":{}}})", "/payload/id", "must be a string or a number", 31},
          Case{R"({"payload":{"website":"w","data":{"a":"\u0000"}}})", "/payload/data", "holds the character U+0000",
               33}}) {
        const Rejection r = only_rejection(decode(std::string(c.body)));
        EXPECT_EQ(r.field, c.field) << c.body;
        EXPECT_EQ(r.reason, c.reason) << c.body;
        EXPECT_EQ(r.offset, c.offset) << c.body;
        EXPECT_EQ(r.raw, kept(c.body));
    }
}

TEST(UmamiDecoder, LimitsHoldAtTheirEdges) {
    const auto with = [](std::string_view member, std::size_t size) {
        return decode_event(",\"" + std::string(member) + "\":\"" + std::string(size, 'x') + '"');
    };
    EXPECT_EQ(only(with("name", 128)).event_type.size(), 128U);
    EXPECT_EQ(only_rejection(with("name", 129)).field, "/payload/name");
    EXPECT_EQ(only(with("id", 256)).user_id.size(), 256U);
    EXPECT_EQ(only_rejection(with("id", 257)).field, "/payload/id");
    EXPECT_EQ(only(with("url", 2048)).page_url.size(), 2048U);
    EXPECT_EQ(only_rejection(with("url", 2049)).field, "/payload/url");
    const auto hosted = [](std::size_t size) {
        return decode_event(R"(,"hostname":"h","url":"/)" + std::string(size - 2, 'u') + '"');
    };
    EXPECT_EQ(only(hosted(2048)).page_url.size(), 2048U);
    EXPECT_EQ(only_rejection(hosted(2049)).reason, "longer than 2048 bytes");
    const auto website = [](std::size_t size) {
        return decode(R"({"payload":{"website":")" + std::string(size, 'w') + R"("}})");
    };
    EXPECT_EQ(website(255)->sites.front().size(), 255U);
    EXPECT_EQ(only_rejection(website(256)).reason, "longer than 255 bytes");
    // {"website":"w-1","k":"..."}
    const auto data = [](std::size_t size) {
        return decode_event(R"(,"data":{"k":")" + std::string(size - 24, 'v') + R"("})");
    };
    EXPECT_EQ(only(data(32 * 1024)).props.size(), 32U * 1024);
    EXPECT_EQ(only_rejection(data(32 * 1024 + 1)).reason, "props are larger than 32768 bytes");
    const auto nested = [](std::size_t levels) {
        return decode_event(R"(,"data":{"k":)" + std::string(levels, '[') + std::string(levels, ']') + "}");
    };
    EXPECT_NE(only(nested(30)).props, "");
    EXPECT_EQ(only_rejection(nested(31)).reason, "nested deeper than 32 levels");
    const auto many = [](std::size_t count) {
        return decode("[" + repeat(event("") + ",", count - 1) + event("") + "]");
    };
    EXPECT_EQ(many(10'000)->batch.size(), 10'000U);
    ASSERT_FALSE(many(10'001).ok());
    EXPECT_EQ(many(10'001).error().code, ErrorCode::TooLarge);
}

TEST(UmamiDecoder, ABodyWithoutAnyEventIsAnError) {
    for (const std::string_view body : {"", "[]", "7", "{", "website=w"}) {
        const auto result = decode(std::string(body));
        ASSERT_FALSE(result.ok()) << body;
        EXPECT_EQ(result.error().code, ErrorCode::InvalidArgument) << body;
    }
}

TEST(UmamiDecoder, RejectionsAreTakenOnceMended) {
    const auto batch = decode("[" + event("") + R"(,{"type":"event","payload":{"name":"n"}}])");
    ASSERT_TRUE(batch.ok());
    ASSERT_EQ(batch->rejected.size(), 1U);
    const auto again =
        decode_again(Dialect::Umami, mended(batch->rejected[0].raw, R"({"name")", R"({"website":"w-3","name")"));
    EXPECT_EQ(only(again).event_type, "n");
    EXPECT_EQ(again->sites, std::vector<std::string>{"w-3"});
    const auto sent = decode(R"({"type":"event","payload":{"website":"w-3","name":"n"}})");
    EXPECT_EQ(only(again).user_id, only(sent).user_id) << "the visitor of the request";
    EXPECT_EQ(only(again).session_id, only(sent).session_id);
    EXPECT_EQ(only(decode_again(Dialect::Umami, event(""))).user_id, "") << "no address, no visitor";
    EXPECT_EQ(only(decode_again(Dialect::Umami, event(""))).session_id, "");
    const Rejection lone = only_rejection(decode_event(R"(,"timestamp":"soon")"));
    EXPECT_EQ(only(decode_again(Dialect::Umami, mended(lone.raw, R"("soon")", "1769990000"))).occurred_at,
              test::at("2026-02-01T23:53:20Z"));
}

}  // namespace
}  // namespace streamgauge
