// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/props_writer.h"

#include <sodium.h>

#include <bit>
#include <charconv>
#include <cstring>

#include "base/limits.h"

namespace streamgauge {
namespace {

constexpr std::size_t kFewNames = 16;
constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
constexpr std::uint64_t kHighs = 0x8080'8080'8080'8080;

// Not zero when one of the eight bytes is below 0x20, a quote or a backslash ("bit twiddling hacks", hasless/hasvalue).
std::uint64_t needs_escape(std::uint64_t word) {
    const std::uint64_t quote = word ^ (kOnes * '"');
    const std::uint64_t backslash = word ^ (kOnes * '\\');
    const std::uint64_t below = (word - kOnes * 0x20) & ~word;
    return (below | ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash)) & kHighs;
}

bool append_escaped(std::string& out, char c) {
    constexpr char hex[] = "0123456789abcdef";
    switch (c) {
        case '\0':
            return false;
        case '"':
            out += "\\\"";
            return true;
        case '\\':
            out += "\\\\";
            return true;
        case '\b':
            out += "\\b";
            return true;
        case '\f':
            out += "\\f";
            return true;
        case '\n':
            out += "\\n";
            return true;
        case '\r':
            out += "\\r";
            return true;
        case '\t':
            out += "\\t";
            return true;
        default:
            break;
    }
    out += "\\u00";
    out += hex[static_cast<unsigned char>(c) >> 4];
    out += hex[static_cast<unsigned char>(c) & 0xF];
    return true;
}

template <class Number>
void append_number(std::string& out, Number value) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    out.append(buffer, static_cast<std::size_t>(end - buffer));
}

}  // namespace

bool append_json_string(std::string& out, std::string_view text) {
    out += '"';
    std::size_t done = 0;  // everything before is in `out`
    std::size_t at = 0;
    while (at < text.size()) {
        if (at + 8 <= text.size()) {
            std::uint64_t word = 0;
            std::memcpy(&word, text.data() + at, sizeof word);
            if (needs_escape(word) == 0) {
                at += 8;
                continue;
            }
        }
        const char c = text[at];
        if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') {
            ++at;
            continue;
        }
        out.append(text.data() + done, at - done);
        if (!append_escaped(out, c)) return false;
        done = ++at;
    }
    out.append(text.data() + done, text.size() - done);
    out += '"';
    return true;
}

NameSet::NameSet() {
    static_assert(sizeof key_ == crypto_shorthash_siphash24_KEYBYTES);
    [[maybe_unused]] const int ready = sodium_init();  // idempotent; randombytes_buf() aborts by itself without entropy
    randombytes_buf(key_, sizeof key_);
}

void NameSet::clear() {
    names_.clear();
    slots_.clear();
}

std::uint64_t NameSet::hash(std::string_view name) const {
    std::uint64_t value = 0;
    crypto_shorthash_siphash24(reinterpret_cast<unsigned char*>(&value),
                               reinterpret_cast<const unsigned char*>(name.data()), name.size(), key_);
    return value;
}

bool NameSet::insert(std::string_view name) {
    if (names_.size() >= kFewNames) return insert_hashed(name);
    for (const std::string_view other : names_)
        if (other == name) return false;
    names_.push_back(name);
    return true;
}

bool NameSet::insert_hashed(std::string_view name) {
    if (slots_.size() < 2 * (names_.size() + 1)) {
        slots_.assign(std::bit_ceil(4 * names_.size()), 0);
        for (std::size_t i = 0; i < names_.size(); ++i) {
            std::size_t slot = hash(names_[i]) & (slots_.size() - 1);
            while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
            slots_[slot] = static_cast<std::uint32_t>(i + 1);
        }
    }
    std::size_t slot = hash(name) & (slots_.size() - 1);
    for (; slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1))
        if (names_[slots_[slot] - 1] == name) return false;
    names_.push_back(name);
    slots_[slot] = static_cast<std::uint32_t>(names_.size());
    return true;
}

