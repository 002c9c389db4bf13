// SPDX-License-Identifier: GPL-3.0-or-later
// Scenarios run by the engine: stages, kinds of requests, the live hand and its repetition, closed loop, drop policy,
// new connections, the error brake; and that nothing is allocated while requests are sent.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <new>
#include <set>

#include "loadgen/error_brake.h"
#include "loadgen/recording.h"
#include "loadgen/run_load.h"
#include "loadgen/scenario_text.h"
#include "support/stall_server.h"

namespace {
// Of the calling thread: the engine's, not the server's.
thread_local std::uint64_t allocations = 0;
}  // namespace

// Never inline: the compiler would see malloc() where it looks for the operator that belongs to the other.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
    ++allocations;
    void* memory = nullptr;
    if (posix_memalign(&memory, static_cast<std::size_t>(alignment), size) == 0) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}

namespace streamgauge::loadgen {
namespace {

using test::constant_load;
using test::LoadOutcome;
using test::LoadSetup;
using test::run_load;
using test::StallServer;

Scenario from_text(const std::string& url, const std::string& text) {
    const auto scenario = parse_scenario("url: " + url + "\n" + text);
    EXPECT_TRUE(scenario.ok()) << (scenario ? "" : scenario.error().describe());
    return scenario ? *scenario : Scenario{};
}

TEST(ScenarioRun, StagesAndKindsArriveAsPlanned) {
    StallServer server;
    server.keep_bodies();
    const Scenario scenario = from_text(server.url(), R"(
stages:
  - {shape: ramp, rate: 0, to: 400, for: 500ms}
  - {shape: pause, for: 100ms}
  - {shape: constant, rate: 200, for: 500ms}
requests:
  - {name: a, weight: 3, body: 'a {{n}}', headers: {Content-Type: text/plain}}
  - {name: b, weight: 1, body: '{"b":{{n}}}'}
fields: {n: sequence}
)");
    const LoadOutcome run = run_load({scenario});
    EXPECT_EQ(run.totals().planned, 200U);
    EXPECT_EQ(run.totals().done(), 200U);
    std::set<std::string> bodies;
    int a = 0;
    for (const std::string& body : server.bodies()) {
        bodies.insert(body);
        if (body.front() == 'a') ++a;
    }
    EXPECT_EQ(bodies.size(), 200U);
    EXPECT_NEAR(a, 150, 25);
}

TEST(ScenarioRun, ExpectedStatusesAreGoodAndOthersAreNot) {
    StallServer server({}, [](std::uint64_t n) { return n % 2 == 0 ? 404 : 202; });
    Scenario scenario = constant_load(server.url(), 200, 0.5);
    scenario.requests[0].expect = {404};
    const LoadOutcome run = run_load({scenario});
    EXPECT_EQ(run.totals().done(), 50U);
    EXPECT_EQ(run.totals().of(Outcome::Unexpected), 50U);
}

// What each request was planned for, in microseconds from the first, by its number.
std::map<int, std::int64_t> planned_times(const StallServer& server) {
    std::map<int, std::int64_t> times;
    for (const std::string& body : server.bodies()) {
        const int n = std::stoi(body.substr(0, body.find(' ')));
        const std::string at = body.substr(body.find(' ') + 1);
        const auto seconds = [&](std::size_t from) { return std::stoll(at.substr(from, 2)); };
        times[n] = ((seconds(11) * 60 + seconds(14)) * 60 + seconds(17)) * 1'000'000 + std::stoll(at.substr(20, 6));
    }
    const std::int64_t first = times.empty() ? 0 : times.begin()->second;
    for (auto& [n, time] : times) time -= first;
    return times;
}

TEST(ScenarioRun, TheHandIsRecordedAndTheRunRepeatedExactly) {
    Scenario scenario = from_text("http://127.0.0.1:1/", R"(
arrivals: poisson
stages: [{rate: 300, for: 600s}]
requests: [{name: a, body: '{{n}} {{due}}', headers: {Content-Type: text/plain}}]
fields: {n: sequence, due: planned}
)");
    std::map<int, std::int64_t> live, repeated;
    std::vector<HandAction> actions;
    Totals totals;
    {
        StallServer server;
        server.keep_bodies();
        scenario.url = server.url();
        HandBox hand;
        LoadSetup setup{scenario};
        setup.engine.hand = &hand;
        setup.engine.progress_nanos = 100'000'000;
        int reports = 0;
        bool saw_pause = false;
        setup.progress = [&](const Progress& progress) {
            saw_pause = saw_pause || (progress.paused && progress.rate == 0);
            using Kind = HandAction::Kind;
            switch (++reports) {
                case 3:
                    EXPECT_TRUE(hand.push({Kind::Rate, 0, 1000, 0}).ok());
                    break;
                case 6:
                    EXPECT_TRUE(hand.push({Kind::Pause, 0, 0, 0}).ok());
                    break;
                case 9:
                    EXPECT_TRUE(hand.push({Kind::Resume, 0, 0, 0}).ok());
                    break;
                case 11:
                    EXPECT_TRUE(hand.push({Kind::Spike, 0, 2000, 0.2}).ok());
                    break;
                case 15:
                    EXPECT_TRUE(hand.push({Kind::Rate, 0, 0, 0}).ok());
                    break;
                case 19:
                    EXPECT_TRUE(hand.push({Kind::Stop, 0, 0, 0}).ok());
                    break;
                default:
                    break;
            }
            return true;
        };
        const LoadOutcome run = run_load(setup);
        EXPECT_EQ(run.state, RunState::Stopped);
        EXPECT_EQ(run.engine->stopped_by(), StopReason::Hand);
        EXPECT_TRUE(saw_pause);
        actions = run.record().actions();
        totals = run.totals();
        live = planned_times(server);
    }
    ASSERT_EQ(actions.size(), 6U);
    for (std::size_t i = 1; i < actions.size(); ++i) EXPECT_GT(actions[i].at_nanos, actions[i - 1].at_nanos);
    {
        StallServer server;
        server.keep_bodies();
        scenario.url = server.url();
        LoadSetup setup{scenario};
        setup.engine.recorded = actions;
        const LoadOutcome run = run_load(setup);
        EXPECT_EQ(run.engine->stopped_by(), StopReason::Hand);
        EXPECT_EQ(run.record().actions(), actions);
        EXPECT_EQ(run.totals().planned, totals.planned);
        repeated = planned_times(server);
        // All that was planned came, but for what a busy machine left no time to send before the stop.
        EXPECT_GE(repeated.size() + run.totals().unfinished(), totals.planned);
        EXPECT_GE(live.size() + totals.unfinished(), totals.planned);
    }
    EXPECT_GT(totals.planned, 600U);
    std::size_t both = 0;
    for (const auto& [n, time] : live) {
        const auto again = repeated.find(n);
        if (again == repeated.end()) continue;
        ASSERT_NEAR(static_cast<double>(again->second), static_cast<double>(time), 1) << n;
        ++both;
    }
    EXPECT_GT(both, 300U);
}

TEST(ScenarioRun, DropsWhatIsDueWhileAllConnectionsAreTaken) {
    StallServer server({}, [](std::uint64_t n) { return n < 4 ? StallServer::kSilence : 202; });
    Scenario scenario = constant_load(server.url(), 200, 0.5);
    scenario.max_in_flight = 4;
    scenario.when_full = WhenFull::Drop;
    scenario.grace_seconds = 0.1;
    const LoadOutcome run = run_load({scenario});
    EXPECT_EQ(run.totals().planned, 100U);
    EXPECT_EQ(run.totals().sent, 4U);
    EXPECT_EQ(run.totals().dropped, 96U);
    EXPECT_EQ(run.totals().unfinished(), 4U);
}

TEST(ScenarioRun, DropsNothingWhileThereIsRoom) {
    StallServer server;
    Scenario scenario = constant_load(server.url(), 1000, 0.5);
    scenario.max_in_flight = 500;  // all of them: a busy machine may make many due at once
    scenario.when_full = WhenFull::Drop;
    const LoadOutcome run = run_load({scenario});
    EXPECT_EQ(run.totals().done(), 500U);
    EXPECT_EQ(run.totals().dropped, 0U);
    EXPECT_EQ(run.totals().unfinished(), 0U);
}

TEST(ScenarioRun, ANewConnectionForEachRequest) {
    StallServer server;
    Scenario scenario = constant_load(server.url(), 200, 0.5);
    scenario.connections = ConnectionUse::NewEachRequest;
    const LoadOutcome run = run_load({scenario});
    EXPECT_EQ(run.totals().done(), 100U);
    EXPECT_EQ(run.record().connections(), 100U);
}

TEST(ScenarioRun, UsersWaitForTheirAnswersAndThink) {
    StallServer server;
    Scenario scenario = from_text(server.url(), "loop: closed\nthink: 50ms\nstages: [{rate: 5, for: 1s}]\n");
    const LoadOutcome run = run_load({scenario});
    EXPECT_EQ(run.state, RunState::Done);
    // Five users, each every 50 ms and a little; a busy machine makes it fewer.
    EXPECT_LE(run.totals().done(), 5U * 21);
    EXPECT_GE(run.totals().done(), 5U * 3);
    EXPECT_EQ(run.totals().done(), run.totals().planned);
    EXPECT_LE(run.record().connections(), 5U);
}

TEST(ScenarioRun, APauseMovesTheEndOfUsersToo) {
    StallServer server;
    LoadSetup setup{from_text(server.url(), "loop: closed\nthink: 20ms\ngrace: 0s\nstages: [{rate: 2, for: 400ms}]\n")};
    using Kind = HandAction::Kind;
    setup.engine.recorded = {{Kind::Pause, 100'000'000, 0, 0, 0}, {Kind::Resume, 900'000'000, 0, 0, 0}};
    setup.engine.progress_nanos = 50'000'000;
    std::uint64_t while_paused = 0;
    std::int64_t elapsed = 0;
    setup.progress = [&](const Progress& progress) {
        elapsed = progress.elapsed_nanos;
        if (elapsed < 850'000'000) while_paused = progress.record->totals().planned;
        return true;
    };
    const LoadOutcome run = run_load(setup);
    EXPECT_EQ(run.state, RunState::Done);
    EXPECT_GE(elapsed, 1'200'000'000);
    EXPECT_GT(run.totals().planned, while_paused) << "the rest of the plan came after the pause";
}

TEST(ScenarioRun, UsersComeAndGoWithTheStages) {
    StallServer server;
    const Scenario scenario = from_text(
        server.url(),
        "loop: closed\nthink: 10ms\nthink_random: true\nstages: [{rate: 1, for: 400ms}, {rate: 20, for: 2s}]\n");
    std::uint32_t most = 0, early = 0;
    LoadSetup setup{scenario};
    setup.engine.progress_nanos = 50'000'000;
    setup.progress = [&](const Progress& progress) {
        most = std::max(most, progress.open_connections);
        if (progress.elapsed_nanos < 350'000'000) early = std::max(early, progress.open_connections);
        return true;
    };
    const LoadOutcome run = run_load(setup);
    EXPECT_LE(early, 1U);
    EXPECT_GT(most, 5U);
    EXPECT_LE(most, 20U);
    EXPECT_EQ(run.totals().unfinished(), 0U);
}

TEST(ScenarioRun, AClosedLoopDoesNotHammerADeadTarget) {
    const test::DeadPort nobody;
    const Scenario scenario = from_text(nobody.url(), "loop: closed\nstages: [{rate: 2, for: 500ms}]\n");
    const LoadOutcome run = run_load({scenario});
    EXPECT_GE(run.totals().of(Outcome::ConnectRefused), 2U);
    EXPECT_LE(run.totals().of(Outcome::ConnectRefused), 12U);
}

TEST(ErrorBrake, LooksAtTenSeconds) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    ErrorBrake brake(0.5);
    for (std::int64_t s = 0; s < 9; ++s)
        for (int i = 0; i < 10; ++i) brake.ended(s * kSecond + i, false);
    EXPECT_FALSE(brake.pulled(9 * kSecond));  // not yet ten seconds
    EXPECT_TRUE(brake.pulled(10 * kSecond));
    for (std::int64_t s = 10; s < 15; ++s)
        for (int i = 0; i < 20; ++i) brake.ended(s * kSecond + i, true);
    EXPECT_FALSE(brake.pulled(15 * kSecond));   // 40 of 140
    EXPECT_FALSE(brake.pulled(500 * kSecond));  // nothing ended
    ErrorBrake few(0.5);
    for (int i = 0; i < 9; ++i) few.ended(i, false);
    EXPECT_FALSE(few.pulled(10 * kSecond));
    ErrorBrake never(0);
    for (int i = 0; i < 100; ++i) never.ended(i, false);
    EXPECT_FALSE(never.pulled(10 * kSecond));
}

TEST(ScenarioRun, TheErrorBrakeStopsARunThatOnlyFails) {
    const test::DeadPort nobody;
    const LoadOutcome run = run_load({constant_load(nobody.url(), 100, 60)});
    EXPECT_EQ(run.state, RunState::Stopped);
    EXPECT_EQ(run.engine->stopped_by(), StopReason::ErrorBrake);
    EXPECT_LT(run.totals().planned, 2000U);
}

// A connection that opens allocates its buffer: where none opens nothing is, and enough is sent to tell.
void expect_no_allocation(const Scenario& scenario) {
    struct Look {
        std::size_t connections = 0;
        std::uint64_t allocations = 0, sent = 0;
    };
    std::vector<Look> looks;
    looks.reserve(1000);
    LoadSetup setup{scenario};
    setup.engine.progress_nanos = 100'000'000;
    setup.progress = [&](const Progress& progress) {
        if (looks.size() < looks.capacity())
            looks.push_back({progress.record->connections(), allocations, progress.record->totals().sent});
        return true;
    };
    const LoadOutcome run = run_load(setup);
    EXPECT_EQ(run.totals().done(), run.totals().planned);
    ASSERT_GT(looks.size(), 4U);
    EXPECT_GT(looks.back().allocations, 0U);  // they are counted
    std::uint64_t sent = 0;
    for (std::size_t i = 1; i + 2 < looks.size(); ++i) {
        const bool none_opens =
            looks[i - 1].connections == looks[i].connections && looks[i].connections == looks[i + 2].connections;
        if (!none_opens) continue;
        EXPECT_EQ(looks[i + 1].allocations, looks[i].allocations) << i;
        sent += looks[i + 1].sent - looks[i].sent;
    }
    EXPECT_GT(sent, 200U);
}

TEST(ScenarioRun, NothingIsAllocatedWhileReplaying) {
    const std::string file = ::testing::TempDir() + "streamgauge-replayed.log";
    {
        std::ofstream log(file);
        for (int i = 0; i < 3000; ++i)
            log << "::1 - - [" << 1'700'000'000 + i / 1000 << "."
                << std::to_string(1'000'000 + i % 1000 * 1000).substr(1) << "] \"" << (i % 3 == 0 ? "GET" : "POST")
                << " /" << i << " HTTP/1.1\" 200 1\n";
    }
    StallServer server;
    Scenario scenario = from_text(server.url(), "max_in_flight: 16\nreplay: {access_log: " + file + "}\n");
    const Status read = attach_recording(scenario);
    ASSERT_TRUE(read.ok()) << read.error().describe();
    expect_no_allocation(scenario);
    std::remove(file.c_str());
}

TEST(ScenarioRun, NothingIsAllocatedWhileSending) {
    const std::string file = ::testing::TempDir() + "streamgauge-cities.csv";
    std::ofstream(file) << "city\nOslo\nBern\n";
    StallServer server;
    const Scenario scenario = from_text(server.url(), R"(
stages: [{shape: sine, rate: 1500, amplitude: 1000, period: 700ms, for: 3s}]
jitter_percent: 10
max_in_flight: 16
requests:
  - {name: own, weight: 1, batch: 3}
  - {name: built, weight: 2, path: '/x/{{user}}', headers: {X-At: '{{at}}'}, body: '{"id":"{{id}}","city":"{{city}}","plan":"{{plan}}"}'}
fields:
  id: uuid7
  at: now
  user: {kind: zipf, prefix: u_, ranks: 100}
  plan: {kind: choice, values: [free, pro]}
  city: {kind: column, column: city}
feeder: {file: )" + file + "}\n");
    expect_no_allocation(scenario);
    std::remove(file.c_str());
}

}  // namespace
}  // namespace streamgauge::loadgen
