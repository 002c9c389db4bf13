// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/load_command.h"

#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "api/codec.h"
#include "api/types.h"
#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "loadgen/duration.h"
#include "loadgen/engine.h"
#include "loadgen/summary.h"

namespace streamgauge {
namespace {

using namespace loadgen;

constexpr int kDone = 0, kUnreachable = 1, kUsage = 2;

constexpr const char* kFooter = R"(
Requests are sent at planned times, whether or not earlier ones were answered, and response times count from those
planned times: a server that stalls for a second cannot hide it. What cannot be sent in time waits for a connection.

Examples:
  streamgauged load --url http://127.0.0.1:8080/events --rate 1000 --duration 30s
  streamgauged load --url http://127.0.0.1:8080/events --rate 200 --batch 1000 --duration 5m       200,000 events a second
  streamgauged load --url http://127.0.0.1:8080/events --rate 5000 --duration 1m --arrivals poisson --seed 7
  streamgauged load --url http://10.0.0.5:8080/events --target-confirm 10.0.0.5 --rate 100 --duration 10s
  streamgauged load --url http://127.0.0.1:8080/events --rate 1000 --duration 30s --summary-json run.json

Ctrl-C ends a run early, with its summary. Exit code: 0 done, 1 the target never answered, 2 wrong usage.)";

struct Arguments {
    std::string duration = "30s", timeout = "30s", arrivals = "even", confirmed_host, summary_file, run_id;
    Scenario scenario;
    Stage stage;
    EngineOptions engine;
    bool report_json_lines = false;
};

// ---- stopping -------------------------------------------------------------------------------------------------------
std::atomic<int> stop_event{-1};  // a signal handler can reach nothing else

void on_signal(int) {
    const int saved = errno;
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = write(stop_event, &one, sizeof one);
    errno = saved;
}

class StopSignals {
public:
    StopSignals() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        stop_event = fd_;
        struct sigaction action {};
        action.sa_handler = on_signal;
        action.sa_flags = SA_RESTART;
        sigaction(SIGINT, &action, &interrupt_);
        sigaction(SIGTERM, &action, &terminate_);
        action.sa_handler = SIG_IGN;  // a reader that left shows as an error of write()
        sigaction(SIGPIPE, &action, &pipe_);
    }
    ~StopSignals() {
        sigaction(SIGINT, &interrupt_, nullptr);
        sigaction(SIGTERM, &terminate_, nullptr);
        sigaction(SIGPIPE, &pipe_, nullptr);
        stop_event = -1;
        if (fd_ >= 0) close(fd_);
    }
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;
    int fd() const { return fd_; }

private:
    int fd_;
    struct sigaction interrupt_ {
    }, terminate_{}, pipe_{};
};

// ---- reporting ------------------------------------------------------------------------------------------------------
// Writes on a thread of its own, so that a slow terminal or a full pipe cannot delay a request.
class Reporter {
public:
    explicit Reporter(bool json_lines) : json_lines_(json_lines), thread_([this] { run(); }) {}
    ~Reporter() { finish(); }
    Reporter(const Reporter&) = delete;
    Reporter& operator=(const Reporter&) = delete;

    // False when nobody reads any more.
    bool push(api::LoadStatus status) { return !reader_gone_ && queue_.try_push(std::move(status)); }
    void finish() {
        queue_.close();
        if (thread_.joinable()) thread_.join();
    }

private:
    static constexpr std::size_t kQueuedReports = 2400;  // ten minutes of a reader that does not read

    void run() {
        if (!json_lines_) put(std::string(kSecondsHead) + "\n");
        std::vector<api::LoadStatus> reports;
        while (queue_.pop_all(reports))
            for (const api::LoadStatus& report : reports) put(json_lines_ ? api::encode(report) + "\n" : lines(report));
    }

