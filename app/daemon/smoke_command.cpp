// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/smoke_command.h"

#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <system_error>

#include "base/clock.h"
#include "base/uuid.h"
#include "daemon/server_process.h"
#include "daemon/smoke_checks.h"

namespace streamgauge::daemon {

namespace {

constexpr std::chrono::seconds kStopDeadline{5};

// A directory of our own below the system's one for temporary files. Removed with all it holds unless kept.
class ScratchDirectory {
public:
    static Result<ScratchDirectory> make() {
        std::error_code failed;
        const auto base = std::filesystem::temp_directory_path(failed);
        std::string pattern = (failed ? std::filesystem::path("/tmp") : base) / "streamgauge-smoke-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) {
            return Error::make(ErrorCode::Io, "cannot make a directory like " + pattern);
        }
        return ScratchDirectory(std::move(pattern));
    }
    ScratchDirectory(ScratchDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(ScratchDirectory&&) = delete;
    ~ScratchDirectory() {
        std::error_code ignored;
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    void keep() { path_.clear(); }
    const std::string& path() const { return path_; }

private:
    explicit ScratchDirectory(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

int finish(const SmokeReport& report) {
    if (report.missed() == 0) {
        std::cout << "all " << report.checked() << " checks ok\n";
        return 0;
    }
    std::cout << report.missed() << " of " << report.checked() << " checks missed\n";
    return 1;
}

// The whole life of a server: a first run, kill -9, recovery, a clean end.
void try_own_server(SmokeReport& report, const std::string& run, const std::string& directory) {
    const std::vector<std::string> arguments{"--listen", "127.0.0.1:0", "--management",
                                             "off",      "--data-dir",  directory + "/data"};
    const std::string log = directory + "/server.log";
    SmokeChecks checks(report, run, SystemClock().now(), true);
    const auto start = [&](const char* what) -> std::unique_ptr<ServerProcess> {
        Result<ServerProcess> server = ServerProcess::start(arguments, log);
        if (!server.ok()) {
            checks.check_that(what, server.error(), "");
            return nullptr;
        }
        checks.check_that(what, {}, "listening on http://" + http::to_string(server->endpoint()));
        return std::make_unique<ServerProcess>(std::move(server).value());
    };

    auto server = start("server start");
    if (!server) return;
    const HttpClient first(server->endpoint());
    checks.check_health(first);
    checks.send_events(first);
    checks.send_repeats(first);
    checks.send_bad_input(first);
    checks.check_numbers(first);

    server->kill_hard();
    server = start("server start after kill -9");
    if (!server) return;
    const HttpClient second(server->endpoint());
    checks.set_stage("after kill -9: ");
    checks.send_repeats(second);
    checks.check_numbers(second);

    const Result<int> left = server->terminate(kStopDeadline);
    const Status clean = !left.ok()   ? Status(left.error())
                         : *left != 0 ? Status(Error::make(ErrorCode::Internal, "expected exit code 0 after SIGTERM"))
                                      : Status();
    checks.check_that("server stop by SIGTERM", clean, left.ok() ? "exit code " + std::to_string(*left) : "");
}

int run_smoke(const std::string& url) {
    SmokeReport report(std::cout);
    const std::string run = "smoke-" + UuidGenerator().v4().substr(0, 8);
    if (!url.empty()) {
        const Result<http::Endpoint> server = parse_server_url(url);
        if (!server.ok()) {
            std::cerr << "streamgauged smoke: " << server.error().describe() << '\n';
            return 2;
        }
        const HttpClient client(*server);
        SmokeChecks checks(report, run, SystemClock().now(), false);
        checks.check_health(client);
        checks.send_events(client);
        checks.send_repeats(client);
        checks.send_bad_input(client);
        checks.check_numbers(client);
        return finish(report);
    }
    Result<ScratchDirectory> scratch = ScratchDirectory::make();
    if (!scratch.ok()) {
        std::cerr << "streamgauged smoke: " << scratch.error().describe() << '\n';
        return 1;
    }
    try_own_server(report, run, scratch->path());
    const int code = finish(report);
    if (code != 0) {
        std::cout << "the server's data and log are kept in " << scratch->path() << '\n';
        scratch->keep();
    }
    return code;
}

}  // namespace

void add_smoke_command(CLI::App& program, int& exit_code) {
    CLI::App* command = program.add_subcommand(
        "smoke", "Send events in every form to a throw-away server, check answers and numbers, print a table");
    auto url = std::make_shared<std::string>();
    command->add_option("--url", *url, "Use this running server instead, such as http://127.0.0.1:8080");
    command->callback([url, &exit_code] { exit_code = run_smoke(*url); });
}

}  // namespace streamgauge::daemon
