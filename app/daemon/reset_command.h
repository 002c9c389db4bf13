// SPDX-License-Identifier: GPL-3.0-or-later
// `streamgauged reset`: empties a data directory. Deletes only files that Streamgauge makes, and never under a running
// server.
#pragma once

namespace CLI {
class App;
}

namespace streamgauge::daemon {

// Adds the subcommand. When it is chosen, `exit_code` becomes 0 when the directory is empty of our files, otherwise one
// of exit_codes.h (1 also when the person said no).
void add_reset_command(CLI::App& program, int& exit_code);

}  // namespace streamgauge::daemon
