// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/config.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "http/engine.h"
#include "server/config_http.h"

namespace streamgauge {

namespace {

// Edits that turn one word into the other (Levenshtein's distance), for "did you mean".
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

template <class Name>
std::string nearest(std::string_view word, Name name_of) {
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const SettingSpec& spec : settings()) {
        const std::string name = name_of(spec.key);
        if (const std::size_t d = distance(word, name); d < best_distance) {
            best_distance = d;
            best = name;
        }
    }
    return best;
}

const SettingSpec* find_spec(std::string_view key) {
    for (const SettingSpec& spec : settings()) {
        if (spec.key == key) return &spec;
    }
    return nullptr;
}

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> values;
    while (true) {
        const std::size_t comma = text.find(',');
        std::string_view one = text.substr(0, comma);
        while (one.starts_with(' ')) one.remove_prefix(1);
        while (one.ends_with(' ')) one.remove_suffix(1);
        values.emplace_back(one);
        if (comma == std::string_view::npos) return values;
        text.remove_prefix(comma + 1);
    }
}

// Variables by which other systems name the engines beside them. Nobody shall believe that they are in use here. Their
// values may hold passwords and are never shown.
struct ForeignVariable {
    std::string_view name, engine;
};
constexpr std::array<ForeignVariable, 7> kForeignVariables{{
    {"DATABASE_URL", "engine for other databases"},
    {"KAFKA_BROKER", "Kafka engine"},
    {"KAFKA_TOPIC", "Kafka engine"},
    {"REDIS_ADDR", "Redis engine"},
    {"REDIS_HOST", "Redis engine"},
    {"REDIS_PORT", "Redis engine"},
    {"S3_ENABLED", "archive"},
}};

bool is_off(std::string_view value) {
    return value == "false" || value == "0" || value == "off" || value == "no";
}

// Puts sources over each other and keeps account of who said what last.
class Loader {
public:
    Loader(const std::map<std::string, std::string>& environment) {
        const auto variable = [&](const char* name) {
            const auto found = environment.find(name);
            return found == environment.end() ? std::string() : found->second;
        };
        if (const std::string home = variable("XDG_DATA_HOME"); home.starts_with('/')) {
            loaded_.config.data_dir = home + "/streamgauge";
        } else if (const std::string user = variable("HOME"); !user.empty()) {
            loaded_.config.data_dir = user + "/.local/share/streamgauge";
        }
        for (const SettingSpec& spec : settings()) {
            loaded_.settings.push_back({std::string(spec.key), {}, Origin::Default, {}});
        }
    }

    Status read_file(const std::string& path) {
        std::ifstream in(path, std::ios::binary);
        if (!in) {
            const bool missing = errno == ENOENT;
            return Error{missing ? ErrorCode::NotFound : ErrorCode::Io,
                         "cannot read the configuration file " + path + ": " + std::strerror(errno),
                         "config",
                         {},
                         "name an existing file with --config, or leave it out"};
        }
        std::ostringstream text;
        text << in.rdbuf();
        if (in.bad()) return Error::make(ErrorCode::Io, "reading the configuration file " + path + " failed");
        const toml::parse_result parsed = toml::parse(text.str(), path);
        if (!parsed) {
            fault(place(path, parsed.error().source().begin) + ": " + std::string(parsed.error().description()));
            return {};
        }
        read_table(path, parsed.table(), "");
        return {};
    }

