// SPDX-License-Identifier: GPL-3.0-or-later
// The ids of records without one were computed with Python's hashlib from the definition in docs/dialects.md.
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
    return test::decode_as(Dialect::Otlp, std::move(body), std::move(headers));
}
std::string request(const std::string& records) {
    return R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[)" + records + "]}]}]}";
}
Result<DecodedRequest> decode_record(const std::string& record) {
    return decode(request(record));
}
std::string attribute(const std::string& key, const std::string& value) {
    return R"({"key":")" + key + R"(","value":)" + value + "}";
}
std::string text(const std::string& key, const std::string& value) {
    return attribute(key, R"({"stringValue":")" + value + R"("})");
}
Result<DecodedRequest> with_attributes(const std::string& attributes) {
    return decode_record(R"({"attributes":[)" + attributes + "]}");
}
// What an AnyValue becomes; the reason when it is rejected.
std::string value(const std::string& any) {
    const auto result = with_attributes(attribute("k", any));
    if (!only(result).props.empty()) return std::string(only(result).props);
    return only_rejection(result).reason;
}

TEST(OtlpDecoder, ReadsTheRecordsOfTheJavaScriptExporter) {
    auto sent = golden("otlp_js_logs");
    sent.received_at = test::at("2026-11-21T03:15:00Z");
    const auto result = test::decode_as(Dialect::Otlp, sent);
    ASSERT_TRUE(result.ok()) << result.error().describe();
    EXPECT_TRUE(result->several);
    EXPECT_TRUE(result->rejected.empty());
    ASSERT_EQ(result->batch.size(), 3U);
    EXPECT_EQ(result->request_index, (std::vector<std::uint32_t>{0, 1, 2}));
    const EventView cart = result->batch[0];
    EXPECT_EQ(cart.event_id, "e-1");
    EXPECT_EQ(cart.event_type, "cart.add");
    EXPECT_EQ(cart.user_id, "ada");
    EXPECT_EQ(cart.session_id, "s-9");
    EXPECT_EQ(cart.page_url, "https://shop.example/cart");
    EXPECT_EQ(cart.occurred_at, test::at("2025-10-09T08:53:20.123456Z"));
    EXPECT_EQ(cart.props,
              R"({"body":"added to cart","severity":"INFO","severity_number":9,)"
              R"("trace_id":"5b8efff798038103d269b633813fc60c","span_id":"eee19b7ec3c1b174","scope":"shop-logger",)"
              R"("scope_version":"2.0.1","resource":{"service.name":"checkout","service.version":"1.4.2"},)"
              R"("amount":12.5,"count":3,"gift":true,"tags":["a","b"],"nested":{"k":"v","n":1}})");
    const EventView warning = result->batch[1];
    EXPECT_EQ(warning.event_type, "log");
    EXPECT_EQ(warning.user_id, "bob");
    EXPECT_EQ(warning.page_url, "/checkout");
    EXPECT_EQ(warning.props,
              R"({"body":{"reason":"stock","left":2,"raw":"AQL/"},"severity":"WARN","severity_number":13,)"
              R"("trace_id":"5b8efff798038103d269b633813fc60c","span_id":"eee19b7ec3c1b174","scope":"shop-logger",)"
              R"("scope_version":"2.0.1","resource":{"service.name":"checkout","service.version":"1.4.2"}})");
    EXPECT_EQ(warning.event_id, "otlp-d87383d0d7802218730a0b829698683f");
    EXPECT_FALSE(warning.id_from_door);
    EXPECT_EQ(result->batch[2].event_id, "otlp-2e1c4a3d5afaac9c48869ade3fe96f32");
}

