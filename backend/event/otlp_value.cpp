// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/otlp_value.h"

#include <charconv>

#include "base/limits.h"
#include "event/props_writer.h"

namespace streamgauge::otlp {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

Reason too_large(const std::string& out) {
    if (out.size() <= limits::kPropsBytes) return std::nullopt;
    return "props are larger than " + std::to_string(limits::kPropsBytes) + " bytes";
}

Reason append_text(std::string& out, element value, std::string_view what) {
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) return std::string(what) + " must be a string";
    if (!append_json_string(out, text)) return "holds the character U+0000";
    return too_large(out);
}

template <class Number>
void print(std::string& out, Number number) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
    out.append(buffer, static_cast<std::size_t>(end - buffer));
}

template <class Number>
bool print_parsed(std::string& out, std::string_view text) {
    Number number{};
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || stop != text.data() + text.size()) return false;
    print(out, number);
    return true;
}

bool append_number(std::string& out, element value) {
    using Type = simdjson::dom::element_type;
    switch (value.type()) {
        case Type::INT64:
            print(out, value.get_int64().value_unsafe());
            return true;
        case Type::UINT64:
            print(out, value.get_uint64().value_unsafe());
            return true;
        case Type::DOUBLE:
            print(out, value.get_double().value_unsafe());
            return true;
        default:
            return false;
    }
}

// 64-bit integers are strings in the protocol's JSON; numbers are taken as well.
Reason append_integer(std::string& out, element value) {
    std::string_view text;
    if (append_number(out, value)) return std::nullopt;
    if (value.get_string().get(text) == simdjson::SUCCESS && print_parsed<std::int64_t>(out, text)) return std::nullopt;
    return "intValue must be a whole number";
}

Reason append_double(std::string& out, element value) {
    std::string_view text;
    if (append_number(out, value)) return std::nullopt;
    if (value.get_string().get(text) == simdjson::SUCCESS) {
        if (text == "NaN" || text == "Infinity" || text == "-Infinity") return append_text(out, value, "doubleValue");
        if (text.find_first_not_of("0123456789+-.eE") == std::string_view::npos && print_parsed<double>(out, text))
            return std::nullopt;
    }
    return "doubleValue must be a number";
}

// The list in {"values":[...]}; empty when there is none.
Reason values_of(element holder, std::string_view what, std::optional<element>& out) {
    object members;
    if (holder.get_object().get(members) != simdjson::SUCCESS) return std::string(what) + " must be an object";
    element values;
    if (members.at_key("values").get(values) == simdjson::SUCCESS && !values.is_null()) out = values;
    return std::nullopt;
}

Reason append_array(std::string& out, element holder, std::size_t depth) {
    std::optional<element> values;
    if (auto wrong = values_of(holder, "arrayValue", values)) return wrong;
    if (depth > limits::kJsonDepth) return "nested deeper than " + std::to_string(limits::kJsonDepth) + " levels";
    out += '[';
    if (values) {
        array items;
        if (values->get_array().get(items) != simdjson::SUCCESS) return "values must be a list";
        bool first = true;
        for (const element item : items) {
            if (!first) out += ',';
            first = false;
            if (auto wrong = append_value(out, item, depth + 1)) return wrong;
            if (auto wrong = too_large(out)) return wrong;
        }
    }
    out += ']';
    return std::nullopt;
}

Reason append_list(std::string& out, element holder, std::size_t depth) {
    std::optional<element> values;
    if (auto wrong = values_of(holder, "kvlistValue", values)) return wrong;
    if (values) return append_key_values(out, *values, depth);
    out += "{}";
    return std::nullopt;
}

}  // namespace

Reason append_value(std::string& out, element value, std::size_t depth) {
    if (value.is_null()) {
        out += "null";
        return std::nullopt;
    }
    object members;
    if (value.get_object().get(members) != simdjson::SUCCESS) return "a value must be an object such as stringValue's";
    for (const auto [name, held] : members) {
        if (held.is_null()) continue;
        if (name == "stringValue" || name == "bytesValue") return append_text(out, held, name);
        if (name == "intValue") return append_integer(out, held);
        if (name == "doubleValue") return append_double(out, held);
        if (name == "arrayValue") return append_array(out, held, depth);
        if (name == "kvlistValue") return append_list(out, held, depth);
        if (name == "boolValue") {
            bool flag = false;
            if (held.get_bool().get(flag) != simdjson::SUCCESS) return "boolValue must be true or false";
            out += flag ? "true" : "false";
            return std::nullopt;
        }
    }
    out += "null";
    return std::nullopt;
}

Reason read_key_value(element entry, KeyValue& out) {
    object members;
    if (entry.get_object().get(members) != simdjson::SUCCESS ||
        members.at_key("key").get_string().get(out.key) != simdjson::SUCCESS)
        return "an attribute must be an object with a key";
    element value;
    out.value.reset();
    if (members.at_key("value").get(value) == simdjson::SUCCESS) out.value = value;
    return std::nullopt;
}

Reason append_key_values(std::string& out, element list, std::size_t depth) {
    array entries;
    if (list.get_array().get(entries) != simdjson::SUCCESS) return "attributes must be a list";
    if (depth > limits::kJsonDepth) return "nested deeper than " + std::to_string(limits::kJsonDepth) + " levels";
    out += '{';
    bool first = true;
    for (const element entry : entries) {
        KeyValue pair;
        if (auto wrong = read_key_value(entry, pair)) return wrong;
        if (!first) out += ',';
        first = false;
        if (!append_json_string(out, pair.key)) return "holds the character U+0000";
        out += ':';
        if (!pair.value) {
            out += "null";
        } else if (auto wrong = append_value(out, *pair.value, depth + 1)) {
            return wrong;
        }
        if (auto wrong = too_large(out)) return wrong;
    }
    out += '}';
    return std::nullopt;
}

std::optional<element> scalar_of(element value) {
    object members;
    if (value.get_object().get(members) != simdjson::SUCCESS) return std::nullopt;
    for (const auto [name, held] : members) {
        if (held.is_null()) continue;
        if (name == "stringValue" || name == "intValue") return held;
    }
    return std::nullopt;
}

}  // namespace streamgauge::otlp
