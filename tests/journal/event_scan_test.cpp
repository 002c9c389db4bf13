// SPDX-License-Identifier: GPL-3.0-or-later
// Scans of stored events say what read() says: over files, in memory, while events arrive and while retention removes.
#include "journal/event_scan.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <thread>

#include "journal/journal_support.h"
#include "journal/sqlite_support.h"
#include "support/manual_clock.h"
#include "support/memory_journal.h"

namespace streamgauge::test {
namespace {

struct Row {
    Offset offset;
    std::string project, id, type, user, session, page, props;
    std::int64_t occurred, received;
    std::int32_t version;
    bool bot, off_schema;
    bool operator==(const Row&) const = default;
    std::int64_t time(bool activity) const { return activity ? std::min(occurred, received) : occurred; }
};

Row row_of(Offset offset, std::string_view project, const EventView& e) {
    return {offset,
            std::string(project),
            std::string(e.event_id),
            std::string(e.event_type),
            std::string(e.user_id),
            std::string(e.session_id),
            std::string(e.page_url),
            std::string(e.props),
            e.occurred_at.micros,
            e.received_at.micros,
            e.schema_version,
            e.bot,
            e.off_schema};
}

class Collector final : public EventVisitor {
public:
    void visit(Offset offset, std::string_view project, const EventView& event) override {
        rows.push_back(row_of(offset, project, event));
    }
    std::vector<Row> rows;
};

std::vector<Row> scanned(EventScan& scan, const ScanRequest& request, Offset end, std::size_t* pieces_read = nullptr) {
    const std::atomic<bool> stop{false};
    Collector collector;
    const auto pieces = scan.pieces(request, end);
    EXPECT_TRUE(pieces.ok());
    if (!pieces.ok()) return {};
    for (const ScanPiece& piece : *pieces) {
        EXPECT_LE(piece.to - piece.from, kScanPieceEvents);
        const auto read = scan.visit(piece, request, collector, stop);
        EXPECT_TRUE(read.ok() && *read);
    }
    if (pieces_read != nullptr) *pieces_read = pieces->size();
    return collector.rows;
}

std::vector<Row> read_all(Journal& journal) {
    std::vector<Row> rows;
    for (Offset at = journal.begin(); at < journal.end();) {
        const auto run = journal.read(at, 1000);
        if (!run.ok() || !*run) break;
        for (; at < (*run)->next(); ++at)
            rows.push_back(row_of(at, (*run)->batch.project(), (*run)->batch[at - (*run)->first]));
    }
    return rows;
}

// `days` of events of several projects, some dated hours before or ahead.
void fill(Journal& journal, std::size_t events, int days) {
    std::mt19937_64 random(7);
    const char* const projects[] = {"default", "shop", "_system"};
    for (std::size_t i = 0; i < events;) {
        EventBatch batch(projects[random() % 3]);
        for (const std::size_t last = std::min(events, i + 1 + random() % 700); i < last; ++i) {
            const std::string id = "id" + std::to_string(i),
                              user = random() % 3 == 0 ? "" : "u" + std::to_string(i % 50);
            const std::string props = random() % 4 == 0 ? "{}" : R"({"n":)" + std::to_string(i) + "}";
            EventView v = event(id, kStart.plus_micros(static_cast<std::int64_t>(i) * days * 86'400'000'000 /
                                                       static_cast<std::int64_t>(events)));
            const auto hours = static_cast<std::int64_t>(random() % 70) - 48;
            v.occurred_at = v.received_at.plus_micros(random() % 5 == 0 ? hours * 3'600'000'000 : -1000);
            v.user_id = user;
            v.props = props;
            v.schema_version = static_cast<std::int32_t>(random() % 5);
            v.bot = random() % 2 == 0;
            v.off_schema = random() % 3 == 0;
            batch.add(v);
        }
        ASSERT_TRUE(append_batch(journal, std::move(batch)).ok());
    }
}

void fill_more(Journal& journal) {
    EventBatch batch("shop");
    for (int i = 0; i < 500; ++i) {
        const std::string id = "more" + std::to_string(i);
        batch.add(event(id, kStart.plus_micros(4 * 86'400'000'000 + i)));
    }
    ASSERT_TRUE(append_batch(journal, std::move(batch)).ok());
}

void expect_scans_as_read(Journal& journal, bool reads_columns) {
    const std::vector<Row> all = read_all(journal);
    const auto scan = journal.scan();
    for (const char* const project : {"", "shop", "_system", "nobody"}) {
        for (const bool activity : {false, true}) {
            for (const int day : {-3, 0, 1, 2, 9}) {
                ScanRequest request;
                request.project = project;
                request.activity = activity;
                request.columns = column::kAll;
                if (day > -3) {
                    request.from_micros = kStart.micros + day * 86'400'000'000 + 12'345;
                    request.to_micros = request.from_micros + 40'000'000'000;
                }
                std::vector<Row> expected;
                for (const Row& row : all)
                    if ((request.project.empty() ? row.project != "_system" : row.project == project) &&
                        row.time(activity) >= request.from_micros && row.time(activity) < request.to_micros)
                        expected.push_back(row);
                EXPECT_EQ(scanned(*scan, request, journal.end()), expected) << project << activity << day;
            }
        }
    }
    ScanRequest some;
    some.columns = column::kUserId | column::kFlags;
    const std::vector<Row> rows = scanned(*scan, some, journal.end());
    ASSERT_FALSE(rows.empty());
    for (const Row& row : rows) {
        const Row& whole = all[row.offset - all.front().offset];
        EXPECT_EQ(row.user, whole.user);
        EXPECT_EQ(row.bot, whole.bot);
        EXPECT_EQ(row.occurred, whole.occurred);
        EXPECT_TRUE(!reads_columns || (row.id + row.type + row.page + row.props).empty());
    }
}

TEST(EventScan, SaysOverFilesWhatReadingSays) {
    const ScratchDirectory directory;
    const auto journal = open_journal(options_in(directory));
    fill(*journal, 40'000, 4);
    EXPECT_GE(directory.files(".db"), 4U);
    expect_scans_as_read(*journal, true);
    expect_scans_as_read(*journal, true);  // now with what is known of the pieces
}

// Files that hold all that is committed are read by their pages; rows there may be longer than a page.
TEST(EventScan, SaysByPagesWhatReadingSays) {
    const ScratchDirectory directory;
    std::vector<Row> all;
    {
        const auto journal = open_journal(options_in(directory));
        fill(*journal, 8'000, 4);
        std::mt19937_64 random(11);
        for (int batch = 0; batch < 30; ++batch) {
            EventBatch events("shop");
            for (int i = 0; i < 20; ++i) {
                const std::string id = "long" + std::to_string(batch * 20 + i);
                // Around what fits into a page, and around what is kept of a row in its leaf.
                const std::size_t sizes[] = {3'900, 4'061, 4'096, 4'500, 8'150, 12'300, 31'000};
                const std::string props =
                    R"({"x":")" + std::string(sizes[random() % 7] + random() % 200, static_cast<char>('a' + i)) + "\"}";
                EventView v = event(id, kStart.plus_micros(4 * 86'400'000'000 + batch * 1'000'000));
                v.props = props;
                events.add(v);
            }
            ASSERT_TRUE(append_batch(*journal, std::move(events)).ok());
        }
        all = read_all(*journal);
        journal->close();
    }
    const auto journal = open_journal(options_in(directory));
    for (const auto& file : std::filesystem::directory_iterator(directory.path()))
        if (file.path().filename().string().ends_with("-wal")) {
            EXPECT_EQ(file.file_size(), 0U) << "what is tested here needs a journal at rest";
        }
    ScanRequest request;
    request.columns = column::kAll;
    std::erase_if(all, [](const Row& row) { return row.project == "_system"; });
    EXPECT_EQ(scanned(*journal->scan(), request, journal->end()), all);
    expect_scans_as_read(*journal, true);
    // And again while events arrive, which are in the log and not in the file.
    fill_more(*journal);
    expect_scans_as_read(*journal, true);
}

TEST(EventScan, SaysInMemoryWhatReadingSays) {
    MemoryJournal journal;
    fill(journal, 3'000, 4);
    expect_scans_as_read(journal, false);
}

TEST(EventScan, LeavesOutPiecesThatAreNotInTheRange) {
    const ScratchDirectory directory;
    const auto journal = open_journal(options_in(directory));
    EventBatch batch;
    const std::size_t events = 5 * kScanPieceEvents;
    for (std::size_t i = 0; i < events; ++i) {
        const std::string id = std::to_string(i);
        batch.add(event(id, kStart.plus_micros(static_cast<std::int64_t>(i) * 60'000'000)));
    }
    ASSERT_TRUE(append_batch(*journal, std::move(batch)).ok());
    ScanRequest request;
    request.from_micros = kStart.plus_micros(static_cast<std::int64_t>(2 * kScanPieceEvents) * 60'000'000).micros;
    request.to_micros = request.from_micros + 3'600'000'000;
    std::size_t first = 0, again = 0;
    EXPECT_EQ(scanned(*journal->scan(), request, journal->end(), &first).size(), 60U);
    EXPECT_EQ(scanned(*journal->scan(), request, journal->end(), &again).size(), 60U);
    EXPECT_LE(first, 5U);  // received 25 hours before at the most: what came earlier is not looked at
    EXPECT_LE(again, 2U);
}

TEST(EventScan, EndsWhenNobodyWaits) {
    const ScratchDirectory directory;
    const auto on_disk = open_journal(options_in(directory));
    MemoryJournal in_memory;
    for (Journal* const journal : {on_disk.get(), static_cast<Journal*>(&in_memory)}) {
        ASSERT_TRUE(append_ids(*journal, {"a", "b"}).ok());
        const auto scan = journal->scan();
        const auto pieces = scan->pieces({}, journal->end());
        ASSERT_EQ(pieces->size(), 1U);
        Collector collector;
        const auto read = scan->visit(pieces->front(), {}, collector, std::atomic<bool>{true});
        ASSERT_FALSE(read.ok());
        EXPECT_EQ(read.error().code, ErrorCode::Cancelled);
        EXPECT_TRUE(collector.rows.empty());
        EXPECT_TRUE(scan->visit(pieces->front(), {}, collector, std::atomic<bool>{false}).ok());
        EXPECT_EQ(collector.rows.size(), 2U);
    }
}

TEST(EventScan, GoesOnWhereRetentionRemovesFiles) {
    const ScratchDirectory directory;
    SqliteJournalOptions options = options_in(directory);
    ManualClock clock(kStart);
    {
        const auto journal = open_journal(options, clock);
        fill(*journal, 4'000, 4);
    }
    options.retention_days = 2;
    const auto journal = open_journal(options, clock);
    ScanRequest request;
    request.columns = column::kAll;
    const auto scan = journal->scan();
    const auto pieces = scan->pieces(request, journal->end());
    ASSERT_TRUE(pieces.ok());
    const Offset file = pieces->back().file;
    clock.set(kStart.plus_micros(5 * 86'400'000'000));
    EventBatch batch;
    batch.add(event("a later day", clock.now()));
    ASSERT_TRUE(append_batch(*journal, std::move(batch)).ok());
    for (int tries = 0; journal->begin() < file / 2 && tries < 1'000'000; ++tries) std::this_thread::yield();
    ASSERT_GT(journal->begin(), 1U);
    const std::atomic<bool> stop{false};
    Collector collector;
    std::size_t gone = 0;
    for (const ScanPiece& piece : *pieces) {
        const auto read = scan->visit(piece, request, collector, stop);
        ASSERT_TRUE(read.ok()) << read.error().describe();
        if (!*read) ++gone;
    }
    EXPECT_GE(gone, 1U);
    EXPECT_GE(collector.rows.size(), 1U);
    EXPECT_GT(collector.rows.front().offset, 1U);
}

TEST(EventScan, SeesEachEventOnceWhileOthersArrive) {
    const ScratchDirectory directory;
    SqliteJournalOptions options = options_in(directory);
    options.span_bytes = 200'000;
    options.log_pages = 64;
    const auto journal = open_journal(options);
    std::atomic<bool> done{false};
    std::thread writer([&] {
        for (int i = 0; i < 60; ++i) {
            EventBatch batch;
            for (int k = 0; k < 200; ++k) {
                const std::string id = std::to_string(i * 200 + k);
                batch.add(event(id));
            }
            EXPECT_TRUE(append_batch(*journal, std::move(batch)).ok());
        }
        done = true;
    });
    for (bool last = false; !last;) {
        last = done;
        const Offset end = journal->end();
        const std::vector<Row> rows = scanned(*journal->scan(), {}, end);
        ASSERT_EQ(rows.size(), end - 1);
        for (std::size_t i = 0; i < rows.size(); ++i) ASSERT_EQ(rows[i].offset, i + 1);
    }
    writer.join();
    EXPECT_EQ(scanned(*journal->scan(), {}, journal->end()).size(), 12'000U);
    EXPECT_GT(directory.files(".db"), 3U);
}

}  // namespace
}  // namespace streamgauge::test
