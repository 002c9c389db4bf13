// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/load_command.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "api/codec.h"
#include "api/types.h"
#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "daemon/load_files.h"
#include "daemon/load_outputs.h"
#include "daemon/load_runs_command.h"
#include "daemon/load_self_test.h"
#include "daemon/load_status.h"
#include "loadgen/duration.h"
#include "loadgen/end_to_end.h"
#include "loadgen/engine.h"
#include "loadgen/own_usage.h"
#include "loadgen/recording.h"
#include "loadgen/report_maker.h"
#include "loadgen/report_outputs.h"
#include "loadgen/report_text.h"
#include "loadgen/run_objectives.h"
#include "loadgen/scenario_text.h"
#include "loadgen/second_line.h"
#include "loadgen/spike_profile.h"
#include "loadgen/threshold_watch.h"

namespace streamgauge {
namespace {

using namespace loadgen;

// The numbers are k6's (its codes.go), but for kUnreachable, which it does not tell apart.
constexpr int kDone = 0, kUnreachable = 1, kThresholds = 99, kEngine = 103, kConfiguration = 104, kInterrupted = 105,
              kAborted = 108;

constexpr std::chrono::milliseconds kBetweenStatuses{250};  // while what was sent is waited for

constexpr const char* kFooter = R"(
Requests are sent at planned times, whether or not earlier ones were answered, and response times count from those
planned times: a server that stalls for a second cannot hide it. What cannot be sent in time waits for a connection.

Examples:
  streamgauged load --url http://127.0.0.1:8080/events --rate 1000 --duration 30s
  streamgauged load --url http://127.0.0.1:8080/events --rate 200 --batch 1000 --duration 5m       200,000 events a second
  streamgauged load --url http://127.0.0.1:8080/events --rate 5000 --duration 1m --arrivals poisson --seed 7
  streamgauged load --url http://10.0.0.5:8080/events --target-confirm 10.0.0.5 --rate 100 --duration 10s
  streamgauged load --url http://127.0.0.1:8080/events --rate 1000 --duration 30s --threshold "p(95)<300" --threshold "errors<1%"
  streamgauged load --url http://127.0.0.1:8080/events --replay-journal /var/lib/streamgauge --replay-speed 10
  streamgauged load --url http://127.0.0.1:8080/events --replay-log access.log --replay-from 2026-01-31T10:00:00Z
  streamgauged load --url http://127.0.0.1:8080/events --rate 200 --duration 5m --objectives default
  streamgauged load --self-test                        is this generator to be believed on this machine?
  streamgauged load checkout.yaml --out html=run.html,junit=run.xml,summary=run.json
  streamgauged load --repeat run.json                  the same requests at the same times, with what a hand did

A scenario file (docs/load.md) says more than options can: stages, kinds of requests, thresholds. BASE_RPS, BASE_SEC,
SPIKE_RPS, SPIKE_SEC, COOLDOWN_RPS, COOLDOWN_SEC and JITTER_PCT in the environment take the place of its spike.

--replay-journal and --replay-log send what was recorded again, at the times it came, or faster: the events that a server
keeps (the server may run) with new ids and times, or the requests of an access log. No --rate and no --duration then.

--out KIND=FILE: summary (as k6's handleSummary() gets it), json (everything, histograms included), csv (a row a
second), hdr (HdrHistogram's log 1.3), junit, html (one page with charts, nothing to load).

Ctrl-C ends a run early, with its summary. Exit codes, as k6's where it has them: 0 done; 1 the target never answered;
2 unknown or malformed option; 99 a threshold failed or an objective was not held; 103 the generator could not go on,
or a report could not be written; 104 a value or the scenario is wrong; 105 stopped by a signal or by hand; 108 stopped by the error brake.)";

struct Arguments {
    std::string duration = "30s", timeout = "30s", arrivals = "even", confirmed_host, run_id, scenario_file;
    std::vector<std::string> outputs, thresholds, objectives;
    Scenario scenario;
    Stage stage;
    EngineOptions engine;
    std::string query_url, keep, repeated;
    std::string seed = "1";
    CLI::App* command = nullptr;  // to ask which options were given
    bool report_json_lines = false, self_test = false, end_to_end = false;
    double self_test_seconds = daemon::SelfTestLength().stall_run_seconds;
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
    // `bar_seconds`: how long the run is planned to last, for a bar below the lines; 0: none.
    explicit Reporter(bool json_lines, double bar_seconds = 0)
        : json_lines_(json_lines), bar_seconds_(bar_seconds), thread_([this] { run(); }) {}
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
            for (const api::LoadStatus& report : reports)
                put(json_lines_ ? api::encode(report) + "\n" : with_bar(report, lines(report)));
    }

