// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/index_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace streamgauge::loadgen {
namespace {

TEST(IndexSet, IsASetWhateverIsDoneToIt) {
    constexpr std::uint32_t kBound = 20;
    IndexSet set(kBound);
    std::set<std::uint32_t> expected;
    std::mt19937 random(3);
    for (int i = 0; i < 20'000; ++i) {
        const auto index = static_cast<std::uint32_t>(random() % kBound);
        if (random() % 2 == 0) {
            set.add(index);
            expected.insert(index);
            EXPECT_TRUE(expected.size() > 1 || set.last() == index);
        } else {
            set.remove(index);
            expected.erase(index);
        }
        ASSERT_EQ(set.size(), expected.size());
        ASSERT_EQ(set.empty(), expected.empty());
        for (std::uint32_t member = 0; member < kBound; ++member) ASSERT_EQ(set.has(member), expected.contains(member));
        ASSERT_TRUE(expected.empty() || expected.contains(set.next()));
    }
}

TEST(IndexSet, GivesEachInTurn) {
    IndexSet set(3);
    for (const std::uint32_t index : {0U, 1U, 2U}) set.add(index);
    std::set<std::uint32_t> seen;
    for (int i = 0; i < 3; ++i) seen.insert(set.next());
    EXPECT_EQ(seen.size(), 3U);
}

}  // namespace
}  // namespace streamgauge::loadgen
