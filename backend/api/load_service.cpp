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
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "api/capacity_reports.h"
#include "api/child_process.h"
#include "api/codec.h"
#include "api/load_refusal.h"
#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/uuid.h"
#include "base/wrong_field.h"
#include "loadgen/arrival_plan.h"
#include "loadgen/capacity_run.h"
#include "loadgen/engine.h"
#include "loadgen/report_text.h"
#include "loadgen/scenario_text.h"
#include "loadgen/target.h"

namespace streamgauge::api {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kQueuedCommands = 256;
constexpr std::size_t kLineBytes = 256 * 1024 * 1024;  // a status is a few hundred bytes, a report of hours megabytes
// A report's first member is its schema; a status has no such member.
constexpr std::string_view kReportBegins = R"({ "schema": "streamgauge-load-run/1")";
// A second's of a run that has ended; neither does that begin a status.
constexpr std::string_view kSecondBegins = R"({"second":)";
constexpr std::string_view kActionBegins = R"({"action":)";
constexpr std::size_t kErrorTextBytes = 2048;  // of what the child last said on standard error

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
    enum class Kind { Start, StartScenario, Capacity, Hand, Stop };
    Kind kind = Kind::Stop;
    LoadPlan plan;
    ScenarioRun scenario;
    loadgen::HandAction action;
    CapacityAsk capacity;
    Done<LoadStatus> done;
};

// What the generator's process is given, as a scenario: it runs nothing else.
loadgen::Scenario scenario_of(const LoadPlan& plan) {
    loadgen::Scenario scenario;
    scenario.url = plan.url;
    loadgen::RequestKind events;
    events.batch = plan.batch;
    scenario.requests = {std::move(events)};
    loadgen::Stage stage;
    stage.rate = plan.rate;
    stage.seconds = plan.duration_seconds;
    scenario.stages = {stage};
    scenario.spacing = plan.arrivals == Arrivals::Poisson ? loadgen::Spacing::Poisson : loadgen::Spacing::Even;
    scenario.seed = plan.seed;
    scenario.max_in_flight = plan.connections;
    return scenario;
}

Error above(double highest_rate, std::string field) {
    Error error = Error::make(ErrorCode::Forbidden, "load runs that are started here may send at most " +
                                                        number_text(highest_rate) + " requests a second");
    error.field = std::move(field);
    error.hint = "load.max_rate says how many";
    return error;
}

Error too_fast(const LoadReplay& replay) {
    if (replay.highest_speed <= 0)
        return Error::make(ErrorCode::Conflict,
                           "the recording is still being read: its speed can be changed after that");
    Error error = Error::make(ErrorCode::Forbidden, "faster than " + number_text(replay.highest_speed) +
                                                        " its busiest second has more requests than may be sent here");
    error.field = "speed";
    error.hint = "load.max_rate says how many";
    return error;
}

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

    void start(LoadPlan plan, Done<LoadStatus> done) override { start_for({}, std::move(plan), std::move(done)); }
    void start_for(std::string by, LoadPlan plan, Done<LoadStatus> done) override {
        post({Command::Kind::Start, std::move(plan), {{}, std::move(by)}, {}, {}, std::move(done)});
    }
    void start_scenario(ScenarioRun run, Done<LoadStatus> done) override {
        post({Command::Kind::StartScenario, {}, std::move(run), {}, {}, std::move(done)});
    }
    void hand(loadgen::HandAction action, Done<LoadStatus> done) override {
        post({Command::Kind::Hand, {}, {}, action, {}, std::move(done)});
    }
    void find_capacity(CapacityAsk ask, Done<LoadStatus> done) override {
        post({Command::Kind::Capacity, {}, {}, {}, std::move(ask), std::move(done)});
    }
    void stop(Done<LoadStatus> done) override { post({Command::Kind::Stop, {}, {}, {}, {}, std::move(done)}); }
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
    void begin(LoadPlan plan, std::string by, const Done<LoadStatus>& done);
    void begin_scenario(const ScenarioRun& run, const Done<LoadStatus>& done);
    void begin_capacity(const CapacityAsk& ask, const Done<LoadStatus>& done);
    // The scenario's text, what its status shows of it, and what else the child is told.
    struct Errand {
        std::string text, name, by;
        LoadPlan plan;
        std::optional<LoadCapacity> capacity;
        std::vector<std::string> arguments;
        std::optional<LoadReplay> replay;
        bool closed_loop = false;
    };
    void begin_child(Errand errand, const Done<LoadStatus>& done);
    void begun();
    void refused();
    void take_hand(const loadgen::HandAction& action, const Done<LoadStatus>& done);
    void ask_to_end(std::chrono::milliseconds grace);
    void wait_for_something();
    void read_reports();
    void take_report(LoadStatus report);
    void keep_what_is_known(const std::string& end);
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
    std::optional<RunSoFar> so_far_;  // of the child's run
    bool closed_loop_ = false;        // the child's run is one of users
    std::vector<Done<LoadStatus>> stop_waiters_;
    std::optional<SteadyClock::time_point> kill_at_;  // set once the child was asked to end
    bool killed_ = false;
    // A start that is not answered yet: the process reads what is to be replayed.
    struct Beginning {
        Done<LoadStatus> done;
        LoadStatus before;  // the status when it began
        SteadyClock::time_point until;
    };
    std::optional<Beginning> beginning_;
    std::optional<Error> refusal_;                             // the child's, which ends then
    std::optional<std::pair<Errand, Done<LoadStatus>>> next_;  // begins when the child, whose run is over, has ended
    std::thread thread_;
};

