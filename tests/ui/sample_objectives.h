// SPDX-License-Identifier: GPL-3.0-or-later
// Invented objectives in every state, for scenes and page tests.
#pragma once

#include <memory>
#include <vector>

#include "api/objective_service.h"

namespace streamgauge::tests {

// Healthy, burning, spent, cooling, without data, ...: least budget first. `now`: what their times are about.
std::vector<api::ObjectiveStatus> sample_objectives(Timestamp now);
// Answers from those, with a past that fits them; keeps what it is told.
std::shared_ptr<api::ObjectiveService> sample_objective_service(std::vector<api::ObjectiveStatus> statuses);

}  // namespace streamgauge::tests
