// SPDX-License-Identifier: GPL-3.0-or-later
// The hash tables against the standard library's, and short texts against its functions.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>

#include "metrics/decimal.h"
#include "metrics/hash_set.h"
#include "metrics/short_text.h"
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

TEST(HashSet, SortsAnyHashes) {
    std::mt19937_64 random(5);
    for (const std::size_t size : {0U, 1U, 63U, 64U, 65U, 1'000U, 30'000U}) {
        // Even ones, and those that somebody chose to be close together.
        for (const std::uint64_t range : {~std::uint64_t{0}, std::uint64_t{1} << 40}) {
            HashSet hashes;
            std::set<std::uint64_t> expected;
            while (expected.size() < size) {
                const std::uint64_t hash = random() % range + 1;
                EXPECT_EQ(hashes.insert(hash), expected.insert(hash).second);
            }
            EXPECT_EQ(hashes.sorted(), std::vector<std::uint64_t>(expected.begin(), expected.end()));
        }
    }
}

TEST(ShortText, IsComparedAndCopiedWhole) {
    const std::string text = [] {
        std::string long_one;
        for (int i = 0; i < 100; ++i) long_one += static_cast<char>('!' + i % 90);
        return long_one;
    }();
    for (std::size_t size = 0; size <= text.size(); ++size) {
        const std::string one = text.substr(0, size);
        EXPECT_TRUE(short_text::equal(one, text.substr(0, size)));
        EXPECT_FALSE(short_text::equal(one, one + 'x'));
        for (std::size_t at = 0; at < size; ++at) {
            std::string other = one;
            other[at] = '\x01';
            EXPECT_FALSE(short_text::equal(one, other)) << size << ' ' << at;
        }
        std::string copy(size + 1, '#');
        EXPECT_EQ(short_text::copy(one, copy.data()), copy.data() + size);
        EXPECT_EQ(copy, one + '#');
    }
}

}  // namespace
}  // namespace streamgauge
