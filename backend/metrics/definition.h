// SPDX-License-Identifier: GPL-3.0-or-later
// What a metric is: which events it takes, over which windows, grouped by what, and how they add up.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace streamgauge {

// Identifies a metric's rows in the store. Never reused for another meaning.
using MetricId = std::int32_t;

enum class Field : std::uint8_t { EventType, UserId, SessionId, PageUrl, Prop };

// A canonical field, or a top-level member of props. A canonical field is present when it is not empty; a member when
// it is a string that is not empty, or a number (taken as it was written).
struct FieldPath {
    Field field = Field::EventType;
    std::string prop;  // only with Field::Prop
    bool operator==(const FieldPath&) const = default;
};

// Which instant of an event decides its window.
enum class TimeBasis : std::uint8_t {
    Occurred,  // occurred_at
    Activity,  // the earlier of occurred_at and received_at: an event dated ahead counts when it came
};

enum class Aggregate : std::uint8_t {
    Count,  // +1 for each event
    Sum,    // the first field of `sum_of` that is a decimal number, in micro-units (metrics/decimal.h); 0 without any
    Net,    // +1 for an event of type `plus`, -1 for one of type `minus`
};

// Window start of metrics without windows.
inline constexpr std::int64_t kNoWindow = std::numeric_limits<std::int64_t>::min();

// All aggregates are sums of int64 deltas: they add up to the same in any order and chunking.
struct MetricDefinition {
    MetricId id = 0;
    std::string name;
    std::vector<std::string> event_types;  // empty: every type
    std::vector<FieldPath> required;       // beside those of group_by, which are always required
    std::int64_t window_micros = 0;        // 0: one window for ever. Windows start at multiples of it since 1970
    TimeBasis time = TimeBasis::Occurred;
    std::vector<FieldPath> group_by;  // empty: one group
    Aggregate aggregate = Aggregate::Count;
    std::vector<FieldPath> sum_of;  // Sum
    std::string plus, minus;        // Net
    // A window is kept until the log's clock (newest received_at) is this far past its end; later events for it are
    // refused. 0: kept for ever.
    std::int64_t retention_micros = 0;
};

// The group of a row: the values of group_by, joined by U+0000, which no field may contain. Byte order of groups is
// therefore the order of the tuples.
inline constexpr char kGroupSeparator = '\0';

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
inline constexpr std::int64_t kMinuteMicros = 60'000'000;
inline constexpr std::int64_t kDayMicros = 86'400'000'000;

// The metrics of the contract.
std::vector<MetricDefinition> default_metrics();

}  // namespace streamgauge
