// SPDX-License-Identifier: GPL-3.0-or-later
// A schema is the conjunction of its keywords. So each keyword of the reader has to follow from the writer's schema;
// what is left out of the writer's only makes it accept more, and errs to the safe side.
#include "schema/compatibility.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "schema/schema_document.h"

namespace streamgauge::schema {

namespace {

using nlohmann::json;

constexpr std::size_t kBreaksTold = 20;
constexpr std::size_t kComparisons = 100'000;  // of subschemas; beyond, nothing is shown
const json kAnything = true;
const json kNoKeywords = json::object();
const json kNoNames = json::array();

enum Type : unsigned {
    Null = 1,
    Boolean = 2,
    Integer = 4,
    Fraction = 8,
    String = 16,
    Array = 32,
    Object = 64,
    All = 127
};
constexpr unsigned kNumber = Integer | Fraction;

unsigned type_named(const std::string& name) {
    if (name == "null") return Null;
    if (name == "boolean") return Boolean;
    if (name == "integer") return Integer;
    if (name == "number") return kNumber;
    if (name == "string") return String;
    return name == "array" ? Array : Object;
}

unsigned types_of(const json& schema) {
    const auto found = schema.find("type");
    if (found == schema.end()) return All;
    unsigned types = 0;
    for (const json& one : *found) types |= type_named(one.get_ref<const std::string&>());
    return types;
}

std::string names_of(unsigned types) {
    std::string names;
    const auto add = [&](unsigned type, std::string_view name) {
        if ((types & type) != 0) names.append(names.empty() ? "" : ", ").append(name);
    };
    add(Null, "null");
    add(Boolean, "boolean");
    if ((types & Integer) != 0) add(Integer, "integer");
    add(Fraction, "number");
    add(String, "string");
    add(Array, "array");
    add(Object, "object");
    return names;
}

const json& member(const json& schema, const char* keyword, const json& otherwise) {
    const auto found = schema.find(keyword);
    return found == schema.end() ? otherwise : *found;
}

std::uint64_t count(const json& schema, const char* keyword, std::uint64_t otherwise) {
    const auto found = schema.find(keyword);
    return found == schema.end() ? otherwise : found->get<std::uint64_t>();
}

constexpr std::uint64_t kEndless = std::numeric_limits<std::uint64_t>::max();

const json& property_of(const json& schema, const std::string& name) {
    if (const auto properties = schema.find("properties"); properties != schema.end()) {
        if (const auto found = properties->find(name); found != properties->end()) return *found;
    }
    return member(schema, "additionalProperties", kAnything);
}

const json& item_of(const json& schema, std::size_t index) {
    const json& items = member(schema, "items", kAnything);
    if (!items.is_array()) return items;
    return index < items.size() ? items[index] : member(schema, "additionalItems", kAnything);
}

std::size_t places_of(const json& schema) {
    const json& items = member(schema, "items", kAnything);
    return items.is_array() ? items.size() : 0;
}

// A bound of numbers: the least (or, negated, the greatest) value, and whether it is out itself.
struct Bound {
    double at = -std::numeric_limits<double>::infinity();
    bool open = false;
    bool within(const Bound& other) const { return at > other.at || (at == other.at && (open || !other.open)); }
};

Bound lower_bound(const json& schema, bool negated) {
    Bound bound;
    const auto narrow = [&](const char* keyword, bool open) {
        const auto found = schema.find(keyword);
        if (found == schema.end()) return;
        const Bound one{negated ? -found->get<double>() : found->get<double>(), open};
        if (one.within(bound)) bound = one;
    };
    narrow(negated ? "maximum" : "minimum", false);
    narrow(negated ? "exclusiveMaximum" : "exclusiveMinimum", true);
    return bound;
}

// Where only integers come: the first that is in.
Bound for_integers(Bound bound) {
    if (std::isinf(bound.at)) return bound;
    const double first = bound.open ? std::floor(bound.at) + 1 : std::ceil(bound.at);
    // Beyond, neighbours are more than 1 apart.
    return std::abs(first) < 9007199254740992.0 ? Bound{first, false} : bound;
}

std::string number_text(double number) {
    const bool whole = number == std::floor(number) && std::abs(number) < 1e15;
    return whole ? std::to_string(static_cast<std::int64_t>(number)) : json(number).dump();
}

class Comparison {
public:
    // True when all that `writer` accepts is accepted by `reader`; otherwise why not is added to `out`.
    bool within(const json& writer, const json& reader, const std::string& at, std::vector<Break>& out) {
        if (++comparisons_ > kComparisons)
            return fail(out, at, "cannot be shown: the schemas are too large to compare");
        if (writer == reader || reader == true || writer == false) return true;
        if (reader == false) return fail(out, at, "is not allowed any more");
        const json& own = reader;
        const json& given = writer.is_boolean() ? kNoKeywords : writer;
        if (given.contains("enum")) return values_within(given, own, at, out);
        const std::size_t before = out.size();
        if (alternatives_within(given, own)) return true;
        unsigned types = types_of(given);
        const unsigned wanted = types_of(own);
        if ((types & ~wanted) != 0) {
            fail(out, at + "/type", "does not allow " + names_of(types & ~wanted));
            types &= wanted;
        }
        if (own.contains("enum") && !(types == Boolean && has_both(own["enum"])) &&
            !(types == Null && std::count(own["enum"].begin(), own["enum"].end(), nullptr) > 0)) {
            fail(out, at + "/enum", "allows only some values");
        }
        if ((types & kNumber) != 0) numbers_within(given, own, (types & Fraction) == 0, at, out);
        if ((types & String) != 0) strings_within(given, own, at, out);
        if ((types & Array) != 0) arrays_within(given, own, at, out);
        if ((types & Object) != 0) objects_within(given, own, at, out);
        conditions_within(given, own, at, out);
        return out.size() == before;
    }

private:
    static bool fail(std::vector<Break>& out, std::string at, std::string what) {
        if (out.size() < kBreaksTold) out.push_back({std::move(at), std::move(what)});
        return false;
    }
    bool quietly(const json& writer, const json& reader) {
        std::vector<Break> ignored;
        return within(writer, reader, "", ignored);
    }
    static bool has_both(const json& values) {
        return std::count(values.begin(), values.end(), true) > 0 &&
               std::count(values.begin(), values.end(), false) > 0;
    }

