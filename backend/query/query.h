// SPDX-License-Identifier: GPL-3.0-or-later
// What can be asked of metrics and of stored events, and what is answered: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "metrics/definition.h"
#include "metrics/set_state.h"

namespace streamgauge::query {

// Half open: from <= t < to.
struct TimeRange {
    Timestamp from, to;
    bool operator==(const TimeRange&) const = default;
};

// An aggregate over stored events that no metric keeps.
struct RawAggregate {
    Aggregate aggregate = Aggregate::Count;
    std::vector<FieldPath> of;
    double percentile = 0;
    Filter plus, minus;  // Gauge
    TimeBasis time = TimeBasis::Occurred;
};

struct Order {
    enum class By : std::uint8_t { Time, Value, Group };
    By by = By::Time;
    bool descending = false;
};

// Points of a metric, or of a raw aggregate over stored events. Exactly one of `metric` and `raw` is set.
struct PointsQuery {
    std::string metric;
    std::optional<RawAggregate> raw;
    std::string project;  // empty: all projects (added up)
    TimeRange range;
    std::int64_t step_micros = 0;     // 0: one point for the whole range
    std::string timezone;             // of steps of one or more days; empty: the metric's own
    std::vector<FieldPath> group_by;  // of a metric: some of its own
    Filter filter;                    // of a metric: over its group_by fields
    std::vector<double> percentiles;  // of Percentile; empty: its own
    std::size_t top = 10;             // of TopK: items a point
    std::optional<Order> order;       // none: time, then group
    std::size_t limit = 1'000;        // rows a page, at most 10,000
    std::string cursor;               // of the page before
    bool compare = false;             // with the range of the same length right before it
};

struct Value {
    // Count, Gauge, Distinct: a whole number. Sum, Min, Max, Avg, Percentile (the first that was asked for):
    // micro-units (Avg rounded half away from zero). None where there is nothing to tell: no event had the field (a sum
    // is 0 then).
    std::optional<std::int64_t> number;
    bool micros = false;                    // number is in micro-units
    std::optional<std::string> text;        // Last
    std::vector<TopItem> top;               // TopK
    std::uint64_t missing_at_most = 0;      // TopK
    std::vector<std::int64_t> percentiles;  // micro-units, as asked; empty where there is none
    bool exact = true;
    double relative_error = 0;  // where it is not exact
    bool saturated = false;     // a sum that reached the end of its integer
};

struct Point {
    Timestamp start, end;            // of the step
    std::vector<std::string> group;  // values of group_by; empty text: the event had none
    Value value;
    std::optional<Value> previous;  // compare
    bool previous_partial = false;  // of a part of its step: the rest is no longer kept
    bool open = false;              // its window is not closed: more may come
    std::uint64_t corrected = 0;    // events that came after it was closed
    bool other = false;             // stands for groups beyond the metric's bound
};

struct Explanation {
    std::string source;  // "cells 1m", "sets 1d", "events"
    std::int64_t tier_micros = 0;
    std::uint64_t rows_read = 0, events_read = 0;
    double milliseconds = 0;  // of all that follows
    double queue_ms = 0;      // waiting for a thread
    double flush_ms = 0;      // until what was acknowledged before is in the store
    double read_ms = 0;       // planning, reading and cutting the page
    bool cached = false;
};

struct PointsAnswer {
    std::string metric, unit;  // unit: empty where none is known
    Aggregate aggregate = Aggregate::Count;
    TimeRange range;  // as answered: whole windows, only of what is kept. Of a metric without windows: kAllTime
    std::int64_t step_micros = 0;
    std::vector<FieldPath> group_by;
    std::vector<double> percentiles;
    std::vector<Point> points;
    std::optional<std::string> cursor;  // there is more
    std::optional<Timestamp> as_of;     // the watermark; none before the first event
    bool last_window_open = false;
    std::optional<double> backfilled;                 // 0 to 1: the metric is still being filled from the journal
    std::optional<Timestamp> complete_from;           // what is older is no longer kept, though it was asked for
    std::optional<Timestamp> previous_complete_from;  // compare: the same of the period before
    // The metric holds less than all events of the log: so many were removed before it had them, and no baseline
    // (pipeline/baseline.h) had them; or it was filled when the journal had lost its beginning, from this moment on.
    std::uint64_t missing_events = 0;
    std::optional<Timestamp> metric_complete_from;
    Explanation explanation;
};

// Ordered steps, each at most `within` after the first, by user (or another field), over stored events.
struct FunnelQuery {
    std::string project;
    TimeRange range;
    std::vector<Filter> steps;  // 2 to 10
    std::int64_t within_micros = kDayMicros;
    FieldPath by{Field::UserId, {}};
};
struct FunnelStep {
    std::string filter;
    std::uint64_t reached = 0;
    std::optional<std::int64_t> median_micros;  // from the step before
};
struct FunnelAnswer {
    std::vector<FunnelStep> steps;
    std::optional<Timestamp> as_of, complete_from;
    Explanation explanation;
};

// Who did `first` on a day, and of those who did `again` n days later.
struct RetentionQuery {
    std::string project;
    TimeRange range;
    Filter first, again;
    int days = 7;  // 1 to 90
    std::string timezone;
    FieldPath by{Field::UserId, {}};
};
struct RetentionCohort {
    Timestamp day;
    std::uint64_t size = 0;
    std::vector<std::optional<std::uint64_t>> returned;  // by days after; none for days that are not over
};
struct RetentionAnswer {
    std::vector<RetentionCohort> cohorts;
    std::optional<Timestamp> as_of, complete_from;
    Explanation explanation;
};

}  // namespace streamgauge::query
