// SPDX-License-Identifier: GPL-3.0-or-later
// streamgauged: the headless server and the operator's tool. Each subcommand is a file of its own.
#include <CLI/CLI.hpp>

#include <iostream>
#include <string>
#include <vector>

#include "daemon/audit_command.h"
#include "daemon/check_config_command.h"
#include "daemon/doctor_command.h"
#include "daemon/exit_codes.h"
#include "daemon/load_capacity_command.h"
#include "daemon/load_command.h"
#include "daemon/load_runs_command.h"
#include "daemon/load_worker_command.h"
#include "daemon/reset_command.h"
#include "daemon/serve_command.h"
#include "daemon/smoke_command.h"
#include "daemon/token_command.h"

namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  streamgauged                                   serve on 127.0.0.1:8080\n"
    "  streamgauged serve --data-dir ./data --listen 127.0.0.1:0\n"
    "  streamgauged load --url http://127.0.0.1:8080/events --rate 1000 --duration 30\n"
    "  streamgauged smoke                             try every form of client out on a server of its own\n"
    "  streamgauged token create --name web --scope ingest   make an API key\n"
    "  streamgauged check-config --config streamgauge.toml\n"
    "  streamgauged audit --data-dir ./data           compute every number again and compare\n"
    "\n"
    "Send an event and ask for the numbers:\n"
    "  curl -d '{\"event_type\":\"click\",\"user_id\":\"u1\",\"page_url\":\"/home\"}' http://127.0.0.1:8080/events\n"
    "  curl 'http://127.0.0.1:8080/metrics/top_pages?limit=10&minutes=15'\n"
    "\n"
    "streamgauged COMMAND --help explains a command.";

// `streamgauged --data-dir D` means `streamgauged serve --data-dir D`.
std::vector<std::string> with_default_command(int argc, char** argv) {
    std::vector<std::string> arguments(argv + 1, argv + argc);
    const bool names_none = arguments.empty() || (arguments[0].starts_with('-') && arguments[0] != "--help" &&
                                                  arguments[0] != "-h" && arguments[0] != "--version");
    if (names_none) arguments.insert(arguments.begin(), "serve");
    // `load` has options that its own subcommands have not.
    if (arguments.size() > 1 && arguments[0] == "load") {
        for (const char* own : {"capacity", "compare", "runs"}) {
            if (arguments[1] != own) continue;
            arguments.erase(arguments.begin());
            arguments[0].insert(0, "load-");
            break;
        }
    }
    return arguments;
}

}  // namespace

int main(int argc, char** argv) {
    using namespace streamgauge::daemon;
    CLI::App program("Streamgauge's server: takes events in, aggregates them as they come, and answers questions.",
                     "streamgauged");
    program.set_version_flag("--version", "streamgauged " STREAMGAUGE_VERSION);
    program.footer(kExamples);
    program.require_subcommand(1);
    int exit_code = 0;
    add_serve_command(program, exit_code);
    streamgauge::add_load_command(program, exit_code);
    add_load_capacity_command(program, exit_code);
    add_load_runs_commands(program, exit_code);
    add_load_worker_command(program, exit_code);
    add_smoke_command(program, exit_code);
    add_doctor_command(program, exit_code);
    add_check_config_command(program, exit_code);
    add_audit_command(program, exit_code);
    add_replay_command(program, exit_code);
    add_reset_command(program, exit_code);
    add_token_command(program, exit_code);
    add_user_command(program, exit_code);
    add_project_command(program, exit_code);
    std::vector<std::string> arguments = with_default_command(argc, argv);
    std::reverse(arguments.begin(), arguments.end());  // the parser takes them from the back
    try {
        program.parse(arguments);
    } catch (const CLI::ParseError& error) {
        return program.exit(error, std::cout, std::cerr) == 0 ? 0 : kExitConfiguration;
    }
    return exit_code;
}
