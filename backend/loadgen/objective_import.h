// SPDX-License-Identifier: GPL-3.0-or-later
// Objectives of a server for a load run: what GET /api/v1/objectives/export gives, or any OpenSLO v1 document that
// slo/openslo.h reads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "loadgen/lab_objective.h"
#include "loadgen/scenario.h"

namespace streamgauge::loadgen {

struct ObjectiveImport {
    std::vector<LabObjective> objectives;
    std::vector<std::string> left_out;  // what a run of the scenario cannot see, each a sentence with the name
};
// A route ("/events", "POST /items/{id}") is the kind of request with that method and path. A calendar window counts as
// a rolling one of its nominal length. InvalidArgument, field objectives: not such a document, or nothing of it can be
// seen in a run.
Result<ObjectiveImport> import_objectives(std::string_view openslo, const Scenario& scenario);

}  // namespace streamgauge::loadgen
