// SPDX-License-Identifier: GPL-3.0-or-later
// What declared metrics are, computed in the plainest way from a whole log at once: no tables that are merged, no
// sketches, no commits, and nothing of backend/metrics but the plain structs of definitions. The real aggregation is
// compared with it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "metrics/definition.h"

namespace streamgauge::oracle {

__extension__ using Wide = __int128;

struct Event {
    std::string project = "default";
    std::string event_id, event_type, user_id, session_id, page_url, props = "{}";
    std::int64_t occurred_at = 0, received_at = 0;
    std::int32_t schema_version = 1;
    bool bot = false;
};

// MetricDefinition with its filters as trees.
struct Metric {
    MetricId id = 0;
    std::string name;
    FilterNode where;
    std::vector<Tier> tiers;
    std::string timezone;
    TimeBasis time = TimeBasis::Occurred;
    std::vector<FieldPath> group_by;
    Aggregate aggregate = Aggregate::Count;
    std::vector<FieldPath> of;
    FilterNode plus, minus;
    std::int64_t allowed_lateness_micros = kMinuteMicros;
    std::uint64_t exact_budget = kDefaultExactBudget;
};

// Everything that any aggregate could want to know of a window's group.
struct Row {
    std::int64_t late = 0;
    std::int64_t count = 0;  // events that have a value
    Wide sum = 0;            // of numbers in micro-units; of +1 and -1
    std::int64_t smallest = 0, largest = 0;
    std::int64_t last_at = 0;
    std::string last;
    std::map<std::string, std::uint64_t> values;  // how often each text occurred
    std::vector<std::int64_t> numbers;            // sorted
};

using Key = std::tuple<int, std::int64_t, std::string>;  // tier, window's start, group

struct Results {
    std::map<Key, Row> rows;     // of windows that are not past their retention at the log's end
    std::uint64_t too_late = 0;  // events that every tier refused
    std::int64_t log_clock = 0;  // newest received_at
    std::int64_t watermark = 0;  // newest of the earlier of the two times
    std::uint64_t system = 0;    // events of the program's own project
};

// `log`: in the order of offsets, each event once.
Results evaluate(const Metric& metric, const std::vector<Event>& log);

// The parts, to be looked at on their own.
bool matches(const FilterNode& filter, const Event& event);
// Empty: not there.
std::string field_of(const FieldPath& path, const Event& event);
// Micro-units; false when it is none, or too large.
bool number_of(const std::string& text, std::int64_t& micros);
// Start and end of the window that holds `at`.
std::pair<std::int64_t, std::int64_t> window_of(std::int64_t width, const std::string& timezone, std::int64_t at);
// The exact value of rank q * (n - 1), rounded to the rank below. Precondition: not empty.
std::int64_t percentile(const std::vector<std::int64_t>& sorted, double q);

// The first of each (project, event_id): what is in the log of everything that was sent. `sent` in order.
std::vector<Event> without_repeats(const std::vector<Event>& sent);

}  // namespace streamgauge::oracle