    // A second is printed when the next one has begun, or at the end.
    std::string lines(const api::LoadStatus& report) {
        std::string text;
        const bool last = report.state != api::LoadState::Running;
        for (const api::LoadSecond& s : report.seconds) {
            const bool ended = last || &s != &report.seconds.back();
            const bool empty = s.planned == 0 && s.ok == 0 && s.limited == 0 && s.other == 0;
            if (!ended || empty) continue;
            text += second_line({s.second, s.planned, s.sent, s.ok, s.limited, s.other, s.avg_ms, s.p50_ms, s.p95_ms,
                                 s.p99_ms}) +
                    "\n";
        }
        return text;
    }

    void put(std::string_view text) {
        while (!text.empty() && !reader_gone_) {
            const ssize_t n = write(STDOUT_FILENO, text.data(), text.size());
            if (n >= 0) {
                text.remove_prefix(static_cast<std::size_t>(n));
            } else if (errno != EINTR) {
                reader_gone_ = true;
            }
        }
    }

    const bool json_lines_;
    std::atomic<bool> reader_gone_{false};
    BoundedQueue<api::LoadStatus> queue_{kQueuedReports};
    std::thread thread_;
};

double quantile_ms(const Histogram& h, double q) {
    return static_cast<double>(h.quantile_micros(q)) / 1000;
}

// Turns the engine's record into status messages that carry only the seconds that are new or changed.
class StatusMaker {
public:
    StatusMaker(std::string run_id, api::LoadPlan plan) {
        base_.run_id = std::move(run_id);
        base_.plan = std::move(plan);
    }

    api::LoadStatus starting() const {
        api::LoadStatus status = base_;
        status.state = api::LoadState::Starting;
        return status;
    }
    api::LoadStatus failed(std::string why) const {
        api::LoadStatus status = base_;
        status.state = api::LoadState::Failed;
        status.error = std::move(why);
        return status;
    }

    api::LoadStatus make(const Progress& progress) {
        const RunRecord& record = *progress.record;
        const Totals& totals = record.totals();
        api::LoadStatus status = base_;
        status.state = progress.state == RunState::Running ? api::LoadState::Running
                       : progress.state == RunState::Done  ? api::LoadState::Done
                                                           : api::LoadState::Stopped;
        status.planned = totals.planned;
        status.sent = totals.sent;
        status.done = totals.done();
        status.failed = totals.failed();
        status.unfinished = totals.unfinished();
        status.p50_ms = quantile_ms(record.response(), 0.50);
        status.p95_ms = quantile_ms(record.response(), 0.95);
        status.p99_ms = quantile_ms(record.response(), 0.99);
        status.max_ms = static_cast<double>(record.response().max_micros()) / 1000;
        status.send_lag_p99_ms = quantile_ms(record.generator_lag(), 0.99);
        const std::vector<SecondRow>& ended = record.ended_seconds();
        status.seconds.reserve(ended.size() - ended_seen_ + 1);
        for (; ended_seen_ < ended.size(); ++ended_seen_) status.seconds.push_back(to_api(ended[ended_seen_]));
        status.seconds.push_back(to_api(record.current_second()));
        return status;
    }

private:
    static api::LoadSecond to_api(const SecondRow& row) {
        api::LoadSecond second;
        second.second = row.second;
        second.planned = row.planned;
        second.sent = row.sent;
        second.ok = row.ok;
        second.limited = row.limited;
        second.other = row.other;
        second.avg_ms = row.avg_ms;
        second.p50_ms = row.p50_ms;
        second.p95_ms = row.p95_ms;
        second.p99_ms = row.p99_ms;
        return second;
    }

    api::LoadStatus base_;
    std::size_t ended_seen_ = 0;
};

// ---- the run --------------------------------------------------------------------------------------------------------
Error named(Error error, const char* field) {
    if (error.field.empty()) error.field = field;
    return error;
}

struct Prepared {
    RunDescription description;
    std::unique_ptr<Engine> engine;
};

// Every open connection is a file descriptor; the usual soft limit of 1,024 is for programs that use select().
Status allow_descriptors(std::uint32_t connections) {
    constexpr rlim_t kOwn = 64;
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
    if (limit.rlim_max != RLIM_INFINITY && connections + kOwn > limit.rlim_max) {
        Error error = Error::make(ErrorCode::InvalidArgument,
                                  "this process may open only " + std::to_string(limit.rlim_max) + " files");
        error.field = "connections";
        error.hint = "raise the hard limit (ulimit -Hn) or use fewer connections";
        return error;
    }
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return {};
}

