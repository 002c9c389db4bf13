// SPDX-License-Identifier: GPL-3.0-or-later
// Texts of every length, some within an entry and some beside them, are told apart and found again.
#include "query/raw_rows.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace streamgauge::query {
namespace {

// Lengths 0 to 20, each with a last byte of zero, of one and of 255.
std::vector<std::string> texts() {
    std::vector<std::string> all{{}};
    for (std::size_t size = 1; size <= 20; ++size)
        for (const char last : {'\0', '\1', '\xff'}) {
            std::string text(size, '\0');
            text.back() = last;
            all.push_back(text);
        }
    return all;
}

TEST(RawIndex, TellsTextsOfEveryLengthApart) {
    RawIndex index(1'000, 100'000);
    const std::vector<std::string> all = texts();
    for (int again = 0; again < 2; ++again)
        for (std::int64_t number = 0; number < 3; ++number)
            for (std::size_t i = 0; i < all.size(); ++i)
                ASSERT_EQ(index.find_or_add(number, all[i]), static_cast<std::size_t>(number) * all.size() + i);
    ASSERT_EQ(index.size(), 3 * all.size());
    for (std::uint32_t entry = 0; entry < index.size(); ++entry) {
        EXPECT_EQ(index.text(entry), all[entry % all.size()]);
        EXPECT_EQ(index.number(entry), static_cast<std::int64_t>(entry / all.size()));
    }
    EXPECT_FALSE(index.contains(3, all.front()));
    EXPECT_FALSE(index.contains(0, std::string(21, '\0')));
}

TEST(RawIndex, CountsShortTextsAgainstItsRoom) {
    RawIndex index(1'000, 20);
    EXPECT_EQ(index.find_or_add(0, "12345678"), 0U);
    EXPECT_EQ(index.find_or_add(0, "123456789"), 1U);
    EXPECT_EQ(index.find_or_add(0, "abcd"), RawIndex::kNone);
    EXPECT_EQ(index.find_or_add(0, "abc"), 2U);
    EXPECT_EQ(index.find_or_add(0, "12345678"), 0U);
}

TEST(RawRows, PartsOfThreadsAddUp) {
    const RawLimits limits;
    RawAggregate aggregate;
    aggregate.aggregate = Aggregate::Count;
    const Watch watch;
    RawRows first(aggregate, limits, RawOrder::Any), second(aggregate, limits, RawOrder::Any);
    const auto add = [](RawRows& rows, int from, int to) {
        for (int i = from; i < to; ++i) {
            const std::string group = "user_" + std::to_string(i);
            RawRows::Input input;
            input.group = group;
            ASSERT_TRUE(rows.add(input));
        }
        ASSERT_TRUE(rows.settle());
    };
    add(first, 0, 20'000);
    add(second, 5'000, 30'000);
    ASSERT_TRUE(first.merge(second, watch));
    ASSERT_EQ(first.size(), 30'000U);
    const std::vector<Value> values = first.values({}, 0, watch);
    for (std::size_t row = 0; row < first.size(); ++row) {
        const int i = std::stoi(std::string(first.group(row).substr(5)));
        EXPECT_EQ(values[row].number, i >= 5'000 && i < 20'000 ? 2 : 1) << i;
    }
}

}  // namespace
}  // namespace streamgauge::query
