// SPDX-License-Identifier: GPL-3.0-or-later
// `streamgauged serve`: runs the backend until it is told to stop.
#pragma once

namespace CLI {
class App;
}

namespace streamgauge::daemon {

// Adds the subcommand. When it is chosen it serves until SIGTERM or SIGINT, drains, and sets `exit_code`: 0 after a
// clean stop, otherwise one of exit_codes.h.
void add_serve_command(CLI::App& program, int& exit_code);

}  // namespace streamgauge::daemon
