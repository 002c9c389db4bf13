// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/compare_report.h"

namespace streamgauge::loadgen {

ComparedRun compared_run(const RunReport& report) {
    ComparedRun run;
    run.run_id = report.run_id;
    run.conditions = {{"scenario", report.scenario},
                      {"target", report.url},
                      {"seed", std::to_string(report.seed)},
                      {"generator", report.machine.build},
                      {"machine", report.machine.host},
                      {"processor", report.machine.processor},
                      {"cores", std::to_string(report.machine.cores)},
                      {"kernel", report.machine.kernel}};
    if (report.certificate.verdict != Validity::Valid) {
        std::string doubt = "its generator is " + std::string(to_string(report.certificate.verdict));
        for (const std::string& reason : report.certificate.reasons) doubt += "; " + reason;
        run.doubts.push_back(std::move(doubt));
    }
    if (report.totals.done() == 0 && report.totals.failed() > 0) run.doubts.push_back("every request of it failed");
    if (report.state == RunState::Interrupted) run.doubts.push_back("it was interrupted: " + report.stopped_by);
    if (report.state == RunState::Stopped)
        run.doubts.push_back("it was stopped early" +
                             (report.stopped_by.empty() ? std::string() : " by " + report.stopped_by));
    if (report.totals.unfinished() > 0)
        run.doubts.push_back(std::to_string(report.totals.unfinished()) +
                             " requests were never answered: their response times are in no percentile");
    for (const SecondReport& second : report.seconds)
        run.seconds.push_back(
            {second.row.planned, second.row.ok, second.row.limited + second.row.other, second.response.buckets()});
    return run;
}

}  // namespace streamgauge::loadgen
