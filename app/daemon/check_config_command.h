// SPDX-License-Identifier: GPL-3.0-or-later
// `streamgauged check-config`: what a server would run with, and where each value comes from.
#pragma once

namespace CLI {
class App;
}

namespace streamgauge::daemon {

// Adds the subcommand. When it is chosen, `exit_code` becomes 0, or 2 when a setting is wrong. Starts nothing.
void add_check_config_command(CLI::App& program, int& exit_code);

}  // namespace streamgauge::daemon
