// SPDX-License-Identifier: GPL-3.0-or-later
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
    return test::decode_as(Dialect::CloudEvents, std::move(body), std::move(headers));
}
Result<DecodedRequest> structured(std::string body) {
    return decode(std::move(body), {{"Content-Type", "application/cloudevents+json; charset=utf-8"}});
}
Result<DecodedRequest> batch(std::string body) {
    return decode(std::move(body), {{"Content-Type", "application/cloudevents-batch+json"}});
}
// A structured event with these further members, JSON.
std::string event(const std::string& more) {
    return R"({"specversion":"1.0","id":"1","source":"/s","type":"t")" + more + "}";
}
// A binary event with further headers.
Result<DecodedRequest> binary(std::string body, const Headers& more = {}) {
    Headers headers{{"ce-specversion", "1.0"}, {"ce-id", "1"}, {"ce-source", "/s"}, {"ce-type", "t"}};
    headers.insert(headers.end(), more.begin(), more.end());
    return decode(std::move(body), std::move(headers));
}

TEST(CloudEventsDecoder, ReadsTheBinaryModeOfTheJavaScriptSdk) {
    const auto result = test::decode_as(Dialect::CloudEvents, golden("cloudevents_js_binary"));
    const EventView e = only(result);
    EXPECT_EQ(e.event_id, "https://github.com/cloudevents/spec/pull#A234-1234-1234");
    EXPECT_EQ(e.event_type, "com.github.pull.opened");
    EXPECT_EQ(e.user_id, "123");
    EXPECT_EQ(e.page_url, "https://shop.example/p/1");
    EXPECT_EQ(e.occurred_at, test::at("2018-04-05T17:31:00Z"));
    EXPECT_EQ(e.props,
              "{\"value\":12.5,\"title\":\"\xC3\x9Cn\xC3\xAF"
              "code\",\"source\":\"https://github.com/cloudevents/spec/pull\","
              "\"comexampleextension1\":\"value\",\"comexampleothervalue\":\"5\"}");
    EXPECT_FALSE(e.id_from_door);
    EXPECT_FALSE(e.time_from_door);
    EXPECT_FALSE(result->several);
}

