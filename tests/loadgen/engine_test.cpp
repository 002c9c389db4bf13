// SPDX-License-Identifier: GPL-3.0-or-later
// The engine against a server that misbehaves: every request ends as exactly what happened to it.
#include "loadgen/engine.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <set>

#include "loadgen/run_load.h"
#include "support/stall_server.h"

namespace streamgauge::loadgen {
namespace {

using test::constant_load;
using test::LoadOutcome;
using test::LoadSetup;
using test::run_load;
using test::StallServer;

Scenario constant(std::string url, double rate, double seconds, Spacing spacing) {
    Scenario scenario = constant_load(std::move(url), rate, seconds);
    scenario.spacing = spacing;
    return scenario;
}

TEST(Engine, SendsExactlyWhatIsPlannedAndTheServerSeesIt) {
    for (const Spacing spacing : {Spacing::Even, Spacing::Poisson}) {
        StallServer server;
        const LoadOutcome run = run_load({constant(server.url(), 500, 1, spacing)});
        EXPECT_EQ(run.state, RunState::Done);
        EXPECT_EQ(run.totals().planned, 500U);
        EXPECT_EQ(run.totals().sent, 500U);
        EXPECT_EQ(run.totals().done(), 500U);
        EXPECT_EQ(run.totals().failed(), 0U);
        EXPECT_EQ(run.totals().unfinished(), 0U);
        EXPECT_EQ(server.requests(), 500U);
        EXPECT_EQ(run.record().response().count(), 500U);
    }
}

TEST(Engine, SecondsAddUpToTheTotalsAndCarryThePlan) {
    StallServer server;
    const LoadOutcome run = run_load({constant_load(server.url(), 300, 2)});
    std::uint64_t planned = 0, sent = 0, ok = 0;
    std::vector<SecondRow> rows = run.record().ended_seconds();
    ASSERT_GE(rows.size(), 1U);
    rows.push_back(run.record().current_second());
    for (const SecondRow& row : rows) {
        planned += row.planned;
        sent += row.sent;
        ok += row.ok;
        EXPECT_EQ(row.planned, row.second < 2 ? 300U : 0U);
    }
    EXPECT_EQ(planned, 600U);
    EXPECT_EQ(sent, 600U);
    EXPECT_EQ(ok, 600U);
}

TEST(Engine, SameSeedSameRequestsInAnyRun) {
    const auto events = [](std::uint64_t seed) {
        StallServer server;
        server.keep_bodies();
        Scenario scenario = constant_load(server.url(), 200, 0.5);
        scenario.spacing = Spacing::Poisson;
        scenario.seed = seed;
        scenario.max_in_flight = 1;  // the server reads the requests in the order in which they were sent
        EngineOptions options;
        options.id_salt = 5;
        run_load({scenario, options});
        std::vector<std::string> bodies = server.bodies();
        for (std::string& body : bodies) {
            // All but the time, and the time in the ids of version 7, is a function of the seed.
            body.replace(body.find("\"occurred_at\":\"") + 15, 27, 27, 't');
            if (body[body.find("\"event_id\":\"") + 12 + 14] == '7')
                body.replace(body.find("\"event_id\":\"") + 12, 13, 13, 't');
        }
        return bodies;
    };
    const std::vector<std::string> first = events(7);
    EXPECT_EQ(first.size(), 100U);
    EXPECT_EQ(first, events(7));
    EXPECT_NE(first, events(8));
}

TEST(Engine, CountsEachKindOfOutcome) {
    // Ten kinds in turn; what follows a reset or a close goes over a new connection.
    constexpr std::array<int, 10> kinds{202,
                                        301,
                                        404,
                                        429,
                                        503,
                                        StallServer::kReset,
                                        StallServer::kNonsense,
                                        StallServer::kCloseAfter202,
                                        StallServer::kChunked202,
                                        200};
    StallServer server({}, [&kinds](std::uint64_t n) { return kinds[n % kinds.size()]; });
    const LoadOutcome run = run_load({constant_load(server.url(), 400, 1)});
    EXPECT_EQ(run.totals().planned, 400U);
    EXPECT_EQ(run.totals().sent, 400U);
    EXPECT_EQ(run.totals().done(), 160U);
    EXPECT_EQ(run.totals().of(Outcome::Redirect), 40U);
    EXPECT_EQ(run.totals().of(Outcome::ClientError), 40U);
    EXPECT_EQ(run.totals().of(Outcome::Limited), 40U);
    EXPECT_EQ(run.totals().of(Outcome::ServerError), 40U);
    EXPECT_EQ(run.totals().of(Outcome::Reset), 40U);
    EXPECT_EQ(run.totals().of(Outcome::Malformed), 40U);
    EXPECT_EQ(run.totals().failed(), 240U);
    EXPECT_EQ(run.totals().unfinished(), 0U);
    EXPECT_EQ(run.record().response().count(), 320U);
    EXPECT_EQ(run.record().unanswered().count(), 80U);
}

Scenario pipelined(std::string url, double rate, double seconds, std::uint32_t connections, std::uint32_t depth) {
    Scenario scenario = constant_load(std::move(url), rate, seconds);
    scenario.pipeline = depth;
    scenario.max_in_flight = connections * depth;
    return scenario;
}

TEST(Engine, ConnectionsThatCarryManyRequestsLoseNone) {
    // One connection, so that later requests go behind earlier ones; a large body, so that writes stop in their middle.
    StallServer server({std::chrono::milliseconds(200), std::chrono::milliseconds(300)});
    server.keep_bodies();
    Scenario scenario = pipelined(server.url(), 2000, 1, 1, 1000);
    scenario.requests[0].batch = 20;
    const LoadOutcome run = run_load({scenario});
    EXPECT_EQ(run.state, RunState::Done);
    EXPECT_EQ(run.totals().done(), 2000U);
    EXPECT_EQ(run.totals().failed() + run.totals().unfinished() + run.totals().dropped, 0U);
    std::set<std::string> different;
    for (const std::string& body : server.bodies()) different.insert(body);
    EXPECT_EQ(different.size(), 2000U) << "each arrived once and whole";
    EXPECT_EQ(run.record().connections(), 1U);
}

TEST(Engine, WhatAConnectionCarriesEndsWithIt) {
    // Of the twenty that are on their way over one connection when the server is still, the first is answered and the
    // connection closed, or reset; the others behind it had no answer. Each is counted once.
    for (const int what : {StallServer::kCloseAfter202, StallServer::kReset, StallServer::kNonsense}) {
        StallServer server({std::chrono::milliseconds(100), std::chrono::milliseconds(300)},
                           [what](std::uint64_t n) { return n % 50 == 49 ? what : 202; });
        Scenario scenario = pipelined(server.url(), 200, 1, 1, 20);
        scenario.error_brake = 0;
        const LoadOutcome run = run_load({scenario});
        EXPECT_EQ(run.totals().planned, 200U) << what;
        EXPECT_EQ(run.totals().sent, 200U) << what;
        EXPECT_EQ(run.totals().done() + run.totals().failed(), 200U) << what;
        EXPECT_EQ(run.totals().unfinished(), 0U) << what;
        EXPECT_GE(run.record().connections(), 2U) << what;
        EXPECT_LE(run.totals().of(Outcome::Malformed), what == StallServer::kNonsense ? 4U : 0U) << what;
    }
}

TEST(Engine, WhatWaitsBehindSilenceTimesOutOrIsLost) {
    StallServer server({}, [](std::uint64_t n) { return n == 0 ? StallServer::kSilence : 202; });
    Scenario scenario = pipelined(server.url(), 100, 0.5, 1, 100);
    scenario.timeout_seconds = 3;  // longer than a busy machine keeps an answer
    scenario.error_brake = 0;
    const LoadOutcome run = run_load({scenario});
    // An answer belongs to the oldest request: with the first one unanswered each of the others gets the one of its
    // successor, and what is oldest at the end has none.
    EXPECT_EQ(run.totals().done() + run.totals().of(Outcome::Timeout) + run.totals().of(Outcome::Reset), 50U);
    EXPECT_EQ(run.totals().unfinished(), 0U);
    EXPECT_EQ(run.totals().done(), 49U);
}

TEST(Engine, ADropPolicyCountsRequestsAndNotConnections) {
    StallServer server({}, [](std::uint64_t) { return StallServer::kSilence; });
    Scenario scenario = pipelined(server.url(), 1000, 1, 2, 50);
    scenario.when_full = WhenFull::Drop;
    scenario.grace_seconds = 0.1;
    const LoadOutcome run = run_load({scenario});
    EXPECT_EQ(run.totals().planned, 1000U);
    EXPECT_EQ(run.totals().dropped, 900U) << "two connections of fifty each are let in, and none is answered";
    EXPECT_EQ(run.totals().unfinished(), 100U);
    EXPECT_EQ(run.record().queued(), 0U) << "nobody waits";
}

TEST(Engine, WhatWaitsForRoomIsCounted) {
    StallServer silent({}, [](std::uint64_t) { return StallServer::kSilence; }), server;
    Scenario scenario = constant_load(silent.url(), 200, 0.5);
    scenario.max_in_flight = 10;
    scenario.grace_seconds = 0.1;
    EXPECT_EQ(run_load({scenario}).record().queued(), 90U);
    scenario.url = server.url();
    scenario.max_in_flight = 100;  // there is room for all of them
    EXPECT_EQ(run_load({scenario}).record().queued(), 0U);
}

TEST(Engine, NoMoreAreUnderWayThanMaxInFlightAllows) {
    for (const std::uint32_t most : {64U, 150U}) {
        StallServer server({}, [](std::uint64_t) { return StallServer::kSilence; });
        Scenario scenario = constant_load(server.url(), 2000, 0.5);
        scenario.pipeline = 100;  // its connections would have room for 100 and 200
        scenario.max_in_flight = most;
        scenario.grace_seconds = 0.1;
        const LoadOutcome run = run_load({scenario});
        EXPECT_EQ(run.totals().planned, 1000U);
        EXPECT_EQ(run.totals().sent, most);
        EXPECT_EQ(run.totals().unfinished(), 1000U);
        EXPECT_LE(server.requests(), most);
        EXPECT_EQ(run.record().queued(), 1000U - most) << "each once, however long it waits";
    }
    // Each answer makes room for one.
    StallServer server;
    Scenario scenario = constant_load(server.url(), 2000, 0.5);
    scenario.pipeline = 100;
    scenario.max_in_flight = 3;
    scenario.grace_seconds = 30;
    EXPECT_EQ(run_load({scenario}).totals().done(), 1000U);
}

TEST(Engine, ConnectionsRefusedFailEveryRequest) {
    const test::DeadPort nobody;
    const LoadOutcome run = run_load({constant_load(nobody.url(), 200, 0.5)});
    EXPECT_EQ(run.state, RunState::Done);
    EXPECT_EQ(run.totals().planned, 100U);
    EXPECT_EQ(run.totals().of(Outcome::ConnectRefused), 100U);
    EXPECT_EQ(run.totals().sent, 0U);
    EXPECT_EQ(run.totals().unfinished(), 0U);
}

TEST(Engine, SilenceEndsAsTimeout) {
    StallServer server({}, [](std::uint64_t n) { return n % 10 == 0 ? StallServer::kSilence : 202; });
    Scenario scenario = constant_load(server.url(), 100, 0.5);
    scenario.timeout_seconds = 0.3;
    const LoadOutcome run = run_load({scenario});
    EXPECT_EQ(run.totals().of(Outcome::Timeout) + run.totals().done(), 50U);
    EXPECT_GE(run.totals().of(Outcome::Timeout), 5U);
    EXPECT_GE(run.record().unanswered().min_micros(), 299'000);
}

// An answer that comes between a request's timeout and the engine's next look for timeouts is too late all the same.
TEST(Engine, AnAnswerAfterTheTimeoutIsNone) {
    StallServer server({std::chrono::milliseconds(100), std::chrono::milliseconds(700)});
    Scenario scenario = constant_load(server.url(), 100, 1);  // each hundredth of a second, so some are just too late
    scenario.timeout_seconds = 0.25;
    const LoadOutcome run = run_load({scenario});
    EXPECT_EQ(run.totals().of(Outcome::Timeout) + run.totals().done(), 100U);
    EXPECT_GE(run.totals().of(Outcome::Timeout), 1U);
    EXPECT_LT(run.record().durations().service.max_micros(), 250'000);
    EXPECT_GE(run.record().unanswered().min_micros(), 250'000);
}

// What follows the last request is part of the plan: a rate is that of the time that was planned.
TEST(Engine, LastsAsLongAsItIsPlanned) {
    StallServer server;
    Scenario scenario = constant_load(server.url(), 4, 0.5);
    loadgen::Stage pause;
    pause.shape = loadgen::Stage::Shape::Pause;
    pause.seconds = 0.3;
    scenario.stages.push_back(pause);
    LoadSetup setup{scenario};
    std::int64_t elapsed = 0;
    setup.progress = [&elapsed](const Progress& progress) {
        elapsed = progress.elapsed_nanos;
        return true;
    };
    const LoadOutcome run = run_load(setup);
    EXPECT_EQ(run.totals().done(), 2U);
    EXPECT_GE(elapsed, 800'000'000);
    EXPECT_EQ(run.state, RunState::Done);
}

TEST(Engine, WhatHasNoAnswerAtTheEndIsUnfinishedWithItsAge) {
    StallServer server({}, [](std::uint64_t n) { return n < 10 ? 202 : StallServer::kSilence; });
    Scenario scenario = constant_load(server.url(), 100, 0.5);
    scenario.max_in_flight = 4;
    scenario.grace_seconds = 2;
    const LoadOutcome run = run_load({scenario});
    EXPECT_EQ(run.totals().planned, 50U);
    EXPECT_EQ(run.totals().done(), 10U);
    EXPECT_EQ(run.totals().failed(), 0U);
    EXPECT_EQ(run.totals().unfinished(), 40U);
    EXPECT_EQ(run.totals().sent, 14U);  // four hold the connections, the rest waits for one
    EXPECT_EQ(run.record().unanswered().count(), 40U);
    EXPECT_GE(run.record().unanswered().min_micros(), 2'000'000);
}

TEST(Engine, KeepsToItsCapOnConnections) {
    StallServer server({std::chrono::milliseconds(100), std::chrono::milliseconds(300)});
    std::uint32_t most = 0;
    LoadSetup setup{constant_load(server.url(), 1000, 0.6)};
    setup.scenario.max_in_flight = 3;
    setup.engine.progress_nanos = 10'000'000;
    setup.progress = [&most](const Progress& progress) {
        most = std::max(most, progress.open_connections);
        return true;
    };
    const LoadOutcome run = run_load(setup);
    EXPECT_EQ(most, 3U);
    EXPECT_EQ(run.totals().done(), 600U);
}

TEST(Engine, StopsEarlyOnRequest) {
    StallServer server;
    const int stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    LoadSetup setup{constant_load(server.url(), 100, 3600)};
    setup.stop_fd = stop;
    setup.progress = [stop](const Progress& progress) {
        return progress.state != RunState::Running || eventfd_write(stop, 1) == 0;
    };
    const LoadOutcome run = run_load(setup);
    close(stop);
    EXPECT_EQ(run.state, RunState::Stopped);
    EXPECT_EQ(run.engine->stopped_by(), StopReason::Interrupted);
    EXPECT_GE(run.totals().planned, 10U);
    EXPECT_LT(run.totals().planned, 100'000U);
    EXPECT_EQ(run.totals().done(), server.requests());
    EXPECT_EQ(run.totals().unfinished(), run.totals().planned - run.totals().done());
    // Its end is in its record: repeated it plans the same requests.
    ASSERT_EQ(run.record().actions().size(), 1U);
    LoadSetup again{setup.scenario};
    again.engine.recorded = run.record().actions();
    EXPECT_EQ(run_load(again).totals().planned, run.totals().planned);
}

TEST(Engine, APauseThatNobodyEndsIsTheEnd) {
    StallServer server;
    LoadSetup setup{constant_load(server.url(), 100, 3600)};
    HandAction pause;
    pause.kind = HandAction::Kind::Pause;
    pause.at_nanos = 205'000'000;
    setup.engine.recorded = {pause};
    const LoadOutcome run = run_load(setup);
    EXPECT_EQ(run.state, RunState::Done);
    EXPECT_EQ(run.totals().planned, 21U);
    EXPECT_EQ(run.totals().done(), 21U);
}

TEST(Engine, StopsWhenNobodyReadsItsProgress) {
    StallServer server;
    LoadSetup setup{constant_load(server.url(), 100, 3600)};
    setup.progress = [](const Progress&) { return false; };
    EXPECT_EQ(run_load(setup).state, RunState::Stopped);
}

TEST(Engine, BatchesArriveWhole) {
    StallServer server;
    server.keep_bodies();
    Scenario scenario = constant_load(server.url(), 10, 1);
    scenario.requests[0].batch = 10'000;  // more than a socket's buffers take at once
    EXPECT_EQ(run_load({scenario}).totals().done(), 10U);
    std::set<std::string> ids;
    for (const std::string& body : server.bodies()) {
        ASSERT_EQ(body.front(), '[');
        ASSERT_EQ(body.back(), ']');
        for (std::size_t at = 0; (at = body.find("\"event_id\":\"", at)) != std::string::npos; at += 12)
            ids.insert(body.substr(at + 12, 36));
    }
    EXPECT_EQ(ids.size(), 100'000U);
}

TEST(Engine, LimitsOfItsConnections) {
    const Url url = *parse_url("http://127.0.0.1:9/");
    const Address address = *resolve(url, "");
    const auto field = [&](std::uint32_t connections, std::uint32_t batch) {
        Scenario scenario = constant_load("http://127.0.0.1:9/", 1, 1);
        scenario.requests[0].batch = batch;
        scenario.max_in_flight = connections;
        const auto engine = Engine::make(scenario, address, {});
        return engine ? std::string("accepted") : engine.error().field;
    };
    EXPECT_EQ(field(0, 1), "max_in_flight");
    EXPECT_EQ(field(EngineOptions::kMostConnections, 1), "accepted");
    EXPECT_EQ(field(EngineOptions::kMostConnections + 1, 1), "max_in_flight");
    EXPECT_EQ(field(100, 10'000), "accepted");
    EXPECT_EQ(field(2000, 10'000), "max_in_flight");
}

}  // namespace
}  // namespace streamgauge::loadgen