void ProcessLoadService::run() {
    bool open = true;
    while (true) {
        if (open) open = take_commands();
        if (!open && next_) {
            next_->second(Error::make(ErrorCode::Unavailable, "the server is stopping"));
            next_.reset();
        }
        if (!open && child_) ask_to_end(options_.close_grace);
        if (!open && !child_) return;
        wait_for_something();
    }
}

// False when the service is being destroyed and no command is left.
bool ProcessLoadService::take_commands() {
    std::vector<Command> commands;
    const bool open = commands_.pop_all_for(commands, std::chrono::milliseconds(0));
    for (Command& command : commands) {
        switch (command.kind) {
            case Command::Kind::Start:
                begin(std::move(command.plan), std::move(command.scenario.by), command.done);
                break;
            case Command::Kind::StartScenario:
                begin_scenario(command.scenario, command.done);
                break;
            case Command::Kind::Capacity:
                begin_capacity(command.capacity, command.done);
                break;
            case Command::Kind::Hand:
                take_hand(command.action, command.done);
                break;
            case Command::Kind::Stop:
                if (!child_) {
                    command.done(status());
                    break;
                }
                stop_waiters_.push_back(std::move(command.done));
                ask_to_end(options_.stop_grace);
                break;
        }
    }
    return open;
}

void ProcessLoadService::begin(LoadPlan plan, std::string by, const Done<LoadStatus>& done) {
    if (Status checked = check_load_plan(plan); !checked) return done(checked.error());
    Errand errand;
    errand.text = loadgen::to_text(scenario_of(plan));
    errand.by = std::move(by);
    errand.plan = std::move(plan);
    begin_child(std::move(errand), done);
}

void ProcessLoadService::begin_scenario(const ScenarioRun& run, const Done<LoadStatus>& done) {
    const Result<loadgen::Scenario> scenario = loadgen::parse_scenario(run.text);
    if (!scenario) return done(scenario.error());
    if (Status checked = check_served_scenario(*scenario, options_.highest_rate); !checked)
        return done(checked.error());
    Errand errand;
    errand.text = run.text;
    errand.name = scenario->name;
    errand.by = run.by;
    errand.plan = shown_plan(*scenario);
    errand.closed_loop = scenario->closed_loop;
    errand.arguments = {"--most-rate=" + number_text(options_.highest_rate)};
    if (scenario->replays()) {
        errand.replay = LoadReplay{scenario->replay.speed, 0};
        errand.arguments.push_back("--own-journal=" + options_.data_dir);
    }
    begin_child(std::move(errand), done);
}

