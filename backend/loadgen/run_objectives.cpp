// SPDX-License-Identifier: GPL-3.0-or-later
// The series' time is the run's: its start is Timestamp{0}, so that slices begin where those of the series do.
#include "loadgen/run_objectives.h"

#include <algorithm>
#include <utility>

#include "slo/outlook.h"

namespace streamgauge::loadgen {

namespace {

using Kind = slo::Indicator::Kind;

std::int64_t longest_of(const slo::Objective& objective) {
    std::int64_t longest = objective.window.micros;
    for (const slo::BurnRule& rule : objective.rules) longest = std::max(longest, rule.long_micros);
    return longest;
}

bool in_time(const slo::Objective& objective, std::int64_t nanos) {
    return static_cast<double>(nanos) <= objective.indicator.threshold_ms * 1e6;
}

double seconds_of(std::int64_t micros) {
    return static_cast<double>(micros) / 1e6;
}

double share_bad(const slo::Ratio& counted) {
    return counted.total == 0 ? 0 : static_cast<double>(counted.bad()) / static_cast<double>(counted.total);
}

// Start of the first slice with a bad one in [from, to), in which there is one.
Timestamp first_bad(const slo::SliceSeries& series, Timestamp from, Timestamp to) {
    const std::int64_t width = series.slice_micros();
    std::int64_t low = 0, high = (to.micros - from.micros) / width - 1;
    while (low < high) {
        const std::int64_t middle = low + (high - low) / 2;
        if (series.sum(from, from.plus_micros((middle + 1) * width)).bad() > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return from.plus_micros(low * width);
}

}  // namespace

RunObjectives::Watched::Watched(const LabObjective& lab, const Scenario& scenario)
    : asked(lab),
      scaled(lab_scaled(lab, planned_seconds(scenario.stages))),
      series(scaled.slice_micros, longest_of(scaled.objective)),
      machine(scaled.objective) {
    for (const RequestKind& kind : scenario.requests)
        endpoints.push_back(lab.objective.indicator.route.empty() || lab.objective.indicator.route == kind.name);
    const std::vector<slo::BurnRule> real = slo::rules_of(lab.objective);
    for (std::size_t i = 0; i < real.size(); ++i) {
        ObjectiveAlert& alert = alerts.emplace_back();
        alert.rule = scaled.objective.rules[i];
        alert.real_long_micros = real[i].long_micros;
        alert.real_short_micros = real[i].short_micros;
        if (const auto fastest = slo::fastest_fire(alert.rule, lab.objective.target))
            alert.fastest_seconds = seconds_of(*fastest);
    }
}

RunObjectives::RunObjectives(const Scenario& scenario) {
    watched_.reserve(scenario.objectives.size());
    for (const LabObjective& lab : scenario.objectives) watched_.emplace_back(lab, scenario);
}

void RunObjectives::count(Watched& watched, std::int64_t at_nanos, bool good) {
    if (at_nanos >= (watched.next_slice + kSlicesAtHand) * watched.slice_nanos()) tick(watched, at_nanos);
    // What is late for a slice that was evaluated counts in the next one.
    const std::int64_t slice = std::max(watched.next_slice, at_nanos / watched.slice_nanos());
    slo::Ratio& at_hand = watched.at_hand[static_cast<std::size_t>(slice % kSlicesAtHand)];
    ++at_hand.total;
    at_hand.good += good ? 1 : 0;
}

void RunObjectives::take(const Answered& answered) {
    for (Watched& watched : watched_) {
        if (!watched.endpoints[answered.endpoint]) continue;
        const slo::Indicator& indicator = watched.scaled.objective.indicator;
        const bool good = indicator.kind == Kind::Latency
                              ? in_time(watched.scaled.objective, answered.at - answered.planned)
                              : answered.outcome != Outcome::ServerError &&
                                    !(indicator.limited_is_bad && answered.outcome == Outcome::Limited);
        count(watched, answered.at, good);
    }
}

void RunObjectives::count_unanswered(Endpoint endpoint, std::int64_t planned, std::int64_t at) {
    for (Watched& watched : watched_) {
        const slo::Objective& objective = watched.scaled.objective;
        if (!watched.endpoints[endpoint]) continue;
        if (objective.indicator.kind == Kind::Latency && in_time(objective, at - planned)) continue;
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
    for (Watched& watched : watched_) tick(watched, now_nanos);
}

void RunObjectives::tick(Watched& watched, std::int64_t now_nanos) {
    while ((watched.next_slice + 1) * watched.slice_nanos() <= now_nanos) evaluate(watched);
}

void RunObjectives::evaluate(Watched& watched) {
    const Timestamp start{watched.next_slice * watched.scaled.slice_micros};
    const Timestamp end = start.plus_micros(watched.scaled.slice_micros);
    slo::Ratio& slice = watched.at_hand[static_cast<std::size_t>(watched.next_slice % kSlicesAtHand)];
    watched.series.add(start, slice.good, slice.total);
    watched.counted.good += slice.good;
    watched.counted.total += slice.total;
    if (slice.bad() > 0) watched.last_bad = end;
    slice = {};
    ++watched.next_slice;
    for (const slo::AlertChange& change : watched.machine.evaluate(watched.series, end)) note(watched, change);
    if (end.micros >= watched.scaled.objective.window.micros) judge_window(watched, end);
}

void RunObjectives::judge_window(Watched& watched, Timestamp end) {
    const std::optional<double> left = slo::budget_at(watched.scaled.objective, watched.series, end).left;
    if (!left) return;
    if (!watched.lowest_left || *left < *watched.lowest_left) watched.lowest_left = left;
    if (*left < 0 && !watched.overspent_nanos) watched.overspent_nanos = end.micros * 1000;
}

void RunObjectives::note(Watched& watched, const slo::AlertChange& change) {
    using State = slo::AlertState;
    ObjectiveAlert& alert = watched.alerts[change.rule];
    const slo::BurnRule& rule = alert.rule;
    const double limit = rule.factor * (1 - watched.scaled.objective.target);  // share of bad ones
    if (change.to == State::Firing && change.from != State::Cooling) {
        ++alert.fired;
        if (alert.episodes.size() == kMostEpisodes) return;
        AlertEpisode& episode = alert.episodes.emplace_back();
        const std::int64_t window = std::min(rule.long_micros, change.at.micros);
        const Timestamp began = first_bad(watched.series, change.at.plus_micros(-window), change.at);
        episode.began_nanos = began.micros * 1000;
        episode.fired_nanos = change.at.micros * 1000;
        const double share = share_bad(watched.series.sum(began, change.at));
        episode.expected_seconds = limit / share * seconds_of(window) + seconds_of(rule.hold_micros);
    } else if ((change.to == State::Inactive || change.to == State::NoData) &&
               (change.from == State::Firing || change.from == State::Cooling)) {
        if (alert.fired != alert.episodes.size()) return;
        AlertEpisode& episode = alert.episodes.back();
        episode.resolved_nanos = change.at.micros * 1000;
        episode.last_bad_nanos = watched.last_bad.micros * 1000;
        const Timestamp last = watched.last_bad;
        const double share = share_bad(watched.series.sum(last.plus_micros(-rule.short_micros), last));
        if (share >= limit)
            episode.expected_reset_seconds = (1 - limit / share) * seconds_of(rule.short_micros) +
                                             seconds_of(watched.scaled.objective.cool_down_micros);
    }
}

std::vector<ObjectiveStanding> RunObjectives::standings() const {
    std::vector<ObjectiveStanding> standings;
    for (const Watched& watched : watched_) {
        const slo::Objective& objective = watched.scaled.objective;
        const Timestamp now{watched.next_slice * watched.scaled.slice_micros};
        ObjectiveStanding standing;
        standing.name = objective.name;
        standing.promise = promise_text(objective);
        standing.kind = objective.indicator.kind;
        standing.target = objective.target;
        standing.counted = watched.counted;
        standing.left = slo::budget_at(objective, watched.series, now).left;
        standing.burn_rate = slo::burn_at(objective, watched.series, now);
        for (const slo::RuleState& rule : watched.machine.states())
            if (rule.state == slo::AlertState::Firing) standing.firing.push_back(rule.rule.severity);
        for (const ObjectiveAlert& alert : watched.alerts) standing.fired += alert.fired;
        standing.held = !watched.overspent_nanos;
        standings.push_back(std::move(standing));
    }
    return standings;
}

std::vector<ObjectiveResult> RunObjectives::finish(std::int64_t end_nanos) {
    std::vector<ObjectiveResult> results;
    for (Watched& watched : watched_) {
        const std::int64_t slices = std::max(end_nanos, std::int64_t{0}) / watched.slice_nanos() + 1;
        tick(watched, slices * watched.slice_nanos());
        const Timestamp end{watched.next_slice * watched.scaled.slice_micros};
        judge_window(watched, end);
        const slo::Objective& asked = watched.asked.objective;
        ObjectiveResult& result = results.emplace_back();
        result.objective.name = asked.name;
        result.objective.indicator = asked.indicator;
        result.objective.target = asked.target;
        result.objective.window = asked.window;
        result.lasts_micros = watched.scaled.objective.window.micros;
        result.counted = watched.counted;
        result.left = slo::budget_at(watched.scaled.objective, watched.series, end).left;
        result.lowest_left = watched.lowest_left;
        result.overspent_nanos = watched.overspent_nanos;
        result.held = watched.counted.total > 0 && !watched.overspent_nanos;
        const double elapsed = static_cast<double>(std::max<std::int64_t>(end_nanos, 1)) / 1e9;
        const double total = static_cast<double>(watched.counted.total);
        result.usual_rate = watched.asked.usual_rate > 0 ? watched.asked.usual_rate : total / elapsed;
        if (watched.counted.total > 0)
            result.budget_used = static_cast<double>(watched.counted.bad()) /
                                 ((1 - asked.target) * result.usual_rate * seconds_of(asked.window.micros));
        result.alerts = watched.alerts;
    }
    return results;
}

}  // namespace streamgauge::loadgen
