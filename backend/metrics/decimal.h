// SPDX-License-Identifier: GPL-3.0-or-later
// Decimal numbers as integers of micro-units: sums are exact, and no binary fraction comes near them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace streamgauge {

inline constexpr std::int64_t kMicrosPerUnit = 1'000'000;
// Larger amounts are not taken, so that a sum needs thousands of millions to reach the end of its integer.
inline constexpr std::int64_t kLargestUnits = 1'000'000'000;

// Reads a number as JSON writes it (RFC 8259, section 6), also with a leading '+' or zeros: "12.34", "-1e3". Digits
// past the sixth of the fraction are rounded, half away from zero. Nothing when it is no number or beyond
// kLargestUnits.
std::optional<std::int64_t> parse_decimal_micros(std::string_view text);

// Cents, half away from zero.
std::int64_t micros_to_cents(std::int64_t micros);

// a + b, held at the ends of the integer instead of wrapping around.
inline std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    if (!__builtin_add_overflow(a, b, &sum)) return sum;
    return b > 0 ? INT64_MAX : INT64_MIN;
}

}  // namespace streamgauge
