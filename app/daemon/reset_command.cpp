// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/reset_command.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>

#include "daemon/config_options.h"
#include "daemon/data_directory.h"
#include "daemon/exit_codes.h"
#include "server/data_lock.h"

namespace streamgauge::daemon {

namespace {

namespace fs = std::filesystem;

int run_reset(const ConfigOptions& options, bool force) {
    const auto loaded = load_config(options.sources());
    if (!loaded.ok()) {
        std::cerr << "streamgauged: the configuration is wrong:\n" << loaded.error().describe() << '\n';
        return kExitConfiguration;
    }
    const std::string& directory = loaded->config.data_dir;
    std::error_code unseen;
    if (!fs::is_directory(directory, unseen)) {
        std::cout << "nothing to delete: there is no " << directory << '\n';
        return 0;
    }
    // Held until the end, so that no server starts meanwhile.
    const Result<DataLock> lock = DataLock::take(directory);
    if (!lock.ok()) {
        std::cerr << "streamgauged reset: " << lock.error().describe() << '\n';
        return lock.error().code == ErrorCode::Conflict ? kExitInUse : kExitFailed;
    }
    const std::vector<fs::path> files = own_files(directory);
    if (files.empty()) {
        std::cout << "nothing to delete in " << directory << '\n';
        return 0;
    }
    std::uintmax_t bytes = 0;
    for (const fs::path& file : files) {
        std::error_code gone;
        const auto size = fs::file_size(file, gone);
        if (!gone) bytes += size;
    }
    if (!force) {
        std::cout << "This deletes all events and numbers in " << directory << " (" << files.size() << " files, "
                  << bytes / 1'000'000 << " MB). Type yes to go on: " << std::flush;
        std::string answer;
        if (!std::getline(std::cin, answer) || answer != "yes") {
            std::cout << "\nnothing was deleted\n";
            return kExitFailed;
        }
    }
    int failures = 0;
    for (const fs::path& file : files) {
        std::error_code failed;
        fs::remove(file, failed);
        if (failed) {
            std::cerr << "streamgauged reset: cannot delete " << file.string() << ": " << failed.message() << '\n';
            ++failures;
        }
    }
    if (failures != 0) return kExitFailed;
    std::cout << "deleted " << files.size() << " files from " << directory << '\n';
    return 0;
}

}  // namespace

void add_reset_command(CLI::App& program, int& exit_code) {
    CLI::App* command = program.add_subcommand(
        "reset",
        "Delete a data directory's events and numbers, not its users and keys; asks first, never under a server");
    const auto options = std::make_shared<ConfigOptions>(*command);
    auto force = std::make_shared<bool>(false);
    command->add_flag("--force", *force, "Do not ask");
    command->callback([options, force, &exit_code] { exit_code = run_reset(*options, *force); });
}

}  // namespace streamgauge::daemon