    // Finitely many: each is tried. Only those that the writer's other keywords let through.
    static bool values_within(const json& writer, const json& reader, const std::string& at, std::vector<Break>& out) {
        const auto writes = JsonSchema::compile(writer.dump());
        const auto reads = JsonSchema::compile(reader.dump());
        if (!writes.ok() || !reads.ok()) return fail(out, at, "cannot be shown: the values cannot be tried");
        bool all = true;
        for (const json& value : writer["enum"]) {
            if (!(*writes)->accepts(value) || (*reads)->accepts(value)) continue;
            std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
            if (text.size() > 60) text = text.substr(0, 60) + "...";
            all = fail(out, at, "does not allow " + text);
        }
        return all;
    }

    // The writer's anyOf, oneOf and allOf: each alternative alone, or one of the parts, is enough.
    bool alternatives_within(const json& writer, const json& reader) {
        for (const char* const keyword : {"anyOf", "oneOf"}) {
            const auto found = writer.find(keyword);
            if (found != writer.end() &&
                std::all_of(found->begin(), found->end(), [&](const json& one) { return quietly(one, reader); }))
                return true;
        }
        const auto parts = writer.find("allOf");
        return parts != writer.end() &&
               std::any_of(parts->begin(), parts->end(), [&](const json& one) { return quietly(one, reader); });
    }

