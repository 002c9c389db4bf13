// SPDX-License-Identifier: GPL-3.0-or-later
// The capacity search on simulated servers whose limit is known: within 5 % in ten of ten, within three minutes, and
// the interval holds the limit about as often as it says.
#include "loadgen/capacity_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <random>

namespace streamgauge::loadgen {
namespace {

// What becomes of a request that arrives at `at` (seconds): when it is answered, and how.
struct SimulatedAnswer {
    double at = 0;
    bool good = true;
    double queue_ms = 0, commit_ms = 0;
};

class SimulatedServer {
public:
    virtual ~SimulatedServer() = default;
    virtual SimulatedAnswer serve(double at, std::mt19937_64& random) = 0;
};

// First come, first served, by `workers` of them; service times fixed or exponential; more than `places` waiting are
// refused at once (0: all wait). For `stall` seconds every `stall_every` nothing is served.
class QueueServer final : public SimulatedServer {
public:
    double service = 0.001;
    bool exponential = false;
    std::size_t workers = 1, places = 0;
    double stall = 0, stall_every = 0;

    SimulatedAnswer serve(double at, std::mt19937_64& random) override {
        while (!free_at_.empty() && free_at_.size() > workers) free_at_.pop();
        while (!waiting_.empty() && waiting_.top() <= at) waiting_.pop();
        if (places > 0 && waiting_.size() >= places) return {at + 0.0002, false, 0, 0};
        while (free_at_.size() < workers) free_at_.push(0);
        double start = std::max(at, free_at_.top());
        free_at_.pop();
        if (stall > 0) {
            const double into = std::fmod(start, stall_every);
            if (into < stall) start += stall - into;
        }
        const double took = exponential ? std::exponential_distribution<double>(1 / service)(random) : service;
        const double end = start + took;
        free_at_.push(end);
        waiting_.push(start);
        return {end, true, (start - at) * 1000, took * 1000};
    }

private:
    using Soonest = std::priority_queue<double, std::vector<double>, std::greater<>>;
    Soonest free_at_, waiting_;
};

// Never queues: the response time rises with the rate of the last second, as where a shared resource gets slower. p99
// is exp(2.326 * 0.3) times the median.
class SlowingServer final : public SimulatedServer {
public:
    double median_at(double rate) const { return 0.02 + 0.08 * std::pow(rate / 500, 2); }
    SimulatedAnswer serve(double at, std::mt19937_64& random) override {
        recent_.push(at);
        while (recent_.front() < at - 1) recent_.pop();
        const double median = median_at(static_cast<double>(recent_.size()));
        const double took = median * std::exp(0.3 * std::normal_distribution<double>()(random));
        return {at + took, true, 0, took * 1000};
    }

private:
    std::queue<double> recent_;
};

struct Pending {
    double at, planned;
    bool good;
    double queue_ms, commit_ms;
    bool operator>(const Pending& other) const { return at > other.at; }
};

class Simulation {
public:
    Simulation(SimulatedServer& server, std::vector<CapacityObjective> objectives, std::uint64_t seed)
        : server_(server), objectives_(std::move(objectives)), random_(seed) {}

