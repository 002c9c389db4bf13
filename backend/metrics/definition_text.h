// SPDX-License-Identifier: GPL-3.0-or-later
// Definitions as people write them: aggregates as text, tiers that follow from a window, and what a definition must
// keep to. The members' names are those of metrics.toml and of the REST interface (api/metric_codec.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/definition.h"

namespace streamgauge {

inline constexpr std::size_t kMetricNameBytes = 128;
inline constexpr std::size_t kMetricDescriptionBytes = 1000;
inline constexpr std::size_t kMetricUnitBytes = 32;
inline constexpr std::size_t kMostGroupFields = 8;
inline constexpr std::size_t kMostAggregateFields = 4;
inline constexpr std::size_t kMostTiers = 6;
inline constexpr std::int64_t kShortestWindowMicros = 10 * kSecondMicros;
inline constexpr std::int64_t kLongestLatenessMicros = 7 * kDayMicros;

// The part of a definition that one text says.
struct AggregateParts {
    Aggregate aggregate = Aggregate::Count;
    std::vector<FieldPath> of;
    double percentile = 0;
    Filter plus, minus;
};

// count, sum(f), min(f), max(f), avg(f), last(f), distinct(f), topk(f), p50(f) to p99.9(f), gauge(FILTER; FILTER).
// f|g: the first of them that is there. Fields with other characters than a filter's bare values are in double quotes.
// InvalidArgument with the byte offset of the fault.
Result<AggregateParts> parse_aggregate(std::string_view text);
// parse_aggregate() gives the same again.
std::string aggregate_text(Aggregate aggregate, const std::vector<FieldPath>& of, double percentile, const Filter& plus,
                           const Filter& minus);
std::string aggregate_text(const MetricDefinition& definition);

// The window and, where they nest, 1m, 1h and 1d behind it; kept for longer the wider they are. `retention_micros`: of
// the window itself (0: for ever). One tier where only one can be: for a window that is 0 (for ever), and with
// `only_one` for windows that follow a time zone and for gauges.
std::vector<Tier> usual_tiers(std::int64_t window_micros, std::optional<std::int64_t> retention_micros, bool only_one);

// "all" for 0; then as base/time_text.h.
std::string window_text(std::int64_t micros);
Result<std::int64_t> parse_window(std::string_view text);
// "forever" for 0.
std::string retention_text(std::int64_t micros);
Result<std::int64_t> parse_retention(std::string_view text);

// Whether there can be such a metric. InvalidArgument with the member in Error::field ("tiers[1].window"). Its id is
// not looked at. Reads the machine's zone database.
Status check(const MetricDefinition& definition);

// All that a metric's results depend on, but for its id: equal for definitions that keep the same results.
std::string results_text(const MetricDefinition& definition);
// Whether both keep the same results: they may differ in name, description, unit, and in which percentile is answered
// when nobody asks for another.
bool same_results(const MetricDefinition& a, const MetricDefinition& b);

}  // namespace streamgauge