Result<Prepared> prepare(Arguments& arguments, double seconds) {
    const Result<double> timeout = parse_duration(arguments.timeout);
    if (!timeout) return named(timeout.error(), "timeout");
    if (*timeout < 0.001 || *timeout > 3600) {
        return named(Error::make(ErrorCode::InvalidArgument, "the timeout must be 1 ms to 1 hour"), "timeout");
    }
    Scenario& scenario = arguments.scenario;
    scenario.timeout_seconds = *timeout;
    scenario.spacing = arguments.arrivals == "poisson" ? Spacing::Poisson : Spacing::Even;
    arguments.stage.seconds = seconds;
    scenario.stages = {arguments.stage};
    if (const Status valid = validate(scenario); !valid) return valid.error();
    const Result<Url> url = parse_url(scenario.url);
    if (!url) return url.error();
    if (const Status allowed = allow_descriptors(most_connections(scenario)); !allowed) return allowed.error();
    Result<Address> address = resolve(*url, arguments.confirmed_host);
    if (!address) {
        Error error = address.error();
        if (error.code == ErrorCode::Forbidden) error.hint += "; then add --target-confirm " + url->host;
        return error;
    }
    Result<std::unique_ptr<Engine>> engine = Engine::make(scenario, *address, arguments.engine);
    if (!engine) return engine.error();
    Prepared prepared;
    prepared.engine = std::move(engine).value();
    RunDescription& d = prepared.description;
    d.run_id = arguments.run_id;
    d.url = scenario.url;
    d.rate = arguments.stage.rate;
    d.duration_seconds = seconds;
    d.spacing = scenario.spacing;
    d.seed = scenario.seed;
    d.batch = scenario.requests.front().batch;
    d.connections = scenario.max_in_flight;
    d.users = scenario.users;
    d.pages = scenario.pages;
    return prepared;
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::string no_answer(const Arguments& arguments, const Totals& totals) {
    std::string text = "no answer from " + arguments.scenario.url + " during the whole run:";
    for (std::size_t i = 0; i < kOutcomes; ++i) {
        const auto outcome = static_cast<Outcome>(i);
        if (totals.of(outcome) > 0)
            text += " " + std::to_string(totals.of(outcome)) + " " + std::string(to_string(outcome)) + ",";
    }
    text += " " + std::to_string(totals.unfinished()) + " unfinished";
    return text + (totals.of(Outcome::ConnectRefused) > 0 ? "; is the server running?" : "");
}

int run(Arguments arguments) {
    // The service that reads these lines may be killed; its load must not outlive it.
    if (arguments.report_json_lines) prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (arguments.run_id.empty()) arguments.run_id = UuidGenerator().v7(SystemClock().now());
    std::random_device entropy;
    arguments.engine.id_salt = (std::uint64_t{entropy()} << 32) | entropy();

    api::LoadPlan plan;
    plan.url = arguments.scenario.url;
    plan.rate = arguments.stage.rate;
    plan.arrivals = arguments.arrivals == "poisson" ? api::Arrivals::Poisson : api::Arrivals::Even;
    plan.seed = arguments.scenario.seed;
    plan.batch = arguments.scenario.requests.front().batch;
    plan.connections = arguments.scenario.max_in_flight;
    const Result<double> seconds = parse_duration(arguments.duration);
    plan.duration_seconds = seconds ? *seconds : 0;
    StatusMaker statuses(arguments.run_id, plan);

    const StopSignals stop_signals;
    const auto refuse = [&](const Error& error) {
        std::cerr << "streamgauged load: " << error.describe() << "\n";
        if (arguments.report_json_lines) Reporter(true).push(statuses.failed(error.describe()));
        return error.code == ErrorCode::InvalidArgument || error.code == ErrorCode::Forbidden ? kUsage : kUnreachable;
    };
    if (!seconds) return refuse(named(seconds.error(), "duration"));
    Result<Prepared> prepared = prepare(arguments, *seconds);
    if (!prepared) return refuse(prepared.error());
    std::ofstream summary;
    if (!arguments.summary_file.empty()) {
        summary.open(arguments.summary_file, std::ios::trunc);
        if (!summary) {
            return refuse(named(Error::make(ErrorCode::InvalidArgument, "cannot write " + arguments.summary_file),
                                "summary-json"));
        }
    }

    Engine& engine = *prepared->engine;
    RunDescription& description = prepared->description;
    Reporter reporter(arguments.report_json_lines);
    reporter.push(statuses.starting());
    std::string why_failed;
    const Result<RunState> ended = engine.run(stop_signals.fd(), [&](const Progress& progress) {
        api::LoadStatus status = statuses.make(progress);
        const Totals& totals = progress.record->totals();
        if (progress.state == RunState::Done && totals.answered() == 0) {
            status.state = api::LoadState::Failed;
            status.error = why_failed = no_answer(arguments, totals);
        }
        description.elapsed_seconds = static_cast<double>(progress.elapsed_nanos) / 1e9;
        return reporter.push(std::move(status));
    });
    if (!ended) reporter.push(statuses.failed(ended.error().describe()));
    reporter.finish();
    if (!ended) {
        std::cerr << "streamgauged load: " << ended.error().describe() << "\n";
        return kUnreachable;
    }
    description.state = *ended;
    description.cpu_seconds = cpu_seconds();
    if (!arguments.report_json_lines) std::cout << summary_text(description, engine.record()) << std::flush;
    if (!arguments.summary_file.empty()) {
        summary << summary_json(description, engine.record()) << std::flush;
        if (!summary) std::cerr << "streamgauged load: cannot write " << arguments.summary_file << "\n";
    }
    if (!why_failed.empty()) std::cerr << "streamgauged load: " << why_failed << "\n";
    return why_failed.empty() ? kDone : kUnreachable;
}

}  // namespace

