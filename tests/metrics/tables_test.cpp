// SPDX-License-Identifier: GPL-3.0-or-later
// The two hash tables against the standard library's maps.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "metrics/decimal.h"
#include "metrics/delta_table.h"
#include "metrics/string_map.h"

namespace streamgauge {
namespace {

TEST(DeltaTable, AddsAsAMapDoes) {
    std::mt19937 random(7);
    DeltaTable table(3);
    for (int round = 0; round < 3; ++round) {
        std::map<std::pair<std::string, std::int64_t>, std::int64_t> expected;
        for (int i = 0; i < 20'000; ++i) {
            const std::string group = "g" + std::to_string(random() % 700);
            const auto window = static_cast<std::int64_t>(random() % 5) - 2;
            const auto delta = static_cast<std::int64_t>(random() % 11) - 5;
            table.add(window, group, delta);
            expected[{group, window}] += delta;
        }
        ASSERT_EQ(table.size(), expected.size());
        auto wanted = expected.begin();
        for (const std::uint32_t index : table.sorted()) {
            const DeltaTable::Row row = table[index];
            EXPECT_EQ(row.group, wanted->first.first);
            EXPECT_EQ(row.window, wanted->first.second);
            EXPECT_EQ(row.delta, wanted->second);
            EXPECT_EQ(table.find(row.window, row.group), row.delta);
            ++wanted;
        }
        EXPECT_EQ(table.find(99, "g1"), std::nullopt);
        table.clear();
        EXPECT_TRUE(table.empty());
        EXPECT_EQ(table.find(0, "g1"), std::nullopt);
    }
}

TEST(DeltaTable, KeepsARowThatAddsUpToZero) {
    DeltaTable table;
    table.add(0, "s", 1);
    table.add(0, "s", -1);
    EXPECT_EQ(table.find(0, "s"), 0);
}

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
