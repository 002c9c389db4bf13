// SPDX-License-Identifier: GPL-3.0-or-later
// streamgauge: the desktop console. Starts the backend in this process, or connects to one elsewhere.
#include <QApplication>
#include <QCommandLineParser>
#include <QDir>
#include <QFileInfo>
#include <QProcess>

#include <algorithm>
#include <cstdio>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "base/log.h"
#include "client/embedded_client.h"
#include "client/remote_client.h"
#include "console/console_window.h"
#include "console/stop_signals.h"
#include "console/window_memory.h"
#include "server/backend.h"
#include "server/data_lock.h"

namespace {

using namespace streamgauge;
using namespace Qt::Literals::StringLiterals;

constexpr int kExitFailed = 1;
constexpr int kExitConfiguration = 2;

int complain(const std::string& what, int exit_code) {
    std::fprintf(stderr, "streamgauge: %s\n", what.c_str());
    return exit_code;
}

bool is_among(int argc, char** argv, std::initializer_list<std::string_view> words) {
    return std::any_of(argv + 1, argv + argc, [&](std::string_view argument) {
        return std::find(words.begin(), words.end(), argument) != words.end();
    });
}

// Qt aborts where it finds none.
bool has_display(int argc, char** argv) {
    for (const char* const name : {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"})
        if (!qEnvironmentVariableIsEmpty(name)) return true;
    return is_among(argc, argv, {"-platform", "--platform"});
}

struct Arguments {
    QString connect;
    client::Identity identity;
    QString theme;
    ConfigSources sources;
};

Arguments read_arguments(const QCoreApplication& application) {
    QCommandLineParser parser;
    parser.setApplicationDescription(
        u"The operator's console of Streamgauge. Without --connect it starts the server in itself; where one already\n"
        u"serves the same data directory on this machine, it connects to that one."_s);
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption connect(u"connect"_s, u"Connect to a server: its management or public address."_s,
                                     u"URL"_s);
    const QCommandLineOption user(u"user"_s,
                                  u"Log in to the server as this user, with the password in STREAMGAUGE_PASSWORD or "
                                  u"typed into the window. A token "
                                  u"or API key may stand in STREAMGAUGE_TOKEN instead."_s,
                                  u"NAME"_s);
    const QCommandLineOption config(u"config"_s, u"Read settings from this TOML file."_s, u"FILE"_s);
    const QCommandLineOption data_dir(u"data-dir"_s, u"Where the embedded server keeps its data."_s, u"DIR"_s);
    const QCommandLineOption listen(u"listen"_s, u"Where the embedded server takes events (may be repeated)."_s,
                                    u"ADDRESS"_s);
    const QCommandLineOption management(u"management"_s, u"The embedded server's management address, or off."_s,
                                        u"ADDRESS"_s);
    const QCommandLineOption theme(u"theme"_s, u"dark, light or system; kept for the next start."_s, u"THEME"_s);
    parser.addOptions({connect, user, config, data_dir, listen, management, theme});
    parser.process(application);

    Arguments arguments;
    arguments.connect = parser.value(connect);
    arguments.identity.user = parser.value(user).toStdString();
    // Out of the environment, so that no process that is started from here gets them.
    if (!arguments.identity.user.empty()) {
        arguments.identity.password = qEnvironmentVariable("STREAMGAUGE_PASSWORD").toStdString();
    } else {
        arguments.identity.token = qEnvironmentVariable("STREAMGAUGE_TOKEN").toStdString();
    }
    qunsetenv("STREAMGAUGE_PASSWORD");
    qunsetenv("STREAMGAUGE_TOKEN");
    arguments.theme = parser.value(theme);
    arguments.sources.file = parser.value(config).toStdString();
    arguments.sources.environment = process_environment();
    const auto pass_on = [&](const QCommandLineOption& option, const std::string& key) {
        if (!parser.isSet(option)) return;
        std::vector<std::string> values;
        for (const QString& value : parser.values(option)) values.push_back(value.toStdString());
        arguments.sources.flags.emplace_back(key, values);
    };
    pass_on(data_dir, "data_dir");
    pass_on(listen, "listen");
    pass_on(management, "management");
    return arguments;
}

// The address of a server on this machine that has the data directory, if one has.
QString running_server(const Config& config) {
    const auto lock = DataLock::take(config.data_dir);
    if (lock.ok() || lock.error().code != ErrorCode::Conflict) return {};
    return QString::fromStdString(config.management != "off" ? config.management : config.listen.front());
}

// Starts streamgauged on the same data, in a process of its own that outlives this one.
bool keep_serving(const Config& config, const std::string& config_file) {
    QStringList words{u"serve"_s, u"--data-dir"_s, QString::fromStdString(config.data_dir), u"--management"_s,
                      QString::fromStdString(config.management)};
    if (!config_file.empty()) words << u"--config"_s << QString::fromStdString(config_file);
    for (const std::string& address : config.listen) words << u"--listen"_s << QString::fromStdString(address);
    QProcess server;
    server.setProgram(QCoreApplication::applicationDirPath() + u"/streamgauged"_s);
    server.setArguments(words);
    server.setStandardInputFile(QProcess::nullDevice());
    server.setStandardOutputFile(QProcess::nullDevice());
    server.setStandardErrorFile(QString::fromStdString(config.data_dir) + u"/streamgauged.log"_s, QIODevice::Append);
    return server.startDetached();
}

}  // namespace

int main(int argc, char** argv) {
    if (!has_display(argc, argv)) {
        if (!is_among(argc, argv, {"-h", "--help", "--help-all", "-v", "--version"}))
            return complain(
                "there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set. On this machine start the server "
                "alone, "
                "with: streamgauged serve. Then connect to it from a desktop, with: streamgauge --connect URL",
                kExitConfiguration);
        qputenv("QT_QPA_PLATFORM", "offscreen");
    }
    // Before any thread is made, so that all of them leave these signals to us.
    console::StopSignals signals;
    qputenv("QT_NO_GLIB", "1");  // the management listener's event loop needs the plain one
    QApplication application(argc, argv);
    QCoreApplication::setApplicationName(u"streamgauge"_s);
    QCoreApplication::setApplicationVersion(QStringLiteral(STREAMGAUGE_VERSION));
    QApplication::setQuitOnLastWindowClosed(false);
    signals.watch();

    const Arguments arguments = read_arguments(application);
    if (!arguments.theme.isEmpty() && !QStringList{u"dark"_s, u"light"_s, u"system"_s}.contains(arguments.theme)) {
        return complain("--theme is dark, light or system", kExitConfiguration);
    }
    const auto loaded = load_config(arguments.sources);
    if (!loaded.ok()) return complain("the configuration is wrong:\n" + loaded.error().describe(), kExitConfiguration);
    const Config config = loaded->config;
    log::configure(log::Format::Text, config.log_level);
    for (const std::string& warning : loaded->warnings) log::warning("config", warning);

    const SystemClock clock;
    const QString address = arguments.connect.isEmpty() ? running_server(config) : arguments.connect;
    const bool own_server = address.isEmpty();
    std::unique_ptr<client::BackendClient> client;
    if (own_server) {
        client = std::make_unique<client::EmbeddedClient>([&config, &clock] { return Backend::start(config, clock); });
    } else {
        auto url = client::parse_server_address(address);
        if (!url.ok()) return complain(url.error().describe(), kExitConfiguration);
        client = std::make_unique<client::RemoteClient>(std::move(url).value(), client::RemoteClient::Options{},
                                                        arguments.identity);
    }

    console::prepare_application();
    viewmodels::ConsoleViewModel app(*client, clock);
    app.set_asks_before_closing(own_server);
    console::ConsoleWindow window(app);
    if (!window.complaints().isEmpty()) {
        return complain("the user interface cannot be loaded:\n" + window.complaints().join(u'\n').toStdString(),
                        kExitFailed);
    }
    const QString memory = console::default_memory_file();
    console::recall(memory, window, app);
    if (!arguments.theme.isEmpty()) app.set_theme(arguments.theme);

    bool keep = false;
    const auto leave = [&](bool keep_server) {
        keep = keep_server;
        console::remember(memory, window, app);
        window.hide();
        application.quit();
    };
    QObject::connect(&app, &viewmodels::ConsoleViewModel::closeDecided, &window, leave);
    QObject::connect(&signals, &console::StopSignals::asked, &window, [&] { leave(false); });

    window.show();
    client->start();
    const int exit_code = QApplication::exec();
    window.setSource(QUrl());
    client.reset();  // an embedded server drains here: what it took is on disk
    if (keep && !keep_serving(config, arguments.sources.file)) {
        return complain("streamgauged could not be started beside this program: nothing serves any more", kExitFailed);
    }
    return exit_code;
}
