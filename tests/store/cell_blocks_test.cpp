// SPDX-License-Identifier: GPL-3.0-or-later
// Cells in blocks are the cells that rows would be: whatever is committed, packed, corrected, expired and dropped.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <tuple>

#include "base/sqlite.h"
#include "store/cell_block.h"
#include "store/plain_rows.h"
#include "store/sqlite_result_store.h"
#include "support/temporary_directory.h"

namespace streamgauge::test {
namespace {

std::vector<PlainCell> read_all(std::string_view bytes, bool& corrupt) {
    std::vector<PlainCell> cells;
    Result<CellBlockReader> reader = CellBlockReader::open(bytes);
    corrupt = !reader.ok();
    while (!corrupt) {
        const Result<bool> there = reader->next();
        corrupt = !there.ok();
        if (corrupt || !there.value()) break;
        const Cell& cell = reader->cell();
        cells.push_back({reader->window(), std::string(reader->group()), cell.value, cell.count, cell.late,
                         std::string(cell.text)});
    }
    return cells;
}

std::string random_group(std::mt19937& random) {
    std::string group = random() % 3 == 0 ? "shop" : "default";
    group += '\0';
    group += "/page/" + std::to_string(random() % 300);
    return group;
}

TEST(CellBlock, ReadsWhatWasWrittenAndNothingElse) {
    std::mt19937 random(11);
    for (const Aggregate aggregate : {Aggregate::Count, Aggregate::Sum, Aggregate::Min, Aggregate::Last}) {
        std::map<std::pair<std::int64_t, std::string>, PlainCell> cells;
        for (int i = 0; i < 400; ++i) {
            PlainCell cell{static_cast<std::int64_t>(random() % 9) * 86'400'000'000 - 3'000'000'000'000,
                           random_group(random),
                           static_cast<std::int64_t>(random()) - 2'000'000'000,
                           static_cast<std::int64_t>(random() % 5),
                           random() % 10 == 0 ? 1 : 0,
                           aggregate == Aggregate::Last ? std::string(random() % 20, 't') : std::string()};
            if (random() % 2 == 0) cell.value = cell.count;
            if (random() % 50 == 0) cell.value = std::numeric_limits<std::int64_t>::min();
            cells.insert({{cell.window, cell.group}, cell});
        }
        CellBlockWriter writer(aggregate);
        std::vector<PlainCell> expected;
        for (const auto& [key, cell] : cells) {
            writer.add(cell.window, cell.group, {cell.value, cell.count, cell.late, cell.text});
            expected.push_back(cell);
        }
        EXPECT_EQ(writer.first_window(), expected.front().window);
        EXPECT_EQ(writer.last_group(), expected.back().group);
        const std::string bytes = writer.take();
        bool corrupt = false;
        EXPECT_EQ(read_all(bytes, corrupt), expected);
        EXPECT_FALSE(corrupt);
        for (std::size_t size = 0; size < bytes.size(); size += 1 + random() % 50) {
            read_all(std::string_view(bytes).substr(0, size), corrupt);
            EXPECT_TRUE(corrupt) << "cut off at " << size;
        }
        // Other bytes are refused or other cells, in order.
        for (int i = 0; i < 3'000; ++i) {
            std::string other = bytes;
            other[random() % other.size()] ^= static_cast<char>(1 + random() % 255);
            const std::vector<PlainCell> found = read_all(other, corrupt);
            for (std::size_t j = 1; j < found.size(); ++j)
                ASSERT_LT(std::tie(found[j - 1].window, found[j - 1].group), std::tie(found[j].window, found[j].group));
            ASSERT_TRUE(corrupt || found != expected || other[1] != bytes[1]);
        }
    }
}

// A store that packs and one that is told of no closed window.
class CellBlocks : public ::testing::Test {
protected:
    void SetUp() override {
        packs_ = open_store("packs");
        rows_ = open_store("rows");
        epochs_ = {packs_->acquire()->epoch, rows_->acquire()->epoch};
    }
    std::string path(const char* name) const { return (directory_.path / name).string(); }
    std::unique_ptr<ResultStore> open_store(const char* name) const {
        auto store = open_sqlite_result_store(path(name));
        EXPECT_TRUE(store.ok()) << store.error().describe();
        return std::move(store).value();
    }
    void reopen() {
        packs_.reset();
        rows_.reset();
        SetUp();
        number_ = 0;
    }
    void commit(const std::vector<std::vector<PlainCell>>& tables, Aggregate aggregate, std::int64_t closed_before,
                std::optional<TierExpiry> expiry = {}, bool drop = false) {
        ++number_;
        ++next_;
        for (const bool packs : {true, false}) {
            ResultCommit commit;
            commit.epoch = packs ? epochs_.first : epochs_.second;
            commit.number = number_;
            commit.expected_next = next_ - 1;
            commit.state.next = next_;
            if (drop) commit.dropped = {kMetric};
            for (std::size_t tier = 0; tier < tables.size(); ++tier) {
                CellTable& table =
                    commit.changes.cells.emplace_back(kMetric, static_cast<std::uint8_t>(tier), aggregate);
                for (const PlainCell& c : tables[tier])
                    table.add(c.window, c.group, {c.value, c.count, c.late, c.text});
                if (packs) table.set_closed_before(closed_before);
            }
            if (expiry) commit.changes.expired.push_back(*expiry);
            ASSERT_TRUE((packs ? packs_ : rows_)->commit(commit).ok());
        }
    }
    void tidy() {
        for (ResultStore* store : {packs_.get(), rows_.get()}) {
            for (;;) {
                const Result<bool> more = store->tidy();
                ASSERT_TRUE(more.ok()) << more.error().describe();
                if (!more.value()) break;
            }
        }
    }
    std::int64_t count(const char* store, const std::string& what) const {
        const sql::Connection connection = std::move(sql::open(path(store), false)).value();
        sql::Statement statement = std::move(sql::Statement::prepare(connection.get(), "SELECT " + what)).value();
        EXPECT_TRUE(statement.step().value());
        return statement.integer(0);
    }
    void expect_same(std::mt19937& random) {
        for (std::uint8_t tier = 0; tier < 2; ++tier) {
            const std::vector<PlainCell> cells = cells_of(*rows_, kMetric, tier);
            ASSERT_EQ(cells_of(*packs_, kMetric, tier), cells);
            const std::int64_t from = static_cast<std::int64_t>(random() % 40),
                               to = from + static_cast<std::int64_t>(random() % 10);
            std::string project = "shop";
            project += '\0';
            for (const std::string& prefix : {std::string(), project, std::string("none"), random_group(random)})
                ASSERT_EQ(cells_of(*packs_, kMetric, tier, from, to, prefix),
                          cells_of(*rows_, kMetric, tier, from, to, prefix));
            const auto packed = packs_->snapshot(), plain = rows_->snapshot();
            for (int i = 0; i < 20; ++i) {
                PlainCell asked{static_cast<std::int64_t>(random() % 50), random_group(random), 0, 0, 0, {}};
                if (i % 2 == 0 && !cells.empty()) asked = cells[random() % cells.size()];
                ASSERT_EQ((*packed)->cell(kMetric, tier, asked.window, asked.group).value(),
                          (*plain)->cell(kMetric, tier, asked.window, asked.group).value());
            }
            // The visit may end anywhere.
            std::size_t left = cells.empty() ? 0 : random() % cells.size(), seen = 0;
            ASSERT_TRUE((*packed)
                            ->cells(kMetric, tier, kNoWindow, 100, {},
                                    [&](auto, auto, const Cell&) {
                                        ++seen;
                                        return left-- > 0;
                                    })
                            .ok());
            ASSERT_LE(seen, cells.size());
        }
    }

