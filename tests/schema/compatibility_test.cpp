// SPDX-License-Identifier: GPL-3.0-or-later
// Compatibility between versions: pairs with their verdicts, and random schemas whose instances tell the truth.
#include "schema/compatibility.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

namespace streamgauge::schema {
namespace {

using nlohmann::json;

std::shared_ptr<const JsonSchema> compiled(const std::string& text) {
    auto schema = JsonSchema::compile(text);
    EXPECT_TRUE(schema.ok()) << text << ": " << (schema.ok() ? "" : schema.error().describe());
    return *schema;
}

std::string shown(const std::vector<Break>& found) {
    std::string text;
    for (const Break& one : found) text += one.pointer + " " + one.what + "; ";
    return text;
}

struct Pair {
    const char *before, *after;
    bool backward, forward;  // after reads what before wrote; before reads what after writes
};

// Most are about one property: "a" stands for it, in an object that has no other.
constexpr const char* kClosed = R"({"type":"object","additionalProperties":false,"properties":{"a":%}})";
std::string about(const char* schema) {
    const std::string text = kClosed;
    const std::size_t at = text.find('%');
    return text.substr(0, at) + schema + text.substr(at + 1);
}

TEST(Compatibility, OfOneProperty) {
    for (const Pair& pair : {
             Pair{"{}", "{}", true, true},
             Pair{"true", "{}", true, true},
             Pair{"false", R"({"type":"string"})", true, false},
             Pair{R"({"type":"string"})", R"({"type":"string"})", true, true},
             Pair{R"({"type":"string"})", "{}", true, false},
             Pair{R"({"type":"string"})", R"({"type":["string","null"]})", true, false},
             Pair{R"({"type":["null","string"]})", R"({"type":["string","null"]})", true, true},
             Pair{R"({"type":"string"})", R"({"type":"integer"})", false, false},
             Pair{R"({"type":"integer"})", R"({"type":"number"})", true, false},
             Pair{R"({"enum":["a"]})", R"({"enum":["a","b"]})", true, false},
             Pair{R"({"enum":["a","b"]})", R"({"enum":["b","a"]})", true, true},
             Pair{R"({"enum":["a"]})", R"({"type":"string"})", true, false},
             Pair{R"({"enum":["a",1]})", R"({"type":"string"})", false, false},
             Pair{R"({"enum":["a",1],"type":"string"})", R"({"type":"string"})", true, false},
             Pair{R"({"const":3})", R"({"enum":[1,3]})", true, false},
             Pair{R"({"const":3})", R"({"type":"integer","minimum":3,"maximum":3})", true, false},
             Pair{R"({"type":"boolean"})", R"({"enum":[true,false]})", true, true},
             Pair{R"({"type":"null"})", R"({"enum":[null]})", true, true},
             Pair{R"({"minimum":1})", R"({"minimum":0})", true, false},
             Pair{R"({"maximum":1})", R"({"maximum":2})", true, false},
             Pair{R"({"minimum":1})", R"({"exclusiveMinimum":1})", false, true},
             Pair{R"({"minimum":1})", R"({"exclusiveMinimum":0})", true, false},
             Pair{R"({"type":"integer","minimum":1})", R"({"type":"integer","exclusiveMinimum":0})", true, true},
             Pair{R"({"type":"integer","maximum":1.5})", R"({"type":"integer","exclusiveMaximum":2})", true, true},
             Pair{R"({"minimum":0})", "{}", true, false},
             Pair{R"({"multipleOf":4})", R"({"multipleOf":2})", true, false},
             Pair{R"({"multipleOf":4})", R"({"multipleOf":3})", false, false},
             Pair{R"({"multipleOf":0.5})", R"({"multipleOf":0.5})", true, true},
             Pair{R"({"type":"integer"})", R"({"type":"integer","multipleOf":1})", true, true},
             Pair{R"({"maxLength":3})", R"({"maxLength":4})", true, false},
             Pair{R"({"minLength":3})", R"({"minLength":2})", true, false},
             Pair{R"({"type":"integer"})", R"({"type":"integer","maxLength":4})", true, true},
             Pair{R"({"pattern":"^a"})", R"({"pattern":"^a"})", true, true},
             Pair{R"({"pattern":"^a"})", "{}", true, false},
             Pair{R"({"pattern":"^a"})", R"({"pattern":"^b"})", false, false},
             Pair{R"({"enum":["ab"]})", R"({"pattern":"^a"})", true, false},
             Pair{R"({"format":"uuid"})", R"({"format":"date"})", false, false},
             Pair{R"({"format":"uuid"})", R"({"format":"no checked one"})", true, false},
             Pair{R"({"maxItems":3})", R"({"maxItems":4})", true, false},
             Pair{R"({"minItems":1})", "{}", true, false},
             Pair{R"({"uniqueItems":true})", R"({"uniqueItems":false})", true, false},
             Pair{R"({"type":"array","maxItems":1})", R"({"type":"array","uniqueItems":true,"maxItems":1})", true,
                  true},
             Pair{R"({"items":{"type":"integer"}})", R"({"items":{"type":"number"}})", true, false},
             Pair{R"({"items":[{"type":"integer"}]})", R"({"items":[{"type":"number"}]})", true, false},
             Pair{R"({"items":[{"type":"integer"}],"additionalItems":{"type":"integer"}})",
                  R"({"items":{"type":"integer"}})", true, true},
             Pair{R"({"items":[{"type":"integer"}],"additionalItems":false})", R"({"items":{"type":"integer"}})", true,
                  false},
             Pair{R"({"type":"array","items":[{}],"additionalItems":false})", R"({"type":"array","maxItems":1})", true,
                  true},
             Pair{R"({"contains":{"type":"integer"}})", "{}", true, false},
             Pair{R"({"anyOf":[{"type":"string"},{"type":"integer"}]})", R"({"type":["string","integer"]})", true,
                  true},
             Pair{R"({"anyOf":[{"type":"string"}]})", R"({"anyOf":[{"type":"string"},{"type":"null"}]})", true, false},
             Pair{R"({"oneOf":[{"type":"string"},{"type":"integer"}]})", R"({"type":["string","integer"]})", true,
                  false},
             Pair{R"({"allOf":[{"type":"string"},{"maxLength":3}]})", R"({"type":"string"})", true, false},
             Pair{R"({"type":"string","maxLength":3})", R"({"allOf":[{"type":"string"},{"maxLength":3}]})", true,
                  false},
             Pair{R"({"not":{"type":"null"}})", R"({"not":{"type":"null"}})", true, true},
             Pair{R"({"type":"string"})", R"({"not":{"type":"null"}})", false, false},  // true, but not shown
             Pair{R"({"not":{"type":"null"}})", "{}", true, false},
             Pair{R"({"if":{"type":"string"},"then":{"maxLength":1}})", "{}", true, false},
         }) {
        const auto before = compiled(about(pair.before)), after = compiled(about(pair.after));
        EXPECT_EQ(breaks(*before, *after).empty(), pair.backward)
            << pair.before << " -> " << pair.after << ": " << shown(breaks(*before, *after));
        EXPECT_EQ(breaks(*after, *before).empty(), pair.forward)
            << pair.after << " -> " << pair.before << ": " << shown(breaks(*after, *before));
    }
}

TEST(Compatibility, OfObjects) {
    constexpr const char* kA = R"({"type":"object","properties":{"a":{"type":"string"}}})";
    for (const Pair& pair : {
             // Open: what is not named may be anything.
             Pair{kA, R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}}})", false, true},
             Pair{kA, R"({"type":"object","properties":{"a":{"type":"string"},"b":{}}})", true, true},
             Pair{kA, R"({"type":"object"})", true, false},
             Pair{kA, R"({"type":"object","required":["a"],"properties":{"a":{"type":"string"}}})", false, true},
             Pair{kA, R"({"type":"object","additionalProperties":false,"properties":{"a":{"type":"string"}}})", false,
                  true},
             // Closed.
             Pair{R"({"additionalProperties":false,"properties":{"a":{}}})",
                  R"({"additionalProperties":false,"properties":{"a":{},"b":{"type":"string"}}})", true, false},
             Pair{R"({"additionalProperties":false,"properties":{"a":{}}})",
                  R"({"additionalProperties":false,"required":["b"],"properties":{"a":{},"b":{"type":"string"}}})",
                  false, false},
             Pair{R"({"additionalProperties":false,"properties":{"a":{}}})",
                  R"({"additionalProperties":{"type":"string"},"properties":{"a":{}}})", true, false},
             Pair{R"({"additionalProperties":{"type":"integer"}})", R"({"additionalProperties":{"type":"number"}})",
                  true, false},
             Pair{R"({"additionalProperties":{"type":"integer"}})",
                  R"({"additionalProperties":{"type":"integer"},"properties":{"a":{"type":"integer"}}})", true, true},
             Pair{R"({"required":["a","b"]})", R"({"required":["b"]})", true, false},
             Pair{R"({"required":["a","b"]})", R"({"minProperties":2})", true, false},
             Pair{R"({"type":"object","additionalProperties":false,"properties":{"a":{}}})",
                  R"({"type":"object","maxProperties":1,"additionalProperties":false,"properties":{"a":{}}})", true,
                  true},
             Pair{R"({"dependencies":{"a":["b"]}})", "{}", true, false},
             Pair{R"({"propertyNames":{"maxLength":3}})", R"({"propertyNames":{"maxLength":3}})", true, true},
             Pair{R"({"properties":{"o":{"properties":{"a":{"maximum":1}}}}})",
                  R"({"properties":{"o":{"properties":{"a":{"maximum":2}}}}})", true, false},
             Pair{R"({"definitions":{"d":{"type":"string"}},"properties":{"a":{"$ref":"#/definitions/d"}}})",
                  R"({"properties":{"a":{"type":"string"}}})", true, true},
         }) {
        const auto before = compiled(pair.before), after = compiled(pair.after);
        EXPECT_EQ(breaks(*before, *after).empty(), pair.backward)
            << pair.before << " -> " << pair.after << ": " << shown(breaks(*before, *after));
        EXPECT_EQ(breaks(*after, *before).empty(), pair.forward)
            << pair.after << " -> " << pair.before << ": " << shown(breaks(*after, *before));
    }
}