    static void numbers_within(const json& writer, const json& reader, bool integers, const std::string& at,
                               std::vector<Break>& out) {
        for (const bool negated : {false, true}) {
            Bound given = lower_bound(writer, negated), wanted = lower_bound(reader, negated);
            if (integers) {
                given = for_integers(given);
                wanted = for_integers(wanted);
            }
            if (!given.within(wanted)) {
                fail(out, at,
                     std::string("allows only numbers ") + (negated ? "up to " : "from ") +
                         number_text(negated ? -wanted.at : wanted.at) + (wanted.open ? ", without it" : ""));
            }
        }
        const auto wanted = reader.find("multipleOf");
        if (wanted == reader.end()) return;
        const json given = integers && !writer.contains("multipleOf") ? json(1) : member(writer, "multipleOf", nullptr);
        if (given == *wanted) return;
        const bool divides = given.is_number_integer() && wanted->is_number_integer() &&
                             wanted->get<std::int64_t>() > 0 &&
                             given.get<std::int64_t>() % wanted->get<std::int64_t>() == 0;
        if (!divides) fail(out, at + "/multipleOf", "allows only multiples of " + wanted->dump());
    }

    static void strings_within(const json& writer, const json& reader, const std::string& at, std::vector<Break>& out) {
        counts_within(writer, reader, "minLength", "maxLength", "long", 0, kEndless, at, out);
        for (const char* const keyword : {"pattern", "format"}) {
            const auto wanted = reader.find(keyword);
            if (wanted == reader.end() || member(writer, keyword, nullptr) == *wanted) continue;
            fail(out, at + "/" + keyword, "cannot be shown: is another " + std::string(keyword));
        }
    }

    // `least` and `most`: what follows from the writer's other keywords.
    static void counts_within(const json& writer, const json& reader, const char* minimum, const char* maximum,
                              std::string_view what, std::uint64_t least, std::uint64_t most, const std::string& at,
                              std::vector<Break>& out) {
        least = std::max(least, count(writer, minimum, 0));
        most = std::min(most, count(writer, maximum, kEndless));
        if (least < count(reader, minimum, 0)) {
            fail(out, at + "/" + minimum,
                 "must be at least " + std::to_string(count(reader, minimum, 0)) + " " + std::string(what));
        }
        if (most > count(reader, maximum, kEndless)) {
            fail(out, at + "/" + maximum,
                 "must be at most " + std::to_string(count(reader, maximum, kEndless)) + " " + std::string(what));
        }
    }

    void arrays_within(const json& writer, const json& reader, const std::string& at, std::vector<Break>& out) {
        const std::size_t places = std::max(places_of(writer), places_of(reader));
        // No place where nothing may stand is reached.
        std::uint64_t most = count(writer, "maxItems", kEndless);
        for (std::size_t i = 0; i <= places; ++i) {
            if (item_of(writer, i) == false) most = std::min<std::uint64_t>(most, i);
        }
        counts_within(writer, reader, "minItems", "maxItems", "items", 0, most, at, out);
        if (reader.contains("uniqueItems") && !writer.contains("uniqueItems") && most > 1)
            fail(out, at + "/uniqueItems", "allows no item twice");
        for (std::size_t i = 0; i <= places && i < most; ++i) {
            std::string here = at + "/items";
            if (i < places_of(reader)) {
                append_pointer(here, std::to_string(i));
            } else if (places_of(reader) > 0) {
                here = at + "/additionalItems";
            }
            within(item_of(writer, i), item_of(reader, i), here, out);
        }
        same_or_unknown(writer, reader, "contains", at, out);
    }

