// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/serve_command.h"

#include <CLI/CLI.hpp>
#include <QCoreApplication>

#include <csignal>
#include <iostream>
#include <memory>

#include "daemon/config_options.h"
#include "daemon/exit_codes.h"
#include "server/backend.h"
#include "server/metric_settings.h"

namespace streamgauge::daemon {

namespace {

void complain(const std::string& what) {
    std::cerr << "streamgauged: " << what << std::endl;
}

// Blocked before any thread is started, so that every thread inherits it and only wait() sees the signals.
class Signals {
public:
    Signals() {
        sigemptyset(&signals_);
        sigaddset(&signals_, SIGTERM);
        sigaddset(&signals_, SIGINT);
        sigaddset(&signals_, SIGHUP);
        pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
        // A reader of our output that goes away is no reason to stop serving.
        signal(SIGPIPE, SIG_IGN);
    }
    // Calls `reload` for each SIGHUP until one comes that stops the server; says which. A second one of those, while
    // the server drains, ends the process at once.
    template <class Reload>
    int wait(Reload reload) const {
        int which = 0;
        while (sigwait(&signals_, &which) != 0 || which == SIGHUP) {
            if (which == SIGHUP) reload();
        }
        signal(SIGHUP, SIG_IGN);
        pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
        return which;
    }

private:
    sigset_t signals_{};
};

int serve(const ConfigOptions& options) {
    const auto loaded = load_config(options.sources());
    if (!loaded.ok()) {
        complain("the configuration is wrong:\n" + loaded.error().describe());
        std::cerr << "streamgauged check-config shows every setting and where its value comes from.\n";
        return kExitConfiguration;
    }
    const Config& config = loaded->config;
    if (const auto metrics = configured_metrics(config); !metrics.ok()) {
        complain("the declared metrics are wrong:\n" + metrics.error().message);
        return kExitConfiguration;
    }
    log::configure(config.log_format, config.log_level);
    for (const std::string& warning : loaded->warnings) log::warning("config", warning);

    const Signals signals;
    // The management listener runs on Qt's event loop; without it no Qt object is made.
    std::unique_ptr<QCoreApplication> application;
    int argument_count = 1;
    char program_name[] = "streamgauged";
    char* arguments[] = {program_name, nullptr};
    if (config.management != "off") {
        qputenv("QT_NO_GLIB", "1");
        application = std::make_unique<QCoreApplication>(argument_count, arguments);
    }
    const SystemClock clock;
    auto started = Backend::start(config, clock, {.first_admin = true});
    if (!started.ok()) {
        complain(started.error().describe());
        return started.error().code == ErrorCode::Conflict ? kExitInUse : kExitFailed;
    }
    const std::unique_ptr<Backend> backend = std::move(started).value();
    for (const http::Endpoint& endpoint : backend->listening()) {
        std::cout << "listening on " << http::url_of(endpoint) << "\n";
    }
    if (const auto management = backend->management()) {
        std::cout << "management on http://" << http::to_string(*management) << "\n";
    }
    if (const auto password = backend->take_first_password()) {
        std::cout << "first start: log in as admin with the password " << *password
                  << "; it is shown this once, change it with: streamgauged user passwd admin\n";
    }
    std::cout.flush();

    // What came of it is in the log.
    const int which = signals.wait([&] {
        static_cast<void>(backend->reload_certificate());
        backend->reload_metrics();
    });
    log::info("stopping", "draining: no new connections, what is in flight is committed and answered",
              {{"signal", which == SIGTERM ? "SIGTERM" : "SIGINT"}});
    backend->stop();
    log::info("stopped", "everything is on disk");
    return 0;
}

}  // namespace

void add_serve_command(CLI::App& program, int& exit_code) {
    CLI::App* command = program.add_subcommand(
        "serve", "Take events in, aggregate them and answer questions about them (the default command)");
    command->footer(
        "Examples:\n"
        "  streamgauged serve --data-dir ./data\n"
        "  streamgauged serve --data-dir ./data --listen 127.0.0.1:8080 --listen 127.0.0.1:8000 --management off\n"
        "  STREAMGAUGE_LISTEN=127.0.0.1:0 streamgauged serve --config streamgauge.toml\n"
        "\n"
        "Settings: defaults < file < environment < flags. SIGHUP reads the TLS certificate again. SIGTERM or Ctrl-C\n"
        "drains: what was taken is on disk, then it leaves with 0. Other exit codes: 1 could not serve, 2 a setting is "
        "wrong, 3 the data directory is in use.");
    const auto options = std::make_shared<ConfigOptions>(*command);
    command->callback([options, &exit_code] { exit_code = serve(*options); });
}

}  // namespace streamgauge::daemon
