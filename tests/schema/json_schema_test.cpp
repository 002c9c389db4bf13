// SPDX-License-Identifier: GPL-3.0-or-later
// Reading schemas strictly, and checking documents: the first fault with its pointer, and bounded work.
#include "schema/json_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "schema/schema_document.h"

namespace streamgauge::schema {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const JsonSchema> compiled(std::string_view text) {
    auto schema = JsonSchema::compile(text);
    EXPECT_TRUE(schema.ok()) << text << ": " << (schema.ok() ? "" : schema.error().describe());
    return schema.ok() ? *schema : nullptr;
}

// The pointer of the fault, or "".
std::string fault(std::string_view schema, std::string_view props) {
    const auto one = compiled(schema);
    if (!one) return "no schema";
    const auto found = one->check(props);
    return found ? found->pointer : "";
}

TEST(JsonSchema, PointsAtTheFirstFault) {
    constexpr std::string_view kOrder = R"({
      "$schema": "http://json-schema.org/draft-07/schema#", "title": "Order", "x-owner": "shop",
      "type": "object", "required": ["amount", "items"], "additionalProperties": false,
      "definitions": {"sku": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]+$"}},
      "properties": {
        "amount": {"type": "number", "minimum": 0, "exclusiveMaximum": 1000},
        "currency": {"enum": ["EUR", "USD"]},
        "count": {"type": "integer", "multipleOf": 2},
        "note~/": {"type": ["string", "null"], "maxLength": 3},
        "at": {"type": "string", "format": "date-time"},
        "items": {"type": "array", "minItems": 1, "maxItems": 3, "uniqueItems": true,
                  "items": {"type": "object", "required": ["sku"], "properties": {"sku": {"$ref": "#/definitions/sku"}}}},
        "pair": {"items": [{"type": "string"}, {"type": "integer"}], "additionalItems": false},
        "either": {"anyOf": [{"type": "string", "pattern": "^a"}, {"type": "integer"}]},
        "kind": {"const": "order"}, "never": false}})";
    struct Row {
        std::string_view props, pointer;
    };
    for (const Row& row : {
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"}]})", ""},
             Row{R"({"amount":0.5,"items":[{"sku":"ABC-1"},{"sku":"ABC-2"}],"currency":"EUR","count":4,"note~/":null})",
                 ""},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"}],"count":4.0})", ""},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"}],"at":"2026-01-31T12:00:00.5+01:00","kind":"order"})", ""},
             Row{R"({"items":[{"sku":"ABC-1"}]})", "/props"},
             Row{R"({"amount":"1","items":[{"sku":"ABC-1"}]})", "/props/amount"},
             Row{R"({"amount":-1,"items":[{"sku":"ABC-1"}]})", "/props/amount"},
             Row{R"({"amount":1000,"items":[{"sku":"ABC-1"}]})", "/props/amount"},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"}],"currency":"GBP"})", "/props/currency"},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"}],"count":3})", "/props/count"},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"}],"count":3.5})", "/props/count"},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"}],"note~/":"long"})", "/props/note~0~1"},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"}],"note~/":"äöü"})", ""},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"}],"at":"yesterday"})", "/props/at"},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"}],"at":7})", "/props/at"},
             Row{R"({"amount":1,"items":[]})", "/props/items"},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"},{"sku":"ABC-1"}]})", "/props/items"},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"},{"sku":"abc"}]})", "/props/items/1/sku"},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"},{}]})", "/props/items/1"},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"}],"more":1})", "/props"},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"}],"pair":["a",2]})", ""},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"}],"pair":["a","b"]})", "/props/pair/1"},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"}],"pair":["a",2,3]})", "/props/pair"},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"}],"either":"abc"})", ""},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"}],"either":"bcd"})", "/props/either"},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"}],"kind":"other"})", "/props/kind"},
             Row{R"({"amount":1,"items":[{"sku":"ABC-1"}],"never":1})", "/props"},
             Row{"{", "/props"},
         }) {
        EXPECT_EQ(fault(kOrder, row.props), row.pointer) << row.props;
    }
    const auto found = compiled(kOrder)->check(R"({"amount":1,"items":[{"sku":"abc"}]})");
    EXPECT_EQ(found->reason, "does not match the pattern ^[A-Z]{3}-[0-9]+$");
}

