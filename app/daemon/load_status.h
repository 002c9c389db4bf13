// SPDX-License-Identifier: GPL-3.0-or-later
// Turns the engine's record into status messages that carry only the seconds that are new or changed.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "api/capacity_reports.h"
#include "api/types.h"
#include "loadgen/capacity_search.h"
#include "loadgen/end_to_end.h"
#include "loadgen/engine.h"
#include "loadgen/run_objectives.h"
#include "loadgen/scenario.h"
#include "loadgen/threshold_watch.h"

namespace streamgauge::daemon {

// Of a run that goes on, and of one whose check is over.
api::LoadEndToEnd end_to_end_of(const loadgen::SeenSoFar& seen, const loadgen::Scenario& scenario,
                                const loadgen::RunRecord& record);
api::LoadEndToEnd end_to_end_of(const loadgen::EndToEndReport& report);

class LoadStatusMaker {
public:
    LoadStatusMaker(std::string run_id, api::LoadPlan plan);
    LoadStatusMaker(std::string run_id, const loadgen::Scenario& scenario);

    api::LoadStatus starting() const;
    api::LoadStatus failed(std::string why) const;
    // `thresholds` and `objectives`: of this run, up to now; null: none are shown.
    api::LoadStatus make(const loadgen::Progress& progress, const loadgen::ThresholdWatch* thresholds = nullptr,
                         const loadgen::RunObjectives* objectives = nullptr);
    // Of a search: its steps so far, and its answer once there is one. Behind them stands the step that is under way,
    // where there is one: it has neither held, nor does it name what failed.
    api::LoadStatus search(const std::vector<loadgen::CapacityOutcome>& steps, const loadgen::CapacityAnswer* answer,
                           const loadgen::CapacityOutcome* current = nullptr) const;
    void look_for(std::vector<std::string> objectives, double budget_seconds);

private:
    api::LoadStatus base_;
    std::size_t ended_seen_ = 0;
};

// A search as it is kept. `end` is of one that gave no answer: why.
api::CapacityReport capacity_report(const api::LoadStatus& last, Timestamp started_at, std::string scenario_text,
                                    std::string_view end);

}  // namespace streamgauge::daemon