void ProcessLoadService::begin_capacity(const CapacityAsk& ask, const Done<LoadStatus>& done) {
    const Result<loadgen::CapacityRun> run = loadgen::parse_capacity_run(ask.scenario);
    if (!run) return done(run.error());
    const loadgen::Scenario* const scenario = &run->scenario;
    // The search has rates of its own.
    if (Status checked = check_served_scenario(*scenario, std::numeric_limits<double>::max()); !checked)
        return done(checked.error());
    if (ask.objectives.empty() && scenario->objectives.empty())
        return done(wrong_field("objectives", "what is to hold is missing: say it, or in the scenario's objectives"));
    for (const std::string& text : ask.objectives) {
        const Result<loadgen::Threshold> threshold = loadgen::parse_threshold(text);
        Result<loadgen::CapacityObjective> objective =
            threshold ? loadgen::capacity_objective(*threshold, text) : threshold.error();
        if (objective) continue;
        Error error = objective.error();
        error.field = "objectives";
        return done(std::move(error));
    }
    if (ask.highest_rate > options_.highest_rate) return done(above(options_.highest_rate, "highest_rate"));
    loadgen::CapacityOptions search;
    search.first_rate = ask.first_rate;
    search.highest_rate =
        ask.highest_rate > 0 ? ask.highest_rate : std::min(options_.highest_rate, search.highest_rate);
    search.budget_seconds = ask.budget_seconds;
    if (const auto made = loadgen::CapacitySearch::make(search); !made) return done(made.error());
    Errand errand;
    errand.text = ask.scenario;
    errand.name = scenario->name;
    errand.by = ask.by;
    errand.plan = shown_plan(*scenario);
    errand.plan.rate = search.first_rate;
    errand.plan.duration_seconds = search.budget_seconds;
    errand.plan.arrivals = Arrivals::Poisson;
    errand.capacity.emplace();
    errand.capacity->budget_seconds = search.budget_seconds;
    errand.capacity->objectives = ask.objectives;
    for (const loadgen::LabObjective& lab : scenario->objectives)
        errand.capacity->objectives.push_back(loadgen::capacity_objective(lab.objective).name);
    errand.arguments = {"--search-capacity", "--first-rate=" + number_text(search.first_rate),
                        "--highest-rate=" + number_text(search.highest_rate),
                        "--budget-seconds=" + number_text(search.budget_seconds)};
    for (const std::string& text : ask.objectives) errand.arguments.push_back("--objective=" + text);
    begin_child(std::move(errand), done);
}

void ProcessLoadService::take_hand(const loadgen::HandAction& action, const Done<LoadStatus>& done) {
    if (!child_ || is_final(status().state)) return done(Error::make(ErrorCode::NotFound, "no load run is under way"));
    if (status().capacity) {
        Error error = Error::make(ErrorCode::Conflict, "a search for capacity has rates of its own: it takes no hand");
        error.hint = "stop it with POST /api/v1/load/stop";
        return done(std::move(error));
    }
    const std::optional<LoadReplay> replay = status().replay;
    if (Status fits = loadgen::check_hand_action(action, replay.has_value()); !fits) return done(fits.error());
    if (replay && action.speed > replay->highest_speed) return done(too_fast(*replay));
    if (closed_loop_ && action.rate > loadgen::EngineOptions::kMostConnections)
        return done(wrong_field("rate", "there must be at most 10000 users"));
    if (!closed_loop_ && action.rate > options_.highest_rate) return done(above(options_.highest_rate, "rate"));
    if (Status told = child_->write_input(loadgen::to_json(action) + "\n"); !told) return done(told.error());
    log::info("load_hand", "a hand was laid on the load run",
              {{"run_id", status().run_id}, {"action", loadgen::to_json(action)}});
    done(status());
}

