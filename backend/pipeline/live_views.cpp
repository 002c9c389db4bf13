// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipeline/live_views.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "metrics/decimal.h"

namespace streamgauge {
namespace {

bool is_stream(MetricId metric) {
    return metric == metric::kStreamViewers || metric == metric::kStreamChats || metric == metric::kStreamDonations;
}

std::string_view project_of(std::string_view group) {
    return group.substr(0, group.find(kGroupSeparator));
}

}  // namespace

LiveViews::Views::Views(const std::string& project, const LiveBounds& bounds)
    : activity(project, bounds.activity),
      pages(kSlidingWindowMicros, kSlidingRetentionMicros, bounds.sliding),
      types(kSlidingWindowMicros, kSlidingRetentionMicros, bounds.sliding),
      streams(bounds.streams) {}

LiveViews::Views& LiveViews::of(std::string_view project) {
    const auto found = views_.find(project);
    if (found != views_.end()) return found->second;
    std::string name(project);
    Views& made = views_.try_emplace(name, name, bounds_).first->second;
    made.streams.advance(log_clock_);
    return made;
}

// ---- what comes -----------------------------------------------------------------------------------------------------
bool LiveViews::wants(MetricId metric) {
    return metric == metric::kTopPages || metric == metric::kEventTypes || metric == metric::kEventsTotal ||
           is_stream(metric);
}

std::int64_t LiveViews::from_window(MetricId metric, Timestamp log_clock) {
    if (metric != metric::kTopPages && metric != metric::kEventTypes) return kNoWindow;
    return Windows(kSlidingWindowMicros).oldest_kept(kSlidingRetentionMicros, log_clock.micros);
}

void LiveViews::restore(UserActivity&& user) {
    const std::string project(project_of(user.user_id));
    if (project.size() < user.user_id.size()) of(project).activity.restore(std::move(user), log_clock_);
}

void LiveViews::add(MetricId metric, std::int64_t window, std::string_view group, const Cell& cell) {
    const std::string_view project = project_of(group);
    const std::string_view value =
        project.size() < group.size() ? group.substr(project.size() + 1) : std::string_view();
    Views& views = of(project);  // kEventsTotal: that there is the project
    if (metric == metric::kTopPages)
        views.pages.add(window, value, cell.value);
    else if (metric == metric::kEventTypes)
        views.types.add(window, value, cell.value);
    else if (is_stream(metric))
        views.streams.add(metric, window, value, cell.value);
}

void LiveViews::add_events(const EventBatch& batch, std::size_t begin, std::size_t end, Timestamp clock_before) {
    of(batch.project()).activity.apply(batch, begin, end, clock_before);
}

void LiveViews::expire(Timestamp log_clock) {
    log_clock_ = std::max(log_clock_, log_clock);
    for (auto& [name, views] : views_) {
        views.activity.advance(log_clock_);
        views.pages.expire(log_clock_);
        views.types.expire(log_clock_);
        views.streams.advance(log_clock_);
    }
}

ActivityTracker::Changes LiveViews::take_changes() {
    ActivityTracker::Changes all;
    for (auto& [name, views] : views_) {
        ActivityTracker::Changes own = views.activity.take_changes();
        std::move(own.users.begin(), own.users.end(), std::back_inserter(all.users));
        std::move(own.expired.begin(), own.expired.end(), std::back_inserter(all.expired));
    }
    return all;
}

std::size_t LiveViews::changed_users() const {
    std::size_t changed = 0;
    for (const auto& [name, views] : views_) changed += views.activity.changed();
    return changed;
}

// ---- questions ------------------------------------------------------------------------------------------------------
ActiveCount LiveViews::active_users(std::string_view project, int minutes, Timestamp now) const {
    ActiveCount all;
    double variance = 0;
    for_each(views_, project, [&](const std::string&, const Views& views) {
        const ActiveCount own = views.activity.active_users(minutes, now);
        all.users += own.users;
        variance += std::pow(own.relative_error * static_cast<double>(own.users), 2);
    });
    if (variance > 0) all.relative_error = std::sqrt(variance) / static_cast<double>(all.users);
    return all;
}

std::vector<std::string> LiveViews::active_sessions(std::string_view project, std::string_view user_id,
                                                    Timestamp now) const {
    std::vector<std::string> all;
    for_each(views_, project, [&](const std::string&, const Views& views) {
        std::vector<std::string> own = views.activity.active_sessions(user_id, now);
        std::move(own.begin(), own.end(), std::back_inserter(all));
    });
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

TopCounts LiveViews::top(MetricId metric, std::string_view project, int minutes, Timestamp now,
                         std::size_t limit) const {
    TopCounts top;
    const auto counts_of = [metric](const Views& views) -> const SlidingCounts& {
        return metric == metric::kTopPages ? views.pages : views.types;
    };
    if (project.empty() && views_.size() > 1) {
        StringMap<std::uint64_t> totals;
        for (const auto& [name, views] : views_) {
            counts_of(views).add_totals(minutes, now, totals);
            top.missing_at_most += counts_of(views).missing_at_most(minutes, now);
        }
        top.counts = largest(totals, limit);
        return top;
    }
    for_each(views_, project, [&](const std::string&, const Views& views) {
        top.counts = counts_of(views).top(minutes, now, limit);
        top.missing_at_most = counts_of(views).missing_at_most(minutes, now);
    });
    return top;
}

std::int64_t LiveViews::newest_minute(std::string_view project) const {
    std::int64_t newest = kNoWindow;
    for_each(views_, project, [&newest](const std::string&, const Views& views) {
        newest = std::max(newest, views.streams.newest_minute());
    });
    return newest;
}

// `rows` by stream and minute in order; rows of one stream and minute are next to each other.
void LiveViews::add_up(std::string_view project, std::vector<StreamRow>& rows) {
    if (!project.empty() || views_.size() < 2) return;
    std::vector<StreamRow> sums;
    for (StreamRow& row : rows) {
        if (!sums.empty() && sums.back().stream_id == row.stream_id && sums.back().window == row.window) {
            sums.back().chat_messages = saturating_add(sums.back().chat_messages, row.chat_messages);
            sums.back().donations_micros = saturating_add(sums.back().donations_micros, row.donations_micros);
        } else {
            sums.push_back(std::move(row));
        }
    }
    for (StreamRow& row : sums) {
        row.active_viewers = 0;
        for (auto& [name, views] : views_)
            row.active_viewers = saturating_add(row.active_viewers, views.streams.level_at(row.stream_id, row.window));
    }
    rows = std::move(sums);
}

std::vector<StreamRow> LiveViews::stream_minutes(std::string_view project, int minutes, std::size_t limit) {
    const std::int64_t newest = newest_minute(project);
    if (newest == kNoWindow) return {};
    std::vector<StreamRow> rows;
    for_each(views_, project, [&](const std::string&, Views& views) {
        std::vector<StreamRow> own = views.streams.rows_from(newest - (minutes - 1) * kMinuteMicros, limit);
        std::move(own.begin(), own.end(), std::back_inserter(rows));
    });
    std::stable_sort(rows.begin(), rows.end(), [](const StreamRow& a, const StreamRow& b) {
        return a.window != b.window ? a.window > b.window : a.stream_id < b.stream_id;
    });
    add_up(project, rows);
    if (rows.size() > limit) rows.resize(limit);
    return rows;
}

std::vector<StreamRow> LiveViews::latest_streams(std::string_view project) {
    std::vector<StreamRow> rows;
    for_each(views_, project, [&](const std::string&, Views& views) {
        std::vector<StreamRow> own = views.streams.latest();
        std::move(own.begin(), own.end(), std::back_inserter(rows));
    });
    // Of a stream of several projects the newest minute, and what happened in that one.
    std::stable_sort(rows.begin(), rows.end(), [](const StreamRow& a, const StreamRow& b) {
        return a.stream_id != b.stream_id ? a.stream_id < b.stream_id : a.window > b.window;
    });
    add_up(project, rows);
    rows.erase(std::unique(rows.begin(), rows.end(),
                           [](const StreamRow& a, const StreamRow& b) { return a.stream_id == b.stream_id; }),
               rows.end());
    return rows;
}

std::vector<StreamRow> LiveViews::top_streams(std::string_view project, int minutes, StreamRank by, std::size_t n) {
    const std::int64_t newest = newest_minute(project);
    if (newest == kNoWindow) return {};
    std::vector<StreamRow> rows;
    for_each(views_, project, [&](const std::string&, Views& views) {
        std::vector<StreamRow> own = views.streams.sums_from(newest - (minutes - 1) * kMinuteMicros);
        std::move(own.begin(), own.end(), std::back_inserter(rows));
    });
    if (project.empty() && views_.size() > 1) {
        std::stable_sort(rows.begin(), rows.end(), [](const StreamRow& a, const StreamRow& b) {
            return a.stream_id != b.stream_id ? a.stream_id < b.stream_id : a.window > b.window;
        });
        // Sums of a stream are over the same minutes in each project, whichever of them was its last there.
        for (std::size_t i = 1; i < rows.size(); ++i)
            if (rows[i].stream_id == rows[i - 1].stream_id) rows[i].window = rows[i - 1].window;
        add_up(project, rows);
    }
    return ranked(std::move(rows), by, n);
}

std::vector<std::string_view> LiveViews::projects() const {
    std::vector<std::string_view> names;
    for (const auto& [name, views] : views_) names.push_back(name);
    return names;
}

std::size_t LiveViews::memory_bytes() const {
    std::size_t bytes = 0;
    for (const auto& [name, views] : views_)
        bytes += views.activity.memory_bytes() + views.pages.memory_bytes() + views.types.memory_bytes() +
                 views.streams.memory_bytes();
    return bytes;
}

}  // namespace streamgauge
