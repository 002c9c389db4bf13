// SPDX-License-Identifier: GPL-3.0-or-later
// Replays run by the engine: what a server sees of the recorded gaps, of a hand, and of the same run once more.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <memory>

#include "base/clock.h"
#include "loadgen/arrival_plan.h"
#include "loadgen/recording.h"
#include "loadgen/report_maker.h"
#include "loadgen/report_outputs.h"
#include "loadgen/report_page.h"
#include "loadgen/report_text.h"
#include "loadgen/run_load.h"
#include "loadgen/scenario_text.h"
#include "support/stall_server.h"

namespace streamgauge::loadgen {
namespace {

using test::LoadOutcome;
using test::LoadSetup;
using test::run_load;
using test::StallServer;

// A log of `gaps` (milliseconds) whose bodies have their number, as a file and as the scenario that replays it.
class Replayed {
public:
    Replayed(const StallServer& server, const std::vector<int>& gaps, double speed) {
        std::string name = "/tmp/streamgauge-replay-XXXXXX";
        const int fd = mkstemp(name.data());
        if (fd >= 0) close(fd);
        path_ = name;
        std::ofstream log(path_);
        std::int64_t millis = 1'700'000'000'000;
        for (std::size_t i = 0; i < gaps.size(); ++i) {
            millis += gaps[i];
            times.push_back(
                static_cast<std::int64_t>(static_cast<double>(millis - 1'700'000'000'000 - gaps[0]) / speed * 1e6));
            log << R"({"time":)" << millis << R"(,"method":"POST","uri":"/n","body":")" << i << "\"}\n";
        }
        log.close();
        const Result<Scenario> parsed = parse_scenario("url: " + server.url() + "\nreplay: {access_log: " + path_ +
                                                       ", speed: " + std::to_string(speed) + "}\n");
        EXPECT_TRUE(parsed.ok()) << (parsed ? "" : parsed.error().describe());
        if (!parsed) return;
        scenario = *parsed;
        const Status read = attach_recording(scenario);
        EXPECT_TRUE(read.ok()) << (read ? "" : read.error().describe());
    }
    ~Replayed() { std::remove(path_.c_str()); }
    Replayed(const Replayed&) = delete;
    Replayed& operator=(const Replayed&) = delete;

    Scenario scenario;
    std::vector<std::int64_t> times;  // planned, nanoseconds

private:
    std::string path_;
};

std::vector<int> some_gaps(int n) {
    std::vector<int> gaps;
    for (int i = 0; i < n; ++i) gaps.push_back(i * 37 % 91);
    return gaps;
}

TEST(ReplayRun, TheServerSeesEveryRequestOnceInTheRecordedOrderAndNeverEarly) {
    StallServer server;
    server.keep_bodies();
    const Replayed replayed(server, some_gaps(200), 4);
    LoadSetup setup{replayed.scenario};
    setup.scenario.max_in_flight = 1;  // so that they come in the order in which they are sent
    const LoadOutcome run = run_load(setup);
    EXPECT_EQ(run.state, RunState::Done);
    EXPECT_EQ(run.totals().planned, 200U);
    EXPECT_EQ(run.totals().done(), 200U);
    const std::vector<std::string> bodies = server.bodies();
    const std::vector<std::int64_t> arrivals = server.arrivals();
    ASSERT_EQ(bodies.size(), 200U);
    std::int64_t late = 0;
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        ASSERT_EQ(bodies[i], std::to_string(i));
        // Both clocks are the same one. The first came when the run began, or a little later.
        const std::int64_t since_first = arrivals[i] - arrivals[0];
        EXPECT_GE(since_first + 100'000'000, replayed.times[i]) << i;
        late = std::max(late, since_first - replayed.times[i]);
    }
    // What was late is said, and counts from the planned time.
    EXPECT_GE(run.record().response().max_micros() + 1, (late - 100'000'000) / 1000);
    EXPECT_EQ(run.record().send_lag().count(), 200U);
}

