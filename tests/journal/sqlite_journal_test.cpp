// SPDX-License-Identifier: GPL-3.0-or-later
// The SQLite journal: the contract, and what is its own: restarts, spans, retention, dedup files, back-pressure.
#include "journal/sqlite_journal.h"

#include "journal/journal_contract.h"
#include "journal/sqlite_support.h"

namespace streamgauge::test {
namespace {

// A journal that takes its directory with it.
class Disposable final : public Journal {
public:
    explicit Disposable(std::function<void(SqliteJournalOptions&)> adjust) {
        SqliteJournalOptions options = options_in(directory_);
        adjust(options);
        journal_ = open_journal(options);
    }
    bool append(AppendRequest&& request) override { return journal_->append(std::move(request)); }
    Result<std::shared_ptr<const CommittedBatch>> read(Offset from, std::size_t max) override {
        return journal_->read(from, max);
    }
    Result<std::vector<DeadLetter>> read_dead_letters(std::uint64_t from, std::size_t max) override {
        return journal_->read_dead_letters(from, max);
    }
    std::uint64_t next_dead_letter() const override { return journal_->next_dead_letter(); }
    Offset end() const override { return journal_->end(); }
    Offset begin() const override { return journal_->begin(); }
    JournalCounters counters() const override { return journal_->counters(); }
    std::size_t pending() const override { return journal_->pending(); }
    void on_commit(std::function<void()> listener) override { journal_->on_commit(std::move(listener)); }
    void close() override { journal_->close(); }

private:
    ScratchDirectory directory_;
    std::unique_ptr<Journal> journal_;
};

JournalMaker maker(const std::string& name, std::function<void(SqliteJournalOptions&)> adjust) {
    return {name, [adjust] { return std::make_unique<Disposable>(adjust); }};
}

INSTANTIATE_TEST_SUITE_P(
    Sqlite, JournalContract,
    testing::Values(maker("Default", [](SqliteJournalOptions&) {}),
                    maker("ReadFromDisk", [](SqliteJournalOptions& o) { o.recent_bytes = 1; }),
                    maker("ManySpans",
                          [](SqliteJournalOptions& o) {
                              o.recent_bytes = 1;
                              o.span_bytes = 1;
                          }),
                    maker("TinyDedupTables", [](SqliteJournalOptions& o) { o.dedup_memory_entries = 3; }),
                    maker("OneRequestPerCommit", [](SqliteJournalOptions& o) { o.commit_events = 1; })),
    [](const auto& instance) { return instance.param.name; });

std::vector<std::string> numbered(int from, int to) {
    std::vector<std::string> out;
    for (int i = from; i < to; ++i) out.push_back("id-" + std::to_string(i));
    return out;
}

class SqliteJournalTest : public testing::Test {
protected:
    SqliteJournalTest() : options(options_in(directory)) {}
    ScratchDirectory directory;
    SqliteJournalOptions options;
};

TEST_F(SqliteJournalTest, ARestartKeepsEventsCountersAndIds) {
    for (int round = 0; round < 3; ++round) {
        const auto journal = open_journal(options);
        ASSERT_EQ(journal->end(), static_cast<Offset>(1 + 100 * round));
        ASSERT_TRUE(append_ids(*journal, numbered(100 * round, 100 * round + 100)).ok());
        const auto again = append_ids(*journal, numbered(0, 100 * round + 100));
        ASSERT_TRUE(again.ok());
        for (std::size_t i = 0; i < again->placements.size(); ++i) {
            EXPECT_TRUE(again->placements[i].duplicate);
            EXPECT_EQ(again->placements[i].offset, i + 1);
        }
    }
    const auto journal = open_journal(options);
    EXPECT_EQ(ids(*journal, 1), numbered(0, 300));
    EXPECT_EQ(journal->counters().accepted, 300U);
    EXPECT_EQ(journal->counters().duplicate, 600U);
    EXPECT_EQ(journal->counters().decoded, 900U);
}

TEST_F(SqliteJournalTest, IdsInFilesAreKnownBeforeAndAfterRestarts) {
    options.dedup_memory_entries = 50;
    for (int round = 0; round < 3; ++round) {
        const auto journal = open_journal(options);
        for (int i = 0; i < 10; ++i)
            ASSERT_TRUE(append_ids(*journal, numbered(round * 300 + i * 30, round * 300 + i * 30 + 30)).ok());
        const auto again = append_ids(*journal, numbered(0, round * 300 + 300));
        ASSERT_TRUE(again.ok());
        for (std::size_t i = 0; i < again->placements.size(); ++i)
            ASSERT_EQ(again->placements[i].offset, i + 1) << again->placements[i].duplicate;
    }
    EXPECT_GT(directory.files(".run"), 3U);
}

TEST_F(SqliteJournalTest, DamagedAndMissingDedupFilesAreMadeAgain) {
    options.dedup_memory_entries = 50;
    { ASSERT_TRUE(append_ids(*open_journal(options), numbered(0, 200)).ok()); }
    for (int i = 0; i < 8; ++i) {
        const auto journal = open_journal(options);
        ASSERT_TRUE(append_ids(*journal, numbered(200 + i * 60, 260 + i * 60)).ok());
    }
    int file_number = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory.path())) {
        if (!file.path().string().ends_with(".run")) continue;
        if (++file_number % 2 == 0)
            std::filesystem::remove(file.path());
        else
            std::filesystem::resize_file(file.path(), std::filesystem::file_size(file.path()) / 2);
    }
    ASSERT_GT(file_number, 2);
    const auto journal = open_journal(options);
    const auto again = append_ids(*journal, numbered(0, 680));
    ASSERT_TRUE(again.ok());
    for (std::size_t i = 0; i < again->placements.size(); ++i) ASSERT_EQ(again->placements[i].offset, i + 1);
}

