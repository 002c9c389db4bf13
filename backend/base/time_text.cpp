// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/time_text.h"

#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace streamgauge {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kLongest = 10 * 366 * 86'400 * kSecond;
constexpr std::array<std::pair<char, std::int64_t>, 5> kUnits{{{'w', 7 * 86'400 * kSecond},
                                                               {'d', 86'400 * kSecond},
                                                               {'h', 3'600 * kSecond},
                                                               {'m', 60 * kSecond},
                                                               {'s', kSecond}}};

template <class Number>
std::optional<Number> whole_text(std::string_view text) {
    Number number{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

Error not_a_span(std::string_view text) {
    return Error::make(ErrorCode::InvalidArgument,
                       "\"" + std::string(text.substr(0, 64)) +
                           "\" is no length of time: a whole number and s, m, h, d or w, at most ten years");
}

}  // namespace

Result<std::int64_t> parse_span(std::string_view text) {
    if (text.size() < 2 || text.front() == '-' || text.front() == '+') return not_a_span(text);
    const std::optional<std::int64_t> number = whole_text<std::int64_t>(text.substr(0, text.size() - 1));
    if (!number || *number < 1) return not_a_span(text);
    for (const auto& [letter, micros] : kUnits)
        if (letter == text.back() && *number <= kLongest / micros) return *number * micros;
    return not_a_span(text);
}

std::string format_span(std::int64_t micros) {
    for (const auto& [letter, unit] : kUnits)
        if (micros % unit == 0 && micros != 0) return std::to_string(micros / unit) + letter;
    return std::to_string(micros / kSecond) + 's';
}

Result<Timestamp> parse_instant(std::string_view text, Timestamp now) {
    if (text == "now") return now;
    if (text.starts_with('-') && !text.empty() && text.find_first_of("smhdw") != std::string_view::npos) {
        const Result<std::int64_t> span = parse_span(text.substr(1));
        if (!span) return span.error();
        return now.plus_micros(-*span);
    }
    if (const auto number = whole_text<std::int64_t>(text)) return timestamp_from_epoch(*number);
    if (const auto number = whole_text<double>(text)) return timestamp_from_epoch(*number);
    if (text.size() == 10) return parse_rfc3339(std::string(text) + "T00:00:00Z");
    Result<Timestamp> time = parse_rfc3339(text);
    if (!time)
        return Error::make(ErrorCode::InvalidArgument,
                           "\"" + std::string(text.substr(0, 64)) +
                               "\" is no point in time: now, -15m, 2026-01-31, RFC 3339, or epoch seconds");
    return time;
}

}  // namespace streamgauge
