// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/capacity_run.h"

#include <poll.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/clock.h"
#include "base/wrong_field.h"
#include "loadgen/engine.h"
#include "loadgen/scenario_text.h"

namespace streamgauge::loadgen {
namespace {

constexpr std::int64_t kSliceNanos = 500'000'000;
constexpr std::int64_t kLateMicros = 20'000;  // a request that the generator sees due so late is one it is late with
constexpr double kLateShare = 0.05;           // of a slice's requests
constexpr double kProbeRate = 20, kProbeSeconds = 0.5, kProbeGraceSeconds = 1;
constexpr int kMostProbes = 12;
constexpr double kRecovered = 2, kRecoveredMs = 10;  // times the first response time, and so much more
constexpr double kMostStopSeconds = 3;               // what is under way at the end of a step is waited for

// What a record came to at some moment; slices are differences of two.
struct Sums {
    std::int64_t at_nanos = 0;
    std::uint64_t planned = 0, answered = 0, failed = 0, good = 0, unanswered = 0;
    double response_micros = 0, service_micros = 0;
    std::vector<std::uint64_t> within;          // answers within each objective's bound
    std::vector<CapacitySlice::Share> counted;  // for each objective of production
    std::uint64_t due = 0, late = 0;
    std::vector<StageTime> stages;
};

class StepRun {
public:
    // `begins`: seconds since the search began.
    StepRun(const CapacityRun& run, const CapacityTask& task, double begins)
        : run_(run), task_(task), begins_(begins), judge_(task.rate, run.objectives, task.limits), last_{} {
        last_.within.assign(run.objectives.size(), 0);
        last_.counted.resize(run.objectives.size());
    }

    // False when the step is over.
    bool look(const Progress& progress) {
        if (progress.elapsed_nanos - last_.at_nanos < kSliceNanos || progress.state != RunState::Running)
            return judgement_.state == StepState::Running;
        Sums sums = sums_of(progress);
        judgement_ = judge_.take(slice_between(last_, sums, progress.record->totals().unfinished()));
        last_ = std::move(sums);
        if (judgement_.state == StepState::Running) run_.on_progress(outcome(*progress.record));
        return judgement_.state == StepState::Running;
    }

    CapacityOutcome outcome(const RunRecord& record) const {
        CapacityOutcome out;
        out.rate = task_.rate;
        out.confirm = task_.confirm;
        out.offered_rate = judge_.offered_rate();
        out.answered_rate = judge_.answered_rate();
        out.seconds = judge_.seconds();
        out.at_seconds = begins_ + out.seconds;
        out.mean_ms = judge_.mean_ms();
        out.service_ms = judge_.service_ms();
        if (judgement_.state == StepState::Failed && judgement_.limiting_is_time && judge_.in_flight_full())
            out.full_at = run_.scenario.max_in_flight;
        out.p50_ms = static_cast<double>(record.response().quantile_micros(0.5)) / 1000;
        out.p99_ms = static_cast<double>(record.response().quantile_micros(0.99)) / 1000;
        // A run that ended by itself before it was judged took everything.
        out.state = judgement_.state == StepState::Running ? StepState::Held : judgement_.state;
        out.clear = judgement_.clear;
        out.generator_limited = judgement_.generator_limited;
        out.limiting = judgement_.limiting;
        out.stages = judge_.stages();
        return out;
    }

private:
    Sums sums_of(const Progress& progress) const {
        const RunRecord& record = *progress.record;
        Sums sums;
        sums.at_nanos = progress.elapsed_nanos;
        sums.planned = record.totals().planned;
        sums.answered = record.response().count();
        sums.good = record.totals().done();
        sums.failed = record.totals().failed();
        sums.unanswered = record.totals().failed() + record.totals().done() - record.totals().answered();
        sums.response_micros = record.response().mean_micros() * static_cast<double>(record.response().count());
        sums.service_micros = record.service().mean_micros() * static_cast<double>(record.service().count());
        for (const CapacityObjective& objective : run_.objectives) {
            sums.within.push_back(
                record.response().count_at_or_below(static_cast<std::int64_t>(objective.bound_ms * 1000)));
            sums.counted.push_back(objective.indicator ? counted_by(*objective.indicator, record)
                                                       : CapacitySlice::Share{});
        }
        sums.due = record.generator_lag().count();
        sums.late = sums.due - record.generator_lag().count_at_or_below(kLateMicros);
        for (const ServerStage& stage : record.stages())
            sums.stages.push_back({stage.name, stage.duration.count(),
                                   stage.duration.mean_micros() * static_cast<double>(stage.duration.count()) / 1000});
        return sums;
    }