void ProcessLoadService::begin_child(Errand errand, const Done<LoadStatus>& done) {
    LoadPlan& plan = errand.plan;
    const std::string& text = errand.text;
    // Whoever saw the end of the run need not know that its process takes a moment longer.
    if (child_ && !next_ && is_final(status().state)) {
        next_.emplace(std::move(errand), done);
        return;
    }
    if (child_) {
        Error error = Error::make(ErrorCode::Conflict, "a load run is under way");
        error.hint = "stop it first";
        return done(std::move(error));
    }
    if (!errand.closed_loop && plan.rate > options_.highest_rate) return done(above(options_.highest_rate, "rate"));
    if (Status allowed = check_load_target(plan.url, options_.allowed_targets()); !allowed)
        return done(allowed.error());
    LoadStatus fresh;
    fresh.run_id = UuidGenerator().v7(SystemClock().now());
    fresh.state = LoadState::Starting;
    fresh.plan = std::move(plan);
    fresh.name = errand.name;
    fresh.planned_seconds = fresh.plan.duration_seconds;
    fresh.capacity = std::move(errand.capacity);
    fresh.replay = errand.replay;
    const LoadPlan& p = fresh.plan;
    std::vector<std::string> arguments{options_.program, "load-worker", "--run-id=" + fresh.run_id,
                                       "--scenario-bytes=" + std::to_string(text.size())};
    arguments.insert(arguments.end(), errand.arguments.begin(), errand.arguments.end());
    // It is allowed: the generator asks no more, and goes to the one address that the name leads to as it starts.
    if (const Result<loadgen::Url> url = loadgen::parse_url(p.url); url.ok() && !loadgen::names_loopback(*url))
        arguments.push_back("--target-confirm=" + url->host);
    // First, so that no run begins that nothing is known of.
    so_far_.emplace(options_.notes, fresh, text, std::move(errand.by), SystemClock().now());
    Result<ChildProcess> child = ChildProcess::start(arguments, ChildProcess::Input::Pipe);
    if (!child) {
        so_far_->forget();
        so_far_.reset();
        Error error = child.error();
        error.hint = "the load program is streamgauged; check its path in the configuration";
        return done(std::move(error));
    }
    // One that has ended already says why below.
    static_cast<void>(child->write_input(text));
    child_ = std::move(child).value();
    closed_loop_ = errand.closed_loop;
    output_.clear();
    error_text_.clear();
    kill_at_.reset();
    killed_ = false;
    refusal_.reset();
    LoadStatus before;
    {
        const std::lock_guard lock(mutex_);
        before = std::exchange(status_, fresh);
    }
    log::info("load_started", "a load run has started",
              {{"run_id", fresh.run_id}, {"url", p.url}, {"rate", number_text(p.rate)}});
    on_update_(fresh);
    if (!fresh.replay) return done(std::move(fresh));
    beginning_.emplace(Beginning{done, std::move(before), SteadyClock::now() + options_.read_grace});
}

// The start is answered: its process has begun to send, or takes long to read what is to be replayed.
void ProcessLoadService::begun() {
    if (!beginning_) return;
    const Done<LoadStatus> done = std::move(beginning_->done);
    beginning_.reset();
    done(status());
}

// The run did not begin. Whoever started it is told when that is still waited for; then nothing has happened.
void ProcessLoadService::refused() {
    const Error error = *std::exchange(refusal_, std::nullopt);
    if (!beginning_) {
        LoadStatus last = status();
        last.seconds.clear();
        last.state = error.code == ErrorCode::Cancelled ? LoadState::Stopped : LoadState::Failed;
        if (last.state == LoadState::Failed) last.error = error.describe();
        return take_report(last);
    }
    const Beginning beginning = std::move(*beginning_);
    beginning_.reset();
    {
        const std::lock_guard lock(mutex_);
        status_ = beginning.before;
    }
    on_update_(beginning.before);
    Error told = error;
    if (told.code == ErrorCode::Cancelled) told.code = ErrorCode::Conflict;
    beginning.done(std::move(told));
}

void ProcessLoadService::ask_to_end(std::chrono::milliseconds grace) {
    const auto until = SteadyClock::now() + grace;
    if (!kill_at_) child_->signal(SIGINT);
    kill_at_ = kill_at_ ? std::min(*kill_at_, until) : until;
}

