// SPDX-License-Identifier: GPL-3.0-or-later
// `streamgauged load runs` and `streamgauged load compare`: load runs that were kept, and whether they differ.
#pragma once

namespace CLI {
class App;
}

namespace streamgauge::daemon {

// Registers the subcommands as "load-runs" and "load-compare", which is what `load runs` and `load compare` are read
// as. Exit codes: 0 done (compare: no detectable difference, or better), 1 could not, 2 wrong usage, 99 compare: worse.
void add_load_runs_commands(CLI::App& app, int& exit_code);

}  // namespace streamgauge::daemon
