// SPDX-License-Identifier: GPL-3.0-or-later
// What a metric is: which events it takes, over which windows, grouped by what, and how they add up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "metrics/field.h"
#include "metrics/filter.h"
#include "metrics/window.h"

namespace streamgauge {

// What is kept of a window's group. Count to Last are cells (metrics/cell_table.h): a few integers, as many as there
// are groups. Distinct to Percentile are sets (metrics/set_state.h): larger, bounded, exact up to a limit.
enum class Aggregate : std::uint8_t {
    Count,  // events
    Sum,    // of a decimal field, in micro-units (metrics/decimal.h)
    Min,
    Max,
    Avg,         // sum and count of the events that have the field
    Last,        // the field's text in the event with the newest time; of equal times the later offset
    Gauge,       // +1 for `plus`, -1 for `minus`; its level never falls below 0 (metrics/gauge.h). One tier
    Distinct,    // how many different values of a field
    TopK,        // the most frequent values of a field
    Percentile,  // of a decimal field
};
constexpr bool is_set(Aggregate aggregate) {
    return aggregate >= Aggregate::Distinct;
}

// One resolution of a metric. The first is the finest; each wider one is a whole number of the one before it, so that
// their windows nest.
struct Tier {
    std::int64_t window_micros = 0;  // 0: one window for ever
    // A window is kept until the log's clock (newest received_at) is this far past its end; an event for it that comes
    // later is refused by the tier. 0: kept for ever.
    std::int64_t retention_micros = 0;
    bool operator==(const Tier&) const = default;
};

struct MetricDefinition {
    MetricId id = 0;   // given by the catalogue, never twice; those below kFirstUserMetric are built in
    std::string name;  // [A-Za-z_][A-Za-z0-9_.-]{0,127}
    std::string description, unit;
    Filter where;
    std::vector<Tier> tiers;  // at least one
    std::string timezone;     // IANA name; empty: UTC. Then there is one tier, of one or more days
    TimeBasis time = TimeBasis::Occurred;
    std::vector<FieldPath> group_by;
    Aggregate aggregate = Aggregate::Count;
    std::vector<FieldPath> of;  // the field; of several the first that is there (and a number, where one is needed)
    double percentile = 0;      // Percentile: what is answered when nobody asks for another, 0 < p < 100
    Filter plus, minus;         // Gauge
    // A window is closed when the watermark is this far past its end. What comes for it afterwards corrects it, and is
    // counted as late.
    std::int64_t allowed_lateness_micros = kMinuteMicros;
    // Also answers for "the last n minutes" as of now, up to this: live/ keeps what that needs in memory. Only for
    // built-in metrics.
    std::int64_t sliding_micros = 0;
    // Sets: values kept exactly in all open windows together (metrics/set_table.h). A metric's share of the global
    // budget (metrics.exact_budget), fixed with the definition, so that no other metric can change this one's answers.
    std::uint64_t exact_budget = 0;
    bool built_in() const { return id < 1000; }
};

inline constexpr MetricId kFirstUserMetric = 1000;
inline constexpr std::uint64_t kDefaultExactBudget = 2'000'000;

// Ids of the contract's metrics, which the program defines itself (metrics/built_in_metrics.cpp): in the same form as
// everybody's, but they cannot be changed or removed, because paths of the contract answer from them.
namespace metric {
inline constexpr MetricId kPageClicks = 1;        // page_clicks: D's count by (user_id, page_url), for ever
inline constexpr MetricId kStreamViewers = 2;     // stream_active_viewers: E's gauge by stream_id
inline constexpr MetricId kStreamChats = 3;       // stream_chat_messages
inline constexpr MetricId kStreamDonations = 4;   // stream_donations_usd
inline constexpr MetricId kTopPages = 5;          // page_views: C's count by page_url
inline constexpr MetricId kEventTypes = 6;        // event_types: count by event_type
inline constexpr MetricId kEventsTotal = 7;       // EVENTS_TOTAL: A's count by UTC day
inline constexpr MetricId kDailyActiveUsers = 8;  // DAU: A's distinct users with a login event by UTC day
inline constexpr MetricId kActiveUsers = 9;       // active_users: C's distinct users
inline constexpr MetricId kActiveSessions = 10;   // active_sessions: C's distinct sessions
}  // namespace metric

// The metrics of the contract.
const std::vector<MetricDefinition>& built_in_metrics();

}  // namespace streamgauge