void ProcessLoadService::wait_for_something() {
    int timeout = -1;
    std::optional<SteadyClock::time_point> until;
    if (kill_at_ && !killed_) until = kill_at_;
    if (beginning_ && (!until || beginning_->until < *until)) until = beginning_->until;
    if (until) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - SteadyClock::now());
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
    if (beginning_ && SteadyClock::now() >= beginning_->until) begun();
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
        const std::string_view line = std::string_view(output_).substr(at, end - at);
        if (line.starts_with(kReportBegins) || is_capacity_report(line)) {
            so_far_->ended(std::string(line));
            options_.on_report(std::string(line), so_far_->by(), status().run_id);
            continue;
        }
        if (line.starts_with(kSecondBegins)) {
            Result<loadgen::SecondReport> second = loadgen::parse_second_report(line);
            if (second) so_far_->take(std::move(second).value());
            continue;
        }
        if (line.starts_with(kActionBegins)) {
            const Result<loadgen::HandAction> action = loadgen::parse_hand_action(line);
            if (action) so_far_->take(*action);
            continue;
        }
        if (std::optional<Error> refusal = decode_load_refusal(line)) {
            refusal_ = std::move(refusal);
            continue;
        }
        Result<LoadStatus> report = decode_load_status(line);
        if (report) {
            take_report(std::move(report).value());
        } else {
            log::error("load_report_unreadable", report.error().describe());
            ask_to_end(options_.stop_grace);
        }
    }
    output_.erase(0, at);
    if (output_.size() > kLineBytes) {
        log::error("load_report_unreadable", "a line of the generator's report does not end");
        output_.clear();
        ask_to_end(options_.stop_grace);
    }
}

// Seconds are merged by their number: the last ones of what is kept may come again, changed.
void ProcessLoadService::take_report(LoadStatus report) {
    {
        const std::lock_guard lock(mutex_);
        report.run_id = status_.run_id;
        // How long a replay lasts is known when its recording was read.
        const double rate = report.plan.rate, length = report.plan.duration_seconds;
        report.plan = status_.plan;
        if (status_.replay && length > 0) {
            report.plan.rate = rate;
            report.plan.duration_seconds = length;
        }
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
    if (so_far_ && !is_final(report.state)) so_far_->take(report);
    begun();
}

// A run that began, and whose process has ended without its report, is kept as interrupted.
void ProcessLoadService::keep_what_is_known(const std::string& end) {
    const LoadStatus last = status();
    // Before its first status a process has sent nothing: it reads what is to be replayed, or is no generator at all.
    // Its status says why. A search says by itself that it has failed, or was stopped before it had anything.
    const bool nothing = refusal_ || !so_far_->was_heard() || (last.capacity && is_final(last.state));
    if (!so_far_->has_ended() && nothing) so_far_->forget();
    if (!so_far_->has_ended() && !nothing) {
        std::string report = so_far_->interrupted(
            last, killed_ ? "its generator did not stop in time and was killed" : "its generator ended with " + end);
        so_far_->ended(report);
        options_.on_report(std::move(report), so_far_->by(), last.run_id);
    }
    so_far_.reset();
}

void ProcessLoadService::finish() {
    const std::string end = describe_end(child_->reap());
    child_.reset();
    const std::string run_id = status().run_id;
    const bool unbegun = refusal_ && beginning_;
    keep_what_is_known(end);
    if (refusal_) refused();
    LoadStatus last = status();
    if (!unbegun && !is_final(last.state)) {
        last.seconds.clear();
        last.state = killed_ ? LoadState::Stopped : LoadState::Failed;
        last.error = killed_ ? "the generator did not stop in time and was killed"
                             : "the generator ended unexpectedly with " + end;
        while (!error_text_.empty() && error_text_.back() == '\n') error_text_.pop_back();
        if (!error_text_.empty()) last.error += ": " + error_text_;
        take_report(last);
    }
    log::info("load_ended", "a load run has ended", {{"run_id", run_id}, {"end", end}});
    std::vector<Done<LoadStatus>> waiters;
    waiters.swap(stop_waiters_);
    for (const Done<LoadStatus>& done : waiters) done(status());
    if (!next_) return;
    auto next = std::move(*next_);
    next_.reset();
    begin_child(std::move(next.first), next.second);
}

}  // namespace