TEST(OtlpDecoder, ARequestWithoutRecordsIsNoError) {
    for (const std::string_view body :
         {"{}", R"({"resourceLogs":[]})", R"({"resourceLogs":null})", R"({"resourceLogs":[{}]})",
          R"({"resourceLogs":[{"scopeLogs":[]}]})", R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[]}]}]})",
          R"({"later":1,"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{}}]}]})"}) {
        const auto result = decode(std::string(body), {{"Content-Type", "application/json"}});
        ASSERT_TRUE(result.ok()) << body;
        EXPECT_TRUE(result->batch.empty() && result->rejected.empty()) << body;
    }
}

TEST(OtlpDecoder, ABodyOfAnotherShapeIsAnError) {
    struct Case {
        std::string_view body, message;
        std::uint64_t offset;
    };
    for (const Case& c :
         {Case{"", "the body is empty", 0}, Case{"[]", "a request is a JSON object with resourceLogs", 0},
          Case{R"( {"resourceLogs":{}})", "resourceLogs must be a list", 17},
          Case{R"({"resourceLogs":[7]})", "an element of resourceLogs must be an object", 17},
          Case{R"({"resourceLogs":[{"scopeLogs":7}]})", "scopeLogs must be a list", 30},
          Case{R"({"resourceLogs":[{"scopeLogs":[[]]}]})", "an element of scopeLogs must be an object", 31},
          Case{R"({"resourceLogs":[{"x":[1,{}],"scopeLogs":[{"logRecords":""}]}]})", "logRecords must be a list",
               56}}) {
        const auto result = decode(std::string(c.body));
        ASSERT_FALSE(result.ok()) << c.body;
        EXPECT_EQ(result.error().code, ErrorCode::InvalidArgument);
        EXPECT_EQ(result.error().message, c.message);
        EXPECT_EQ(result.error().offset, c.offset) << c.body;
    }
    EXPECT_EQ(decode("{").error().code, ErrorCode::InvalidArgument);
}

TEST(OtlpDecoder, ProtobufIsNotTaken) {
    for (const std::string_view type : {"application/x-protobuf", "Application/Protobuf; x=y"}) {
        const auto result = decode("{}", {{"content-type", std::string(type)}});
        ASSERT_FALSE(result.ok());
        EXPECT_EQ(result.error().code, ErrorCode::InvalidArgument);
        EXPECT_EQ(result.error().field, "Content-Type");
    }
    EXPECT_TRUE(decode("{}", {{"content-type", "text/plain"}}).ok());
}

TEST(OtlpDecoder, TheTimeIsTheRecordsElseWhenItWasObservedElseReceived) {
    const auto time = [](const std::string& members) { return only(decode_record("{" + members + "}")).occurred_at; };
    const Timestamp at = test::at("2025-10-09T08:53:20.123456Z");
    EXPECT_EQ(time(R"("timeUnixNano":"1760000000123456789","observedTimeUnixNano":"1")"), at);
    EXPECT_EQ(time(R"("timeUnixNano":1760000000123456789)"), at);
    EXPECT_EQ(time(R"("timeUnixNano":"0","observedTimeUnixNano":1760000000123456000)"), at);
    EXPECT_EQ(time(R"("timeUnixNano":0,"observedTimeUnixNano":"1760000000123456999")"), at);
    EXPECT_EQ(time(R"("timeUnixNano":null,"observedTimeUnixNano":"1760000000123456999")"), at);
    EXPECT_EQ(time(R"("timeUnixNano":"","observedTimeUnixNano":"1760000000123456999")"), at);
    EXPECT_EQ(time(R"("timeUnixNano":1)"), Timestamp{0});
    const auto none = decode_record(R"({"observedTimeUnixNano":0})");
    EXPECT_EQ(only(none).occurred_at, test::at("2026-02-02T02:40:00.123456Z"));
    EXPECT_TRUE(only(none).time_from_door);
    EXPECT_EQ(time(R"("timeUnixNano":1770086400123456999)"), test::at("2026-02-03T02:40:00.123456Z"));
    const auto reason = [](const std::string& members) {
        return only_rejection(decode_record("{" + members + "}")).reason;
    };
    EXPECT_EQ(reason(R"("timeUnixNano":1770086400123457000)"), "more than 24 hours in the future");
    EXPECT_EQ(reason(R"("timeUnixNano":"18446744073709551615")"), "more than 24 hours in the future");
    for (const std::string_view bad : {"-1", "1.5", "true", "[]", R"("18446744073709551616")", R"("1760000000s")",
                                       R"("-1")", R"(" 1")", R"("2026-01-01T00:00:00Z")"}) {
        EXPECT_EQ(reason(R"("timeUnixNano":)" + std::string(bad)), "must be a whole number of nanoseconds since 1970")
            << bad;
    }
}