    // What was not answered took longer than any bound.
    CapacitySlice slice_between(const Sums& a, const Sums& b, std::uint64_t backlog) const {
        CapacitySlice slice;
        slice.seconds = static_cast<double>(b.at_nanos - a.at_nanos) / 1e9;
        slice.planned = b.planned - a.planned;
        slice.answered = b.answered - a.answered;
        slice.backlog = backlog;
        slice.in_flight_full = backlog > run_.scenario.max_in_flight;
        if (slice.answered > 0) {
            slice.mean_ms = (b.response_micros - a.response_micros) / static_cast<double>(slice.answered) / 1000;
            slice.service_ms = (b.service_micros - a.service_micros) / static_cast<double>(slice.answered) / 1000;
        }
        const std::uint64_t unanswered = b.unanswered - a.unanswered;
        for (std::size_t i = 0; i < run_.objectives.size(); ++i) {
            if (run_.objectives[i].indicator) {
                slice.objectives.push_back(
                    {b.counted[i].bad - a.counted[i].bad, b.counted[i].total - a.counted[i].total});
            } else if (run_.objectives[i].measure == Threshold::Measure::Errors) {
                slice.objectives.push_back({b.failed - a.failed, b.failed - a.failed + b.good - a.good});
            } else {
                const std::uint64_t within = b.within[i] - a.within[i];
                slice.objectives.push_back({slice.answered - within + unanswered, slice.answered + unanswered});
            }
        }
        for (std::size_t i = 0; i < b.stages.size(); ++i) {
            StageTime stage = b.stages[i];
            if (i < a.stages.size()) {
                stage.count -= a.stages[i].count;
                stage.sum_ms -= a.stages[i].sum_ms;
            }
            slice.stages.push_back(std::move(stage));
        }
        slice.generator_late = static_cast<double>(b.late - a.late) >
                               kLateShare * static_cast<double>(std::max<std::uint64_t>(1, b.due - a.due));
        return slice;
    }

    const CapacityRun& run_;
    const CapacityTask& task_;
    const double begins_;
    CapacityStep judge_;
    StepJudgement judgement_;
    Sums last_;
};

class Search {
public:
    Search(const Address& address, CapacityRun run, int stop_fd)
        : address_(address), run_(std::move(run)), stop_fd_(stop_fd) {}

    Result<CapacityAnswer> find() {
        Result<CapacitySearch> search = CapacitySearch::make(run_.options);
        if (!search) return search.error();
        for (const CapacityObjective& objective : run_.objectives)
            if (objective.measure == Threshold::Measure::Freshness)
                return invalid("\"" + objective.name + "\" cannot be told from the answers alone");
        if (run_.objectives.empty()) return invalid("there is no objective to hold");
        fit_in_flight();
        while (const auto task = search->next(elapsed())) {
            if (steps_ > 0) {
                const Result<bool> in_time = let_recover(run_.options.budget_seconds - task->seconds(), task->rate);
                if (!in_time) return in_time.error();
                if (!*in_time) continue;  // the search is over, as there is no time for the step
            }
            Result<CapacityOutcome> outcome = step(*task);
            if (!outcome) return outcome.error();
            outcome->at_seconds = elapsed();  // with the answers that were waited for
            search->outcome(std::move(outcome).value());
            run_.on_step(search->last());
        }
        CapacityAnswer answer = search->answer();
        answer.max_in_flight = run_.scenario.max_in_flight;
        return answer;
    }

private:
    static Error invalid(std::string message) {
        Error error = Error::make(ErrorCode::InvalidArgument, std::move(message));
        error.field = "objective";
        return error;
    }

