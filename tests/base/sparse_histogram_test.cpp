// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/sparse_histogram.h"

#include <gtest/gtest.h>

#include <random>

namespace streamgauge {
namespace {

TEST(SparseHistogram, ComesBackWhole) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 50; ++round) {
        Histogram histogram;
        for (int i = 0; i < round * 20; ++i)
            histogram.record(static_cast<std::int64_t>(random() >> (25 + random() % 38)), 1 + random() % 1000);
        const SparseHistogram sparse(histogram);
        const Histogram again = sparse.expand();
        EXPECT_EQ(again.buckets(), histogram.buckets());
        EXPECT_EQ(again.exact(), histogram.exact());
        EXPECT_EQ(again.count(), histogram.count());
        EXPECT_EQ(again.mean_micros(), histogram.mean_micros());
        EXPECT_EQ(SparseHistogram::restore(sparse.payload(), sparse.exact()), sparse);
    }
}

TEST(SparseHistogram, KeepsCountsOfAnySize) {
    for (const std::uint64_t count : {1ULL, 63ULL, 64ULL, 8191ULL, 8192ULL, 1ULL << 40, (1ULL << 62) - 1}) {
        Histogram histogram;
        histogram.record(1, count);
        histogram.record(Histogram::kHighestMicros, 2);
        EXPECT_EQ(SparseHistogram(histogram).expand().buckets(), histogram.buckets()) << count;
    }
}

TEST(SparseHistogram, IsSmallForASecondOfTenThousandRequests) {
    std::mt19937_64 random(2);
    std::lognormal_distribution<double> micros(7, 0.8);
    Histogram histogram;
    for (int i = 0; i < 10'000; ++i) histogram.record(static_cast<std::int64_t>(micros(random)));
    EXPECT_LT(SparseHistogram(histogram).payload().size(), 4000U);
}

TEST(SparseHistogram, RefusesWhatContradictsItself) {
    Histogram histogram;
    histogram.record(5);
    histogram.record(70'000, 3);
    const SparseHistogram good(histogram);
    const auto refused = [&](std::string payload, const Histogram::Exact& exact) {
        return !SparseHistogram::restore(std::move(payload), exact);
    };
    EXPECT_FALSE(refused(good.payload(), good.exact()));
    Histogram::Exact wrong = good.exact();
    wrong.max = 60'000;
    EXPECT_TRUE(refused(good.payload(), wrong));
    wrong = good.exact();
    wrong.min = 0;
    EXPECT_TRUE(refused(good.payload(), wrong));
    wrong = good.exact();
    wrong.overflow = 5;
    EXPECT_TRUE(refused(good.payload(), wrong));
    EXPECT_TRUE(refused("", good.exact()));
    EXPECT_TRUE(refused(good.payload(), {}));
    EXPECT_TRUE(refused("\x80", good.exact()));                              // cut short
    EXPECT_TRUE(refused(std::string("\xFF\xFF\x7F\x02", 4), good.exact()));  // a run beyond the last bucket
    EXPECT_TRUE(refused(std::string(9, '\xFF'), good.exact()));
}

}  // namespace
}  // namespace streamgauge
