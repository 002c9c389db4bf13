// SPDX-License-Identifier: GPL-3.0-or-later
#include "slo/openslo_words.h"

#include <charconv>
#include <cstdio>

namespace streamgauge::slo::openslo {
namespace {

constexpr std::int64_t kSecond = 1'000'000, kMinute = 60 * kSecond, kDay = 24 * 60 * kMinute;
constexpr std::int64_t kLongest = 10 * 365 * kDay;

struct DurationUnit {
    char letter;
    std::int64_t micros;
};
constexpr DurationUnit kUnits[] = {{'Y', 365 * kDay}, {'Q', 90 * kDay},    {'M', 30 * kDay}, {'w', 7 * kDay},
                                   {'d', kDay},       {'h', 60 * kMinute}, {'m', kMinute}};

std::optional<std::int64_t> whole(std::string_view text) {
    std::int64_t value = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || end.ec != std::errc{} || end.ptr != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

}  // namespace

std::optional<std::int64_t> parse_duration(std::string_view text) {
    if (text.empty()) return std::nullopt;
    for (const DurationUnit& unit : kUnits) {
        if (text.back() != unit.letter) continue;
        const auto count = whole(text.substr(0, text.size() - 1));
        if (!count || *count == 0 || *count > kLongest / unit.micros) return std::nullopt;
        return *count * unit.micros;
    }
    return std::nullopt;
}

std::optional<std::string> duration_text(std::int64_t micros) {
    for (const char letter : {'w', 'd', 'h', 'm'}) {
        for (const DurationUnit& unit : kUnits)
            if (unit.letter == letter && micros > 0 && micros % unit.micros == 0)
                return std::to_string(micros / unit.micros) + letter;
    }
    return std::nullopt;
}

std::string seconds_text(std::int64_t micros) {
    std::string text = std::to_string(micros / kSecond);
    if (const std::int64_t rest = micros % kSecond; rest != 0) {
        std::string digits = std::to_string(kSecond + rest).substr(1);
        while (digits.back() == '0') digits.pop_back();
        text += "." + digits;
    }
    return text + "s";
}

std::optional<std::int64_t> parse_seconds(std::string_view text) {
    if (!text.ends_with('s')) return parse_duration(text);
    text.remove_suffix(1);
    const std::size_t point = text.find('.');
    const auto seconds = whole(text.substr(0, point));
    if (!seconds || *seconds > kLongest / kSecond) return std::nullopt;
    if (point == std::string_view::npos) return *seconds * kSecond;
    std::string digits(text.substr(point + 1));
    if (digits.empty() || digits.size() > 6) return std::nullopt;
    digits.resize(6, '0');
    const auto micros = whole(digits);
    if (!micros) return std::nullopt;
    return *seconds * kSecond + *micros;
}

}  // namespace streamgauge::slo::openslo
