// SPDX-License-Identifier: GPL-3.0-or-later
// Rows read from a file's pages are those that SQLite reads, whatever their columns are; damaged files are errors or
// other rows, never anything worse.
#include "journal/table_pages.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "base/sqlite.h"
#include "journal/sqlite_support.h"

namespace streamgauge::test {
namespace {

constexpr std::size_t kColumns = 4;

struct Row {
    std::int64_t id = 0, number = 0;
    std::string text, blob;
    bool operator==(const Row&) const = default;
};

class Collector final : public TablePages::Visitor {
public:
    explicit Collector(std::size_t most = SIZE_MAX) : most_(most) {}
    bool visit(std::int64_t rowid, const StoredRow& row) override {
        rows.push_back({rowid, row.integer(1), std::string(row.bytes(2)), std::string(row.bytes(3))});
        return rows.size() < most_;
    }
    std::vector<Row> rows;

private:
    std::size_t most_;
};

// Integers of every width, texts of every kind of length, gaps between the rows.
std::vector<Row> make_file(const std::string& path, std::size_t count, std::uint64_t seed) {
    auto connection = sql::open(path, true).value();
    EXPECT_TRUE(sql::execute(connection.get(),
                             "PRAGMA page_size=4096; CREATE TABLE other(x); CREATE TABLE thing(id INTEGER PRIMARY KEY, "
                             "number INTEGER, text TEXT, blob BLOB); BEGIN")
                    .ok());
    auto insert = sql::Statement::prepare(connection.get(), "INSERT INTO thing VALUES(?1, ?2, ?3, ?4)").value();
    std::mt19937_64 random(seed);
    std::vector<Row> rows;
    std::int64_t id = 0;
    for (std::size_t i = 0; i < count; ++i) {
        id += 1 + static_cast<std::int64_t>(random() % 3);
        Row row{id, static_cast<std::int64_t>(random()) >> (random() % 64), {}, {}};
        row.text.assign(random() % 60, 'x');
        const std::size_t sizes[] = {0, 1, 57, 58, 127, 4'000, 4'061, 9'000, 40'000};
        if (random() % 20 == 0)
            for (std::size_t k = sizes[random() % 9]; k > 0; --k) row.blob += static_cast<char>('a' + (k + i) % 26);
        EXPECT_TRUE(
            insert.bind(1, row.id).bind(2, row.number).bind_text(3, row.text).bind_blob(4, row.blob).run().ok());
        rows.push_back(std::move(row));
    }
    EXPECT_TRUE(sql::execute(connection.get(), "COMMIT").ok());
    return rows;
}

TEST(TablePages, ReadsTheRowsThatSqliteReads) {
    const ScratchDirectory directory;
    for (const std::size_t count : {0U, 1U, 20U, 5'000U}) {
        const std::string path = directory.path() + "/" + std::to_string(count) + ".db";
        const std::vector<Row> all = make_file(path, count, count);
        const auto connection = sql::open(path, false).value();
        auto pages = TablePages::open(connection.get(), "thing", kColumns);
        ASSERT_TRUE(pages.ok()) << pages.error().describe();
        const std::int64_t last = all.empty() ? 0 : all.back().id;
        std::mt19937_64 random(3);
        for (int i = 0; i < 60; ++i) {
            const std::int64_t from =
                i == 0 ? 0 : static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(last + 2));
            const std::int64_t to = i == 0 ? last + 1 : from + static_cast<std::int64_t>(random() % 900);
            std::vector<Row> expected;
            for (const Row& row : all)
                if (row.id >= from && row.id < to) expected.push_back(row);
            Collector collector;
            ASSERT_TRUE(pages->visit(from, to, collector).ok());
            EXPECT_EQ(collector.rows, expected) << from << " to " << to;
        }
        Collector three(3);
        ASSERT_TRUE(pages->visit(0, last + 1, three).ok());
        EXPECT_EQ(three.rows.size(), std::min<std::size_t>(3, all.size())) << "a visitor that has enough";
    }
}

TEST(TablePages, TakesOnlyTablesThatItKnows) {
    const ScratchDirectory directory;
    const std::string path = directory.path() + "/some.db";
    make_file(path, 10, 1);
    const auto connection = sql::open(path, false).value();
    EXPECT_FALSE(TablePages::open(connection.get(), "nothing", kColumns).ok());
    EXPECT_FALSE(TablePages::open(connection.get(), "thing", kColumns - 1).ok());
    EXPECT_FALSE(TablePages::open(connection.get(), "thing", 99).ok());
    const auto wide = sql::open(directory.path() + "/wide.db", true).value();
    ASSERT_TRUE(
        sql::execute(wide.get(), "PRAGMA page_size=8192; CREATE TABLE thing(id INTEGER PRIMARY KEY, a, b, c)").ok());
    EXPECT_FALSE(TablePages::open(wide.get(), "thing", kColumns).ok());
}

TEST(TablePages, SurvivesDamage) {
    const ScratchDirectory directory;
    const std::string path = directory.path() + "/whole.db", damaged = directory.path() + "/damaged.db";
    make_file(path, 600, 5);
    std::ifstream in(path, std::ios::binary);
    const std::string whole((std::istreambuf_iterator<char>(in)), {});
    ASSERT_GT(whole.size(), 40'000U);
    std::mt19937_64 random(9);
    int errors = 0;
    for (int round = 0; round < 400; ++round) {
        std::string bytes = whole;
        // What SQLite itself needs to open the file, the first two pages, stays.
        for (std::uint64_t changes = 1 + random() % 30; changes > 0; --changes) {
            const std::size_t page = 2 + random() % (bytes.size() / 4096 - 2);
            const std::size_t at = random() % 2 == 0 ? random() % 64 : random() % 4096;  // often where the structure is
            bytes[page * 4096 + at] = static_cast<char>(random());
        }
        if (round % 10 == 0) bytes.resize(3 * 4096 + random() % (bytes.size() - 3 * 4096));
        std::ofstream(damaged, std::ios::binary | std::ios::trunc) << bytes;
        const auto connection = sql::open(damaged, false).value();
        auto pages = TablePages::open(connection.get(), "thing", kColumns);
        if (!pages.ok()) continue;
        Collector collector(100'000);
        errors += pages->visit(0, 1'000'000, collector).ok() ? 0 : 1;
    }
    EXPECT_GT(errors, 50);
}

}  // namespace
}  // namespace streamgauge::test
