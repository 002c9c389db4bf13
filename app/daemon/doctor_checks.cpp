// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/doctor_checks.h"

#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>

#include "api/load_run_store.h"
#include "base/limits.h"
#include "daemon/data_directory.h"
#include "daemon/machine_probe.h"
#include "http/engine.h"
#include "server/certificate.h"

namespace streamgauge::daemon {

namespace {

namespace fs = std::filesystem;

constexpr double kFullPercent = 95;  // beyond, ingestion is answered 503 (contract, section 2)
constexpr double kNearlyFullPercent = 85;
constexpr std::chrono::seconds kQuickCheckDeadline{10};  // for each database

std::string gigabytes(std::uint64_t bytes) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f GB", static_cast<double>(bytes) / 1e9);
    return text;
}

void check_toolchain(const std::string& directory, std::vector<Finding>& findings) {
    std::error_code failed;
    fs::path top = fs::absolute(directory, failed);
    while (!fs::exists(top / "CMakePresets.json", failed) && top.has_relative_path()) top = top.parent_path();
    std::ifstream presets(top / "CMakeLists.txt");
    const std::string text((std::istreambuf_iterator<char>(presets)), {});
    if (text.find("project(streamgauge") == std::string::npos) return;  // not in a checkout: nothing to build

    std::string missing;
    for (const char* program : {"cmake", "ninja", "g++", "ccache", "mold"}) {
        if (find_program(program).empty()) missing += (missing.empty() ? "" : ", ") + std::string(program);
    }
    if (missing.empty()) {
        findings.push_back({"toolchain", Grade::Good, "cmake, ninja, g++, ccache and mold are there", {}});
    } else {
        findings.push_back({"toolchain", Grade::Advice, "not found: " + missing,
                            "to build from source, run scripts/install-dependencies build console"});
    }
}

void check_configuration(const Result<LoadedConfig>& loaded, std::vector<Finding>& findings) {
    if (!loaded.ok()) {
        findings.push_back({"configuration", Grade::Problem, loaded.error().describe(),
                            "mend it; streamgauged check-config shows each value and where it comes from"});
        return;
    }
    const auto changed = std::count_if(loaded->settings.begin(), loaded->settings.end(),
                                       [](const Setting& setting) { return setting.origin != Origin::Default; });
    findings.push_back({"configuration",
                        Grade::Good,
                        std::to_string(loaded->settings.size()) + " settings, " + std::to_string(changed) +
                            " of them not at their default",
                        {}});
    for (const std::string& warning : loaded->warnings) {
        findings.push_back({"configuration", Grade::Advice, warning, "correct the name, or unset it"});
    }
}

void check_port(const std::string& setting, const std::string& address, int owner, std::vector<Finding>& findings) {
    const Result<http::Endpoint> endpoint = http::parse_endpoint(address);
    if (!endpoint.ok()) {
        findings.push_back(
            {"port", Grade::Problem, setting + ": " + endpoint.error().describe(), endpoint.error().hint});
        return;
    }
    if (endpoint->port == 0) {
        findings.push_back({"port", Grade::Good, setting + ": a free port is picked at the start", {}});
        return;
    }
    const std::optional<Listener> listener = listener_on(*endpoint);
    const std::string where = setting + " " + http::to_string(*endpoint);
    if (!listener) {
        findings.push_back({"port", Grade::Good, where + " is free", {}});
    } else if (owner != 0 && listener->pid == owner) {
        findings.push_back({"port",
                            Grade::Good,
                            where + " is served by process " + std::to_string(owner) + " on this data directory",
                            {}});
    } else if (listener->pid == 0) {
        findings.push_back({"port", Grade::Problem, where + " is taken by a process of another user",
                            "find it with: sudo ss -ltnp 'sport = :" + std::to_string(endpoint->port) +
                                "', or choose another port with --" + setting});
    } else {
        findings.push_back(
            {"port", Grade::Problem,
             where + " is taken by " + listener->name + " (process " + std::to_string(listener->pid) + ")",
             "stop it, or choose another port with --" + setting});
    }
}

void check_disk(const std::string& data_dir, std::vector<Finding>& findings) {
    if (data_dir.empty()) {
        findings.push_back({"disk", Grade::Problem, "there is no data directory: neither HOME nor data_dir is set",
                            "name one with --data-dir"});
        return;
    }
    const std::string part = existing_part(data_dir);
    const bool exists = fs::path(part) == fs::absolute(data_dir).lexically_normal() || fs::exists(data_dir);
    if (::access(part.c_str(), W_OK | X_OK) != 0) {
        findings.push_back({"disk", Grade::Problem, "may not write to " + part,
                            "give this user the directory (chown), or name another with --data-dir"});
    } else {
        findings.push_back({"disk",
                            Grade::Good,
                            exists ? data_dir + " is writable" : data_dir + " will be made at the first start",
                            {}});
    }
    const Result<DiskSpace> disk = disk_space(part);
    if (!disk.ok()) {
        findings.push_back(
            {"disk", Grade::Problem, disk.error().describe(), "see that the disk is mounted and healthy"});
        return;
    }
    const std::string space = gigabytes(disk->free_bytes) + " of " + gigabytes(disk->total_bytes) + " free, " +
                              std::to_string(static_cast<int>(disk->used_percent)) + " % used";
    if (disk->used_percent >= kFullPercent) {
        findings.push_back({"disk", Grade::Problem, space + ": from 95 % on events are answered 503",
                            "free some space, or move the data directory"});
    } else if (disk->used_percent >= kNearlyFullPercent) {
        findings.push_back({"disk", Grade::Advice, space, "free some space, or keep less with --retention-bytes"});
    } else {
        findings.push_back({"disk", Grade::Good, space, {}});
    }
    if (disk->kind == "tmpfs") {
        findings.push_back({"disk", Grade::Advice, part + " is in memory: it is empty after a reboot",
                            "name a directory on a disk with --data-dir"});
    } else if (!disk->kind.empty()) {
        findings.push_back({"disk", Grade::Problem, part + " is on a network file system (" + disk->kind + ")",
                            "SQLite's log needs a local disk: name one with --data-dir"});
    }
}

struct CloseDatabase {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
};

// PRAGMA quick_check without writing a byte, also beside a running server or after a crash: what a log still holds is
// read through a private index (readonly_shm), and without a log the file cannot change (immutable).
Finding check_database(const fs::path& path, bool in_use) {
    std::error_code failed;
    const auto log_bytes = fs::file_size(path.string() + "-wal", failed);
    const bool has_log = !failed && (log_bytes > 0 || in_use);
    std::string address = "file:";
    for (const char c : path.string()) {
        if (c == '%' || c == '?' || c == '#') {
            char escaped[4];
            std::snprintf(escaped, sizeof escaped, "%%%02X", static_cast<unsigned char>(c));
            address += escaped;
        } else {
            address += c;
        }
    }
    address += has_log ? "?mode=ro&readonly_shm=1" : "?mode=ro&immutable=1";

    sqlite3* raw = nullptr;
    const int opened = sqlite3_open_v2(address.c_str(), &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr);
    const std::unique_ptr<sqlite3, CloseDatabase> database(raw);
    const std::string name = "sqlite " + path.filename().string();
    const std::string help = "keep a copy of the directory; see A damaged file in docs/configuration.md";
    if (opened != SQLITE_OK) {
        return {"engine", Grade::Problem, name + ": " + sqlite3_errmsg(database.get()), help};
    }
    auto until = std::chrono::steady_clock::now() + kQuickCheckDeadline;
    sqlite3_progress_handler(
        database.get(), 100'000,
        [](void* deadline) {
            return std::chrono::steady_clock::now() > *static_cast<std::chrono::steady_clock::time_point*>(deadline)
                       ? 1
                       : 0;
        },
        &until);
    std::string verdict;
    const int asked = sqlite3_exec(
        database.get(), "PRAGMA quick_check(1)",
        [](void* out, int columns, char** values, char**) {
            if (columns > 0 && values[0] != nullptr) *static_cast<std::string*>(out) = values[0];
            return 0;
        },
        &verdict, nullptr);
    const std::string size = gigabytes(fs::file_size(path, failed));
    if (asked == SQLITE_INTERRUPT) {
        return {"engine", Grade::Good, name + " (" + size + "): nothing wrong in the part read in 10 s", {}};
    }
    if (asked != SQLITE_OK) return {"engine", Grade::Problem, name + ": " + sqlite3_errmsg(database.get()), help};
    if (verdict != "ok") return {"engine", Grade::Problem, name + ": " + verdict, help};
    return {"engine", Grade::Good, name + " (" + size + ") is whole", {}};
}

void check_engines(const std::string& data_dir, bool in_use, std::vector<Finding>& findings) {
    std::vector<fs::path> databases;
    for (const fs::path& path : own_files(data_dir)) {
        if (path.extension() == ".db") databases.push_back(path);
    }
    if (databases.empty()) {
        findings.push_back(
            {"engine",
             Grade::Good,
             std::string("sqlite ") + sqlite3_libversion() + ": no database yet, the first start makes it",
             {}});
    }
    for (const fs::path& path : databases) findings.push_back(check_database(path, in_use));
}

void check_descriptors(std::vector<Finding>& findings) {
    constexpr rlim_t kOthers = 64;  // files, pipes, timers
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const std::string found = std::to_string(limit.rlim_cur) + " open files allowed";
    if (limit.rlim_cur < limits::kConnections + kOthers && limit.rlim_max < limits::kConnections + kOthers) {
        findings.push_back({"descriptors", Grade::Advice,
                            found + ", " + std::to_string(limits::kConnections) + " connections are served at most",
                            "raise it for this user (ulimit -Hn, LimitNOFILE= of the service)"});
    } else {
        findings.push_back({"descriptors", Grade::Good, found, {}});
    }
}

void check_clock(std::vector<Finding>& findings) {
    const std::optional<bool> kept = clock_is_synchronized();
    if (!kept) {
        findings.push_back(
            {"clock", Grade::Good, "the kernel does not say whether a time service keeps the clock", {}});
    } else if (*kept) {
        findings.push_back({"clock", Grade::Good, "the clock is kept by a time service", {}});
    } else {
        findings.push_back({"clock", Grade::Advice, "no time service keeps the clock: windows end by it",
                            "timedatectl set-ntp true, or install chrony"});
    }
}

// A database is not asked: the first run makes its tables, and looking changes nothing.
void check_load_runs(const std::string& place, std::vector<Finding>& findings) {
    if (!api::is_database_url(place)) return;  // a file in the data directory is among the engines
    const auto opened = api::LoadRunStore::open(place, {});
    if (opened.ok()) {
        findings.push_back({"engine", Grade::Good, "load runs are kept in " + api::shown_place(place), {}});
    } else {
        findings.push_back({"engine", Grade::Problem, opened.error().message, opened.error().hint});
    }
}

// Runs that ended, and that the place of load runs did not take yet.
void check_waiting_runs(const std::string& data_dir, std::vector<Finding>& findings) {
    std::error_code error;
    std::size_t runs = 0;
    for (fs::directory_iterator at(data_dir + "/loadruns-waiting", error), end; !error && at != end;
         at.increment(error))
        if (at->path().extension() == ".json") ++runs;
    if (runs > 0)
        findings.push_back({"engine", Grade::Advice, std::to_string(runs) + " load runs wait for their database",
                            "see to the database that load.runs names; the server stores them when it answers"});
}

void check_certificate(const Config& config, std::vector<Finding>& findings) {
    static const SystemClock clock;
    const auto certificate = load_certificate(config, clock);
    if (!certificate.ok()) {
        findings.push_back({"certificate", Grade::Problem, certificate.error().message, certificate.error().hint});
    } else if (*certificate) {
        const bool soon = (*certificate)->expires_soon();
        findings.push_back({"certificate", soon ? Grade::Advice : Grade::Good,
                            config.tls.certificate + " is valid until " + format_rfc3339((*certificate)->expires()),
                            soon ? "renew it; the server takes the new one when the files change" : ""});
    }
}

}  // namespace

std::string_view to_string(Grade grade) {
    switch (grade) {
        case Grade::Good:
            return "good";
        case Grade::Advice:
            return "advice";
        case Grade::Problem:
            return "problem";
    }
    return "problem";
}

std::vector<Finding> examine(const Result<LoadedConfig>& loaded, const std::string& directory) {
    std::vector<Finding> findings;
    check_toolchain(directory, findings);
    check_configuration(loaded, findings);
    if (loaded.ok()) {
        const Config& config = loaded->config;
        const int owner = owner_of(config.data_dir);
        if (owner != 0) {
            findings.push_back(
                {"server", Grade::Good, "process " + std::to_string(owner) + " serves from " + config.data_dir, {}});
        }
        for (const std::string& address : config.listen) check_port("listen", address, owner, findings);
        if (config.management != "off") check_port("management", config.management, owner, findings);
        check_certificate(config, findings);
        check_disk(config.data_dir, findings);
        check_engines(config.data_dir, owner != 0, findings);
        check_load_runs(config.load_runs, findings);
        check_waiting_runs(config.data_dir, findings);
    }
    check_descriptors(findings);
    check_clock(findings);
    return findings;
}

}  // namespace streamgauge::daemon
