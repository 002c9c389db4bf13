// SPDX-License-Identifier: GPL-3.0-or-later
// `streamgauged load`: the load generator on the command line, and the process that the load service starts.
#pragma once

namespace CLI {
class App;
}

namespace streamgauge {

// Registers the subcommand. When it is parsed it runs at once, to the end, on the calling thread, and sets `exit_code`:
// 0 done (or stopped on request), 1 no answer from the target during the whole run, 2 usage; 99 is kept for thresholds.
// While it runs it owns SIGINT, SIGTERM and SIGPIPE.
void add_load_command(CLI::App& app, int& exit_code);

}  // namespace streamgauge