    CapacityAnswer run(const CapacityOptions& options) {
        auto search = CapacitySearch::make(options);
        EXPECT_TRUE(search.ok());
        while (const auto task = search->next(now_)) {
            while (!pending_.empty()) {  // drains
                now_ = std::max(now_, pending_.top().at);
                pending_.pop();
            }
            now_ += 0.5;
            search->outcome(step(*task));
        }
        return search->answer();
    }

private:
    CapacityOutcome step(const CapacityTask& task) {
        CapacityStep judge(task.rate, objectives_, task.limits);
        std::exponential_distribution<double> gap(task.rate);
        double next = now_ + gap(random_);
        StepJudgement judgement;
        while (judgement.state == StepState::Running) {
            const double end = now_ + 0.5;
            CapacitySlice slice;
            slice.objectives.resize(objectives_.size());
            for (; next < end; next += gap(random_)) {
                const SimulatedAnswer a = server_.serve(next, random_);
                pending_.push({a.at, next, a.good, a.queue_ms, a.commit_ms});
                ++slice.planned;
            }
            StageTime queue{"queue", 0, 0}, commit{"commit", 0, 0};
            double sum = 0;
            for (; !pending_.empty() && pending_.top().at <= end; pending_.pop()) {
                const Pending& p = pending_.top();
                const double ms = (p.at - p.planned) * 1000;
                ++slice.answered;
                sum += ms;
                ++queue.count;
                queue.sum_ms += p.queue_ms;
                ++commit.count;
                commit.sum_ms += p.commit_ms;
                for (std::size_t i = 0; i < objectives_.size(); ++i) {
                    const bool errors = objectives_[i].measure == Threshold::Measure::Errors;
                    ++slice.objectives[i].total;
                    slice.objectives[i].bad += errors ? !p.good : ms > objectives_[i].bound_ms;
                }
            }
            slice.mean_ms = slice.answered > 0 ? sum / static_cast<double>(slice.answered) : 0;
            slice.backlog = pending_.size();
            slice.stages = {queue, commit};
            now_ = end;
            judgement = judge.take(slice);
        }
        CapacityOutcome out;
        out.rate = task.rate;
        out.offered_rate = judge.offered_rate();
        out.answered_rate = judge.answered_rate();
        out.seconds = judge.seconds();
        out.at_seconds = now_;
        out.mean_ms = judge.mean_ms();
        out.state = judgement.state;
        out.clear = judgement.clear;
        out.confirm = task.confirm;
        out.limiting = judgement.limiting;
        out.stages = judge.stages();
        return out;
    }

