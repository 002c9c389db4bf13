// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/load_service.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "api/child_process.h"
#include "api/codec.h"
#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/uuid.h"
#include "base/wrong_field.h"
#include "loadgen/arrival_plan.h"
#include "loadgen/engine.h"
#include "loadgen/target.h"

namespace streamgauge::api {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kQueuedCommands = 256;
constexpr std::size_t kLineBytes = 1024 * 1024;  // a report is a few hundred bytes; beyond this the child is broken
constexpr std::size_t kErrorTextBytes = 2048;    // of what the child last said on standard error

std::string number_text(double value) {
    std::array<char, 400> text{};
    const auto result = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    return {text.data(), result.ptr};
}

Error unavailable() {
    return Error::make(ErrorCode::Unavailable, "the load service is shutting down or too busy");
}

bool is_final(LoadState state) {
    return state == LoadState::Done || state == LoadState::Stopped || state == LoadState::Failed;
}

struct Command {
    std::optional<LoadPlan> plan;  // start, or stop when there is none
    Done<LoadStatus> done;
};

class ProcessLoadService final : public LoadService {
public:
    ProcessLoadService(LoadServiceOptions options, std::function<void(const LoadStatus&)> on_update)
        : options_(std::move(options)),
          on_update_(std::move(on_update)),
          wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        thread_ = std::thread([this] { run(); });
    }

    ~ProcessLoadService() override {
        commands_.close();
        wake();
        thread_.join();
        close(wake_);
    }

    void start(LoadPlan plan, Done<LoadStatus> done) override { post({std::move(plan), std::move(done)}); }
    void stop(Done<LoadStatus> done) override { post({std::nullopt, std::move(done)}); }
    LoadStatus status() override {
        const std::lock_guard lock(mutex_);
        return status_;
    }

private:
    void post(Command command) {
        if (commands_.try_push(std::move(command))) {
            wake();
        } else {
            command.done(unavailable());  // try_push leaves what it does not take
        }
    }
    void wake() {
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t n = write(wake_, &one, sizeof one);
    }

    // ---- on the service's thread ------------------------------------------------------------------------------------
    void run();
    bool take_commands();
    void begin(LoadPlan plan, Done<LoadStatus> done);
    void ask_to_end();
    void wait_for_something();
    void read_reports();
    void take_report(LoadStatus report);
    void finish();

    const LoadServiceOptions options_;
    const std::function<void(const LoadStatus&)> on_update_;
    const int wake_;
    BoundedQueue<Command> commands_{kQueuedCommands};
    std::mutex mutex_;
    LoadStatus status_;  // under mutex_

    // Only the service's thread touches these. It also starts the child: a child that asked to die with its parent
    // (PR_SET_PDEATHSIG) dies with the thread that started it, and this one lives as long as the service.
    std::optional<ChildProcess> child_;
    std::string output_, error_text_;
    std::vector<Done<LoadStatus>> stop_waiters_;
    std::optional<SteadyClock::time_point> kill_at_;  // set once the child was asked to end
    bool killed_ = false;
    std::thread thread_;
};

void ProcessLoadService::run() {
    bool open = true;
    while (true) {
        if (open) open = take_commands();
        if (!open && child_) ask_to_end();
        if (!open && !child_) return;
        wait_for_something();
    }
}

// False when the service is being destroyed and no command is left.
bool ProcessLoadService::take_commands() {
    std::vector<Command> commands;
    const bool open = commands_.pop_all_for(commands, std::chrono::milliseconds(0));
    for (Command& command : commands) {
        if (command.plan) {
            begin(std::move(*command.plan), std::move(command.done));
        } else if (!child_) {
            command.done(status());
        } else {
            stop_waiters_.push_back(std::move(command.done));
            ask_to_end();
        }
    }
    return open;
}

void ProcessLoadService::begin(LoadPlan plan, Done<LoadStatus> done) {
    if (child_) {
        Error error = Error::make(ErrorCode::Conflict, "a load run is under way");
        error.hint = "stop it first";
        done(std::move(error));
        return;
    }
    if (Status checked = check_load_plan(plan); !checked) {
        done(checked.error());
        return;
    }
    LoadStatus fresh;
    fresh.run_id = UuidGenerator().v7(SystemClock().now());
    fresh.state = LoadState::Starting;
    fresh.plan = std::move(plan);
    const LoadPlan& p = fresh.plan;
    Result<ChildProcess> child = ChildProcess::start(
        {options_.program, "load", "--report-json-lines", "--run-id=" + fresh.run_id, "--url=" + p.url,
         "--rate=" + number_text(p.rate), "--duration=" + number_text(p.duration_seconds),
         std::string("--arrivals=") + (p.arrivals == Arrivals::Poisson ? "poisson" : "even"),
         "--seed=" + std::to_string(p.seed), "--batch=" + std::to_string(p.batch),
         "--connections=" + std::to_string(p.connections)});
    if (!child) {
        Error error = child.error();
        error.hint = "the load program is streamgauged; check its path in the configuration";
        done(std::move(error));
        return;
    }
    child_ = std::move(child).value();
    output_.clear();
    error_text_.clear();
    kill_at_.reset();
    killed_ = false;
    {
        const std::lock_guard lock(mutex_);
        status_ = fresh;
    }
    log::info("load_started", "a load run has started",
              {{"run_id", fresh.run_id}, {"url", p.url}, {"rate", number_text(p.rate)}});
    on_update_(fresh);
    done(std::move(fresh));
}

