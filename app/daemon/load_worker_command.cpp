// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/load_worker_command.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <variant>

#include "api/codec.h"
#include "api/load_refusal.h"
#include "base/bounded_queue.h"
#include "base/clock.h"
#include "daemon/load_status.h"
#include "loadgen/capacity_run.h"
#include "loadgen/end_to_end.h"
#include "loadgen/engine.h"
#include "loadgen/own_usage.h"
#include "loadgen/recording.h"
#include "loadgen/report_maker.h"
#include "loadgen/report_text.h"
#include "loadgen/run_objectives.h"
#include "loadgen/scenario_text.h"
#include "loadgen/threshold_watch.h"

namespace streamgauge::daemon {
namespace {

using namespace loadgen;

constexpr int kRan = 0, kUnreachable = 1, kWrong = 2;
constexpr std::size_t kQueuedLines = 2400;
constexpr std::size_t kActionBytes = 4096;
constexpr std::chrono::milliseconds kBetweenStatuses{250};  // while what was sent is waited for

struct Arguments {
    std::string run_id, confirmed_host, own_journal;
    double most_rate = 0;  // most requests in a second of a replay or of users; 0: not said
    std::size_t scenario_bytes = 0;
    bool search_capacity = false;
    std::vector<std::string> objectives;  // of a search, beside those of the scenario
    CapacityOptions search;
};

// Writes on a thread of its own, so that a full pipe cannot delay a request; histograms are made text there, too.
class LineWriter {
public:
    // Of a log that stands until finish().
    struct Second {
        SecondRow row;
        SecondLog::Packed response, unanswered;
    };
    using Line = std::variant<std::string, Second>;

    LineWriter() : thread_([this] { run(); }) {}
    ~LineWriter() { finish(); }
    LineWriter(const LineWriter&) = delete;
    LineWriter& operator=(const LineWriter&) = delete;

