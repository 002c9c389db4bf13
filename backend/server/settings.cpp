// SPDX-License-Identifier: GPL-3.0-or-later
// The table of settings and how each value is read from text.
#include <charconv>
#include <limits>

#include "api/load_run_store.h"
#include "http/outgoing.h"
#include "server/config.h"

namespace streamgauge {

namespace {

using Values = std::vector<std::string>;

std::string read_number(std::string_view text, std::uint64_t low, std::uint64_t high, std::uint64_t& out) {
    std::uint64_t value = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || end.ec != std::errc{} || end.ptr != text.data() + text.size() || value < low || value > high) {
        return "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high);
    }
    out = value;
    return {};
}

// "1048576", "512MiB", "20 GiB".
std::string read_bytes(std::string_view text, std::uint64_t low, std::uint64_t& out) {
    struct Unit {
        std::string_view suffix;
        int shift;
    };
    int shift = 0;
    for (const Unit unit : {Unit{"KiB", 10}, Unit{"MiB", 20}, Unit{"GiB", 30}, Unit{"TiB", 40}}) {
        if (!text.ends_with(unit.suffix)) continue;
        text.remove_suffix(unit.suffix.size());
        shift = unit.shift;
    }
    while (text.ends_with(' ')) text.remove_suffix(1);
    std::uint64_t value = 0;
    if (!read_number(text, 0, std::numeric_limits<std::int64_t>::max() >> shift, value).empty() ||
        value << shift < low) {
        return "must be a number of bytes, at least " + std::to_string(low) + ", such as 1073741824 or 20GiB";
    }
    out = value << shift;
    return {};
}

// "3600", "90s", "30m", "12h", "7d": seconds.
std::string read_duration(std::string_view text, std::uint64_t low, std::uint64_t high, std::uint64_t& out) {
    std::uint64_t unit = 1;
    for (const auto& [suffix, seconds] :
         {std::pair{'s', 1U}, std::pair{'m', 60U}, std::pair{'h', 3'600U}, std::pair{'d', 86'400U}}) {
        if (!text.ends_with(suffix)) continue;
        text.remove_suffix(1);
        unit = seconds;
        break;
    }
    std::uint64_t value = 0;
    if (!read_number(text, 0, high / unit, value).empty() || value * unit < low)
        return "must be a time from " + std::to_string(low) + "s to " + std::to_string(high / 86'400) +
               "d, such as 30m, 12h or 7d";
    out = value * unit;
    return {};
}

std::string read_switch(std::string_view text, bool& out) {
    if (text == "true" || text == "1" || text == "on" || text == "yes") {
        out = true;
    } else if (text == "false" || text == "0" || text == "off" || text == "no") {
        out = false;
    } else {
        return "must be true or false";
    }
    return {};
}

std::string read_text(const std::string& text, std::string& out) {
    if (text.empty()) return "must not be empty";
    if (text.find('\0') != std::string::npos) return "must not contain a zero byte";
    out = text;
    return {};
}

// An empty variable is an empty list.
std::string read_list(const Values& values, std::vector<std::string>& out) {
    const bool none = values.size() == 1 && values.front().empty();
    for (const std::string& value : values) {
        if (value.empty() && !none) return "must not have empty elements";
    }
    out = none ? Values() : values;
    return {};
}

std::string shown_list(const Values& values) {
    std::string all;
    for (const std::string& value : values) all += (all.empty() ? "" : ",") + value;
    return all;
}

template <std::array<RateLimit, kLimitScopes> LimitSettings::*kind, LimitScope scope>
SettingSpec limit_setting(std::string_view key, std::string_view help) {
    return {key,
            "AMOUNT/WINDOW",
            help,
            false,
            false,
            [](Config& c, const Values& v) -> std::string {
                const auto limit = parse_rate_limit(v[0]);
                if (!limit.ok()) return limit.error().message;
                (c.limits.*kind)[static_cast<std::size_t>(scope)] = *limit;
                return {};
            },
            [](const Config& c) { return to_string((c.limits.*kind)[static_cast<std::size_t>(scope)]); }};
}

std::vector<SettingSpec> make_settings() {
    return {
        {"data_dir", "DIR", "Where the journal and the store live. One server per directory.", false, false,
         [](Config& c, const Values& v) { return read_text(v[0], c.data_dir); },
         [](const Config& c) { return c.data_dir; }},
        {"listen", "ADDRESS",
         "Address and port to serve on, such as 127.0.0.1:8080, [::1]:8080 or https://0.0.0.0:8443. Port 0 picks a "
         "free "
         "one. Repeatable.",
         true, false,
         [](Config& c, const Values& v) -> std::string {
             if (v.empty()) return "must name at least one address";
             for (const std::string& address : v) {
                 if (address.empty()) return "must not be empty";
             }
             c.listen = v;
             return {};
         },
         [](const Config& c) { return shown_list(c.listen); }},
        {"management", "ADDRESS",
         "Address and port of the operator's listener, loopback only; port 0 picks a free one; off for none.", false,
         false, [](Config& c, const Values& v) { return read_text(v[0], c.management); },
         [](const Config& c) { return c.management; }},
        {"http.threads", "N", "Threads that serve the public listeners, 1 to 64.", false, false,
         [](Config& c, const Values& v) {
             std::uint64_t n = 0;
             std::string fault = read_number(v[0], 1, 64, n);
             if (fault.empty()) c.http_threads = static_cast<int>(n);
             return fault;
         },
         [](const Config& c) { return std::to_string(c.http_threads); }},
        {"allowed_hosts", "NAME",
         "Name that a reverse proxy hands on in Host, allowed beside loopback's on open loopback. Repeatable.", true,
         false, [](Config& c, const Values& v) { return read_list(v, c.allowed_hosts); },
         [](const Config& c) { return shown_list(c.allowed_hosts); }},
        {"cors.origins", "ORIGIN",
         "Origin whose web pages may send events, such as https://shop.example; * is every origin. Repeatable.", true,
         false, [](Config& c, const Values& v) { return read_list(v, c.cors_origins); },
         [](const Config& c) { return shown_list(c.cors_origins); }},
        {"trusted_proxies", "NETWORK",
         "Address or network of reverse proxies that are believed about their clients. Repeatable.", true, false,
         [](Config& c, const Values& v) { return read_list(v, c.trusted_proxies); },
         [](const Config& c) { return shown_list(c.trusted_proxies); }},
        {"proxy_protocol", "", "Trusted proxies begin each connection with a PROXY header, version 1 or 2.", false,
         false, [](Config& c, const Values& v) { return read_switch(v[0], c.proxy_protocol); },
         [](const Config& c) { return std::string(c.proxy_protocol ? "true" : "false"); }},
        {"tls.certificate", "FILE", "PEM file of the certificate and its chain, for https:// addresses in listen.",
         false, false, [](Config& c, const Values& v) { return read_text(v[0], c.tls.certificate); },
         [](const Config& c) { return c.tls.certificate; }},
        {"tls.key", "FILE", "PEM file of the certificate's key.", false, false,
         [](Config& c, const Values& v) { return read_text(v[0], c.tls.key); },
         [](const Config& c) { return c.tls.key; }},
        {"tls.client_ca", "FILE", "PEM file of the authorities that sign clients' certificates.", false, false,
         [](Config& c, const Values& v) { return read_text(v[0], c.tls.client_ca); },
         [](const Config& c) { return c.tls.client_ca; }},
        {"tls.client_certificates", "off|optional|required",
         "Whether clients are asked for certificates; optional ones are verified too.", false, false,
         [](Config& c, const Values& v) -> std::string {
             if (v[0] == "off") {
                 c.tls.client_certificates = http::ClientCertificates::Off;
             } else if (v[0] == "optional") {
                 c.tls.client_certificates = http::ClientCertificates::Optional;
             } else if (v[0] == "required") {
                 c.tls.client_certificates = http::ClientCertificates::Required;
             } else {
                 return "must be off, optional or required";
             }
             return {};
         },
         [](const Config& c) -> std::string {
             switch (c.tls.client_certificates) {
                 case http::ClientCertificates::Off:
                     return "off";
                 case http::ClientCertificates::Optional:
                     return "optional";
                 case http::ClientCertificates::Required:
                     return "required";
             }
             return "off";
         }},
        {"dev", "", "Development mode: the user demo with the password demo123 can log in, as an operator.", false,
         false, [](Config& c, const Values& v) { return read_switch(v[0], c.dev); },
         [](const Config& c) { return std::string(c.dev ? "true" : "false"); }},
        {"auth.required", "auto|true|false",
         "Whether ingestion and queries need a key or a token: auto is false while every listener is on loopback.",
         false, false,
         [](Config& c, const Values& v) -> std::string {
             bool required = false;
             if (v[0] == "auto") {
                 c.auth_required = AuthRequired::Auto;
             } else if (!read_switch(v[0], required).empty()) {
                 return "must be auto, true or false";
             } else {
                 c.auth_required = required ? AuthRequired::Always : AuthRequired::Never;
             }
             return {};
         },
         [](const Config& c) -> std::string {
             return c.auth_required == AuthRequired::Auto     ? "auto"
                    : c.auth_required == AuthRequired::Always ? "true"
                                                              : "false";
         }},
        {"auth.token_lifetime", "TIME", "How long a login's token is valid, such as 30m, 12h or 7d; 1m to 365d.", false,
         false, [](Config& c, const Values& v) { return read_duration(v[0], 60, 365 * 86'400, c.auth_token_lifetime); },
         [](const Config& c) {
             const std::uint64_t s = c.auth_token_lifetime;
             return s % 3'600 == 0 ? std::to_string(s / 3'600) + "h" : std::to_string(s) + "s";
         }},
        {"auth.jwt_algorithm", "HS256|RS256", "How tokens are signed.", false, false,
         [](Config& c, const Values& v) -> std::string {
             const auto algorithm = auth::algorithm_from(v[0]);
             if (!algorithm) return "must be HS256 or RS256";
             c.auth_jwt_algorithm = *algorithm;
             return {};
         },
         [](const Config& c) { return std::string(auth::to_string(c.auth_jwt_algorithm)); }},
        {"auth.jwt_private_key", "FILE",
         "An RSA key in PEM form that signs tokens (RS256); default: a key of the server's own, which it can rotate.",
         false, false, [](Config& c, const Values& v) { return read_text(v[0], c.auth_jwt_private_key); },
         [](const Config& c) { return c.auth_jwt_private_key; }},
        {"auth.jwt_public_keys", "FILE",
         "RSA public keys in PEM form whose tokens (RS256) are accepted too. Repeatable.", true, false,
         [](Config& c, const Values& v) { return read_list(v, c.auth_jwt_public_keys); },
         [](const Config& c) { return shown_list(c.auth_jwt_public_keys); }},
        {"log.format", "json|text", "Form of the log lines on standard error: json for machines, text for people.",
         false, false,
         [](Config& c, const Values& v) -> std::string {
             if (v[0] == "json") {
                 c.log_format = log::Format::Json;
             } else if (v[0] == "text") {
                 c.log_format = log::Format::Text;
             } else {
                 return "must be json or text";
             }
             return {};
         },
         [](const Config& c) { return std::string(c.log_format == log::Format::Json ? "json" : "text"); }},
        {"log.level", "debug|info|warning|error", "The least important log lines that are written.", false, false,
         [](Config& c, const Values& v) -> std::string {
             if (v[0] == "debug") {
                 c.log_level = log::Level::Debug;
             } else if (v[0] == "info") {
                 c.log_level = log::Level::Info;
             } else if (v[0] == "warning") {
                 c.log_level = log::Level::Warning;
             } else if (v[0] == "error") {
                 c.log_level = log::Level::Error;
             } else {
                 return "must be debug, info, warning or error";
             }
             return {};
         },
         [](const Config& c) -> std::string {
             switch (c.log_level) {
                 case log::Level::Debug:
                     return "debug";
                 case log::Level::Info:
                     return "info";
                 case log::Level::Warning:
                     return "warning";
                 case log::Level::Error:
                     return "error";
             }
             return "info";
         }},
        {"durability", "committed|buffered",
         "committed: events are answered when they are on disk; buffered: when they are in the queue.", false, false,
         [](Config& c, const Values& v) -> std::string {
             if (v[0] != "committed" && v[0] != "buffered") return "must be committed or buffered";
             c.buffered = v[0] == "buffered";
             return {};
         },
         [](const Config& c) { return std::string(c.buffered ? "buffered" : "committed"); }},
        {"disk.stop_percent", "PERCENT",
         "Events are answered 503 while the disk is this full, 50 to 100; 100 never. Queries go on.", false, false,
         [](Config& c, const Values& v) { return read_number(v[0], 50, 100, c.disk_stop_percent); },
         [](const Config& c) { return std::to_string(c.disk_stop_percent); }},
        {"canary.interval", "SECONDS",
         "How often an event of the server's own goes the whole way, which is an alert when it is not seen within 5 s; "
         "0 "
         "to 3600, 0 for never.",
         false, false, [](Config& c, const Values& v) { return read_number(v[0], 0, 3'600, c.canary_interval); },
         [](const Config& c) { return std::to_string(c.canary_interval); }},
        {"query.cache_bytes", "BYTES",
         "Most memory of answers that are kept, and as much of those that are paged through; such as 64MiB, at least "
         "64KiB.",
         false, false, [](Config& c, const Values& v) { return read_bytes(v[0], 64ULL << 10, c.query_cache_bytes); },
         [](const Config& c) { return std::to_string(c.query_cache_bytes); }},
        {"retention.days", "DAYS", "Days that raw events are kept, 1 to 36500; whichever of the two limits is first.",
         false, false, [](Config& c, const Values& v) { return read_number(v[0], 1, 36'500, c.retention_days); },
         [](const Config& c) { return std::to_string(c.retention_days); }},
        {"retention.bytes", "BYTES", "Most bytes of raw events kept on disk, such as 20GiB; at least 64MiB.", false,
         false, [](Config& c, const Values& v) { return read_bytes(v[0], 64ULL << 20, c.retention_bytes); },
         [](const Config& c) { return std::to_string(c.retention_bytes); }},
        {"dead_letters.max_bytes", "BYTES",
         "Most bytes of dead letters kept for each project, such as 256MiB; at least 1MiB.", false, false,
         [](Config& c, const Values& v) { return read_bytes(v[0], 1ULL << 20, c.dead_letters_max_bytes); },
         [](const Config& c) { return std::to_string(c.dead_letters_max_bytes); }},
        {"objectives.max_bytes", "BYTES",
         "Most bytes of the figures that objectives are computed from, such as 1GiB; at least 1MiB.", false, false,
         [](Config& c, const Values& v) { return read_bytes(v[0], 1ULL << 20, c.objectives_max_bytes); },
         [](const Config& c) { return std::to_string(c.objectives_max_bytes); }},
        limit_setting<&LimitSettings::requests, LimitScope::Key>(
            "limits.requests_per_key", "Most requests of one API key in any window, such as 100/1s or 10000/1m; off."),
        limit_setting<&LimitSettings::requests, LimitScope::User>("limits.requests_per_user",
                                                                  "Most requests of one user in any window; off."),
        limit_setting<&LimitSettings::requests, LimitScope::Address>(
            "limits.requests_per_address", "Most requests of one client address (IPv6: /64) in any window; off."),
        limit_setting<&LimitSettings::events, LimitScope::Key>("limits.events_per_key",
                                                               "Most events of one API key in any window; off."),
        limit_setting<&LimitSettings::events, LimitScope::User>("limits.events_per_user",
                                                                "Most events of one user in any window; off."),
        limit_setting<&LimitSettings::events, LimitScope::Address>(
            "limits.events_per_address", "Most events of one client address in any window; off."),
        {"limits.preset", "off|compat-c",
         "Limits where none of their own are set: compat-c is 100 requests a second for each address.", false, false,
         [](Config& c, const Values& v) -> std::string {
             if (v[0] != "off" && v[0] != "compat-c") return "must be off or compat-c";
             c.limits_preset = v[0] == "off" ? LimitPreset::Off : LimitPreset::CompatC;
             return {};
         },
         [](const Config& c) { return std::string(c.limits_preset == LimitPreset::Off ? "off" : "compat-c"); }},
        {"dedup.max_bytes", "BYTES",
         "Most memory for the ids of the last 48 hours, such as 1GiB; at least 64MiB. Beyond it the oldest are "
         "forgotten.",
         false, false, [](Config& c, const Values& v) { return read_bytes(v[0], 64ULL << 20, c.dedup_max_bytes); },
         [](const Config& c) { return std::to_string(c.dedup_max_bytes); }},
        {"metrics.file", "FILE",
         "File of declared metrics (docs/metrics.md); default: metrics.toml in the data directory, where it is there.",
         false, false, [](Config& c, const Values& v) { return read_text(v[0], c.metrics_file); },
         [](const Config& c) { return c.metrics_file; }},
        {"metrics.exact_budget", "N",
         "Most values that all metrics with distinct, topk or percentiles keep exactly in open windows together.",
         false, false,
         [](Config& c, const Values& v) { return read_number(v[0], 0, 1'000'000'000, c.metrics_exact_budget); },
         [](const Config& c) { return std::to_string(c.metrics_exact_budget); }},
        {"notify.allowed_targets", "TARGET",
         "Where webhooks may go: loopback, networks, addresses or names of hosts. Repeatable.", true, false,
         [](Config& c, const Values& v) -> std::string {
             if (std::string wrong = read_list(v, c.notify_allowed_targets); !wrong.empty()) return wrong;
             const auto read = http::AllowedTargets::parse(c.notify_allowed_targets);
             return read ? std::string() : read.error().hint;
         },
         [](const Config& c) { return shown_list(c.notify_allowed_targets); }},
        {"notify.authorities", "FILE",
         "PEM file of authorities that sign webhooks' servers, beside those that the system knows.", false, false,
         [](Config& c, const Values& v) { return read_text(v[0], c.notify_authorities); },
         [](const Config& c) { return c.notify_authorities; }},
        {"load.program", "FILE", "The streamgauged that runs load tests; default: the one beside this program.", false,
         false, [](Config& c, const Values& v) { return read_text(v[0], c.load_program); },
         [](const Config& c) { return c.load_program; }},
        {"load.allowed_targets", "TARGET",
         "Where load runs that are started here may go: HOST:PORT, HOST, loopback, or itself. Repeatable.", true, false,
         [](Config& c, const Values& v) { return read_list(v, c.load_allowed_targets); },
         [](const Config& c) { return shown_list(c.load_allowed_targets); }},
        {"load.max_rate", "N", "Most requests a second of load runs that are started here, 1 to 200000.", false, false,
         [](Config& c, const Values& v) { return read_number(v[0], 1, 200'000, c.load_max_rate); },
         [](const Config& c) { return std::to_string(c.load_max_rate); }},
        {"load.runs", "PLACE",
         "Where load runs are kept: a file, or postgresql://USER@HOST/DATABASE; default: loadruns.db in data_dir.",
         false, false,
         // Looked at where it is opened: what is refused here is repeated in the refusal, and it may hold a password.
         [](Config& c, const Values& v) -> std::string {
             if (v[0].empty()) return "must not be empty";
             c.load_runs = v[0];
             return {};
         },
         [](const Config& c) { return api::shown_place(c.load_runs); }},
        {"load.keep_runs", "N", "Load runs that are kept with their reports, the newest, 1 to 100000.", false, false,
         [](Config& c, const Values& v) { return read_number(v[0], 1, 100'000, c.load_keep_runs); },
         [](const Config& c) { return std::to_string(c.load_keep_runs); }},
        {"load.keep_age", "DURATION", "How long load runs are kept, 1d to 3650d.", false, false,
         [](Config& c, const Values& v) { return read_duration(v[0], 86'400, 3650 * 86'400ULL, c.load_keep_age); },
         [](const Config& c) {
             const std::uint64_t s = c.load_keep_age;
             return s % 86'400 == 0 ? std::to_string(s / 86'400) + "d" : std::to_string(s) + "s";
         }},
    };
}

}  // namespace

const std::vector<SettingSpec>& settings() {
    static const std::vector<SettingSpec> table = make_settings();
    return table;
}

std::string flag_of(std::string_view key) {
    std::string flag = "--";
    for (const char c : key) flag += c == '.' || c == '_' ? '-' : c;
    return flag;
}

std::string environment_variable_of(std::string_view key) {
    std::string name = "STREAMGAUGE_";
    for (const char c : key) name += c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return name;
}

std::string shown_value(const SettingSpec& spec, const Config& config) {
    std::string value = spec.get(config);
    if (spec.secret && !value.empty()) return "********";
    return value;
}

std::string_view to_string(Origin origin) {
    switch (origin) {
        case Origin::Default:
            return "default";
        case Origin::File:
            return "file";
        case Origin::Environment:
            return "environment";
        case Origin::Flag:
            return "flag";
    }
    return "default";
}

}  // namespace streamgauge
