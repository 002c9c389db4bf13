// SPDX-License-Identifier: GPL-3.0-or-later
// How a capacity search against a real server begins and ends; capacity_truth_test.cpp has what it finds.
#include "loadgen/capacity_run.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <random>
#include <utility>

#include "base/clock.h"
#include "loadgen/capacity_setup.h"
#include "loadgen/run_objectives.h"
#include "support/fifo_server.h"
#include "support/stall_server.h"

namespace streamgauge::loadgen {
namespace {

TEST(CapacityRun, SaysWhenNobodyAnswers) {
    test::DeadPort nobody;
    const auto answer = find_capacity(test::address_of(nobody.url()), test::capacity_run_of(nobody.url(), 300), -1);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::Unavailable);
}

TEST(CapacityRun, CanBeStopped) {
    test::FifoServer server(std::chrono::milliseconds(2));
    const int stop = eventfd(1, EFD_CLOEXEC);
    const auto answer = find_capacity(test::address_of(server.url()), test::capacity_run_of(server.url(), 300), stop);
    close(stop);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::Cancelled);
}

slo::Objective promise(const std::string& name, slo::Indicator::Kind kind, double target, std::string request = {}) {
    slo::Objective objective;
    objective.name = name;
    objective.indicator.kind = kind;
    objective.indicator.route = std::move(request);
    objective.indicator.threshold_ms = 50;
    objective.target = target;
    return objective;
}

// The same requests, counted by a run's objectives and by the record that a step looks at.
TEST(CapacityRun, CountsObjectivesAsARunDoes) {
    using Kind = slo::Indicator::Kind;
    Scenario scenario;
    scenario.url = "http://127.0.0.1:1/";
    scenario.stages.emplace_back().rate = 100;
    for (const std::size_t kinds : {1U, 2U}) {
        scenario.requests.assign(kinds, RequestKind{});
        scenario.requests.front().name = "buy";
        if (kinds == 2) scenario.requests.back().name = "look";
        scenario.objectives.clear();
        for (const auto& [kind, limited] :
             {std::pair{Kind::Availability, false}, std::pair{Kind::Errors, true}, std::pair{Kind::Latency, false}})
            for (const char* const request : {"", "buy"}) {
                LabObjective& lab = scenario.objectives.emplace_back();
                lab.objective = promise("o" + std::to_string(scenario.objectives.size()), kind, 0.9, request);
                lab.objective.indicator.limited_is_bad = limited;
            }
        const Status valid = validate(scenario);
        ASSERT_TRUE(valid.ok()) << valid.error().describe();
        RunObjectives objectives(scenario);
        RunRecord record(scenario);
        record.watch(&objectives);
        std::mt19937 random(3);
        constexpr std::int64_t millisecond = 1'000'000;
        std::int64_t at = 0;  // one request after the other
        for (int i = 0; i < 2000; ++i) {
            const auto endpoint = static_cast<Endpoint>(random() % kinds);
            // Never so near the threshold that it lies within a bucket of the histogram.
            const auto millis = static_cast<std::int64_t>(random() % 3 == 0 ? 80 : 1 + random() % 40);
            const auto outcome = static_cast<Outcome>(random() % kOutcomes);
            const std::int64_t planned = at;
            record.advance_to(planned);
            record.due({endpoint, planned, planned});
            at += millis * millisecond;
            record.advance_to(at);
            if (random() % 20 == 0) {
                record.dropped({endpoint, planned, at});
            } else if (is_answer(outcome)) {
                record.answered({endpoint, outcome, outcome == Outcome::Ok ? 202 : 503, planned, planned, at, {}});
            } else {
                record.failed({endpoint, outcome, planned, -1, at, {}});
            }
        }
        const std::vector<ObjectiveResult> results = objectives.finish(at + 1000 * millisecond);
        ASSERT_EQ(results.size(), 6U);
        for (const ObjectiveResult& result : results) {
            const CapacitySlice::Share share = counted_by(result.objective.indicator, record);
            EXPECT_EQ(share.total, result.counted.total) << kinds << result.objective.name;
            EXPECT_EQ(share.bad, result.counted.bad()) << kinds << result.objective.name;
            EXPECT_GT(share.bad, 100U);
        }
    }
}

// A machine that stands still makes the generator late, and a search that is late three times in a row ends with that:
// true, and no answer to what is asked here.
Result<CapacityAnswer> find_undisturbed(const Address& address, const CapacityRun& run) {
    Result<CapacityAnswer> answer = find_capacity(address, run, -1);
    for (int again = 0; again < 4 && answer.ok() && answer->end == CapacityEnd::GeneratorLimited; ++again)
        answer = find_capacity(address, run, -1);
    return answer;
}