    // The bar is drawn over the line that the cursor is in, and goes away with the run.
    std::string with_bar(const api::LoadStatus& report, std::string text) const {
        if (bar_seconds_ <= 0 || report.state == api::LoadState::Starting) return text;
        text.insert(0, "\r\x1b[K");
        if (report.state != api::LoadState::Running || report.seconds.empty()) return text;
        constexpr int kWidth = 30;
        const double share = std::min(1.0, static_cast<double>(report.seconds.back().second) / bar_seconds_);
        const int filled = static_cast<int>(share * kWidth);
        std::array<char, 200> line{};
        const int n = std::snprintf(line.data(), line.size(), "[%s%s] %3.0f %%  done %llu  failed %llu  p99 %.1f ms",
                                    std::string(static_cast<std::size_t>(filled), '#').c_str(),
                                    std::string(static_cast<std::size_t>(kWidth - filled), '.').c_str(), 100 * share,
                                    static_cast<unsigned long long>(report.done),
                                    static_cast<unsigned long long>(report.failed), report.p99_ms);
        text.append(line.data(), static_cast<std::size_t>(std::max(n, 0)));
        return report.end_to_end ? text + read_back_words(*report.end_to_end, report.unfinished == 0) : text;
    }

    // What is missing is waited for once all has been answered; before that it is on its way.
    static std::string read_back_words(const api::LoadEndToEnd& found, bool all_answered) {
        std::array<char, 120> words{};
        std::string text;
        if (found.visible > 0) {
            std::snprintf(words.data(), words.size(), "  visible %llu  fresh p99 %.0f ms",
                          static_cast<unsigned long long>(found.visible), found.query_p99_ms);
            text += words.data();
        }
        if (all_answered && found.missing > 0) text += "  missing " + std::to_string(found.missing);
        return text;
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
        return text + alert_lines(report);
    }

