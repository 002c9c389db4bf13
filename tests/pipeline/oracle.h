// SPDX-License-Identifier: GPL-3.0-or-later
// The answers to the contract's questions, from all events, in the plainest way.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "live/stream_series.h"
#include "metrics/event_stream.h"

namespace streamgauge {
inline void PrintTo(const StreamRow& row, std::ostream* out) {
    *out << '{' << row.stream_id << ' ' << row.window << ' ' << row.active_viewers << ' ' << row.chat_messages << ' '
         << row.donations_micros << '}';
}
}  // namespace streamgauge

namespace streamgauge::test {

inline std::string without_project(const std::string& group) {
    return group.substr(group.find('\0') + 1);
}

inline std::int64_t activity_of(const PlainEvent& e) {
    return std::min(e.occurred_at, e.received_at);
}

inline std::uint64_t oracle_active_users(const std::vector<PlainEvent>& events, int minutes, std::int64_t now) {
    std::set<std::string> users;
    for (const PlainEvent& e : events)
        if (!e.user_id.empty() && activity_of(e) / 1'000'000 > now / 1'000'000 - minutes * 60) users.insert(e.user_id);
    return users.size();
}

inline std::vector<std::string> oracle_sessions(const std::vector<PlainEvent>& events, const std::string& user,
                                                std::int64_t now) {
    std::set<std::string> sessions;
    for (const PlainEvent& e : events)
        if (e.user_id == user && !e.session_id.empty() && activity_of(e) > now - 1'800'000'000)
            sessions.insert(e.session_id);
    return {sessions.begin(), sessions.end()};
}

inline std::vector<std::pair<std::string, std::uint64_t>> oracle_top(const Rollups& rows, MetricId id, int minutes,
                                                                     std::int64_t now, std::size_t limit) {
    std::map<std::string, std::uint64_t> counts;
    for (const auto& [key, value] : rows)
        if (std::get<0>(key) == id && std::get<1>(key) + 10'000'000 > now - minutes * std::int64_t{60'000'000})
            counts[without_project(std::get<2>(key))] += static_cast<std::uint64_t>(value);
    std::vector<std::pair<std::string, std::uint64_t>> top(counts.begin(), counts.end());
    std::stable_sort(top.begin(), top.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    if (top.size() > limit) top.resize(limit);
    return top;
}

// Every minute of every stream, by (stream_id, window).
inline std::vector<StreamRow> oracle_streams(const Rollups& rows) {
    std::map<std::pair<std::string, std::int64_t>, StreamRow> minutes;
    std::map<std::pair<std::string, std::int64_t>, std::int64_t> net;
    for (const auto& [key, value] : rows) {
        const auto& [id, window, whole_group] = key;
        const std::string group = without_project(whole_group);
        if (id != metric::kStreamViewers && id != metric::kStreamChats && id != metric::kStreamDonations) continue;
        StreamRow& row = minutes[{group, window}];
        row.stream_id = group;
        row.window = window;
        if (id == metric::kStreamViewers) net[{group, window}] = value;
        if (id == metric::kStreamChats) row.chat_messages = value;
        if (id == metric::kStreamDonations) row.donations_micros = value;
    }
    std::vector<StreamRow> all;
    for (auto& [key, row] : minutes) {
        const bool same = !all.empty() && all.back().stream_id == row.stream_id;
        row.active_viewers = std::max<std::int64_t>(0, (same ? all.back().active_viewers : 0) + net[key]);
        all.push_back(row);
    }
    return all;
}

}  // namespace streamgauge::test
