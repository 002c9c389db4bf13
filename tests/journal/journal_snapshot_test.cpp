// SPDX-License-Identifier: GPL-3.0-or-later
// Reading a journal beside its writer, and asking before retention removes a span.
#include <gmock/gmock.h>

#include <mutex>
#include <thread>

#include "journal/journal_snapshot.h"
#include "journal/journal_support.h"
#include "journal/sqlite_support.h"
#include "support/eventually.h"
#include "support/manual_clock.h"

namespace streamgauge::test {
namespace {

using ::testing::ElementsAre;

constexpr std::int64_t kDay = 86'400'000'000;

Timestamp on_day(int day) {
    return kStart.plus_micros(day * kDay);
}

// Days of three events each; the ids tell the day.
void append_day(Journal& journal, int day) {
    const std::string name = std::to_string(day);
    ASSERT_TRUE(append_ids(journal, {name + "a", name + "b", name + "c"}, on_day(day)).ok());
}

TEST(JournalSnapshot, NothingIsNoJournal) {
    const ScratchDirectory directory;
    const auto snapshot = JournalSnapshot::open(directory.path());
    ASSERT_FALSE(snapshot.ok());
    EXPECT_EQ(snapshot.error().code, ErrorCode::NotFound);
    EXPECT_FALSE(JournalSnapshot::open(directory.path() + "/none").ok());
}

TEST(JournalSnapshot, StaysAsItWasWhileTheWriterGoesOn) {
    const ScratchDirectory directory;
    const auto journal = open_journal(options_in(directory));
    for (int day = 0; day < 3; ++day) append_day(*journal, day);
    EXPECT_TRUE(append_ids(*journal, {"2a"}, on_day(2))->placements[0].duplicate);
    auto opened = JournalSnapshot::open(directory.path());
    ASSERT_TRUE(opened.ok()) << opened.error().describe();
    JournalSnapshot& snapshot = **opened;
    append_day(*journal, 2);
    append_day(*journal, 3);
    EXPECT_EQ(snapshot.end(), 10U);
    EXPECT_EQ(snapshot.begin(), 1U);
    EXPECT_THAT(snapshot.spans(), ElementsAre(1, 4, 7));
    EXPECT_THAT(ids(snapshot, 1), ElementsAre("0a", "0b", "0c", "1a", "1b", "1c", "2a", "2b", "2c"));
    EXPECT_EQ(snapshot.counters().decoded, 10U);
    EXPECT_EQ(snapshot.counters().duplicate, 1U);
    AppendRequest nothing;
    EXPECT_FALSE(snapshot.append(std::move(nothing)));
    snapshot.end_at(5);
    EXPECT_THAT(ids(snapshot, 3), ElementsAre("0c", "1a"));
    EXPECT_FALSE(snapshot.read(6, 10).ok());
    // It changed nothing: the writer's own files are as a restart expects them.
    journal->close();
    const auto again = open_journal(options_in(directory));
    EXPECT_EQ(ids(*again, 1).size(), 12U);
}

TEST(JournalSnapshot, ReadsALogThatNobodyHasOpen) {
    const ScratchDirectory directory;
    open_journal(options_in(directory))->close();
    {
        const auto journal = open_journal(options_in(directory));
        append_day(*journal, 0);
    }
    const auto snapshot = JournalSnapshot::open(directory.path());
    ASSERT_TRUE(snapshot.ok()) << snapshot.error().describe();
    EXPECT_THAT(ids(**snapshot, 1), ElementsAre("0a", "0b", "0c"));
}

TEST(Retention, AsksBeforeASpanGoesAndKeepsWhatIsStillNeeded) {
    const ScratchDirectory directory;
    ManualClock clock(on_day(0));
    SqliteJournalOptions options = options_in(directory);
    options.retention_days = 2;
    std::mutex mutex;
    std::vector<Seal> asked;
    bool willing = false;
    options.before_unlink = [&](const Seal& seal) {
        const std::lock_guard lock(mutex);
        asked.push_back(seal);
        return willing ? Status() : Status(Error::make(ErrorCode::Unavailable, "not yet"));
    };
    const auto journal = open_journal(options, clock);
    for (int day = 0; day < 5; ++day) {
        clock.set(on_day(day));
        append_day(*journal, day);
    }
    ASSERT_TRUE(eventually([&] {
        const std::lock_guard lock(mutex);
        return !asked.empty();
    }));
    EXPECT_EQ(journal->begin(), 1U);
    EXPECT_EQ(ids(*journal, 1).size(), 15U);
    {
        const std::lock_guard lock(mutex);
        EXPECT_EQ(asked[0].first, 1U);
        EXPECT_EQ(asked[0].last, 3U);
        EXPECT_EQ(asked[0].events, 3U);
        asked.clear();
        willing = true;
    }
    journal->tend_retention();
    ASSERT_TRUE(eventually([&] { return journal->begin() == 7; }));
    std::vector<Seal> given;
    {
        const std::lock_guard lock(mutex);
        given = asked;
    }
    const auto snapshot = JournalSnapshot::open(directory.path());
    ASSERT_TRUE(snapshot.ok()) << snapshot.error().describe();
    EXPECT_EQ((*snapshot)->seals(), given);
    EXPECT_EQ((*snapshot)->begin(), 7U);
    ASSERT_FALSE((*snapshot)->read(3, 1).ok());
    EXPECT_EQ((*snapshot)->read(3, 1).error().offset, 7U);
}

}  // namespace
}  // namespace streamgauge::test