TEST(Compatibility, SaysWhatBreaksAndWhere) {
    const auto before = compiled(R"({"properties":{"o":{"type":"object","properties":{"a/b":{"type":"number"}}}}})");
    const auto after =
        compiled(R"({"properties":{"o":{"type":"object","required":["c"],"properties":{"a/b":{"type":"integer"}}}}})");
    EXPECT_EQ(shown(breaks(*before, *after)),
              "/properties/o/required requires c; /properties/o/properties/a~1b/type does not allow number; ");
}

// ---- random schemas -------------------------------------------------------------------------------------------------
class Maker {
public:
    explicit Maker(unsigned seed) : random_(seed) {}
    std::size_t below(std::size_t n) { return random_() % n; }
    bool chance(int percent) { return static_cast<int>(below(100)) < percent; }

    json value(int depth) {
        switch (below(depth > 0 ? 7 : 5)) {
            case 0:
                return nullptr;
            case 1:
                return chance(50);
            case 2:
                return static_cast<int>(below(9)) - 4;
            case 3:
                return (static_cast<int>(below(17)) - 8) / 2.0;
            case 4:
                return std::string(below(5), chance(50) ? 'a' : 'b');
            case 5: {
                json out = json::array();
                for (std::size_t i = below(4); i > 0; --i) out.push_back(value(depth - 1));
                return out;
            }
            default: {
                json out = json::object();
                for (const char* const name : {"a", "b", "c"}) {
                    if (chance(50)) out[name] = value(depth - 1);
                }
                return out;
            }
        }
    }

