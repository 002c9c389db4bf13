// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/replay_pace.h"

#include <algorithm>
#include <cmath>

namespace streamgauge::loadgen {
namespace {

// a * b / c, rounded down, at most ReplayPace::kLongest. Precondition: a >= 0, b > 0, c > 0.
std::int64_t scaled(std::int64_t a, std::int64_t b, std::int64_t c) {
    if (b == c) return std::min(a, ReplayPace::kLongest);  // nobody changed the speed: no division for each request
    __extension__ using Wide = __int128;
    return static_cast<std::int64_t>(std::min<Wide>(static_cast<Wide>(a) * b / c, ReplayPace::kLongest));
}

}  // namespace

std::int64_t ReplayPace::thousandths(double speed) {
    return std::llround(speed * 1000);
}

bool ReplayPace::is_speed(double speed) {
    return speed >= kLowestSpeed && speed <= kHighestSpeed && std::abs(speed * 1000 - std::round(speed * 1000)) <= 1e-6;
}

ReplayPace::ReplayPace(double own) : own_(thousandths(own)), now_(own_), after_(own_) {}

void ReplayPace::begin_at(std::int64_t plan_time) {
    const std::int64_t at = position(plan_time);
    if (plan_time >= until_) now_ = after_;
    begin_ = plan_time;
    behind_ = at;
}

void ReplayPace::set(std::int64_t plan_time, double speed) {
    begin_at(plan_time);
    after_ = speed > 0 ? thousandths(speed) : own_;
    if (plan_time >= until_) now_ = after_;
}

void ReplayPace::spike(std::int64_t plan_time, double speed, std::int64_t nanos) {
    begin_at(plan_time);
    now_ = thousandths(speed);
    until_ = plan_time + nanos;
}

std::int64_t ReplayPace::due(std::int64_t position) const {
    if (begin_ < until_) {
        const std::int64_t after = behind_ + scaled(until_ - begin_, now_, own_);
        if (position >= after) return std::min(until_ + scaled(position - after, own_, after_), kLongest);
    }
    return std::min(begin_ + scaled(std::max<std::int64_t>(0, position - behind_), own_, now_), kLongest);
}

std::int64_t ReplayPace::position(std::int64_t plan_time) const {
    if (begin_ < until_ && plan_time >= until_) {
        const std::int64_t after = behind_ + scaled(until_ - begin_, now_, own_);
        return std::min(after + scaled(plan_time - until_, after_, own_), kLongest);
    }
    return std::min(behind_ + scaled(std::max<std::int64_t>(0, plan_time - begin_), now_, own_), kLongest);
}

double ReplayPace::speed(std::int64_t plan_time) const {
    return static_cast<double>(begin_ < until_ && plan_time >= until_ ? after_ : now_) / 1000;
}

}  // namespace streamgauge::loadgen
