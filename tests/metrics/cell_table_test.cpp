// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/cell_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace streamgauge {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

Cell merged(Aggregate aggregate, Cell into, const Cell& later) {
    merge_cell(aggregate, into, later);
    return into;
}

TEST(MergeCell, AddsSumsAndCounts) {
    for (const Aggregate aggregate : {Aggregate::Count, Aggregate::Sum, Aggregate::Avg, Aggregate::Gauge})
        EXPECT_EQ(merged(aggregate, {5, 2, 1, {}}, {-7, 3, 0, {}}), (Cell{-2, 5, 1, {}}));
}

TEST(MergeCell, HoldsSumsAtTheEnds) {
    EXPECT_EQ(merged(Aggregate::Sum, {kMost - 1, 1, 0, {}}, {2, 1, 0, {}}).value, kMost);
    EXPECT_EQ(merged(Aggregate::Sum, {kLeast + 1, 1, 0, {}}, {-2, 1, 0, {}}).value, kLeast);
    EXPECT_EQ(merged(Aggregate::Sum, {kMost, 2, 0, {}}, {-5, 1, 0, {}}).value, kMost);
    EXPECT_EQ(merged(Aggregate::Sum, {-5, 1, 0, {}}, {kMost, 2, 0, {}}).value, kMost);
    EXPECT_EQ(merged(Aggregate::Min, {kMost, 1, 0, {}}, {4, 1, 0, {}}).value, 4);
}

TEST(MergeCell, TakesTheSmallestAndLargestOfWhatHasValues) {
    const Cell none{0, 0, 1, {}}, three{3, 2, 0, {}}, nine{9, 1, 0, {}}, below{-4, 1, 0, {}};
    EXPECT_EQ(merged(Aggregate::Min, none, three), (Cell{3, 2, 1, {}}));
    EXPECT_EQ(merged(Aggregate::Min, three, none), (Cell{3, 2, 1, {}}));
    EXPECT_EQ(merged(Aggregate::Min, three, below), (Cell{-4, 3, 0, {}}));
    EXPECT_EQ(merged(Aggregate::Min, three, nine), (Cell{3, 3, 0, {}}));
    EXPECT_EQ(merged(Aggregate::Max, none, below), (Cell{-4, 1, 1, {}}));
    EXPECT_EQ(merged(Aggregate::Max, below, none), (Cell{-4, 1, 1, {}}));
    EXPECT_EQ(merged(Aggregate::Max, three, nine), (Cell{9, 3, 0, {}}));
}

TEST(MergeCell, KeepsTheTextOfTheNewestTimeAndOfEqualTimesTheLater) {
    EXPECT_EQ(merged(Aggregate::Last, {10, 1, 0, "a"}, {11, 1, 0, "b"}), (Cell{11, 2, 0, "b"}));
    EXPECT_EQ(merged(Aggregate::Last, {10, 1, 0, "a"}, {10, 1, 0, "b"}), (Cell{10, 2, 0, "b"}));
    EXPECT_EQ(merged(Aggregate::Last, {10, 1, 0, "a"}, {9, 1, 1, "b"}), (Cell{10, 2, 1, "a"}));
    EXPECT_EQ(merged(Aggregate::Last, {0, 0, 0, {}}, {-9, 1, 0, "b"}), (Cell{-9, 1, 0, "b"}));
    EXPECT_EQ(merged(Aggregate::Last, {-9, 1, 0, "b"}, {0, 0, 1, {}}), (Cell{-9, 1, 1, "b"}));
}