    void read_environment(const std::map<std::string, std::string>& environment) {
        for (const ForeignVariable& foreign : kForeignVariables) {
            const auto set = environment.find(std::string(foreign.name));
            if (set == environment.end() || set->second.empty() || is_off(set->second)) continue;
            loaded_.warnings.push_back("the variable " + std::string(foreign.name) +
                                       " is set, but this version has no " + std::string(foreign.engine) +
                                       "; it changes nothing");
        }
        for (const auto& variable : environment) {
            const std::string& name = variable.first;
            const std::string& text = variable.second;
            // What the console logs in with is no setting, nor are the keys of webhooks.
            if (!name.starts_with("STREAMGAUGE_") || name.starts_with("STREAMGAUGE_SECRET_") ||
                name == "STREAMGAUGE_CONFIG" || name == "STREAMGAUGE_PASSWORD" || name == "STREAMGAUGE_TOKEN") {
                continue;
            }
            const auto spec = std::find_if(settings().begin(), settings().end(), [&](const SettingSpec& s) {
                return environment_variable_of(s.key) == name;
            });
            if (spec == settings().end()) {
                const std::string near = nearest(name, environment_variable_of);
                loaded_.warnings.push_back("the variable " + name + " is no setting" +
                                           (near.empty() ? "" : "; did you mean " + near + "?"));
                continue;
            }
            apply(*spec, spec->list ? split_list(text) : std::vector{text}, Origin::Environment, name, name);
        }
    }

    void read_flags(const std::vector<std::pair<std::string, std::vector<std::string>>>& flags) {
        for (const auto& [key, values] : flags) {
            const SettingSpec* spec = find_spec(key);
            if (spec == nullptr) {
                fault(flag_of(key) + " is no setting");
            } else if (!spec->list && values.size() != 1) {
                fault(flag_of(key) + " takes exactly one value");
            } else {
                apply(*spec, values, Origin::Flag, flag_of(key), flag_of(key));
            }
        }
    }

    Result<LoadedConfig> finish() {
        if (faults_.empty()) {
            for (const Error& error : check(loaded_.config))
                fault(blame(error.field) + ": " + error.message, error.hint);
        }
        if (!faults_.empty()) return Error::make(ErrorCode::InvalidArgument, faults_);
        for (std::size_t i = 0; i < settings().size(); ++i) {
            loaded_.settings[i].value = shown_value(settings()[i], loaded_.config);
        }
        return std::move(loaded_);
    }

private:
    static std::string place(const std::string& path, const toml::source_position& at) {
        return path + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
    }

    void fault(const std::string& what, const std::string& hint = {}) {
        if (!faults_.empty()) faults_ += '\n';
        faults_ += what;
        if (!hint.empty()) faults_ += "; " + hint;
    }

    // "listen (flag --listen)": the setting and who set it.
    std::string blame(const std::string& key) const {
        for (const Setting& setting : loaded_.settings) {
            if (setting.key != key || setting.origin == Origin::Default) continue;
            return key + " (" + std::string(to_string(setting.origin)) + " " + setting.detail + ")";
        }
        return key;
    }

    void apply(const SettingSpec& spec, const std::vector<std::string>& values, Origin origin, const std::string& where,
               const std::string& detail) {
        if (std::string wrong = spec.set(loaded_.config, values); !wrong.empty()) {
            std::string given;
            for (const std::string& value : values) given += (given.empty() ? "" : ",") + value;
            return fault(where + ": " + std::string(spec.key) + " " + wrong +
                         (spec.secret ? "" : ", not \"" + given + "\""));
        }
        for (Setting& setting : loaded_.settings) {
            if (setting.key != spec.key) continue;
            setting.origin = origin;
            setting.detail = detail;
        }
    }

    void read_table(const std::string& path, const toml::table& table, const std::string& prefix) {
        for (const auto& [name, node] : table) {
            const std::string key = prefix + std::string(name.str());
            const std::string where = place(path, node.source().begin);
            const SettingSpec* spec = find_spec(key);
            if (spec == nullptr && node.is_table()) {
                read_table(path, *node.as_table(), key + ".");
            } else if (spec == nullptr) {
                const std::string near = nearest(key, [](std::string_view k) { return std::string(k); });
                fault(place(path, name.source().begin) + ": there is no setting " + key,
                      near.empty() ? "streamgauged check-config lists all of them" : "did you mean " + near + "?");
            } else if (std::vector<std::string> values; !texts(node, *spec, values)) {
                const std::string_view wanted = spec->list ? "a text or an array of texts" : "one plain value";
                std::string what = where;
                fault(what.append(": ").append(key).append(" must be ").append(wanted));
            } else {
                apply(*spec, values, Origin::File, where, path + ":" + std::to_string(node.source().begin.line));
            }
        }
    }