    json schema(int depth) {
        if (chance(6)) return chance(70);
        json out = json::object();
        static const std::vector<std::string> kTypes{"null",   "boolean", "integer", "number",
                                                     "string", "array",   "object"};
        if (chance(50)) {
            json types = json::array();
            for (const std::string& type : kTypes) {
                if (chance(30)) types.push_back(type);
            }
            if (!types.empty()) out["type"] = types;
        }
        if (chance(8)) out["enum"] = json::array({value(1), value(1), value(1)});
        for (const char* const keyword : {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}) {
            if (chance(12)) out[keyword] = (static_cast<int>(below(17)) - 8) / 2.0;
        }
        if (chance(8)) out["multipleOf"] = 1 + below(3);
        for (const char* const keyword :
             {"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"}) {
            if (chance(12)) out[keyword] = below(4);
        }
        if (chance(6)) out["pattern"] = chance(50) ? "^a" : "b$";
        if (chance(6)) out["uniqueItems"] = true;
        if (depth == 0) return out;
        if (chance(20)) out["items"] = schema(depth - 1);
        if (chance(10)) {
            out["items"] = json::array({schema(depth - 1), schema(depth - 1)});
            if (chance(50)) out["additionalItems"] = schema(depth - 1);
        }
        if (chance(5)) out["contains"] = schema(depth - 1);
        if (chance(60)) {
            for (const char* const name : {"a", "b"}) {
                if (chance(60)) out["properties"][name] = schema(depth - 1);
            }
            if (chance(40)) out["additionalProperties"] = schema(depth - 1);
            if (chance(20)) out["required"] = json::array({chance(50) ? "a" : "b"});
        }
        for (const char* const keyword : {"allOf", "anyOf", "oneOf"}) {
            if (chance(5)) out[keyword] = json::array({schema(depth - 1), schema(depth - 1)});
        }
        if (chance(3)) out["not"] = schema(depth - 1);
        if (chance(3)) out["dependencies"] = {{"a", json::array({"b"})}};
        if (chance(3)) out["propertyNames"] = {{"maxLength", below(3)}};
        return out;
    }