TEST_F(SqliteJournalTest, ADedupFileThatIsDamagedInsideIsMendedWhileRunning) {
    options.dedup_memory_entries = 300;
    const auto journal = open_journal(options);
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(append_ids(*journal, numbered(i * 50, i * 50 + 50)).ok());
    for (int tries = 0; directory.files(".run") < 3 && tries < 100'000; ++tries) std::this_thread::yield();
    ASSERT_GE(directory.files(".run"), 3U);
    ASSERT_TRUE(append_ids(*journal, {"taken over by the writer"}).ok());
    for (const auto& file : std::filesystem::directory_iterator(directory.path())) {
        if (!file.path().string().ends_with(".run")) continue;
        std::FILE* bytes = std::fopen(file.path().c_str(), "r+");
        ASSERT_NE(bytes, nullptr);
        for (const long at : {4096 + 100, 8192 + 100}) {  // in the first and the second block of entries
            std::fseek(bytes, at, SEEK_SET);
            std::fputs("damage", bytes);
        }
        std::fclose(bytes);
    }
    const auto again = append_ids(*journal, numbered(0, 1000));
    ASSERT_TRUE(again.ok()) << again.error().describe();
    for (std::size_t i = 0; i < again->placements.size(); ++i) ASSERT_EQ(again->placements[i].offset, i + 1);
    EXPECT_EQ(journal->end(), 1002U);
}

TEST_F(SqliteJournalTest, ANewDayStartsANewFile) {
    const auto journal = open_journal(options);
    constexpr std::int64_t kDay = 86'400'000'000;
    for (int day = 0; day < 3; ++day)
        ASSERT_TRUE(append_ids(*journal, numbered(day * 10, day * 10 + 10), kStart.plus_micros(day * kDay)).ok());
    ASSERT_TRUE(append_ids(*journal, numbered(30, 40), kStart.plus_micros(kDay)).ok()) << "a clock that went back";
    EXPECT_EQ(directory.files(".db"), 3U);
    EXPECT_TRUE(std::filesystem::exists(directory.path() + "/journal-00000000000000000011.db"));
    EXPECT_EQ(ids(*journal, 1), numbered(0, 40));
    journal->close();
    EXPECT_EQ(ids(*open_journal(options), 5), numbered(4, 40));
}

TEST_F(SqliteJournalTest, RefusesWhatIsNoJournal) {
    std::filesystem::create_directories(directory.path());
    std::FILE* file = std::fopen((directory.path() + "/journal-00000000000000000001.db").c_str(), "w");
    ASSERT_NE(file, nullptr);
    for (int i = 0; i < 1000; ++i) std::fputs("this is no database ", file);
    std::fclose(file);
    const auto journal = open_sqlite_journal(options, system_clock());
    ASSERT_FALSE(journal.ok());
    EXPECT_EQ(journal.error().code, ErrorCode::Corrupt);
}

TEST_F(SqliteJournalTest, AFullQueueRefusesAndRecovers) {
    options.queue_events = 10;
    const auto journal = open_journal(options);
    // The writer is held in the first callback, so that the queue fills.
    std::promise<void> entered, release;
    AppendRequest blocker;
    blocker.batch.add(event("blocker"));
    blocker.done = [&](Result<Appended>, const EventBatch&) {
        entered.set_value();
        release.get_future().wait();
    };
    ASSERT_TRUE(journal->append(std::move(blocker)));
    entered.get_future().wait();
    const auto request = [](int number, int events) {
        AppendRequest r;
        for (int i = 0; i < events; ++i) r.batch.add(event(std::to_string(number) + "-" + std::to_string(i)));
        return r;
    };
    EXPECT_TRUE(journal->append(request(1, 6)));
    EXPECT_TRUE(journal->append(request(2, 4)));
    EXPECT_EQ(journal->pending(), 10U);
    EXPECT_FALSE(journal->append(request(3, 1)));
    release.set_value();
    journal->close();
    EXPECT_EQ(journal->end(), 12U);
    EXPECT_EQ(journal->pending(), 0U);
}

}  // namespace
}  // namespace streamgauge::test
