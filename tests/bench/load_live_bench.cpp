// SPDX-License-Identifier: GPL-3.0-or-later
// How old the figures of a load run are in the frame that shows them, and whether the console keeps its frames while
// the run lasts: the real console window on its page Load test, its embedded server, the real generator.
// load_live_bench [events a second = 50000] [seconds = 20] [events a request = 50]; the last line is JSON.
#include <time.h>

#include <QApplication>
#include <QEventLoop>
#include <QTemporaryDir>
#include <QTimer>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "base/log.h"
#include "bench/console_bench.h"
#include "client/embedded_client.h"
#include "client/eventually.h"
#include "console/console_window.h"

namespace {

using namespace streamgauge;
using bench::quantile;
using namespace Qt::Literals::StringLiterals;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTurn{2};
constexpr double kFrameMs = 1000.0 / 60;

// A frame, and what the page's figures were made of when it was on the screen.
struct Frame {
    Timestamp at;
    std::uint64_t sent = 0;
};

// From one turn of the GUI thread's event loop to the next: wall time beyond the timer's own period, processor time.
struct Turn {
    double late_ms = 0, cpu_ms = 0;
};

double thread_cpu_ms() {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) / 1e6;
}

// The figures' ages where they first are in a frame, and just before newer ones are: milliseconds. The plan is even,
// so the newest request in them was planned for began + (sent - 1) / rate; the certificate says how late it was.
struct Ages {
    std::vector<double> fresh, stale;
};
Ages ages_of(const std::vector<Frame>& frames, Timestamp began, double rate) {
    Ages out;
    const auto age = [&](const Frame& frame, std::uint64_t sent) {
        return (static_cast<double>(frame.at.micros - began.micros) / 1e6 - static_cast<double>(sent - 1) / rate) * 1e3;
    };
    for (std::size_t i = 1; i < frames.size(); ++i) {
        if (frames[i].sent == frames[i - 1].sent || frames[i - 1].sent == 0) continue;
        out.fresh.push_back(age(frames[i], frames[i].sent));
        out.stale.push_back(age(frames[i], frames[i - 1].sent));
    }
    return out;
}

}  // namespace

