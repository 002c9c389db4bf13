// SPDX-License-Identifier: GPL-3.0-or-later
#include "live/activity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <set>

#include "metrics/window.h"

namespace streamgauge {
namespace {

constexpr std::int64_t kStart = 1'800'000'000'000'000;

struct Visit {
    std::string user, session;
    std::int64_t at = 0;
};

void put(ActivityTracker& tracker, const std::vector<Visit>& visits) {
    EventBatch batch;
    for (const Visit& visit : visits) {
        EventView event;
        event.user_id = visit.user;
        event.session_id = visit.session;
        event.occurred_at = event.received_at = {visit.at};
        batch.add(event);
    }
    tracker.apply(batch, 0, batch.size(), {});
}

TEST(ActivityTracker, KeepsTheNewestOfTooManySessions) {
    ActivityTracker tracker;
    std::vector<Visit> visits;
    for (int i = 0; i < 300; ++i) visits.push_back({"u", "s" + std::to_string(1'000 + i), kStart + i});
    put(tracker, visits);
    const auto sessions = tracker.active_sessions("u", {kStart + 300});
    ASSERT_EQ(sessions.size(), kSessionsPerUser);
    EXPECT_EQ(sessions.front(), "s1044");
    EXPECT_EQ(sessions.back(), "s1299");
}

TEST(ActivityTracker, KeepsOneSessionMoreOrLessOfAUserWhenSessionsTakeTooMuch) {
    ActivityTracker tracker("p", {1'000, 10'000});
    std::vector<Visit> visits;
    for (int i = 0; i < 5'000; ++i)
        visits.push_back({"u" + std::to_string(i % 100), "a session " + std::to_string(i), kStart + i});
    put(tracker, visits);
    EXPECT_LT(tracker.memory_bytes(), 400'000U);
    EXPECT_EQ(tracker.active_users(1, {kStart}).users, 100U);
    EXPECT_EQ(tracker.active_sessions("u7", {kStart + 5'000}).back(), "a session 4907");
}

// What it should say, in the plainest way.
std::uint64_t active(const std::map<std::string, std::int64_t>& last, int minutes, std::int64_t now) {
    std::uint64_t users = 0;
    for (const auto& [user, at] : last) users += at / kSecondMicros > now / kSecondMicros - minutes * 60 ? 1U : 0U;
    return users;
}

TEST(ActivityTracker, IsExactUpToItsBoundThenAnEstimateThatSaysSoAndExactAgainLater) {
    constexpr std::size_t kBound = 4'000;
    ActivityTracker tracker("p", {kBound, 1 << 20});
    std::map<std::string, std::int64_t> last;
    std::int64_t now = kStart;
    std::mt19937_64 random(3);
    const auto flood = [&](int count, std::uint64_t users, std::int64_t step) {
        std::vector<Visit> visits;
        for (int i = 0; i < count; ++i) {
            now += step;
            visits.push_back({"user-" + std::to_string(random() % users), {}, now});
            last[visits.back().user] = now;
        }
        put(tracker, visits);
    };
    const auto expect_right = [&] {
        for (const int minutes : {1, 5, 30, 60}) {
            const ActiveCount count = tracker.active_users(minutes, {now});
            const auto exact = static_cast<double>(active(last, minutes, now));
            const double most = std::max(exact, static_cast<double>(count.users));
            EXPECT_NEAR(static_cast<double>(count.users), exact, 5 * count.relative_error * most + 0.5)
                << minutes << " minutes, error " << count.relative_error;
        }
    };
    flood(4'000, 1'000'000, 10'000);
    EXPECT_EQ(tracker.active_users(60, {now}).relative_error, 0);
    expect_right();
    for (int round = 0; round < 3; ++round) {
        flood(20'000, 1'000'000, 10'000);  // 200 s each
        EXPECT_LE(tracker.users(), kBound + 1);
        EXPECT_GT(tracker.active_users(60, {now}).relative_error, 0);
        EXPECT_LT(tracker.active_users(60, {now}).relative_error, 0.03);
        expect_right();
    }
    for (int round = 0; round < 16; ++round) {  // ten minutes each, few users
        flood(300, 200, 2 * kSecondMicros);
        expect_right();
    }
    EXPECT_EQ(tracker.active_users(60, {now}).relative_error, 0);
    EXPECT_EQ(tracker.active_users(60, {now}).users, active(last, 60, now));
}

TEST(ActivityTracker, GoesOnAfterARestartAsIfThereHadBeenNone) {
    const ActivityBounds bounds{500, 1 << 20};
    ActivityTracker whole("p", bounds);
    auto parts = std::make_unique<ActivityTracker>("p", bounds);
    std::map<std::string, UserActivity> stored;
    std::mt19937_64 random(5);
    std::int64_t now = kStart;
    for (int round = 0; round < 60; ++round) {
        std::vector<Visit> visits;
        const std::uint64_t users = round < 20 ? 100'000 : 40;
        for (int i = 0; i < 200; ++i) {
            now += round < 20 ? 100'000 : kSecondMicros;
            visits.push_back({"user-" + std::to_string(random() % users), "s" + std::to_string(random() % 3), now});
        }
        put(whole, visits);
        put(*parts, visits);
        ActivityTracker::Changes changes = parts->take_changes();
        for (const std::string& name : changes.expired) stored.erase(name);
        for (UserActivity& user : changes.users) stored[user.user_id] = user;
        if (round % 3 == 0) {
            parts = std::make_unique<ActivityTracker>("p", bounds);
            for (const auto& [name, user] : stored) parts->restore(UserActivity(user), {now});
        }
        for (const int minutes : {1, 10, 60}) {
            EXPECT_EQ(parts->active_users(minutes, {now}).users, whole.active_users(minutes, {now}).users) << round;
            EXPECT_EQ(parts->active_users(minutes, {now}).relative_error,
                      whole.active_users(minutes, {now}).relative_error);
        }
    }
}

TEST(ActivityTracker, HasACeilingWhateverTheNumberOfUsers) {
    ActivityTracker tracker("p", {20'000, 2 << 20});  // a fiftieth of the default, as the users of ten million
    EventBatch batch;
    std::size_t most = 0;
    for (int i = 0; i < 1'000'000; ++i) {
        const std::string user = "user-" + std::to_string(i), session = "session-" + std::to_string(i);
        EventView event;
        event.user_id = user;
        event.session_id = session;
        event.occurred_at = event.received_at = {kStart + i * 1'000LL};
        batch.add(event);
        if (batch.size() < 10'000) continue;
        tracker.apply(batch, 0, batch.size(), {});
        static_cast<void>(tracker.take_changes());
        most = std::max(most, tracker.memory_bytes());
        batch.clear();
    }
    EXPECT_LT(most, 9U << 20U);
    const ActiveCount count = tracker.active_users(60, {kStart + 1'000'000'000});
    EXPECT_LT(count.relative_error, 0.011);
    EXPECT_NEAR(static_cast<double>(count.users), 1e6, 1e6 * 5 * count.relative_error);
    RecordProperty("ceiling_bytes", static_cast<int>(most));
}

}  // namespace
}  // namespace streamgauge
