// SPDX-License-Identifier: GPL-3.0-or-later
#include "schema/schema_document.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"

namespace streamgauge::schema {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 7> kTypes{"null", "boolean", "integer", "number", "string", "array", "object"};
// Say nothing about instances.
constexpr std::array<std::string_view, 14> kAnnotations{
    "$schema",   "$id",         "$comment",         "title",           "description", "default", "examples", "readOnly",
    "writeOnly", "definitions", "contentMediaType", "contentEncoding", "deprecated",  "id"};
constexpr std::array<std::string_view, 16> kOtherDrafts{"$defs",
                                                        "$anchor",
                                                        "$dynamicRef",
                                                        "$dynamicAnchor",
                                                        "$recursiveRef",
                                                        "$recursiveAnchor",
                                                        "$vocabulary",
                                                        "prefixItems",
                                                        "minContains",
                                                        "maxContains",
                                                        "extends",
                                                        "disallow",
                                                        "dependentSchemas",
                                                        "dependentRequired",
                                                        "unevaluatedItems",
                                                        "unevaluatedProperties"};

constexpr std::size_t kReplacedBytes = 1024 * 1024;

template <class Words>
bool is_one_of(std::string_view word, const Words& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_count(const json& value) {
    return value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0) ||
           (value.is_number_float() && value.get<double>() >= 0 && value.get<double>() < 1e15 &&
            value.get<double>() == std::floor(value.get<double>()));
}

class Reader {
public:
    explicit Reader(const json& document) : document_(document) {}

    // The schema at `node`; null and fault() when it is wrong.
    json read(const json& node, const std::string& at, std::size_t depth) {
        if (fault_) return nullptr;
        if (depth > kSchemaDepth) return fail(at, "schemas may be nested " + std::to_string(kSchemaDepth) + " deep");
        if (++subschemas_ > kSubschemas)
            return fail(
                at, "a schema may have " + std::to_string(kSubschemas) + " subschemas, with all references replaced");
        if (node.is_boolean()) return node;
        if (!node.is_object()) return fail(at, "a schema is an object, true or false");
        if (const auto reference = node.find("$ref"); reference != node.end()) return follow(*reference, at, depth);
        json out = json::object();
        for (const auto& [keyword, value] : node.items()) {
            std::string here = at;
            append_pointer(here, keyword);
            read_keyword(keyword, value, here, depth, out);
            if (fault_) return nullptr;
        }
        if (const auto only = node.find("const"); only != node.end()) {
            // An enum of one; beside an enum, of what both have.
            const json value = with_integers(*only, at + "/const");
            if (out.contains("enum") && std::find(out["enum"].begin(), out["enum"].end(), value) == out["enum"].end())
                return false;
            out["enum"] = json::array({value});
        }
        // They say something together only.
        if (!out.contains("if") || (!out.contains("then") && !out.contains("else"))) {
            for (const char* const word : {"if", "then", "else"}) out.erase(word);
        }
        return out;
    }
    const std::optional<Error>& fault() const { return fault_; }

private:
    json fail(std::string at, std::string message) {
        if (!fault_) {
            fault_ = Error::make(ErrorCode::InvalidArgument, std::move(message));
            fault_->field = std::move(at);
        }
        return nullptr;
    }

    json follow(const json& reference, const std::string& at, std::size_t depth) {
        const std::string here = at + "/$ref";
        if (!reference.is_string()) return fail(here, "$ref is a text");
        const std::string& target = reference.get_ref<const std::string&>();
        if (target != "#" && !target.starts_with("#/"))
            return fail(here, "references stay in the document: \"#/definitions/name\"");
        if (std::find(following_.begin(), following_.end(), target) != following_.end())
            return fail(here, "a schema may not refer to itself");
        // The schemas around this one, too: they are being read.
        if (at == target.substr(1) || at.starts_with(target.substr(1) + "/"))
            return fail(here, "a schema may not refer to itself");
        const json* found = nullptr;
        try {
            const json::json_pointer pointer(target.substr(1));
            if (document_.contains(pointer)) found = &document_.at(pointer);
        } catch (const json::exception&) {
            found = nullptr;
        }
        if (found == nullptr) return fail(here, "there is nothing at " + target);
        replaced_bytes_ += found->dump().size();
        if (replaced_bytes_ > kReplacedBytes) return fail(here, "the schema is too large with all references replaced");
        following_.push_back(target);
        json out = read(*found, target.substr(1), depth + 1);
        following_.pop_back();
        return out;
    }