TEST(JsonSchema, KnowsEveryKeywordOfTheDraft) {
    struct Row {
        std::string_view schema, good, bad;
    };
    for (const Row& row : {
             Row{R"({"minProperties":1})", R"({"a":1})", "{}"},
             Row{R"({"maxProperties":1})", "{}", R"({"a":1,"b":1})"},
             Row{R"({"propertyNames":{"pattern":"^[a-z]+$","maxLength":3}})", R"({"abc":1})", R"({"ABC":1})"},
             Row{R"({"additionalProperties":{"type":"integer"}})", R"({"a":1})", R"({"a":"1"})"},
             Row{R"({"dependencies":{"a":["b"],"c":{"required":["d"]}}})", R"({"a":1,"b":1})", R"({"c":1})"},
             Row{R"({"properties":{"a":{"contains":{"type":"integer"}}}})", R"({"a":["x",1]})", R"({"a":["x"]})"},
             Row{R"({"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}})", R"({"a":1,"b":1})",
                 R"({"b":1})"},
             Row{R"({"not":{"required":["a"]}})", "{}", R"({"a":1})"},
             Row{R"({"oneOf":[{"required":["a"]},{"required":["b"]}]})", R"({"a":1})", R"({"a":1,"b":1})"},
             Row{R"({"allOf":[{"required":["a"]},{"required":["b"]}]})", R"({"a":1,"b":1})", R"({"a":1})"},
             Row{R"({"properties":{"a":{"exclusiveMinimum":0,"maximum":2}}})", R"({"a":2})", R"({"a":0})"},
             Row{R"({"properties":{"a":{"enum":[1.0,null,{"b":[2]}]}}})", R"({"a":1})", R"({"a":{"b":[3]}})"},
             Row{R"({"properties":{"a":{"const":3,"enum":[1,3]}}})", R"({"a":3})", R"({"a":1})"},
             Row{R"({"properties":{"a":{"const":3,"enum":[1]}}})", R"({})", R"({"a":3})"},
             Row{R"({"properties":{"a":{"format":"uuid"}}})", R"({"a":"0198f0a2-7c1e-4b3a-9d10-000000000000"})",
                 R"({"a":"1"})"},
             Row{R"({"properties":{"a":{"format":"email"}}})", R"({"a":"a@b.example"})", R"({"a":"a@@b"})"},
             Row{R"({"properties":{"a":{"format":"ipv4"}}})", R"({"a":"255.0.1.9"})", R"({"a":"256.0.0.1"})"},
             Row{R"({"properties":{"a":{"format":"date"}}})", R"({"a":"2024-02-29"})", R"({"a":"2023-02-29"})"},
             Row{R"({"properties":{"a":{"format":"time"}}})", R"({"a":"12:00:00Z"})", R"({"a":"24:00:00Z"})"},
             Row{R"({"properties":{"a":{"format":"iri"},"pattern":{"type":"string"},"format":{"pattern":"x"}}})",
                 R"({"a":"whatever","pattern":"y"})", R"({"format":"y"})"},
             Row{R"({"properties":{"id":{"type":"string"},"$ref":{"type":"string"}}})", R"({"id":"x","$ref":"#"})",
                 R"({"$ref":1})"},
         }) {
        EXPECT_EQ(fault(row.schema, row.good), "") << row.schema;
        EXPECT_NE(fault(row.schema, row.bad), "") << row.schema;
    }
}

