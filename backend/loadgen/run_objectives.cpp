// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/run_objectives.h"

#include <algorithm>
#include <utility>

#include "base/wrong_field.h"

namespace streamgauge::loadgen {

namespace {

using Kind = slo::Indicator::Kind;

constexpr std::int64_t kSliceNanos = RunObjectives::kSliceMicros * 1000;

std::int64_t longest_of(const slo::Objective& objective) {
    std::int64_t longest = slo::length_of(objective.window);
    for (const slo::BurnRule& rule : objective.rules) longest = std::max(longest, rule.long_micros);
    return longest;
}

bool in_time(const slo::Objective& objective, std::int64_t nanos) {
    return static_cast<double>(nanos) <= objective.indicator.threshold_ms * 1e6;
}

}  // namespace

RunObjectives::Watched::Watched(slo::Objective from, std::vector<bool> which)
    : objective(std::move(from)),
      endpoints(std::move(which)),
      series(kSliceMicros, longest_of(objective)),
      machine(objective) {}

Result<RunObjectives> RunObjectives::make(const std::vector<slo::Objective>& objectives,
                                          const std::vector<std::string>& endpoints, Timestamp started_at) {
    RunObjectives run(started_at);
    for (std::size_t i = 0; i < objectives.size(); ++i) {
        slo::Objective objective = objectives[i];
        const std::string at = "objectives[" + std::to_string(i) + "].";
        const slo::Indicator& indicator = objective.indicator;
        if (indicator.kind != Kind::Availability && indicator.kind != Kind::Errors && indicator.kind != Kind::Latency)
            return wrong_field(at + "indicator.kind", "a run sees availability, errors and latency");
        if (!(objective.target > 0 && objective.target < 1))
            return wrong_field(at + "target", "must be above 0 and below 1");
        std::vector<bool> which;
        for (const std::string& name : endpoints) which.push_back(indicator.route.empty() || indicator.route == name);
        if (std::find(which.begin(), which.end(), true) == which.end())
            return wrong_field(at + "indicator.route", "is none of the run's requests");
        objective.rules = slo::rules_of(objective);
        run.watched_.emplace_back(std::move(objective), std::move(which));
    }
    return run;
}

void RunObjectives::count(Watched& watched, std::int64_t at_nanos, bool good) {
    // What is late for a slice that was evaluated counts in the next one.
    const std::int64_t slice = std::max(next_slice_, at_nanos / kSliceNanos);
    const auto most = static_cast<std::int64_t>(kSlicesAtHand) - 1;
    slo::Ratio& at_hand =
        watched.at_hand[static_cast<std::size_t>(std::min(slice, next_slice_ + most)) % kSlicesAtHand];
    ++at_hand.total;
    at_hand.good += good ? 1 : 0;
}

void RunObjectives::take(const Answered& answered) {
    for (Watched& watched : watched_) {
        if (!watched.endpoints[answered.endpoint]) continue;
        const slo::Indicator& indicator = watched.objective.indicator;
        const bool good = indicator.kind == Kind::Latency
                              ? in_time(watched.objective, answered.at - answered.planned)
                              : answered.outcome != Outcome::ServerError &&
                                    !(indicator.limited_is_bad && answered.outcome == Outcome::Limited);
        count(watched, answered.at, good);
    }
}

void RunObjectives::count_unanswered(Endpoint endpoint, std::int64_t planned, std::int64_t at) {
    for (Watched& watched : watched_) {
        if (!watched.endpoints[endpoint]) continue;
        if (watched.objective.indicator.kind == Kind::Latency && in_time(watched.objective, at - planned)) continue;
        count(watched, at, false);
    }
}

void RunObjectives::take(const Failed& failed) {
    count_unanswered(failed.endpoint, failed.planned, failed.at);
}

void RunObjectives::take(const Unfinished& unfinished) {
    count_unanswered(unfinished.endpoint, unfinished.planned, unfinished.at);
}

void RunObjectives::tick(std::int64_t now_nanos) {
    for (; (next_slice_ + 1) * kSliceNanos <= now_nanos; ++next_slice_) {
        const Timestamp start = started_at_.plus_micros(next_slice_ * kSliceMicros);
        const Timestamp end = start.plus_micros(kSliceMicros);
        for (Watched& watched : watched_) {
            slo::Ratio& at_hand = watched.at_hand[static_cast<std::size_t>(next_slice_) % kSlicesAtHand];
            watched.series.add(start, at_hand.good, at_hand.total);
            at_hand = {};
            for (slo::AlertChange& change : watched.machine.evaluate(watched.series, end)) {
                if (change.to == slo::AlertState::Firing && !watched.first_fired_nanos)
                    watched.first_fired_nanos = (next_slice_ + 1) * kSliceNanos;
                watched.changes.push_back(std::move(change));
            }
        }
    }
}

std::vector<ObjectiveResult> RunObjectives::finish(std::int64_t end_nanos) {
    tick((std::max(end_nanos, std::int64_t{0}) / kSliceNanos + 1) * kSliceNanos);
    const Timestamp end = started_at_.plus_micros(next_slice_ * kSliceMicros);
    std::vector<ObjectiveResult> results;
    for (const Watched& watched : watched_) {
        ObjectiveResult result;
        result.objective = watched.objective;
        result.budget = slo::budget_at(watched.objective, watched.series, end);
        result.held = result.budget.left && *result.budget.left >= 0;
        result.alerts = watched.machine.states();
        result.changes = watched.changes;
        result.first_fired_nanos = watched.first_fired_nanos;
        results.push_back(std::move(result));
    }
    return results;
}

}  // namespace streamgauge::loadgen
