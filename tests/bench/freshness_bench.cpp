// SPDX-License-Identifier: GPL-3.0-or-later
// How long an event takes from the HTTP send to the frame that shows it, while others arrive: the real console window
// with its embedded server, its Events page filtered to probes, and the real generator beside it.
// freshness_bench [probes = 1000] [other events a second = 10000]; the last line is JSON.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <QApplication>
#include <QProcess>
#include <QQuickItem>
#include <QTemporaryDir>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "base/log.h"
#include "bench/console_bench.h"
#include "client/embedded_client.h"
#include "client/eventually.h"
#include "console/console_window.h"
#include "ui/find_item.h"

namespace {

using namespace streamgauge;
using bench::quantile;
using namespace Qt::Literals::StringLiterals;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBetweenProbes{20};

// Sends the probes one after the other on a connection of its own and notes when each was handed to the socket.
class Prober {
public:
    Prober(std::uint16_t port, std::size_t probes) : port_(port), sent_(probes) {}

    bool run() {
        const int socket_descriptor = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port_);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const int on = 1;
        setsockopt(socket_descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        sockaddr generic{};
        static_assert(sizeof generic == sizeof address);
        std::copy_n(reinterpret_cast<const char*>(&address), sizeof address, reinterpret_cast<char*>(&generic));
        if (connect(socket_descriptor, &generic, sizeof generic) != 0) return false;
        bool good = true;
        auto next = SteadyClock::now();
        for (std::size_t i = 0; i < sent_.size() && good; ++i) {
            std::this_thread::sleep_until(next);
            // No burst after a slow answer: more probes than the list has rows would never be in a frame.
            next = std::max(next, SteadyClock::now()) + kBetweenProbes;
            const std::string body = R"({"event_type":"probe","user_id":")" + std::to_string(i) + R"("})";
            const std::string request =
                "POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                "Content-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body;
            sent_[i].store(SteadyClock::now().time_since_epoch().count());
            good = write(socket_descriptor, request.data(), request.size()) == static_cast<ssize_t>(request.size());
            char answer[2048];
            const ssize_t length = read(socket_descriptor, answer, sizeof answer);
            good = good && length > 12 && std::string_view(answer, 12) == "HTTP/1.1 202";
        }
        close(socket_descriptor);
        return good;
    }
    SteadyClock::time_point sent(std::size_t probe) const {
        return SteadyClock::time_point(SteadyClock::duration(sent_[probe].load()));
    }

private:
    const std::uint16_t port_;
    std::vector<std::atomic<SteadyClock::rep>> sent_;
};

}  // namespace

int main(int argc, char** argv) {
    bench::draw_in_software();
    QApplication application(argc, argv);
    const QStringList words = application.arguments().mid(1);
    const auto probes = static_cast<std::size_t>(std::max(words.value(0, u"1000"_s).toInt(), 1));
    const int others = words.value(1, u"10000"_s).toInt();
    log::configure(log::Format::Text, log::Level::Error);
    console::prepare_application();

    const QTemporaryDir directory;
    const Config config = bench::own_server(directory);
    const SystemClock clock;
    client::EmbeddedClient client([&] { return Backend::start(config, clock); });
    viewmodels::ConsoleViewModel app(client, clock);
    app.events()->set_event_type(u"probe"_s);
    app.set_page(viewmodels::ConsoleViewModel::EventsPage);
    console::ConsoleWindow window(app);
    window.resize(1440, 900);
    const auto started = SteadyClock::now();
    window.show();
    client.start();
    if (!tests::eventually([&] { return app.connection()->live() && app.events()->phase() == u"empty"; })) {
        std::fprintf(stderr, "the console did not become live: %s\n", client.error_text().c_str());
        return 1;
    }
    const double ready_ms = std::chrono::duration<double, std::milli>(SteadyClock::now() - started).count();

    // A frame shows what the list has drawn rows for.
    std::vector<SteadyClock::time_point> shown(probes);
    std::size_t seen = 0;
    QQuickItem* list = tests::find_item(window.rootObject(), u"eventList"_s);
    QObject::connect(&window, &QQuickWindow::frameSwapped, &window, [&] {
        const auto now = SteadyClock::now();
        const auto* content = list->property("contentItem").value<QQuickItem*>();
        for (const QQuickItem* row : content->childItems()) {
            if (!row->isVisible() || row->property("type").toString() != "probe"_L1) continue;
            const double top = row->mapToItem(list, QPointF(0, 0)).y();
            if (top < 0 || top > list->height()) continue;
            const std::size_t probe = row->property("user").toULongLong();
            if (probe < probes && shown[probe] == SteadyClock::time_point{}) {
                shown[probe] = now;
                ++seen;
            }
        }
    });

    QProcess generator;
    if (others > 0) {
        const double seconds = static_cast<double>(probes) * std::chrono::duration<double>(kBetweenProbes).count() + 8;
        generator.start(QString::fromStdString(config.load_program),
                        {u"load"_s, u"--url"_s, app.connection()->ingest_url(), u"--rate"_s, QString::number(others),
                         u"--duration"_s, QString::number(seconds)});
        tests::eventually([&] { return app.status()->received().contains(u'k') || generator.state() == 0; });
    }
    const QUrl target(app.connection()->ingest_url());
    Prober prober(static_cast<std::uint16_t>(target.port()), probes);
    std::atomic<int> outcome = -1;
    std::thread sender([&] { outcome = prober.run() ? 1 : 0; });
    tests::eventually([&] { return outcome >= 0; }, std::chrono::minutes(5));
    tests::eventually([&] { return seen == probes; }, std::chrono::seconds(5));
    const QString rate = app.status()->received();
    sender.join();
    generator.kill();
    generator.waitForFinished();
    window.setSource(QUrl());

    std::vector<double> ms;
    for (std::size_t i = 0; i < probes; ++i) {
        if (shown[i] == SteadyClock::time_point{}) continue;
        ms.push_back(std::chrono::duration<double, std::milli>(shown[i] - prober.sent(i)).count());
    }
    if (outcome != 1 || ms.empty()) {
        std::fprintf(stderr, "the probes could not be sent or none was shown\n");
        return 1;
    }
    std::sort(ms.begin(), ms.end());
    std::printf("window live after %.0f ms; received %s\n", ready_ms, rate.toUtf8().constData());
    std::printf("%zu of %zu probes shown; send to frame: p50 %.1f ms, p95 %.1f ms, p99 %.1f ms, most %.1f ms\n",
                ms.size(), probes, quantile(ms, 0.5), quantile(ms, 0.95), quantile(ms, 0.99), ms.back());
    // For the harness: one line of JSON.
    std::printf(
        "{\"events\":%zu,\"sent\":%zu,\"other_rate\":%d,\"ready_ms\":%.1f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,"
        "\"max_ms\":%.2f}\n",
        ms.size(), probes, others, ready_ms, quantile(ms, 0.5), quantile(ms, 0.99), ms.back());
    return ms.size() == probes && quantile(ms, 0.99) <= 250 ? 0 : 1;
}
