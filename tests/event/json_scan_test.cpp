// SPDX-License-Identifier: GPL-3.0-or-later
// The slow second look at refused JSON: it must find the very byte, and cut arrays at the right places.
#include "event/json_scan.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace streamgauge {
namespace {

struct Case {
    std::string text;
    std::size_t offset;
    std::string reason_part;
};

class FaultyText : public testing::TestWithParam<Case> {};

TEST_P(FaultyText, IsLocated) {
    const auto fault = find_json_fault(GetParam().text, 100);
    ASSERT_TRUE(fault) << GetParam().text;
    EXPECT_EQ(fault->offset, GetParam().offset) << GetParam().text << ": " << fault->reason;
    EXPECT_NE(fault->reason.find(GetParam().reason_part), std::string::npos) << fault->reason;
}

INSTANTIATE_TEST_SUITE_P(
    JsonScan, FaultyText,
    testing::Values(Case{"", 0, "ends"}, Case{"  ", 2, "ends"}, Case{R"({"a":1)", 6, "ends"},
                    Case{R"({"a" 1})", 5, ":"}, Case{R"({"a":1,})", 7, "name"}, Case{R"([1,2}])", 4, ", or ]"},
                    Case{R"([1,,2])", 3, "not a JSON"}, Case{R"({"a":tru})", 5, "not a JSON"},
                    Case{R"({"a":01})", 5, "start with 0"}, Case{R"({"a":1.})", 7, "digit"},
                    Case{R"({"a":1e+})", 8, "digit"}, Case{R"({"a":-})", 5, "number"}, Case{R"({"a":1} x)", 8, "after"},
                    Case{R"(["abc)", 1, "without an end"}, Case{"[\"a\nb\"]", 3, "control"},
                    Case{R"(["\q"])", 2, "escape"}, Case{R"(["\u12G4"])", 2, "four"},
                    Case{R"(["\ud800"])", 2, "surrogate"}, Case{R"(["\udc00"])", 2, "surrogate"},
                    Case{R"(["\ud800\u0041"])", 2, "surrogate"}, Case{"[\"\xff\"]", 2, "UTF-8"},
                    Case{"[\"\xed\xa0\x80\"]", 2, "UTF-8"}, Case{"[\"\xc0\x80\"]", 2, "UTF-8"},
                    Case{R"([18446744073709551616])", 1, "64 bits"}, Case{R"([-9223372036854775809])", 1, "64 bits"},
                    Case{R"([1e999])", 1, "too large"}, Case{R"([1,-0.1e4000000000000000000000])", 3, "too large"},
                    Case{std::string(101, '['), 100, "deeply"}));

TEST(JsonScan, FindsNothingWrongWithGoodText) {
    for (const std::string text : {R"({"a":[1,-0,2.5e-3,true,false,null,{"b":"\u00e9\ud83d\ude00\n"}]})", "[]", "{}",
                                   "1", "\"x\"", " [ 1 , 2 ] ", "18446744073709551615", "-9223372036854775808",
                                   "1e-999", "0.0000001e-400", "[\"\xf0\x9f\x98\x80\xc3\xa9\"]"})
        EXPECT_FALSE(find_json_fault(text, 100)) << text;
}

std::vector<std::string> elements(std::string_view text) {
    std::vector<std::string> out;
    for (const TextSpan& span : split_array(text).value_or(std::vector<TextSpan>{}))
        out.emplace_back(text.substr(span.begin, span.end - span.begin));
    return out;
}

TEST(JsonScan, CutsAnArrayAtItsElements) {
    using Texts = std::vector<std::string>;
    EXPECT_EQ(elements(R"([{"a":"]},["},tru , [1,[2]],"x\"y"])"),
              (Texts{R"({"a":"]},["})", "tru", "[1,[2]]", R"("x\"y")"}));
    EXPECT_EQ(elements(" [\n{} ]\n"), Texts{"{}"});
    EXPECT_TRUE(split_array("[]")->empty());
}

TEST(JsonScan, DoesNotCutWhatHasNoPlainElements) {
    for (const char* text : {"", "{}", "[", "[1", "[1,", "[1,]", "[,1]", "[{]", "[{]}", "[1]]", "[1] 2", "[\"a]",
                             "[1 2]", R"([{"a":1} {"b":2}])"})
        EXPECT_FALSE(split_array(text)) << text;
}

TEST(JsonScan, CutsOffNoMoreElementsThanAreWanted) {
    EXPECT_EQ(split_array("[1,2,3]", 3)->size(), 3U);
    EXPECT_EQ(split_array("[1,2,3,4,5]", 3)->size(), 4U);
    EXPECT_EQ(split_array("[1,2,3,4,}", 3)->size(), 4U);
    EXPECT_FALSE(split_array("[1,2,3}", 3));
}

TEST(JsonScan, FindsAMemberWhateverFollows) {
    const auto value = [](std::string_view text) {
        const auto span = find_member(text, "b");
        return span ? std::string(text.substr(span->begin, span->end - span->begin)) : "none";
    };
    EXPECT_EQ(value(R"({"b":1})"), "1");
    EXPECT_EQ(value(R"( {"a":{"b":2}, "b" : [tru,{"b":"}"}] ,)"), R"([tru,{"b":"}"}])");
    EXPECT_EQ(value(R"({"b":"first","b":"second"})"), R"("first")");
    for (const char* text : {"", "[]", "{", "{}", R"({"a":1})", R"({"a":"b"})", R"({"b")", R"({"b":)", R"({"b":})",
                             R"({"b":[1})", R"({"a":1 "b":2})", R"({"a" "b":2})", R"({b:2})", R"(["b",2])", R"({"b)"})
        EXPECT_EQ(value(text), "none") << text;
}

TEST(JsonScan, KnowsALineThatIsOneObject) {
    EXPECT_TRUE(is_one_object(R"( {"a":{"b":"}"}} )"));
    for (const char* text : {"", "{", "1", "{} {}", R"({"a":1)", "[{}]", R"({"a":"})"})
        EXPECT_FALSE(is_one_object(text)) << text;
}

}  // namespace
}  // namespace streamgauge
