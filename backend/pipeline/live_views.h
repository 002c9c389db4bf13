// SPDX-License-Identifier: GPL-3.0-or-later
// What the contract's paths answer from memory, beside the store: fed with events and with what the built-in metrics
// gain, project by project.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "live/activity.h"
#include "live/sliding_counts.h"
#include "live/stream_series.h"
#include "metrics/cell_table.h"
#include "metrics/definition.h"

namespace streamgauge {

// How much is kept of each project.
struct LiveBounds {
    ActivityBounds activity;
    SlidingBounds sliding;
    StreamBounds streams;
};

// The most frequent of the last minutes.
struct TopCounts {
    std::vector<std::pair<std::string, std::uint64_t>> counts;  // most first, ties in byte order
    std::uint64_t missing_at_most = 0;                          // by which counts may be too low; 0: exact
};

// Questions are about one project, or with an empty name about all of them: then users and sessions of two projects are
// two even when they have the same id, and pages, types and streams of one name are added up. Memory is bounded project
// by project; projects are made by the operator, not by who sends events. Not thread-safe.
class LiveViews {
public:
    explicit LiveViews(LiveBounds bounds = {}) : bounds_(bounds) {}

    // The finest tier of such metrics is kept here.
    static bool wants(MetricId metric);
    // The first of a metric's windows that is still of use.
    static std::int64_t from_window(MetricId metric, Timestamp log_clock);
    // At the start, before anything is put back: what is kept is counted back from there.
    void start_at(Timestamp log_clock) { log_clock_ = log_clock; }
    void restore(UserActivity&& user);

    // A cell, or what one gained.
    void add(MetricId metric, std::int64_t window, std::string_view group, const Cell& cell);
    // The events [begin, end) of a batch; `clock_before` as it stood before the first.
    void add_events(const EventBatch& batch, std::size_t begin, std::size_t end, Timestamp clock_before);
    void expire(Timestamp log_clock);

    ActivityTracker::Changes take_changes();
    std::size_t changed_users() const;

    ActiveCount active_users(std::string_view project, int minutes, Timestamp now) const;
    std::vector<std::string> active_sessions(std::string_view project, std::string_view user_id, Timestamp now) const;
    // Of kTopPages or kEventTypes.
    TopCounts top(MetricId metric, std::string_view project, int minutes, Timestamp now, std::size_t limit) const;
    // As in StreamSeries; minutes are counted back from the newest of the streams asked about.
    std::vector<StreamRow> stream_minutes(std::string_view project, int minutes, std::size_t limit);
    std::vector<StreamRow> latest_streams(std::string_view project);
    std::vector<StreamRow> top_streams(std::string_view project, int minutes, StreamRank by, std::size_t n);
    // Those that have had events.
    std::vector<std::string_view> projects() const;
    std::size_t memory_bytes() const;

private:
    struct Views {
        Views(const std::string& project, const LiveBounds& bounds);
        ActivityTracker activity;
        SlidingCounts pages, types;
        StreamSeries streams;
    };
    Views& of(std::string_view project);
    // Calls visit(name, views) for the project, or for all.
    template <class Map, class Visit>
    static void for_each(Map& views, std::string_view project, Visit visit) {
        if (project.empty()) {
            for (auto& [name, one] : views) visit(name, one);
        } else if (const auto found = views.find(project); found != views.end()) {
            visit(found->first, found->second);
        }
    }
    std::int64_t newest_minute(std::string_view project) const;
    // Rows that stand for one stream each, those of several projects added up: the viewers of each at the row's minute.
    void add_up(std::string_view project, std::vector<StreamRow>& rows);

    const LiveBounds bounds_;
    std::map<std::string, Views, std::less<>> views_;
    Timestamp log_clock_;
};

}  // namespace streamgauge
