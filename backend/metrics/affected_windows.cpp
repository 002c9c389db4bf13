// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/affected_windows.h"

#include <algorithm>

#include "metrics/activity_time.h"
#include "metrics/decimal.h"
#include "metrics/filter_reader.h"

namespace streamgauge {
namespace {

bool takes(const Filter& filter, const EventView& event, std::string_view project) {
    return FilterReader(filter).matches(event, project);
}

bool is_numeric(Aggregate aggregate) {
    return aggregate == Aggregate::Sum || aggregate == Aggregate::Min || aggregate == Aggregate::Max ||
           aggregate == Aggregate::Avg || aggregate == Aggregate::Percentile;
}

std::string effect_of(const MetricDefinition& metric, const EventView& event, std::string_view project) {
    if (metric.aggregate == Aggregate::Count) return "+1";
    if (metric.aggregate == Aggregate::Gauge) {
        const bool up = takes(metric.plus, event, project), down = takes(metric.minus, event, project);
        return up == down ? "" : up ? "+1" : "-1";
    }
    FieldReader reader(metric.of);
    for (const std::string_view value : reader.read(event, project)) {
        if (value.empty()) continue;
        if (!is_numeric(metric.aggregate)) return std::string(value);
        if (const auto micros = parse_decimal_micros(value)) return micros_text(*micros);
    }
    return {};
}

}  // namespace

std::string micros_text(std::int64_t micros) {
    const auto magnitude = micros < 0 ? 0 - static_cast<std::uint64_t>(micros) : static_cast<std::uint64_t>(micros);
    std::string fraction = std::to_string(magnitude % kMicrosPerUnit);
    fraction.insert(0, 6 - fraction.size(), '0');
    while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
    return (micros < 0 ? "-" : "") + std::to_string(magnitude / kMicrosPerUnit) +
           (fraction.empty() ? "" : "." + fraction);
}

Result<std::optional<Affected>> affected_windows(const MetricDefinition& metric, const EventView& event,
                                                 std::string_view project, Timestamp log_clock) {
    if (!takes(metric.where, event, project)) return std::optional<Affected>{};
    Affected out;
    out.effect = effect_of(metric, event, project);
    if (metric.aggregate == Aggregate::Gauge && out.effect.empty()) return std::optional<Affected>{};
    out.group = project;
    FieldReader groups(metric.group_by);
    for (const std::string_view value : groups.read(event, project)) {
        out.group += kGroupSeparator;
        out.group += value;
        out.values.emplace_back(value);
    }
    const Timestamp at = metric.time == TimeBasis::Activity ? activity_time(event) : event.occurred_at;
    for (std::size_t tier = 0; tier < metric.tiers.size(); ++tier) {
        const auto windows = Windows::make(metric.tiers[tier].window_micros, metric.timezone);
        if (!windows.ok()) return windows.error();
        AffectedWindow window;
        window.tier = static_cast<std::uint8_t>(tier);
        window.start = windows->start_of(at.micros);
        window.end = windows->end_of(window.start);
        const Timestamp clock = std::max(log_clock, event.received_at);
        window.refused = window.start < windows->oldest_kept(metric.tiers[tier].retention_micros, clock.micros);
        out.windows.push_back(window);
    }
    return std::optional(std::move(out));
}

}  // namespace streamgauge
