// SPDX-License-Identifier: GPL-3.0-or-later
// Bodies as a whole: one, array, NDJSON, broken and hostile ones. No bad event may hurt its neighbours.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/limits.h"
#include "event/decode_support.h"

namespace streamgauge::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kGood = R"({"event_type":"a"})";

void expect_error(std::string_view body, ErrorCode code, std::uint64_t offset, bool ndjson = false) {
    const auto result = decode(body, ndjson);
    ASSERT_FALSE(result.ok()) << body;
    EXPECT_EQ(result.error().code, code) << body;
    EXPECT_EQ(result.error().offset, offset) << body << ": " << result.error().describe();
}

TEST(Body, EmptyIsAnError) {
    for (const char* body : {"", " ", "\r\n\t ", "\xEF\xBB\xBF"})
        for (const bool ndjson : {false, true}) expect_error(body, ErrorCode::InvalidArgument, 0, ndjson);
}

TEST(Body, BrokenTextIsAnErrorWithTheOffset) {
    expect_error("hello", ErrorCode::InvalidArgument, 0);
    expect_error("  {\"event_type\":\"a\",}", ErrorCode::InvalidArgument, 20);
    expect_error(R"({"event_type":"a"} {"event_type":"b"})", ErrorCode::InvalidArgument, 19);
    expect_error(R"([{"event_type":"a"},{"event_type":])", ErrorCode::InvalidArgument, 34);
    expect_error(R"([{"event_type":"a"})", ErrorCode::InvalidArgument, 19);
    expect_error("{\n\"event_type\":\"a\"", ErrorCode::InvalidArgument, 18);
    expect_error("[]", ErrorCode::InvalidArgument, 0);
    expect_error("12", ErrorCode::InvalidArgument, 0);
    expect_error("\"text\"", ErrorCode::InvalidArgument, 0);
}

TEST(Body, MayStartWithAByteOrderMark) {
    const auto result = decode("\xEF\xBB\xBF" + std::string(kGood));
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->batch.size(), 1U);
}

TEST(Array, KeepsOrderAndIndexesAroundBadElements) {
    const std::string body =
        R"([{"event_type":"a"}, 7, {"user_id":"x"}, {"event_type":"b","ts":"never"} ,{"event_type":"c"}])";
    const auto result = decode(body);
    ASSERT_TRUE(result.ok());
    EXPECT_TRUE(result->several);
    EXPECT_THAT(result->request_index, ElementsAre(0U, 4U));
    EXPECT_EQ(result->batch[1].event_type, "c");
    ASSERT_EQ(result->rejected.size(), 3U);
    EXPECT_EQ(result->rejected[0].index, 1U);
    EXPECT_EQ(result->rejected[0].raw, "7");
    EXPECT_EQ(result->rejected[0].offset, 21U);
    EXPECT_EQ(result->rejected[1].index, 2U);
    EXPECT_EQ(result->rejected[1].field, "event_type");
    EXPECT_EQ(result->rejected[1].raw, R"({"user_id":"x"})");
    EXPECT_EQ(result->rejected[1].offset, body.find(R"({"user_id")"));
    EXPECT_EQ(result->rejected[2].field, "ts");
    EXPECT_EQ(result->rejected[2].offset, body.find("\"never\""));
    EXPECT_EQ(result->rejected[2].raw, R"({"event_type":"b","ts":"never"})");
}

TEST(Array, ElementsThatAreNotJsonDoNotHurtTheOthers) {
    const std::string body =
        R"([{"event_type":"a"},{"event_type":tru},{"event_type":"b","x":"\ud800"},{"event_type":"c"}])";
    const auto result = decode(body);
    ASSERT_TRUE(result.ok());
    EXPECT_THAT(result->request_index, ElementsAre(0U, 3U));
    ASSERT_EQ(result->rejected.size(), 2U);
    EXPECT_EQ(result->rejected[0].offset, body.find("tru"));
    EXPECT_EQ(result->rejected[1].offset, body.find("\\ud800"));
    EXPECT_THAT(result->rejected[1].reason, HasSubstr("surrogate"));
}

TEST(Array, OfOneIsStillABatch) {
    const auto result = decode("[" + std::string(kGood) + "]");
    ASSERT_TRUE(result.ok());
    EXPECT_TRUE(result->several);
}

TEST(Array, AtMostTenThousandEvents) {
    const auto body = [](std::size_t n) {
        std::string text = "[";
        for (std::size_t i = 0; i < n; ++i) text += (i ? "," : "") + std::string(kGood);
        return text + "]";
    };
    const auto most = decode(body(limits::kEventsPerRequest));
    ASSERT_TRUE(most.ok());
    EXPECT_EQ(most->batch.size(), limits::kEventsPerRequest);
    expect_error(body(limits::kEventsPerRequest + 1), ErrorCode::TooLarge, 1 + limits::kEventsPerRequest * 19);
}

