// SPDX-License-Identifier: GPL-3.0-or-later
// Every setting, its default, and where its effective value came from: defaults < file < environment < flags.
// One table (settings()) drives the file's keys, the variables' names, the flags, the help text and check-config.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/signing_key.h"
#include "base/log.h"
#include "base/result.h"
#include "http/tls.h"
#include "server/limit_settings.h"

namespace streamgauge {

// Whether ingestion and queries need a token or a key; administration always does.
enum class AuthRequired { Auto, Always, Never };  // Auto: as soon as a listener is beyond loopback

struct Config {
    std::string data_dir;  // default: $XDG_DATA_HOME/streamgauge or ~/.local/share/streamgauge
    std::vector<std::string> listen{"127.0.0.1:8080"};  // --listen, repeatable; STREAMGAUGE_LISTEN, comma-separated
    std::string management = "127.0.0.1:8090";          // loopback only; "off" for none
    int http_threads = 1;
    std::vector<std::string> notify_allowed_targets{"loopback"};  // http::AllowedTargets
    std::string notify_authorities;
    std::vector<std::string> allowed_hosts;      // Host names beside loopback's, on open loopback
    std::vector<std::string> cors_origins{"*"};  // that may send events from web pages; "*": all
    std::vector<std::string> trusted_proxies;    // addresses and networks
    bool proxy_protocol = false;                 // trusted proxies begin connections with a PROXY header
    http::TlsOptions tls;                        // of the https:// listeners
    bool dev = false;                            // the user demo with the password demo123 is there
    AuthRequired auth_required = AuthRequired::Auto;
    std::uint64_t auth_token_lifetime = 12 * 3600;  // seconds
    auth::Algorithm auth_jwt_algorithm = auth::Algorithm::Hs256;
    std::string auth_jwt_private_key;               // PEM file; empty: a key of our own
    std::vector<std::string> auth_jwt_public_keys;  // PEM files whose tokens are accepted too
    log::Format log_format = log::Format::Json;
    log::Level log_level = log::Level::Info;
    bool buffered = false;               // durability: answer before the events are on disk
    std::uint64_t canary_interval = 10;  // seconds; 0: none is sent
    std::uint64_t disk_stop_percent = 95;
    std::uint64_t retention_days = 7;               // raw events: whichever of the two comes first
    std::uint64_t query_cache_bytes = 64ULL << 20;  // memory for answers about metrics
    std::uint64_t retention_bytes = 20ULL << 30;
    std::uint64_t dedup_max_bytes = 1ULL << 30;           // memory for event ids
    std::uint64_t dead_letters_max_bytes = 256ULL << 20;  // of each project
    std::uint64_t objectives_max_bytes = 1ULL << 30;      // of the figures that objectives are computed from
    LimitSettings limits;                                 // all off
    LimitPreset limits_preset = LimitPreset::Off;
    std::string metrics_file;  // declared metrics; empty: metrics.toml in the data directory, where it is there
    std::uint64_t metrics_exact_budget = 24'000'000;  // values that all metrics keep exactly
    std::string load_program;                         // streamgauged, for load runs; default: beside this program
    std::vector<std::string> load_allowed_targets{"itself"};  // "host:port", "host", "loopback", "itself"
    std::uint64_t load_max_rate = 50'000;                     // requests a second of runs that are started here
    std::string load_runs;  // a file or a postgresql:// URL, which may hold a password; default: in the data directory
    std::uint64_t load_keep_runs = 500;
    std::uint64_t load_keep_age = 90 * 86'400;  // seconds
};

enum class Origin { Default, File, Environment, Flag };
std::string_view to_string(Origin origin);  // "default", "file", "environment", "flag"

struct Setting {
    std::string key;    // "http.threads"
    std::string value;  // as text; a secret's is masked
    Origin origin = Origin::Default;
    std::string detail;  // file:line, variable's name or flag
};

struct LoadedConfig {
    Config config;
    std::vector<Setting> settings;      // every setting, in declaration order
    std::vector<std::string> warnings;  // such as a STREAMGAUGE_ variable that no setting has
};

// One row of the table.
struct SettingSpec {
    std::string_view key;         // "http.threads": table and member in the file
    std::string_view value_name;  // for the help: "ADDRESS"; empty: a switch, true when the flag is there
    std::string_view help;        // one sentence
    bool list = false;            // several values: repeat the flag, an array in the file, commas in the variable
    bool secret = false;          // never shown
    // Reads `values` (exactly one unless `list`) into the config. What is wrong with them, or empty.
    std::string (*set)(Config& config, const std::vector<std::string>& values);
    std::string (*get)(const Config& config);
};

// The table, in the order of the documentation.
const std::vector<SettingSpec>& settings();
std::string flag_of(std::string_view key);                  // "http.threads" -> "--http-threads"
std::string environment_variable_of(std::string_view key);  // "http.threads" -> "STREAMGAUGE_HTTP_THREADS"
// The value as check-config may show it.
std::string shown_value(const SettingSpec& spec, const Config& config);

struct ConfigSources {
    std::string file;                                                     // path; empty: none
    std::map<std::string, std::string> environment;                       // of the process
    std::vector<std::pair<std::string, std::vector<std::string>>> flags;  // key and values, as given
};

// The environment of this process.
std::map<std::string, std::string> process_environment();

// Reads the sources over each other and checks the result. InvalidArgument lists every fault, a line each, with its
// place ("file.toml:3:5: ..."); NotFound or Io when the file cannot be read. Touches nothing but the file.
Result<LoadedConfig> load_config(const ConfigSources& sources);

// Whether ingestion and queries need a token or a key with these settings.
bool authentication_required(const Config& config);

// What no single value shows: addresses that cannot be parsed or that repeat, or that are beyond loopback without
// authentication, and so on. A fault each, with the setting's key in `field`. Those of the listeners' surroundings are
// in config_http.cpp.
std::vector<Error> check(const Config& config);

}  // namespace streamgauge