TEST(JsonSchema, RefusesWhatIsNoSchemaAndSaysWhere) {
    struct Row {
        std::string_view schema, pointer, says;
    };
    for (
        const Row& row : {
            Row{"", "", "not valid JSON"},
            Row{"{", "", "not valid JSON"},
            Row{"true", "", "is an object"},
            Row{"[]", "", "is an object"},
            Row{R"({"type":"text"})", "/type", "a type is"},
            Row{R"({"type":[]})", "/type", "name a type"},
            Row{R"({"type":["string","string"]})", "/type", "twice"},
            Row{R"({"properties":{"a":{"minimum":"1"}}})", "/properties/a/minimum", "a number"},
            Row{R"({"multipleOf":0})", "/multipleOf", "above 0"},
            Row{R"({"minLength":-1})", "/minLength", "whole number"},
            Row{R"({"maxItems":1.5})", "/maxItems", "whole number"},
            Row{R"({"enum":[]})", "/enum", "an array of 1 to"},
            Row{R"({"required":["a","a"]})", "/required", "twice"},
            Row{R"({"required":"a"})", "/required", "an array"},
            Row{R"({"properties":[]})", "/properties", "an object"},
            Row{R"({"properties":{"a":1}})", "/properties/a", "an object, true or false"},
            Row{R"({"anyOf":[]})", "/anyOf", "at least one"},
            Row{R"({"anyOf":[{},{"type":1}]})", "/anyOf/1/type", "a type is"},
            Row{R"({"pattern":"("})", "/pattern", "cannot be used"},
            Row{R"j({"pattern":"(?=a)"})j", "/pattern", "no look-around"},
            Row{R"j({"pattern":"(a)\\1"})j", "/pattern", "no look-around"},
            Row{R"j({"pattern":"((((a{100}){100}){100}){100})"})j", "/pattern", "cannot be used"},
            Row{R"({"patternProperties":{"a":{}}})", "/patternProperties", "not supported"},
            Row{R"({"$defs":{}})", "/$defs", "another draft"},
            Row{R"({"properties":{"a":{"minimun":1}}})", "/properties/a/minimun", "no keyword minimun"},
            Row{R"({"$schema":"https://json-schema.org/draft/2020-12/schema"})", "/$schema", "draft 7"},
            Row{R"({"$ref":"https://example.com/schema"})", "/$ref", "stay in the document"},
            Row{R"({"properties":{"a":{"$ref":"file:///etc/passwd"}}})", "/properties/a/$ref", "stay in the document"},
            Row{R"({"properties":{"a":{"$ref":"#/definitions/b"}}})", "/properties/a/$ref",
                "nothing at #/definitions/b"},
            Row{R"({"properties":{"a":{"$ref":"#"}}})", "/properties/a/$ref", "refer to itself"},
            Row{R"({"definitions":{"a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/a"}},"$ref":"#/definitions/a"})",
                "/definitions/b/$ref", "refer to itself"},
            Row{R"({"definitions":{"a":{"items":{"$ref":"#/definitions/a"}}},"properties":{"a":{"$ref":"#/definitions/a"}}})",
                "/definitions/a/items/$ref", "refer to itself"},
            Row{R"({"properties":{"a~/":{"$ref":1}}})", "/properties/a~0~1/$ref", "is a text"},
        }) {
        const auto schema = JsonSchema::compile(row.schema);
        ASSERT_FALSE(schema.ok()) << row.schema;
        EXPECT_EQ(schema.error().code, ErrorCode::InvalidArgument);
        EXPECT_EQ(schema.error().field, row.pointer) << row.schema;
        EXPECT_THAT(schema.error().message, HasSubstr(row.says)) << row.schema;
    }
}

TEST(JsonSchema, LimitsHoldAtTheirEdge) {
    const auto ok = [](const std::string& text) { return JsonSchema::compile(text).ok(); };
    const std::string about = R"({"description":"")", end = "}";
    const auto padded = [&](std::size_t size) {
        return R"({"description":")" + std::string(size - std::string_view(R"({"description":""})").size(), 'x') +
               "\"}";
    };
    EXPECT_TRUE(ok(padded(kSchemaBytes)));
    EXPECT_EQ(JsonSchema::compile(padded(kSchemaBytes + 1)).error().code, ErrorCode::TooLarge);

    const auto nested = [](std::size_t levels) {
        std::string text = "{}";
        for (std::size_t i = 0; i < levels; ++i) text = R"({"items":)" + text + "}";
        return text;
    };
    EXPECT_TRUE(ok(nested(kSchemaDepth)));
    EXPECT_FALSE(ok(nested(kSchemaDepth + 1)));
    EXPECT_FALSE(ok(nested(8000))) << "and no stack overflow";
    EXPECT_FALSE(ok(R"({"enum":)" + std::string(30'000, '[') + std::string(30'000, ']') + "}"));

    const auto many = [](std::size_t count) {
        std::string text = R"({"allOf":[)";
        for (std::size_t i = 0; i < count; ++i) text += i == 0 ? "{}" : ",{}";
        return text + "]}";
    };
    EXPECT_TRUE(ok(many(kSubschemas - 1)));
    EXPECT_FALSE(ok(many(kSubschemas)));

    const auto pattern = [](std::size_t size) { return R"({"pattern":")" + std::string(size, 'a') + "\"}"; };
    EXPECT_TRUE(ok(pattern(kPatternBytes)));
    EXPECT_FALSE(ok(pattern(kPatternBytes + 1)));

    // References that double: a thousand million subschemas in a kilobyte.
    std::string doubling = R"({"definitions":{"d0":{"type":"string"})";
    for (int i = 1; i <= 30; ++i) {
        const std::string before = R"({"$ref":"#/definitions/d)" + std::to_string(i - 1) + "\"}";
        doubling += ",\"d" + std::to_string(i) + R"(":{"allOf":[)" + before + "," + before + "]}";
    }
    EXPECT_FALSE(ok(doubling + R"(},"$ref":"#/definitions/d30"})"));
}

TEST(JsonSchema, NobodyCanMakeACheckTakeLong) {
    // Texts on which backtracking matchers take exponential time or all of the stack.
    const auto schema =
        compiled(R"({"properties":{"a":{"pattern":"^(a+)+$"},"b":{"format":"date"},"c":{"format":"time"},
        "l":{"uniqueItems":true,"items":{"anyOf":[{"pattern":"x$"},{"pattern":"y$"},{"type":"integer"}]}}}})");
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(schema->check(R"({"a":")" + std::string(kMatchedBytes - 1, 'a') + "!\"}").has_value());
    EXPECT_FALSE(schema->check(R"({"a":")" + std::string(kMatchedBytes, 'a') + "\"}").has_value());
    EXPECT_EQ(schema->check(R"({"a":")" + std::string(kMatchedBytes + 1, 'a') + "\"}")->pointer, "/props/a");
    EXPECT_TRUE(schema->check(R"({"b":")" + std::string(30'000, '1') + "\"}").has_value());
    EXPECT_TRUE(schema->check(R"({"c":"00:00:00.)" + std::string(30'000, '1') + "\"}").has_value());
    const auto list = [](std::size_t count) {
        std::string text = R"({"l":[)";
        for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : ",") + std::to_string(i);
        return text + "]}";
    };
    EXPECT_FALSE(schema->check(list(kCheckedValues - 2)).has_value());
    EXPECT_THAT(schema->check(list(kCheckedValues - 1))->reason, HasSubstr("more than the 2048 values"));
    // All of it took a fraction of this even with sanitizers; a blow-up would take hours.
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

}  // namespace
}  // namespace streamgauge::schema
