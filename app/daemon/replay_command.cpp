// SPDX-License-Identifier: GPL-3.0-or-later
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/time_text.h"
#include "daemon/audit_command.h"
#include "daemon/config_options.h"
#include "daemon/exit_codes.h"
#include "journal/journal_snapshot.h"
#include "pipeline/replay.h"
#include "server/data_lock.h"
#include "server/known_metrics.h"
#include "store/result_digest.h"
#include "store/sqlite_result_store.h"

namespace streamgauge::daemon {
namespace {

namespace fs = std::filesystem;

int failed(const Error& error) {
    std::cerr << "streamgauged replay: " << error.describe() << '\n';
    return error.code == ErrorCode::Conflict ? kExitInUse : kExitFailed;
}

void remove_database(const std::string& path) {
    for (const char* suffix : {"", "-wal", "-shm"}) {
        std::error_code ignored;
        fs::remove(path + suffix, ignored);
    }
}

// Into `path`, which must not be there.
int replay_into(const std::string& path, const std::string& directory) {
    auto definitions = known_metrics(directory);
    if (!definitions.ok()) return failed(definitions.error());
    auto journal = JournalSnapshot::open(directory);
    if (!journal.ok()) return failed(journal.error());
    auto store = open_sqlite_result_store(path);
    if (!store.ok()) return failed(store.error());

    const Offset begin = (*journal)->begin(), end = (*journal)->end();
    if (begin > 1)
        std::cerr << "events 1 to " << begin - 1 << " are gone (retention): the new store counts from event " << begin
                  << " on\n";
    const bool terminal = ::isatty(STDERR_FILENO) == 1;
    const auto started = std::chrono::steady_clock::now();
    auto told = started;
    const auto seconds_since = [](auto then) {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - then).count();
    };
    ReplayOptions options;
    options.progress = [&](Offset next, Offset to) {
        if (seconds_since(told) < (terminal ? 0.2 : 5)) return;
        told = std::chrono::steady_clock::now();
        const auto done = static_cast<double>(next > begin ? next - begin : 0);
        std::fprintf(stderr, "%sreplayed %.0f of %.0f events, %.0f a second%s", terminal ? "\r" : "", done,
                     static_cast<double>(to - begin), done / seconds_since(started), terminal ? "   " : "\n");
    };
    const Result<PartitionState> state = replay(**journal, **store, *definitions, options);
    if (terminal) std::cerr << '\n';
    if (!state.ok()) return failed(state.error());
    const double took = seconds_since(started);
    const auto snapshot = (*store)->snapshot();
    if (!snapshot.ok()) return failed(snapshot.error());
    const Result<ResultDigest> digest = digest_results(**snapshot, *definitions);
    if (!digest.ok()) return failed(digest.error());
    for (const TableDigest& table : digest->tables) {
        std::string name;
        std::int64_t width = 0;
        for (const MetricDefinition& d : *definitions) {
            if (d.id != table.metric) continue;
            name = d.name;
            width = d.tiers[table.tier].window_micros;
        }
        std::cout << table.sha256 << "  " << name << " (" << (width == 0 ? "all time" : format_span(width)) << "), "
                  << table.rows << " rows\n";
    }
    std::cout << digest->users_sha256 << "  last activities of " << digest->users << " users\n";
    std::cout << digest->sha256 << "  all results of the events before offset " << digest->next << '\n';
    std::printf("replayed %llu events in %.2f s, %.0f a second\n", static_cast<unsigned long long>(end - begin), took,
                static_cast<double>(end - begin) / std::max(took, 1e-6));
    return 0;
}

int run_replay(const ConfigOptions& options, const std::string& to) {
    const auto loaded = load_config(options.sources());
    if (!loaded.ok()) {
        std::cerr << "streamgauged: the configuration is wrong:\n" << loaded.error().describe() << '\n';
        return kExitConfiguration;
    }
    log::configure(loaded->config.log_format, log::Level::Error);
    const std::string& directory = loaded->config.data_dir;
    if (!to.empty()) {
        std::error_code unseen;
        if (fs::exists(to, unseen)) {
            std::cerr << "streamgauged replay: " << to << " is there already: name a new file\n";
            return kExitFailed;
        }
        const int code = replay_into(to, directory);
        if (code != 0) remove_database(to);
        return code;
    }
    // In place: no server may run meanwhile. The old store stays until the new one is whole.
    const Result<DataLock> lock = DataLock::take(directory);
    if (!lock.ok()) return failed(lock.error());
    {
        const auto journal = JournalSnapshot::open(directory);
        if (!journal.ok()) return failed(journal.error());
        if ((*journal)->begin() > 1) {
            std::cerr << "streamgauged replay: events 1 to " << (*journal)->begin() - 1
                      << " are gone (retention), and what they came to would be lost. Make another file with --to, or "
                         "remove store.db yourself\n";
            return kExitFailed;
        }
    }
    const std::string fresh = directory + "/store.db.new", store = directory + "/store.db";
    remove_database(fresh);
    const int code = replay_into(fresh, directory);
    if (code != 0) {
        remove_database(fresh);
        return code;
    }
    remove_database(store);
    std::error_code error, none;
    // A log that is left belongs to its file.
    if (fs::exists(fresh + "-wal", none)) fs::rename(fresh + "-wal", store + "-wal", error);
    if (!error) fs::rename(fresh, store, error);
    if (error) return failed(Error::make(ErrorCode::Io, "cannot rename " + fresh + ": " + error.message()));
    return 0;
}

}  // namespace

void add_replay_command(CLI::App& program, int& exit_code) {
    CLI::App* command =
        program.add_subcommand("replay", "Make store.db again from the journal, and tell the SHA-256 over all results");
    command->footer(
        "Examples:\n"
        "  streamgauged replay --data-dir ./data                    in place; no server may run\n"
        "  streamgauged replay --data-dir ./data --to again.db      into another file, also beside a running server\n"
        "\n"
        "The same events and definitions give the same SHA-256, live or replayed, whatever happened in between.\n"
        "Progress is on stderr. Exit codes: 0 done, 1 could not do it, 2 a setting is wrong, 3 a server has the\n"
        "directory.");
    const auto options = std::make_shared<ConfigOptions>(*command);
    auto to = std::make_shared<std::string>();
    command->add_option("--to", *to, "A new file, instead of store.db in the data directory");
    command->callback([options, to, &exit_code] { exit_code = run_replay(*options, *to); });
}

}  // namespace streamgauge::daemon
