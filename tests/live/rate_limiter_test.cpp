// SPDX-License-Identifier: GPL-3.0-or-later
// The sliding window: against an oracle that remembers every take, over threads, and within its memory.
#include "live/rate_limiter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <map>
#include <random>
#include <thread>
#include <vector>

namespace streamgauge {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kMilli = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMilli;
constexpr std::int64_t kBegin = 123'456 * kSecond;  // clocks do not start at zero

// Every take that was allowed, with its time.
class Oracle {
public:
    std::uint64_t used(std::int64_t now, std::int64_t window) const {
        std::uint64_t sum = 0;
        for (const auto& [at, cost] : taken_) sum += now - at < window ? cost : 0;
        return sum;
    }
    void add(std::int64_t now, std::uint64_t cost) { taken_.emplace_back(now, cost); }
    void forget(std::int64_t before) {
        while (!taken_.empty() && taken_.front().first < before) taken_.pop_front();
    }

private:
    std::deque<std::pair<std::int64_t, std::uint64_t>> taken_;
};

TEST(RateLimiter, LetsHundredOfABurstOfHundredAndFiftyThrough) {
    const auto limiter = make_rate_limiter({100, milliseconds(1000)});
    int allowed = 0, refused = 0;
    for (int i = 0; i < 150; ++i)
        ++(limiter->take("127.0.0.1", 1, kBegin + i * 6 * kMilli).allowed ? allowed : refused);
    EXPECT_EQ(allowed, 100);
    EXPECT_EQ(refused, 50);
    // One by one they come free as they were taken, not all at the end of a bucket.
    EXPECT_FALSE(limiter->take("127.0.0.1", 1, kBegin + kSecond - 1).allowed);
    EXPECT_TRUE(limiter->take("127.0.0.1", 1, kBegin + kSecond).allowed);
    EXPECT_FALSE(limiter->take("127.0.0.1", 1, kBegin + kSecond).allowed);
    EXPECT_TRUE(limiter->take("127.0.0.1", 1, kBegin + kSecond + 6 * kMilli).allowed);
    EXPECT_TRUE(limiter->take("127.0.0.2", 1, kBegin + kSecond).allowed);
}

TEST(RateLimiter, SaysWhatIsLeftAndWhenThereWillBeMore) {
    const auto limiter = make_rate_limiter({10, milliseconds(1000)});
    RateDecision decision = limiter->take("a", 4, kBegin);
    EXPECT_TRUE(decision.allowed);
    EXPECT_EQ(decision.limit, 10U);
    EXPECT_EQ(decision.remaining, 6U);
    EXPECT_EQ(decision.reset, milliseconds(1000));
    EXPECT_EQ(decision.retry_after, milliseconds(0));
    decision = limiter->take("a", 6, kBegin + 300 * kMilli);
    EXPECT_EQ(decision.remaining, 0U);
    EXPECT_EQ(decision.reset, milliseconds(1000));

    decision = limiter->take("a", 4, kBegin + 500 * kMilli);
    EXPECT_FALSE(decision.allowed);
    EXPECT_EQ(decision.remaining, 0U);
    EXPECT_EQ(decision.retry_after, milliseconds(500));
    EXPECT_EQ(decision.reset, milliseconds(800));
    decision = limiter->take("a", 5, kBegin + 500 * kMilli);
    EXPECT_EQ(decision.retry_after, milliseconds(800));  // the first four are not enough
    decision = limiter->take("a", 11, kBegin + 500 * kMilli);
    EXPECT_FALSE(decision.allowed);
    EXPECT_EQ(decision.retry_after, milliseconds(1000));  // never, in truth
    decision = limiter->take("a", 0, kBegin + 500 * kMilli);
    EXPECT_TRUE(decision.allowed);
    EXPECT_EQ(decision.remaining, 0U);
}

TEST(RateLimiter, WithoutALimitCountsNothing) {
    const auto limiter = make_rate_limiter({});
    const RateDecision decision = limiter->take("a", 1'000'000, kBegin);
    EXPECT_TRUE(decision.allowed);
    EXPECT_EQ(decision.limit, 0U);
    EXPECT_EQ(limiter->counters().callers, 0U);
}

TEST(RateLimiter, TimeThatStepsBackFreesNothing) {
    const auto limiter = make_rate_limiter({1, milliseconds(1000)});
    EXPECT_TRUE(limiter->take("a", 1, kBegin).allowed);
    EXPECT_FALSE(limiter->take("a", 1, kBegin - 5 * kSecond).allowed);
    EXPECT_FALSE(limiter->take("a", 1, kBegin + kSecond - 1).allowed);
    EXPECT_TRUE(limiter->take("a", 1, kBegin + kSecond).allowed);
}

struct Shape {
    std::uint64_t amount, most_cost;
    milliseconds window;
};
class AgainstOracle : public ::testing::TestWithParam<Shape> {};

TEST_P(AgainstOracle, DecidesAsEveryTakeRemembered) {
    const Shape shape = GetParam();
    const std::int64_t window = shape.window.count() * kMilli;
    // The stated bound: exact up to 4,096, one slice above.
    const std::int64_t slice = shape.amount > 4096 ? window / 4096 : 0;
    const bool small = shape.amount / shape.most_cost <= 500;
    for (unsigned seed = 1; seed <= (small ? 8 : 2); ++seed) {
        std::mt19937_64 random(seed);
        const auto limiter = make_rate_limiter({shape.amount, shape.window});
        std::map<int, Oracle> oracles;
        std::int64_t now = kBegin;
        int refusals = 0;
        for (int step = 0; step < (small ? 6000 : 20'000); ++step) {
            // About twice as much as is allowed, in bursts and pauses, sometimes a whole window of silence.
            const auto mean = static_cast<double>(window) / static_cast<double>(shape.amount) *
                              (static_cast<double>(shape.most_cost) + 1) / 2 / 2 / 3;
            const auto pick = random() % 1000;
            if (small ? pick == 0 : step % 15'000 == 14'999) now += window + static_cast<std::int64_t>(random() % 10);
            if (pick > 600) now += static_cast<std::int64_t>(std::exponential_distribution(0.4 / mean)(random));
            const int who = static_cast<int>(random() % 3);
            const std::uint64_t cost = 1 + random() % shape.most_cost;
            Oracle& oracle = oracles[who];
            const RateDecision decision = limiter->take("caller " + std::to_string(who), cost, now);
            const std::uint64_t used = oracle.used(now, window);
            if (decision.allowed) {
                ASSERT_LE(used + cost, shape.amount) << "seed " << seed << " step " << step;
                oracle.add(now, cost);
            } else {
                ++refusals;
                ASSERT_GT(oracle.used(now, window + slice) + cost, shape.amount) << "seed " << seed << " step " << step;
            }
            const std::uint64_t left = shape.amount - oracle.used(now, window);
            if (slice == 0) {
                ASSERT_EQ(decision.remaining, left);
            } else {
                ASSERT_LE(decision.remaining, left);
            }
            if (!decision.allowed && cost <= shape.amount) {
                // Enough to wait, and not much longer than necessary.
                const std::int64_t then = now + decision.retry_after.count() * kMilli;
                ASSERT_LE(oracle.used(then, window) + cost, shape.amount);
                ASSERT_GT(oracle.used(then - kMilli, window + slice) + cost, shape.amount);
            }
            oracle.forget(now - 2 * window);
        }
        EXPECT_GT(refusals, 500);
        EXPECT_LT(refusals, 15'000);
        EXPECT_EQ(limiter->counters().coarse, 0U);
    }
}

INSTANTIATE_TEST_SUITE_P(Shapes, AgainstOracle,
                         ::testing::Values(Shape{1, 1, milliseconds(1)}, Shape{3, 2, milliseconds(10)},
                                           Shape{100, 1, milliseconds(1000)}, Shape{100, 30, milliseconds(1000)},
                                           Shape{100, 120, milliseconds(1000)}, Shape{4096, 7, milliseconds(60'000)},
                                           Shape{4097, 7, milliseconds(1000)}, Shape{200'000, 2000, milliseconds(1000)},
                                           Shape{1'000'000, 10'000, milliseconds(3'600'000)}));

TEST(RateLimiter, ManyThreadsTogetherTakeExactlyTheLimit) {
    constexpr std::uint64_t kAmount = 5000;
    const auto limiter = make_rate_limiter({kAmount, milliseconds(1000)});
    for (int round = 0; round < 5; ++round) {
        std::atomic<std::uint64_t> allowed{0};
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                for (int i = 0; i < 3000; ++i) {
                    if (limiter->take("shared", 1, kBegin + round * kSecond).allowed) allowed.fetch_add(1);
                    limiter->take("own " + std::to_string(t * 10'000 + i), 1, kBegin + round * kSecond);
                }
            });
        }
        for (std::thread& thread : threads) thread.join();
        EXPECT_EQ(allowed.load(), kAmount) << "round " << round;
    }
    EXPECT_EQ(limiter->counters().shared, 0U);
}

TEST(RateLimiter, ForgetsCallersAfterTheirWindow) {
    const auto limiter = make_rate_limiter({10, milliseconds(1000)});
    for (int i = 0; i < 20'000; ++i) limiter->take("first " + std::to_string(i), 1, kBegin);
    EXPECT_EQ(limiter->counters().callers, 20'000U);
    for (int i = 0; i < 20'000; ++i) limiter->take("second " + std::to_string(i), 1, kBegin + kSecond);
    EXPECT_EQ(limiter->counters().callers, 20'000U);
    for (int i = 0; i < 200'000; ++i) limiter->take("one", 1, kBegin + 2 * kSecond);
    for (int i = 0; i < 1'000; ++i) limiter->take("few " + std::to_string(i % 100), 1, kBegin + 2 * kSecond);
    EXPECT_LT(limiter->counters().callers, 20'000U);
}

TEST(RateLimiter, BeyondItsCallersAllShareOneWindow) {
    const auto limiter = make_rate_limiter({5, milliseconds(1000)}, {100, 1 << 20});
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(limiter->take("known " + std::to_string(i), 1, kBegin).allowed);
    int allowed = 0;
    for (int i = 0; i < 50; ++i) allowed += limiter->take("made up " + std::to_string(i), 1, kBegin).allowed ? 1 : 0;
    EXPECT_EQ(allowed, 5);
    EXPECT_EQ(limiter->counters().callers, 100U);
    EXPECT_EQ(limiter->counters().shared, 50U);
    // Those that have a window keep it.
    EXPECT_TRUE(limiter->take("known 7", 4, kBegin + 1).allowed);
}

TEST(RateLimiter, NobodyGainsByLeavingTheSharedWindow) {
    const auto limiter = make_rate_limiter({5, milliseconds(1000)}, {1, 1 << 20});
    EXPECT_TRUE(limiter->take("early", 1, kBegin).allowed);
    const std::int64_t later = kBegin + 900 * kMilli;
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(limiter->take("late", 1, later).allowed);
    EXPECT_EQ(limiter->counters().shared, 5U);
    // "early" is forgotten wherever its shard is touched, and "late" may get a window of its own.
    const std::int64_t then = kBegin + kSecond;
    for (int i = 0; i < 1000 && limiter->counters().callers == 1; ++i) {
        limiter->take("early", 0, then);
        EXPECT_FALSE(limiter->take("late", 1, then).allowed);
    }
    EXPECT_FALSE(limiter->take("late", 1, later + kSecond - 1).allowed);
    EXPECT_TRUE(limiter->take("late", 1, later + kSecond).allowed);
}

TEST(RateLimiter, StaysWithinItsMemoryAndThenRemembersCoarselyButSafely) {
    constexpr std::size_t kBytes = 64 * 1024;
    constexpr std::uint64_t kAmount = 2000;
    const auto limiter = make_rate_limiter({kAmount, milliseconds(1000)}, {1000, kBytes});
    std::mt19937_64 random(7);
    std::vector<Oracle> oracles(20);
    std::int64_t now = kBegin;
    for (int i = 0; i < 60'000; ++i) {
        now += static_cast<std::int64_t>(random() % 20'000);
        const std::size_t who = random() % oracles.size();
        if (limiter->take(std::to_string(who), 1, now).allowed) {
            ASSERT_LT(oracles[who].used(now, kSecond), kAmount);
            oracles[who].add(now, 1);
            oracles[who].forget(now - kSecond);
        }
        ASSERT_LE(limiter->counters().history_bytes, kBytes);
    }
    EXPECT_GT(limiter->counters().coarse, 0U);
    // Callers for whom there is no memory at all share a window, or are refused; nothing grows.
    for (int i = 0; i < 5000; ++i) limiter->take("new " + std::to_string(i), 1, now);
    EXPECT_LE(limiter->counters().history_bytes, kBytes);
    EXPECT_LE(limiter->counters().callers, 1000U);
}

TEST(LimiterAddress, NamesNetworksThatOneClientHas) {
    EXPECT_EQ(limiter_address("127.0.0.1"), "127.0.0.1");
    EXPECT_EQ(limiter_address("::ffff:192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(limiter_address("::FFFF:c000:0207"), "192.0.2.7");
    EXPECT_EQ(limiter_address("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    EXPECT_EQ(limiter_address("2001:0DB8:0001:0002:ffff::"), "2001:db8:1:2::/64");
    EXPECT_EQ(limiter_address("2001:db8:1:3::1"), "2001:db8:1:3::/64");
    EXPECT_EQ(limiter_address("fe80::1%eth0"), "fe80::/64");
    EXPECT_EQ(limiter_address("::1"), "::/64");
    EXPECT_EQ(limiter_address("not:an:address"), "not:an:address");
    EXPECT_EQ(limiter_address(""), "");
}

}  // namespace
}  // namespace streamgauge
