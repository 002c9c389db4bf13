// SPDX-License-Identifier: GPL-3.0-or-later
// How fast a recording is sent again, which a hand may change while it is: integer arithmetic on nanoseconds and
// thousandths of a speed, so that the same actions give the same times on every machine.
#pragma once

#include <cstdint>

namespace streamgauge::loadgen {

// A position is a planned time of the recording as if nobody had changed its speed; a plan time is when that is due.
// Positions grow with plan times, at `speed` / the recording's own. Plan times are given in ascending order.
class ReplayPace {
public:
    static constexpr double kLowestSpeed = 0.001, kHighestSpeed = 1000;  // times as fast as it was recorded

    // Rounded; speeds have at most three digits behind the point.
    static std::int64_t thousandths(double speed);
    // Whether it is one: 0.001 to 1000, with at most three digits behind the point.
    static bool is_speed(double speed);

    // `own`: the speed that planned times of the recording have already.
    explicit ReplayPace(double own = 1);

    // From `plan_time` on; 0: the recording's own again. While a spike lasts: after it.
    void set(std::int64_t plan_time, double speed);
    // From `plan_time` on for so long; then as before.
    void spike(std::int64_t plan_time, double speed, std::int64_t nanos);

    // When what lies at `position` is due, rounded down; at most kLongest. Precondition: it is not due yet.
    std::int64_t due(std::int64_t position) const;
    // Rounded down.
    std::int64_t position(std::int64_t plan_time) const;
    double speed(std::int64_t plan_time) const;

    static constexpr std::int64_t kLongest = INT64_MAX / 4;

private:
    void begin_at(std::int64_t plan_time);

    std::int64_t own_;                     // thousandths, as all speeds here
    std::int64_t begin_ = 0, behind_ = 0;  // plan time and position from which on `now_` holds
    std::int64_t now_, after_;             // from begin_ on; from until_ on
    std::int64_t until_ = 0;               // end of a spike; not after begin_: there is none
};

}  // namespace streamgauge::loadgen
