// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/dead_letter_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "journal/sqlite_support.h"

namespace streamgauge {
namespace {

using ::testing::ElementsAre;

DeadLetter letter(std::uint64_t id, const std::string& project = "default", const std::string& reason = "bad") {
    DeadLetter out;
    out.id = id;
    out.project = project;
    out.source = "/events";
    out.producer = "somebody";
    out.reason = reason;
    out.field = "user_id";
    out.event_id = "event " + std::to_string(id);
    out.raw = std::string("\0\xFFraw", 5);
    out.dialect = Dialect::Umami;
    out.received_at = Timestamp{static_cast<std::int64_t>(id) * 1'000'000};
    out.item = 3;
    out.offset = 77;
    out.raw_cut = id == 2;
    return out;
}

class DeadLetterStoreTest : public ::testing::Test {
protected:
    DeadLetterStoreTest() { reopen(); }
    void reopen() {
        store.reset();
        auto opened = DeadLetterStore::open(path());
        ASSERT_TRUE(opened.ok()) << opened.error().describe();
        store = std::move(opened).value();
    }
    std::string path() const { return directory.path() + "/dead-letters.db"; }
    void absorb(std::uint64_t from, std::uint64_t next, const std::string& project = "default") {
        std::vector<DeadLetter> letters;
        for (std::uint64_t id = from; id < next; ++id) letters.push_back(letter(id, project));
        ASSERT_TRUE(store->absorb(letters, next).ok());
    }
    std::vector<std::uint64_t> ids(const LetterFilter& filter = {}, std::optional<std::uint64_t> cursor = {},
                                   std::size_t limit = 100) {
        const auto page = store->list(filter, cursor, limit);
        EXPECT_TRUE(page.ok()) << page.error().describe();
        std::vector<std::uint64_t> out;
        for (const Letter& one : page.value_or({}).letters) out.push_back(one.letter.id);
        return out;
    }
    test::ScratchDirectory directory;
    std::unique_ptr<DeadLetterStore> store;
};

TEST_F(DeadLetterStoreTest, KeepsEveryFieldOverARestart) {
    EXPECT_EQ(store->next(), 1U);
    const std::string installation = store->installation();
    EXPECT_EQ(installation.size(), 36U);
    absorb(1, 3);
    reopen();
    EXPECT_EQ(store->installation(), installation);
    EXPECT_EQ(store->next(), 3U);
    for (const std::uint64_t id : {1U, 2U}) {
        const auto found = store->find(id, "");
        ASSERT_TRUE(found.ok());
        const DeadLetter wanted = letter(id);
        EXPECT_EQ(found->letter.id, id);
        EXPECT_EQ(found->letter.project, wanted.project);
        EXPECT_EQ(found->letter.source, wanted.source);
        EXPECT_EQ(found->letter.producer, wanted.producer);
        EXPECT_EQ(found->letter.reason, wanted.reason);
        EXPECT_EQ(found->letter.field, wanted.field);
        EXPECT_EQ(found->letter.event_id, wanted.event_id);
        EXPECT_EQ(found->letter.raw, wanted.raw);
        EXPECT_EQ(found->letter.dialect, wanted.dialect);
        EXPECT_EQ(found->letter.received_at, wanted.received_at);
        EXPECT_EQ(found->letter.item, wanted.item);
        EXPECT_EQ(found->letter.offset, wanted.offset);
        EXPECT_EQ(found->letter.raw_cut, wanted.raw_cut);
        EXPECT_EQ(found->kind, "user_id: bad");
        EXPECT_EQ(found->state, LetterState::Open);
        EXPECT_EQ(found->bytes, letter_cost(5));
        EXPECT_FALSE(found->mended);
    }
}

TEST_F(DeadLetterStoreTest, TakesEachLetterOfTheJournalOnce) {
    absorb(1, 5);
    absorb(3, 8);  // some of them again
    EXPECT_EQ(ids(), (std::vector<std::uint64_t>{7, 6, 5, 4, 3, 2, 1}));
    EXPECT_EQ(store->usage().front().open, 7U);
    absorb(20, 21);  // what retention took is not waited for
    EXPECT_EQ(store->next(), 21U);
    EXPECT_EQ(ids().front(), 20U);
}

TEST_F(DeadLetterStoreTest, AJournalThatBeganAgainGoesOnBehind) {
    absorb(1, 5);
    ASSERT_TRUE(store->follow_another_journal().ok());
    EXPECT_EQ(store->next(), 1U);
    absorb(1, 3);
    EXPECT_EQ(ids(), (std::vector<std::uint64_t>{6, 5, 4, 3, 2, 1}));
    EXPECT_EQ(store->find(5, "")->letter.event_id, "event 1");
    reopen();
    EXPECT_EQ(store->next(), 3U);
    absorb(3, 4);
    EXPECT_EQ(ids().front(), 7U);
}

TEST_F(DeadLetterStoreTest, ListsByPagesAndEveryFilter) {
    std::vector<DeadLetter> letters;
    for (std::uint64_t id = 1; id <= 20; ++id) {
        DeadLetter one = letter(id, id % 2 == 0 ? "shop" : "default", id % 3 == 0 ? "no \"x\"" : "bad 4711");
        if (id % 5 == 0) one.source = "/v1/batch";
        if (id == 7) one.dialect = Dialect::Segment;
        letters.push_back(one);
    }
    ASSERT_TRUE(store->absorb(letters, 21).ok());
    const auto first = store->list({}, {}, 8);
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(first->total, 20U);
    EXPECT_EQ(first->letters.size(), 8U);
    EXPECT_EQ(first->cursor, 13U);
    EXPECT_TRUE(first->letters.front().letter.raw.empty()) << "left out";
    EXPECT_EQ(ids({}, 13, 8).front(), 12U);
    const auto last = store->list({}, 5, 4);
    EXPECT_FALSE(last->cursor);
    EXPECT_EQ(last->letters.size(), 4U);

    LetterFilter f;
    f.project = "shop";
    EXPECT_EQ(ids(f).size(), 10U);
    f.source = "/v1/batch";
    EXPECT_THAT(ids(f), ElementsAre(20, 10));
    f = {};
    f.reason = "\"x\"";
    EXPECT_THAT(ids(f), ElementsAre(18, 15, 12, 9, 6, 3));
    f = {};
    f.reason = "user_id: no";
    EXPECT_EQ(ids(f).size(), 6U) << "a part of the kind";
    f = {};
    f.kind = "user_id: no \"\xE2\x80\xA6\"";
    EXPECT_EQ(ids(f).size(), 6U);
    f = {};
    f.dialect = "segment";
    EXPECT_THAT(ids(f), ElementsAre(7));
    f = {};
    f.event_id = "event 3";
    EXPECT_THAT(ids(f), ElementsAre(3));
    f = {};
    f.from = Timestamp{5'000'000};
    f.to = Timestamp{8'000'000};
    EXPECT_THAT(ids(f), ElementsAre(7, 6, 5));
    f = {};
    f.state = LetterState::Resent;
    EXPECT_TRUE(ids(f).empty());
    EXPECT_EQ(store->ids({}, 17, 2).value(), (std::vector<std::uint64_t>{18, 19}));
}

TEST_F(DeadLetterStoreTest, CountsByProjectSourceAndKind) {
    ASSERT_TRUE(
        store->absorb({letter(1), letter(2), letter(3, "shop"), letter(4, "default", "worse"), letter(5)}, 6).ok());
    ASSERT_TRUE(store->begin_resending({1, 4}, Timestamp{9}).ok());
    ASSERT_TRUE(store->finish_resending({{1, 40, false}}).ok());
    const auto reasons = store->reasons({});
    ASSERT_TRUE(reasons.ok());
    ASSERT_EQ(reasons->size(), 3U);
    const ReasonCount& bad = (*reasons)[0];
    EXPECT_EQ(bad.project, "default");
    EXPECT_EQ(bad.kind, "user_id: bad");
    EXPECT_EQ(bad.open, 2U);
    EXPECT_EQ(bad.resent, 1U);
    EXPECT_EQ(bad.bytes, 3 * letter_cost(5));
    EXPECT_EQ(bad.newest.micros, 5'000'000);
    EXPECT_EQ((*reasons)[1].kind, "user_id: worse");
    EXPECT_EQ((*reasons)[1].resending, 1U);
    EXPECT_EQ((*reasons)[2].project, "shop");
    LetterFilter shop;
    shop.project = "shop";
    EXPECT_EQ(store->reasons(shop)->size(), 1U);
}

TEST_F(DeadLetterStoreTest, ALetterGoesFromOpenToResentAndBack) {
    absorb(1, 4);
    const auto state = [&](std::uint64_t id) { return store->find(id, "")->state; };
    ASSERT_TRUE(store->begin_resending({1, 2}, Timestamp{99}).ok());
    EXPECT_EQ(state(1), LetterState::Resending);
    EXPECT_EQ(store->begin_resending({3, 2}, Timestamp{99}).error().code, ErrorCode::Conflict);
    EXPECT_EQ(state(3), LetterState::Open) << "all or none";
    EXPECT_EQ(store->usage().front().resending, 2U);
    reopen();
    EXPECT_EQ(state(1), LetterState::Resending);
    EXPECT_EQ(store->find(1, "")->resent_at.micros, 99);
    EXPECT_EQ(store->mend(1, "", "new").error().code, ErrorCode::Conflict);
    ASSERT_TRUE(store->finish_resending({{1, 17, true}}).ok());
    ASSERT_TRUE(store->give_up_resending({2}).ok());
    const auto resent = store->find(1, "");
    EXPECT_EQ(resent->state, LetterState::Resent);
    EXPECT_EQ(resent->resent_as, 17U);
    EXPECT_EQ(resent->resent_at.micros, 99);
    EXPECT_TRUE(resent->was_duplicate);
    EXPECT_EQ(state(2), LetterState::Open);
    EXPECT_EQ(store->mend(1, "", "new").error().code, ErrorCode::Conflict);
    EXPECT_EQ(store->begin_resending({1}, Timestamp{1}).error().code, ErrorCode::Conflict);
    EXPECT_EQ(store->finish_resending({{1, 1, false}}).error().code, ErrorCode::Conflict);
    const LetterUsage usage = store->usage().front();
    EXPECT_EQ(usage.open, 2U);
    EXPECT_EQ(usage.resending, 0U);
    EXPECT_EQ(usage.resent, 1U);
}

TEST_F(DeadLetterStoreTest, AMendedTextIsKeptAndCounted) {
    absorb(1, 2);
    ASSERT_TRUE(store->mend(1, "", std::string("a\0b", 3)).ok());
    EXPECT_EQ(store->find(1, "")->mended, std::string("a\0b", 3));
    EXPECT_EQ(store->usage().front().bytes, letter_cost(5) + 3);
    ASSERT_TRUE(store->mend(1, "", "").ok());
    EXPECT_EQ(store->find(1, "")->mended, "");
    EXPECT_EQ(store->usage().front().bytes, letter_cost(5));
    EXPECT_EQ(store->mend(2, "", "x").error().code, ErrorCode::NotFound);
    reopen();
    EXPECT_EQ(store->find(1, "")->mended, "");
    EXPECT_EQ(store->usage().front().bytes, letter_cost(5));
}

TEST_F(DeadLetterStoreTest, OthersOfAProjectDoNotSeeIt) {
    absorb(1, 2, "shop");
    EXPECT_EQ(store->find(1, "default").error().code, ErrorCode::NotFound);
    EXPECT_EQ(store->mend(1, "default", "x").error().code, ErrorCode::NotFound);
    EXPECT_EQ(store->purge(std::vector<std::uint64_t>{1}, "default").value(), 0U);
    EXPECT_TRUE(store->find(1, "shop").ok());
}

TEST_F(DeadLetterStoreTest, PurgesButNotWhatIsOnItsWay) {
    absorb(1, 11);
    absorb(11, 13, "shop");
    ASSERT_TRUE(store->begin_resending({1, 2}, Timestamp{9}).ok());
    ASSERT_TRUE(store->finish_resending({{2, 1, false}}).ok());
    EXPECT_EQ(store->purge(std::vector<std::uint64_t>{1, 2, 3, 99}, "").value(), 2U);
    LetterFilter f;
    f.project = "default";
    EXPECT_EQ(store->purge(f, 4).value(), 4U);
    EXPECT_THAT(ids(), ElementsAre(12, 11, 10, 9, 8, 1)) << "the oldest first";
    EXPECT_EQ(store->purge(f, 100).value(), 3U);
    f.state = LetterState::Resending;
    EXPECT_EQ(store->purge(f, 100).value(), 0U);
    EXPECT_EQ(store->purge(LetterFilter{}, 100).value(), 2U);
    EXPECT_THAT(ids(), ElementsAre(1));
    ASSERT_EQ(store->usage().size(), 1U);
    EXPECT_EQ(store->usage().front().bytes, letter_cost(5));
    reopen();
    ASSERT_EQ(store->usage().size(), 1U);
    EXPECT_EQ(store->usage().front().resending, 1U);
    EXPECT_EQ(store->next(), 13U) << "what was purged does not come back";
}

TEST_F(DeadLetterStoreTest, APurgeGivesRoomBackToTheDisk) {
    std::vector<DeadLetter> letters;
    for (std::uint64_t id = 1; id <= 200; ++id) {
        letters.push_back(letter(id));
        letters.back().raw.assign(50'000, 'x');
    }
    ASSERT_TRUE(store->absorb(letters, 201).ok());
    EXPECT_EQ(store->purge(LetterFilter{}, 1000).value(), 200U);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(store->purge(std::vector<std::uint64_t>{1}, "").ok());
    absorb(201, 202);
    EXPECT_EQ(store->purge(LetterFilter{}, 1000).value(), 1U);
    store.reset();  // moves the write-ahead log into the file
    EXPECT_LT(std::filesystem::file_size(path()), 5'000'000U);
}

TEST_F(DeadLetterStoreTest, RefusesWhatIsNoFileOfItsOwn) {
    store.reset();
    {
        auto other = sql::open(path(), false);
        ASSERT_TRUE(sql::execute(other->get(), "PRAGMA user_version=2").ok());
    }
    EXPECT_EQ(DeadLetterStore::open(path()).error().code, ErrorCode::Corrupt);
    {
        auto other = sql::open(path(), false);
        ASSERT_TRUE(sql::execute(other->get(), "PRAGMA application_id=1").ok());
    }
    EXPECT_EQ(DeadLetterStore::open(path()).error().code, ErrorCode::Corrupt);
    EXPECT_EQ(DeadLetterStore::open(directory.path() + "/not/there.db").error().code, ErrorCode::Io);
}

TEST(LetterKind, LeavesOutWhatDiffersFromEventToEvent) {
    const std::string something = "\xE2\x80\xA6";
    EXPECT_EQ(kind_of("user_id", "longer than 256 bytes"), "user_id: longer than 256 bytes");
    EXPECT_EQ(kind_of("", "not JSON: no such escape"), "not JSON: no such escape");
    EXPECT_EQ(kind_of("/batch/17/userId", "must be a string"), "/batch/" + something + "/userId: must be a string");
    EXPECT_EQ(kind_of("/0", "bad"), "/" + something + ": bad");
    EXPECT_EQ(kind_of("/a0/0b", "bad"), "/a0/0b: bad");
    EXPECT_EQ(kind_of("", "no version 3 of \"purchase\""), "no version 3 of \"" + something + "\"");
    EXPECT_EQ(kind_of("", "one \" alone"), "one \" alone");
    EXPECT_EQ(kind_of("", "unknown id 0190c1a2-7f00-7abc-8def-001122334455."), "unknown id " + something + ".");
    EXPECT_EQ(kind_of("", "from 0 to 2147483647"), "from 0 to 2147483647");
    EXPECT_EQ(kind_of("", "deadbeef decade"), "deadbeef decade") << "words without a digit";
    EXPECT_EQ(kind_of("", "number 123456789012345"), "number " + something);
    const std::string kind = kind_of("", std::string(399, 'x') + "\xC3\xA9");
    EXPECT_EQ(kind, std::string(399, 'x')) << "not cut within a character";
}

}  // namespace
}  // namespace streamgauge
