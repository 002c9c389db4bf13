// SPDX-License-Identifier: GPL-3.0-or-later
// The load subcommands alone, as a program: what the tests of the generator and of the load service start when they
// need a process of its own and nothing else of streamgauged.
#include <CLI/CLI.hpp>

#include "daemon/load_command.h"
#include "daemon/load_runs_command.h"
#include "daemon/load_worker_command.h"

int main(int argc, char** argv) {
    CLI::App app;
    app.require_subcommand(1);
    int exit_code = 0;
    streamgauge::add_load_command(app, exit_code);
    streamgauge::daemon::add_load_worker_command(app, exit_code);
    streamgauge::daemon::add_load_runs_commands(app, exit_code);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return exit_code;
}
