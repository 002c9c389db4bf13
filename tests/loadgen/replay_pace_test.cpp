// SPDX-License-Identifier: GPL-3.0-or-later
// When what was recorded is due under a hand that changes its speed: against a slow model, and through the plan.
#include "loadgen/replay_pace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "loadgen/arrival_plan.h"

namespace streamgauge::loadgen {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(ReplayPace, TimesFollowTheSpeedToTheNanosecond) {
    ReplayPace pace(4);  // planned times are those of four times as fast
    EXPECT_EQ(pace.due(10 * kSecond), 10 * kSecond);
    EXPECT_EQ(pace.speed(0), 4);
    pace.set(2 * kSecond, 1);
    EXPECT_EQ(pace.due(2 * kSecond + 1), 2 * kSecond + 4);
    EXPECT_EQ(pace.due(10 * kSecond), 34 * kSecond);
    EXPECT_EQ(pace.position(34 * kSecond), 10 * kSecond);
    pace.set(6 * kSecond, 0);  // as the scenario says again: at position 3 s
    EXPECT_EQ(pace.due(10 * kSecond), 13 * kSecond);
    EXPECT_EQ(pace.speed(6 * kSecond), 4);
    pace.set(7 * kSecond, 3);  // position 4 s
    EXPECT_EQ(pace.due(4 * kSecond + 1), 7 * kSecond + 1) << "4/3 of a nanosecond, rounded down";
    EXPECT_EQ(pace.due(4 * kSecond + 2), 7 * kSecond + 2);
    EXPECT_EQ(pace.due(4 * kSecond + 3), 7 * kSecond + 4);
}

TEST(ReplayPace, ASpikeEndsByItselfAndWhatWasSetMeanwhileHoldsAfterIt) {
    ReplayPace pace(1);
    pace.set(kSecond, 2);
    pace.spike(2 * kSecond, 10, kSecond);  // from position 3 s to 13 s
    EXPECT_EQ(pace.due(8 * kSecond), 2'500'000'000);
    EXPECT_EQ(pace.due(13 * kSecond), 3 * kSecond);
    EXPECT_EQ(pace.due(15 * kSecond), 4 * kSecond) << "then as before: twice as fast";
    EXPECT_EQ(pace.speed(2'900'000'000), 10);
    EXPECT_EQ(pace.speed(3 * kSecond), 2);
    pace.set(2'500'000'000, 4);
    EXPECT_EQ(pace.speed(2'600'000'000), 10);
    EXPECT_EQ(pace.due(13 * kSecond), 3 * kSecond);
    EXPECT_EQ(pace.due(17 * kSecond), 4 * kSecond);
    pace.spike(5 * kSecond, 1, kSecond);  // position 21 s
    EXPECT_EQ(pace.due(22 * kSecond), 6 * kSecond);
    EXPECT_EQ(pace.due(26 * kSecond), 7 * kSecond);
}

TEST(ReplayPace, NeverBeyondWhatANumberCanSay) {
    ReplayPace pace(1000);
    pace.set(0, 0.001);
    EXPECT_EQ(pace.due(86'400 * kSecond), ReplayPace::kLongest);
    EXPECT_FALSE(ReplayPace::is_speed(0));
    EXPECT_FALSE(ReplayPace::is_speed(0.0005));
    EXPECT_FALSE(ReplayPace::is_speed(1.0001));
    EXPECT_FALSE(ReplayPace::is_speed(std::nan("")));
    EXPECT_TRUE(ReplayPace::is_speed(0.001));
    EXPECT_TRUE(ReplayPace::is_speed(999.999));
}

// Any row of actions: what is not due yet is never due before the action, what follows keeps its order, and lies within
// a nanosecond an action of where exact arithmetic has it.
TEST(ReplayPace, AnyActionsKeepOrderAndLieWhereExactArithmeticHasThem) {
    std::mt19937_64 random(11);
    for (int run = 0; run < 300; ++run) {
        const auto speed = [&] { return static_cast<double>(1 + random() % 20'000) / 1000; };
        const double own = speed();
        ReplayPace pace(own);
        std::int64_t at = 0;
        long double position = 0, now = own, after = own, until = 0;
        for (int action = 0; action < 8; ++action) {
            const std::int64_t step = static_cast<std::int64_t>(random() % (3 * kSecond));
            const auto walk = [&](long double to) {
                position += (to - static_cast<long double>(at)) * now / own;
                at = static_cast<std::int64_t>(to);
            };
            const std::int64_t to = at + step;
            if (now != after && until <= static_cast<long double>(to)) {
                walk(until);
                now = after;
            }
            walk(static_cast<long double>(to));
            const double chosen = speed();
            if (random() % 2 == 0) {
                pace.set(at, chosen);
                if (now == after || static_cast<long double>(at) >= until) now = chosen;
                after = chosen;
            } else {
                const auto nanos = static_cast<std::int64_t>(1 + random() % (2 * kSecond));
                pace.spike(at, chosen, nanos);
                until = static_cast<long double>(at + nanos);
                now = chosen;
            }
            EXPECT_NEAR(static_cast<double>(static_cast<long double>(pace.position(at)) - position), 0, 20);
            std::int64_t last = at;
            for (int i = 1; i < 50; ++i) {
                const std::int64_t due = pace.due(pace.position(at) + i * 77'000'001LL);
                ASSERT_GE(due, last);
                last = due;
            }
        }
    }
}

std::vector<std::int64_t> walked(const ArrivalPlan& plan, const std::vector<HandAction>& actions) {
    std::vector<std::int64_t> all;
    for (ArrivalPlan::Cursor c(plan, &actions); c.planned_nanos() != ArrivalPlan::kNever; c.advance())
        all.push_back(c.planned_nanos());
    return all;
}

ArrivalPlan recorded_plan(std::vector<std::int64_t> times, double speed) {
    Stage whole;
    whole.seconds = static_cast<double>(times.back() + 1'000'000) / 1e9;
    whole.rate = static_cast<double>(times.size()) / whole.seconds;
    return {whole, std::make_shared<const std::vector<std::int64_t>>(std::move(times)), speed};
}

HandAction action(HandAction::Kind kind, double at, double speed = 0, double seconds = 0) {
    return {kind, static_cast<std::int64_t>(at * 1e9), 0, seconds, speed};
}

TEST(RecordedPlan, AHandChangesTheSpeedOfWhatIsPlannedLaterAndNothingElse) {
    using Kind = HandAction::Kind;
    std::vector<std::int64_t> times;
    for (int i = 0; i <= 100; ++i) times.push_back(i * kSecond / 10);
    const ArrivalPlan plan = recorded_plan(times, 2);
    const std::vector<HandAction> actions{action(Kind::Speed, 1, 4), action(Kind::Pause, 2), action(Kind::Resume, 5),
                                          action(Kind::Spike, 6, 20, 0.1), action(Kind::Speed, 7)};
    const std::vector<std::int64_t> all = walked(plan, actions);
    ASSERT_EQ(all.size(), times.size());
    ASSERT_TRUE(std::is_sorted(all.begin(), all.end()));
    EXPECT_EQ(all[10], kSecond);
    EXPECT_EQ(all[12], 1'100'000'000) << "twice as fast as the plan";
    EXPECT_EQ(all[30], 2 * kSecond) << "due as it was paused";
    EXPECT_EQ(all[31], 5'050'000'000) << "paused for three seconds";
    EXPECT_EQ(all[50], 6 * kSecond);
    EXPECT_EQ(all[55], 6'050'000'000) << "the spike: ten times the plan";
    EXPECT_EQ(all[62], 6'200'000'000) << "then four times the recording again";
    EXPECT_EQ(all[78], 7 * kSecond);
    EXPECT_EQ(all[100], 9'200'000'000) << "as planned again";
    // A rate has no meaning here.
    EXPECT_EQ(walked(plan, {{Kind::Rate, kSecond, 5, 0, 0}, {Kind::Spike, kSecond, 5, 1, 0}}), times);
    // And a speed none where there are rates.
    const ArrivalPlan even = *ArrivalPlan::constant(10, 1, Spacing::Even, 1);
    EXPECT_EQ(walked(even, {action(Kind::Speed, 0.1, 4), action(Kind::Spike, 0.2, 4, 1)}), walked(even, {}));
}

TEST(RecordedPlan, ItsEndAndItsRateMoveWithTheSpeed) {
    using Kind = HandAction::Kind;
    std::vector<std::int64_t> times;
    for (int i = 0; i <= 100; ++i) times.push_back(i * kSecond / 10);
    const ArrivalPlan plan = recorded_plan(times, 1);
    std::vector<HandAction> actions{action(Kind::Speed, 1, 0.5)};
    ArrivalPlan::Cursor cursor(plan, &actions);
    while (cursor.index() < 20) cursor.advance();
    EXPECT_EQ(cursor.end_nanos(), kSecond + 2 * 9'001'000'000);
    EXPECT_NEAR(plan.rate_at(2 * kSecond, cursor.handed()), 5, 0.1);
    EXPECT_EQ(plan.rate_at(20 * kSecond, cursor.handed()), 0);
    EXPECT_GT(plan.rate_at(18 * kSecond, cursor.handed()), 0);
}

}  // namespace
}  // namespace streamgauge::loadgen