    // An object or array of schemas.
    json read_all(const json& values, const std::string& at, std::size_t depth) {
        json out = values.is_array() ? json::array() : json::object();
        for (const auto& [name, value] : values.items()) {
            std::string here = at;
            append_pointer(here, name);
            json one = read(value, here, depth + 1);
            if (fault_) return nullptr;
            if (values.is_array()) {
                out.push_back(std::move(one));
            } else {
                out[name] = std::move(one);
            }
        }
        return out;
    }

    json with_integers(json value, const std::string& at) {
        std::size_t left = kEnumValues * 4;
        if (!make_integers(value, left)) fail(at, "has too many values");
        return value;
    }

    json read_names(const json& value, const std::string& at) {
        std::set<std::string> names;
        if (!value.is_array()) return fail(at, "must be an array of property names");
        for (const json& name : value) {
            if (!name.is_string()) return fail(at, "must be an array of property names");
            if (!names.insert(name.get<std::string>()).second) return fail(at, "names a property twice");
        }
        return json(names);
    }

    void read_keyword(const std::string& keyword, const json& value, const std::string& at, std::size_t depth,
                      json& out) {
        if (keyword == "type") {
            out[keyword] = read_type(value, at);
        } else if (keyword == "enum") {
            if (!value.is_array() || value.empty() || value.size() > kEnumValues) {
                fail(at, "must be an array of 1 to " + std::to_string(kEnumValues) + " values");
            }
            out[keyword] = with_integers(value, at);
        } else if (keyword == "minimum" || keyword == "maximum" || keyword == "exclusiveMinimum" ||
                   keyword == "exclusiveMaximum" || keyword == "multipleOf") {
            if (!value.is_number()) fail(at, "must be a number");
            if (keyword == "multipleOf" && value.is_number() && value.get<double>() <= 0) fail(at, "must be above 0");
            out[keyword] = value;
        } else if (keyword == "minLength" || keyword == "maxLength" || keyword == "minItems" || keyword == "maxItems" ||
                   keyword == "minProperties" || keyword == "maxProperties") {
            if (!is_count(value)) {
                fail(at, "must be a whole number, at least 0");
                return;
            }
            out[keyword] = value.is_number_float() ? json(static_cast<std::uint64_t>(value.get<double>())) : value;
        } else if (keyword == "pattern") {
            read_pattern(value, at, out);
        } else if (keyword == "format") {
            if (!value.is_string()) {
                fail(at, "must be a text");
            } else if (is_checked_format(value.get_ref<const std::string&>())) {
                out[keyword] = value;
            }
        } else if (keyword == "uniqueItems") {
            if (!value.is_boolean()) fail(at, "must be true or false");
            if (value == true) out[keyword] = true;
        } else if (keyword == "required") {
            out[keyword] = read_names(value, at);
        } else if (keyword == "properties") {
            if (!value.is_object()) {
                fail(at, "must be an object of schemas");
            } else {
                out[keyword] = read_all(value, at, depth);
            }
        } else if (keyword == "items") {
            out[keyword] = value.is_array() ? read_all(value, at, depth) : read(value, at, depth + 1);
        } else if (keyword == "allOf" || keyword == "anyOf" || keyword == "oneOf") {
            if (!value.is_array() || value.empty()) {
                fail(at, "must be an array of schemas, at least one");
            } else {
                out[keyword] = read_all(value, at, depth);
            }
        } else if (keyword == "additionalProperties" || keyword == "additionalItems" || keyword == "contains" ||
                   keyword == "propertyNames" || keyword == "not" || keyword == "if" || keyword == "then" ||
                   keyword == "else") {
            out[keyword] = read(value, at, depth + 1);
        } else if (keyword == "dependencies") {
            read_dependencies(value, at, depth, out);
        } else if (keyword == "patternProperties") {
            fail(at, "patternProperties is not supported; name the properties, or use propertyNames");
        } else if (is_one_of(keyword, kOtherDrafts)) {
            fail(at, keyword + " is a keyword of another draft than 7");
        } else if (keyword == "$schema") {
            const bool seven = value.is_string() && (value == "http://json-schema.org/draft-07/schema#" ||
                                                     value == "http://json-schema.org/draft-07/schema" ||
                                                     value == "https://json-schema.org/draft-07/schema#" ||
                                                     value == "https://json-schema.org/draft-07/schema");
            if (!seven) fail(at, "schemas are of draft 7: http://json-schema.org/draft-07/schema#");
        } else if (keyword != "const" && !is_one_of(keyword, kAnnotations) && !keyword.starts_with("x-")) {
            fail(at, "draft 7 has no keyword " + keyword + "; names of one's own begin with x-");
        }
    }