TEST(CloudEventsDecoder, ReadsTheStructuredModeOfTheJavaScriptSdk) {
    const auto result = test::decode_as(Dialect::CloudEvents, golden("cloudevents_js_structured"));
    const EventView e = only(result);
    EXPECT_EQ(e.event_id, "https://github.com/cloudevents/spec/pull#A234-1234-1234") << "the same event as in binary";
    EXPECT_EQ(e.props,
              "{\"value\":12.5,\"title\":\"\xC3\x9Cn\xC3\xAF"
              "code\",\"source\":\"https://github.com/cloudevents/spec/pull\","
              "\"comexampleextension1\":\"value\",\"comexampleothervalue\":5}");
    const auto array = test::decode_as(Dialect::CloudEvents, golden("cloudevents_js_structured_array"));
    EXPECT_EQ(only(array).props, R"({"data":[1,2,3],"source":"https://github.com/cloudevents/spec/pull"})");
}

TEST(CloudEventsDecoder, ReadsDataThatIsNoJsonOfTheJavaScriptSdk) {
    const auto text = test::decode_as(Dialect::CloudEvents, golden("cloudevents_js_binary_text"));
    EXPECT_EQ(
        only(text).props,
        R"({"data":"plain words","datacontenttype":"text/plain","source":"https://github.com/cloudevents/spec/pull",)"
        R"("comexampleextension1":"value","comexampleothervalue":"5"})");
    const auto bytes = test::decode_as(Dialect::CloudEvents, golden("cloudevents_js_structured_base64"));
    EXPECT_EQ(
        only(bytes).props,
        R"({"data_base64":"AQID/w==","source":"https://github.com/cloudevents/spec/pull",)"
        R"("datacontenttype":"application/octet-stream","comexampleextension1":"value","comexampleothervalue":5})");
    const auto json_bytes = test::decode_as(Dialect::CloudEvents, golden("cloudevents_js_binary_bytes"));
    EXPECT_EQ(only(json_bytes).props, R"({"a":2,"source":"https://github.com/cloudevents/spec/pull"})");
}

TEST(CloudEventsDecoder, WhatTheJavaScriptSdkSendsInLatin1IsRejectedAndMendedAlready) {
    const Rejection r = only_rejection(test::decode_as(Dialect::CloudEvents, golden("cloudevents_js_binary_latin1")));
    EXPECT_EQ(r.reason, "its header is not UTF-8");
    EXPECT_EQ(r.field, "subject");
    EXPECT_EQ(r.event_id, "https://github.com/cloudevents/spec/pull#A-4");
    const auto again = decode_again(Dialect::CloudEvents, r.raw);
    EXPECT_EQ(only(again).user_id, "Z\xC3\xBCrich \"x\" 100%");
    EXPECT_EQ(only(again).event_id, r.event_id);
    EXPECT_EQ(only(again).props, R"({"a":1,"source":"https://github.com/cloudevents/spec/pull"})");
}

TEST(CloudEventsDecoder, ReadsTheBatchOfTheSpecification) {
    const auto result = test::decode_as(Dialect::CloudEvents, golden("cloudevents_go_batch"));
    ASSERT_TRUE(result.ok()) << result.error().describe();
    EXPECT_TRUE(result->several);
    ASSERT_EQ(result->batch.size(), 2U);
    EXPECT_EQ(result->batch[0].event_id, "/mycontext#B234-1234-1234");
    EXPECT_EQ(result->batch[0].event_type, "com.example.someevent");
    EXPECT_EQ(result->batch[0].user_id, "");
    EXPECT_EQ(result->batch[0].props,
              R"({"data":"<much wow=\"xml\"/>","source":"/mycontext","datacontenttype":"application/xml",)"
              R"("comexampleextension1":"value","comexampleothervalue":5})");
    EXPECT_EQ(result->batch[1].occurred_at, test::at("2018-04-05T17:31:00.5Z"));
    EXPECT_EQ(result->batch[1].props, R"({"appinfoA":"abc","appinfoB":123,"appinfoC":true,"source":"/mycontext"})");
}

TEST(CloudEventsDecoder, TheModeIsInTheContentTypeOrThePrefixOfHeaders) {
    for (const std::string_view type : {"application/cloudevents+json", "APPLICATION/CloudEvents+JSON; charset=utf-8",
                                        "application/cloudevents", " application/cloudevents+json ;x"}) {
        EXPECT_EQ(only(decode(event(""), {{"content-type", std::string(type)}})).event_type, "t") << type;
        EXPECT_FALSE(decode("[" + event("") + "]", {{"content-type", std::string(type)}}).ok()) << type;
    }
    for (const std::string_view type : {"application/cloudevents-batch+json", "Application/CloudEvents-Batch+Json",
                                        "application/cloudevents-batch"}) {
        EXPECT_EQ(only(decode("[" + event("") + "]", {{"content-type", std::string(type)}})).event_type, "t") << type;
        EXPECT_FALSE(decode(event(""), {{"content-type", std::string(type)}}).ok()) << type;
    }
    const auto upper = decode("", {{"CE-SPECVERSION", "1.0"}, {"Ce-Id", "1"}, {"cE-Source", "/s"}, {"CE-TYPE", "t"}});
    EXPECT_EQ(only(upper).event_id, "/s#1");
    // The Content-Type decides before ce- headers do.
    EXPECT_EQ(only(decode(event(""), {{"ce-id", "other"}, {"Content-Type", "application/cloudevents+json"}})).event_id,
              "/s#1");
}

TEST(CloudEventsDecoder, WithoutEitherTheBodyDecides) {
    EXPECT_EQ(only(decode(event(""))).event_type, "t");
    EXPECT_EQ(only(decode(event(""), {{"Content-Type", "application/json"}})).event_type, "t");
    const auto list = decode("[" + event("") + "]");
    EXPECT_EQ(only(list).event_type, "t");
    EXPECT_TRUE(list->several);
}

TEST(CloudEventsDecoder, AnotherFormatIsNotTaken) {
    for (const std::string_view type : {"application/cloudevents+avro", "application/cloudevents-batch+protobuf",
                                        "application/cloudeventsx", "text/plain", "application/xml"}) {
        const auto result = decode(event(""), {{"Content-Type", std::string(type)}});
        ASSERT_FALSE(result.ok()) << type;
        EXPECT_EQ(result.error().code, ErrorCode::InvalidArgument);
        EXPECT_EQ(result.error().field, "Content-Type");
    }
}

TEST(CloudEventsDecoder, HeaderValuesAreUnquotedThenPercentDecodedOnce) {
    const auto subject = [](std::string value) {
        return std::string(only(binary("", {{"ce-subject", std::move(value)}})).user_id);
    };
    EXPECT_EQ(subject("Euro%20%E2%82%AC%20%F0%9F%98%80"), "Euro \xE2\x82\xAC \xF0\x9F\x98\x80");
    EXPECT_EQ(subject("\"a \\\"b\\\" \\\\c\""), "a \"b\" \\c");
    EXPECT_EQ(subject("\"%22x%22\""), "\"x\"");
    EXPECT_EQ(subject("%2541"), "%41") << "once";
    EXPECT_EQ(subject("100%"), "100%");
    EXPECT_EQ(subject("%zz%4"), "%zz%4");
    EXPECT_EQ(subject("%e2%82%AC"), "\xE2\x82\xAC");
    EXPECT_EQ(subject("a\"b"), "a\"b");
    EXPECT_EQ(subject("\""), "\"");
    EXPECT_EQ(subject("\xC3\xBC"), "\xC3\xBC") << "UTF-8 that nobody encoded";
    for (const std::string_view bad : {"%C3%28", "%ff", "\xFF", "%ED%A0%80", "%C0%80", "a\xC3"}) {
        const Rejection r = only_rejection(binary("", {{"ce-subject", std::string(bad)}}));
        EXPECT_EQ(r.reason, "its header is not UTF-8") << bad;
        EXPECT_EQ(r.field, "subject");
    }
    EXPECT_EQ(only_rejection(binary("", {{"ce-subject", "a%00b"}})).reason, "holds the character U+0000");
}

TEST(CloudEventsDecoder, ABinaryRejectionIsTheEventInStructuredForm) {
    const Rejection r = only_rejection(decode("{\"k\": 1}", {{"ce-specversion", "0.3"},
                                                             {"ce-id", "1"},
                                                             {"Content-Type", "application/json"},
                                                             {"ce-source", "/s"},
                                                             {"ce-type", "t"},
                                                             {"ce-my", "\x01\""}}));
    EXPECT_EQ(r.reason, "must be 1.0");
    EXPECT_EQ(r.field, "specversion");
    EXPECT_EQ(r.raw,
              "{\"datacontenttype\":\"application/json\",\"specversion\":\"0.3\",\"id\":\"1\",\"source\":\"/s\","
              "\"type\":\"t\",\"my\":\"\\u0001\\\"\",\"data\":{\"k\": 1}}");
    const auto again = decode_again(Dialect::CloudEvents, mended(r.raw, "0.3", "1.0"));
    EXPECT_EQ(only(again).event_id, "/s#1");
    EXPECT_EQ(only(again).props, "{\"k\":1,\"source\":\"/s\",\"my\":\"\\u0001\\\"\"}");
}

TEST(CloudEventsDecoder, BinaryDataThatIsNotWhatItSaysIsKept) {
    const Rejection broken = only_rejection(binary("{\"a\":tru}", {{"Content-Type", "application/json"}}));
    EXPECT_EQ(broken.field, "data");
    EXPECT_TRUE(broken.reason.starts_with("not JSON: ")) << broken.reason;
    EXPECT_EQ(broken.event_id, "/s#1");
    const auto again = decode_again(Dialect::CloudEvents, mended(broken.raw, R"("{\"a\":tru}")", R"({"a":true})"));
    EXPECT_EQ(only(again).props, R"({"a":true,"source":"/s"})");
    for (const std::string_view body : {"1,2", "]", "[", "1 2", "{}{}"}) {
        EXPECT_EQ(only_rejection(binary(std::string(body), {{"Content-Type", "text/json"}})).field, "data") << body;
    }
    const Rejection deep = only_rejection(
        binary(std::string(1024, '[') + std::string(1024, ']'), {{"Content-Type", "application/vnd.x+json"}}));
    EXPECT_EQ(deep.reason, "not JSON: nested too deep");
    const Rejection deep2 =
        only_rejection(binary(std::string(40, '[') + std::string(40, ']'), {{"Content-Type", "application/json"}}));
    EXPECT_EQ(deep2.reason, "nested deeper than 32 levels");
    EXPECT_EQ(only(binary("", {{"Content-Type", "application/json"}})).props,
              R"({"datacontenttype":"application/json","source":"/s"})");
}

TEST(CloudEventsDecoder, BinaryDataByType) {
    EXPECT_EQ(only(binary(" {\"a\": 1} ")).props, R"({"a":1,"source":"/s"})");
    EXPECT_EQ(only(binary("words")).props, R"({"data":"words","source":"/s"})");
    EXPECT_EQ(only(binary("7", {{"Content-Type", "application/json"}})).props,
              R"({"data":7,"datacontenttype":"application/json","source":"/s"})");
    EXPECT_EQ(only(binary("null", {{"Content-Type", "application/json"}})).props,
              R"({"datacontenttype":"application/json","source":"/s"})");
    EXPECT_EQ(only(binary("{\"a\":1}", {{"Content-Type", "text/plain"}})).props,
              R"({"data":"{\"a\":1}","datacontenttype":"text/plain","source":"/s"})");
    EXPECT_EQ(only(binary(std::string("\0\xFF", 2), {{"Content-Type", "application/octet-stream"}})).props,
              R"({"data_base64":"AP8=","datacontenttype":"application/octet-stream","source":"/s"})");
    EXPECT_EQ(
        only(binary("{\"a\":1}", {{"Content-Type", "application/json"}, {"ce-datacontenttype", "text/plain"}})).props,
        R"({"a":1,"source":"/s"})");
}

TEST(CloudEventsDecoder, HeadersThatContradictAreRejected) {
    const Rejection twice = only_rejection(binary("", {{"CE-ID", "2"}}));
    EXPECT_EQ(twice.reason, "is given by two headers");
    EXPECT_EQ(twice.field, "id");
    EXPECT_EQ(twice.event_id, "/s#1");
    EXPECT_EQ(only_rejection(binary("", {{"ce-data", "x"}})).reason, "cannot be the name of an attribute");
    EXPECT_EQ(only_rejection(binary("", {{"Ce-Data_Base64", "x"}})).field, "data_base64");
    for (const std::string_view odd : {std::string_view("ce-a\0", 5), std::string_view("ce-\xFF"),
                                       std::string_view("ce-a b"), std::string_view("ce-\"")}) {
        const Rejection r = only_rejection(binary("", {{std::string(odd), "x"}}));
        EXPECT_EQ(r.reason, "a ce- header has no attribute's name");
        EXPECT_EQ(only(decode_again(Dialect::CloudEvents, r.raw)).event_id, "/s#1");
    }
    EXPECT_EQ(only(binary("", {{"ce-", "x"}})).event_type, "t") << "no attribute";
}

TEST(CloudEventsDecoder, SourceAndIdAreOneKey) {
    const auto id = [](const std::string& source, const std::string& name) {
        return std::string(
            only(structured(R"({"specversion":"1.0","type":"t","source":")" + source + R"(","id":")" + name + "\"}"))
                .event_id);
    };
    EXPECT_EQ(id("a", "b"), "a#b");
    EXPECT_EQ(id("a#b", "c"), "a#b#c");
    // Computed with Python's hashlib from the definition of digest_of() in event/visitor.h.
    EXPECT_EQ(id("a", "b#c"), "ce-31d8c24c9acebe4b5de3063b08c1f9bf");
    EXPECT_EQ(id(std::string(63, 's'), std::string(64, 'i')), std::string(63, 's') + "#" + std::string(64, 'i'));
    EXPECT_EQ(id(std::string(64, 's'), std::string(64, 'i')), "ce-ff061bba4cb1b33dda1dc929dc62a30d");
    EXPECT_NE(id(std::string(65, 's'), std::string(64, 'i')), id(std::string(64, 's'), std::string(64, 'i')));
    const auto hashed = structured(R"({"specversion":"1.0","type":"t","source":"a","id":"b#c"})");
    EXPECT_EQ(only(hashed).props, R"({"source":"a","id":"b#c"})") << "what the hash hides is kept";
}

TEST(CloudEventsDecoder, AttributesThatTheDataHasAsWellAreToldApart) {
    EXPECT_EQ(
        only(structured(event(R"(,"ext":"x","other":true,"data":{"source":"letter","ext":1,"url":"/u"},"url":"y")")))
            .props,
        R"({"source":"letter","ext":1,"ce_source":"/s","ce_ext":"x","other":true,"ce_url":"y"})");
    EXPECT_EQ(
        only(structured(event(R"(,"dataschema":"https://s/","datacontenttype":"application/json","data":{"a":1})")))
            .props,
        R"({"a":1,"source":"/s","dataschema":"https://s/"})");
}

TEST(CloudEventsDecoder, OnlyAUrlInTextIsThePage) {
    EXPECT_EQ(only(structured(event(R"(,"data":{"url":"/p"})"))).page_url, "/p");
    EXPECT_EQ(only(structured(event(R"(,"data":{"url":{"a":1}})"))).props, R"({"url":{"a":1},"source":"/s"})");
    EXPECT_EQ(only(structured(event(R"(,"data":null,"subject":null,"time":null)"))).props, R"({"source":"/s"})");
}

TEST(CloudEventsDecoder, SaysWhatIsMissingOrOfAnotherType) {
    struct Case {
        std::string_view body, field, reason;
    };
    for (const Case& c :
         {Case{R"({"id":"1","source":"/s","type":"t"})", "specversion", "is missing"},
          Case{R"({"specversion":1.0,"id":"1","source":"/s","type":"t"})", "specversion",
               "must be a text that is not empty"},
          Case{R"({"specversion":"1.1","id":"1","source":"/s","type":"t"})", "specversion", "must be 1.0"},
          Case{R"({"specversion":"1.0","source":"/s","type":"t"})", "id", "is missing"},
          Case{R"({"specversion":"1.0","id":"","source":"/s","type":"t"})", "id", "must be a text that is not empty"},
          Case{R"({"specversion":"1.0","id":7,"source":"/s","type":"t"})", "id", "must be a text that is not empty"},
          Case{R"({"specversion":"1.0","id":"#\u0000","source":"/s","type":"t"})", "id", "holds the character U+0000"},
          Case{R"({"specversion":"1.0","id":"1","type":"t"})", "source", "is missing"},
          Case{R"({"specversion":"1.0","id":"1","source":"/s"})", "type", "is missing"},
          Case{R"({"specversion":"1.0","id":"1","source":"/s","type":"t","subject":7})", "subject", "must be a string"},
          Case{R"({"specversion":"1.0","id":"1","source":"/s","type":"t","time":1769990000})", "time",
               "must be a string"},
          Case{R"({"specversion":"1.0","id":"1","source":"/s","type":"t","time":"yesterday"})", "time",
               "not a time: write 2026-01-31T12:00:00Z, or seconds or milliseconds since 1970"},
          Case{R"({"specversion":"1.0","id":"1","source":"/s","type":"t","time":"2026-02-03T02:40:01Z"})", "time",
               "more than 24 hours in the future"},
          Case{R"({"specversion":"1.0","id":"1","source":"/s","type":"t","data":1,"data_base64":"AA=="})",
               "data_base64", "there is data as well"},
          Case{R"({"specversion":"1.0","id":"1","source":"/s","type":"t","data_base64":7})", "data_base64",
               "must be a string"},
          Case{R"({"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"k":"\u0000"}})", "data",
               "holds the character U+0000"}}) {
        const Rejection r = only_rejection(structured(std::string(c.body)));
        EXPECT_EQ(r.field, c.field) << c.body;
        EXPECT_EQ(r.reason, c.reason) << c.body;
        EXPECT_EQ(r.raw, c.body);
    }
}

TEST(CloudEventsDecoder, LimitsHoldAtTheirEdges) {
    const auto type = [](std::size_t size) {
        return structured(R"({"specversion":"1.0","id":"1","source":"/s","type":")" + std::string(size, 't') + "\"}");
    };
    EXPECT_EQ(only(type(128)).event_type.size(), 128U);
    EXPECT_EQ(only_rejection(type(129)).reason, "longer than 128 bytes");
    const auto subject = [](std::size_t size) { return binary("", {{"ce-subject", std::string(size, 's')}}); };
    EXPECT_EQ(only(subject(256)).user_id.size(), 256U);
    EXPECT_EQ(only_rejection(subject(257)).reason, "longer than 256 bytes");
    const auto url = [](std::size_t size) {
        return structured(event(R"(,"data":{"url":")" + std::string(size, 'u') + "\"}"));
    };
    EXPECT_EQ(only(url(2048)).page_url.size(), 2048U);
    EXPECT_EQ(only_rejection(url(2049)).field, "/data/url");
    // {"k":"...","source":"/s"}
    const auto props = [](std::size_t size) {
        return binary(R"({"k":")" + std::string(size - 22, 'v') + "\"}", {{"Content-Type", "application/json"}});
    };
    EXPECT_EQ(only(props(32 * 1024)).props.size(), 32U * 1024);
    EXPECT_EQ(only_rejection(props(32 * 1024 + 1)).reason, "props are larger than 32768 bytes");
    const auto nested = [](std::size_t levels) {
        return structured(event(R"(,"data":{"k":)" + std::string(levels, '[') + std::string(levels, ']') + "}"));
    };
    EXPECT_NE(only(nested(30)).props, "");
    EXPECT_EQ(only_rejection(nested(31)).reason, "nested deeper than 32 levels");
    const auto many = [](std::size_t count) {
        return batch("[" + repeat(event("") + ",", count - 1) + event("") + "]");
    };
    EXPECT_EQ(many(10'000)->batch.size(), 10'000U);
    ASSERT_FALSE(many(10'001).ok());
    EXPECT_EQ(many(10'001).error().code, ErrorCode::TooLarge);
}

TEST(CloudEventsDecoder, LargeBinaryDataIsRejectedAndCut) {
    const Rejection text =
        only_rejection(binary(std::string(8 * 1024 * 1024, '\x01'), {{"Content-Type", "text/plain"}}));
    EXPECT_EQ(text.raw.size(), 64U * 1024);
    EXPECT_EQ(text.reason, "an event is at most 65536 bytes");
    const Rejection json =
        only_rejection(binary("\"" + std::string(64 * 1024, 'x') + "\"", {{"Content-Type", "application/json"}}));
    EXPECT_EQ(json.reason, "an event is at most 65536 bytes");
    EXPECT_EQ(json.event_id, "/s#1");
}

TEST(CloudEventsDecoder, ABatchSavesItsGoodEventsAndMayBeEmpty) {
    const auto result = batch("[" + event("") + R"(,{"specversion":"1.0","id":"2","source":"/s"},[],{"a":nul}])");
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->batch.size(), 1U);
    ASSERT_EQ(result->rejected.size(), 3U);
    EXPECT_EQ(result->rejected[0].event_id, "/s#2");
    EXPECT_EQ(result->rejected[0].index, 1U);
    EXPECT_EQ(
        only(decode_again(Dialect::CloudEvents, mended(result->rejected[0].raw, "{", R"({"type":"x",)"))).event_id,
        "/s#2");
    EXPECT_EQ(result->rejected[2].raw, R"({"a":nul})");
    const auto empty = batch("[]");
    ASSERT_TRUE(empty.ok());
    EXPECT_TRUE(empty->batch.empty());
    EXPECT_TRUE(empty->rejected.empty());
    EXPECT_TRUE(empty->several);
}

TEST(CloudEventsDecoder, ABodyThatIsNoJsonIsAnError) {
    for (const std::string_view body : {"", "7", "{", "[{]"}) {
        const auto result = structured(std::string(body));
        ASSERT_FALSE(result.ok()) << body;
        EXPECT_EQ(result.error().code, ErrorCode::InvalidArgument) << body;
    }
}

}  // namespace
}  // namespace streamgauge