    // False when nobody reads any more.
    bool push(std::string line) { return !reader_gone_ && queue_.try_push(std::move(line)); }
    bool push(const Second& second) { return !reader_gone_ && queue_.try_push(second); }
    // What was pushed is written, or nobody reads it.
    void finish() {
        queue_.close();
        if (thread_.joinable()) thread_.join();
    }

private:
    void run() {
        std::vector<Line> lines;
        while (queue_.pop_all(lines)) {
            for (const Line& line : lines) {
                const Second* const second = std::get_if<Second>(&line);
                put((second != nullptr ? text_of(*second) : std::get<std::string>(line)) + "\n");
            }
        }
    }
    static std::string text_of(const Second& second) {
        return to_json(SecondReport{second.row, second.response.restore(), second.unanswered.restore()});
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

    std::atomic<bool> reader_gone_{false};
    BoundedQueue<Line> queue_{kQueuedLines};
    std::thread thread_;
};

// Reads the hand's actions from standard input until it ends or this does.
class HandReader {
public:
    explicit HandReader(HandBox& box) : box_(box), wake_(eventfd(0, EFD_CLOEXEC)), thread_([this] { run(); }) {}
    ~HandReader() {
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t n = write(wake_, &one, sizeof one);
        thread_.join();
        close(wake_);
    }
    HandReader(const HandReader&) = delete;
    HandReader& operator=(const HandReader&) = delete;

private:
    void run() {
        std::string lines;
        std::array<char, 4096> buffer{};
        while (true) {
            std::array<pollfd, 2> waiting{{{wake_, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
            if (poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
            if (waiting[0].revents != 0) return;
            if (waiting[1].revents == 0) continue;
            const ssize_t n = read(STDIN_FILENO, buffer.data(), buffer.size());
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return;
            lines.append(buffer.data(), static_cast<std::size_t>(n));
            std::size_t at = 0;
            for (std::size_t end; (end = lines.find('\n', at)) != std::string::npos; at = end + 1)
                take(std::string_view(lines).substr(at, end - at));
            lines.erase(0, at);
            if (lines.size() > kActionBytes) return;
        }
    }
    void take(std::string_view line) {
        const Result<HandAction> action = parse_hand_action(line);
        const Status pushed = action ? box_.push(*action) : action.error();
        if (!pushed) std::cerr << "load-worker: " << pushed.error().describe() << "\n";
    }

    HandBox& box_;
    const int wake_;
    std::thread thread_;
};

Result<std::string> read_scenario(std::size_t bytes) {
    if (bytes > kScenarioBytes) return Error::make(ErrorCode::TooLarge, "the scenario is too large");
    std::string text(bytes, '\0');
    for (std::size_t at = 0; at < bytes;) {
        const ssize_t n = read(STDIN_FILENO, text.data() + at, bytes - at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return Error::make(ErrorCode::InvalidArgument, "standard input ended within the scenario");
        at += static_cast<std::size_t>(n);
    }
    return text;
}

struct Prepared {
    Scenario scenario;
    std::unique_ptr<EndToEndCheck> check;  // none: not asked for
    std::unique_ptr<RunObjectives> objectives;
    std::unique_ptr<Engine> engine;
};

bool readable(int fd) {
    pollfd waiting{fd, POLLIN, 0};
    return poll(&waiting, 1, 0) > 0;
}

Result<Address> resolve_allowed(const Url& url, const std::string& confirmed_host) {
    Result<Address> address = resolve(url, confirmed_host);
    if (!address) return address;
    if (Status led = check_where_it_led(url, *address); !led) return led.error();
    return address;
}

Result<Prepared> prepare(const std::string& text, const Arguments& arguments, HandBox& hand, int stop_fd) {
    Prepared prepared;
    Result<Scenario> scenario = parse_scenario(text);
    if (!scenario) return scenario.error();
    prepared.scenario = std::move(scenario).value();
    const Result<Url> url = parse_url(prepared.scenario.url);
    if (!url) return url.error();
    const Result<Address> address = resolve_allowed(*url, arguments.confirmed_host);
    if (!address) return address.error();
    // The machine is the server's, too.
    RecordingLimits recorded;
    recorded.most_requests = 2'000'000;
    recorded.most_bytes = std::size_t{512} << 20;
    recorded.own_journal = arguments.own_journal;
    if (arguments.most_rate > 0) recorded.most_in_a_second = arguments.most_rate;
    recorded.most_is_called = "load.max_rate";
    recorded.stopped = [stop_fd] { return readable(stop_fd); };
    if (Status read = attach_recording(prepared.scenario, recorded); !read) return read.error();
    EngineOptions options;
    std::random_device entropy;
    options.id_salt = (std::uint64_t{entropy()} << 32) | entropy();
    options.hand = &hand;
    options.highest_user_rate = arguments.most_rate;
    if (prepared.scenario.end_to_end.check) {
        EndToEndOptions reading;
        reading.id_salt = options.id_salt;
        reading.confirmed_host = arguments.confirmed_host;
        Result<std::unique_ptr<EndToEndCheck>> check = EndToEndCheck::start(prepared.scenario, reading);
        if (!check) return check.error();
        prepared.check = std::move(check).value();
        options.acknowledged = &prepared.check->acknowledged();
    }
    prepared.objectives = std::make_unique<RunObjectives>(prepared.scenario);
    options.objectives = prepared.objectives.get();
    Result<std::unique_ptr<Engine>> engine = Engine::make(prepared.scenario, *address, options);
    if (!engine) return engine.error();
    prepared.engine = std::move(engine).value();
    return prepared;
}

std::string no_answer(const Scenario& scenario, const Totals& totals) {
    std::string text = "no answer from " + scenario.url + " during the whole run:";
    for (std::size_t i = 0; i < kOutcomes; ++i) {
        const auto outcome = static_cast<Outcome>(i);
        if (totals.of(outcome) > 0)
            text += " " + std::to_string(totals.of(outcome)) + " " + std::string(to_string(outcome)) + ",";
    }
    text += " " + std::to_string(totals.unfinished()) + " unfinished";
    return text + (totals.of(Outcome::ConnectRefused) > 0 ? "; is the server running?" : "");
}

// Every open connection is a file descriptor; the usual soft limit of 1,024 is for programs that use select().
void allow_descriptors() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

// Looks for capacity; its status is told after each step, and twice a second during one.
int search(const Arguments& arguments, const std::string& text, int stop_fd, LineWriter& lines) {
    Result<CapacityRun> parsed = parse_capacity_run(text);
    const Result<Url> url = parsed ? parse_url(parsed->scenario.url) : parsed.error();
    const Result<Address> address = url ? resolve_allowed(*url, arguments.confirmed_host) : url.error();
    CapacityRun run = parsed ? std::move(parsed).value() : CapacityRun{};
    LoadStatusMaker statuses(arguments.run_id, run.scenario);
    std::vector<CapacityOutcome> steps;
    statuses.look_for(arguments.objectives, arguments.search.budget_seconds);
    const Timestamp started_at = SystemClock().now();
    const auto keep = [&](const api::LoadStatus& last) {
        lines.push(api::encode(capacity_report(last, started_at, text, "stopped")));
    };
    const auto fail = [&](const Error& error) {
        api::LoadStatus status = statuses.search(steps, nullptr);
        const bool stopped = error.code == ErrorCode::Cancelled;
        status.state = stopped ? api::LoadState::Stopped : api::LoadState::Failed;
        if (!stopped) status.error = error.describe();
        if (stopped && !steps.empty()) keep(status);  // what was measured until then
        lines.push(api::encode(status));
        return stopped ? kRan : kUnreachable;
    };
    if (!address) return fail(address.error());
    for (const std::string& objective : arguments.objectives) {
        const Result<Threshold> threshold = parse_threshold(objective);
        if (!threshold) return fail(threshold.error());
        Result<CapacityObjective> made = capacity_objective(*threshold, objective);
        if (!made) return fail(made.error());
        run.objectives.push_back(std::move(made).value());
    }
    std::vector<std::string> names;
    for (const CapacityObjective& objective : all_objectives(run)) names.push_back(objective.name);
    statuses.look_for(std::move(names), arguments.search.budget_seconds);
    run.options = arguments.search;
    std::random_device entropy;
    run.id_salt = (std::uint64_t{entropy()} << 32) | entropy();
    run.on_step = [&](const CapacityOutcome& step) {
        steps.push_back(step);
        lines.push(api::encode(statuses.search(steps, nullptr)));
    };
    run.on_progress = [&](const CapacityOutcome& step) {
        lines.push(api::encode(statuses.search(steps, nullptr, &step)));
    };
    lines.push(api::encode(statuses.search(steps, nullptr)));
    const Result<CapacityAnswer> answer = find_capacity(*address, run, stop_fd);
    if (!answer) return fail(answer.error());
    const api::LoadStatus last = statuses.search(answer->steps, &*answer);
    keep(last);
    lines.push(api::encode(last));  // last: who sees the end may ask for the report
    return kRan;
}

int run(const Arguments& arguments) {
    allow_descriptors();
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // the load must not outlive the service
    signal(SIGPIPE, SIG_IGN);
    sigset_t stopping;
    sigemptyset(&stopping);
    sigaddset(&stopping, SIGINT);
    sigaddset(&stopping, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stopping, nullptr);
    const int stop_fd = signalfd(-1, &stopping, SFD_CLOEXEC | SFD_NONBLOCK);

    LineWriter lines;
    const auto refuse = [&](const Error& error) {
        lines.push(api::encode_load_refusal(error));
        std::cerr << error.describe() << "\n";
        return error.code == ErrorCode::InvalidArgument || error.code == ErrorCode::Forbidden ? kWrong : kUnreachable;
    };
    const Result<std::string> text = read_scenario(arguments.scenario_bytes);
    if (!text) return refuse(text.error());
    if (arguments.search_capacity) return search(arguments, *text, stop_fd, lines);
    HandBox hand;
    Result<Prepared> prepared = prepare(*text, arguments, hand, stop_fd);
    if (!prepared) return refuse(prepared.error());
    // Seconds are written from the log of the engine's record: before it goes.
    struct WriteAll {
        LineWriter& lines;
        ~WriteAll() { lines.finish(); }
    };
    const WriteAll write_all{lines};
    const HandReader reader(hand);
    LoadStatusMaker statuses(arguments.run_id, prepared->scenario);
    lines.push(api::encode(statuses.starting()));
    bool answered = true;
    OwnUsage usage;
    ThresholdWatch thresholds(prepared->scenario);
    RunFacts facts;
    facts.run_id = arguments.run_id;
    facts.scenario_text = *text;
    api::LoadStatus last;  // where the events are read back
    std::size_t seconds_told = 0, actions_told = 0;
    const Result<RunState> ended = prepared->engine->run(stop_fd, [&](const Progress& progress) {
        usage.look();
        facts.elapsed_nanos = progress.elapsed_nanos;
        facts.stopped_by = progress.stopped_by;
        const bool running = progress.state == RunState::Running && progress.stopped_by == StopReason::None;
        if (running && thresholds.update(*progress.record, progress.elapsed_nanos)) facts.stopped_by_threshold = true;
        api::LoadStatus status = statuses.make(progress, &thresholds, prepared->objectives.get());
        if (prepared->check) {
            status.end_to_end =
                end_to_end_of(prepared->check->so_far(), prepared->scenario, prepared->engine->record());
            // What was sent is still waited for: told as the end when that is over.
            if (progress.state != RunState::Running) {
                last = status;
                status.state = api::LoadState::Running;
            }
        }
        const bool sent_it_all = progress.state == RunState::Done || progress.stopped_by == StopReason::ErrorBrake;
        if (progress.state != RunState::Running && sent_it_all && progress.record->totals().answered() == 0) {
            api::LoadStatus& end = prepared->check ? last : status;
            end.state = api::LoadState::Failed;
            end.error = no_answer(prepared->scenario, progress.record->totals());
            answered = false;
        }
        // For the case that this process does not come to make its report.
        const SecondLog& seconds = progress.record->seconds();
        for (; seconds_told < seconds.rows().size(); ++seconds_told)
            lines.push(LineWriter::Second{seconds.rows()[seconds_told], seconds.packed_response(seconds_told),
                                          seconds.packed_unanswered(seconds_told)});
        for (; actions_told < progress.record->actions().size(); ++actions_told)
            lines.push(to_json(progress.record->actions()[actions_told]));
        return lines.push(api::encode(status)) && !facts.stopped_by_threshold;
    });
    if (!ended) return refuse(ended.error());
    facts.state = *ended;
    const RunRecord& record = prepared->engine->record();
    std::optional<EndToEndReport> read_back;
    if (prepared->check) {
        FinishOptions waiting;
        if (facts.state == RunState::Stopped) {
            waiting.most = kReadBackOfStopped;
        } else {
            waiting.stop_fd = stop_fd;
        }
        last.seconds.clear();
        auto told = std::chrono::steady_clock::now();
        waiting.tick = [&] {
            if (std::chrono::steady_clock::now() - told < kBetweenStatuses) return;
            told = std::chrono::steady_clock::now();
            api::LoadStatus status = last;
            status.state = api::LoadState::Running;
            status.error.clear();
            status.end_to_end = end_to_end_of(prepared->check->so_far(), prepared->scenario, record);
            lines.push(api::encode(status));
        };
        read_back = prepared->check->finish(record, waiting);
        last.end_to_end = end_to_end_of(*read_back);
    }
    std::string report = to_json(make_report(prepared->scenario, facts, record, usage, thresholds,
                                             read_back ? &*read_back : nullptr, prepared->objectives.get()));
    std::erase(report, '\n');  // only between members: within strings it is escaped
    lines.push(std::move(report));
    // Last: who sees the end may ask for the report.
    if (read_back) lines.push(api::encode(last));
    return answered ? kRan : kUnreachable;
}

}  // namespace

void add_load_worker_command(CLI::App& app, int& exit_code) {
    CLI::App* const command = app.add_subcommand("load-worker", "Run a scenario for the load service");
    command->group("");  // not for people
    const auto arguments = std::make_shared<Arguments>();
    command->add_option("--run-id", arguments->run_id)->required();
    command->add_option("--scenario-bytes", arguments->scenario_bytes)->required();
    command->add_option("--target-confirm", arguments->confirmed_host);
    command->add_flag("--search-capacity", arguments->search_capacity);
    command->add_option("--objective", arguments->objectives);
    command->add_option("--first-rate", arguments->search.first_rate);
    command->add_option("--highest-rate", arguments->search.highest_rate);
    command->add_option("--budget-seconds", arguments->search.budget_seconds);
    command->add_option("--own-journal", arguments->own_journal);
    command->add_option("--most-rate", arguments->most_rate);
    command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace streamgauge::daemon
