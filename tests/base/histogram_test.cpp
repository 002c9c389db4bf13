// SPDX-License-Identifier: GPL-3.0-or-later
// The histogram against an exact sort: every quantile within 0.1 %, whatever the distribution; merging and resetting.
#include "base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

namespace streamgauge {
namespace {

// The smallest value that at least quantile * n values do not exceed.
std::int64_t exact_quantile(const std::vector<std::int64_t>& sorted, double quantile) {
    const auto rank = static_cast<std::size_t>(std::ceil(quantile * static_cast<double>(sorted.size()) - 1e-9));
    return sorted[std::max<std::size_t>(rank, 1) - 1];
}

void expect_quantiles(const Histogram& histogram, std::vector<std::int64_t> values) {
    std::sort(values.begin(), values.end());
    for (const double q : {0.0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0}) {
        const auto exact = static_cast<double>(exact_quantile(values, q));
        EXPECT_NEAR(static_cast<double>(histogram.quantile_micros(q)), exact, exact * 0.001) << "quantile " << q;
    }
    EXPECT_EQ(histogram.count(), values.size());
    EXPECT_EQ(histogram.min_micros(), values.front());
    EXPECT_EQ(histogram.max_micros(), values.back());
}

using Draw = std::function<double(std::mt19937_64&)>;

class AgainstASort : public testing::TestWithParam<std::pair<const char*, Draw>> {};

TEST_P(AgainstASort, EveryQuantileIsWithinATenthOfAPercent) {
    std::mt19937_64 random(17);
    Histogram histogram;
    std::vector<std::int64_t> values;
    for (int i = 0; i < 50'000; ++i) {
        const auto value = static_cast<std::int64_t>(
            std::clamp(GetParam().second(random), 1.0, static_cast<double>(Histogram::kHighestMicros)));
        values.push_back(value);
        histogram.record(value);
    }
    expect_quantiles(histogram, values);
    double sum = 0;
    for (const std::int64_t v : values) sum += static_cast<double>(v);
    EXPECT_NEAR(histogram.mean_micros(), sum / static_cast<double>(values.size()), 1e-6 * histogram.mean_micros());
}

INSTANTIATE_TEST_SUITE_P(
    Histogram, AgainstASort,
    testing::Values(
        std::pair<const char*, Draw>{"Small", [](auto& r) { return std::uniform_real_distribution(1.0, 3000.0)(r); }},
        std::pair<const char*, Draw>{"Wide",
                                     [](auto& r) { return std::exp(std::uniform_real_distribution(0.0, 22.0)(r)); }},
        std::pair<const char*, Draw>{"Latency", [](auto& r) { return std::lognormal_distribution(6.5, 1.2)(r); }},
        std::pair<const char*, Draw>{
            "TwoPeaks", [](auto& r) { return r() % 100 == 0 ? 2e6 + double(r() % 9999) : 300.0 + double(r() % 20); }},
        std::pair<const char*, Draw>{"Constant", [](auto&) { return 123'457.0; }}),
    [](const auto& instance) { return std::string(instance.param.first); });

TEST(Histogram, EveryBucketHoldsItsValuesWithinATenthOfAPercent) {
    std::size_t last = 0;
    for (double at = 1; at < static_cast<double>(Histogram::kHighestMicros); at *= 1.0003) {
        const auto value = static_cast<std::int64_t>(at);
        const std::size_t bucket = Histogram::bucket_index(value);
        ASSERT_GE(bucket, last);
        last = bucket;
        const std::int64_t highest = Histogram::bucket_highest(bucket);
        ASSERT_GE(highest, value);
        ASSERT_LE(static_cast<double>(highest - value), 0.001 * static_cast<double>(value));
        ASSERT_EQ(Histogram::bucket_index(highest), bucket);
        ASSERT_EQ(Histogram::bucket_index(highest + 1), bucket + 1);
    }
    EXPECT_LT(Histogram::bucket_index(Histogram::kHighestMicros), Histogram().buckets().size());
}

TEST(Histogram, MergingIsRecordingBoth) {
    std::mt19937_64 random(3);
    Histogram a, b, both;
    std::vector<std::int64_t> values;
    for (int i = 0; i < 10'000; ++i) {
        const auto value = static_cast<std::int64_t>(random() % 1'000'000 + 1);
        values.push_back(value);
        (i % 3 == 0 ? a : b).record(value);
        both.record(value);
    }
    a.merge(b);
    a.merge(Histogram());
    expect_quantiles(a, values);
    EXPECT_EQ(a.buckets(), both.buckets());
    EXPECT_DOUBLE_EQ(a.mean_micros(), both.mean_micros());
}

TEST(Histogram, CountsWhatIsOutsideAtTheEdges) {
    Histogram h;
    h.record(0);
    h.record(-5);
    h.record(Histogram::kHighestMicros + 1, 2);
    EXPECT_EQ(h.count(), 4U);
    EXPECT_EQ(h.overflow(), 2U);
    EXPECT_EQ(h.min_micros(), 1);
    EXPECT_EQ(h.max_micros(), Histogram::kHighestMicros);
}

TEST(Histogram, EmptyAndResetAreTheSame) {
    Histogram h;
    EXPECT_EQ(h.quantile_micros(0.5), 0);
    EXPECT_EQ(h.mean_micros(), 0);
    h.record(50, 3);
    h.record(5'000'000);
    h.reset();
    EXPECT_EQ(h.count(), 0U);
    EXPECT_EQ(h.buckets(), Histogram().buckets());
    h.record(7);
    EXPECT_EQ(h.quantile_micros(1), 7);
    EXPECT_EQ(h.min_micros(), 7);
}

TEST(Histogram, CountsAtOrBelow) {
    Histogram h;
    for (std::int64_t v = 1; v <= 1000; ++v) h.record(v);
    EXPECT_EQ(h.count_at_or_below(0), 0U);
    EXPECT_EQ(h.count_at_or_below(1), 1U);
    EXPECT_EQ(h.count_at_or_below(500), 500U);
    EXPECT_EQ(h.count_at_or_below(1'000'000), 1000U);
}

}  // namespace
}  // namespace streamgauge