TEST(OtlpDecoder, TheTypeIsTheEventsNameElseAnAttributeElseLog) {
    const auto type = [](const std::string& record) { return std::string(only(decode_record(record)).event_type); };
    EXPECT_EQ(type("{}"), "log");
    EXPECT_EQ(type(R"({"eventName":"a"})"), "a");
    EXPECT_EQ(type(R"({"eventName":"","attributes":[)" + text("event.name", "b") + "]}"), "b");
    EXPECT_EQ(type(R"({"attributes":[)" + text("event.name", "") + "]}"), "log");
    const auto both = decode_record(R"({"eventName":"a","attributes":[)" + text("event.name", "b") + "]}");
    EXPECT_EQ(only(both).event_type, "a");
    EXPECT_EQ(only(both).props, R"({"event.name":"b"})");
    EXPECT_EQ(only_rejection(decode_record(R"({"eventName":7})")).reason, "must be a string");
}

TEST(OtlpDecoder, AttributesNameUserSessionPageAndId) {
    const auto result = with_attributes(text("enduser.id", "old") + "," + text("user.id", "new") + "," +
                                        text("url.path", "/p") + "," + text("url.full", "https://a/p") + "," +
                                        text("session.id", "s") + "," + attribute("event.id", R"({"intValue":"7"})"));
    EXPECT_EQ(only(result).user_id, "new");
    EXPECT_EQ(only(result).page_url, "https://a/p");
    EXPECT_EQ(only(result).session_id, "s");
    EXPECT_EQ(only(result).event_id, "7");
    EXPECT_EQ(only(result).props, R"({"enduser.id":"old","url.path":"/p"})") << "what was not taken stays";
    for (const std::string_view key : {"event.id", "user.id", "enduser.id", "session.id", "url.full", "url.path"}) {
        const Rejection r = only_rejection(with_attributes(attribute(std::string(key), R"({"boolValue":true})")));
        EXPECT_EQ(r.reason, "must be a stringValue or an intValue") << key;
        EXPECT_EQ(r.field, "/attributes/" + std::string(key));
        EXPECT_EQ(r.offset, 60U) << "the list of attributes";
    }
    EXPECT_EQ(only(with_attributes(text("user.id", "first") + "," + text("user.id", "second"))).user_id, "first");
}

TEST(OtlpDecoder, RobotsAreFlaggedByTheUserAgentOfTheRecord) {
    const auto robot = with_attributes(text("user_agent.original", "curl/8.0"));
    EXPECT_TRUE(only(robot).bot);
    EXPECT_EQ(only(robot).props, R"({"user_agent.original":"curl/8.0"})");
    EXPECT_FALSE(only(decode(request("{}"), {{"User-Agent", "curl/8.0"}})).bot) << "the exporter is no visitor";
}