// A tenth of the answers are 429: bad only where an objective says so. A step or two each.
TEST(CapacityRun, TheScenariosObjectivesMustHoldAndAreNamed) {
    using Kind = slo::Indicator::Kind;
    test::StallServer server({}, [](std::uint64_t n) { return n % 10 == 9 ? 429 : 202; });
    const Address address = test::address_of(server.url());
    CapacityRun run = test::capacity_run_of(server.url(), 5000);
    run.objectives.pop_back();  // errors<1% would count them
    run.options.first_rate = 200;
    run.options.highest_rate = 201;
    run.scenario.objectives.resize(2);
    run.scenario.objectives[0].objective = promise("up", Kind::Availability, 0.99);
    run.scenario.objectives[1].objective = promise("fast", Kind::Latency, 0.5);
    run.scenario.objectives[1].objective.indicator.threshold_ms = 5000;
    const auto holds = find_undisturbed(address, run);
    ASSERT_TRUE(holds.ok()) << holds.error().describe();
    EXPECT_EQ(holds->end, CapacityEnd::NoLimit) << holds->limiting;
    run.scenario.objectives[0].objective.indicator.limited_is_bad = true;
    const auto fails = find_undisturbed(address, run);
    ASSERT_TRUE(fails.ok()) << fails.error().describe();
    EXPECT_EQ(fails->end, CapacityEnd::NothingHeld);
    EXPECT_EQ(fails->limiting, "up: 99 % answered without 5xx or 429");
    // They are enough: no other objective is needed.
    run.objectives.clear();
    run.scenario.objectives.erase(run.scenario.objectives.begin() + 1);
    const auto alone = find_undisturbed(address, run);
    ASSERT_TRUE(alone.ok()) << alone.error().describe();
    EXPECT_EQ(alone->limiting, fails->limiting);
    EXPECT_EQ(all_objectives(run).size(), 1U);
}

// A search until a step fails for certain, or none did; again with other arrivals where it was disturbed and `wanted`
// says no: random ones make a step fail now and then.
struct FirstSteps {
    CapacityOutcome last;
    bool no_limit = false;
};
FirstSteps until_one_fails(const Address& address, CapacityRun run,
                           const std::function<bool(const FirstSteps&)>& wanted) {
    FirstSteps found;
    for (int again = 0; again < 5; ++again, run.scenario.seed += 100) {
        const int stop = eventfd(0, EFD_CLOEXEC);
        const auto print = test::capacity_run_of("", 1).on_step;
        run.on_step = [&](const CapacityOutcome& step) {
            print(step);
            found.last = step;
            const bool fails = step.state == StepState::Failed && step.clear && !step.generator_limited;
            if (fails && eventfd_write(stop, 1) != 0) std::abort();
        };
        const auto answer = find_capacity(address, run, stop);
        close(stop);
        EXPECT_TRUE(answer.ok() || answer.error().code == ErrorCode::Cancelled) << answer.error().describe();
        found.no_limit = answer.ok() && answer->end == CapacityEnd::NoLimit;
        if (wanted(found)) break;
    }
    return found;
}

// What is over max_in_flight would be dropped and missing everywhere: each step would hold.
TEST(CapacityRun, DropsNothing) {
    test::FifoServer server(std::chrono::milliseconds(5));
    CapacityRun run = test::capacity_run_of(server.url(), 1000);
    run.scenario.when_full = WhenFull::Drop;
    run.scenario.max_in_flight = 16;
    run.options.first_rate = 90;
    run.options.highest_rate = 721;
    const FirstSteps found = until_one_fails(test::address_of(server.url()), run, [](const FirstSteps& steps) {
        return steps.no_limit || !steps.last.generator_limited;
    });
    EXPECT_FALSE(found.no_limit);
    EXPECT_EQ(found.last.state, StepState::Failed);
    EXPECT_FALSE(found.last.in_flight_limited) << found.last.limiting;  // it is the server's limit
}

