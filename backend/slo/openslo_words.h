// SPDX-License-Identifier: GPL-3.0-or-later
// Words that reading and writing OpenSLO share. Internal to openslo_reader.cpp and openslo_writer.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "slo/objective.h"

namespace streamgauge::slo::openslo {

inline constexpr std::string_view kSourceType = "Streamgauge";
inline constexpr std::array<std::string_view, 6> kKinds{"availability", "latency",     "errors",
                                                        "freshness",    "correctness", "metric"};
// Day, week, month, quarter, year, as durations.
inline constexpr std::array<std::string_view, 5> kCalendars{"1d", "1w", "1M", "1Q", "1Y"};

// OpenSLO's durations have whole minutes at the least: "5m", "1h", "30d", "4w", "1M" (30 days), "1Q" (90), "1Y" (365).
std::optional<std::int64_t> parse_duration(std::string_view text);
// Without one: not a whole number of minutes.
std::optional<std::string> duration_text(std::int64_t micros);
// For annotations: seconds with what fraction there is, "0.416667s".
std::string seconds_text(std::int64_t micros);
std::optional<std::int64_t> parse_seconds(std::string_view text);

}  // namespace streamgauge::slo::openslo
