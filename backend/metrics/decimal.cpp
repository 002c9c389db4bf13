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

std::int64_t micros_to_cents(std::int64_t micros) {
    constexpr std::int64_t kMicrosPerCent = kMicrosPerUnit / 100;
    const std::int64_t cents = micros / kMicrosPerCent, rest = micros % kMicrosPerCent;
    if (rest >= kMicrosPerCent / 2) return cents + 1;
    if (rest <= -kMicrosPerCent / 2) return cents - 1;
    return cents;
}

}  // namespace streamgauge
