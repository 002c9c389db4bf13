// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/load_capacity_command.h"

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <random>

#include "api/codec.h"
#include "api/json_writer.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "base/wrong_field.h"
#include "daemon/exit_codes.h"
#include "daemon/load_files.h"
#include "daemon/load_runs_command.h"
#include "daemon/load_status.h"
#include "loadgen/capacity_run.h"
#include "loadgen/duration.h"
#include "loadgen/scenario_text.h"

namespace streamgauge::daemon {
namespace {

using namespace loadgen;

constexpr const char* kFooter = R"(
Doubles the rate until an objective fails, then narrows, and confirms the answer by a longer run; arrivals are random
(Poisson), and the server works off what it has between steps. A backlog that grows fails a step, too.

Examples:
  streamgauged load capacity --url http://127.0.0.1:8080/events
  streamgauged load capacity --url http://127.0.0.1:8080/events --objective 'p(95)<300' --objective 'errors<1%'
  streamgauged load capacity --url http://127.0.0.1:8080/events --objectives default
  streamgauged load capacity --scenario checkout.yaml --objective 'p(99)<1s' --json answer.json

The objectives of a scenario must hold, too.)";

struct Arguments {
    std::string url, scenario_file, confirmed_host, json_file, keep, budget = "175s";
    std::vector<std::string> objectives, promises;
    std::uint32_t batch = 1;
    std::optional<std::uint32_t> connections;
    std::optional<std::uint64_t> seed;
    CapacityOptions options;
};

// SIGINT and SIGTERM as something to wait for, as long as it lives.
class StopSignalFd {
public:
    StopSignalFd() {
        sigset_t wanted;
        sigemptyset(&wanted);
        sigaddset(&wanted, SIGINT);
        sigaddset(&wanted, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &wanted, &before_);
        fd_ = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    }
    ~StopSignalFd() {
        signalfd_siginfo taken{};
        while (fd_ >= 0 && read(fd_, &taken, sizeof taken) > 0) {
        }
        if (fd_ >= 0) close(fd_);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    StopSignalFd(const StopSignalFd&) = delete;
    StopSignalFd& operator=(const StopSignalFd&) = delete;
    int fd() const { return fd_; }

private:
    sigset_t before_{};
    int fd_ = -1;
};

Error named(Error error, const char* field) {
    if (error.field.empty()) error.field = field;
    return error;
}

// `left_out`: gets the objectives that the answers of a step cannot tell.
Result<CapacityRun> run_of(const Arguments& arguments, std::vector<std::string>& left_out) {
    CapacityRun run;
    if (!arguments.scenario_file.empty()) {
        const Result<std::string> text = read_file(arguments.scenario_file, kScenarioBytes, "scenario");
        if (!text) return text.error();
        Result<CapacityRun> parsed = parse_capacity_run(*text);
        if (!parsed) return parsed.error();
        run = std::move(parsed).value();
    } else {
        RequestKind events;
        events.batch = arguments.batch;
        run.scenario.requests = {std::move(events)};
        run.scenario.max_in_flight = kSearchInFlight;
        run.fewer_in_flight = true;
    }
    if (!arguments.url.empty()) run.scenario.url = arguments.url;
    if (run.scenario.url.empty())
        return named(Error::make(ErrorCode::InvalidArgument, "a URL or a scenario is needed"), "url");
    if (arguments.connections) {
        run.scenario.max_in_flight = *arguments.connections;
        run.fewer_in_flight = false;
    }
    if (arguments.seed) run.scenario.seed = *arguments.seed;
    run.options = arguments.options;
    const Result<double> budget = parse_duration(arguments.budget);
    if (!budget) return named(budget.error(), "budget");
    run.options.budget_seconds = *budget;
    Result<std::vector<std::string>> added = add_objectives(arguments.promises, run.scenario);
    if (!added) return added.error();
    left_out = std::move(added).value();
    for (const std::string& one : left_out)
        std::cerr << "streamgauged load capacity: objective left out: " << one << "\n";
    std::vector<std::string> names;
    for (const RequestKind& kind : run.scenario.requests) names.push_back(kind.name);
    if (const Status valid = check_lab_objectives(run.scenario.objectives, names); !valid) return valid.error();
    std::vector<std::string> objectives = arguments.objectives;
    if (objectives.empty() && run.scenario.objectives.empty()) objectives = {"p(99)<300", "errors<1%"};
    for (const std::string& text : objectives) {
        const Result<Threshold> threshold = parse_threshold(text);
        if (!threshold) return named(threshold.error(), "objective");
        Result<CapacityObjective> objective = capacity_objective(*threshold, text);
        if (!objective) return objective.error();
        run.objectives.push_back(std::move(objective).value());
    }
    return run;
}

std::string step_line(const CapacityOutcome& step) {
    std::array<char, 200> text{};
    std::snprintf(text.data(), text.size(),
                  "%10.1f/s  %-6s %8.1f answered/s   p50 %8.1f ms   p99 %8.1f ms   %4.1f s  %s%s", step.rate,
                  step.state == StepState::Held ? "held" : "failed", step.answered_rate, step.p50_ms, step.p99_ms,
                  step.seconds, step.state == StepState::Held ? "" : step.limiting.c_str(),
                  step.confirm ? " (confirmation)" : "");
    return text.data();
}

std::string answer_json(const CapacityAnswer& answer, const Scenario& sent, const std::vector<std::string>& left_out) {
    api::JsonWriter out;
    out.begin_object().key("schema").string("streamgauge-load-capacity/1");
    out.key("end").string(to_string(answer.end)).key("rate").number(answer.rate);
    out.key("low").number(answer.low).key("high").number(answer.high);
    out.key("limiting").string(answer.limiting).key("limiting_stage").string(answer.limiting_stage);
    out.key("max_in_flight").unsigned_integer(sent.max_in_flight).key("seed").unsigned_integer(sent.seed);
    out.key("left_out").begin_array();
    for (const std::string& one : left_out) out.string(one);
    out.end_array().key("seconds").number(answer.seconds).key("steps").begin_array();
    for (const CapacityOutcome& step : answer.steps) {
        out.begin_object().key("rate").number(step.rate).key("offered_rate").number(step.offered_rate);
        out.key("answered_rate").number(step.answered_rate).key("seconds").number(step.seconds);
        out.key("p50_ms").number(step.p50_ms).key("p99_ms").number(step.p99_ms).key("mean_ms").number(step.mean_ms);
        out.key("held").boolean(step.state == StepState::Held).key("clear").boolean(step.clear);
        out.key("confirmation").boolean(step.confirm).key("limiting").string(step.limiting).end_object();
    }
    return out.end_array().end_object().take();
}

void print(const CapacityAnswer& answer) {
    std::printf("\n%s", answer.end == CapacityEnd::Found ? "Capacity: " : "");
    if (answer.end != CapacityEnd::Found) std::printf("%s: ", std::string(to_string(answer.end)).c_str());
    std::printf("%.1f requests/s", answer.rate);
    if (answer.high > 0)
        std::printf(", the limit is between %.1f and %.1f with 95 %% probability", answer.low, answer.high);
    std::printf("\n");
    if (!answer.limiting.empty()) std::printf("Limited by %s", answer.limiting.c_str());
    if (!answer.limiting_stage.empty()) std::printf(", in %s", answer.limiting_stage.c_str());
    if (!answer.limiting.empty()) std::printf("\n");
    std::printf("%zu steps in %.0f s\n", answer.steps.size(), answer.seconds);
    std::fflush(stdout);
}

int run(const Arguments& arguments) {
    const auto refuse = [](const Error& error) {
        std::cerr << "streamgauged load capacity: " << error.describe() << "\n";
        return error.code == ErrorCode::InvalidArgument || error.code == ErrorCode::Forbidden ? kExitConfiguration
                                                                                              : kExitFailed;
    };
    std::vector<std::string> left_out;
    Result<CapacityRun> run = run_of(arguments, left_out);
    if (!run) return refuse(run.error());
    const Result<Url> url = parse_url(run->scenario.url);
    if (!url) return refuse(url.error());
    Result<Address> address = resolve(*url, arguments.confirmed_host);
    if (!address) {
        Error error = address.error();
        if (error.code == ErrorCode::Forbidden) error.hint += "; then add --target-confirm " + url->host;
        return refuse(error);
    }
    std::ofstream json;
    if (!arguments.json_file.empty()) {
        json.open(arguments.json_file, std::ios::trunc);
        if (!json)
            return refuse(
                named(Error::make(ErrorCode::InvalidArgument, "cannot write " + arguments.json_file), "json"));
    }
    if (!arguments.keep.empty())
        if (Status kept = open_kept_runs(arguments.keep); !kept) return refuse(kept.error());
    std::random_device entropy;
    run->id_salt = (std::uint64_t{entropy()} << 32) | entropy();
    run->on_step = [](const CapacityOutcome& step) { std::cout << step_line(step) << std::endl; };
    signal(SIGPIPE, SIG_IGN);
    // Every open connection is a file descriptor.
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    const Timestamp started_at = SystemClock().now();
    LoadStatusMaker statuses(UuidGenerator().v7(started_at), run->scenario);
    std::vector<std::string> objectives;
    for (const CapacityObjective& objective : all_objectives(*run)) objectives.push_back(objective.name);
    statuses.look_for(std::move(objectives), run->options.budget_seconds);
    const StopSignalFd stop;
    const Result<CapacityAnswer> answer = find_capacity(*address, *run, stop.fd());
    if (!answer) return refuse(answer.error());
    run->scenario.max_in_flight = answer->max_in_flight;
    print(*answer);
    if (json.is_open()) json << answer_json(*answer, run->scenario, left_out) << "\n";
    if (run->scenario.stages.empty()) {  // so that the text is a scenario that can be run: what was found
        Stage held;
        held.rate = std::max(1.0, answer->rate);
        held.seconds = run->options.confirm_seconds;
        run->scenario.stages = {held};
    }
    std::string text = to_text(run->scenario);
    // A search that repeats it would have its own where it is not said.
    if (!says(text, "max_in_flight")) text += "max_in_flight: " + std::to_string(run->scenario.max_in_flight) + "\n";
    const std::string report =
        api::encode(capacity_report(statuses.search(answer->steps, &*answer), started_at, std::move(text), {}));
    if (!arguments.keep.empty())
        if (Status kept = keep_report(arguments.keep, report); !kept) return refuse(kept.error());
    return answer->end == CapacityEnd::Found ? 0 : kExitFailed;
}

}  // namespace

void add_load_capacity_command(CLI::App& app, int& exit_code) {
    CLI::App* const command = app.add_subcommand(
        "load-capacity", "Find the highest rate at which a server holds its objectives (load capacity)");
    const auto arguments = std::make_shared<Arguments>();
    Arguments& a = *arguments;
    command->add_option("--url", a.url, "Where requests go, such as http://127.0.0.1:8080/events");
    command->add_option(
        "--scenario", a.scenario_file,
        "A scenario file that says what is sent; its stages, arrivals, thresholds and when_full are not used");
    command->add_option("--objective", a.objectives,
                        "What must hold, such as p(95)<300 or errors<1%; repeat it. Default, where no other objectives "
                        "are given: p(99)<300 and errors<1%");
    command->add_option("--objectives", a.promises,
                        "default (those of a fresh server) or a file of OpenSLO documents: must hold, too");
    command->add_option("--batch", a.batch, "Events in each request")->capture_default_str();
    command->add_option("--connections", a.connections,
                        "Most requests in flight; without it as the scenario's max_in_flight says, else 1000, or as "
                        "many as 1 GiB of them");
    command->add_option("--first-rate", a.options.first_rate, "Requests a second of the first step")
        ->capture_default_str();
    command->add_option("--highest-rate", a.options.highest_rate, "Requests a second that are enough")
        ->capture_default_str();
    command->add_option("--budget", a.budget, "Most time that it may take, 30s to 1h")->capture_default_str();
    command->add_option("--seed", a.seed, "Chooses arrivals and contents; without it the scenario's, else 1");
    command->add_option("--target-confirm", a.confirmed_host, "The host, when it is not this machine");
    command->add_option("--json", a.json_file, "Write the answer and all steps to this file");
    command->add_option("--keep", a.keep,
                        "Keep it in loadruns.db of this directory, or in a postgresql://... database");
    command->footer(kFooter);
    command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace streamgauge::daemon
