// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/load_self_test.h"

#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "base/punctual_thread.h"
#include "loadgen/certificate.h"
#include "loadgen/engine.h"
#include "loadgen/own_usage.h"
#include "loadgen/stall_server.h"

namespace streamgauge::daemon {
namespace {

using namespace loadgen;

constexpr double kMs = 15;           // what a percentile may differ from theory
constexpr double kEvenShare = 0.95;  // of the gaps within 25 % of the planned gap, at 1,000/s
constexpr double kDispersion = 0.1;  // what Poisson's may differ from 1

// The control: a thread that has nothing to do with generator or server and only asks to be woken each millisecond.
// How late it is woken says how much of what a run shows is the machine's doing.
class SchedulerControl {
public:
    SchedulerControl() : thread_([this] { run(); }) {}
    ~SchedulerControl() { finish(); }
    SchedulerControl(const SchedulerControl&) = delete;
    SchedulerControl& operator=(const SchedulerControl&) = delete;

    void finish() {
        over_ = true;
        if (thread_.joinable()) thread_.join();
    }
    // Both after finish().
    double worst_ms() const { return static_cast<double>(late_.max_micros()) / 1000; }
    double p99_ms() const { return static_cast<double>(late_.quantile_micros(0.99)) / 1000; }
    // Too late for what is compared: a percentile within 15 ms, 95 % of the gaps within 0.25 ms.
    bool too_busy() const { return worst_ms() > 10 || p99_ms() > 0.25; }

private:
    void run() {
        const PunctualThread punctual;  // as both of them
        prctl(PR_SET_TIMERSLACK, 1UL);
        while (!over_) {
            const auto due = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
            std::this_thread::sleep_until(due);
            const auto late = std::chrono::steady_clock::now() - due;
            late_.record(std::chrono::duration_cast<std::chrono::microseconds>(late).count());
        }
    }

    Histogram late_;
    std::atomic<bool> over_{false};
    std::thread thread_;
};

class SelfTest {
public:
    explicit SelfTest(std::FILE* out) : out_(out) { std::fprintf(out_, "%-58s %12s %12s\n", "", "measured", "theory"); }

    // With a stall of S in a run of D, immediate catch-up and no latency otherwise: P(latency > x) = (S - x) / D, so
    // the q-quantile is S - (1 - q) D where that is positive, and the mean S^2 / 2D. Independent of the rate.
    void stall(double rate, const SelfTestLength& length) {
        const double s = length.stall_seconds, d = length.stall_run_seconds;
        StallServer server({nanos(d / 3), nanos(s)});
        // A backlog that is gone at once is what the formula is of: a large one has to be on the server's side already.
        const auto engine = run(server.url(), rate, d, Spacing::Even, rate > 5000 ? 500 : 1);
        if (!engine) return;
        const Histogram& response = engine->record().response();
        const std::string name = "stall of " + number(s) + " s in " + number(d) + " s at " + number(rate) + "/s, ";
        for (const auto& [text, q] :
             std::array<std::pair<const char*, double>, 3>{{{"p98", 0.98}, {"p99", 0.99}, {"p99.9", 0.999}}})
            line(name + text, static_cast<double>(response.quantile_micros(q)) / 1000,
                 std::max(0.0, 1000 * (s - (1 - q) * d)), kMs, "ms");
        line(name + "mean", response.mean_micros() / 1000, 1000 * s * s / (2 * d), kMs, "ms");
        const Totals& totals = engine->record().totals();
        line(name + "unanswered", static_cast<double>(totals.planned - totals.done()), 0, 0, "");
    }