// 24 in flight of 200 ms each are 120/s, whatever the server can.
TEST(CapacityRun, NamesItsOwnCeiling) {
    test::FifoServer server(std::chrono::milliseconds(200));
    server.serve_side_by_side();
    CapacityRun run = test::capacity_run_of(server.url(), 2000);
    run.scenario.max_in_flight = 24;
    run.options.first_rate = 40;
    run.options.highest_rate = 641;
    const Address address = test::address_of(server.url());
    const FirstSteps found =
        until_one_fails(address, run, [](const FirstSteps& steps) { return steps.last.in_flight_limited; });
    EXPECT_EQ(found.last.limiting, "max_in_flight: 24 requests were in flight; the server may take more")
        << found.last.rate << " " << found.last.service_ms;
    // A thousand do not hold it up there.
    run.scenario.max_in_flight = kSearchInFlight;
    run.options.first_rate = 150;
    run.options.highest_rate = 300;
    EXPECT_TRUE(until_one_fails(address, run, [](const FirstSteps& steps) { return steps.no_limit; }).no_limit);
}

// A server that hangs may come back, but the budget is the longest that it is waited for.
TEST(CapacityRun, WaitsForAServerThatHangsWithinItsBudget) {
    test::StallServer server({}, [](std::uint64_t n) { return n < 350 ? 202 : test::StallServer::kSilence; });
    CapacityRun run = test::capacity_run_of(server.url(), 300);
    run.options.budget_seconds = 45;
    const std::int64_t begun = SystemClock().monotonic_nanos();
    const auto answer = find_capacity(test::address_of(server.url()), run, -1);
    const double took = static_cast<double>(SystemClock().monotonic_nanos() - begun) / 1e9;
    ASSERT_TRUE(answer.ok()) << answer.error().describe();
    EXPECT_TRUE(answer->end == CapacityEnd::OutOfTime || answer->end == CapacityEnd::GeneratorLimited);
    EXPECT_GE(answer->steps.size(), 2U);
    EXPECT_NEAR(answer->seconds, took, 2);
    EXPECT_LE(took, 60);  // 45, and a machine that stands still
}

TEST(CapacityRun, EndsWhereTheServerIsGone) {
    auto server = std::make_unique<test::FifoServer>(std::chrono::milliseconds(2));
    CapacityRun run = test::capacity_run_of(server->url(), 300);
    run.on_step = [&](const CapacityOutcome&) { server.reset(); };
    const Address address = test::address_of(server->url());
    const auto answer = find_capacity(address, run, -1);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::Unavailable);
}

TEST(CapacityRun, HasAThousandInFlightWhereAScenarioDoesNotSay) {
    const auto in_flight = [](const std::string& more) {
        const auto run = parse_capacity_run("url: http://127.0.0.1:1/\nstages: [{rate: 1, for: 1s}]\n" + more);
        return run ? std::pair{run->scenario.max_in_flight, run->fewer_in_flight} : std::pair{0U, false};
    };
    EXPECT_EQ(in_flight(""), std::pair(kSearchInFlight, true));
    EXPECT_EQ(in_flight("pipeline: 7\n"), std::pair(kSearchInFlight, true));
    EXPECT_EQ(in_flight("max_in_flight: 64\n"), std::pair(64U, false));  // what a run has without it
    EXPECT_EQ(in_flight("max_in_flight: 5000\n"), std::pair(5000U, false));
    EXPECT_EQ(in_flight("max_in_flight: 0\n"), std::pair(0U, false));
    EXPECT_EQ(in_flight("replay: {journal: own}\n"), std::pair(0U, false));
    // So many buffers for such requests would take more than a gigabyte: fewer where nobody asked for so many.
    test::DeadPort nobody;
    CapacityRun run = test::capacity_run_of(nobody.url(), 300);
    run.scenario.requests[0].batch = 10'000;
    run.scenario.max_in_flight = kSearchInFlight;
    EXPECT_EQ(find_capacity(test::address_of(nobody.url()), run, -1).error().field, "max_in_flight");
    run.fewer_in_flight = true;
    EXPECT_EQ(find_capacity(test::address_of(nobody.url()), run, -1).error().code, ErrorCode::Unavailable);
}

TEST(CapacityRun, RefusesWhatItCannotTell) {
    test::FifoServer server(std::chrono::milliseconds(2));
    CapacityRun run = test::capacity_run_of(server.url(), 300);
    Threshold freshness;
    freshness.measure = Threshold::Measure::Freshness;
    freshness.value = 1000;
    run.objectives.push_back(*capacity_objective(freshness, "freshness<1s"));
    EXPECT_EQ(find_capacity(test::address_of(server.url()), run, -1).error().field, "objective");
    run.objectives.clear();
    EXPECT_EQ(find_capacity(test::address_of(server.url()), run, -1).error().field, "objective");
}

}  // namespace
}  // namespace streamgauge::loadgen