TEST(OtlpDecoder, ValuesBecomePlainJson) {
    EXPECT_EQ(value(R"({"stringValue":"a\"b"})"), R"({"k":"a\"b"})");
    EXPECT_EQ(value(R"({"boolValue":false})"), R"({"k":false})");
    EXPECT_EQ(value(R"({"intValue":"-9223372036854775808"})"), R"({"k":-9223372036854775808})");
    EXPECT_EQ(value(R"({"intValue":9007199254740993})"), R"({"k":9007199254740993})");
    EXPECT_EQ(value(R"({"intValue":18446744073709551615})"), R"({"k":18446744073709551615})");
    EXPECT_EQ(value(R"({"doubleValue":1.25})"), R"({"k":1.25})");
    EXPECT_EQ(value(R"({"doubleValue":"-2.5e3"})"), R"({"k":-2500})");
    EXPECT_EQ(value(R"({"doubleValue":"NaN"})"), R"({"k":"NaN"})");
    EXPECT_EQ(value(R"({"doubleValue":"-Infinity"})"), R"({"k":"-Infinity"})");
    EXPECT_EQ(value(R"({"bytesValue":"AQL/"})"), R"({"k":"AQL/"})");
    EXPECT_EQ(value(R"({"arrayValue":{"values":[{"intValue":"1"},{},null,{"arrayValue":{}}]}})"),
              R"({"k":[1,null,null,[]]})");
    EXPECT_EQ(value(R"({"kvlistValue":{"values":[{"key":"a","value":{"kvlistValue":{}}},{"key":"b"}]}})"),
              R"({"k":{"a":{},"b":null}})");
    EXPECT_EQ(value(R"({})"), R"({"k":null})");
    EXPECT_EQ(value("null"), R"({"k":null})");
    EXPECT_EQ(value(R"({"laterValue":1})"), R"({"k":null})");
    EXPECT_EQ(value(R"({"stringValue":null,"intValue":3})"), R"({"k":3})");
}

TEST(OtlpDecoder, ValuesOfOtherTypesAreRejected) {
    EXPECT_EQ(value("7"), "a value must be an object such as stringValue's");
    EXPECT_EQ(value(R"({"stringValue":7})"), "stringValue must be a string");
    EXPECT_EQ(value(R"({"stringValue":"\u0000"})"), "holds the character U+0000");
    EXPECT_EQ(value(R"({"boolValue":"true"})"), "boolValue must be true or false");
    for (const std::string_view bad : {R"("9223372036854775808")", R"("1.5")", R"("")", "true", R"("0x1")"})
        EXPECT_EQ(value(R"({"intValue":)" + std::string(bad) + "}"), "intValue must be a whole number") << bad;
    for (const std::string_view bad : {R"("inf")", R"("nan")", R"("")", "true", R"("1e999")", R"("0x1p3")"})
        EXPECT_EQ(value(R"({"doubleValue":)" + std::string(bad) + "}"), "doubleValue must be a number") << bad;
    EXPECT_EQ(value(R"({"bytesValue":[1]})"), "bytesValue must be a string");
    EXPECT_EQ(value(R"({"arrayValue":[]})"), "arrayValue must be an object");
    EXPECT_EQ(value(R"({"arrayValue":{"values":{}}})"), "values must be a list");
    EXPECT_EQ(value(R"({"kvlistValue":7})"), "kvlistValue must be an object");
    EXPECT_EQ(value(R"({"kvlistValue":{"values":[{}]}})"), "an attribute must be an object with a key");
    EXPECT_EQ(only_rejection(with_attributes(R"({"key":7})")).reason, "an attribute must be an object with a key");
    EXPECT_EQ(only_rejection(with_attributes(R"({"key":"\u0000"})")).reason, "holds the character U+0000");
    EXPECT_EQ(only_rejection(decode_record(R"({"attributes":{}})")).reason, "must be a list");
    EXPECT_EQ(only_rejection(decode_record(R"({"body":"bare"})")).field, "body");
}

TEST(OtlpDecoder, AttributesDoNotReplaceWhatTheRecordSays) {
    EXPECT_EQ(only(decode_record(R"({"body":{"stringValue":"b"},"severityText":"INFO","attributes":[)" +
                                 text("body", "x") + "," + text("resource", "y") + "]}"))
                  .props,
              R"({"body":"b","severity":"INFO","attribute.body":"x","attribute.resource":"y"})");
}