    // As the server sees them.
    void even(const SelfTestLength& length) {
        StallServer server;
        if (!run(server.url(), 1000, length.arrival_run_seconds, Spacing::Even)) return;
        const std::vector<std::int64_t> at = server.arrivals();
        std::size_t good = 0;
        for (std::size_t i = 1; i < at.size(); ++i)
            if (std::abs(at[i] - at[i - 1] - 1'000'000) <= 250'000) ++good;
        const double share = at.size() < 2 ? 0 : static_cast<double>(good) / static_cast<double>(at.size() - 1);
        line("even arrivals at 1000/s, gaps within 25 %", 100 * share, 100, 100 * (1 - kEvenShare), "%");
    }

    void poisson(const SelfTestLength& length) {
        StallServer server;
        if (!run(server.url(), 1000, length.arrival_run_seconds, Spacing::Poisson)) return;
        const std::vector<std::int64_t> at = server.arrivals();
        if (at.empty()) return;
        GeneratorWatch watch;
        for (const std::int64_t t : at) watch.due(t - at.front(), t - at.front());
        line("Poisson arrivals at 1000/s, index of dispersion", watch.dispersion(), 1, kDispersion, "");
    }

    int finish() const {
        if (faults_ + untold_ == 0)
            std::fprintf(out_, "\nall agree: this generator can be believed on this machine as it is now\n");
        if (untold_ > 0)
            std::fprintf(out_,
                         "\n%d cannot be told: machine too busy to tell. A thread that only sleeps was woken up to "
                         "%.1f ms late meanwhile; try again when less else runs\n",
                         untold_, worst_ms_);
        if (faults_ > 0)
            std::fprintf(out_, "\n%d do not agree, and the machine was quiet: something is wrong\n", faults_);
        return faults_ + untold_;
    }

private:
    static std::chrono::nanoseconds nanos(double seconds) {
        return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
    }
    static std::string number(double value) {
        std::array<char, 32> text{};
        std::snprintf(text.data(), text.size(), "%g", value);
        return text.data();
    }

    void line(const std::string& what, double measured, double theory, double allowed, const char* unit) {
        const bool agrees = std::abs(measured - theory) <= allowed;
        const bool excused = too_busy_ && allowed > 0;  // no machine is too busy to count
        if (!agrees) ++(excused ? untold_ : faults_);
        std::fprintf(out_, "%-58s %12.2f %12.2f %-3s %s\n", what.c_str(), measured, theory, unit,
                     agrees    ? "agrees"
                     : excused ? "machine too busy to tell"
                               : "DOES NOT AGREE");
        std::fflush(out_);
    }

    std::unique_ptr<Engine> run(const std::string& server, double rate, double seconds, Spacing spacing,
                                std::uint32_t pipeline = 1) {
        Scenario scenario;
        scenario.url = server;
        scenario.spacing = spacing;
        scenario.pipeline = pipeline;
        scenario.max_in_flight *= pipeline;
        scenario.requests.emplace_back();
        Stage stage;
        stage.rate = rate;
        stage.seconds = seconds;
        scenario.stages = {stage};
        const Result<Url> url = parse_url(server);
        const Result<Address> address = url ? resolve(*url, "") : url.error();
        Result<std::unique_ptr<Engine>> engine =
            address ? Engine::make(scenario, *address, {}) : Result<std::unique_ptr<Engine>>(address.error());
        SchedulerControl control;
        const Result<RunState> state =
            engine ? (*engine)->run(-1, [](const Progress&) { return true; }) : Result<RunState>(engine.error());
        control.finish();
        too_busy_ = control.too_busy();
        worst_ms_ = std::max(worst_ms_, control.worst_ms());
        if (state) return std::move(engine).value();
        ++faults_;
        std::fprintf(out_, "cannot run: %s\n", state.error().describe().c_str());
        return nullptr;
    }

    std::FILE* out_;
    int faults_ = 0, untold_ = 0;
    bool too_busy_ = false;  // during the last run
    double worst_ms_ = 0;    // of all controls
};

}  // namespace

int run_load_self_test(const SelfTestLength& length, std::FILE* out) {
    SelfTest test(out);
    for (const double rate : {200.0, 2000.0, 20'000.0}) test.stall(rate, length);
    test.even(length);
    test.poisson(length);
    return test.finish();
}

}  // namespace streamgauge::daemon
