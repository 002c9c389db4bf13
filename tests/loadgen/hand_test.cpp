// SPDX-License-Identifier: GPL-3.0-or-later
// What a hand makes of a plan, as a pure function of its actions: the text of actions, and the times that follow.
#include "loadgen/hand.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "loadgen/arrival_plan.h"
#include "loadgen/spike_profile.h"

namespace streamgauge::loadgen {
namespace {

using Kind = HandAction::Kind;

constexpr std::int64_t kSecond = 1'000'000'000;

ArrivalPlan plan(double rate, double seconds, Spacing spacing = Spacing::Even) {
    return *ArrivalPlan::constant(rate, seconds, spacing, 7);
}

HandAction action(Kind kind, double at, double rate = 0, double seconds = 0) {
    return {kind, static_cast<std::int64_t>(at * 1e9), rate, seconds, 0};
}

// All actions are known from the beginning, as when a run is repeated.
std::vector<std::int64_t> repeated(const ArrivalPlan& plan, const std::vector<HandAction>& actions) {
    std::vector<std::int64_t> all;
    for (ArrivalPlan::Cursor c(plan, &actions); c.planned_nanos() != ArrivalPlan::kNever; c.advance())
        all.push_back(c.planned_nanos());
    return all;
}

// Each action comes when its time has come, after the requests that were due before it; the second cursor, which lags
// behind by up to `queue` requests, must walk the same times.
std::vector<std::int64_t> live(const ArrivalPlan& plan, const std::vector<HandAction>& actions, std::size_t queue) {
    std::vector<HandAction> came;
    came.reserve(actions.size());
    ArrivalPlan::Cursor due(plan, &came), next(plan, &came);
    std::vector<std::int64_t> all, taken;
    std::size_t pending = 0;
    const auto take = [&](std::size_t keep) {
        while (next.index() + keep < due.index()) {
            taken.push_back(next.planned_nanos());
            next.advance();
        }
    };
    while (due.planned_nanos() != ArrivalPlan::kNever || pending < actions.size()) {
        if (pending < actions.size() && actions[pending].at_nanos < due.planned_nanos()) {
            came.push_back(actions[pending++]);
            due.refresh();
            next.refresh();
            continue;
        }
        all.push_back(due.planned_nanos());
        due.advance();
        take(queue);
    }
    take(0);
    EXPECT_EQ(all, taken);
    return all;
}

std::size_t between(const std::vector<std::int64_t>& all, double from, double to) {
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](std::int64_t t) {
        return static_cast<double>(t) >= from * 1e9 && static_cast<double>(t) < to * 1e9;
    }));
}

TEST(Hand, AnotherRateTakesThePlaceOfTheStages) {
    for (const Spacing spacing : {Spacing::Even, Spacing::Poisson}) {
        const auto all = repeated(plan(100, 10, spacing), {action(Kind::Rate, 2, 500), action(Kind::Rate, 5, 0)});
        EXPECT_NEAR(static_cast<double>(between(all, 0, 2)), 200, spacing == Spacing::Even ? 0 : 60);
        EXPECT_NEAR(static_cast<double>(between(all, 2, 5)), 1500, spacing == Spacing::Even ? 1 : 150);
        EXPECT_NEAR(static_cast<double>(between(all, 5, 10)), 500, 1);  // exact also for Poisson: the plan's rest
        EXPECT_LT(all.back(), 10 * kSecond);
    }
}

TEST(Hand, SpikeEndsByItselfAndWhatWasBeforeGoesOn) {
    const auto all = repeated(plan(100, 10), {action(Kind::Rate, 1, 50), action(Kind::Spike, 3, 1000, 2)});
    EXPECT_EQ(between(all, 0, 1), 100U);
    EXPECT_NEAR(static_cast<double>(between(all, 1, 3)), 100, 1);
    EXPECT_NEAR(static_cast<double>(between(all, 3, 5)), 2000, 1);
    EXPECT_NEAR(static_cast<double>(between(all, 5, 10)), 250, 1);
}