TEST(ReplayRun, APauseMovesTheRestAndTheRunIsRepeatedExactly) {
    std::vector<HandAction> actions;
    Totals totals;
    std::int64_t last = 0;
    {
        StallServer server;
        const Replayed replayed(server, some_gaps(60), 1);
        HandBox hand;
        LoadSetup setup{replayed.scenario};
        setup.engine.hand = &hand;
        setup.engine.progress_nanos = 100'000'000;
        int reports = 0;
        setup.progress = [&](const Progress&) {
            using Kind = HandAction::Kind;
            ++reports;
            if (reports == 3) {
                EXPECT_TRUE(hand.push({Kind::Pause, 0, 0, 0}).ok());
            }
            if (reports == 8) {
                EXPECT_TRUE(hand.push({Kind::Resume, 0, 0, 0}).ok());
            }
            return true;
        };
        const LoadOutcome run = run_load(setup);
        EXPECT_EQ(run.state, RunState::Done);
        actions = run.record().actions();
        totals = run.totals();
        last = server.arrivals().back() - server.arrivals().front();
        ASSERT_EQ(actions.size(), 2U);
        const std::int64_t paused = actions[1].at_nanos - actions[0].at_nanos;
        EXPECT_GE(last + 100'000'000, replayed.times.back() + paused);
    }
    EXPECT_EQ(totals.planned, 60U);
    {
        StallServer server;
        const Replayed replayed(server, some_gaps(60), 1);
        LoadSetup setup{replayed.scenario};
        setup.engine.recorded = actions;
        const LoadOutcome run = run_load(setup);
        EXPECT_EQ(run.totals().planned, 60U);
        EXPECT_EQ(run.record().actions(), actions);
        const std::int64_t paused = actions[1].at_nanos - actions[0].at_nanos;
        EXPECT_GE(server.arrivals().back() - server.arrivals().front() + 100'000'000, replayed.times.back() + paused);
        // A rate has no meaning here: it is refused and not left without effect.
        HandAction rate;
        rate.kind = HandAction::Kind::Rate;
        rate.rate = 5;
        EngineOptions options;
        options.recorded = {rate};
        const auto engine = Engine::make(replayed.scenario, *resolve(*parse_url(server.url()), ""), options);
        ASSERT_FALSE(engine.ok());
        EXPECT_EQ(engine.error().field, "recorded");
        Scenario unread = replayed.scenario;
        unread.recording = nullptr;
        unread.stages.clear();
        EXPECT_FALSE(Engine::make(unread, *resolve(*parse_url(server.url()), ""), {}).ok());
    }
}

TEST(ReplayRun, AHandChangesItsSpeedAndTheRunIsRepeatedExactly) {
    using Kind = HandAction::Kind;
    std::vector<HandAction> actions;
    std::vector<double> speeds;
    {
        StallServer server;
        const Replayed replayed(server, std::vector<int>(60, 500), 1);  // half a minute
        HandBox hand;
        LoadSetup setup{replayed.scenario};
        setup.engine.hand = &hand;
        setup.engine.progress_nanos = 20'000'000;
        int told = 0;
        setup.progress = [&](const Progress& progress) {
            speeds.push_back(progress.speed);
            if (told == 0 && progress.record->totals().done() > 0) {
                static_cast<void>(hand.push({Kind::Rate, 0, 5, 0, 0}));  // means nothing here
                static_cast<void>(hand.push({Kind::Speed, 0, 0, 0, 100}));
                ++told;
            }
            if (told == 1 && progress.record->totals().done() > 50) {
                static_cast<void>(hand.push({Kind::Spike, 0, 0, 0.05, 20}));
                ++told;
            }
            return true;
        };
        const LoadOutcome run = run_load(setup);
        EXPECT_EQ(run.state, RunState::Done);
        EXPECT_EQ(run.totals().done(), 60U);
        actions = run.record().actions();
    }
    ASSERT_GE(actions.size(), 1U);
    EXPECT_EQ(actions[0].kind, Kind::Speed) << "the rate was not taken";
    EXPECT_EQ(speeds.front(), 1);
    EXPECT_NE(std::find(speeds.begin(), speeds.end(), 100), speeds.end());
    StallServer server;
    const Replayed replayed(server, std::vector<int>(60, 500), 1);
    LoadSetup setup{replayed.scenario};
    setup.engine.recorded = actions;
    const std::int64_t before = SystemClock().monotonic_nanos();
    const LoadOutcome run = run_load(setup);
    EXPECT_EQ(run.totals().done(), 60U);
    EXPECT_EQ(run.record().actions(), actions);
    // Never before what the actions make of the recorded times.
    const ArrivalPlan plan(replayed.scenario.stages.front(),
                           std::make_shared<const std::vector<std::int64_t>>(replayed.times), 1);
    std::vector<std::int64_t> planned;
    for (ArrivalPlan::Cursor c(plan, &actions); c.planned_nanos() != ArrivalPlan::kNever; c.advance())
        planned.push_back(c.planned_nanos());
    const std::vector<std::int64_t> arrivals = server.arrivals();
    ASSERT_EQ(arrivals.size(), 60U);
    ASSERT_EQ(planned.size(), 60U);
    for (std::size_t i = 0; i < arrivals.size(); ++i) EXPECT_GE(arrivals[i] - before, planned[i]) << i;
    EXPECT_LT(planned.back(), replayed.times.back());
}