    void objects_within(const json& writer, const json& reader, const std::string& at, std::vector<Break>& out) {
        std::set<std::string> required, named;
        for (const json& name : member(writer, "required", kNoNames)) required.insert(name.get<std::string>());
        for (const json& name : member(reader, "required", kNoNames)) {
            if (!required.contains(name.get<std::string>()))
                fail(out, at + "/required", "requires " + name.get<std::string>());
        }
        for (const json* const schema : {&writer, &reader}) {
            for (const auto& [name, ignored] : member(*schema, "properties", kNoKeywords).items()) named.insert(name);
        }
        std::uint64_t most = kEndless;
        if (member(writer, "additionalProperties", kAnything) == false) {
            most = 0;
            for (const std::string& name : named) most += property_of(writer, name) == false ? 0U : 1U;
        }
        counts_within(writer, reader, "minProperties", "maxProperties", "properties", required.size(), most, at, out);
        for (const std::string& name : named) {
            const bool known = member(reader, "properties", kNoKeywords).contains(name);
            std::string here = at + (known ? "/properties" : "/additionalProperties");
            if (known) append_pointer(here, name);
            std::vector<Break> found;
            if (within(property_of(writer, name), property_of(reader, name), here, found)) continue;
            for (Break& one : found) {
                if (!known) one.what = "of " + name + ": " + one.what;
                if (known && !member(writer, "properties", kNoKeywords).contains(name))
                    one.what += " (the other version allows anything here: additionalProperties)";
                fail(out, std::move(one.pointer), std::move(one.what));
            }
        }
        within(member(writer, "additionalProperties", kAnything), member(reader, "additionalProperties", kAnything),
               at + "/additionalProperties", out);
        same_or_unknown(writer, reader, "propertyNames", at, out);
        const json none = json::object();
        const json& given = member(writer, "dependencies", none);
        for (const auto& [name, needs] : member(reader, "dependencies", none).items()) {
            if (given.contains(name) && given[name] == needs) continue;
            fail(out, at + "/dependencies", "cannot be shown: depends on " + name);
        }
    }

    void conditions_within(const json& writer, const json& reader, const std::string& at, std::vector<Break>& out) {
        if (const auto parts = reader.find("allOf"); parts != reader.end()) {
            for (std::size_t i = 0; i < parts->size(); ++i)
                within(writer, (*parts)[i], at + "/allOf/" + std::to_string(i), out);
        }
        if (const auto choices = reader.find("anyOf"); choices != reader.end()) {
            const bool one = member(writer, "anyOf", nullptr) == *choices ||
                             std::any_of(choices->begin(), choices->end(),
                                         [&](const json& choice) { return quietly(writer, choice); });
            if (!one && !each_alternative(writer, *choices)) fail(out, at + "/anyOf", "cannot be shown");
        }
        same_or_unknown(writer, reader, "oneOf", at, out);
        same_or_unknown(writer, reader, "not", at, out);
        if (reader.contains("if") && (member(writer, "if", nullptr) != reader["if"] ||
                                      member(writer, "then", kAnything) != member(reader, "then", kAnything) ||
                                      member(writer, "else", kAnything) != member(reader, "else", kAnything))) {
            fail(out, at + "/if", "cannot be shown");
        }
    }

    // Each of the writer's alternatives is within one of the reader's.
    bool each_alternative(const json& writer, const json& choices) {
        for (const char* const keyword : {"anyOf", "oneOf"}) {
            const auto given = writer.find(keyword);
            if (given == writer.end()) continue;
            const bool all = std::all_of(given->begin(), given->end(), [&](const json& one) {
                return std::any_of(choices.begin(), choices.end(),
                                   [&](const json& choice) { return quietly(one, choice); });
            });
            if (all) return true;
        }
        // Each of its types.
        const auto types = writer.find("type");
        if (types == writer.end() || types->size() < 2) return false;
        return std::all_of(types->begin(), types->end(), [&](const json& type) {
            json one = writer;
            one["type"] = json::array({type});
            return std::any_of(choices.begin(), choices.end(),
                               [&](const json& choice) { return quietly(one, choice); });
        });
    }

    static void same_or_unknown(const json& writer, const json& reader, const char* keyword, const std::string& at,
                                std::vector<Break>& out) {
        const auto wanted = reader.find(keyword);
        if (wanted == reader.end() || (writer.contains(keyword) && writer[keyword] == *wanted)) return;
        fail(out, at + "/" + keyword, "cannot be shown");
    }

    std::size_t comparisons_ = 0;
};

}  // namespace

std::vector<Break> breaks(const JsonSchema& writer, const JsonSchema& reader) {
    std::vector<Break> out;
    Comparison().within(writer.document(), reader.document(), "", out);
    return out;
}

}  // namespace streamgauge::schema
