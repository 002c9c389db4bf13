// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/decimal.h"

namespace streamgauge {
namespace {

constexpr int kFractionDigits = 6;
constexpr int kMostDigits = 18;  // significant digits that are kept: ten before the point and the seventh after it fit

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

std::optional<std::int64_t> parse_decimal_micros(std::string_view text) {
    std::size_t at = 0;
    const auto next = [&](char c) { return at < text.size() && text[at] == c ? (++at, true) : false; };
    const bool negative = next('-');
    if (!negative) next('+');

    // value = digits * 10^exponent
    std::uint64_t digits = 0;
    int significant = 0, exponent = 0;
    bool any = false;
    const auto take_digits = [&](bool fraction) {
        for (; at < text.size() && is_digit(text[at]); ++at) {
            any = true;
            if (significant < kMostDigits) {
                digits = digits * 10 + static_cast<std::uint64_t>(text[at] - '0');
                if (digits != 0) ++significant;
                if (fraction) --exponent;
            } else if (!fraction) {
                ++exponent;
            }
        }
    };
    if (text.size() > 4096) return std::nullopt;
    take_digits(false);
    if (next('.')) take_digits(true);
    if (!any) return std::nullopt;
    if (next('e') || next('E')) {
        const bool down = next('-');
        if (!down) next('+');
        if (at == text.size()) return std::nullopt;
        int written = 0;
        for (; at < text.size() && is_digit(text[at]); ++at)
            if (written < 100'000) written = written * 10 + (text[at] - '0');
        exponent += down ? -written : written;
    }
    if (at != text.size()) return std::nullopt;
    if (digits == 0) return 0;

    constexpr std::uint64_t kLimit = static_cast<std::uint64_t>(kLargestUnits) * kMicrosPerUnit;
    int shift = exponent + kFractionDigits;
    for (; shift > 0; --shift) {
        digits *= 10;
        if (digits > kLimit) return std::nullopt;
    }
    bool round_up = false;
    for (; shift < 0 && (digits != 0 || round_up); ++shift) {
        round_up = digits % 10 >= 5;
        digits /= 10;
    }
    if (round_up) ++digits;
    if (digits > kLimit) return std::nullopt;
    const auto magnitude = static_cast<std::int64_t>(digits);
    return negative ? -magnitude : magnitude;
}

std::optional<DecimalText> DecimalText::read(std::string_view text) {
    if (text.empty() || text.front() > '9') return std::nullopt;
    DecimalText number;
    std::size_t at = 0;
    if (text[0] == '-' || text[0] == '+') at = 1;
    const bool minus = text[0] == '-';
    std::size_t first = std::string_view::npos, point = std::string_view::npos;
    bool any = false;
    for (; at < text.size(); ++at) {
        if (text[at] == '.' && point == std::string_view::npos) {
            point = at;
        } else if (is_digit(text[at])) {
            any = true;
            if (text[at] != '0' && first == std::string_view::npos) first = at;
        } else {
            break;
        }
    }
    if (!any) return std::nullopt;
    const std::size_t end = at;
    std::int64_t exponent = 0;
    if (at < text.size()) {
        if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
        ++at;
        const bool down = at < text.size() && text[at] == '-';
        if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
        if (at == text.size()) return std::nullopt;
        constexpr std::int64_t kMostExponent = 999'999'999;
        for (; at < text.size(); ++at) {
            if (!is_digit(text[at])) return std::nullopt;
            exponent = exponent * 10 + (text[at] - '0');
            if (exponent > kMostExponent) return std::nullopt;
        }
        if (down) exponent = -exponent;
    }
    if (first == std::string_view::npos) return number;
    if (point == std::string_view::npos) point = end;
    const auto distance = [](std::size_t from, std::size_t to) {
        return static_cast<std::int64_t>(to) - static_cast<std::int64_t>(from);
    };
    number.digits_ = text.substr(first, end - first);
    number.magnitude_ = exponent + (first < point ? distance(first, point) : distance(first, point) + 1);
    number.negative_ = minus;
    return number;
}

std::strong_ordering DecimalText::operator<=>(const DecimalText& other) const {
    const auto sign = [](const DecimalText& n) { return n.digits_.empty() ? 0 : n.negative_ ? -1 : 1; };
    if (sign(*this) != sign(other) || digits_.empty()) return sign(*this) <=> sign(other);
    const DecimalText &a = negative_ ? other : *this, &b = negative_ ? *this : other;  // -x < -y where y < x
    if (a.magnitude_ != b.magnitude_) return a.magnitude_ <=> b.magnitude_;
    std::size_t i = 0, j = 0;
    const auto next = [](std::string_view digits, std::size_t& at) {
        if (at < digits.size() && digits[at] == '.') ++at;
        return at < digits.size() ? digits[at++] : '0';
    };
    while (i < a.digits_.size() || j < b.digits_.size()) {
        const char x = next(a.digits_, i), y = next(b.digits_, j);
        if (x != y) return x <=> y;
    }
    return std::strong_ordering::equal;
}

void append_decimal_micros(std::string& out, std::int64_t micros) {
    const std::uint64_t size = micros < 0 ? -static_cast<std::uint64_t>(micros)
                                          : static_cast<std::uint64_t>(micros);  // the least has no other
    if (micros < 0) out += '-';
    constexpr auto kUnit = static_cast<std::uint64_t>(kMicrosPerUnit);
    out += std::to_string(size / kUnit);
    std::uint64_t rest = size % kUnit;
    if (rest == 0) return;
    int digits = kFractionDigits;
    for (; rest % 10 == 0; rest /= 10) --digits;
    const std::string fraction = std::to_string(rest);
    out += '.';
    out.append(static_cast<std::size_t>(digits) - fraction.size(), '0');
    out += fraction;
}

std::int64_t micros_to_cents(std::int64_t micros) {
    constexpr std::int64_t kMicrosPerCent = kMicrosPerUnit / 100;
    const std::int64_t cents = micros / kMicrosPerCent, rest = micros % kMicrosPerCent;
    if (rest >= kMicrosPerCent / 2) return cents + 1;
    if (rest <= -kMicrosPerCent / 2) return cents - 1;
    return cents;
}

}  // namespace streamgauge
