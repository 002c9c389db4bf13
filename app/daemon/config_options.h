// SPDX-License-Identifier: GPL-3.0-or-later
// The settings as flags of a subcommand: one for each row of the table of settings, and --config.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/config.h"

namespace CLI {
class App;
}

namespace streamgauge::daemon {

// Must live until the command line has been parsed and sources() was called.
class ConfigOptions {
public:
    explicit ConfigOptions(CLI::App& command);
    ConfigOptions(const ConfigOptions&) = delete;
    ConfigOptions& operator=(const ConfigOptions&) = delete;

    // What was given, together with this process's environment.
    ConfigSources sources() const;

private:
    const CLI::App& command_;
    std::string file_;
    std::map<std::string, std::vector<std::string>> values_;  // by key; std::map: addresses stay while it grows
    std::map<std::string, bool> switches_;
};

}  // namespace streamgauge::daemon
