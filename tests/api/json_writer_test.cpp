// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/json_writer.h"

#include <gtest/gtest.h>

#include <limits>

namespace streamgauge::api {
namespace {

TEST(JsonWriterTest, WritesNestedValuesInOrder) {
    JsonWriter json;
    json.begin_object().key("a").begin_array().integer(-1).unsigned_integer(2).begin_object().end_object().end_array();
    json.key("b").string("x\"\\\n\x1f").key("c").boolean(true).key("d").null().key("e").raw("[1]").end_object();
    EXPECT_EQ(json.take(), R"({"a":[-1,2,{}],"b":"x\"\\\n\u001f","c":true,"d":null,"e":[1]})");
    EXPECT_EQ(json.begin_array().end_array().take(), "[]");
}

TEST(JsonWriterTest, HundredthsHaveExactlyTwoPlaces) {
    const auto text = [](std::int64_t value) {
        std::string out;
        append_json_hundredths(out, value);
        return out;
    };
    EXPECT_EQ(text(0), "0.00");
    EXPECT_EQ(text(5), "0.05");
    EXPECT_EQ(text(1250), "12.50");
    EXPECT_EQ(text(-5), "-0.05");
    EXPECT_EQ(text(-1999), "-19.99");
    EXPECT_EQ(text(std::numeric_limits<std::int64_t>::max()), "92233720368547758.07");
    EXPECT_EQ(text(std::numeric_limits<std::int64_t>::min()), "-92233720368547758.08");
}

TEST(JsonWriterTest, NumbersAreTheShortestThatReadBack) {
    const auto text = [](double value) {
        std::string out;
        append_json_number(out, value);
        return out;
    };
    EXPECT_EQ(text(0.1), "0.1");
    EXPECT_EQ(text(3), "3");
    EXPECT_EQ(text(-2.5), "-2.5");
    EXPECT_EQ(text(1e300), "1e+300");
    EXPECT_EQ(text(std::numeric_limits<double>::infinity()), "0");
}

TEST(JsonWriterTest, Utf8IsKeptAndBrokenBytesAreReplacedOneByOne) {
    const auto text = [](std::string_view value) {
        std::string out;
        append_json_string(out, value);
        return out;
    };
    EXPECT_EQ(text("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"");
    EXPECT_EQ(text("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");  // overlong
    EXPECT_EQ(text("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");  // cut off
    EXPECT_EQ(text("\xF4\x90\x80\x80").size(), 2 + 4 * 3u);       // beyond U+10FFFF
    EXPECT_EQ(text("\x7F"), "\"\x7F\"");
}

}  // namespace
}  // namespace streamgauge::api
