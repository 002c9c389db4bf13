// SPDX-License-Identifier: GPL-3.0-or-later
// The subcommands audit and replay: what the store holds against the journal, and the store made again from it.
#pragma once

namespace CLI {
class App;
}

namespace streamgauge::daemon {

void add_audit_command(CLI::App& program, int& exit_code);
void add_replay_command(CLI::App& program, int& exit_code);

}  // namespace streamgauge::daemon
