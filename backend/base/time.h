// SPDX-License-Identifier: GPL-3.0-or-later
// Points in time as integers: microseconds since 1970-01-01T00:00:00Z, without leap seconds.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace streamgauge {

struct Timestamp {
    std::int64_t micros = 0;
    auto operator<=>(const Timestamp&) const = default;
    constexpr Timestamp plus_micros(std::int64_t delta) const { return {micros + delta}; }
    constexpr std::int64_t seconds() const { return micros / kMicrosPerSecond; }
    static constexpr std::int64_t kMicrosPerSecond = 1'000'000;
    static constexpr Timestamp from_seconds(std::int64_t s) { return {s * kMicrosPerSecond}; }
};

// Largest multiple of `width_micros` that is not after `t` (correct before 1970 too). Precondition: width_micros > 0.
constexpr Timestamp floor_to(Timestamp t, std::int64_t width_micros) {
    const std::int64_t r = t.micros % width_micros;
    return {t.micros - (r < 0 ? r + width_micros : r)};
}

// RFC 3339 with any offset, fraction of up to nine digits (cut to microseconds), 'T' or a space, 'Z' or 'z'.
// A leap second 23:59:60 is read as the second after. InvalidArgument with the byte offset otherwise. Years 0001..9999.
Result<Timestamp> parse_rfc3339(std::string_view text);

// Epoch seconds, milliseconds, microseconds or nanoseconds by magnitude (|x| < 1e11 seconds, < 1e14 ms, < 1e17 us, else
// ns). A fraction of a second is kept. InvalidArgument when it is outside the years 0001..9999.
Result<Timestamp> timestamp_from_epoch(double value);
Result<Timestamp> timestamp_from_epoch(std::int64_t value);

// "2026-01-31T12:00:00Z", or with ".123456" when the fraction is not zero (trailing zeros kept: three or six digits).
std::string format_rfc3339(Timestamp t);
// Appends the same to `out` without allocating anything else.
void append_rfc3339(std::string& out, Timestamp t);

}  // namespace streamgauge
