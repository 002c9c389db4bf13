// SPDX-License-Identifier: GPL-3.0-or-later
// `streamgauged load-worker`: the process in which the load service runs a scenario. Not for people.
#pragma once

namespace CLI {
class App;
}

namespace streamgauge::daemon {

// Standard input: so many bytes of scenario as --scenario-bytes says, then an action of the hand on each line. Standard
// output: a status on each line (api/codec.h), and behind the last one the report on a line of its own
// (loadgen/report_text.h). Exit code: 0 it ran, 1 no answer during the whole run, 2 the scenario is wrong.
void add_load_worker_command(CLI::App& app, int& exit_code);

}  // namespace streamgauge::daemon
