// SPDX-License-Identifier: GPL-3.0-or-later
// A run's report from its record: the value that everything that is said of a run is made of.
#pragma once

#include <string>

#include "loadgen/own_usage.h"
#include "loadgen/run_objectives.h"
#include "loadgen/run_record.h"
#include "loadgen/run_report.h"
#include "loadgen/scenario.h"
#include "loadgen/threshold_watch.h"

namespace streamgauge::loadgen {

struct RunFacts {
    std::string run_id;
    std::string scenario_text;  // without secrets
    RunState state = RunState::Done;
    StopReason stopped_by = StopReason::None;
    bool stopped_by_threshold = false;
    std::int64_t elapsed_nanos = 0;  // start to last answer, or to giving up
};

// `thresholds`, `usage` and `objectives`: of this run, up to its end. `end_to_end`: null when it was not checked.
// `objectives`: null when none were watched.
RunReport make_report(const Scenario& scenario, const RunFacts& facts, const RunRecord& record, const OwnUsage& usage,
                      ThresholdWatch& thresholds, const EndToEndReport* end_to_end = nullptr,
                      RunObjectives* objectives = nullptr);

// Every threshold has passed and every objective was held; without any there is nothing to fail. What was interrupted
// has not passed.
bool passed(const RunReport& report);

}  // namespace streamgauge::loadgen
