// SPDX-License-Identifier: GPL-3.0-or-later
// Turns the engine's record into status messages that carry only the seconds that are new or changed.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "api/types.h"
#include "loadgen/capacity_search.h"
#include "loadgen/engine.h"
#include "loadgen/scenario.h"
#include "loadgen/threshold_watch.h"

namespace streamgauge::daemon {

class LoadStatusMaker {
public:
    LoadStatusMaker(std::string run_id, api::LoadPlan plan);
    LoadStatusMaker(std::string run_id, const loadgen::Scenario& scenario);

    api::LoadStatus starting() const;
    api::LoadStatus failed(std::string why) const;
    // `thresholds`: of this run, up to now; null: none are shown.
    api::LoadStatus make(const loadgen::Progress& progress, const loadgen::ThresholdWatch* thresholds = nullptr);
    // Of a search: its steps so far, and its answer once there is one.
    api::LoadStatus search(const std::vector<loadgen::CapacityOutcome>& steps,
                           const loadgen::CapacityAnswer* answer) const;
    void look_for(std::vector<std::string> objectives, double budget_seconds);

private:
    api::LoadStatus base_;
    std::size_t ended_seen_ = 0;
};

}  // namespace streamgauge::daemon