TEST(Lines, EachIsAnEventAndABadOneHurtsNobody) {
    const std::string body =
        "{\"event_type\":\"a\"}\r\n\n  {\"event_type\":}\n[1]\n{\"event_type\":\"b\"}\n{\"event_type\":\"c\"";
    for (const bool declared : {true, false}) {
        const auto result = decode(body, declared);
        ASSERT_TRUE(result.ok());
        EXPECT_TRUE(result->several);
        EXPECT_THAT(result->request_index, ElementsAre(0U, 3U));
        ASSERT_EQ(result->rejected.size(), 3U);
        EXPECT_EQ(result->rejected[0].index, 1U);
        EXPECT_EQ(result->rejected[0].offset, body.find(":}") + 1);
        EXPECT_EQ(result->rejected[0].raw, "{\"event_type\":}");
        EXPECT_EQ(result->rejected[1].index, 2U);
        EXPECT_EQ(result->rejected[1].reason, "an event is a JSON object");
        EXPECT_EQ(result->rejected[2].index, 4U);
        EXPECT_EQ(result->rejected[2].offset, body.size());
    }
}

TEST(Lines, AreRecognisedOnlyWhenTheFirstLineIsAWholeObject) {
    const auto pretty = decode("{\n  \"event_type\": \"a\",\n  \"x\": {\"y\": 1}\n}\n");
    ASSERT_TRUE(pretty.ok());
    EXPECT_FALSE(pretty->several);
    const auto single = decode(std::string(kGood) + "\n\n ");
    ASSERT_TRUE(single.ok());
    EXPECT_FALSE(single->several);
    const auto declared = decode(kGood, true);
    ASSERT_TRUE(declared.ok());
    EXPECT_TRUE(declared->several);
}

TEST(Lines, AtMostTenThousandEvents) {
    const std::string line = std::string(kGood) + "\n";
    const auto most = decode(repeated(line, limits::kEventsPerRequest), true);
    ASSERT_TRUE(most.ok());
    EXPECT_EQ(most->batch.size(), limits::kEventsPerRequest);
    expect_error(repeated(line, limits::kEventsPerRequest + 1), ErrorCode::TooLarge,
                 limits::kEventsPerRequest * line.size(), true);
}

TEST(Decoder, IsReusedWithoutMemoryOfTheRequestBefore) {
    JsonDecoder decoder;
    for (int round = 0; round < 3; ++round) {
        const auto bad = decoder.decode("[{\"event_type\":\"a\"},", 0, false, kReceivedAt, "p");
        EXPECT_FALSE(bad.ok());
        const auto good = decoder.decode(R"({"eventType":"a","x":1})", 0, false, kReceivedAt, "p");
        ASSERT_TRUE(good.ok());
        EXPECT_EQ(good->batch.size(), 1U);
        EXPECT_TRUE(good->rejected.empty());
        EXPECT_EQ(good->batch.project(), "p");
    }
}

TEST(Decoder, ReadsAPaddedBodyWhereItIs) {
    std::string buffer(kGood);
    buffer.resize(kGood.size() + JsonDecoder::kPadding, '\x01');
    JsonDecoder decoder;
    const auto result =
        decoder.decode(std::string_view(buffer).substr(0, kGood.size()), buffer.size(), false, kReceivedAt, "p");
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->batch.size(), 1U);
}

// Whatever is done to a good body, the answer is an error or adds up to the events that are there, with offsets inside.
TEST(Decoder, SurvivesEveryCutAndManyMutations) {
    const std::string good = R"([{"event_type":"a","ts":1769999000,"payload":"{\"k\":[1,2]}"},)"
                             R"({"eventType":"b","userId":7,"data":{"x":"é\u00e9"}},{"type":"c","page":"/p"}])";
    JsonDecoder decoder;
    const auto check = [&](const std::string& body) {
        for (const bool ndjson : {false, true}) {
            const auto result = decoder.decode(body, 0, ndjson, kReceivedAt, "p");
            if (!result.ok()) {
                EXPECT_LE(result.error().offset.value_or(body.size() + 1), body.size()) << body;
                continue;
            }
            EXPECT_EQ(result->batch.size(), result->request_index.size());
            EXPECT_GT(result->batch.size() + result->rejected.size(), 0U);
            for (const Rejection& r : result->rejected) EXPECT_LE(r.offset, body.size()) << body;
        }
    };
    for (std::size_t cut = 0; cut <= good.size(); ++cut) {
        check(good.substr(0, cut));
        check(good.substr(cut));
    }
    std::mt19937 random(7);
    const std::string_view bytes = "{}[]\",:\\ \n\tu0019ae.-tfn\xC3\x80\xFF";
    for (int i = 0; i < 20'000; ++i) {
        std::string body = good;
        for (int n = 0; n < 1 + i % 4; ++n) body[random() % body.size()] = bytes[random() % bytes.size()];
        check(body);
    }
}

}  // namespace
}  // namespace streamgauge::test