TEST(OtlpDecoder, EachRecordHasItsResourceAndScope) {
    const auto result = decode(
        R"({"resourceLogs":[{"scopeLogs":[{"scope":{"name":"one","attributes":[{"key":"a","value":{"intValue":1}}]},)"
        R"("logRecords":[{},{}]},{"logRecords":[{}]}],"resource":{"attributes":[{"key":"r","value":{"stringValue":"x"}}]}},)"
        R"({"scopeLogs":[{"logRecords":[{}]}]}]})");
    ASSERT_TRUE(result.ok());
    ASSERT_EQ(result->batch.size(), 4U);
    EXPECT_EQ(result->batch[0].props, R"({"scope":"one","scope_attributes":{"a":1},"resource":{"r":"x"}})");
    EXPECT_EQ(result->batch[1].props, result->batch[0].props);
    EXPECT_EQ(result->batch[2].props, R"({"resource":{"r":"x"}})");
    EXPECT_EQ(result->batch[3].props, "{}");
    EXPECT_EQ(result->request_index, (std::vector<std::uint32_t>{0, 1, 2, 3}));
}

TEST(OtlpDecoder, ARecordIsNamedByAllThatItSays) {
    const auto id = [](const std::string& members) {
        return std::string(only(decode_record(R"({"timeUnixNano":"1760000000000000001",)" + members + "}")).event_id);
    };
    const std::string plain = id(R"("body":{"stringValue":"x"})");
    EXPECT_EQ(plain, "otlp-5bc8c1c7805272c6bbc13c01201c2cfc");
    EXPECT_EQ(id(R"( "body" : {"stringValue":"x"}, "flags":1)"), plain) << "spelling does not count";
    EXPECT_NE(id(R"("body":{"stringValue":"y"})"), plain);
    EXPECT_NE(id(R"("body":{"stringValue":"x"},"traceId":"00")"), plain);
    EXPECT_NE(id(R"("body":{"stringValue":"x"},"eventName":"n")"), plain);
    EXPECT_NE(id(R"("body":{"stringValue":"x"},"attributes":[)" + text("user.id", "u") + "]"), plain);
    const auto later = decode_record(R"({"timeUnixNano":"1760000000000000002","body":{"stringValue":"x"}})");
    EXPECT_NE(only(later).event_id, plain) << "a nanosecond counts";
    const auto timeless = decode_record(R"({"body":{"stringValue":"x"}})");
    EXPECT_TRUE(only(timeless).id_from_door);
    EXPECT_EQ(only(timeless).event_id.size(), 36U);
}

TEST(OtlpDecoder, ARejectionIsAWholeRequest) {
    const auto result =
        decode(R"({"resourceLogs":[{"resource":{"attributes":[{"key":"r","value":{"stringValue":"x"}}]},"scopeLogs":[)"
               R"({"scope":{"name":"s"},"logRecords":[{"eventName":"good"},7,{"timeUnixNano":"soon",)"
               R"("attributes":[{"key":"event.id","value":{"stringValue":"e-2"}}]}]}]}]})");
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->batch.size(), 1U);
    ASSERT_EQ(result->rejected.size(), 2U);
    EXPECT_EQ(result->rejected[0].reason, "a log record is a JSON object");
    EXPECT_EQ(result->rejected[0].index, 1U);
    const Rejection& r = result->rejected[1];
    EXPECT_EQ(r.index, 2U);
    EXPECT_EQ(r.field, "timeUnixNano");
    EXPECT_EQ(r.event_id, "e-2");
    EXPECT_EQ(r.offset, 174U);
    EXPECT_EQ(r.raw,
              R"({"resourceLogs":[{"resource":{"attributes":[{"key":"r","value":{"stringValue":"x"}}]},"scopeLogs":[)"
              R"({"scope":{"name":"s"},"logRecords":[{"timeUnixNano":"soon",)"
              R"("attributes":[{"key":"event.id","value":{"stringValue":"e-2"}}]}]}]}]})");
    const auto again = decode_again(Dialect::Otlp, mended(r.raw, R"("soon")", R"("1760000000000000000")"));
    EXPECT_EQ(only(again).event_id, "e-2");
    EXPECT_EQ(only(again).props, R"({"scope":"s","resource":{"r":"x"}})");
    const auto number = decode_again(Dialect::Otlp, mended(result->rejected[0].raw, "[7]", R"([{"eventName":"n"}])"));
    EXPECT_EQ(only(number).event_type, "n");
}