    json read_type(const json& value, const std::string& at) {
        const json all = value.is_array() ? value : json::array({value});
        std::set<std::string> types;
        for (const json& one : all) {
            if (!one.is_string() || !is_one_of(one.get_ref<const std::string&>(), kTypes))
                return fail(at, "a type is null, boolean, integer, number, string, array or object");
            if (!types.insert(one.get<std::string>()).second) return fail(at, "names a type twice");
        }
        if (types.empty()) return fail(at, "must name a type");
        return json(types);
    }

    void read_pattern(const json& value, const std::string& at, json& out) {
        if (!value.is_string()) {
            fail(at, "must be a text");
            return;
        }
        const std::string& pattern = value.get_ref<const std::string&>();
        if (pattern.size() > kPatternBytes) {
            fail(at, "patterns have at most " + std::to_string(kPatternBytes) + " bytes");
            return;
        }
        RE2::Options options(RE2::Quiet);
        options.set_max_mem(1 << 20);
        const RE2 compiled(pattern, options);
        if (!compiled.ok()) {
            fail(at, "the pattern cannot be used: " + compiled.error() +
                         " (patterns are RE2's: no look-around, no back-references)");
            return;
        }
        out["pattern"] = value;
    }

    void read_dependencies(const json& value, const std::string& at, std::size_t depth, json& out) {
        if (!value.is_object()) {
            fail(at, "must be an object of schemas or arrays of names");
            return;
        }
        json all = json::object();
        for (const auto& [name, needs] : value.items()) {
            std::string here = at;
            append_pointer(here, name);
            all[name] = needs.is_array() ? read_names(needs, here) : read(needs, here, depth + 1);
        }
        out["dependencies"] = std::move(all);
    }

    const json& document_;
    std::vector<std::string> following_;
    std::size_t subschemas_ = 0, replaced_bytes_ = 0;
    std::optional<Error> fault_;
};

const RE2& form_of(std::string_view format) {
    static const RE2 uuid("(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    static const RE2 email("[^@\\s]{1,64}@[^@\\s.]+(?:\\.[^@\\s.]+)*");
    static const RE2 ipv4(
        "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\\.(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}");
    static const RE2 time(
        "(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\\.[0-9]+)?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])");
    if (format == "uuid") return uuid;
    if (format == "email") return email;
    return format == "ipv4" ? ipv4 : time;
}

constexpr std::array<std::string_view, 6> kFormats{"date-time", "date", "time", "uuid", "email", "ipv4"};

}  // namespace

bool is_nested_deeper(std::string_view text, std::size_t most) {
    std::size_t depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '\\') ++i;
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > most) return true;
        } else if ((c == '}' || c == ']') && depth > 0) {
            --depth;
        }
    }
    return false;
}

bool is_checked_format(std::string_view format) {
    return is_one_of(format, kFormats);
}

bool has_format(std::string_view format, std::string_view text) {
    if (text.size() > 320) return false;  // none of them is longer
    if (format == "date-time") return text.size() >= 20 && parse_rfc3339(text).ok();
    if (format == "date") return text.size() == 10 && parse_rfc3339(std::string(text) + "T00:00:00Z").ok();
    return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), form_of(format));
}

bool make_integers(json& value, std::size_t& left) {
    if (left-- == 0) return false;
    if (value.is_number_float()) {
        const double number = value.get<double>();
        if (std::abs(number) <= 9007199254740992.0 && number == std::floor(number)) {
            value = static_cast<std::int64_t>(number);
        }
    } else if (value.is_structured()) {
        for (json& member : value) {
            if (!make_integers(member, left)) return false;
        }
    }
    return true;
}

void append_pointer(std::string& pointer, std::string_view token) {
    pointer += '/';
    for (const char c : token) {
        if (c == '~') {
            pointer += "~0";
        } else if (c == '/') {
            pointer += "~1";
        } else {
            pointer += c;
        }
    }
}

Result<json> read_schema_document(std::string_view text) {
    if (text.size() > kSchemaBytes) {
        return Error::make(ErrorCode::TooLarge, "a schema has at most " + std::to_string(kSchemaBytes) + " bytes");
    }
    // Each level of schemas may be two of JSON.
    if (is_nested_deeper(text, 2 * kSchemaDepth + 4))
        return Error::make(ErrorCode::InvalidArgument, "the schema is nested too deeply");
    const json document = json::parse(text.begin(), text.end(), nullptr, false);
    if (document.is_discarded()) return Error::make(ErrorCode::InvalidArgument, "the schema is not valid JSON");
    if (!document.is_object()) return Error::make(ErrorCode::InvalidArgument, "the schema of an event is an object");
    Reader reader(document);
    json out = reader.read(document, "", 0);
    if (reader.fault()) return *reader.fault();
    return out;
}

}  // namespace streamgauge::schema
