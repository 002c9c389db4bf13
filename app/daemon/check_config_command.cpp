// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/check_config_command.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <memory>

#include "daemon/config_options.h"
#include "daemon/exit_codes.h"
#include "server/metric_settings.h"

namespace streamgauge::daemon {

namespace {

int check_config(const ConfigOptions& options) {
    const auto loaded = load_config(options.sources());
    if (!loaded.ok()) {
        std::cerr << "streamgauged: the configuration is wrong:\n" << loaded.error().describe() << "\n";
        return kExitConfiguration;
    }
    if (const auto metrics = configured_metrics(loaded->config); !metrics.ok()) {
        std::cerr << "streamgauged: the declared metrics are wrong:\n" << metrics.error().message << "\n";
        return kExitConfiguration;
    }
    std::size_t key_width = 0, value_width = 0;
    for (const Setting& setting : loaded->settings) {
        key_width = std::max(key_width, setting.key.size());
        value_width = std::max(value_width, std::min<std::size_t>(setting.value.size(), 40));
    }
    const auto padded = [](std::string text, std::size_t width) {
        text.resize(std::max(text.size(), width), ' ');
        return text;
    };
    for (const Setting& setting : loaded->settings) {
        std::cout << padded(setting.key, key_width) << " = " << padded(setting.value, value_width) << "  "
                  << to_string(setting.origin) << (setting.detail.empty() ? "" : " " + setting.detail) << "\n";
    }
    for (const std::string& warning : loaded->warnings) std::cerr << "warning: " << warning << "\n";
    return 0;
}

}  // namespace

void add_check_config_command(CLI::App& program, int& exit_code) {
    CLI::App* command = program.add_subcommand(
        "check-config", "Print every setting's effective value and where it comes from; exit 2 when one is wrong");
    command->footer(
        "Takes the flags of serve. Example:\n"
        "  STREAMGAUGE_HTTP_THREADS=2 streamgauged check-config --config streamgauge.toml --listen 127.0.0.1:0");
    const auto options = std::make_shared<ConfigOptions>(*command);
    command->callback([options, &exit_code] { exit_code = check_config(*options); });
}

}  // namespace streamgauge::daemon
