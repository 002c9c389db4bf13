// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/report_maker.h"

#include <algorithm>

#include "loadgen/certificate.h"
#include "loadgen/recording.h"

namespace streamgauge::loadgen {
namespace {

ReplayReport replay_report(const Replay& replay, const Recording& recording) {
    ReplayReport report;
    report.source = replay.journal.empty() ? "access log " + replay.access_log : "journal " + replay.journal;
    report.speed = replay.speed;
    report.first = recording.first;
    report.last = recording.last;
    report.requests = recording.requests.size();
    report.events = recording.events;
    report.left_out = recording.left_out;
    report.left_out_methods = recording.left_out_methods;
    report.busiest_second = recording.busiest_second;
    return report;
}

}  // namespace

RunReport make_report(const Scenario& scenario, const RunFacts& facts, const RunRecord& record, const OwnUsage& usage,
                      ThresholdWatch& thresholds, const EndToEndReport* end_to_end, RunObjectives* objectives) {
    RunReport report;
    report.run_id = facts.run_id;
    report.started_at = usage.started_at();
    report.name = scenario.name;
    report.url = scenario.url;
    report.scenario = facts.scenario_text;
    report.seed = scenario.seed;
    report.machine = this_machine();
    report.state = facts.state;
    report.stopped_by =
        facts.stopped_by_threshold ? std::string("threshold") : std::string(to_string(facts.stopped_by));
    report.elapsed_seconds = static_cast<double>(facts.elapsed_nanos) / 1e9;
    report.planned_seconds = planned_seconds(scenario.stages);
    report.totals = record.totals();
    report.durations = record.durations();
    for (std::size_t i = 0; i < record.endpoints(); ++i)
        report.endpoints.push_back({record.endpoint_name(i), record.endpoint_totals(i), record.endpoint_durations(i)});
    const SecondLog& seconds = record.seconds();
    report.seconds.reserve(seconds.rows().size() + 1);
    for (std::size_t i = 0; i < seconds.rows().size(); ++i)
        report.seconds.push_back({seconds.rows()[i], seconds.response(i), seconds.unanswered(i)});
    const CurrentSecond last = record.current();
    // A run ends a moment after its plan: the second that began with that moment is none of the run's.
    const SecondRow& row = last.row;
    const bool nothing = row.planned + row.sent + row.dropped + row.ok + row.limited + row.other == 0;
    if (!nothing || report.seconds.empty() || static_cast<double>(row.second) < report.planned_seconds)
        report.seconds.push_back({row, SparseHistogram(*last.response), SparseHistogram(*last.unanswered)});
    report.errors = record.errors();
    report.stages = record.stages();
    report.hand = record.actions();
    report.thresholds = thresholds.finish(record, facts.elapsed_nanos, facts.state == RunState::Stopped, end_to_end);
    if (objectives != nullptr) report.objectives = objectives->finish(facts.elapsed_nanos);
    if (end_to_end != nullptr) report.end_to_end = *end_to_end;
    if (scenario.recording) report.replay = replay_report(scenario.replay, *scenario.recording);

    CertificateFacts certificate;
    certificate.generator_lag = &record.generator_lag();
    certificate.watch = &record.generator();
    certificate.spacing = scenario.spacing;
    certificate.closed_loop = scenario.closed_loop;
    certificate.planned = record.totals().planned;
    certificate.dropped = record.totals().dropped;
    certificate.queued = record.queued();
    certificate.max_in_flight = scenario.max_in_flight;
    certificate.elapsed_seconds = report.elapsed_seconds;
    certificate.cpu_seconds = usage.cpu_seconds();
    certificate.clock_step_ms = usage.clock_step_ms();
    report.certificate = certify(certificate);
    report.certificate.real_time = usage.real_time();
    return report;
}

bool passed(const RunReport& report) {
    const auto threshold_passed = [](const ThresholdResult& one) { return one.passed; };
    const auto objective_held = [](const ObjectiveResult& one) { return one.held; };
    if (report.state == RunState::Interrupted) return false;
    return std::all_of(report.thresholds.begin(), report.thresholds.end(), threshold_passed) &&
           std::all_of(report.objectives.begin(), report.objectives.end(), objective_held);
}

}  // namespace streamgauge::loadgen