    // Another version of it: some keyword somewhere left out, added or changed.
    json changed(json schema, int depth) {
        if (!schema.is_object() || chance(10)) return chance(70) ? schema : this->schema(depth);
        for (auto& [keyword, value] : schema.items()) {
            if ((keyword == "items" || keyword == "additionalProperties" || keyword == "additionalItems") &&
                !value.is_array() && chance(50))
                value = changed(value, depth - 1);
            if (keyword == "properties") {
                for (auto& [name, one] : value.items()) {
                    if (chance(50)) one = changed(one, depth - 1);
                }
            }
        }
        if (!schema.empty() && chance(50)) {
            auto at = schema.begin();
            std::advance(at, static_cast<std::ptrdiff_t>(below(schema.size())));
            schema.erase(at);
        }
        if (const json more = this->schema(0); chance(30) && more.is_object()) schema.update(more);
        return schema;
    }

private:
    std::mt19937 random_;
};

TEST(Compatibility, NothingThatWasValidIsRefusedByWhatIsCalledCompatible) {
    int compatible = 0, tried = 0, shown_false = 0;
    for (unsigned seed = 1; seed <= 1500; ++seed) {
        Maker make(seed);
        json before = make.schema(2);
        if (!before.is_object()) continue;
        const json after = make.changed(before, 2);
        if (!after.is_object()) continue;
        auto old = JsonSchema::compile(before.dump()), next = JsonSchema::compile(after.dump());
        ASSERT_TRUE(old.ok() && next.ok()) << before << after;
        const bool backward = breaks(**old, **next).empty();
        compatible += backward && before != after ? 1 : 0;
        for (int i = 0; i < 60; ++i) {
            const json instance = make.value(3);
            if (!(*old)->accepts(instance)) continue;
            ++tried;
            const bool still = (*next)->accepts(instance);
            if (backward) {
                ASSERT_TRUE(still) << "seed " << seed << "\n" << before << "\n" << after << "\n" << instance;
            }
            shown_false += still ? 0 : 1;
        }
        EXPECT_TRUE(breaks(**old, **old).empty()) << before;
    }
    // It was about something.
    EXPECT_GT(compatible, 100);
    EXPECT_GT(tried, 5000);
    EXPECT_GT(shown_false, 100);
}

}  // namespace
}  // namespace streamgauge::schema
