// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/json_text.h"

#include <charconv>

#include "base/limits.h"

namespace streamgauge {
namespace {

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

template <class T>
std::optional<Timestamp> from_epoch(T value) {
    const auto time = timestamp_from_epoch(value);
    return time.ok() ? std::optional(time.value()) : std::nullopt;
}

std::optional<Timestamp> read_numeric_text(std::string_view text) {
    const char* end = text.data() + text.size();
    std::int64_t whole = 0;
    if (const auto [stop, error] = std::from_chars(text.data(), end, whole); error == std::errc{} && stop == end)
        return from_epoch(whole);
    double value = 0;
    const auto [stop, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return from_epoch(value);
}

}  // namespace

std::string_view trim_end(std::string_view text) {
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

std::string_view trim_body(std::string_view body) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
    body.remove_prefix(std::min(body.find_first_not_of(" \t\r\n"), body.size()));
    return trim_end(body);
}

JsonFault explain(std::string_view text, simdjson::error_code error) {
    return find_json_fault(text, kParserDepth).value_or(JsonFault{0, simdjson::error_message(error)});
}

Error bad_body(std::string message, std::size_t offset) {
    Error e = Error::make(ErrorCode::InvalidArgument, std::move(message));
    e.offset = offset;
    return e;
}

Error too_many_events(std::size_t offset) {
    Error e = Error::make(ErrorCode::TooLarge, "more than " + std::to_string(limits::kEventsPerRequest) + " events");
    e.offset = offset;
    e.hint = "send them in several requests";
    return e;
}

std::optional<Timestamp> read_time(std::string_view text) {
    if (text.size() <= 4 || text[4] != '-') return read_numeric_text(text);
    const auto time = parse_rfc3339(text);
    return time.ok() ? std::optional(time.value()) : std::nullopt;
}

std::optional<Timestamp> read_time(simdjson::dom::element value) {
    using Type = simdjson::dom::element_type;
    switch (value.type()) {
        case Type::STRING:
            return read_time(value.get_string().value_unsafe());
        case Type::INT64:
            return from_epoch(value.get_int64().value_unsafe());
        case Type::DOUBLE:
            return from_epoch(value.get_double().value_unsafe());
        default:
            return std::nullopt;
    }
}

std::size_t Structure::member(std::size_t index, std::size_t ordinal) const {
    std::size_t i = index + 1;
    while (ordinal-- > 0) i = behind(i + 2) + 1;
    return i + 2;
}

std::optional<std::size_t> Structure::find(std::size_t index, std::string_view name) const {
    if (text_[at_[index]] != '{') return std::nullopt;
    std::size_t i = index + 1;
    while (i + 2 < count_ && text_[at_[i]] == '"') {
        const std::string_view raw = text_.substr(at_[i] + 1, name.size() + 1);
        if (raw.size() == name.size() + 1 && raw.back() == '"' && raw.substr(0, name.size()) == name) return i + 2;
        i = behind(i + 2);
        if (i >= count_ || text_[at_[i]] != ',') return std::nullopt;
        ++i;
    }
    return std::nullopt;
}

std::size_t Structure::member_offset(std::size_t index, std::string_view name) const {
    if (!name.starts_with('/')) return at_[find(index, name).value_or(index)];
    while (!name.empty()) {
        name.remove_prefix(1);
        const std::string_view step = name.substr(0, name.find('/'));
        const auto value = find(index, step);
        if (!value) break;
        index = *value;
        name.remove_prefix(step.size());
    }
    return at_[index];
}

}  // namespace streamgauge
