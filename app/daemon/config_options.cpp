// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config_options.h"

#include <CLI/CLI.hpp>

namespace streamgauge::daemon {

ConfigOptions::ConfigOptions(CLI::App& command) : command_(command) {
    command.add_option("--config", file_, "TOML file with settings (environment: STREAMGAUGE_CONFIG)")
        ->type_name("FILE");
    const Config defaults;
    for (const SettingSpec& spec : settings()) {
        const std::string key(spec.key);
        std::string help(spec.help);
        if (const std::string value = spec.get(defaults); !value.empty()) help += " Default: " + value + ".";
        help += " (file: " + key + "; environment: " + environment_variable_of(key) + ")";
        if (spec.value_name.empty()) {
            command.add_flag(flag_of(key), switches_[key], help);
            continue;
        }
        CLI::Option* option = command.add_option(flag_of(key), values_[key], help);
        option->type_name(std::string(spec.value_name))->allow_extra_args(false);
        if (!spec.list) option->expected(1);
    }
}

ConfigSources ConfigOptions::sources() const {
    ConfigSources sources;
    sources.file = file_;
    sources.environment = process_environment();
    for (const SettingSpec& spec : settings()) {
        const std::string key(spec.key);
        if (command_.count(flag_of(key)) == 0) continue;
        if (spec.value_name.empty()) {
            sources.flags.emplace_back(key, std::vector<std::string>{switches_.at(key) ? "true" : "false"});
        } else {
            sources.flags.emplace_back(key, values_.at(key));
        }
    }
    return sources;
}

}  // namespace streamgauge::daemon
