// SPDX-License-Identifier: GPL-3.0-or-later
// The load runs that ended, over REST: listed, given out with their reports, removed and compared.
#pragma once

#include "api/load_runs.h"
#include "http/route_table.h"

namespace streamgauge {

// `runs` must outlive the table.
Status add_load_run_routes(http::RouteTable& table, api::LoadRuns& runs);

}  // namespace streamgauge