TEST(OtlpDecoder, WhatIsWrongInAResourceOrScopeRejectsItsRecordsOnly) {
    const auto result = decode(
        R"({"resourceLogs":[{"resource":{"attributes":[7]},"scopeLogs":[{"logRecords":[{},{}]}]},)"
        R"({"scopeLogs":[{"scope":{"attributes":[{"key":"a","value":1}]},"logRecords":[{}]},{"logRecords":[{}]}]},)"
        R"({"resource":7,"scopeLogs":[{"scope":[],"logRecords":[{}]}]}]})");
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->request_index, std::vector<std::uint32_t>{3});
    ASSERT_EQ(result->rejected.size(), 4U);
    EXPECT_EQ(result->rejected[0].field, "/resource/attributes");
    EXPECT_EQ(result->rejected[0].reason, "an attribute must be an object with a key");
    EXPECT_EQ(result->rejected[2].field, "/scope/attributes");
    EXPECT_EQ(result->rejected[3].field, "/resource");
    EXPECT_EQ(only(decode_again(Dialect::Otlp,
                                mended(mended(result->rejected[3].raw, "7", "{}"), R"("scope":[])", R"("scope":{})")))
                  .event_type,
              "log");
}

TEST(OtlpDecoder, LimitsHoldAtTheirEdges) {
    const auto sized = [](const std::string& key, std::size_t size) {
        return with_attributes(text(key, std::string(size, 'x')));
    };
    EXPECT_EQ(only(sized("event.id", 128)).event_id.size(), 128U);
    EXPECT_EQ(only_rejection(sized("event.id", 129)).field, "/attributes/event.id");
    EXPECT_EQ(only(sized("event.name", 128)).event_type.size(), 128U);
    EXPECT_EQ(only_rejection(sized("event.name", 129)).field, "/attributes/event.name");
    EXPECT_EQ(only(sized("user.id", 256)).user_id.size(), 256U);
    EXPECT_EQ(only_rejection(sized("user.id", 257)).field, "/attributes/user.id");
    EXPECT_EQ(only(sized("session.id", 256)).session_id.size(), 256U);
    EXPECT_EQ(only_rejection(sized("session.id", 257)).field, "/attributes/session.id");
    EXPECT_EQ(only(sized("url.full", 2048)).page_url.size(), 2048U);
    EXPECT_EQ(only_rejection(sized("url.full", 2049)).field, "/attributes/url.full");
    // {"k":"..."}
    EXPECT_EQ(only(sized("k", 32 * 1024 - 8)).props.size(), 32U * 1024);
    EXPECT_EQ(only_rejection(sized("k", 32 * 1024 - 7)).reason, "props are larger than 32768 bytes");
    const auto resource = [](std::size_t size) {
        // {"resource":{"k":"..."}}
        return decode(R"({"resourceLogs":[{"resource":{"attributes":[)" + text("k", std::string(size - 21, 'x')) +
                      R"(]},"scopeLogs":[{"logRecords":[{}]}]}]})");
    };
    EXPECT_EQ(only(resource(32 * 1024)).props.size(), 32U * 1024);
    EXPECT_EQ(only_rejection(resource(32 * 1024 + 1)).reason, "props are larger than 32768 bytes");

    const auto nested = [](std::size_t levels) {
        return value(repeat(R"({"arrayValue":{"values":[)", levels) + repeat("]}}", levels));
    };
    EXPECT_EQ(nested(31), R"({"k":)" + std::string(31, '[') + std::string(31, ']') + "}");
    EXPECT_EQ(nested(32), "nested deeper than 32 levels");
    const auto lists = [](std::size_t levels) {
        return value(repeat(R"({"kvlistValue":{"values":[{"key":"a","value":)", levels) + "{}" +
                     repeat("}]}}", levels));
    };
    EXPECT_EQ(lists(31), R"({"k":)" + repeat(R"({"a":)", 31) + "null" + std::string(32, '}'));
    EXPECT_EQ(lists(32), "nested deeper than 32 levels");

    const auto long_record = [](std::size_t size) { return decode_record("{" + std::string(size - 2, ' ') + "}"); };
    EXPECT_EQ(only(long_record(64 * 1024)).event_type, "log");
    EXPECT_EQ(only_rejection(long_record(64 * 1024 + 1)).reason, "an event is at most 65536 bytes");
    EXPECT_EQ(only_rejection(long_record(64 * 1024 + 1)).raw.size(), 64U * 1024);

    EXPECT_EQ(decode_record(repeat("{},", 9'999) + "{}")->batch.size(), 10'000U);
    const auto many = decode_record(repeat("{},", 10'000) + "{}");
    ASSERT_FALSE(many.ok());
    EXPECT_EQ(many.error().code, ErrorCode::TooLarge);
    EXPECT_EQ(many.error().offset, 46U + 3 * 10'000);
}

TEST(OtlpDecoder, AResourceSaidOnceCountsForEachRecord) {
    // Each event: 36 bytes of id, 3 of type, 32 KiB - 39 of props make 32 KiB.
    const std::string resource = R"({"attributes":[)" + text("k", std::string(32 * 1024 - 39 - 21, 'x')) + "]}";
    const auto shared = [&](std::size_t count, const std::string& last) {
        return decode(R"({"resourceLogs":[{"resource":)" + resource + R"(,"scopeLogs":[{"logRecords":[)" +
                      repeat("{},", count) + last + "]}]}]}");
    };
    EXPECT_EQ(shared(1'023, "{}")->batch.text_bytes(), 32U * 1024 * 1024);
    const auto beyond = shared(1'023, R"({"eventName":"long"})");
    ASSERT_FALSE(beyond.ok());
    EXPECT_EQ(beyond.error().code, ErrorCode::TooLarge);
    const auto rejected = shared(0, repeat("7,", 2'000) + "7");
    ASSERT_FALSE(rejected.ok()) << "what is kept of rejections counts, too";
    EXPECT_EQ(rejected.error().code, ErrorCode::TooLarge);
}

TEST(OtlpDecoder, WhatMakesARejectionTooLargeIsLeftOut) {
    const std::string resource = R"({"attributes":[)" + text("k", std::string(30'000, 'x')) + "]}";
    const auto rejected = [&](std::size_t size) {
        return only_rejection(
            decode(R"({"resourceLogs":[{"resource":)" + resource +
                   R"(,"scopeLogs":[{"scope":{"name":"s"},"logRecords":[{"eventName":7,"attributes":[)" +
                   text("big", std::string(size, 'y')) + "]}]}]}]}"));
    };
    EXPECT_NE(rejected(30'000).raw.find("\"resource\""), std::string::npos);
    const Rejection large = rejected(60'000);
    EXPECT_TRUE(large.raw.starts_with(R"({"resourceLogs":[{"scopeLogs":[{"scope":{"name":"s"},"logRecords":[{"eve)"));
    EXPECT_TRUE(large.raw.ends_with("]}]}]}"));
}

}  // namespace
}  // namespace streamgauge
