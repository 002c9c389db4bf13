// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/second_ring.h"

#include <algorithm>

namespace streamgauge::api {

SecondRing::SecondRing(std::int64_t second, const Outcomes& totals) : base_(totals), totals_(totals) {
    current_.second = second;
}

void SecondRing::update(const Outcomes& totals, const Latency& ack, std::uint64_t active_users, double lag_seconds) {
    totals_ = totals;
    current_.outcomes = {totals.accepted - base_.accepted, totals.duplicate - base_.duplicate,
                         totals.rejected - base_.rejected, totals.limited - base_.limited};
    current_.ack = ack;
    current_.active_users = active_users;
    current_.lag_seconds = lag_seconds;
}

void SecondRing::start_second(std::int64_t second) {
    if (second <= current_.second) {
        past_.clear();
    } else {
        past_.push_back(current_);
        SecondPoint unseen;
        unseen.active_users = current_.active_users;
        unseen.lag_seconds = current_.lag_seconds;
        for (unseen.second = std::max(current_.second + 1, second - static_cast<std::int64_t>(kSeconds));
             unseen.second < second; ++unseen.second)
            past_.push_back(unseen);
        // The current second is one of them.
        while (past_.size() >= kSeconds) past_.pop_front();
        while (!past_.empty() && past_.front().second <= second - static_cast<std::int64_t>(kSeconds))
            past_.pop_front();
    }
    base_ = totals_;
    current_.second = second;
    current_.outcomes = {};
    current_.ack = {};
}

std::vector<SecondPoint> SecondRing::since(std::int64_t from) const {
    std::vector<SecondPoint> points;
    const auto first =
        std::lower_bound(past_.begin(), past_.end(), from,
                         [](const SecondPoint& point, std::int64_t second) { return point.second < second; });
    points.assign(first, past_.end());
    if (current_.second >= from) points.push_back(current_);
    return points;
}

}  // namespace streamgauge::api
