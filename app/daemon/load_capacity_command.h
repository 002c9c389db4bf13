// SPDX-License-Identifier: GPL-3.0-or-later
// `streamgauged load capacity`: the highest rate at which a server holds its objectives.
#pragma once

namespace CLI {
class App;
}

namespace streamgauge::daemon {

// Registers the subcommand as "load-capacity", which is what `load capacity` is read as. Exit code: 0 found, 1 not
// found (the answer says why), 2 wrong usage.
void add_load_capacity_command(CLI::App& app, int& exit_code);

}  // namespace streamgauge::daemon
