// SPDX-License-Identifier: GPL-3.0-or-later
// `streamgauged token`, `user` and `project`: who may what, from the command line of the server's machine. Whoever can
// read and write the data directory may.
#pragma once

namespace CLI {
class App;
}

namespace streamgauge::daemon {

// Each adds a subcommand with its own. When one is chosen it changes or lists and sets `exit_code`: 0, or one of
// exit_codes.h.
void add_token_command(CLI::App& program, int& exit_code);
void add_user_command(CLI::App& program, int& exit_code);
void add_project_command(CLI::App& program, int& exit_code);

}  // namespace streamgauge::daemon
