// SPDX-License-Identifier: GPL-3.0-or-later
// The SQLite journal: the contract, and what is its own: restarts, spans, retention, dedup files, back-pressure.
#include "journal/sqlite_journal.h"

#include "base/sqlite.h"
#include "journal/journal_contract.h"
#include "journal/span_reader.h"
#include "journal/sqlite_support.h"
#include "support/manual_clock.h"

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
    void dead_letters_kept_to(std::uint64_t id) override { journal_->dead_letters_kept_to(id); }
    Offset end() const override { return journal_->end(); }
    Offset begin() const override { return journal_->begin(); }
    JournalCounters counters() const override { return journal_->counters(); }
    Result<EventPlace> find(std::string_view project, std::string_view id) override {
        return journal_->find(project, id);
    }
    Result<EventPlace> place(Offset offset) override { return journal_->place(offset); }
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

TEST_F(SqliteJournalTest, ABoundOnMemoryShortensTheHorizonAndSaysSo) {
    options.dedup_max_bytes = 128 * 1024;
    constexpr int kEvents = 60'000;
    {
        const auto journal = open_journal(options);
        const DedupFigures before = journal->dedup();
        EXPECT_EQ(before.known_seconds, before.wanted_seconds);
        EXPECT_EQ(before.wanted_seconds, 48 * 3600);
        // A second apart, so that all of them are within the horizon.
        for (int i = 0; i < kEvents; i += 500) {
            const Timestamp at{kStart.micros + i * Timestamp::kMicrosPerSecond};
            ASSERT_TRUE(append_ids(*journal, numbered(i, i + 500), at).ok());
        }
    }
    const auto journal = open_journal(options);
    const DedupFigures figures = journal->dedup();
    EXPECT_LT(figures.known_seconds, kEvents);
    EXPECT_GT(figures.known_seconds, 1'000);
    EXPECT_LE(figures.memory_bytes, options.dedup_max_bytes);
    const Timestamp now{kStart.micros + kEvents * Timestamp::kMicrosPerSecond};
    const int known = kEvents - static_cast<int>(figures.known_seconds) + 500;
    const auto repeats = append_ids(*journal, numbered(known, kEvents), now);
    ASSERT_TRUE(repeats.ok());
    for (const Placement& placement : repeats->placements) ASSERT_TRUE(placement.duplicate);
    const auto forgotten = append_ids(*journal, numbered(0, 100), now);
    ASSERT_TRUE(forgotten.ok());
    for (const Placement& placement : forgotten->placements) ASSERT_FALSE(placement.duplicate);
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

// A directory as the first version left it: two files, the newest of them to be written on.
void make_format_1(const std::string& directory) {
    const auto make = [&](const char* name, int first, int next, const char* letters) {
        auto connection = sql::open(directory + "/" + name, true);
        ASSERT_TRUE(connection.ok());
        std::string text = R"(
            PRAGMA journal_mode=WAL;
            CREATE TABLE event(
                "offset" INTEGER PRIMARY KEY, project TEXT NOT NULL, event_id TEXT NOT NULL,
                received_at INTEGER NOT NULL, flags INTEGER NOT NULL, occurred_at INTEGER NOT NULL,
                schema_version INTEGER NOT NULL, event_type TEXT NOT NULL, user_id TEXT NOT NULL,
                session_id TEXT NOT NULL, page_url TEXT NOT NULL, props TEXT NOT NULL);
            CREATE TABLE dead_letter(
                id INTEGER PRIMARY KEY, project TEXT NOT NULL, received_at INTEGER NOT NULL, source TEXT NOT NULL,
                item INTEGER NOT NULL, reason TEXT NOT NULL, field TEXT NOT NULL, byte_offset INTEGER NOT NULL,
                raw BLOB NOT NULL);
            CREATE TABLE seal(
                first_offset INTEGER PRIMARY KEY, last_offset INTEGER NOT NULL, events INTEGER NOT NULL,
                sha256 BLOB NOT NULL);
            CREATE TABLE totals(
                format INTEGER NOT NULL, first_offset INTEGER NOT NULL, next_offset INTEGER NOT NULL,
                decoded INTEGER NOT NULL, accepted INTEGER NOT NULL, duplicate INTEGER NOT NULL,
                invalid INTEGER NOT NULL, next_dead_letter INTEGER NOT NULL, dedup_secret BLOB NOT NULL);)";
        for (int at = first; at < next; ++at)
            text += "INSERT INTO event VALUES(" + std::to_string(at) + ", 'default', 'id-" + std::to_string(at - 1) +
                    "', 1770000000000000, 0, 1770000000000000, 1, 'view', 'u', 's', '/p', '{}');";
        text += letters;
        text += "INSERT INTO totals VALUES(1, " + std::to_string(first) + ", " + std::to_string(next) +
                ", 9, 5, 1, 3, 4, x'000102030405060708090a0b0c0d0e0f');";
        const Status done = sql::execute(connection->get(), text.c_str());
        ASSERT_TRUE(done.ok()) << done.error().describe();
    };
    make("journal-00000000000000000001.db", 1, 4,
         "INSERT INTO dead_letter VALUES(1, 'default', 5, '/events', 2, 'old', 'user_id', 7, x'00ff');"
         "INSERT INTO dead_letter VALUES(2, 'default', 6, '/events', 3, 'older', '', 8, 'raw');");
    make("journal-00000000000000000004.db", 4, 6,
         "INSERT INTO dead_letter VALUES(3, 'shop', 7, '/ingest', 0, 'new', '', 0, 'body');");
}

TEST_F(SqliteJournalTest, AJournalOfFormat1IsReadAndWrittenOn) {
    make_format_1(directory.path());
    for (int round = 0; round < 2; ++round) {
        const auto journal = open_journal(options);
        ASSERT_NE(journal, nullptr);
        EXPECT_EQ(ids(*journal, 1), numbered(0, 5 + round));
        EXPECT_EQ(journal->counters().invalid, 3U + static_cast<unsigned>(round) * 3);
        EXPECT_EQ(journal->counters().dead_letters_not_kept, static_cast<unsigned>(round) * 2);
        const auto letters = journal->read_dead_letters(1, 10);
        ASSERT_TRUE(letters.ok()) << letters.error().describe();
        ASSERT_EQ(letters->size(), 3U + static_cast<unsigned>(round));
        EXPECT_EQ((*letters)[0].raw, std::string("\0\xFF", 2));
        EXPECT_EQ((*letters)[0].reason, "old");
        EXPECT_EQ((*letters)[1].field, "");
        EXPECT_EQ((*letters)[2].project, "shop");
        for (std::size_t i = 0; i < 3; ++i) {
            EXPECT_EQ((*letters)[i].dialect, Dialect::Generic);
            EXPECT_EQ((*letters)[i].producer, "");
            EXPECT_FALSE((*letters)[i].raw_cut);
        }
        if (round == 1) {
            EXPECT_EQ((*letters)[3].producer, "somebody");
            EXPECT_EQ((*letters)[3].dialect, Dialect::Otlp);
            EXPECT_EQ(journal->find("default", "id-5")->source, "/v1/logs");
            for (Offset at = 1; at < 6; ++at) EXPECT_FALSE(journal->place(at)->dialect);
            break;
        }
        EXPECT_TRUE(append_ids(*journal, {"id-1"})->placements[0].duplicate);
        EXPECT_EQ(journal->find("default", "id-1")->source, "");
        AppendRequest request;
        request.batch.add(event("id-5"));
        request.source = "/v1/logs";
        request.dialect = Dialect::Otlp;
        request.producer = "somebody";
        request.rejected.push_back({0, "bad", "", 0, "raw"});
        request.rejected_not_kept = 2;
        ASSERT_TRUE(append_request(*journal, std::move(request)).ok());
    }
}

// As the version before this one left it.
void make_format_2(const std::string& directory) {
    auto connection = sql::open(directory + "/journal-00000000000000000001.db", true);
    ASSERT_TRUE(connection.ok());
    const Status done = sql::execute(connection->get(), R"(
        PRAGMA journal_mode=WAL;
        CREATE TABLE event(
            "offset" INTEGER PRIMARY KEY, project TEXT NOT NULL, event_id TEXT NOT NULL, received_at INTEGER NOT NULL,
            flags INTEGER NOT NULL, occurred_at INTEGER NOT NULL, schema_version INTEGER NOT NULL,
            event_type TEXT NOT NULL, user_id TEXT NOT NULL, session_id TEXT NOT NULL, page_url TEXT NOT NULL,
            props TEXT NOT NULL);
        CREATE TABLE dead_letter(
            id INTEGER PRIMARY KEY, project TEXT NOT NULL, received_at INTEGER NOT NULL, source TEXT NOT NULL,
            item INTEGER NOT NULL, reason TEXT NOT NULL, field TEXT NOT NULL, byte_offset INTEGER NOT NULL,
            dialect TEXT NOT NULL, producer TEXT NOT NULL, event_id TEXT NOT NULL, raw_cut INTEGER NOT NULL,
            raw BLOB NOT NULL);
        CREATE TABLE seal(
            first_offset INTEGER PRIMARY KEY, last_offset INTEGER NOT NULL, events INTEGER NOT NULL,
            sha256 BLOB NOT NULL);
        CREATE TABLE totals(
            format INTEGER NOT NULL, first_offset INTEGER NOT NULL, next_offset INTEGER NOT NULL,
            decoded INTEGER NOT NULL, accepted INTEGER NOT NULL, duplicate INTEGER NOT NULL, invalid INTEGER NOT NULL,
            next_dead_letter INTEGER NOT NULL, dedup_secret BLOB NOT NULL, dead_letters_not_kept INTEGER NOT NULL);
        INSERT INTO event VALUES(
            1, 'default', 'id-0', 1770000000000000, 12, 1770000000000000, 1, 'view', 'u', 's', '/p', '{}');
        INSERT INTO event VALUES(
            2, 'default', 'id-1', 1770000000000000, 3, 1770000000000000, 1, 'view', 'u', 's', '/p', '{}');
        INSERT INTO totals VALUES(2, 1, 3, 5, 2, 2, 1, 2, x'000102030405060708090a0b0c0d0e0f', 1);)");
    ASSERT_TRUE(done.ok()) << done.error().describe();
}

TEST_F(SqliteJournalTest, AJournalOfFormat2IsReadAndWrittenOnAndItsSealStaysTheSame) {
    make_format_2(directory.path());
    const std::string sealed = [&] {
        SpanReader reader(directory.path(), {});
        return reader.seal(1)->sha256;
    }();
    {
        const auto journal = open_journal(options);
        ASSERT_NE(journal, nullptr);
        EXPECT_EQ(ids(*journal, 1), numbered(0, 2));
        EXPECT_EQ(journal->counters().decoded, 5U);
        EXPECT_EQ(journal->counters().dead_letters_not_kept, 1U);
        EXPECT_EQ(journal->counters().system, 0U);
        EXPECT_FALSE(journal->place(1)->dialect);
        const auto run = journal->read(1, 10);
        EXPECT_TRUE((*run)->batch[0].bot && (*run)->batch[0].off_schema && !(*run)->batch[0].id_from_door);
        EXPECT_TRUE((*run)->batch[1].id_from_door && (*run)->batch[1].time_from_door);
    }
    SpanReader reader(directory.path(), {});
    EXPECT_EQ(reader.seal(1)->sha256, sealed);
    const auto journal = open_journal(options);
    EventBatch system{std::string(kSystemProject)};
    system.add(event("canary"));
    ASSERT_TRUE(append_batch(*journal, std::move(system)).ok());
    ASSERT_TRUE(append_ids(*journal, {"id-2"}).ok());
    EXPECT_EQ(journal->find("default", "id-2")->source, "test");
    EXPECT_EQ(journal->counters().system, 1U);
    EXPECT_EQ(journal->counters().accepted, 3U);
}

TEST_F(SqliteJournalTest, ASealDoesNotDependOnTheDoors) {
    std::vector<std::string> seals;
    for (const char* first : {"/events", "/ingest"}) {
        ScratchDirectory own;
        {
            const auto journal = open_journal(options_in(own));
            for (const std::string& source : {std::string(first), std::string("/other")}) {
                AppendRequest request;
                request.source = source;
                request.batch.add(event(source == first ? "a" : "b"));
                ASSERT_TRUE(append_request(*journal, std::move(request)).ok());
            }
        }
        seals.push_back(SpanReader(own.path(), {}).seal(1)->sha256);
    }
    EXPECT_EQ(seals[0], seals[1]);
    EXPECT_EQ(seals[0].size(), 32U);
}

TEST_F(SqliteJournalTest, DoorsAndSystemEventsOutliveRestartsAndNewFiles) {
    constexpr std::int64_t kDay = 86'400'000'000;
    for (int day = 0; day < 3; ++day) {
        const auto journal = open_journal(options);
        for (int k = 0; k < 3; ++k) {
            AppendRequest request;
            request.source = "/door" + std::to_string((day + k) % 3);
            request.sender = "key k_" + std::to_string(k);
            request.batch.add(event(std::to_string(day * 3 + k), kStart.plus_micros(day * kDay)));
            ASSERT_TRUE(append_request(*journal, std::move(request)).ok());
            EventBatch system{std::string(kSystemProject)};
            system.add(event("s" + std::to_string(day * 3 + k), kStart.plus_micros(day * kDay)));
            ASSERT_TRUE(append_batch(*journal, std::move(system)).ok());
        }
    }
    const auto journal = open_journal(options);
    EXPECT_EQ(directory.files(".db"), 3U);
    EXPECT_EQ(journal->counters().system, 9U);
    EXPECT_EQ(journal->counters().accepted, 9U);
    EXPECT_EQ(journal->counters().decoded, 9U);
    for (int day = 0; day < 3; ++day)
        for (int k = 0; k < 3; ++k) {
            const auto place = journal->place(static_cast<Offset>(day * 6 + k * 2 + 1));
            ASSERT_TRUE(place.ok());
            EXPECT_EQ(place->source, "/door" + std::to_string((day + k) % 3));
            EXPECT_EQ(place->sender, "key k_" + std::to_string(k));
            EXPECT_EQ(journal->place(place->offset + 1)->project, kSystemProject);
        }
}

TEST_F(SqliteJournalTest, KeepsAsManyDoorsAsAFileMayHave) {
    const auto journal = open_journal(options);
    const auto append = [&](const std::string& id, const std::string& source, const std::string& sender) {
        AppendRequest request;
        request.source = source;
        request.sender = sender;
        request.batch.add(event(id));
        return append_request(*journal, std::move(request)).ok();
    };
    std::vector<std::future<bool>> answers;
    for (std::size_t i = 0; i < DoorNames::kMostNamed; ++i) {
        AppendRequest request;
        request.source = "/events";
        request.sender = "key k_" + std::to_string(i);
        request.batch.add(event("id-" + std::to_string(i)));
        auto stored = std::make_shared<std::promise<bool>>();
        answers.push_back(stored->get_future());
        request.done = [stored](const Result<Appended>& done, const EventBatch&) { stored->set_value(done.ok()); };
        ASSERT_TRUE(journal->append(std::move(request)));
    }
    for (auto& answer : answers) ASSERT_TRUE(answer.get());
    EXPECT_EQ(journal->find("default", "id-8999")->sender, "key k_8999");
    ASSERT_TRUE(append("over", "/events", "key one too many"));
    const auto over = journal->find("default", "over");
    EXPECT_EQ(over->source, "/events");
    EXPECT_EQ(over->sender, "");
    ASSERT_TRUE(append("again", "/events", "key k_17"));
    EXPECT_EQ(journal->find("default", "again")->sender, "key k_17");
    for (std::size_t i = DoorNames::kMostNamed + 1; i < DoorNames::kMost; ++i)
        ASSERT_TRUE(journal->append([&] {
            AppendRequest request;
            request.source = "/door" + std::to_string(i);
            request.batch.add(event("door-" + std::to_string(i)));
            return request;
        }()));
    ASSERT_TRUE(append("beyond", "/one-door-too-many", ""));
    const auto beyond = journal->find("default", "beyond");
    ASSERT_TRUE(beyond.ok());
    EXPECT_EQ(beyond->source, "");
    EXPECT_FALSE(beyond->dialect);
    EXPECT_EQ(journal->find("default", "door-9999")->source, "/door9999");
}

TEST_F(SqliteJournalTest, FindsIdsInFilesAndSaysWhatRetentionTook) {
    options.dedup_memory_entries = 50;
    constexpr std::int64_t kDay = 86'400'000'000;
    ManualClock clock(kStart);
    {
        const auto journal = open_journal(options, clock);
        for (int i = 0; i < 10; ++i) ASSERT_TRUE(append_ids(*journal, numbered(i * 30, i * 30 + 30)).ok());
        for (int i = 0; i < 300; i += 7) {
            const auto place = journal->find("default", "id-" + std::to_string(i));
            ASSERT_TRUE(place.ok()) << i;
            EXPECT_EQ(place->offset, static_cast<Offset>(i + 1));
        }
        EXPECT_EQ(journal->find("default", "id-300").error().code, ErrorCode::NotFound);
        EXPECT_FALSE(journal->find("default", "id-300").error().offset);
        ASSERT_TRUE(append_ids(*journal, {"next day"}, kStart.plus_micros(kDay)).ok());
    }
    options.retention_days = 1;
    clock.set(kStart.plus_micros(2 * kDay));
    const auto journal = open_journal(options, clock);
    for (int tries = 0; journal->begin() == 1 && tries < 100'000; ++tries) std::this_thread::yield();
    ASSERT_EQ(journal->begin(), 301U);
    const auto gone = journal->find("default", "id-17");
    ASSERT_FALSE(gone.ok());
    EXPECT_EQ(gone.error().code, ErrorCode::NotFound);
    EXPECT_EQ(gone.error().offset, 18U);
    EXPECT_EQ(journal->find("default", "next day")->offset, 301U);
    journal->close();
    EXPECT_EQ(journal->find("default", "next day").error().code, ErrorCode::Unavailable);
}

TEST_F(SqliteJournalTest, AJournalOfANewerFormatIsRefusedAndLeftAsItIs) {
    make_format_1(directory.path());
    {
        auto connection = sql::open(directory.path() + "/journal-00000000000000000004.db", false);
        ASSERT_TRUE(sql::execute(connection->get(), "UPDATE totals SET format = 4").ok());
    }
    const auto journal = open_sqlite_journal(options, system_clock());
    ASSERT_FALSE(journal.ok());
    EXPECT_EQ(journal.error().code, ErrorCode::Corrupt);
    EXPECT_EQ(directory.files(".db"), 2U);
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