void ProcessLoadService::ask_to_end() {
    if (kill_at_) return;
    child_->signal(SIGINT);
    kill_at_ = SteadyClock::now() + options_.stop_grace;
}

void ProcessLoadService::wait_for_something() {
    int timeout = -1;
    if (kill_at_ && !killed_) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*kill_at_ - SteadyClock::now());
        timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
    }
    // A negative descriptor is skipped by poll().
    std::array<pollfd, 4> waiting{{{wake_, POLLIN, 0},
                                   {child_ ? child_->output_fd() : -1, POLLIN, 0},
                                   {child_ ? child_->error_fd() : -1, POLLIN, 0},
                                   {child_ ? child_->exit_fd() : -1, POLLIN, 0}}};
    if (poll(waiting.data(), waiting.size(), timeout) < 0) return;  // interrupted: the loop comes again
    if (waiting[0].revents != 0) {
        std::uint64_t count = 0;
        [[maybe_unused]] const ssize_t n = read(wake_, &count, sizeof count);
    }
    if (!child_) return;
    if (waiting[1].revents != 0 || waiting[2].revents != 0) read_reports();
    if (waiting[3].revents != 0) {
        read_reports();
        finish();
    } else if (kill_at_ && !killed_ && SteadyClock::now() >= *kill_at_) {
        killed_ = true;
        child_->signal(SIGKILL);
    }
}

void ProcessLoadService::read_reports() {
    child_->read_error(error_text_);
    if (error_text_.size() > kErrorTextBytes) error_text_.erase(0, error_text_.size() - kErrorTextBytes);
    child_->read_output(output_);
    std::size_t at = 0;
    for (std::size_t end; (end = output_.find('\n', at)) != std::string::npos; at = end + 1) {
        Result<LoadStatus> report = decode_load_status(std::string_view(output_).substr(at, end - at));
        if (report) {
            take_report(std::move(report).value());
        } else {
            log::error("load_report_unreadable", report.error().describe());
            ask_to_end();
        }
    }
    output_.erase(0, at);
    if (output_.size() > kLineBytes) {
        log::error("load_report_unreadable", "a line of the generator's report does not end");
        output_.clear();
        ask_to_end();
    }
}

// Seconds are merged by their number: the last ones of what is kept may come again, changed.
void ProcessLoadService::take_report(LoadStatus report) {
    {
        const std::lock_guard lock(mutex_);
        report.run_id = status_.run_id;
        report.plan = status_.plan;
        std::vector<LoadSecond> seconds = std::move(status_.seconds);
        for (const LoadSecond& second : report.seconds) {
            const auto at = std::lower_bound(seconds.begin(), seconds.end(), second.second,
                                             [](const LoadSecond& a, std::int64_t b) { return a.second < b; });
            if (at != seconds.end() && at->second == second.second) {
                *at = second;
            } else {
                seconds.insert(at, second);
            }
        }
        if (seconds.size() > kLoadSecondsKept)
            seconds.erase(seconds.begin(), seconds.end() - static_cast<std::ptrdiff_t>(kLoadSecondsKept));
        status_ = report;
        status_.seconds = std::move(seconds);
    }
    on_update_(report);
}

void ProcessLoadService::finish() {
    const std::string end = describe_end(child_->reap());
    child_.reset();
    LoadStatus last = status();
    if (!is_final(last.state)) {
        last.seconds.clear();
        last.state = killed_ ? LoadState::Stopped : LoadState::Failed;
        last.error = killed_ ? "the generator did not stop in time and was killed"
                             : "the generator ended unexpectedly with " + end;
        while (!error_text_.empty() && error_text_.back() == '\n') error_text_.pop_back();
        if (!error_text_.empty()) last.error += ": " + error_text_;
        take_report(last);
    }
    log::info("load_ended", "a load run has ended", {{"run_id", last.run_id}, {"end", end}});
    std::vector<Done<LoadStatus>> waiters;
    waiters.swap(stop_waiters_);
    for (const Done<LoadStatus>& done : waiters) done(status());
}

}  // namespace

Status check_load_plan(const LoadPlan& plan) {
    const Result<loadgen::Url> url = loadgen::parse_url(plan.url);
    if (!url) return url.error();
    const Result<loadgen::ArrivalPlan> arrivals =
        loadgen::ArrivalPlan::constant(plan.rate, plan.duration_seconds, loadgen::Spacing::Even, plan.seed);
    if (!arrivals) {
        Error error = arrivals.error();
        if (error.field == "duration") error.field = "duration_seconds";
        return error;
    }
    if (plan.batch < 1 || plan.batch > limits::kEventsPerRequest)
        return wrong_field("batch", "a request carries 1 to 10000 events");
    if (plan.connections < 1 || plan.connections > loadgen::EngineOptions::kMostConnections)
        return wrong_field("connections", "there must be 1 to 10000 connections");
    if (!loadgen::names_loopback(*url)) {
        Error error = Error::make(ErrorCode::Forbidden, "a load run started here may only go to a loopback address");
        error.field = "url";
        error.hint = "use 127.0.0.1, [::1] or localhost; for another host run streamgauged load --target-confirm";
        return error;
    }
    return {};
}

std::unique_ptr<LoadService> make_load_service(LoadServiceOptions options,
                                               std::function<void(const LoadStatus&)> on_update) {
    return std::make_unique<ProcessLoadService>(std::move(options), std::move(on_update));
}

}  // namespace streamgauge::api
