// SPDX-License-Identifier: GPL-3.0-or-later
// `streamgauged smoke`: sends events in every form to a server of its own (or to --url), checks each answer and the
// numbers afterwards, and prints a table.
#pragma once

namespace CLI {
class App;
}

namespace streamgauge::daemon {

// Adds the subcommand. When it is chosen, `exit_code` becomes 0 when everything was as it should be, otherwise 1.
void add_smoke_command(CLI::App& program, int& exit_code);

}  // namespace streamgauge::daemon
