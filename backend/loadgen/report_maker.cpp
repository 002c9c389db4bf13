// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/report_maker.h"

#include "loadgen/certificate.h"

namespace streamgauge::loadgen {

RunReport make_report(const Scenario& scenario, const RunFacts& facts, const RunRecord& record, const OwnUsage& usage,
                      ThresholdWatch& thresholds, const EndToEndReport* end_to_end) {
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
    report.seconds.push_back({last.row, SparseHistogram(*last.response), SparseHistogram(*last.unanswered)});
    report.errors = record.errors();
    report.stages = record.stages();
    report.hand = record.actions();
    report.thresholds = thresholds.finish(record, facts.elapsed_nanos, facts.state == RunState::Stopped, end_to_end);
    if (end_to_end != nullptr) report.end_to_end = *end_to_end;

    CertificateFacts certificate;
    certificate.generator_lag = &record.generator_lag();
    certificate.watch = &record.generator();
    certificate.spacing = scenario.spacing;
    certificate.closed_loop = scenario.closed_loop;
    certificate.planned = record.totals().planned;
    certificate.dropped = record.totals().dropped;
    certificate.elapsed_seconds = report.elapsed_seconds;
    certificate.cpu_seconds = usage.cpu_seconds();
    certificate.clock_step_ms = usage.clock_step_ms();
    report.certificate = certify(certificate);
    return report;
}

}  // namespace streamgauge::loadgen