TEST(ReplayRun, StopsByHandAndLeavesTheRestUnplanned) {
    StallServer server;
    const Replayed replayed(server, {0, 10, 10, 600'000, 10}, 1);
    HandBox hand;
    LoadSetup setup{replayed.scenario};
    setup.engine.hand = &hand;
    setup.progress = [&](const Progress& progress) {
        if (progress.record->totals().done() == 3) static_cast<void>(hand.push({HandAction::Kind::Stop, 0, 0, 0, 0}));
        return true;
    };
    const LoadOutcome run = run_load(setup);
    EXPECT_EQ(run.state, RunState::Stopped);
    EXPECT_EQ(run.engine->stopped_by(), StopReason::Hand);
    EXPECT_EQ(run.totals().planned, 3U);
    EXPECT_EQ(server.requests(), 3U);
}

TEST(ReplayRun, TheReportSaysWhatWasReplayedAndJudgesNoEvenness) {
    StallServer server;
    // Bursts of twenty every 100 ms: as even arrivals they would be a disgrace.
    std::vector<int> gaps;
    for (int i = 0; i < 400; ++i) gaps.push_back(i % 20 == 0 ? 100 : 0);
    const Replayed replayed(server, gaps, 2);
    const LoadOutcome run = run_load(LoadSetup{replayed.scenario});
    ThresholdWatch watch(replayed.scenario);
    OwnUsage usage;
    RunFacts facts;
    facts.state = run.state;
    facts.scenario_text = to_text(replayed.scenario);
    facts.elapsed_nanos = 1'000'000'000;
    const RunReport report = make_report(replayed.scenario, facts, run.record(), usage, watch, nullptr);
    for (const std::string& reason : report.certificate.reasons)
        EXPECT_EQ(reason.find("even"), std::string::npos) << reason;
    ASSERT_TRUE(report.replay.has_value());
    EXPECT_EQ(report.replay->requests, 400U);
    EXPECT_EQ(report.replay->speed, 2);
    EXPECT_EQ(report.replay->last.micros - report.replay->first.micros, 1'900'000);
    EXPECT_NE(report.scenario.find("replay:"), std::string::npos);
    EXPECT_EQ(report.scenario.find("stages:"), std::string::npos);
    const Result<RunReport> again = parse_run_report(to_json(report));
    ASSERT_TRUE(again.ok()) << again.error().describe();
    EXPECT_EQ(to_json(*again), to_json(report));
    ASSERT_TRUE(again->replay.has_value());
    EXPECT_EQ(again->replay->source, report.replay->source);
    const std::string sentence = replay_text(*report.replay);
    EXPECT_NE(sentence.find("400 requests"), std::string::npos) << sentence;
    EXPECT_NE(sentence.find("2 times"), std::string::npos) << sentence;
    EXPECT_NE(report_text(report).find(sentence), std::string::npos);
    EXPECT_NE(report_text(report).find("gaps as recorded"), std::string::npos);
    EXPECT_EQ(report_text(report).find("even gaps"), std::string::npos);
    EXPECT_NE(report_page(report).find("400 requests"), std::string::npos);
    EXPECT_NE(report_page(report).find("of the gaps as recorded"), std::string::npos);
}

}  // namespace
}  // namespace streamgauge::loadgen