    // What changed since the last report.
    std::string alert_lines(const api::LoadStatus& report) {
        std::string text;
        for (const api::LoadObjective& now : report.objectives) {
            std::vector<std::string>& before = firing_[now.name];
            if (before == now.firing) continue;
            before = now.firing;
            std::array<char, 40> at{};
            std::snprintf(at.data(), at.size(), "%10.1f s  ", report.elapsed_seconds);
            text += at.data() + now.name;
            if (now.firing.empty()) text += " fires no more";
            for (const std::string& severity : now.firing)
                text += (&severity == now.firing.data() ? " fires: " : ", ") + severity;
            text += "\n";
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
    const double bar_seconds_;
    std::map<std::string, std::vector<std::string>> firing_;  // by objective
    std::atomic<bool> reader_gone_{false};
    BoundedQueue<api::LoadStatus> queue_{kQueuedReports};
    std::thread thread_;
};

// ---- the run --------------------------------------------------------------------------------------------------------
Error named(Error error, const char* field) {
    if (error.field.empty()) error.field = field;
    return error;
}

struct Prepared {
    std::unique_ptr<EndToEndCheck> check;  // none: not asked for
    std::unique_ptr<RunObjectives> objectives;
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

// "replay of access.log, 10 times as fast".
std::string name_of(const Replay& replay) {
    const std::string path = replay.journal.empty() ? replay.access_log : replay.journal;
    std::string name = std::filesystem::path(path).lexically_normal().filename().string();
    if (name.empty()) name = path;
    std::array<char, 40> speed{};
    if (replay.speed != 1) std::snprintf(speed.data(), speed.size(), ", %g times as fast", replay.speed);
    return "replay of " + name.substr(0, 60) + speed.data();
}

// What the options say, as a scenario of one stage or as a replay.
Status make_quick_scenario(Arguments& arguments) {
    Scenario& scenario = arguments.scenario;
    const auto wrong = [](const char* field, const char* message) {
        return named(Error::make(ErrorCode::InvalidArgument, message), field);
    };
    if (scenario.url.empty()) return wrong("url", "a scenario file, or --url and --rate");
    if (scenario.replay == Replay() && !spike_in_environment(environment_variable) &&
        arguments.command->count("--rate") == 0)
        return wrong("rate", "how many requests a second? --rate 100");
    const char* const end = arguments.seed.data() + arguments.seed.size();
    const auto [read, fault] = std::from_chars(arguments.seed.data(), end, scenario.seed);
    if (fault != std::errc{} || read != end)
        return wrong("seed", "must be a whole number from 0 to 18446744073709551615");
    const Result<double> seconds = parse_duration(arguments.duration);
    if (!seconds) return named(seconds.error(), "duration");
    const Result<double> timeout = parse_duration(arguments.timeout);
    if (!timeout) return named(timeout.error(), "timeout");
    if (*timeout < 0.001 || *timeout > 3600) return wrong("timeout", "the timeout must be 1 ms to 1 hour");
    scenario.timeout_seconds = *timeout;
    if (scenario.replay != Replay()) {
        for (const char* const option : {"--rate", "--duration", "--arrivals", "--batch"})
            if (arguments.command->count(option) > 0)
                return wrong(option + 2, "a replay sends what was recorded, when it was recorded");
        scenario.spacing = Spacing::Recorded;
        scenario.name = name_of(scenario.replay);
        return {};
    }
    scenario.spacing = arguments.arrivals == "poisson" ? Spacing::Poisson : Spacing::Even;
    arguments.stage.seconds = *seconds;
    scenario.stages = {arguments.stage};
    std::array<char, 80> name{};
    std::snprintf(name.data(), name.size(), "%g requests/s (%s)", arguments.stage.rate, arguments.arrivals.c_str());
    scenario.name = name.data();
    return {};
}

// Options that say what a scenario says itself: beside one they would be ignored, and the run be taken for another.
Status refuse_scenario_options(const Arguments& arguments, const std::string& what) {
    for (const char* const option :
         {"--url", "--rate", "--duration", "--arrivals", "--seed", "--batch", "--connections", "--users", "--pages",
          "--timeout", "--replay-journal", "--replay-log", "--replay-speed", "--replay-from", "--replay-to",
          "--replay-project", "--replay-keep-ids", "--replay-keep-times", "--replay-methods"})
        if (arguments.command->count(option) > 0)
            return named(Error::make(ErrorCode::InvalidArgument, what + " says that itself: leave " + option + " out"),
                         option + 2);
    return {};
}

Status read_scenario_file(Arguments& arguments) {
    if (const Status alone = refuse_scenario_options(arguments, "a scenario file"); !alone) return alone;
    const Result<std::string> text = daemon::read_file(arguments.scenario_file, kScenarioBytes, "scenario");
    if (!text) return text.error();
    Result<Scenario> scenario = parse_scenario(*text);
    if (!scenario) return scenario.error();
    arguments.scenario = std::move(scenario).value();
    return {};
}

// What a report says was run: its scenario with all that was laid upon it then, and what a hand did when.
Status read_repeated_run(Arguments& arguments) {
    constexpr std::size_t kReportBytes = std::size_t{1} << 30;
    if (const Status alone = refuse_scenario_options(arguments, "the run that is repeated"); !alone) return alone;
    const auto wrong = [](const Error& error) { return named(error, "repeat"); };
    if (!arguments.scenario_file.empty())
        return wrong(Error::make(ErrorCode::InvalidArgument, "the run that is repeated has its own scenario"));
    const Result<std::string> text = daemon::read_file(arguments.repeated, kReportBytes, "repeat");
    if (!text) return text.error();
    Result<RunReport> report = parse_run_report(*text);
    if (!report) {
        Error error = report.error();
        error.message =
            "not a report as --out json=FILE writes it: " + (error.field.empty() ? std::string() : error.field + " ") +
            error.message;
        error.field = "repeat";
        return error;
    }
    Result<Scenario> scenario = parse_scenario(report->scenario);
    if (!scenario) return wrong(scenario.error());
    arguments.scenario = std::move(scenario).value();
    arguments.engine.recorded = std::move(report->hand);
    return {};
}

// BASE_RPS and its like; said aloud, as they may still be set from yesterday.
Status apply_environment(Arguments& arguments) {
    Scenario& scenario = arguments.scenario;
    const Result<bool> applied = apply_spike_environment(scenario, environment_variable);
    if (!applied) return applied.error();
    if (!*applied) return {};
    std::cerr << "streamgauged load: by the environment:";
    for (const char* const name : kSpikeVariables)
        if (const auto value = environment_variable(name)) std::cerr << " " << name << "=" << *value;
    std::cerr << "\n";
    if (arguments.scenario_file.empty() && scenario.stages.front().shape == Stage::Shape::Spike) {
        const Stage& spike = scenario.stages.front();
        std::array<char, 120> name{};
        std::snprintf(name.data(), name.size(), "spike of %g requests/s on %g (%s)", spike.to, spike.rate,
                      arguments.arrivals.c_str());
        scenario.name = name.data();
    }
    return {};
}

// The scenario that is run, whole and valid.
Status complete_scenario(Arguments& arguments) {
    const bool repeats = !arguments.repeated.empty();
    const Status made = repeats                           ? read_repeated_run(arguments)
                        : arguments.scenario_file.empty() ? make_quick_scenario(arguments)
                                                          : read_scenario_file(arguments);
    if (!made) return made;
    for (const std::string& text : arguments.thresholds) {
        const Result<Threshold> threshold = parse_threshold(text);
        if (!threshold) return named(threshold.error(), "threshold");
        arguments.scenario.thresholds.push_back(*threshold);
    }
    const auto left_out = daemon::add_objectives(arguments.objectives, arguments.scenario);
    if (!left_out) return left_out.error();
    for (const std::string& one : *left_out) std::cerr << "streamgauged load: objective left out: " << one << "\n";
    if (arguments.end_to_end) arguments.scenario.end_to_end.check = true;
    if (!arguments.query_url.empty()) arguments.scenario.end_to_end.query_url = arguments.query_url;
    if (!repeats)
        if (const Status applied = apply_environment(arguments); !applied) return applied;
    return validate(arguments.scenario);
}

Result<Prepared> prepare(Arguments& arguments, int stop_fd) {
    const Scenario& scenario = arguments.scenario;
    const Result<Url> url = parse_url(scenario.url);
    if (!url) return url.error();
    if (const Status allowed = allow_descriptors(most_connections(scenario)); !allowed) return allowed.error();
    Result<Address> address = resolve(*url, arguments.confirmed_host);
    if (!address) {
        Error error = address.error();
        if (error.code == ErrorCode::Forbidden) error.hint += "; then add --target-confirm " + url->host;
        return error;
    }
    RecordingLimits recorded;
    recorded.stopped = [stop_fd] {
        pollfd waiting{stop_fd, POLLIN, 0};
        return poll(&waiting, 1, 0) > 0;
    };
    if (Status read = attach_recording(arguments.scenario, recorded); !read) return read.error();
    Prepared prepared;
    if (scenario.end_to_end.check) {
        EndToEndOptions options;
        options.id_salt = arguments.engine.id_salt;
        options.confirmed_host = arguments.confirmed_host;
        Result<std::unique_ptr<EndToEndCheck>> check = EndToEndCheck::start(scenario, options);
        if (!check) return check.error();
        prepared.check = std::move(check).value();
        arguments.engine.acknowledged = &prepared.check->acknowledged();
    }
    prepared.objectives = std::make_unique<RunObjectives>(scenario);
    arguments.engine.objectives = prepared.objectives.get();
    Result<std::unique_ptr<Engine>> engine = Engine::make(scenario, *address, arguments.engine);
    if (!engine) return engine.error();
    prepared.engine = std::move(engine).value();
    return prepared;
}

std::string no_answer(const Arguments& arguments, const RunRecord& record) {
    const Totals& totals = record.totals();
    std::string text = "no answer from " + arguments.scenario.url + " during the whole run:";
    for (std::size_t i = 0; i < kOutcomes; ++i) {
        const auto outcome = static_cast<Outcome>(i);
        if (totals.of(outcome) > 0)
            text += " " + std::to_string(totals.of(outcome)) + " " + std::string(to_string(outcome)) + ",";
    }
    text += " " + std::to_string(totals.unfinished()) + " unfinished";
    for (const ErrorGroup& error : record.errors())
        if (!error.detail.empty()) return text + "; the first " + error.kind + ": " + error.detail;
    return text + (totals.of(Outcome::ConnectRefused) > 0 ? "; is the server running?" : "");
}

// A run whose last events are waited for goes on; its last status, `end`, is told with what was found.
EndToEndReport read_back_the_rest(EndToEndCheck& check, const Scenario& scenario, const RunRecord& record,
                                  FinishOptions waiting, api::LoadStatus end, Reporter& reporter) {
    auto told = std::chrono::steady_clock::now();
    waiting.tick = [&] {
        if (std::chrono::steady_clock::now() - told < kBetweenStatuses) return;
        told = std::chrono::steady_clock::now();
        api::LoadStatus status = end;
        status.state = api::LoadState::Running;
        status.error.clear();
        status.end_to_end = daemon::end_to_end_of(check.so_far(), scenario, record);
        reporter.push(std::move(status));
    };
    EndToEndReport found = check.finish(record, waiting);
    end.end_to_end = daemon::end_to_end_of(found);
    reporter.push(std::move(end));
    return found;
}

int run(Arguments arguments) {
    // The service that reads these lines may be killed; its load must not outlive it.
    if (arguments.report_json_lines) prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (arguments.run_id.empty()) arguments.run_id = UuidGenerator().v7(SystemClock().now());
    std::random_device entropy;
    arguments.engine.id_salt = (std::uint64_t{entropy()} << 32) | entropy();

    const Status complete = complete_scenario(arguments);
    const Scenario& scenario = arguments.scenario;
    daemon::LoadStatusMaker statuses(arguments.run_id, scenario);

    const StopSignals stop_signals;
    const auto refuse = [&](const Error& error) {
        std::cerr << "streamgauged load: " << error.describe() << "\n";
        if (arguments.report_json_lines) Reporter(true).push(statuses.failed(error.describe()));
        if (error.code == ErrorCode::Cancelled) return kInterrupted;
        return error.code == ErrorCode::InvalidArgument || error.code == ErrorCode::Forbidden ? kConfiguration
                                                                                              : kUnreachable;
    };
    if (!complete) return refuse(complete.error());
    Result<Prepared> prepared = prepare(arguments, stop_signals.fd());
    if (!prepared) return refuse(prepared.error());
    statuses = daemon::LoadStatusMaker(arguments.run_id, scenario);  // of a replay, which has been read now
    Result<daemon::LoadOutputs> outputs = daemon::LoadOutputs::open(arguments.outputs);
    if (!outputs) return refuse(outputs.error());

    if (!arguments.keep.empty())
        if (const Status open = daemon::open_kept_runs(arguments.keep); !open) return refuse(open.error());
    Engine& engine = *prepared->engine;
    const bool bar = !arguments.report_json_lines && isatty(STDOUT_FILENO) == 1;
    Reporter reporter(arguments.report_json_lines, bar ? planned_seconds(scenario.stages) : 0);
    reporter.push(statuses.starting());
    ThresholdWatch thresholds(scenario);
    OwnUsage usage;
    RunFacts facts;
    facts.run_id = arguments.run_id;
    facts.scenario_text = to_text(scenario);
    std::string why_failed;
    api::LoadStatus end;  // where the events are read back
    const Result<RunState> ended = engine.run(stop_signals.fd(), [&](const Progress& progress) {
        api::LoadStatus status = statuses.make(progress, &thresholds, prepared->objectives.get());
        const Totals& totals = progress.record->totals();
        if (progress.state == RunState::Done && totals.answered() == 0) {
            status.state = api::LoadState::Failed;
            status.error = why_failed = no_answer(arguments, *progress.record);
        }
        if (prepared->check) {
            status.end_to_end = daemon::end_to_end_of(prepared->check->so_far(), scenario, *progress.record);
            if (progress.state != RunState::Running) {
                end = status;
                end.seconds.erase(end.seconds.begin(), end.seconds.end() - 1);
                status.state = api::LoadState::Running;
                status.error.clear();
            }
        }
        usage.look();
        facts.elapsed_nanos = progress.elapsed_nanos;
        const bool running = progress.state == RunState::Running && progress.stopped_by == StopReason::None;
        if (running && thresholds.update(*progress.record, progress.elapsed_nanos)) facts.stopped_by_threshold = true;
        return reporter.push(std::move(status)) && !facts.stopped_by_threshold;
    });
    if (!ended) {
        reporter.push(statuses.failed(ended.error().describe()));
        reporter.finish();
        std::cerr << "streamgauged load: " << ended.error().describe() << "\n";
        return kEngine;
    }
    facts.state = *ended;
    facts.stopped_by = engine.stopped_by();
    std::optional<EndToEndReport> read_back;
    bool cut_short = false;
    if (prepared->check) {
        FinishOptions waiting;
        if (facts.state == RunState::Stopped) {
            waiting.most = kReadBackOfStopped;
        } else {
            waiting.stop_fd = stop_signals.fd();
        }
        read_back = read_back_the_rest(*prepared->check, scenario, engine.record(), waiting, std::move(end), reporter);
        pollfd stop{waiting.stop_fd, POLLIN, 0};
        cut_short = poll(&stop, 1, 0) > 0;
    }
    reporter.finish();
    const RunReport report = make_report(scenario, facts, engine.record(), usage, thresholds,
                                         read_back ? &*read_back : nullptr, prepared->objectives.get());
    if (!arguments.report_json_lines) std::cout << report_text(report) << std::flush;
    bool lost_report = false;
    if (const Status written = outputs->write(report); !written) {
        std::cerr << "streamgauged load: " << written.error().describe() << "\n";
        lost_report = true;
    }
    if (!arguments.keep.empty()) {
        if (const Status kept = daemon::keep_load_run(arguments.keep, report); !kept) {
            std::cerr << "streamgauged load: the run is not kept: " << kept.error().describe() << "\n";
            lost_report = true;
        }
    }
    if (!why_failed.empty()) std::cerr << "streamgauged load: " << why_failed << "\n";
    if (const std::string all_failed = all_failed_text(report); why_failed.empty() && !all_failed.empty())
        std::cerr << "streamgauged load: " << all_failed << "\n";
    if (!why_failed.empty()) return kUnreachable;
    if (!passed(report)) return kThresholds;
    switch (facts.stopped_by) {
        case StopReason::ErrorBrake:
            return kAborted;
        case StopReason::Hand:
        case StopReason::Interrupted:
            return kInterrupted;
        case StopReason::None:
        case StopReason::Asked:
            break;
    }
    if (cut_short) return kInterrupted;
    return lost_report ? kEngine : kDone;
}

}  // namespace

void add_load_command(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("load", "Put a planned load on a server and measure it");
    command->footer(kFooter);
    const auto arguments = std::make_shared<Arguments>();
    Arguments& a = *arguments;
    a.command = command;
    a.scenario.requests.emplace_back();
    command->add_option("scenario", a.scenario_file,
                        "A scenario file (YAML), in place of --url, --rate and the others");
    command->add_option("--url", a.scenario.url, "Where events are posted, for example http://127.0.0.1:8080/events");
    command->add_option("--rate", a.stage.rate, "Requests a second, at most 200000");
    command->add_option("--duration", a.duration, "How long: 30s, 5m, 1h30m; at most 24h")->capture_default_str();
    command->add_option("--arrivals", a.arrivals, "even: one every 1/rate; poisson: as independent users come")
        ->check(CLI::IsMember({"even", "poisson"}))
        ->capture_default_str();
    command->add_option("--seed", a.seed, "The same seed makes the same arrivals, users and pages")
        ->capture_default_str();
    command
        ->add_option("--batch", a.scenario.requests.front().batch,
                     "Events in a request; above 1 they are sent as an array")
        ->capture_default_str();
    Replay& replay = a.scenario.replay;
    command->add_option("--replay-journal", replay.journal,
                        "Send the events again that the server of this data directory keeps, with their gaps");
    command->add_option(
        "--replay-log", replay.access_log,
        "Send the requests of this access log again (common, combined, JSON; also .gz), with their gaps");
    command->add_option("--replay-speed", replay.speed, "So many times as fast: 0.001 to 1000")->capture_default_str();
    command->add_option("--replay-from", replay.from, "Only what was received since then: 2026-01-31T10:00:00Z");
    command->add_option("--replay-to", replay.to, "Only what was received before");
    command->add_option("--replay-project", replay.project, "Only events of this project");
    command
        ->add_option(
            "--replay-methods", replay.methods,
            "Of an access log: the methods that are sent, of GET, POST, PUT, PATCH and DELETE; GET,POST if not "
            "said")
        ->delimiter(',');
    command->add_flag("--replay-keep-ids", replay.keep_ids,
                      "Send events with the ids they had: a server that knows them counts duplicates");
    command->add_flag("--replay-keep-times", replay.keep_times,
                      "Let events occur when they did, not as long before they are sent as they did then");
    command->add_option("--connections", a.scenario.max_in_flight, "Most connections, so most requests in flight")
        ->capture_default_str();
    command->add_option("--users", a.scenario.users, "Different user_id values")->capture_default_str();
    command->add_option("--pages", a.scenario.pages, "Different page_url values")->capture_default_str();
    command->add_option("--timeout", a.timeout, "A request without an answer for so long has failed")
        ->capture_default_str();
    command->add_option("--target-confirm", a.confirmed_host,
                        "The host of --url again, when it is not this machine: only load what you are allowed to");
    command->add_option("--threshold", a.thresholds,
                        "What must hold: p(95)<300, errors<1%, rate>=1000, over 10s, abort; may be repeated");
    command->add_option("--objectives", a.objectives,
                        "Objectives to hold, their windows scaled to the run: default, or a file of OpenSLO documents "
                        "(a server's: GET /api/v1/objectives/export); may be repeated");
    command->add_flag("!--ordinary-scheduling", a.engine.real_time,
                      "Keep the sending thread among ordinary ones; it is a real-time one where that is allowed");
    command->add_flag("--end-to-end", a.end_to_end,
                      "Read the events back from the server: freshness, loss, repeats, order, sums");
    command->add_option("--query-url", a.query_url,
                        "Where to read them back, when that is not the server of --url; the same host rules hold");
    command->add_option(
        "--keep", a.keep,
        "Keep the run in loadruns.db of this directory, or in a postgresql:// database, for load runs and "
        "load compare");
    command->add_option(
        "--repeat", a.repeated,
        "Run again what this report (--out json=FILE) says was run: scenario, seed, and what a hand did "
        "at which time");
    command->add_option("--out", a.outputs, "KIND=FILE, may be repeated or joined by commas; kinds below");
    command->add_flag("--report-json-lines", a.report_json_lines,
                      "Status as a JSON object a line, four a second; ends with the process that reads it");
    command->add_option("--run-id", a.run_id, "Name of the run in its reports")->group("");
    command->add_flag("--self-test", a.self_test,
                      "Measure the generator itself against theory, on a stall server of its own; needs no target");
    command->add_option("--self-test-seconds", a.self_test_seconds, "How long each run of it lasts")
        ->check(CLI::Range(3.0, 3600.0))
        ->capture_default_str();
    command->callback([arguments, &exit_code] {
        if (!arguments->self_test) {
            exit_code = run(*arguments);
            return;
        }
        // A thirtieth of the run stands still, whatever its length.
        const double seconds = arguments->self_test_seconds;
        exit_code = daemon::run_load_self_test({seconds, seconds / 30, seconds / 2}, stdout) == 0 ? kDone : kThresholds;
    });
}

}  // namespace streamgauge
