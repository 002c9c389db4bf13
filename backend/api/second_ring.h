// SPDX-License-Identifier: GPL-3.0-or-later
// The last ten minutes, second by second, and the second that is under way.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "api/types.h"

namespace streamgauge::api {

// Lives on the live thread.
class SecondRing {
public:
    static constexpr std::size_t kSeconds = 600;

    // The first second begins now, with `totals` as they are.
    SecondRing(std::int64_t second, const Outcomes& totals);

    std::int64_t second() const { return current_.second; }
    // The current second as it is by now.
    void update(const Outcomes& totals, const Latency& ack, std::uint64_t active_users, double lag_seconds);
    // It is over, as the last update() left it; `second` begins. Seconds that nobody saw are filled in without events.
    // A clock that steps back starts the ring anew.
    void start_second(std::int64_t second);

    // From `from` on, the current second last.
    std::vector<SecondPoint> since(std::int64_t from) const;

private:
    std::deque<SecondPoint> past_;
    SecondPoint current_;
    Outcomes base_, totals_;
};

}  // namespace streamgauge::api
