// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/parameters.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "api/json_writer.h"
#include "http/text.h"

namespace streamgauge {

void Parameters::fail(std::string_view name, std::string message) {
    if (fault_) return;
    fault_ = Error{ErrorCode::InvalidArgument, std::string(name) + " " + std::move(message), std::string(name), {}, {}};
}

int Parameters::integer(std::string_view name, int fallback, int low, int high) {
    const auto value = request_.query_parameter(name);
    if (!value) return fallback;
    int number = 0;
    const char* const end = value->data() + value->size();
    const auto read = std::from_chars(value->data(), end, number);
    if (value->empty() || read.ec != std::errc{} || read.ptr != end || number < low || number > high) {
        fail(name, "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high));
        return fallback;
    }
    return number;
}

std::string Parameters::text(std::string_view name, std::size_t max_bytes) {
    auto value = request_.query_parameter(name);
    if (!value) return {};
    if (value->size() > max_bytes) {
        fail(name, "is longer than " + std::to_string(max_bytes) + " bytes");
    } else if (!api::valid_utf8(*value) || value->find('\0') != std::string::npos) {
        fail(name, "must be UTF-8 text without zero bytes");
    } else {
        return *std::move(value);
    }
    return {};
}

std::string Parameters::required_text(std::string_view name, std::size_t max_bytes) {
    std::string value = text(name, max_bytes);
    if (value.empty()) fail(name, "is missing");
    return value;
}

std::size_t Parameters::word(std::string_view name, std::initializer_list<std::string_view> words) {
    const auto value = request_.query_parameter(name);
    if (!value) return 0;
    const auto found = std::find(words.begin(), words.end(), *value);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    std::string all;
    for (const std::string_view one : words) all += (all.empty() ? "" : ", ") + std::string(one);
    fail(name, "must be one of " + all);
    return 0;
}

std::optional<std::uint64_t> Parameters::number(std::string_view name) {
    const auto value = request_.query_parameter(name);
    if (!value) return std::nullopt;
    std::uint64_t number = 0;
    const char* const end = value->data() + value->size();
    const auto read = std::from_chars(value->data(), end, number);
    if (!value->empty() && read.ec == std::errc{} && read.ptr == end &&
        number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return number;
    fail(name, "must be a whole number");
    return std::nullopt;
}

std::optional<bool> Parameters::truth(std::string_view name) {
    const auto value = request_.query_parameter(name);
    if (!value) return std::nullopt;
    if (*value != "true" && *value != "false") {
        fail(name, "must be true or false");
        return std::nullopt;
    }
    return *value == "true";
}

std::optional<Timestamp> Parameters::time(std::string_view name) {
    auto value = request_.query_parameter(name);
    if (!value) return std::nullopt;
    const auto read = [&]() -> Result<Timestamp> {
        if (value->size() > 4 && (*value)[4] == '-') {
            // A '+' that was not escaped came as a space.
            constexpr std::size_t kOffset = 6, kDateAndTime = 19;
            if (value->size() >= kDateAndTime + kOffset && (*value)[value->size() - kOffset] == ' ')
                (*value)[value->size() - kOffset] = '+';
            return parse_rfc3339(*value);
        }
        const char* const end = value->data() + value->size();
        std::int64_t whole = 0;
        if (const auto [stop, error] = std::from_chars(value->data(), end, whole);
            error == std::errc{} && stop == end && !value->empty())
            return timestamp_from_epoch(whole);
        double number = 0;
        if (const auto [stop, error] = std::from_chars(value->data(), end, number, std::chars_format::fixed);
            error == std::errc{} && stop == end && !value->empty())
            return timestamp_from_epoch(number);
        return Error::make(ErrorCode::InvalidArgument, "no time");
    }();
    if (read.ok()) return *read;
    fail(name, "must be a time: 2026-01-31T12:00:00Z, or seconds or milliseconds since 1970");
    return std::nullopt;
}

std::vector<std::string> Parameters::names() const {
    std::vector<std::string> out;
    std::string_view rest = request_.query;
    while (!rest.empty()) {
        const std::string_view pair = rest.substr(0, rest.find('&'));
        if (!pair.empty()) out.push_back(http::percent_decode(pair.substr(0, pair.find('=')), true));
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    }
    return out;
}

std::vector<std::pair<std::string, std::string>> Parameters::with_prefix(std::string_view prefix,
                                                                         std::size_t max_bytes) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const std::string& name : names()) {
        if (!name.starts_with(prefix)) continue;
        const std::string rest = name.substr(prefix.size());
        const bool repeated = std::any_of(out.begin(), out.end(), [&](const auto& one) { return one.first == rest; });
        if (rest.empty()) fail(name, "lacks the name of a member");
        if (!rest.empty() && !repeated) out.emplace_back(rest, text(name, max_bytes));
    }
    return out;
}

std::size_t Parameters::unknown(std::initializer_list<std::string_view> known, std::string_view prefix) const {
    std::size_t count = 0;
    for (const std::string& name : names()) {
        if (!prefix.empty() && name.starts_with(prefix)) continue;
        if (std::find(known.begin(), known.end(), name) == known.end()) ++count;
    }
    return count;
}

void Parameters::refuse_unknown(std::initializer_list<std::string_view> known) {
    for (const std::string& name : names())
        if (std::find(known.begin(), known.end(), name) == known.end())
            return fail(name, "is no parameter of this route");
}

Result<Filter> filter_parameter(std::string_view text) {
    auto parsed = Filter::parse(text);
    if (parsed.ok()) return parsed;
    Error error = parsed.error();
    error.field = "filter";
    return error;
}

}  // namespace streamgauge
