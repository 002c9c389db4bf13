// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/overview_store.h"

#include <algorithm>

namespace streamgauge::viewmodels {

OverviewStore::OverviewStore(client::BackendClient& client, const Clock& clock, QObject* parent)
    : QObject(parent), clock_(clock) {
    subscription_ = client.live().subscribe(api::Topic::Overview, {}, this,
                                            [this](const api::LiveMessage& message) { receive(message); });
}

void OverviewStore::receive(const api::LiveMessage& message) {
    if (!message.overview) return;
    if (message.snapshot) points_.clear();
    for (const api::SecondPoint& point : message.overview->points) points_[point.second] = point;
    overview_ = *message.overview;
    overview_.points.clear();
    points_.erase(points_.begin(), points_.lower_bound(overview_.as_of.seconds() - kSeconds));
    received_nanos_ = clock_.monotonic_nanos();
    Q_EMIT changed();
}

std::optional<double> OverviewStore::age_seconds() const {
    if (!received_nanos_) return std::nullopt;
    return static_cast<double>(clock_.monotonic_nanos() - *received_nanos_) / 1e9;
}

std::optional<api::SecondPoint> OverviewStore::at(std::int64_t second) const {
    if (!has_data() || second > last_second()) return std::nullopt;
    if (const auto found = points_.find(second); found != points_.end()) return found->second;
    const auto started = overview_.as_of.seconds() - static_cast<std::int64_t>(overview_.server.uptime_seconds);
    if (second < std::max(started, overview_.as_of.seconds() - kSeconds)) return std::nullopt;
    api::SecondPoint quiet;
    quiet.second = second;
    // What has a level, not a count, stays at the level it had.
    const auto after = points_.lower_bound(second);
    quiet.active_users = after == points_.begin() ? overview_.active_users : std::prev(after)->second.active_users;
    return quiet;
}

}  // namespace streamgauge::viewmodels