int main(int argc, char** argv) {
    bench::draw_in_software();
    QApplication application(argc, argv);
    const QStringList words = application.arguments().mid(1);
    const double events = std::max(words.value(0, u"50000"_s).toDouble(), 1.0);
    const double seconds = std::max(words.value(1, u"20"_s).toDouble(), 2.0);
    const auto batch = static_cast<std::uint32_t>(std::max(words.value(2, u"50"_s).toInt(), 1));
    log::configure(log::Format::Text, log::Level::Error);
    console::prepare_application();

    const QTemporaryDir directory;
    const Config config = bench::own_server(directory);
    const SystemClock clock;
    client::EmbeddedClient client([&] { return Backend::start(config, clock); });
    viewmodels::ConsoleViewModel app(client, clock);
    app.set_page(viewmodels::ConsoleViewModel::LoadPage);
    console::ConsoleWindow window(app);
    window.resize(1440, 900);
    window.show();
    client.start();
    if (!tests::eventually([&] { return app.connection()->live(); })) {
        std::fprintf(stderr, "the console did not become live: %s\n", client.error_text().c_str());
        return 1;
    }

    const viewmodels::LoadResult& run = *app.load()->run();
    std::vector<Frame> frames;
    frames.reserve(100'000);
    QObject::connect(&window, &QQuickWindow::frameSwapped, &window, [&] {
        frames.push_back({clock.now(), run.status().sent});
    });
    std::vector<Turn> turns;
    turns.reserve(100'000);
    QTimer turning;
    turning.setTimerType(Qt::PreciseTimer);
    auto turned = SteadyClock::now();
    double used = thread_cpu_ms();
    QObject::connect(&turning, &QTimer::timeout, &window, [&] {
        const auto now = SteadyClock::now();
        const double cpu = thread_cpu_ms();
        if (run.status().sent != 0 && !run.final())
            turns.push_back({std::chrono::duration<double, std::milli>(now - turned - kTurn).count(), cpu - used});
        turned = now;
        used = cpu;
    });
    turning.start(kTurn);

    api::LoadPlan plan;
    plan.url = app.connection()->ingest_url().toStdString();
    plan.rate = events / batch;
    plan.duration_seconds = seconds;
    plan.batch = batch;
    std::string refused;
    QEventLoop loop;
    const auto leave_when_done = [&] {
        if (!refused.empty() || run.final()) loop.quit();
    };
    QObject::connect(&run, &viewmodels::LoadResult::changed, &loop, leave_when_done);
    client.load().start_load(plan, &application, [&](const Result<api::LoadStatus>& result) {
        if (!result) refused = result.error().describe();
        leave_when_done();
    });
    QTimer::singleShot(static_cast<int>(seconds * 1000) + 60'000, &loop, [&] { loop.quit(); });
    loop.exec();
    if (!run.report()) {
        std::fprintf(stderr, "the run did not end with a report: %s\n", refused.c_str());
        return 1;
    }
    const loadgen::RunReport report = *run.report();
    const std::string verdict = run.certificate().toStdString();
    window.setSource(QUrl());

    Ages ages = ages_of(frames, report.started_at, plan.rate);
    std::vector<double> late, cpu;
    for (const Turn& turn : turns) {
        late.push_back(turn.late_ms);
        cpu.push_back(turn.cpu_ms);
    }
    if (ages.fresh.empty() || turns.empty()) {
        std::fprintf(stderr, "no frame showed the run\n");
        return 1;
    }
    for (std::vector<double>* values : {&ages.fresh, &ages.stale, &late, &cpu})
        std::sort(values->begin(), values->end());
    const auto long_turns = std::count_if(late.begin(), late.end(), [](double ms) { return ms > kFrameMs; });
    const auto busy_turns = std::count_if(cpu.begin(), cpu.end(), [](double ms) { return ms > kFrameMs; });
    const double fresh_p50 = quantile(ages.fresh, 0.5), fresh_p99 = quantile(ages.fresh, 0.99);
    const double stale_p99 = quantile(ages.stale, 0.99);
    const double late_p99 = quantile(late, 0.99), cpu_p99 = quantile(cpu, 0.99);
    std::printf("%zu updates shown; age in their first frame p50 %.1f ms, p99 %.1f ms; before the next p99 %.1f ms\n",
                ages.fresh.size(), fresh_p50, fresh_p99, stale_p99);
    std::printf(
        "%zu frames; %zu turns of the GUI thread's loop: late p99 %.1f ms, most %.1f ms, %ld longer than a frame of "
        "60 a second; processor time p99 %.1f ms, most %.1f ms, %ld longer than such a frame\n",
        frames.size(), turns.size(), late_p99, late.back(), static_cast<long>(long_turns), cpu_p99, cpu.back(),
        static_cast<long>(busy_turns));
    std::printf(
        "{\"updates\":%zu,\"seconds\":%.1f,\"events_per_second\":%.0f,\"verdict\":\"%s\",\"fresh_p50_ms\":%.2f,"
        "\"fresh_p99_ms\":%.2f,\"stale_p99_ms\":%.2f,\"turns\":%zu,\"long_turns\":%ld,\"busy_turns\":%ld,"
        "\"turn_p99_ms\":%.2f,\"turn_max_ms\":%.2f,\"cpu_p99_ms\":%.2f,\"cpu_max_ms\":%.2f}\n",
        ages.fresh.size(), seconds, events, verdict.c_str(), fresh_p50, fresh_p99, stale_p99, turns.size(),
        static_cast<long>(long_turns), static_cast<long>(busy_turns), late_p99, late.back(), cpu_p99, cpu.back());
    return fresh_p99 <= 250 ? 0 : 1;
}