    static constexpr MetricId kMetric = 7;
    TemporaryDirectory directory_;
    std::unique_ptr<ResultStore> packs_, rows_;
    std::pair<std::uint64_t, std::uint64_t> epochs_;
    std::uint64_t number_ = 0;
    Offset next_ = 1;
};

TEST_F(CellBlocks, AreTheCellsThatRowsWouldBe) {
    std::mt19937 random(5);
    for (const Aggregate aggregate : {Aggregate::Count, Aggregate::Sum, Aggregate::Max, Aggregate::Last}) {
        std::int64_t now = 3, expired = 0;
        for (int round = 0; round < 40; ++round) {
            std::vector<std::vector<PlainCell>> tables(2);
            for (std::size_t tier = 0; tier < 2; ++tier) {
                const int rows = random() % 4 == 0 ? 20 : 1'500;
                std::map<std::pair<std::int64_t, std::string>, PlainCell> cells;
                for (int i = 0; i < rows; ++i) {
                    // Most come to the newest windows, some long after theirs was closed, some to none.
                    const std::int64_t behind = random() % 20 == 0 ? static_cast<std::int64_t>(random() % 20)
                                                                   : static_cast<std::int64_t>(random() % 3);
                    const std::int64_t window = random() % 100 == 0 ? kNoWindow : std::max(expired, now - behind);
                    PlainCell cell{window,
                                   random_group(random),
                                   static_cast<std::int64_t>(random() % 1'000),
                                   1 + static_cast<std::int64_t>(random() % 3),
                                   behind > 2 ? 1 : 0,
                                   aggregate == Aggregate::Last ? "t" + std::to_string(random() % 1'000) : ""};
                    cells[{cell.window, cell.group}] = cell;
                }
                for (const auto& [key, cell] : cells) tables[tier].push_back(cell);
            }
            std::optional<TierExpiry> expiry;
            if (round % 7 == 6) {
                expired = std::max<std::int64_t>(0, now - 12);
                expiry = TierExpiry{kMetric, static_cast<std::uint8_t>(random() % 2), aggregate, expired};
            }
            commit(tables, aggregate, now - 1, expiry);
            if (random() % 3 != 0) tidy();
            expect_same(random);
            if (round == 20) reopen();
            now += static_cast<std::int64_t>(random() % 3);
        }
        tidy();
        EXPECT_GT(count("packs", "count(*) FROM cell_blocks"), 5);
        EXPECT_LT(count("packs", "count(*) FROM cells"), count("rows", "count(*) FROM cells") / 2);
        EXPECT_EQ(count("rows", "count(*) FROM cell_blocks"), 0);
        commit({}, aggregate, 0, {}, true);
        expect_same(random);
        tidy();
        expect_same(random);
        EXPECT_EQ(count("packs", "count(*) FROM cell_blocks"), 0);
        EXPECT_EQ(count("packs", "count(*) FROM cells"), 0);
    }
}

TEST_F(CellBlocks, AStoreOfTheLayoutBeforeIsBroughtUpToDate) {
    ResultCommit commit;
    commit.epoch = epochs_.first;
    commit.number = 1;
    commit.expected_next = 1;
    commit.state.next = 2;
    commit.changes.cells.emplace_back(kMetric, std::uint8_t{0}, Aggregate::Count).add(60, "a", {3, 3, 0, {}});
    commit.changes.sets.push_back(
        {8, Aggregate::Distinct, {{0, 60, "b", {true, "E12345678"}, 2}, {0, 60, "c", {true, "E"}, 0}}});
    ASSERT_TRUE(packs_->commit(commit).ok());
    const auto cells = cells_of(*packs_, kMetric);
    const auto sets = sets_of(*packs_, 8);
    ASSERT_EQ(sets.size(), 2U);
    packs_.reset();
    {
        const sql::Connection connection = std::move(sql::open(path("packs"), false)).value();
        ASSERT_TRUE(
            sql::execute(connection.get(),
                         "DROP TABLE cell_blocks; ALTER TABLE sets RENAME TO newer;"
                         "CREATE TABLE sets (metric INTEGER NOT NULL, tier INTEGER NOT NULL, window INTEGER NOT "
                         "NULL, grp BLOB NOT NULL, seq INTEGER NOT NULL, late INTEGER NOT NULL, data BLOB NOT "
                         "NULL, PRIMARY KEY (metric, tier, window, grp, seq)) WITHOUT ROWID;"
                         "INSERT INTO sets SELECT * FROM newer; DROP TABLE newer; PRAGMA user_version=2")
                .ok());
    }
    packs_ = open_store("packs");
    EXPECT_EQ(cells_of(*packs_, kMetric), cells);
    EXPECT_EQ(sets_of(*packs_, 8), sets);
    EXPECT_EQ(count("packs", "user_version FROM pragma_user_version"), 3);
    EXPECT_EQ(packs_->acquire()->state.next, 2U);
}

// Large sets are given without a copy when no other chunk of them follows.
TEST_F(CellBlocks, LargeSetsAreReadWithAllTheirChunks) {
    const auto hashes = [](char kind, std::size_t count) { return kind + std::string(8 * count, 'x'); };
    ResultCommit commit;
    commit.epoch = epochs_.first;
    std::vector<PlainSet> expected;
    for (std::uint64_t number = 1; number <= 3; ++number) {
        commit.number = number;
        commit.expected_next = number;
        commit.state.next = number + 1;
        commit.changes.sets.clear();
        MetricSets& sets = commit.changes.sets.emplace_back();
        sets.metric = 8;
        for (int group = 0; group < 6; ++group) {
            if (number > 1 && group % 2 == 0) continue;
            const std::string bytes = hashes(number == 1 ? 'E' : 'A', group < 4 ? 10'000 : 10);
            sets.writes.push_back({0, 60, std::to_string(group), {number == 1, bytes}, number});
            if (number == 1) expected.push_back({60, std::to_string(group), {}, 0});
            expected[static_cast<std::size_t>(group)].chunks.push_back(bytes);
            expected[static_cast<std::size_t>(group)].late += number;
        }
        ASSERT_TRUE(packs_->commit(commit).ok());
        EXPECT_EQ(sets_of(*packs_, 8), expected);
    }
}

}  // namespace
}  // namespace streamgauge::test
