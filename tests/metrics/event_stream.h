// SPDX-License-Identifier: GPL-3.0-or-later
// Random event streams (late, out of order, from the future, with and without every field) and, beside them, the
// metrics of the contract computed in the plainest way: the oracle that the real aggregation is compared with.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "event/event.h"
#include "metrics/definition.h"

namespace streamgauge::test {

// An event that owns its texts.
struct PlainEvent {
    std::string event_id, event_type, user_id, session_id, page_url, props = "{}";
    std::int64_t occurred_at = 0, received_at = 0;

    EventView view() const {
        EventView v;
        v.event_id = event_id;
        v.event_type = event_type;
        v.user_id = user_id;
        v.session_id = session_id;
        v.page_url = page_url;
        v.props = props;
        v.occurred_at = {occurred_at};
        v.received_at = {received_at};
        return v;
    }
};

inline constexpr std::int64_t kStreamStart = 1'800'000'000'000'000;  // 2027-01-15T08:00:00Z

// `count` events whose received_at advances by up to `step_micros` each.
inline std::vector<PlainEvent> random_events(std::uint64_t seed, std::size_t count, std::int64_t step_micros) {
    std::mt19937_64 random(seed);
    const auto below = [&random](std::uint64_t n) { return random() % n; };
    std::vector<PlainEvent> events;
    std::int64_t now = kStreamStart;
    for (std::size_t i = 0; i < count; ++i) {
        now += static_cast<std::int64_t>(below(static_cast<std::uint64_t>(step_micros) + 1));
        PlainEvent e;
        e.event_id = "e" + std::to_string(i);
        e.received_at = now;
        switch (below(10)) {
            case 0:
                e.occurred_at = now - static_cast<std::int64_t>(below(7'200'000'000));
                break;  // up to 2 h late
            case 1:
                e.occurred_at = now + static_cast<std::int64_t>(below(3'600'000'000));
                break;  // from the future
            case 2:
                e.occurred_at = now - static_cast<std::int64_t>(below(400'000'000'000'000));
                break;  // years
            default:
                e.occurred_at = now - static_cast<std::int64_t>(below(5'000'000));
                break;
        }
        if (below(8) != 0) e.user_id = "user-" + std::to_string(below(40));
        if (below(4) != 0) e.session_id = "session-" + std::to_string(below(120));
        if (below(4) != 0) e.page_url = "/page/" + std::to_string(below(15));
        const std::string stream = "\"stream_id\":\"stream-" + std::to_string(below(4)) + "\"";
        switch (below(8)) {
            case 0:
            case 1:
                e.event_type = "viewer_join";
                e.props = "{" + stream + "}";
                break;
            case 2:
                e.event_type = "viewer_leave";
                e.props = "{\"x\":[1,{\"stream_id\":\"no\"}]," + stream + "}";
                break;
            case 3:
                e.event_type = "chat_message";
                e.props = below(9) == 0 ? "{}" : "{" + stream + "}";
                break;
            case 4:
                e.event_type = "donation";
                e.props = "{\"" + std::string(below(2) == 0 ? "amount" : "amount_usd") +
                          "\":" + (below(2) == 0 ? "0.1" : "\"12.345\"") + "," + stream + "}";
                break;
            case 5:
                e.event_type = "login";
                break;
            default:
                e.event_type = "page_view";
                break;
        }
        events.push_back(std::move(e));
    }
    return events;
}

using Rollups = std::map<std::tuple<MetricId, std::int64_t, std::string>, std::int64_t>;

// The project that EventBatch takes when none is named, as groups begin with it.
inline const std::string kDefaultProject("default\0", 8);

// What the finest tier of the contract's cells is for these events of the default project, in log order.
inline Rollups oracle_rollups(const std::vector<PlainEvent>& events) {
    Rollups rows;
    const auto floored = [](std::int64_t t, std::int64_t width) {
        std::int64_t r = t % width;
        if (r < 0) r += width;
        return t - r;
    };
    const std::string& project = kDefaultProject;
    std::int64_t log_clock = 0;
    for (const PlainEvent& e : events) {
        log_clock = std::max(log_clock, e.received_at);
        if (!e.user_id.empty() && !e.page_url.empty())
            ++rows[{metric::kPageClicks, kNoWindow, project + e.user_id + std::string(1, '\0') + e.page_url}];
        ++rows[{metric::kEventsTotal, floored(e.occurred_at, 86'400'000'000), "default"}];
        const std::int64_t sliding = floored(std::min(e.occurred_at, e.received_at), 10'000'000);
        if (sliding + 10'000'000 > log_clock - 7'200'000'000) {
            if (!e.page_url.empty()) ++rows[{metric::kTopPages, sliding, project + e.page_url}];
            ++rows[{metric::kEventTypes, sliding, project + e.event_type}];
        }
        const auto at = e.props.find("\"stream_id\":\"stream-");
        if (at == std::string::npos) continue;
        const std::string stream = project + e.props.substr(at + 13, 8);
        const std::int64_t minute = floored(e.occurred_at, 60'000'000);
        if (minute + 60'000'000 <= log_clock - 30 * std::int64_t{86'400'000'000}) continue;
        if (e.event_type == "viewer_join") ++rows[{metric::kStreamViewers, minute, stream}];
        if (e.event_type == "viewer_leave") --rows[{metric::kStreamViewers, minute, stream}];
        if (e.event_type == "chat_message") ++rows[{metric::kStreamChats, minute, stream}];
        if (e.event_type == "donation")
            rows[{metric::kStreamDonations, minute, stream}] +=
                e.props.find("12.345") != std::string::npos ? 12'345'000 : 100'000;
    }
    return rows;
}

// Rows of the sliding metrics that are past their retention when the log's clock stands at `log_clock`.
inline void drop_expired(Rollups& rows, std::int64_t log_clock) {
    std::erase_if(rows, [log_clock](const auto& row) {
        const auto& [id, window, group] = row.first;
        return (id == metric::kTopPages || id == metric::kEventTypes) &&
               window + 10'000'000 <= log_clock - 7'200'000'000;
    });
}

}  // namespace streamgauge::test
