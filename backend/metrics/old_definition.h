// SPDX-License-Identifier: GPL-3.0-or-later
// What a metric is: which events it takes, over which windows, grouped by what, and how they add up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "metrics/field.h"
#include "metrics/window.h"

namespace streamgauge {

enum class OldAggregate : std::uint8_t {
    Count,  // +1 for each event
    Sum,    // the first field of `sum_of` that is a decimal number, in micro-units (metrics/decimal.h); 0 without any
    Net,    // +1 for an event of type `plus`, -1 for one of type `minus`
};

// All aggregates are sums of int64 deltas: they add up to the same in any order and chunking.
struct OldMetricDefinition {
    MetricId id = 0;
    std::string name;
    std::vector<std::string> event_types;  // empty: every type
    std::vector<FieldPath> required;       // beside those of group_by, which are always required
    std::int64_t window_micros = 0;        // 0: one window for ever. Windows start at multiples of it since 1970
    TimeBasis time = TimeBasis::Occurred;
    std::vector<FieldPath> group_by;  // empty: one group
    OldAggregate aggregate = OldAggregate::Count;
    std::vector<FieldPath> sum_of;  // Sum
    std::string plus, minus;        // Net
    // A window is kept until the log's clock (newest received_at) is this far past its end; later events for it are
    // refused. 0: kept for ever.
    std::int64_t retention_micros = 0;
};

namespace metric {
inline constexpr MetricId kPageClicks = 1;       // D: events by (user_id, page_url)
inline constexpr MetricId kStreamViewers = 2;    // E: net viewers by stream and minute
inline constexpr MetricId kStreamChats = 3;      // E: chat messages
inline constexpr MetricId kStreamDonations = 4;  // E: donations in micro-dollars
inline constexpr MetricId kTopPages = 5;         // C: events by page, 10 s windows
inline constexpr MetricId kEventTypes = 6;       // events by type, 10 s windows
inline constexpr MetricId kEventsTotal = 7;      // A: events by UTC day
}  // namespace metric

inline constexpr std::int64_t kSlidingWindowMicros = 10'000'000;        // width of the windows of C's questions
inline constexpr std::int64_t kSlidingRetentionMicros = 3'600'000'000;  // the longest question: 60 minutes

// The metrics of the contract.
std::vector<OldMetricDefinition> default_metrics();

}  // namespace streamgauge
