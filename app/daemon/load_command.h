// SPDX-License-Identifier: GPL-3.0-or-later
// `streamgauged load`: the load generator on the command line, and the process that the load service starts.
#pragma once

namespace CLI {
class App;
}

namespace streamgauge {

// Registers the subcommand. When it is parsed it runs at once, to the end, on the calling thread, and sets `exit_code`:
// as k6's where it has one: 0 done, 1 no answer from the target during the whole run, 99 a threshold failed, 103 the
// kernel refused, 104 a wrong value or scenario, 105 stopped by a signal or by hand, 108 stopped by the error brake.
// While it runs it owns SIGINT, SIGTERM and SIGPIPE.
void add_load_command(CLI::App& app, int& exit_code);

}  // namespace streamgauge