    Scenario scenario_of(double rate, double seconds) const {
        Scenario scenario = run_.scenario;
        Stage stage;
        stage.rate = rate;
        stage.seconds = seconds;
        scenario.stages = {stage};
        scenario.closed_loop = false;
        scenario.spacing = Spacing::Poisson;
        scenario.jitter_percent = 0;
        scenario.seed = run_.scenario.seed + steps_;
        scenario.when_full = WhenFull::Queue;  // what is dropped would be missing in every objective
        scenario.thresholds.clear();
        scenario.objectives.clear();  // they are the search's
        scenario.error_brake = 0;     // a step that fails is what is looked for
        return scenario;
    }

    double elapsed() const { return static_cast<double>(clock_.monotonic_nanos() - begun_) / 1e9; }

    Result<std::unique_ptr<Engine>> engine_of(const Scenario& scenario, double stop_seconds = kMostStopSeconds) {
        EngineOptions options;
        options.id_salt = run_.id_salt + 0x9E37'79B9'7F4A'7C15 * ++engines_;
        options.stop_grace_nanos = static_cast<std::int64_t>(stop_seconds * 1e9);
        return Engine::make(scenario, address_, options);
    }

    void fit_in_flight() {
        std::uint32_t& in_flight = run_.scenario.max_in_flight;
        const auto too_many = [&] {
            const auto engine = engine_of(scenario_of(kProbeRate, kProbeSeconds));
            return !engine && engine.error().field == "max_in_flight";
        };
        while (run_.fewer_in_flight && in_flight > 1 && too_many()) in_flight /= 2;
    }

    bool stopped() const {
        pollfd waiting{stop_fd_, POLLIN, 0};
        return stop_fd_ >= 0 && poll(&waiting, 1, 0) > 0;
    }

    Result<CapacityOutcome> step(const CapacityTask& task) {
        // A little longer than the step can last, so that the plan does not end first.
        const double left = run_.options.budget_seconds - elapsed() - task.seconds();
        Result<std::unique_ptr<Engine>> engine =
            engine_of(scenario_of(task.rate, task.limits.most_seconds + 2), std::clamp(left, 0.0, kMostStopSeconds));
        if (!engine) return engine.error();
        StepRun step(run_, task, elapsed());
        const Result<RunState> ended =
            (*engine)->run(stop_fd_, [&](const Progress& progress) { return step.look(progress); });
        if (!ended) return ended.error();
        if (stopped()) return Error::make(ErrorCode::Cancelled, "the search was stopped");
        const RunRecord& record = (*engine)->record();
        if (steps_ == 0 && record.totals().answered() == 0) return no_answer(" at ", task.rate);
        ++steps_;
        CapacityOutcome outcome = step.outcome(record);
        if (!usual_ms_) usual_ms_ = outcome.p50_ms;
        return outcome;
    }

    Error no_answer(const char* when, double rate) const {
        return Error::make(ErrorCode::Unavailable, "no answer from " + run_.scenario.url + when +
                                                       std::to_string(static_cast<std::int64_t>(rate)) +
                                                       " requests a second");
    }