LoadPlan shown_plan(const loadgen::Scenario& scenario) {
    LoadPlan plan;
    plan.url = scenario.url;
    plan.rate = scenario.stages.empty() ? 0 : scenario.stages.front().rate;
    plan.duration_seconds = loadgen::planned_seconds(scenario.stages);
    plan.arrivals = scenario.replays()                              ? Arrivals::Replay
                    : scenario.spacing == loadgen::Spacing::Poisson ? Arrivals::Poisson
                                                                    : Arrivals::Even;
    plan.seed = scenario.seed;
    if (!scenario.requests.empty()) plan.batch = scenario.requests.front().batch;
    plan.connections = scenario.max_in_flight;
    return plan;
}

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
    if (plan.arrivals == Arrivals::Replay)
        return wrong_field("arrivals", "even or poisson; what is replayed is said by a scenario");
    if (plan.batch < 1 || plan.batch > limits::kEventsPerRequest)
        return wrong_field("batch", "a request carries 1 to 10000 events");
    if (plan.connections < 1 || plan.connections > loadgen::EngineOptions::kMostConnections)
        return wrong_field("connections", "there must be 1 to 10000 connections");
    return {};
}

Status check_load_target(const std::string& url, const std::vector<std::string>& allowed) {
    const Result<loadgen::Url> parsed = loadgen::parse_url(url);
    if (!parsed) return parsed.error();
    const std::string port = ":" + std::to_string(parsed->port);
    for (const std::string& one : allowed) {
        if (one == parsed->host || one == parsed->host + port) return {};
        // The names of loopback are one: 127.0.0.1, localhost, ::1.
        if (loadgen::names_loopback(*parsed) && (one == "loopback" || one == "loopback" + port)) return {};
    }
    Error error =
        Error::make(ErrorCode::Forbidden, "load runs that are started here may not go to " + parsed->host + port);
    error.field = "url";
    error.hint = "load.allowed_targets lists where they may go; or run streamgauged load --target-confirm";
    return error;
}

Status check_served_scenario(const loadgen::Scenario& scenario, double highest_rate) {
    const auto forbidden = [](const char* field, const char* what) {
        Error error = Error::make(ErrorCode::Forbidden, std::string(what) + " of the server's machine cannot be used");
        error.field = field;
        error.hint = "run streamgauged load on a machine of your own for that";
        return error;
    };
    if (!scenario.feeder.file.empty()) return forbidden("feeder.file", "a file");
    if (!scenario.credentials.file.empty()) return forbidden("credentials.file", "a file");
    if (!scenario.credentials.environment.empty()) return forbidden("credentials.environment", "a variable");
    if (!scenario.tls.ca_file.empty()) return forbidden("tls.ca_file", "a file");
    if (!scenario.tls.certificate_file.empty() || !scenario.tls.key_file.empty())
        return forbidden("tls.certificate_file", "a file");
    if (!scenario.end_to_end.query_url.empty()) return forbidden("end_to_end.query_url", "another address");
    if (!scenario.replay.access_log.empty()) return forbidden("replay.access_log", "a file");
    // A server's own journal is the only recording that needs no file.
    if (!scenario.replay.journal.empty() && scenario.replay.journal != loadgen::kOwnJournal)
        return forbidden("replay.journal", "a directory");
    if (!scenario.end_to_end.credentials.file.empty()) return forbidden("end_to_end.credentials.file", "a file");
    if (!scenario.end_to_end.credentials.environment.empty())
        return forbidden("end_to_end.credentials.environment", "a variable");
    if (scenario.closed_loop) return {};
    for (std::size_t i = 0; i < scenario.stages.size(); ++i) {
        const loadgen::Stage& stage = scenario.stages[i];
        if (std::max({stage.rate + stage.amplitude, stage.to, stage.after}) > highest_rate)
            return above(highest_rate, "stages[" + std::to_string(i) + "].rate");
    }
    return {};
}

std::unique_ptr<LoadService> make_load_service(LoadServiceOptions options,
                                               std::function<void(const LoadStatus&)> on_update) {
    return std::make_unique<ProcessLoadService>(std::move(options), std::move(on_update));
}

}  // namespace streamgauge::api
