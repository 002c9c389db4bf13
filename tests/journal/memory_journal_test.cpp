// SPDX-License-Identifier: GPL-3.0-or-later
// The in-memory journal keeps the contract, and its faults do what they say.
#include "support/memory_journal.h"

#include "journal/journal_contract.h"

namespace streamgauge::test {
namespace {

INSTANTIATE_TEST_SUITE_P(Memory, JournalContract,
                         testing::Values(JournalMaker{"Memory", [] { return std::make_unique<MemoryJournal>(); }}),
                         [](const auto& instance) { return instance.param.name; });

TEST(MemoryJournal, FailsOnDemandAndKeepsNothingOfIt) {
    MemoryJournal journal;
    journal.fail_commits(1);
    EXPECT_EQ(append_ids(journal, {"a"}).error().code, ErrorCode::Io);
    EXPECT_EQ(journal.end(), 1U);
    const auto again = append_ids(journal, {"a"});
    ASSERT_TRUE(again.ok());
    EXPECT_FALSE(again->placements[0].duplicate);
}

TEST(MemoryJournal, HoldsRefusesAndForgets) {
    MemoryJournal journal(2);
    journal.hold(true);
    EventBatch one, two;
    one.add(event("a"));
    two.add(event("b"));
    two.add(event("c"));
    AppendRequest first, second;
    first.batch = std::move(one);
    second.batch = std::move(two);
    EXPECT_TRUE(journal.append(std::move(first)));
    EXPECT_FALSE(journal.append(std::move(second)));
    EXPECT_EQ(journal.pending(), 1U);
    journal.hold(false);
    ASSERT_TRUE(append_ids(journal, {"d"}).ok());
    journal.refuse(true);
    EXPECT_EQ(append_ids(journal, {"e"}).error().code, ErrorCode::Unavailable);
    journal.forget_before(2);
    const auto gone = journal.read(1, 1);
    ASSERT_FALSE(gone.ok());
    EXPECT_EQ(gone.error().code, ErrorCode::NotFound);
    EXPECT_EQ(gone.error().offset, 2U);
}

}  // namespace
}  // namespace streamgauge::test
