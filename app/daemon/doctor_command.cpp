// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/doctor_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "daemon/config_options.h"
#include "daemon/doctor_checks.h"
#include "daemon/exit_codes.h"

namespace streamgauge::daemon {

namespace {

void print_table(const std::vector<Finding>& findings, std::ostream& out) {
    for (const Finding& finding : findings) {
        const char* mark = finding.grade == Grade::Good     ? "good   "
                           : finding.grade == Grade::Advice ? "ADVICE "
                                                            : "PROBLEM";
        out << mark << "  " << std::left << std::setw(14) << finding.check << finding.what << '\n';
        if (!finding.advice.empty()) out << std::string(23, ' ') << "-> " << finding.advice << '\n';
    }
}

void print_json(const std::vector<Finding>& findings, bool fine, std::ostream& out) {
    nlohmann::json rows = nlohmann::json::array();
    for (const Finding& finding : findings) {
        rows.push_back({{"check", finding.check},
                        {"grade", to_string(finding.grade)},
                        {"what", finding.what},
                        {"advice", finding.advice}});
    }
    out << nlohmann::json{{"ok", fine}, {"findings", rows}}.dump(2, ' ', false,
                                                                 nlohmann::json::error_handler_t::replace)
        << '\n';
}

int run_doctor(const ConfigOptions& options, bool as_json) {
    const std::vector<Finding> findings = examine(load_config(options.sources()), ".");
    const auto problems = std::count_if(findings.begin(), findings.end(),
                                        [](const Finding& finding) { return finding.grade == Grade::Problem; });
    if (as_json) {
        print_json(findings, problems == 0, std::cout);
    } else {
        print_table(findings, std::cout);
        if (problems == 0) {
            std::cout << "the server can serve\n";
        } else {
            std::cout << problems << (problems == 1 ? " problem keeps" : " problems keep")
                      << " the server from serving as configured\n";
        }
    }
    return problems == 0 ? 0 : kExitFailed;
}

}  // namespace

void add_doctor_command(CLI::App& program, int& exit_code) {
    CLI::App* command = program.add_subcommand(
        "doctor", "Look at tools, ports, disk, configuration and engines, say what to do; changes nothing");
    command->footer("Takes the flags of serve: it looks at what a server with the same flags would use.");
    const auto options = std::make_shared<ConfigOptions>(*command);
    auto as_json = std::make_shared<bool>(false);
    command->add_flag("--json", *as_json, "Print JSON for programs");
    command->callback([options, as_json, &exit_code] { exit_code = run_doctor(*options, *as_json); });
}

}  // namespace streamgauge::daemon