void add_load_command(CLI::App& app, int& exit_code) {
    CLI::App* command =
        app.add_subcommand("load", "Put a constant rate of generated events on a server and measure it");
    command->footer(kFooter);
    const auto arguments = std::make_shared<Arguments>();
    Arguments& a = *arguments;
    a.scenario.requests.emplace_back();
    command->add_option("--url", a.scenario.url, "Where events are posted, for example http://127.0.0.1:8080/events")
        ->required();
    command->add_option("--rate", a.stage.rate, "Requests a second, at most 200000")->required();
    command->add_option("--duration", a.duration, "How long: 30s, 5m, 1h30m; at most 24h")->capture_default_str();
    command->add_option("--arrivals", a.arrivals, "even: one every 1/rate; poisson: as independent users come")
        ->check(CLI::IsMember({"even", "poisson"}))
        ->capture_default_str();
    command->add_option("--seed", a.scenario.seed, "The same seed makes the same arrivals, users and pages")
        ->capture_default_str();
    command
        ->add_option("--batch", a.scenario.requests.front().batch,
                     "Events in a request; above 1 they are sent as an array")
        ->capture_default_str();
    command->add_option("--connections", a.scenario.max_in_flight, "Most connections, so most requests in flight")
        ->capture_default_str();
    command->add_option("--users", a.scenario.users, "Different user_id values")->capture_default_str();
    command->add_option("--pages", a.scenario.pages, "Different page_url values")->capture_default_str();
    command->add_option("--timeout", a.timeout, "A request without an answer for so long has failed")
        ->capture_default_str();
    command->add_option("--target-confirm", a.confirmed_host,
                        "The host of --url again, when it is not this machine: only load what you are allowed to");
    command->add_option("--summary-json", a.summary_file, "Write the summary with all seconds to this file");
    command->add_flag("--report-json-lines", a.report_json_lines,
                      "Status as a JSON object a line, four a second; ends with the process that reads it");
    command->add_option("--run-id", a.run_id, "Name of the run in its reports")->group("");
    command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace streamgauge
