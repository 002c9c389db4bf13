// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/load_reading.h"

#include <algorithm>

#include "api/load_heat.h"
#include "api/run_so_far.h"
#include "loadgen/lab_objective.h"
#include "loadgen/report_export.h"
#include "loadgen/report_text.h"
#include "loadgen/scenario_text.h"

namespace streamgauge::viewmodels {

using api::LoadState;

namespace {

double quantile_ms(const Histogram& histogram, double q) {
    return static_cast<double>(histogram.quantile_micros(q)) / 1000;
}

api::LoadDuration duration_of(const Histogram& histogram) {
    return {quantile_ms(histogram, 0.5), quantile_ms(histogram, 0.95), quantile_ms(histogram, 0.99),
            static_cast<double>(histogram.max_micros()) / 1000};
}

api::LoadSecond second_of(const loadgen::SecondReport& report) {
    const loadgen::SecondRow& row = report.row;
    return {row.second,
            row.planned,
            row.sent,
            row.ok,
            row.limited,
            row.other,
            row.avg_ms,
            row.p50_ms,
            row.p95_ms,
            row.p99_ms,
            api::heat_of(report.response.buckets())};
}

// What a status would have said at the end of the run.
api::LoadStatus status_of(const loadgen::RunReport& report) {
    api::LoadStatus status;
    status.run_id = report.run_id;
    status.name = report.name;
    status.state = report.totals.answered() == 0 && report.state == loadgen::RunState::Done ? LoadState::Failed
                   : report.state == loadgen::RunState::Done                                ? LoadState::Done
                                                                                            : LoadState::Stopped;
    status.plan.url = report.url;
    status.plan.seed = report.seed;
    status.plan.duration_seconds = report.planned_seconds;
    if (const auto scenario = loadgen::parse_scenario(report.scenario); scenario.ok()) {
        status.plan.arrivals = scenario->replays()                              ? api::Arrivals::Replay
                               : scenario->spacing == loadgen::Spacing::Poisson ? api::Arrivals::Poisson
                                                                                : api::Arrivals::Even;
        if (!scenario->stages.empty()) status.plan.rate = scenario->stages.front().rate;
    }
    status.planned_seconds = report.planned_seconds;
    status.elapsed_seconds = report.elapsed_seconds;
    status.planned = report.totals.planned;
    status.sent = report.totals.sent;
    status.done = report.totals.done();
    status.failed = report.totals.failed();
    status.unfinished = report.totals.unfinished();
    const api::LoadDuration response = duration_of(report.durations.response);
    status.p50_ms = response.p50_ms;
    status.p95_ms = response.p95_ms;
    status.p99_ms = response.p99_ms;
    status.max_ms = response.max_ms;
    status.service = duration_of(report.durations.service);
    status.send_lag = duration_of(report.durations.send_lag);
    status.send_lag_p99_ms = report.certificate.send_lag_p99_ms;
    for (const loadgen::ErrorGroup& group : report.errors) {
        const auto found = std::find_if(status.errors.begin(), status.errors.end(),
                                        [&](const api::NamedCount& error) { return error.name == group.kind; });
        if (found == status.errors.end()) {
            status.errors.push_back({group.kind, group.count});
        } else {
            found->count += group.count;
        }
    }
    for (const loadgen::ThresholdResult& result : report.thresholds)
        status.thresholds.push_back({loadgen::to_text(result.threshold), result.passed, result.measured});
    for (const loadgen::ObjectiveResult& result : report.objectives) {
        api::LoadObjective& objective = status.objectives.emplace_back();
        objective.name = result.objective.name;
        objective.promise = loadgen::promise_text(result.objective);
        objective.kind = loadgen::kind_text(result.objective.indicator.kind);
        objective.target = result.objective.target;
        objective.good = result.counted.good;
        objective.total = result.counted.total;
        objective.held = result.held;
        objective.left = result.lowest_left;  // of the worst window, by which it is judged
        for (const loadgen::ObjectiveAlert& alert : result.alerts) objective.fired += alert.fired;
    }
    return status;
}

api::LoadStatus status_of(const api::CapacityReport& report) {
    api::LoadStatus status;
    status.run_id = report.run_id;
    status.name = report.name;
    status.state = report.capacity.end == "stopped" || report.capacity.end.starts_with(api::kInterrupted)
                       ? LoadState::Stopped
                       : LoadState::Done;
    status.plan.url = report.url;
    status.plan.seed = report.seed;
    status.plan.arrivals = api::Arrivals::Poisson;
    status.plan.duration_seconds = status.planned_seconds = report.capacity.budget_seconds;
    status.elapsed_seconds = report.seconds;
    for (const api::LoadCapacityStep& step : report.capacity.steps) {
        status.sent += static_cast<std::uint64_t>(step.rate * step.seconds);
        status.done += static_cast<std::uint64_t>(step.answered_rate * step.seconds);
    }
    status.planned = status.sent;
    status.capacity = report.capacity;
    return status;
}

}  // namespace

bool LoadReading::interrupted() const {
    return run ? run->state == loadgen::RunState::Interrupted : search->capacity.end.starts_with(api::kInterrupted);
}

LoadReadingPtr reading_of(loadgen::RunReport report) {
    auto reading = std::make_shared<LoadReading>();
    reading->status = status_of(report);
    reading->seconds.reserve(report.seconds.size());
    for (const loadgen::SecondReport& second : report.seconds) reading->seconds.push_back(second_of(second));
    reading->run = std::move(report);
    return reading;
}

Result<LoadReadingPtr> read_load_report(const std::string& text) {
    if (!api::is_capacity_report(text)) {
        Result<loadgen::RunReport> report = loadgen::parse_run_report(text);
        if (!report) return report.error();
        return reading_of(std::move(report).value());
    }
    Result<api::CapacityReport> report = api::decode_capacity_report(text);
    if (!report) return report.error();
    auto reading = std::make_shared<LoadReading>();
    reading->status = status_of(*report);
    reading->search = std::move(report).value();
    return LoadReadingPtr(std::move(reading));
}

std::string load_report_as(const LoadReading& report, const std::string& kind) {
    if (report.search) {
        if (kind == "json") return api::encode(*report.search);
        return kind == "csv" ? api::steps_csv(*report.search) : std::string();
    }
    const loadgen::ReportExport* form = loadgen::find_report_export(kind);
    return form ? form->make(*report.run) : std::string();
}

}  // namespace streamgauge::viewmodels
