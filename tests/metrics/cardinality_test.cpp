// SPDX-License-Identifier: GPL-3.0-or-later
// The memory of sets has a ceiling, whatever is sent, and what is beyond is labelled. `make bench PARTS=cardinality`
// sends more.
#include "metrics/cardinality.h"

#include <gtest/gtest.h>

namespace streamgauge::test {
namespace {

constexpr std::uint64_t kMany = 1'050'000;  // past what a state keeps exactly
constexpr std::uint64_t kSome = 150'000;

// Resident memory also has what the allocator keeps for later, and sanitizers' own: those are not measured.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kResidentMeansSomething = false;
#else
constexpr bool kResidentMeansSomething = true;
#endif

void expect_below_ceiling(const CardinalityRun& run) {
    // One value more takes no more than a state's largest step.
    EXPECT_LE(run.peak_bytes, run.limit + run.limit / 8) << run.name;
    if (kResidentMeansSomething) {
        EXPECT_LE(run.peak_resident, run.ceiling) << run.name;
    }
    EXPECT_GT(run.writes, 0U) << run.name;
    testing::Test::RecordProperty(run.name, std::to_string(run.peak_bytes >> 20) + " MiB, resident " +
                                                std::to_string(run.peak_resident >> 20) + " MiB");
}

TEST(Cardinality, OfDistinctUsersEndsInALabelledEstimate) {
    const CardinalityRun run = distinct_users(kMany);
    expect_below_ceiling(run);
    EXPECT_FALSE(run.distinct.exact);
    EXPECT_NEAR(run.distinct.relative_error, 0.0081, 0.0001);
    EXPECT_NEAR(static_cast<double>(run.distinct.count), static_cast<double>(kMany),
                static_cast<double>(kMany) * 4 * run.distinct.relative_error);
}

TEST(Cardinality, OfPagesEndsInCountsWithBounds) {
    const CardinalityRun run = top_pages(kSome);
    expect_below_ceiling(run);
    EXPECT_FALSE(run.top.exact);
    EXPECT_LE(run.top.missing_at_most, kSome / kTopItems + 1);
    ASSERT_GE(run.top.items.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_TRUE(run.top.items[i].value.starts_with("/home/")) << run.top.items[i].value;
        EXPECT_GE(run.top.items[i].count, kSome / 30);
        EXPECT_LE(run.top.items[i].count - run.top.items[i].error, kSome / 30 + 1);
    }
}

TEST(Cardinality, OfGroupsEndsInOneThatStandsForOthers) {
    const CardinalityRun run = distinct_by_group(kSome);
    expect_below_ceiling(run);
    EXPECT_GT(run.overflowed, kSome / 4);
    EXPECT_GT(run.other.count, kSome / 5);
}

TEST(Cardinality, OfLongValuesAndOfNumbersStaysBelow) {
    expect_below_ceiling(long_values_by_group(30'000));
    expect_below_ceiling(percentiles_by_group(50'000));
}

TEST(Cardinality, OfWindowsStaysBelow) {
    expect_below_ceiling(old_windows(100'000));
    expect_below_ceiling(windows_ahead(40'000));
}

}  // namespace
}  // namespace streamgauge::test
