// SPDX-License-Identifier: GPL-3.0-or-later
// Objectives as OpenSLO v1 documents (https://github.com/OpenSLO/OpenSLO), there and back.
//
// Read are Service, SLI, SLO, AlertPolicy, AlertCondition and AlertNotificationTarget, inline or by reference;
// DataSource is passed over. What an indicator counts stands in its metricSource, whose type is Streamgauge:
//
//   metricSource: {type: Streamgauge, spec: {kind: latency, route: /events, thresholdMs: 300}}
//
// OpenSLO has one lookback window for each condition, and no names for some of what an Objective has: these are
// annotations, "streamgauge/short-window" of an AlertCondition or AlertPolicy, and "streamgauge/..." of an SLO.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "slo/objective.h"

namespace streamgauge::slo {

inline constexpr std::size_t kOpenSloBytes = 256 * 1024;
inline constexpr std::size_t kOpenSloObjectives = 200;

struct OpenSloImport {
    std::vector<Objective> objectives;  // in the order of the text; an SLO with several objectives gives one each
    std::vector<std::string> notes;     // what was passed over
};
// InvalidArgument: the message begins with "line 3, column 5: ", Error::field is the path
// ("spec.objectives[0].target").
Result<OpenSloImport> read_openslo(std::string_view yaml);

// read_openslo() gives the same objectives again.
std::string write_openslo(const std::vector<Objective>& objectives);

}  // namespace streamgauge::slo
