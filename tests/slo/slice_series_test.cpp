// SPDX-License-Identifier: GPL-3.0-or-later
// Sums over windows, beside sums that are counted one by one.
#include "slo/slice_series.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace streamgauge::slo {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

TEST(SliceSeries, SumsWhatIsInTheWindow) {
    SliceSeries series(10 * kSecond, 1000 * kSecond);
    series.add({5 * kSecond}, 1, 2);
    series.add({9 * kSecond}, 2, 2);
    EXPECT_EQ(series.sum({0}, {1 * kSecond}), (Ratio{3, 4}));  // the newest, which is not over
    series.add({10 * kSecond}, 3, 4);
    series.add({39 * kSecond}, 5, 6);
    EXPECT_EQ(series.sum({0}, {10 * kSecond}), (Ratio{3, 4}));
    EXPECT_EQ(series.sum({0}, {30 * kSecond + 1}), (Ratio{11, 14}));
    EXPECT_EQ(series.sum({20 * kSecond}, {30 * kSecond}), (Ratio{}));
    EXPECT_EQ(series.sum({30 * kSecond}, {0}), (Ratio{}));
    EXPECT_EQ(series.newest(), Timestamp{30 * kSecond});
    EXPECT_EQ(series.sum({10 * kSecond}, {20 * kSecond}).bad(), 1U);
}