    SimulatedServer& server_;
    std::vector<CapacityObjective> objectives_;
    std::mt19937_64 random_;
    std::priority_queue<Pending, std::vector<Pending>, std::greater<>> pending_;
    double now_ = 0;
};

CapacityObjective latency(double percentile, double ms) {
    Threshold t;
    t.percentile = percentile;
    t.value = ms;
    return *capacity_objective(
        t, "p(" + std::to_string(static_cast<int>(percentile)) + ")<" + std::to_string(static_cast<int>(ms)));
}
CapacityObjective errors(double share) {
    Threshold t;
    t.measure = Threshold::Measure::Errors;
    t.value = share;
    return *capacity_objective(t, "errors<1%");
}

struct Expected {
    const char* name;
    double limit;
    std::vector<std::string> limiting;
    std::string stage;
};

// Ten searches, each with a server of its own. All within 5 % and 180 s; the intervals hold the limit.
template <class MakeServer>
void ten_of_ten(const Expected& expected, const std::vector<CapacityObjective>& objectives, MakeServer make) {
    int covered = 0, confirmed = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        auto server = make();
        Simulation simulation(server, objectives, seed);
        const CapacityAnswer answer = simulation.run({});
        std::printf(
            "[ capacity ] %-28s limit %6.0f, found %6.0f (%+.1f %%) in %5.0f .. %5.0f, %2zu steps, %3.0f s, %s, %s\n",
            expected.name, expected.limit, answer.rate, 100 * (answer.rate / expected.limit - 1), answer.low,
            answer.high, answer.steps.size(), answer.seconds, answer.limiting.c_str(), answer.limiting_stage.c_str());
        if (std::getenv("STREAMGAUGE_SHOW_STEPS") != nullptr)
            for (const CapacityOutcome& step : answer.steps)
                std::printf("[ capacity ]   %7.1f: answered %7.1f, %s%s%s in %4.1f s, mean %6.1f ms, %s\n", step.rate,
                            step.answered_rate, step.state == StepState::Held ? "held" : "failed",
                            step.clear ? "" : ", unclear", step.confirm ? ", confirmation" : "", step.seconds,
                            step.mean_ms, step.limiting.c_str());
        confirmed += answer.end == CapacityEnd::Found;
        EXPECT_NEAR(answer.rate, expected.limit, expected.limit * 0.05) << expected.name << " seed " << seed;
        EXPECT_LE(answer.seconds, 180) << expected.name << " seed " << seed;
        EXPECT_NE(std::find(expected.limiting.begin(), expected.limiting.end(), answer.limiting),
                  expected.limiting.end())
            << answer.limiting;
        EXPECT_EQ(answer.limiting_stage, expected.stage);
        covered += answer.low <= expected.limit && expected.limit <= answer.high;
    }
    std::printf("[ capacity ] %-28s the interval held the limit in %d of 10, confirmed %d\n", expected.name, covered,
                confirmed);
    EXPECT_GE(confirmed, 9) << expected.name;
    EXPECT_GE(covered, 9) << expected.name;
}

// Decay rate of the waiting time: P(W > x) is about exp(-theta x); 1 % at `seconds`.
double fixed_service_limit(double service, double seconds) {
    const double theta = std::log(100.0) / seconds;
    return theta / (std::exp(theta * service) - 1);
}

TEST(CapacitySearch, FixedServiceTime) {
    const auto make = [] {
        QueueServer server;
        server.service = 0.001;
        return server;
    };
    ten_of_ten({"fixed service 1 ms", fixed_service_limit(0.001, 0.3), {"p(99)<300", "queue"}, "queue"},
               {latency(99, 300), errors(0.01)}, make);
}

TEST(CapacitySearch, SlowFixedServiceTime) {
    const auto make = [] {
        QueueServer server;
        server.service = 0.004;
        return server;
    };
    ten_of_ten({"fixed service 4 ms", fixed_service_limit(0.004, 1), {"p(99)<1000", "queue"}, "queue"},
               {latency(99, 1000), errors(0.01)}, make);
}

TEST(CapacitySearch, ExponentialServiceTimesAndTwoWorkers) {
    const auto make = [] {
        QueueServer server;
        server.service = 0.001;
        server.workers = 2;
        server.exponential = true;
        return server;
    };
    ten_of_ten({"two, exponential 1 ms", 2000 - std::log(100.0) / 0.3, {"p(99)<300", "queue"}, "queue"},
               {latency(99, 300), errors(0.01)}, make);
}

TEST(CapacitySearch, AServerThatRefusesWhenItsQueueIsFull) {
    const auto make = [] {
        QueueServer server;
        server.service = 0.001;
        server.places = 50;
        return server;
    };
    // Of what comes above the capacity, all is refused: 1 % of the rate is at 1000 / 0.99.
    ten_of_ten({"refuses at 50 waiting", 1010, {"errors<1%"}, "queue"}, {latency(99, 300), errors(0.01)}, make);
}

TEST(CapacitySearch, AServerThatSlowsDownBeforeItQueues) {
    // The limit by long runs: the server's rate of the last second varies, which no formula here counts.
    double low = 300, high = 700;
    for (int i = 0; i < 9; ++i) {
        SlowingServer model;
        std::mt19937_64 random(99);
        const double rate = (low + high) / 2;
        std::exponential_distribution<double> gap(rate);
        int bad = 0, all = 0;
        for (double at = gap(random); at < 600; at += gap(random), ++all) bad += model.serve(at, random).at - at > 0.25;
        (bad * 100 > all ? high : low) = rate;
    }
    const double limit = low;
    ten_of_ten({"slows down", limit, {"p(99)<250"}, "commit"}, {latency(99, 250)}, [] { return SlowingServer(); });
}

TEST(CapacitySearch, AServerThatStallsNowAndThen) {
    const auto make = [] {
        QueueServer server;
        server.service = 0.0005;
        server.stall = 0.05;
        server.stall_every = 1;
        return server;
    };
    ten_of_ten({"stalls 50 ms a second", 2000 * 0.95, {"p(99)<300", "queue"}, "queue"},
               {latency(99, 300), errors(0.01)}, make);
}

TEST(CapacitySearch, SaysWhenNothingHolds) {
    QueueServer server;
    server.service = 0.05;
    const CapacityAnswer answer = Simulation(server, {latency(99, 300)}, 1).run({});
    EXPECT_EQ(answer.end, CapacityEnd::NothingHeld);
    EXPECT_EQ(answer.rate, 0);
    EXPECT_EQ(answer.steps.size(), 1U);
}

TEST(CapacitySearch, SaysWhenThereIsNoLimit) {
    QueueServer server;
    server.service = 0.0001;
    CapacityOptions options;
    options.highest_rate = 1000;
    const CapacityAnswer answer = Simulation(server, {latency(99, 300)}, 1).run(options);
    EXPECT_EQ(answer.end, CapacityEnd::NoLimit);
    EXPECT_EQ(answer.rate, 1000);
    EXPECT_EQ(answer.high, 0);
}

// Steps that come out as `step` says, of four seconds where it does not, a second between them.
CapacityAnswer scripted(const CapacityOptions& options,
                        const std::function<void(const CapacityTask& task, CapacityOutcome& outcome)>& step) {
    auto search = CapacitySearch::make(options);
    EXPECT_TRUE(search.ok());
    double at = 0;
    while (const auto task = search->next(at)) {
        CapacityOutcome outcome;
        outcome.rate = outcome.offered_rate = outcome.answered_rate = task->rate;
        outcome.seconds = 4;
        outcome.clear = true;
        outcome.confirm = task->confirm;
        step(*task, outcome);
        at += outcome.seconds + 1;
        outcome.at_seconds = at;
        search->outcome(outcome);
    }
    return search->answer();
}

// A server that can do 800/s, and a generator whose machine stands still in the steps of `still`.
CapacityAnswer with_standstills(const std::function<bool(std::size_t step, double rate)>& still) {
    std::size_t steps = 0;
    return scripted({}, [&](const CapacityTask& task, CapacityOutcome& outcome) {
        outcome.answered_rate = std::min(task.rate, 800.0);
        outcome.generator_limited = still(steps++, task.rate);
        outcome.state = task.rate > 800 || outcome.generator_limited ? StepState::Failed : StepState::Held;
    });
}

TEST(CapacitySearch, AMachineThatStandsStillNowAndThenIsNoLimit) {
    const CapacityAnswer undisturbed = with_standstills([](std::size_t, double) { return false; });
    EXPECT_EQ(undisturbed.end, CapacityEnd::Found);
    EXPECT_NEAR(undisturbed.rate, 800, 25);
    // Any one step, and two in a row: the same rate is tried again, and nothing is learnt of the server.
    for (std::size_t at = 0; at < undisturbed.steps.size(); ++at) {
        const CapacityAnswer answer =
            with_standstills([at](std::size_t step, double) { return step == at || step == at + 1; });
        EXPECT_EQ(answer.end, CapacityEnd::Found) << at;
        EXPECT_NEAR(answer.rate, undisturbed.rate, 25) << at;
        EXPECT_EQ(answer.steps[at].rate, answer.steps[at + 1].rate) << at;
    }
}

TEST(CapacitySearch, AGeneratorThatIsLateAgainAndAgainIsTheLimit) {
    const CapacityAnswer answer = with_standstills([](std::size_t, double rate) { return rate > 300; });
    EXPECT_EQ(answer.end, CapacityEnd::GeneratorLimited);
    EXPECT_GT(answer.rate, 150);
    EXPECT_LE(answer.rate, 300);
    ASSERT_GE(answer.steps.size(), 3U);
    for (std::size_t i = answer.steps.size() - 3; i < answer.steps.size(); ++i)
        EXPECT_TRUE(answer.steps[i].generator_limited);
}

// Each step takes as long as it may, and what is under way is waited for; so does the server between steps.
TEST(CapacitySearch, KeepsToItsBudgetByTheClockWhateverTheServerDoes) {
    for (const double budget : {30.0, 60.0, 175.0}) {
        CapacityOptions options;
        options.budget_seconds = budget;
        auto search = CapacitySearch::make(options);
        ASSERT_TRUE(search.ok());
        double at = 0;
        std::size_t steps = 0;
        while (const auto task = search->next(at)) {
            if (steps++ > 0) at = std::min(at + 6, budget - task->seconds());
            EXPECT_LE(at + task->seconds(), budget);
            CapacityOutcome outcome;
            outcome.rate = outcome.offered_rate = outcome.answered_rate = task->rate;
            outcome.state = task->rate > 120 ? StepState::Failed : StepState::Held;
            outcome.clear = outcome.state == StepState::Failed;
            outcome.confirm = task->confirm;
            outcome.seconds = task->limits.most_seconds;
            at = outcome.at_seconds = std::min(at + task->seconds() + 3, budget);
            search->outcome(outcome);
        }
        const CapacityAnswer answer = search->answer();
        EXPECT_LE(answer.seconds, budget);
        EXPECT_EQ(answer.seconds, at);
        EXPECT_GE(answer.steps.size(), 2U);
        EXPECT_EQ(answer.end, budget > 100 ? CapacityEnd::Found : CapacityEnd::OutOfTime) << budget;
    }
}

// The server took so long over what it had that there is no time for the step that was to come.
TEST(CapacitySearch, IsOverWhereTheWaitTookTheTime) {
    auto search = CapacitySearch::make({});
    ASSERT_TRUE(search.ok());
    for (const double rate : {50.0, 100.0}) {
        CapacityOutcome outcome;
        outcome.rate = outcome.offered_rate = outcome.answered_rate = search->next(0)->rate;
        EXPECT_EQ(outcome.rate, rate);
        outcome.at_seconds = outcome.seconds = rate / 10;
        outcome.clear = true;
        search->outcome(outcome);
    }
    EXPECT_TRUE(search->next(10));
    EXPECT_TRUE(search->next(100));
    EXPECT_FALSE(search->next(170));
    EXPECT_FALSE(search->next(170));
    EXPECT_EQ(search->answer().seconds, 170);
    EXPECT_EQ(search->answer().end, CapacityEnd::OutOfTime);
    EXPECT_EQ(search->answer().rate, 100);
}

// The highest rate has no next step that would tell more.
TEST(CapacitySearch, AnUnclearFailureAtTheHighestRateIsLookedInto) {
    CapacityOptions options;
    options.highest_rate = 1000;
    for (const double limit : {900.0, 5000.0}) {
        int at_highest = 0;
        const CapacityAnswer answer = scripted(options, [&](const CapacityTask& task, CapacityOutcome& outcome) {
            EXPECT_LE(task.rate, 1000);
            const bool unclear = task.rate == 1000 && ++at_highest == 1;
            outcome.clear = !unclear;
            outcome.state = unclear || task.rate > limit ? StepState::Failed : StepState::Held;
            outcome.answered_rate = std::min(task.rate, limit);
            outcome.limiting = "p(99)<300";
        });
        if (limit < 1000) {
            EXPECT_EQ(answer.end, CapacityEnd::Found);
            EXPECT_NEAR(answer.rate, limit, 30);
            EXPECT_GE(answer.high, limit);
            EXPECT_EQ(answer.limiting, "p(99)<300");
        } else {
            EXPECT_EQ(answer.end, CapacityEnd::NoLimit);
            EXPECT_EQ(answer.rate, 1000);
            EXPECT_EQ(answer.high, 0);
            EXPECT_EQ(answer.limiting, "");
            EXPECT_TRUE(answer.steps.back().confirm);
            EXPECT_LE(answer.steps.size(), 15U);
        }
    }
}

// 64 in flight, each answered after 100 ms: 640/s, and the server could take more. One that answers one after the other
// has each the longer the more of them it has.
TEST(CapacitySearch, TheGeneratorsOwnCeilingIsNamed) {
    const std::string own = "max_in_flight: 64 requests were in flight; the server may take more";
    const auto limiting = [](double first_rate, const std::function<double(double rate)>& service_ms,
                             std::uint32_t full_at) {
        CapacityOptions options;
        options.first_rate = first_rate;
        const CapacityAnswer answer = scripted(options, [&](const CapacityTask& task, CapacityOutcome& outcome) {
            outcome.state = task.rate > 640 ? StepState::Failed : StepState::Held;
            outcome.answered_rate = std::min(task.rate, 640.0);
            outcome.service_ms = service_ms(task.rate);
            outcome.limiting = "p(99)<300";
            outcome.stages = {{"commit", 100, 100}};
            if (outcome.state == StepState::Failed) outcome.full_at = full_at;
        });
        EXPECT_EQ(answer.end, CapacityEnd::Found);
        EXPECT_NEAR(answer.rate, 640, 20);
        EXPECT_EQ(answer.limiting_stage.empty(), answer.limiting != "p(99)<300");
        for (const CapacityOutcome& step : answer.steps)
            EXPECT_EQ(step.limiting, step.state == StepState::Failed ? answer.limiting : "p(99)<300") << step.rate;
        return answer.limiting;
    };
    for (const double first_rate : {50.0, 500.0}) {  // 500/s have more than half of 64 in flight
        EXPECT_EQ(limiting(
                      first_rate, [](double) { return 100; }, 64),
                  own);
        EXPECT_EQ(limiting(
                      first_rate, [](double rate) { return rate > 640 ? 105 : 100; }, 64),
                  own);
        // It was not full, or what failed takes no time.
        EXPECT_EQ(limiting(
                      first_rate, [](double) { return 100; }, 0),
                  "p(99)<300");
        // One after the other, 1.5625 ms each: as long as 64 take, and a few near the limit.
        const auto one_by_one = [](double rate) {
            return rate > 640 ? 100 : 1.5625 * (1 + rate / 640 / 2 / (1.001 - rate / 640));
        };
        EXPECT_EQ(limiting(first_rate, one_by_one, 64), "p(99)<300");
    }
}

// What a step says of it: full for half of what is looked at, and failed by what takes time.
TEST(CapacitySearch, AStepKnowsWhetherTheCeilingWasReached) {
    for (const std::uint64_t errors_in_ten : {0U, 5U}) {
        CapacityStep step(20, {latency(99, 300), errors(0.01)}, {1, 2.5, 5});
        StepJudgement judgement;
        for (int i = 0; judgement.state == StepState::Running; ++i) {
            CapacitySlice slice;
            slice.planned = slice.answered = 10;
            slice.mean_ms = 20;
            slice.service_ms = 10;
            slice.objectives = {{errors_in_ten == 0 ? 5U : 0U, 10}, {errors_in_ten, 10}};
            slice.in_flight_full = i % 2 == 0;
            judgement = step.take(slice);
        }
        EXPECT_EQ(judgement.state, StepState::Failed);
        EXPECT_EQ(judgement.limiting_is_time, errors_in_ten == 0) << judgement.limiting;
        EXPECT_EQ(step.service_ms(), 10);
        EXPECT_EQ(step.mean_ms(), 20);
    }
    CapacityStep step(20, {latency(99, 300)}, {1, 2.5, 5});
    CapacitySlice slice;
    slice.planned = slice.answered = 10;
    slice.objectives = {{0, 10}};
    slice.in_flight_full = true;
    for (int i = 0; i < 2; ++i) step.take(slice);  // it settles
    EXPECT_FALSE(step.in_flight_full());
    step.take(slice);
    EXPECT_TRUE(step.in_flight_full());
    slice.in_flight_full = false;
    step.take(slice);
    EXPECT_TRUE(step.in_flight_full());
    step.take(slice);
    EXPECT_FALSE(step.in_flight_full());
}

TEST(CapacitySearch, RefusesWhatIsNoObjectiveAndNoSearch) {
    Threshold t;
    t.measure = Threshold::Measure::Rate;
    EXPECT_FALSE(capacity_objective(t, "rate>1").ok());
    t = {};
    t.value = 300;
    t.comparison = Threshold::Comparison::Greater;
    EXPECT_FALSE(capacity_objective(t, "p(95)>300").ok());
    CapacityOptions options;
    options.first_rate = 0;
    EXPECT_EQ(CapacitySearch::make(options).error().field, "first_rate");
    options = {};
    options.budget_seconds = 5;
    EXPECT_EQ(CapacitySearch::make(options).error().field, "budget_seconds");
}

}  // namespace
}  // namespace streamgauge::loadgen
