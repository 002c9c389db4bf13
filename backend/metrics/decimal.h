// SPDX-License-Identifier: GPL-3.0-or-later
// Decimal numbers as integers of micro-units: sums are exact, and no binary fraction comes near them.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace streamgauge {

inline constexpr std::int64_t kMicrosPerUnit = 1'000'000;
// Larger amounts are not taken, so that a sum needs thousands of millions to reach the end of its integer.
inline constexpr std::int64_t kLargestUnits = 1'000'000'000;

// Reads a number as JSON writes it (RFC 8259, section 6), also with a leading '+' or zeros, or without digits on one
// side of the point: "12.34", "-1e3", ".5". Digits past the sixth of the fraction are rounded, half away from zero.
// Nothing when it is no number or beyond kLargestUnits.
std::optional<std::int64_t> parse_decimal_micros(std::string_view text);

// A number in the same form, of any size, in its text: compared exactly, without rounding and without making a copy.
class DecimalText {
public:
    // Nothing when it is no number, or when its exponent has more than nine digits. `text` must outlive it.
    static std::optional<DecimalText> read(std::string_view text);
    std::strong_ordering operator<=>(const DecimalText& other) const;
    bool operator==(const DecimalText& other) const { return (*this <=> other) == std::strong_ordering::equal; }

private:
    std::string_view digits_;     // from the first that is not zero; may have the point among them; empty: zero
    std::int64_t magnitude_ = 0;  // the value is 0.DIGITS times ten to this
    bool negative_ = false;
};

// The number in as few digits as it needs, exactly: "12.5", "-0.000001", "3".
void append_decimal_micros(std::string& out, std::int64_t micros);

// Cents, half away from zero.
std::int64_t micros_to_cents(std::int64_t micros);

// a + b, held at the ends of the integer instead of wrapping around.
inline std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    if (!__builtin_add_overflow(a, b, &sum)) return sum;
    return b > 0 ? INT64_MAX : INT64_MIN;
}

}  // namespace streamgauge
