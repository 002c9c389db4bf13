// SPDX-License-Identifier: GPL-3.0-or-later
// `streamgauged doctor`: looks at the machine and the configuration, says what to do about each finding, and changes
// nothing.
#pragma once

namespace CLI {
class App;
}

namespace streamgauge::daemon {

// Adds the subcommand. When it is chosen, `exit_code` becomes 0 when the server can serve, 1 when a finding prevents
// it.
void add_doctor_command(CLI::App& program, int& exit_code);

}  // namespace streamgauge::daemon