    // A few requests at a time, until they are answered as fast as in the first step, or have been answered for long
    // enough. False when that took until `until`.
    Result<bool> let_recover(double until, double next_rate) {
        bool answered = false;
        for (int probes = 1;; ++probes) {
            if (elapsed() + kProbeSeconds + kProbeGraceSeconds > until) return false;
            Scenario scenario = scenario_of(kProbeRate, kProbeSeconds);
            scenario.grace_seconds = kProbeGraceSeconds;
            Result<std::unique_ptr<Engine>> engine = engine_of(scenario);
            if (!engine) return engine.error();
            const Result<RunState> ended = (*engine)->run(stop_fd_, [](const Progress&) { return true; });
            if (!ended) return ended.error();
            if (stopped()) return Error::make(ErrorCode::Cancelled, "the search was stopped");
            const RunRecord& record = (*engine)->record();
            answered = answered || record.totals().answered() > 0;
            const double p50_ms = static_cast<double>(record.response().quantile_micros(0.5)) / 1000;
            if (record.totals().unfinished() == 0 && record.response().count() > 0 &&
                p50_ms <= kRecovered * *usual_ms_ + kRecoveredMs)
                return true;
            if (probes < kMostProbes) continue;
            if (answered) return true;  // as fast as it is now
            // One that hangs may come back.
            if (record.totals().of(Outcome::ConnectRefused) > 0) return no_answer(" any more, before ", next_rate);
        }
    }

    const Address& address_;
    CapacityRun run_;
    const int stop_fd_;
    const SystemClock clock_;
    const std::int64_t begun_ = clock_.monotonic_nanos();
    std::uint64_t steps_ = 0, engines_ = 0;
    std::optional<double> usual_ms_;
};

}  // namespace

CapacitySlice::Share counted_by(const slo::Indicator& indicator, const RunRecord& record) {
    CapacitySlice::Share share;
    const std::size_t kinds = record.endpoints();
    for (std::size_t i = 0; i < kinds; ++i) {
        if (!indicator.route.empty() && indicator.route != record.endpoint_name(i)) continue;
        if (indicator.kind == slo::Indicator::Kind::Latency) {
            const Durations& durations = kinds == 1 ? record.durations() : record.endpoint_durations(i);
            const auto bound = static_cast<std::int64_t>(std::llround(indicator.threshold_ms * 1000));
            const auto longer = [bound](const Histogram& h) { return h.count() - h.count_at_or_below(bound); };
            share.bad += longer(durations.response) + longer(durations.unanswered);
            share.total += durations.response.count() + longer(durations.unanswered);
        } else {
            const Totals& totals = kinds == 1 ? record.totals() : record.endpoint_totals(i);
            for (std::size_t k = 0; k < kOutcomes; ++k) {
                const auto outcome = static_cast<Outcome>(k);
                const bool good = is_answer(outcome) && outcome != Outcome::ServerError &&
                                  !(indicator.limited_is_bad && outcome == Outcome::Limited);
                share.total += totals.of(outcome);
                if (!good) share.bad += totals.of(outcome);
            }
        }
    }
    return share;
}

Result<CapacityRun> parse_capacity_run(std::string_view text) {
    Result<Scenario> scenario = parse_scenario(text);
    if (!scenario) return scenario.error();
    if (scenario->replays()) return wrong_field("scenario", "a search has rates of its own: it replays nothing");
    CapacityRun run;
    run.scenario = std::move(scenario).value();
    if (!says(text, "max_in_flight")) {
        run.scenario.max_in_flight = kSearchInFlight;
        run.fewer_in_flight = true;
    }
    return run;
}

std::vector<CapacityObjective> all_objectives(const CapacityRun& run) {
    std::vector<CapacityObjective> all = run.objectives;
    for (const LabObjective& lab : run.scenario.objectives) all.push_back(capacity_objective(lab.objective));
    return all;
}

Result<CapacityAnswer> find_capacity(const Address& address, const CapacityRun& run, int stop_fd) {
    CapacityRun whole = run;
    whole.objectives = all_objectives(run);
    return Search(address, std::move(whole), stop_fd).find();
}

}  // namespace streamgauge::loadgen
