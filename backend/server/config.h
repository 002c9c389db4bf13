// SPDX-License-Identifier: GPL-3.0-or-later
// Every setting, its default, and where its effective value came from: defaults < file < environment < flags.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"

namespace streamgauge {

struct Config {
    std::string data_dir;  // default: $XDG_DATA_HOME/streamgauge or ~/.local/share/streamgauge
    std::vector<std::string> listen{"127.0.0.1:8080"};  // --listen, repeatable; STREAMGAUGE_LISTEN, comma-separated
    std::string management = "127.0.0.1:8090";          // loopback only; "off" for none
    int http_threads = 1;
    bool dev = false;  // accepted; what it adds comes with authentication
    log::Format log_format = log::Format::Json;
    log::Level log_level = log::Level::Info;
    std::uint64_t retention_days = 7;  // raw events: whichever of the two comes first
    std::uint64_t retention_bytes = 20ULL << 30;
    std::string load_program;  // streamgauged, for load runs; default: beside this program
};

enum class Origin { Default, File, Environment, Flag };
struct Setting {
    std::string key;    // "http.threads"
    std::string value;  // as text; a secret's is masked
    Origin origin = Origin::Default;
    std::string detail;  // file:line, variable's name or flag
};

struct LoadedConfig {
    Config config;
    std::vector<Setting> settings;  // every setting, in declaration order
};

}  // namespace streamgauge