void PropsWriter::begin() {
    text_.assign(1, '{');
    names_.clear();
}

std::string_view PropsWriter::finish() {
    text_ += '}';
    return text_;
}

PropsWriter::Outcome PropsWriter::member(std::string_view name, simdjson::dom::element element, std::size_t depth) {
    if (!names_.insert(name)) return Outcome::Ok;
    if (text_.size() > 1) text_ += ',';
    if (!append_json_string(text_, name)) return Outcome::HoldsNul;
    text_ += ':';
    const Outcome outcome = value(element, depth);
    if (outcome != Outcome::Ok) return outcome;
    return text_.size() + 1 > limits::kPropsBytes ? Outcome::TooLarge : Outcome::Ok;
}

PropsWriter::Outcome PropsWriter::text_member(std::string_view name, std::string_view text) {
    if (!names_.insert(name)) return Outcome::Ok;
    if (text_.size() > 1) text_ += ',';
    if (!append_json_string(text_, name)) return Outcome::HoldsNul;
    text_ += ':';
    if (!append_json_string(text_, text)) return Outcome::HoldsNul;
    return text_.size() + 1 > limits::kPropsBytes ? Outcome::TooLarge : Outcome::Ok;
}

PropsWriter::Outcome PropsWriter::json_member(std::string_view name, std::string_view json) {
    if (!names_.insert(name)) return Outcome::Ok;
    if (text_.size() > 1) text_ += ',';
    if (!append_json_string(text_, name)) return Outcome::HoldsNul;
    text_ += ':';
    text_ += json;
    return text_.size() + 1 > limits::kPropsBytes ? Outcome::TooLarge : Outcome::Ok;
}

PropsWriter::Outcome PropsWriter::value(simdjson::dom::element element, std::size_t depth) {
    using Type = simdjson::dom::element_type;
    switch (element.type()) {
        case Type::STRING:
            return append_json_string(text_, element.get_string().value_unsafe()) ? Outcome::Ok : Outcome::HoldsNul;
        case Type::INT64:
            append_number(text_, element.get_int64().value_unsafe());
            return Outcome::Ok;
        case Type::UINT64:
            append_number(text_, element.get_uint64().value_unsafe());
            return Outcome::Ok;
        case Type::DOUBLE:
            append_number(text_, element.get_double().value_unsafe());
            return Outcome::Ok;
        case Type::BOOL:
            text_ += element.get_bool().value_unsafe() ? "true" : "false";
            return Outcome::Ok;
        case Type::NULL_VALUE:
            text_ += "null";
            return Outcome::Ok;
        case Type::ARRAY:
        case Type::OBJECT:
            break;
    }
    if (depth > limits::kJsonDepth) return Outcome::TooDeep;
    if (text_.size() > limits::kPropsBytes) return Outcome::TooLarge;
    bool first = true;
    if (element.type() == Type::ARRAY) {
        text_ += '[';
        // A variable of its own: a range-for does not keep the temporary behind value_unsafe() alive.
        const simdjson::dom::array items = element.get_array().value_unsafe();
        for (const simdjson::dom::element item : items) {
            if (!first) text_ += ',';
            first = false;
            if (const Outcome outcome = value(item, depth + 1); outcome != Outcome::Ok) return outcome;
        }
        text_ += ']';
        return Outcome::Ok;
    }
    text_ += '{';
    const simdjson::dom::object members = element.get_object().value_unsafe();
    for (const auto [name, item] : members) {
        if (!first) text_ += ',';
        first = false;
        if (!append_json_string(text_, name)) return Outcome::HoldsNul;
        text_ += ':';
        if (const Outcome outcome = value(item, depth + 1); outcome != Outcome::Ok) return outcome;
    }
    text_ += '}';
    return Outcome::Ok;
}

}  // namespace streamgauge
