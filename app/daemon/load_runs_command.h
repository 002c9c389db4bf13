// SPDX-License-Identifier: GPL-3.0-or-later
// `streamgauged load runs` and `streamgauged load compare`: load runs that were kept, and whether they differ.
#pragma once

#include <string>

#include "base/result.h"
#include "loadgen/run_report.h"

namespace CLI {
class App;
}

namespace streamgauge::daemon {

// Registers the subcommands as "load-runs" and "load-compare", which is what `load runs` and `load compare` are read
// as. Exit codes: 0 done (compare: no detectable difference, or better), 1 could not, 2 wrong usage, 99 compare: worse.
// Whether runs can be kept there, in loadruns.db of a directory or in a postgresql:// database; what is missing is
// made. InvalidArgument, field keep.
Status open_kept_runs(const std::string& keep);
// Durable when it returns. At most 500 runs of 90 days are kept, of more the newest.
Status keep_load_run(const std::string& keep, const loadgen::RunReport& report);
// The same of a report as it is given out, which may be a search's.
Status keep_report(const std::string& keep, const std::string& text);

void add_load_runs_commands(CLI::App& app, int& exit_code);

}  // namespace streamgauge::daemon
