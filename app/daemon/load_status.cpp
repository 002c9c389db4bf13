// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/load_status.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "api/load_heat.h"
#include "api/load_service.h"
#include "base/sparse_histogram.h"
#include "loadgen/own_usage.h"
#include "loadgen/recording.h"
#include "loadgen/run_stamp.h"

namespace streamgauge::daemon {
namespace {

using api::NamedCount;
constexpr std::size_t kErrorsShown = 30;

double quantile_ms(const Histogram& h, double q) {
    return static_cast<double>(h.quantile_micros(q)) / 1000;
}

api::LoadSecond second_of(const loadgen::SecondRow& row) {
    api::LoadSecond second;
    second.second = row.second;
    second.planned = row.planned;
    second.sent = row.sent;
    second.ok = row.ok;
    second.limited = row.limited;
    second.other = row.other;
    second.avg_ms = row.avg_ms;
    second.p50_ms = row.p50_ms;
    second.p95_ms = row.p95_ms;
    second.p99_ms = row.p99_ms;
    return second;
}

using Buckets = std::vector<std::pair<std::uint32_t, std::uint64_t>>;

Buckets buckets_of(const Histogram& histogram) {
    Buckets filled;
    const std::vector<std::uint64_t>& all = histogram.buckets();
    std::uint64_t left = histogram.count();
    for (std::size_t i = 0; i < all.size() && left > 0; ++i) {
        if (all[i] == 0) continue;
        filled.emplace_back(static_cast<std::uint32_t>(i), all[i]);
        left -= std::min(left, all[i]);
    }
    return filled;
}

api::LoadDuration duration_of(const Histogram& histogram) {
    return {quantile_ms(histogram, 0.5), quantile_ms(histogram, 0.95), quantile_ms(histogram, 0.99),
            static_cast<double>(histogram.max_micros()) / 1000};
}

// Of all kinds of requests together.
std::vector<NamedCount> errors_of(const loadgen::RunRecord& record) {
    std::vector<NamedCount> errors;
    for (const loadgen::ErrorGroup& group : record.errors()) {
        const auto found = std::find_if(errors.begin(), errors.end(),
                                        [&](const NamedCount& error) { return error.name == group.kind; });
        if (found == errors.end()) {
            errors.push_back({group.kind, group.count});
        } else {
            found->count += group.count;
        }
    }
    std::stable_sort(errors.begin(), errors.end(),
                     [](const NamedCount& a, const NamedCount& b) { return a.count > b.count; });
    if (errors.size() > kErrorsShown) errors.resize(kErrorsShown);
    return errors;
}

std::vector<api::LoadObjective> objectives_of(const loadgen::RunObjectives& objectives) {
    std::vector<api::LoadObjective> all;
    for (loadgen::ObjectiveStanding& one : objectives.standings()) {
        std::vector<std::string> firing;
        for (const slo::Severity severity : one.firing) firing.emplace_back(to_string(severity));
        all.push_back({std::move(one.name), std::move(one.promise), loadgen::kind_text(one.kind), one.target,
                       one.counted.good, one.counted.total, one.held, one.left, one.burn_rate, std::move(firing),
                       one.fired});
    }
    return all;
}

api::LoadCapacityStep step_of(const loadgen::CapacityOutcome& step) {
    const bool held = step.state == loadgen::StepState::Held;
    return {step.rate,    step.answered_rate,
            step.seconds, step.p50_ms,
            step.p99_ms,  held,
            step.confirm, held ? std::string() : step.limiting};
}

}  // namespace

api::LoadEndToEnd end_to_end_of(const loadgen::SeenSoFar& seen, const loadgen::Scenario& scenario,
                                const loadgen::RunRecord& record) {
    api::LoadEndToEnd found;
    for (std::size_t i = 0; i < record.endpoints() && i < scenario.requests.size(); ++i) {
        const loadgen::RequestKind& kind = scenario.requests[i];
        const loadgen::Totals& totals = record.endpoints() == 1 ? record.totals() : record.endpoint_totals(i);
        if (writes_events(kind)) found.acknowledged += totals.done() * kind.batch;
    }
    found.visible = seen.visible;
    found.missing = found.acknowledged - std::min(found.acknowledged, seen.visible);
    found.repeated = seen.repeated;
    found.out_of_order = seen.out_of_order;
    found.query_p50_ms = seen.query_p50_ms;
    found.query_p99_ms = seen.query_p99_ms;
    found.live_p50_ms = seen.live_p50_ms;
    found.live_p99_ms = seen.live_p99_ms;
    return found;
}

api::LoadEndToEnd end_to_end_of(const loadgen::EndToEndReport& report) {
    return {report.acknowledged,
            report.visible,
            report.lost,
            report.repeated,
            report.out_of_order,
            quantile_ms(report.freshness_query, 0.5),
            quantile_ms(report.freshness_query, 0.99),
            quantile_ms(report.freshness_live, 0.5),
            quantile_ms(report.freshness_live, 0.99)};
}

LoadStatusMaker::LoadStatusMaker(std::string run_id, const loadgen::Scenario& scenario)
    : LoadStatusMaker(std::move(run_id), api::shown_plan(scenario)) {
    base_.name = scenario.name;
    base_.planned_seconds = base_.plan.duration_seconds;
    if (scenario.recording) base_.replay = api::LoadReplay{scenario.replay.speed, scenario.recording->highest_speed};
}

LoadStatusMaker::LoadStatusMaker(std::string run_id, api::LoadPlan plan) {
    base_.run_id = std::move(run_id);
    base_.plan = std::move(plan);
}

api::LoadStatus LoadStatusMaker::starting() const {
    api::LoadStatus status = base_;
    status.state = api::LoadState::Starting;
    return status;
}

api::LoadStatus LoadStatusMaker::failed(std::string why) const {
    api::LoadStatus status = base_;
    status.state = api::LoadState::Failed;
    status.error = std::move(why);
    return status;
}

void LoadStatusMaker::look_for(std::vector<std::string> objectives, double budget_seconds) {
    base_.capacity.emplace();
    base_.capacity->objectives = std::move(objectives);
    base_.capacity->budget_seconds = budget_seconds;
    base_.planned_seconds = budget_seconds;
}

api::LoadStatus LoadStatusMaker::search(const std::vector<loadgen::CapacityOutcome>& steps,
                                        const loadgen::CapacityAnswer* answer,
                                        const loadgen::CapacityOutcome* current) const {
    api::LoadStatus status = base_;
    status.state = answer ? api::LoadState::Done : api::LoadState::Running;
    api::LoadCapacity& capacity = *status.capacity;
    for (const loadgen::CapacityOutcome& step : steps) {
        const bool held = step.state == loadgen::StepState::Held;
        capacity.steps.push_back(step_of(step));
        status.sent += static_cast<std::uint64_t>(std::llround(step.offered_rate * step.seconds));
        status.done += static_cast<std::uint64_t>(std::llround(step.answered_rate * step.seconds));
        status.elapsed_seconds = step.at_seconds;
        if (held) capacity.rate = std::max(capacity.rate, step.rate);
    }
    if (current) {
        capacity.steps.push_back(step_of(*current));
        capacity.steps.back().held = false;
        capacity.steps.back().limiting.clear();
        status.rate = current->rate;
        status.sent += static_cast<std::uint64_t>(std::llround(current->offered_rate * current->seconds));
        status.done += static_cast<std::uint64_t>(std::llround(current->answered_rate * current->seconds));
        status.elapsed_seconds = current->at_seconds;
    }
    status.planned = status.sent;
    if (!answer) return status;
    status.elapsed_seconds = answer->seconds;
    capacity.end = to_string(answer->end);
    capacity.rate = answer->rate;
    capacity.low = answer->low;
    capacity.high = answer->high;
    capacity.limiting = answer->limiting;
    capacity.limiting_stage = answer->limiting_stage;
    return status;
}

api::CapacityReport capacity_report(const api::LoadStatus& last, Timestamp started_at, std::string scenario_text,
                                    std::string_view end) {
    const loadgen::Machine machine = loadgen::this_machine();
    api::CapacityReport report;
    report.run_id = last.run_id;
    report.started_at = started_at;
    report.name = last.name;
    report.url = last.plan.url;
    report.scenario = std::move(scenario_text);
    report.seed = last.plan.seed;
    report.host = machine.host;
    report.build = machine.build;
    report.seconds = last.elapsed_seconds;
    report.capacity = *last.capacity;
    if (report.capacity.end.empty()) report.capacity.end = end;
    return report;
}

api::LoadStatus LoadStatusMaker::make(const loadgen::Progress& progress, const loadgen::ThresholdWatch* thresholds,
                                      const loadgen::RunObjectives* objectives) {
    using loadgen::RunState;
    const loadgen::RunRecord& record = *progress.record;
    const loadgen::Totals& totals = record.totals();
    api::LoadStatus status = base_;
    status.state = progress.state == RunState::Running ? api::LoadState::Running
                   : progress.state == RunState::Done  ? api::LoadState::Done
                                                       : api::LoadState::Stopped;
    status.planned = totals.planned;
    status.sent = totals.sent;
    status.done = totals.done();
    status.failed = totals.failed();
    status.unfinished = totals.unfinished();
    status.p50_ms = quantile_ms(record.response(), 0.50);
    status.p95_ms = quantile_ms(record.response(), 0.95);
    status.p99_ms = quantile_ms(record.response(), 0.99);
    status.max_ms = static_cast<double>(record.response().max_micros()) / 1000;
    status.send_lag_p99_ms = quantile_ms(record.generator_lag(), 0.99);
    status.elapsed_seconds = static_cast<double>(progress.elapsed_nanos) / 1e9;
    status.rate = progress.rate;
    status.paused = progress.paused;
    if (status.replay) status.replay->speed = progress.speed;
    status.service = duration_of(record.service());
    status.send_lag = duration_of(record.send_lag());
    status.errors = errors_of(record);
    if (thresholds) {
        for (const loadgen::ThresholdResult& result : thresholds->now(record, progress.elapsed_nanos))
            status.thresholds.push_back({to_text(result.threshold), result.passed, result.measured});
    }
    if (objectives) status.objectives = objectives_of(*objectives);
    const std::vector<loadgen::SecondRow>& ended = record.ended_seconds();
    status.seconds.reserve(ended.size() - ended_seen_ + 1);
    for (; ended_seen_ < ended.size(); ++ended_seen_) {
        status.seconds.push_back(second_of(ended[ended_seen_]));
        if (const auto buckets = histogram_buckets(record.seconds().response_payload(ended_seen_)))
            status.seconds.back().heat = api::heat_of(*buckets);
    }
    status.seconds.push_back(second_of(record.current_second()));
    if (const loadgen::CurrentSecond current = record.current(); current.response)
        status.seconds.back().heat = api::heat_of(buckets_of(*current.response));
    return status;
}

}  // namespace streamgauge::daemon