TEST(Hand, PauseMovesTheRestOfThePlan) {
    for (const Spacing spacing : {Spacing::Even, Spacing::Poisson}) {
        const auto without = repeated(plan(100, 10, spacing), {});
        const auto all = repeated(plan(100, 10, spacing), {action(Kind::Pause, 4.005), action(Kind::Resume, 7.005)});
        ASSERT_EQ(all.size(), without.size());
        for (std::size_t i = 0; i < all.size(); ++i)
            EXPECT_EQ(all[i], without[i] <= 4'005'000'000 ? without[i] : without[i] + 3 * kSecond);
    }
}

TEST(Hand, APausedPlanIsNotDone) {
    const std::vector<HandAction> actions{action(Kind::Pause, 0.5)};
    ArrivalPlan::Cursor cursor(plan(10, 1), &actions);
    while (cursor.planned_nanos() != ArrivalPlan::kNever) cursor.advance();
    EXPECT_FALSE(cursor.done());
    EXPECT_EQ(cursor.index(), 6U);  // the one that is due as it is paused still belongs to before
    EXPECT_EQ(cursor.end_nanos(), ArrivalPlan::kNever);
}

// Any sequence of actions gives the same times live and repeated, however far the sending lags behind.
TEST(Hand, ARepeatedRunIsTheSameRun) {
    const RandomStream random(3, 3);
    std::uint64_t draw = 0;
    const auto pick = [&](std::uint32_t n) { return below(random.at(draw++), n); };
    for (unsigned run = 0; run < 200; ++run) {
        std::vector<HandAction> actions;
        double at = 0;
        for (std::uint32_t n = pick(8); n > 0; --n) {
            at += pick(1500) / 777.0;
            actions.push_back(action(static_cast<Kind>(pick(4)), at, 0, 0.001 + pick(2000) / 1000.0));
            actions.back().rate = actions.back().kind == Kind::Spike ? 1 + pick(900) : pick(3) * 150;
        }
        std::vector<Stage> stages(3);
        stages[0].rate = 100;
        stages[0].seconds = 2;
        stages[1] = {Stage::Shape::Ramp, 3, 20, 300, 0, 0, 0, 0, 0, 1, ""};
        stages[2] = {Stage::Shape::Sine, 3, 200, 0, 0, 0, 0, 150, 2, 1, ""};
        const ArrivalPlan any(stages, pick(2) == 0 ? Spacing::Even : Spacing::Poisson, 9 + run, pick(2) * 20);
        const auto all = repeated(any, actions);
        ASSERT_TRUE(std::is_sorted(all.begin(), all.end()));
        ASSERT_EQ(all, live(any, actions, 0)) << run;
        ASSERT_EQ(all, live(any, actions, 500)) << run;
    }
}

TEST(Hand, ActionsAreTextAndBack) {
    for (const HandAction& a :
         {action(Kind::Rate, 1.000000001, 2000.5), action(Kind::Spike, 86'399.999999999, 5000, 0.3),
          action(Kind::Pause, 0), action(Kind::Resume, 3), action(Kind::Stop, 7),
          HandAction{Kind::Speed, 1'000'000'001, 0, 0, 0.125}, HandAction{Kind::Speed, 5, 0, 0, 0},
          HandAction{Kind::Spike, 5, 0, 2.5, 1000}}) {
        const auto again = parse_hand_action(to_json(a));
        ASSERT_TRUE(again.ok()) << to_json(a);
        EXPECT_EQ(*again, a) << to_json(a);
    }
    EXPECT_EQ(*parse_hand_action(R"({"action":"rate","rate":0})"), action(Kind::Rate, 0));
    const auto field = [](std::string_view text) {
        const auto parsed = parse_hand_action(text);
        return parsed ? std::string("accepted") : parsed.error().field;
    };
    EXPECT_EQ(field(""), "action");
    EXPECT_EQ(field("[1]"), "action");
    EXPECT_EQ(field(R"({"action":"explode"})"), "action");
    EXPECT_EQ(field(R"({"action":"rate"})"), "rate");
    EXPECT_EQ(field(R"({"action":"rate","rate":-1})"), "rate");
    EXPECT_EQ(field(R"({"action":"rate","rate":200001})"), "rate");
    EXPECT_EQ(field(R"({"action":"rate","rate":"5"})"), "rate");
    EXPECT_EQ(field(R"({"action":"spike","rate":5})"), "seconds");
    EXPECT_EQ(field(R"({"action":"spike","rate":0,"seconds":5})"), "rate");
    EXPECT_EQ(field(R"({"action":"pause","rate":5})"), "rate");
    EXPECT_EQ(field(R"({"action":"speed"})"), "speed");
    EXPECT_EQ(field(R"({"action":"speed","speed":0})"), "accepted");
    EXPECT_EQ(field(R"({"action":"speed","speed":-1})"), "speed");
    EXPECT_EQ(field(R"({"action":"speed","speed":0.0001})"), "speed");
    EXPECT_EQ(field(R"({"action":"speed","speed":1000.001})"), "speed");
    EXPECT_EQ(field(R"({"action":"speed","speed":"2"})"), "speed");
    EXPECT_EQ(field(R"({"action":"speed","speed":2,"rate":5})"), "rate");
    EXPECT_EQ(field(R"({"action":"speed","speed":2,"seconds":5})"), "seconds");
    EXPECT_EQ(field(R"({"action":"rate","rate":5,"speed":2})"), "speed");
    EXPECT_EQ(field(R"({"action":"spike","speed":0,"seconds":5})"), "speed");
    EXPECT_EQ(field(R"({"action":"spike","speed":2,"rate":5,"seconds":5})"), "rate");
    EXPECT_EQ(field(R"({"action":"spike","speed":2})"), "seconds");
    EXPECT_EQ(field(R"({"action":"stop","why":1})"), "why");
    EXPECT_EQ(field(R"({"action":"stop","at_seconds":-1})"), "at_seconds");
    EXPECT_EQ(field(std::string(2000, ' ')), "action");
}

TEST(Hand, AReplayTakesSpeedsAndEverythingElseRates) {
    const HandAction rate = action(Kind::Rate, 0, 5), spike = action(Kind::Spike, 0, 5, 1);
    const HandAction speed{Kind::Speed, 0, 0, 0, 2}, fast{Kind::Spike, 0, 0, 1, 2}, pause = action(Kind::Pause, 0);
    for (const HandAction& a : {rate, spike}) {
        EXPECT_TRUE(check_hand_action(a, false).ok());
        EXPECT_EQ(check_hand_action(a, true).error().field, "action");
    }
    for (const HandAction& a : {speed, fast, HandAction{Kind::Speed, 0, 0, 0, 0}}) {
        EXPECT_TRUE(check_hand_action(a, true).ok());
        EXPECT_EQ(check_hand_action(a, false).error().field, "action");
    }
    EXPECT_TRUE(check_hand_action(pause, true).ok());
    EXPECT_TRUE(check_hand_action(pause, false).ok());
}

TEST(SpikeProfile, ComesFromTheEnvironment) {
    const auto with = [](std::vector<std::pair<std::string, std::string>> variables, Scenario& scenario) {
        return apply_spike_environment(scenario, [=](std::string_view name) -> std::optional<std::string> {
            for (const auto& [key, value] : variables)
                if (key == name) return value;
            return std::nullopt;
        });
    };
    Scenario scenario;
    scenario.stages.resize(2);
    EXPECT_FALSE(*with({}, scenario));
    EXPECT_EQ(scenario.stages.size(), 2U);
    EXPECT_TRUE(*with({{"JITTER_PCT", "12.5"}}, scenario));
    EXPECT_EQ(scenario.jitter_percent, 12.5);
    EXPECT_EQ(scenario.stages.size(), 2U);
    EXPECT_TRUE(*with({{"BASE_RPS", "50"},
                       {"BASE_SEC", "5"},
                       {"SPIKE_RPS", "700"},
                       {"SPIKE_SEC", "2"},
                       {"COOLDOWN_RPS", "25"},
                       {"COOLDOWN_SEC", "4"}},
                      scenario));
    ASSERT_EQ(scenario.stages.size(), 1U);
    EXPECT_EQ(ArrivalPlan(scenario.stages, Spacing::Even, 1).count(), 250U + 1400 + 100);
    EXPECT_TRUE(*with({{"SPIKE_RPS", "100"}}, scenario));  // the rest of the stage stays
    EXPECT_EQ(ArrivalPlan(scenario.stages, Spacing::Even, 1).count(), 250U + 200 + 100);
    for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{{"BASE_RPS", "0"},
                                                                                      {"SPIKE_RPS", "fast"},
                                                                                      {"SPIKE_SEC", "1s"},
                                                                                      {"JITTER_PCT", "101"},
                                                                                      {"BASE_SEC", "nan"}}) {
        const auto refused = with({{name, value}}, scenario);
        ASSERT_FALSE(refused.ok()) << name;
        EXPECT_EQ(refused.error().field, name);
    }
}

}  // namespace
}  // namespace streamgauge::loadgen