    static bool texts(const toml::node& node, const SettingSpec& spec, std::vector<std::string>& out) {
        if (const toml::array* array = node.as_array()) {
            if (!spec.list) return false;
            for (const toml::node& element : *array) {
                if (!element.is_string()) return false;
                out.push_back(element.as_string()->get());
            }
            return true;
        }
        if (const auto* text = node.as_string()) {
            out.push_back(text->get());
        } else if (const auto* number = node.as_integer()) {
            out.push_back(std::to_string(number->get()));
        } else if (const auto* yes = node.as_boolean()) {
            out.emplace_back(yes->get() ? "true" : "false");
        } else {
            return false;
        }
        return true;
    }

    LoadedConfig loaded_;
    std::string faults_;
};

}  // namespace

std::map<std::string, std::string> process_environment() {
    std::map<std::string, std::string> all;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const std::size_t equals = text.find('=');
        if (equals != std::string_view::npos) all.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return all;
}

Result<LoadedConfig> load_config(const ConfigSources& sources) {
    Loader loader(sources.environment);
    std::string file = sources.file;
    if (file.empty()) {
        const auto named = sources.environment.find("STREAMGAUGE_CONFIG");
        if (named != sources.environment.end()) file = named->second;
    }
    if (!file.empty()) {
        if (Status read = loader.read_file(file); !read.ok()) return read.error();
    }
    loader.read_environment(sources.environment);
    loader.read_flags(sources.flags);
    return loader.finish();
}

std::vector<Error> check(const Config& config) {
    std::vector<Error> faults;
    const auto fault = [&](std::string field, std::string message, std::string hint) {
        faults.push_back({ErrorCode::InvalidArgument, std::move(message), std::move(field), {}, std::move(hint)});
    };
    if (config.data_dir.empty()) {
        fault("data_dir", "no data directory is set, and there is no HOME to put one into", "set --data-dir");
    }
    std::set<std::string> taken;
    for (const std::string& address : config.listen) {
        const auto endpoint = http::parse_endpoint(address);
        if (!endpoint.ok()) {
            fault("listen", endpoint.error().message, endpoint.error().hint);
        } else if (!http::is_loopback(*endpoint) && config.auth_required == AuthRequired::Never) {
            fault("listen", address + " is reachable from other machines, and auth.required is false",
                  "leave auth.required out, so that a key or a token is asked for, or listen on 127.0.0.1:" +
                      std::to_string(endpoint->port));
        } else if (endpoint->port != 0 && !taken.insert(http::to_string(*endpoint)).second) {
            fault("listen", address + " is listed twice", "name each address once");
        }
    }
    if (config.management != "off") {
        const auto endpoint = http::parse_endpoint(config.management);
        if (!endpoint.ok()) {
            fault("management", endpoint.error().message, endpoint.error().hint);
        } else if (!http::is_loopback(*endpoint)) {
            fault("management",
                  config.management +
                      " is reachable from other machines; the operator's listener is for this "
                      "one only",
                  "use 127.0.0.1:" + std::to_string(endpoint->port) + ", or off");
        } else if (endpoint->port != 0 && taken.contains(http::to_string(*endpoint))) {
            fault("management", config.management + " is a public address already",
                  "give it a port of its own, or off");
        }
    }
    check_http(config, faults);
    if (!config.auth_jwt_private_key.empty() && config.auth_jwt_algorithm != auth::Algorithm::Rs256) {
        fault("auth.jwt_private_key", "a private key signs with RS256, and auth.jwt_algorithm is HS256",
              "set auth.jwt_algorithm to RS256");
    }
    return faults;
}

bool authentication_required(const Config& config) {
    if (config.auth_required != AuthRequired::Auto) return config.auth_required == AuthRequired::Always;
    return std::any_of(config.listen.begin(), config.listen.end(), [](const std::string& address) {
        const auto endpoint = http::parse_endpoint(address);
        return !endpoint.ok() || !http::is_loopback(*endpoint);
    });
}

}  // namespace streamgauge
