// SPDX-License-Identifier: GPL-3.0-or-later
// The bounded queue: its bound, its end, and that nothing is lost between threads.
#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

namespace streamgauge {
namespace {

TEST(BoundedQueue, KeepsOrderAndHandsOutEverythingAtOnce) {
    BoundedQueue<int> queue(10);
    EXPECT_TRUE(queue.try_push(1));
    EXPECT_TRUE(queue.try_push(2));
    std::vector<int> out{99};
    EXPECT_TRUE(queue.pop_all(out));
    EXPECT_EQ(out, (std::vector<int>{1, 2}));
    EXPECT_EQ(queue.weight(), 0U);
}

TEST(BoundedQueue, RefusesBeyondItsBoundAndLeavesTheItemAlone) {
    BoundedQueue<std::unique_ptr<int>> queue(3);
    EXPECT_TRUE(queue.try_push(std::make_unique<int>(1), 3));
    auto refused = std::make_unique<int>(2);
    EXPECT_FALSE(queue.try_push(std::move(refused), 1));
    ASSERT_NE(refused, nullptr);
    EXPECT_EQ(*refused, 2);
    std::vector<std::unique_ptr<int>> out;
    EXPECT_TRUE(queue.pop_all(out));
    EXPECT_TRUE(queue.try_push(std::move(refused), 1));
}

TEST(BoundedQueue, LetsOneItemThatIsTooHeavyInAlone) {
    BoundedQueue<int> queue(3);
    EXPECT_TRUE(queue.try_push(1, 100));
    EXPECT_FALSE(queue.try_push(2, 1));
}

TEST(BoundedQueue, ClosedHandsOutTheRestAndThenSaysSo) {
    BoundedQueue<int> queue(3);
    EXPECT_TRUE(queue.try_push(1));
    queue.close();
    EXPECT_FALSE(queue.try_push(2));
    std::vector<int> out;
    EXPECT_TRUE(queue.pop_all(out));
    EXPECT_EQ(out, std::vector<int>{1});
    EXPECT_FALSE(queue.pop_all(out));
    EXPECT_TRUE(out.empty());
    EXPECT_FALSE(queue.pop_all_for(out, std::chrono::milliseconds(1)));
}

TEST(BoundedQueue, GivesUpAtTheDeadlineWithNothing) {
    BoundedQueue<int> queue(3);
    std::vector<int> out{1};
    EXPECT_TRUE(queue.pop_all_for(out, std::chrono::milliseconds(1)));
    EXPECT_TRUE(out.empty());
}

TEST(BoundedQueue, ClosingWakesAWaitingConsumer) {
    BoundedQueue<int> queue(3);
    std::thread consumer([&] {
        std::vector<int> out;
        EXPECT_FALSE(queue.pop_all(out));
    });
    queue.close();
    consumer.join();
}

TEST(BoundedQueue, LosesNothingBetweenThreads) {
    constexpr int kProducers = 3, kItems = 20'000;
    BoundedQueue<int> queue(64);
    std::vector<int> next(kProducers, 0);
    std::thread consumer([&] {
        std::vector<int> out;
        while (queue.pop_all(out))
            for (const int item : out) {
                const auto producer = static_cast<std::size_t>(item / kItems);
                ASSERT_EQ(next[producer]++, item % kItems);  // in order for each producer
            }
    });
    std::vector<std::thread> producers;
    for (int p = 0; p < kProducers; ++p)
        producers.emplace_back([&, p] {
            for (int i = 0; i < kItems; ++i)
                while (!queue.try_push(p * kItems + i)) std::this_thread::yield();
        });
    for (auto& producer : producers) producer.join();
    queue.close();
    consumer.join();
    EXPECT_EQ(next, std::vector<int>(kProducers, kItems));
}

}  // namespace
}  // namespace streamgauge
