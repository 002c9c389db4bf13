// SPDX-License-Identifier: GPL-3.0-or-later
#include "live/sliding_counts.h"

#include <gtest/gtest.h>

#include <random>

namespace streamgauge {
namespace {

constexpr std::int64_t kStart = 1'800'000'000'000'000;

TEST(SlidingCounts, KeepsTheMostFrequentWhenThereAreTooManyAndSaysHowMuchIsMissing) {
    SlidingCounts counts(kSlidingWindowMicros, kSlidingRetentionMicros, {1'000, 100'000});
    std::map<std::string, std::uint64_t> exact;
    std::mt19937_64 random(1);
    for (int i = 0; i < 200'000; ++i) {
        const std::string group = i % 4 == 0 ? "popular-" + std::to_string(random() % 20) : "once-" + std::to_string(i);
        counts.add(kStart + i / 5'000 * kSlidingWindowMicros, group, 1);
        ++exact[group];
        ASSERT_LE(counts.groups(), 1'000U);
    }
    const Timestamp now{kStart + 40 * kSlidingWindowMicros};
    const std::uint64_t missing = counts.missing_at_most(60, now);
    EXPECT_GT(missing, 0U);
    const auto top = counts.top(60, now, 20);
    ASSERT_EQ(top.size(), 20U);
    for (const auto& [group, count] : top) {
        EXPECT_TRUE(group.starts_with("popular-")) << group;
        EXPECT_LE(count, exact[group]);
        EXPECT_GE(count + missing, exact[group]);
    }
    EXPECT_LT(counts.memory_bytes(), 8U << 20U);
    counts.expire({now.micros + kSlidingRetentionMicros});
    EXPECT_EQ(counts.groups(), 0U);
    EXPECT_EQ(counts.missing_at_most(60, now), 0U);
}

TEST(SlidingCounts, KeepsToItsCells) {
    SlidingCounts counts(kSlidingWindowMicros, kSlidingRetentionMicros, {1'000, 5'000});
    for (int window = 0; window < 300; ++window)
        for (int group = 0; group < 100; ++group)
            counts.add(kStart + window * kSlidingWindowMicros, "g" + std::to_string(group), 1 + group);
    EXPECT_LT(counts.memory_bytes(), 1U << 20U);
    const Timestamp now{kStart + 300 * kSlidingWindowMicros};
    EXPECT_EQ(counts.top(60, now, 1).front().first, "g99");
    EXPECT_GT(counts.missing_at_most(60, now), 0U);
}

TEST(SlidingCounts, IsExactWithinItsBounds) {
    SlidingCounts counts(kSlidingWindowMicros, kSlidingRetentionMicros);
    for (int i = 0; i < 50'000; ++i) counts.add(kStart, "g" + std::to_string(i), 1);
    counts.add(kStart, "g7", 2);
    EXPECT_EQ(counts.top(1, {kStart}, 2), (SlidingCounts::Counts{{"g7", 3}, {"g0", 1}}));
    EXPECT_EQ(counts.missing_at_most(60, {kStart}), 0U);
    StringMap<std::uint64_t> totals;
    *totals.find_or_insert("g7").first = 4;
    counts.add_totals(1, {kStart}, totals);
    EXPECT_EQ(largest(totals, 1), (SlidingCounts::Counts{{"g7", 7}}));
}

TEST(SlidingCounts, HasACeilingWhateverTheNumberOfGroups) {
    SlidingCounts counts(kSlidingWindowMicros, kSlidingRetentionMicros, {4'000, 80'000});  // a fiftieth of the default
    std::size_t most = 0;
    for (int i = 0; i < 500'000; ++i) {
        counts.add(kStart + i / 5'000 * kSlidingWindowMicros, "/page/" + std::to_string(i), 1);
        if (i % 100 == 0) counts.add(kStart + i / 5'000 * kSlidingWindowMicros, "/", 1);
        if (i % 1'000 == 0) most = std::max(most, counts.memory_bytes());
    }
    EXPECT_LT(most, 5U << 20U);
    const Timestamp now{kStart + 200 * kSlidingWindowMicros};
    EXPECT_EQ(counts.top(60, now, 1), (SlidingCounts::Counts{{"/", 5'000}}));
}

}  // namespace
}  // namespace streamgauge