// Each aggregate against a map of cells, and folded into a wider tier in one go or in pieces.
TEST(CellTable, AddsAndFoldsAsAMapDoes) {
    for (int aggregate = 0; aggregate <= static_cast<int>(Aggregate::Gauge); ++aggregate) {
        const auto kind = static_cast<Aggregate>(aggregate);
        std::mt19937 random(7);
        const Windows wide(60);
        struct Owned {
            Cell cell;
            std::string text;
        };
        using Map = std::map<std::pair<std::int64_t, std::string>, Owned>;
        const auto put = [&](Map& map, std::int64_t window, const std::string& group, const Cell& cell) {
            const auto [row, fresh] = map.try_emplace({window, group}, Owned{cell, std::string(cell.text)});
            if (!fresh) {
                row->second.cell.text = row->second.text;
                merge_cell(kind, row->second.cell, cell);
                row->second.text = std::string(row->second.cell.text);
            }
            row->second.cell.text = row->second.text;
        };
        const auto expect_equal = [](const CellTable& table, const Map& map) {
            ASSERT_EQ(table.size(), map.size());
            auto wanted = map.begin();
            for (const std::uint32_t index : table.sorted()) {
                const CellTable::Row row = table[index];
                EXPECT_EQ(row.window, wanted->first.first);
                EXPECT_EQ(row.group, wanted->first.second);
                Cell cell = wanted->second.cell;
                cell.text = wanted->second.text;
                EXPECT_EQ(row.cell, cell);
                EXPECT_EQ(table.find(row.window, row.group), cell);
                ++wanted;
            }
        };
        CellTable table(3, 0, kind), folded(3, 1, kind);
        Map map, folded_map;
        for (int round = 0; round < 3; ++round) {
            for (int i = 0; i < 10'000; ++i) {
                const std::string group = "p" + std::string(1, kGroupSeparator) + "g" + std::to_string(random() % 300);
                const std::int64_t time = static_cast<std::int64_t>(random() % 300) - 150;
                const std::int64_t window = floor_to({time}, 10).micros;
                std::string text;
                Cell cell{static_cast<std::int64_t>(random() % 11) - 5, 1, random() % 10 == 0 ? 1 : 0, {}};
                if (kind == Aggregate::Last) {
                    text.assign(random() % 40, static_cast<char>('a' + random() % 26));
                    cell.value = time;
                    cell.text = text;
                }
                table.add(window, group, cell);
                put(map, window, group, cell);
                if (floor_to({time}, 60).micros >= -120) put(folded_map, floor_to({time}, 60).micros, group, cell);
            }
            expect_equal(table, map);
            folded.add_all(table, wide, -120);
            expect_equal(folded, folded_map);
            EXPECT_EQ(table.find(99, "g1"), std::nullopt);
            table.clear();
            map.clear();
            EXPECT_TRUE(table.empty());
            EXPECT_EQ(table.find(0, "g1"), std::nullopt);
        }
    }
}

TEST(CellTable, KeepsARowThatAddsUpToZero) {
    CellTable table(1, 0, Aggregate::Gauge);
    table.add(0, "s", {1, 1, 0, {}});
    table.add(0, "s", {-1, 1, 0, {}});
    EXPECT_EQ(table.find(0, "s"), (Cell{0, 2, 0, {}}));
}

TEST(CellTable, TextsThatGrowLeaveNoMoreBehindThanTheyTake) {
    CellTable table(1, 0, Aggregate::Last);
    for (std::size_t size = 1; size <= 4'096; ++size)
        table.add(0, "g", {static_cast<std::int64_t>(size), 1, 0, std::string(size, 'x')});
    EXPECT_EQ(table.find(0, "g")->text, std::string(4'096, 'x'));
    EXPECT_LT(table.memory_bytes(), 10'000U);
}

TEST(CellTable, IsSortedByWindowThenGroupInByteOrder) {
    CellTable table(1, 0, Aggregate::Count);
    for (const char* group : {"b", "a", "\xc3\xa9", "B"})
        for (const std::int64_t window : {5, -5}) table.add(window, group, {1, 1, 0, {}});
    std::vector<std::pair<std::int64_t, std::string>> order;
    for (const std::uint32_t index : table.sorted())
        order.emplace_back(table[index].window, std::string(table[index].group));
    EXPECT_EQ(order,
              (std::vector<std::pair<std::int64_t, std::string>>{
                  {-5, "B"}, {-5, "a"}, {-5, "b"}, {-5, "\xc3\xa9"}, {5, "B"}, {5, "a"}, {5, "b"}, {5, "\xc3\xa9"}}));
}

}  // namespace
}  // namespace streamgauge
