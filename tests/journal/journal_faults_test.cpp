// SPDX-License-Identifier: GPL-3.0-or-later
// Full disks, failing syncs, retention, and a writer that never rests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/sqlite.h"
#include "journal/append_queue.h"
#include "journal/journal_support.h"
#include "journal/retention.h"
#include "journal/span_reader.h"
#include "journal/sqlite_support.h"
#include "support/crash_vfs.h"
#include "support/eventually.h"

namespace streamgauge::test {
namespace {

constexpr std::int64_t kDay = 86'400'000'000;

class StoppedClock final : public Clock {
public:
    explicit StoppedClock(Timestamp now) : now_(now) {}
    Timestamp now() const override { return now_; }
    std::int64_t monotonic_nanos() const override { return now_.micros * 1000; }

private:
    Timestamp now_;
};

class FaultyDisk : public testing::Test {
protected:
    FaultyDisk() : disk(directory.path()), options(options_in(directory)) { options.vfs = disk.vfs_name(); }
    ScratchDirectory directory;
    CrashDisk disk;
    SqliteJournalOptions options;
};

TEST_F(FaultyDisk, AFullDiskIsRefusedAndForgottenWhenThereIsRoom) {
    options.dedup_memory_entries = 20;
    const auto journal = open_journal(options);
    int next = 0;
    const auto batch = [&](int events) {
        std::vector<std::string> out;
        for (int i = 0; i < events; ++i) out.push_back("id-" + std::to_string(next++));
        return out;
    };
    ASSERT_TRUE(append_ids(*journal, batch(10)).ok());
    for (int round = 0; round < 3; ++round) {
        disk.limit_bytes(disk.bytes() + 60'000);
        int good = 0;
        Result<Appended> result = Appended{};
        std::vector<std::string> last;
        const Offset before = journal->end();
        for (; good < 1000 && result.ok(); ++good) result = append_ids(*journal, last = batch(30));
        ASSERT_FALSE(result.ok());
        EXPECT_EQ(result.error().code, ErrorCode::Io);
        EXPECT_EQ(journal->end(), before + static_cast<Offset>(good - 1) * 30);
        disk.limit_bytes(1);  // what the keeper of dedup files frees meanwhile does not help
        EXPECT_FALSE(append_ids(*journal, last).ok()) << "still full";
        disk.limit_bytes(0);
        const auto again = append_ids(*journal, last);
        ASSERT_TRUE(again.ok());
        for (const Placement& p : again->placements) EXPECT_FALSE(p.duplicate) << "nothing of a failed request counts";
    }
    const JournalCounters c = journal->counters();
    EXPECT_EQ(c.accepted, journal->end() - 1);
    EXPECT_EQ(c.decoded, c.accepted);
    EXPECT_EQ(ids(*journal, 1).size(), journal->end() - 1);
    journal->close();
    const auto reopened = open_journal(options);
    EXPECT_EQ(reopened->counters().accepted, c.accepted);
    EXPECT_EQ(ids(*reopened, 1).size(), c.accepted);
}

TEST_F(FaultyDisk, AFailedSyncIsNotAcknowledgedAndOffsetsStayGapless) {
    const auto journal = open_journal(options);
    ASSERT_TRUE(append_ids(*journal, {"a"}).ok());
    for (int i = 0; i < 5; ++i) {
        disk.fail_syncs(1);
        const auto failed = append_ids(*journal, {"b" + std::to_string(i), "c"});
        ASSERT_FALSE(failed.ok());
        EXPECT_EQ(failed.error().code, ErrorCode::Io);
        const auto good = append_ids(*journal, {"b" + std::to_string(i)});
        ASSERT_TRUE(good.ok()) << good.error().describe();
        EXPECT_FALSE(good->placements[0].duplicate);
        EXPECT_EQ(good->placements[0].offset, static_cast<Offset>(i + 2));
    }
    disk.cut_power();
    journal->close();
    disk.restart();
    EXPECT_EQ(ids(*open_journal(options), 1), (std::vector<std::string>{"a", "b0", "b1", "b2", "b3", "b4"}));
}

TEST_F(FaultyDisk, ASpanThatCannotBeStartedIsStartedLater) {
    const auto journal = open_journal(options);
    ASSERT_TRUE(append_ids(*journal, {"a"}).ok());
    disk.limit_bytes(disk.bytes() + 5000);
    EXPECT_FALSE(append_ids(*journal, {"b"}, kStart.plus_micros(kDay)).ok());
    disk.limit_bytes(0);
    ASSERT_TRUE(append_ids(*journal, {"b"}, kStart.plus_micros(kDay)).ok());
    EXPECT_EQ(directory.files(".db"), 2U);
    EXPECT_EQ(ids(*journal, 1), (std::vector<std::string>{"a", "b"}));
}

// ---- retention -----------------------------------------------------------------------------------------------------

class RetentionTest : public testing::Test {
protected:
    RetentionTest() : options(options_in(directory)) {}
    void fill(Journal& journal, int days) {
        for (int day = 0; day < days; ++day) {
            AppendRequest request;
            for (int i = 0; i < 100; ++i)
                request.batch.add(event(std::to_string(day) + "-" + std::to_string(i), kStart.plus_micros(day * kDay)));
            request.rejected.push_back({7, "bad " + std::to_string(day), "user_id", 3, std::string("\0raw", 4)});
            request.source = "http /events";
            ASSERT_TRUE(append_request(journal, std::move(request)).ok());
        }
    }
    std::vector<std::string> column(const std::string& file, const std::string& query) {
        std::vector<std::string> out;
        auto connection = sql::open(directory.path() + "/" + file, false);
        EXPECT_TRUE(connection.ok());
        auto rows = sql::Statement::prepare(connection->get(), query);
        EXPECT_TRUE(rows.ok());
        while (rows->step().value_or(false)) out.emplace_back(rows->bytes(0));
        return out;
    }
    ScratchDirectory directory;
    SqliteJournalOptions options;
};

TEST_F(RetentionTest, OldSpansAreSealedAndUnlinkedAndTheirDeadLettersKept) {
    // What the seals must say, from a journal that keeps everything.
    std::vector<std::string> expected;
    {
        const auto keeping = open_journal(options);
        fill(*keeping, 6);
        keeping->close();
        SpanReader reader(directory.path(), {});
        for (const Offset first : {1U, 101U, 201U}) {
            const auto seal = reader.seal(first);
            ASSERT_TRUE(seal.ok());
            EXPECT_EQ(seal->events, 100U);
            EXPECT_EQ(seal->last, first + 99);
            expected.push_back(seal->sha256);
        }
        EXPECT_NE(expected[0], expected[1]);
    }
    options.retention_days = 2;
    const StoppedClock clock(kStart.plus_micros(5 * kDay));
    const auto journal = open_journal(options, clock);
    ASSERT_TRUE(eventually([&] { return directory.files(".db") == 3; }));
    EXPECT_EQ(journal->begin(), 301U);
    EXPECT_EQ(journal->end(), 601U);
    const auto gone = journal->read(300, 10);
    ASSERT_FALSE(gone.ok());
    EXPECT_EQ(gone.error().code, ErrorCode::NotFound);
    EXPECT_EQ(gone.error().offset, 301U);
    EXPECT_EQ(ids(*journal, 301).size(), 300U);
    EXPECT_EQ(journal->counters().accepted, 600U);
    EXPECT_EQ(journal->counters().invalid, 6U);
    journal->close();
    const std::string newest = "journal-00000000000000000501.db";
    EXPECT_EQ(column(newest, "SELECT sha256 FROM seal ORDER BY first_offset"), expected);
    EXPECT_THAT(column(newest, "SELECT reason FROM dead_letter ORDER BY id"),
                testing::ElementsAre("bad 0", "bad 1", "bad 2", "bad 5"));
    EXPECT_EQ(column(newest, "SELECT raw FROM dead_letter WHERE id = 1"),
              std::vector<std::string>{std::string("\0raw", 4)});
    const auto reopened = open_journal(options, clock);
    EXPECT_EQ(reopened->begin(), 301U);
    EXPECT_EQ(reopened->counters().accepted, 600U);
    fill(*reopened, 6);
    EXPECT_EQ(reopened->counters().duplicate, 300U) << "the ids of the last 48 hours are still known";
}

TEST_F(RetentionTest, DeadLettersThatAreKeptElsewhereAreNotCarriedOn) {
    {
        const auto keeping = open_journal(options);
        fill(*keeping, 5);
    }
    options.retention_days = 1;
    const StoppedClock late(kStart.plus_micros(4 * kDay));
    const StoppedClock early(kStart);
    const auto journal = open_journal(options, early);
    journal->dead_letters_kept_to(3);
    EXPECT_EQ(journal->next_dead_letter(), 6U);
    journal->close();
    // The mark is of this process only: whoever keeps letters elsewhere says so at each start.
    RetentionOptions keep;
    keep.directory = directory.path();
    keep.days = 1;
    SpanList spans;
    for (const Offset first : {1U, 101U, 201U, 301U, 401U}) spans.add(first);
    SpanReader reader(directory.path(), {});
    AppendQueue queue(1000, 1000);
    auto newest = SpanFile::open(directory.path() + "/journal-00000000000000000401.db", {});
    ASSERT_TRUE(newest.ok()) << newest.error().describe();
    Retention retention(
        keep, late, spans, reader, queue, [&]() -> SpanFile& { return *newest; }, [] { return 3; });
    std::thread writer([&] {
        std::vector<AppendRequest> requests;
        std::vector<std::function<void()>> errands;
        while (queue.take(10, requests, errands))
            for (const auto& errand : errands) errand();
    });
    retention.run();
    queue.close();
    writer.join();
    EXPECT_EQ(spans.all(), (std::vector<Offset>{301, 401}));
    EXPECT_THAT(column("journal-00000000000000000401.db", "SELECT reason FROM dead_letter ORDER BY id"),
                testing::ElementsAre("bad 2", "bad 4"));
}

TEST_F(RetentionTest, DeadLettersAreReadInOrderAndOnceWhileTheyAreCarriedOn) {
    {
        const auto keeping = open_journal(options);
        fill(*keeping, 6);
    }
    // A crash between the copy and the unlinking leaves them in both.
    {
        SpanReader reader(directory.path(), {});
        auto newest = SpanFile::open(directory.path() + "/journal-00000000000000000501.db", {});
        ASSERT_TRUE(newest.ok());
        ASSERT_TRUE(newest->begin().ok());
        const auto letters = reader.dead_letters(1, 0, 10);
        ASSERT_TRUE(letters.ok() && letters->size() == 1);
        ASSERT_TRUE(newest->insert(letters->front()).ok());
        ASSERT_TRUE(newest->commit(newest->totals()).ok());
    }
    const auto numbers = [](Journal& journal, std::uint64_t from, std::size_t max) {
        std::vector<std::uint64_t> out;
        const auto letters = journal.read_dead_letters(from, max);
        EXPECT_TRUE(letters.ok());
        for (const DeadLetter& letter : letters.value_or({})) {
            EXPECT_EQ(letter.reason, "bad " + std::to_string(letter.id - 1));
            out.push_back(letter.id);
        }
        return out;
    };
    {
        const auto journal = open_journal(options);
        EXPECT_EQ(numbers(*journal, 1, 100), (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6}));
        EXPECT_EQ(numbers(*journal, 1, 2), (std::vector<std::uint64_t>{1, 2}));
    }
    options.retention_days = 2;
    const StoppedClock clock(kStart.plus_micros(5 * kDay));
    const auto journal = open_journal(options, clock);
    // At every moment of the carrying on.
    while (directory.files(".db") > 3) ASSERT_EQ(numbers(*journal, 1, 4), (std::vector<std::uint64_t>{1, 2, 3, 4}));
    EXPECT_EQ(numbers(*journal, 1, 100), (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(numbers(*journal, 3, 2), (std::vector<std::uint64_t>{3, 4}));
}

TEST_F(RetentionTest, BySizeTheOldestGoFirstAndTheNewestStays) {
    options.span_bytes = 40'000;
    options.retention_bytes = 300'000;
    const auto journal = open_journal(options);
    for (int i = 0; i < 300; ++i) {
        std::vector<std::string> some;
        for (int k = 0; k < 50; ++k) some.push_back(std::to_string(i) + "-" + std::to_string(k));
        ASSERT_TRUE(append_ids(*journal, some).ok());
    }
    ASSERT_TRUE(eventually([&] { return directory.files(".db") <= 7; })) << directory.files(".db");
    EXPECT_GT(journal->begin(), 1U);
    EXPECT_EQ(journal->end(), 15'001U);
    EXPECT_EQ(ids(*journal, journal->begin()).size(), journal->end() - journal->begin());
    EXPECT_EQ(journal->counters().accepted, 15'000U);
    const auto again = append_ids(*journal, {"0-0", "299-49"});
    ASSERT_TRUE(again.ok());
    EXPECT_TRUE(again->placements[0].duplicate) << "dedup does not need the span";
    EXPECT_EQ(again->placements[0].offset, 1U);
    EXPECT_TRUE(again->placements[1].duplicate);
}

TEST_F(RetentionTest, ALogThatAReaderHoldsUpCountsAsMuchAsAFile) {
    options.span_bytes = 400'000;
    options.retention_bytes = 1'000'000;
    const auto journal = open_journal(options);
    ASSERT_TRUE(append_ids(*journal, {"first"}).ok());
    auto reader = sql::open(directory.path() + "/" + SpanFile::name(1), false);
    ASSERT_TRUE(reader.ok());
    ASSERT_TRUE(sql::execute(reader->get(), "BEGIN; SELECT COUNT(*) FROM event").ok());
    for (int i = 0; directory.files(".db") < 3 && journal->begin() == 1; ++i) {
        ASSERT_LT(i, 2'000);
        std::vector<std::string> some;
        for (int k = 0; k < 50; ++k) some.push_back(std::to_string(i) + "-" + std::to_string(k));
        ASSERT_TRUE(append_ids(*journal, some).ok());
    }
    // The files alone, with what the newest may grow by, are within the bound.
    EXPECT_TRUE(eventually([&] { return journal->begin() > 1; })) << directory.files(".db");
}

// ---- the write-ahead log -------------------------------------------------------------------------------------------

TEST(WriteAheadLog, StaysBoundedUnderAWriterThatNeverRestsAndReadersBesideIt) {
    ScratchDirectory directory;
    SqliteJournalOptions options = options_in(directory);
    options.log_pages = 256;
    options.recent_bytes = 1;
    const auto journal = open_journal(options);
    std::atomic<bool> done{false};
    std::thread reader([&] {
        for (Offset at = 1; !done;) {
            const auto run = journal->read(at, 500);
            ASSERT_TRUE(run.ok()) << run.error().describe();
            if (*run) at = (*run)->next();
        }
    });
    std::uintmax_t largest = 0;
    const std::string log = directory.path() + "/journal-00000000000000000001.db-wal";
    std::atomic<int> in_flight{0};
    const std::string props = R"({"x":")" + std::string(400, 'x') + R"("})";
    for (int i = 0; i < 600; ++i) {
        AppendRequest request;
        for (int k = 0; k < 100; ++k) {
            const std::string id = std::to_string(i) + "-" + std::to_string(k);
            EventView v = event(id);
            v.props = props;
            request.batch.add(v);
        }
        request.done = [&](const Result<Appended>& result, const EventBatch&) {
            EXPECT_TRUE(result.ok());
            --in_flight;
        };
        ++in_flight;
        ASSERT_TRUE(journal->append(std::move(request)));
        while (in_flight > 4) std::this_thread::yield();
        std::error_code ignored;
        const auto size = std::filesystem::file_size(log, ignored);
        if (!ignored) largest = std::max(largest, size);
    }
    journal->close();
    done = true;
    reader.join();
    EXPECT_EQ(journal->end(), 60'001U);
    EXPECT_GT(std::filesystem::file_size(directory.path() + "/journal-00000000000000000001.db"), 20'000'000U);
    EXPECT_LT(largest, 12U * 256U * 4096U);
}

}  // namespace
}  // namespace streamgauge::test
