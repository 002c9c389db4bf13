// SPDX-License-Identifier: GPL-3.0-or-later
// What the contract's paths answer from memory, beside the store: fed with what the built-in metrics gain.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "live/activity.h"
#include "live/sliding_counts.h"
#include "live/stream_series.h"
#include "metrics/cell_table.h"
#include "metrics/definition.h"

namespace streamgauge {

// Over all projects. Not thread-safe.
struct LiveViews {
    ActivityTracker activity;
    SlidingCounts pages{kSlidingWindowMicros, kSlidingRetentionMicros};
    SlidingCounts types{kSlidingWindowMicros, kSlidingRetentionMicros};
    StreamSeries streams;
    std::set<std::string, std::less<>> projects;  // that have events

    // The finest tier of such metrics is kept here.
    static bool wants(MetricId metric);
    // The first of a metric's windows that is still of use.
    std::int64_t from_window(MetricId metric, Timestamp log_clock) const;
    // A cell, or what one gained.
    void add(MetricId metric, std::int64_t window, std::string_view group, const Cell& cell);
    void expire(Timestamp log_clock);
};

}  // namespace streamgauge
