// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/due_requests.h"

#include <algorithm>
#include <cmath>

#include "loadgen/recording.h"

namespace streamgauge::loadgen {
namespace {

constexpr std::uint64_t kThinkStream = 7;
constexpr std::size_t kExpectedActions = 1024;  // of a hand in one run; more are taken too

ArrivalPlan plan_of(const Scenario& scenario) {
    if (!scenario.recording)
        return ArrivalPlan(scenario.stages, scenario.spacing, scenario.seed, scenario.jitter_percent);
    const auto times = std::make_shared<std::vector<std::int64_t>>();
    times->reserve(scenario.recording->requests.size());
    for (const RecordedRequest& request : scenario.recording->requests) times->push_back(request.at_nanos);
    return ArrivalPlan(scenario.stages.front(), times, scenario.replay.speed);
}

}  // namespace

DueRequests::DueRequests(const Scenario& scenario, std::uint32_t capacity, double highest_user_rate)
    : closed_(scenario.closed_loop),
      ringed_(scenario.closed_loop || scenario.when_full == WhenFull::Drop),
      plan_(plan_of(scenario)),
      due_(plan_, &actions_),
      next_(plan_, &actions_),
      least_gap_(highest_user_rate > 0 ? static_cast<std::int64_t>(std::ceil(1e9 / highest_user_rate)) : 0),
      think_nanos_(scenario.think_seconds * 1e9),
      think_random_(scenario.think_random),
      random_(scenario.seed, kThinkStream) {
    actions_.reserve(kExpectedActions);
    if (ringed_) ring_.resize(capacity);
    if (closed_) ready_.reserve(capacity);
}

std::int64_t DueRequests::next_planned() const {
    if (!closed_) return due_.planned_nanos();
    return ready_.empty() ? ArrivalPlan::kNever : std::max(ready_.front(), free_at_);
}

std::int64_t DueRequests::next_look() const {
    const std::int64_t planned = next_planned();
    return closed_ && !over_ ? std::min(planned, looked_at_ + kLookNanos) : planned;
}

bool DueRequests::done() const {
    return closed_ ? over_ && ready_.empty() : due_.done();
}

DueRequest DueRequests::front() const {
    return ringed_ ? ring_[ring_begin_] : DueRequest{next_.planned_nanos(), next_.index()};
}

void DueRequests::pop() {
    if (!ringed_) {
        next_.advance();
        return;
    }
    ring_begin_ = ring_begin_ + 1 == ring_.size() ? 0 : ring_begin_ + 1;
    --ring_count_;
}

void DueRequests::push(const DueRequest& request) {
    const std::size_t end = ring_begin_ + ring_count_++;
    ring_[end < ring_.size() ? end : end - ring_.size()] = request;
}

std::int64_t DueRequests::end_nanos() const {
    if (!closed_) return due_.end_nanos();
    return handed_.paused() ? ArrivalPlan::kNever : plan_.duration_nanos() + handed_.paused_nanos;
}

// As many users as the plan says now: new ones are ready at once, those too many leave when they would be ready.
void DueRequests::look_at_users(std::int64_t at) {
    over_ = !handed_.paused() && handed_.plan_time(at) >= plan_.duration_nanos();
    if (over_ || at >= looked_at_ + kLookNanos) {
        looked_at_ = at;
        wanted_users_ = static_cast<std::uint32_t>(
            std::min(std::llround(plan_.rate_at(at, handed_)), static_cast<long long>(ring_.size())));
    }
    for (; users_ < wanted_users_; ++users_) {
        ready_.push_back(at);
        std::push_heap(ready_.begin(), ready_.end(), std::greater<>());
    }
    while (users_ > wanted_users_ && !ready_.empty() && (over_ || ready_.front() <= at)) {
        std::pop_heap(ready_.begin(), ready_.end(), std::greater<>());
        ready_.pop_back();
        --users_;
    }
}

DueRequest DueRequests::next_user_request() {
    std::pop_heap(ready_.begin(), ready_.end(), std::greater<>());
    const std::int64_t due = std::max(ready_.back(), free_at_);
    ready_.pop_back();
    free_at_ = due + least_gap_;
    return {due, issued_++};
}

void DueRequests::ended(std::int64_t at, bool answered) {
    if (!closed_) return;
    double think = think_nanos_;
    if (think_random_) think *= -portable_logarithm(open_unit(random_.at(thought_++)));
    const auto nanos = static_cast<std::int64_t>(think);
    ready_.push_back(at + (answered ? nanos : std::max(nanos, kRetryNanos)));
    std::push_heap(ready_.begin(), ready_.end(), std::greater<>());
}

void DueRequests::act(const HandAction& action) {
    if (closed_) {
        if (handed_.plan_time(action.at_nanos) < plan_.duration_nanos()) handed_.apply(action);
        looked_at_ = action.at_nanos - kLookNanos;  // count the users anew
        return;
    }
    actions_.push_back(action);
    due_.refresh();
    next_.refresh();
}

}  // namespace streamgauge::loadgen
