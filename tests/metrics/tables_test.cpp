// SPDX-License-Identifier: GPL-3.0-or-later
// The hash table against the standard library's map.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "metrics/decimal.h"
#include "metrics/string_map.h"

namespace streamgauge {
namespace {

TEST(StringMap, HoldsWhatAMapHoldsThroughErasures) {
    std::mt19937 random(11);
    StringMap<int> map;
    std::map<std::string, int> expected;
    std::size_t cursor = 0;
    for (int step = 0; step < 50'000; ++step) {
        const std::string key = "key" + std::to_string(random() % 3'000);
        const auto [value, inserted] = map.find_or_insert(key);
        EXPECT_EQ(inserted, !expected.contains(key));
        *value = step;
        expected[key] = step;
        if (step % 10 == 0) {
            map.sweep(cursor, 20, [&](std::string_view name, int when) {
                if (when > step - 1'000) return false;
                EXPECT_EQ(expected.erase(std::string(name)), 1U);
                return true;
            });
        }
    }
    EXPECT_EQ(map.size(), expected.size());
    for (const auto& [key, value] : expected) {
        ASSERT_NE(map.find(key), nullptr) << key;
        EXPECT_EQ(*map.find(key), value);
    }
    std::size_t visited = 0;
    map.for_each([&](std::string_view, int) { ++visited; });
    EXPECT_EQ(visited, expected.size());
    EXPECT_EQ(map.find("nobody"), nullptr);
}

TEST(StringMap, OneRoundOfSweepingMeetsEveryEntry) {
    StringMap<int> map;
    for (int i = 0; i < 1'000; ++i) map.find_or_insert(std::to_string(i));
    std::size_t cursor = 5;
    map.sweep(cursor, map.slots() + map.size(), [](std::string_view, int) { return true; });
    EXPECT_EQ(map.size(), 0U);
}

}  // namespace
}  // namespace streamgauge