TEST(SliceSeries, CountsTheSliceOfAnEndByItsShare) {
    SliceSeries series(10 * kSecond, 1000 * kSecond);
    for (std::int64_t slice = 0; slice < 10; ++slice) series.add({slice * 10 * kSecond}, 90, 100);
    for (std::int64_t from = 0; from < 90; ++from) {
        const auto left = static_cast<std::uint64_t>(100 - from);
        EXPECT_EQ(series.sum({from * kSecond}, {91 * kSecond}), (Ratio{9 * left, 10 * left})) << from;
        EXPECT_EQ(series.sum({0}, {from * kSecond}).total, static_cast<std::uint64_t>(10 * from)) << from;
    }
    // Nothing is lost or counted twice where windows meet, and no count overflows.
    SliceSeries many(kSecond, 1000 * kSecond);
    constexpr std::uint64_t kMany = 9'000'000'000'000'001;
    for (std::int64_t slice = 0; slice < 5; ++slice) many.add({slice * kSecond}, kMany / 3, kMany);
    Ratio all;
    for (std::int64_t from = 0; from < 5 * kSecond; from += 333'333) {
        const Ratio part = many.sum({from}, {std::min(from + 333'333, 5 * kSecond)});
        EXPECT_LE(part.good, part.total);
        all.good += part.good;
        all.total += part.total;
    }
    EXPECT_EQ(all, (Ratio{kMany / 3 * 5, kMany * 5}));
}

TEST(SliceSeries, IsEmptyUntilSomethingIsCounted) {
    SliceSeries series(kSecond, kSecond);
    series.add({0}, 0, 0);
    EXPECT_EQ(series.newest(), std::nullopt);
    EXPECT_EQ(series.sum({-kSecond}, {kSecond}), (Ratio{}));
}

TEST(SliceSeries, ForgetsWhatIsOlderThanWhatIsKept) {
    SliceSeries series(kSecond, 10 * kSecond);
    for (std::int64_t second = -5; second < 20; ++second) series.add({second * kSecond}, 1, 2);
    EXPECT_EQ(series.sum({-5 * kSecond}, {20 * kSecond}), (Ratio{11, 22}));
    series.add({3 * kSecond}, 1, 1);  // too late
    EXPECT_EQ(series.sum({-5 * kSecond}, {20 * kSecond}), (Ratio{11, 22}));
    series.add({9 * kSecond}, 1, 1);  // late
    EXPECT_EQ(series.sum({9 * kSecond}, {10 * kSecond}), (Ratio{2, 3}));
    EXPECT_EQ(series.sum({9 * kSecond}, {20 * kSecond}), (Ratio{12, 23}));
}

TEST(SliceSeries, AgreesWithCountingOneByOne) {
    for (const std::uint32_t seed : {1U, 2U, 3U, 4U}) {
        std::mt19937 random(seed);
        const std::int64_t width = 1 + static_cast<std::int64_t>(random() % 50);
        const std::int64_t kept = width * (1 + static_cast<std::int64_t>(random() % 400));
        SliceSeries series(width, kept);
        std::map<std::int64_t, Ratio> counted;  // by start
        std::int64_t clock = -3000;
        const auto start_of = [&](std::int64_t at) { return floor_to({at}, width).micros; };
        for (int step = 0; step < 3000; ++step) {
            clock += static_cast<std::int64_t>(random() % 20);
            const std::int64_t late = random() % 5 == 0 ? static_cast<std::int64_t>(random() % 2000) : 0;
            const std::int64_t start = start_of(clock - late);
            const std::uint64_t total = random() % 10, good = total == 0 ? 0 : random() % (total + 1);
            series.add({clock - late}, good, total);
            if (total > 0 && (counted.empty() || start >= counted.rbegin()->first - kept / width * width)) {
                counted[start].good += good;
                counted[start].total += total;
            }
            const std::int64_t oldest = counted.empty() ? 0 : counted.rbegin()->first - kept / width * width;
            while (!counted.empty() && counted.begin()->first < oldest) counted.erase(counted.begin());
            const std::int64_t from = clock - static_cast<std::int64_t>(random() % 4000);
            const std::int64_t to = from + static_cast<std::int64_t>(random() % 4000);
            const auto until = [&](std::int64_t end) {
                Ratio sum;
                for (const auto& [at, ratio] : counted) {
                    if (at >= end) break;
                    const bool whole = at + width <= end || at == counted.rbegin()->first;
                    const auto passed = static_cast<std::uint64_t>(whole ? width : end - at);
                    const auto parts = static_cast<std::uint64_t>(width);
                    const std::uint64_t good_part = (ratio.good * passed + parts / 2) / parts;
                    sum.good += good_part;
                    sum.total += good_part + (ratio.bad() * passed + parts / 2) / parts;
                }
                return sum;
            };
            const Ratio before = until(from), all = until(std::max(from, to));
            const Ratio expected{all.good - before.good, all.total - before.total};
            ASSERT_EQ(series.sum({from}, {to}), expected) << "seed " << seed << " step " << step;
        }
    }
}

// What is corrected is as if it had been counted so at once.
TEST(SliceSeries, CorrectsASlice) {
    SliceSeries series(kSecond, 100 * kSecond);
    for (std::int64_t second = 0; second < 10; ++second) series.add({second * kSecond}, 5, 10);
    series.set({3 * kSecond}, 10, 10);
    series.set({4 * kSecond}, 0, 2);
    series.set({20 * kSecond}, 1, 1);
    EXPECT_EQ(series.sum({3 * kSecond}, {4 * kSecond}), (Ratio{10, 10}));
    EXPECT_EQ(series.sum({4 * kSecond}, {5 * kSecond}), (Ratio{0, 2}));
    EXPECT_EQ(series.sum({0}, {10 * kSecond}), (Ratio{50, 92}));
    EXPECT_EQ(series.sum({0}, {21 * kSecond}), (Ratio{51, 93}));
}

TEST(SliceSeries, SumsTheSameInFewerSlices) {
    SliceSeries fine(kSecond, 10'000 * kSecond), thinned(kSecond, 10'000 * kSecond);
    std::mt19937 random(11);
    for (std::int64_t second = -100; second < 900; ++second) {
        const std::uint64_t total = random() % 4, good = total == 0 ? 0 : random() % (total + 1);
        fine.add({second * kSecond}, good, total);
        thinned.add({second * kSecond}, good, total);
    }
    thinned.thin({605 * kSecond}, 60 * kSecond);
    EXPECT_LT(thinned.slices(), 330U);
    for (std::int64_t from = -120; from <= 600; from += 60) {
        for (std::int64_t to = from; to <= 900; to += 60)
            ASSERT_EQ(thinned.sum({from * kSecond}, {to * kSecond}), fine.sum({from * kSecond}, {to * kSecond}));
    }
    for (std::int64_t from = 600; from < 900; ++from)  // untouched
        ASSERT_EQ(thinned.sum({from * kSecond}, {900 * kSecond}), fine.sum({from * kSecond}, {900 * kSecond}));
    thinned.thin({605 * kSecond}, 60 * kSecond);
    EXPECT_EQ(thinned.sum({-120 * kSecond}, {900 * kSecond}), fine.sum({-120 * kSecond}, {900 * kSecond}));
    // Within a wide slice its share.
    const Ratio wide = fine.sum({60 * kSecond}, {120 * kSecond});
    for (std::int64_t from = 60; from < 120; ++from)
        EXPECT_NEAR(static_cast<double>(thinned.sum({from * kSecond}, {120 * kSecond}).total),
                    static_cast<double>(wide.total) * static_cast<double>(120 - from) / 60, 1);
}

}  // namespace
}  // namespace streamgauge::slo
