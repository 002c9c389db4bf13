// SPDX-License-Identifier: GPL-3.0-or-later
// Levels (Gauge): joins minus leaves, never below 0, at the end of each step.
#pragma once

#include "query/executor.h"

namespace streamgauge::query {

// level = max(0, level + net), window by window from the one at kNoWindow on, which stands for all that are no longer
// kept. Groups that are asked for together are levels added up.
Result<Executed> execute_levels(StoreSnapshot& snapshot, const Plan& plan, const Reading& reading,
                                const PointsQuery& query, const Watch& watch);

}  // namespace streamgauge::query
