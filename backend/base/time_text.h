// SPDX-License-Identifier: GPL-3.0-or-later
// Ranges and steps as people write them: "-15m", "now", "2026-01-01", "1h".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace streamgauge {

// A length of time in microseconds: a whole number and s, m, h, d or w, e.g. "10s". InvalidArgument for anything else,
// and for 0 and more than ten years.
Result<std::int64_t> parse_span(std::string_view text);
// In the largest unit that gives a whole number.
std::string format_span(std::int64_t micros);

// "now", "-15m" (before `now`), a date (its midnight in UTC), RFC 3339, or epoch seconds or milliseconds.
Result<Timestamp> parse_instant(std::string_view text, Timestamp now);

}  // namespace streamgauge
