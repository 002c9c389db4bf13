// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/dead_letter_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "journal/journal_support.h"
#include "journal/sqlite_support.h"
#include "support/manual_clock.h"
#include "support/memory_journal.h"

namespace streamgauge::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Ids = std::vector<std::uint64_t>;

class OneRule final : public SchemaRegistry {
public:
    Result<EventSchema> add(EventSchema schema) override { return schema; }
    Result<EventSchema> try_out(EventSchema schema) const override { return schema; }
    Status set_mode(const std::string&, const std::string&, SchemaMode, Compatibility) override { return {}; }
    Status remove(const std::string&, const std::string&, std::int32_t) override { return {}; }
    std::vector<EventSchema> list(const std::string&) const override { return {}; }
    bool idle(std::string_view project) const override { return project != "strict"; }
    Verdict check(std::string_view, const EventView& event) const override {
        if (event.event_type == "warned") return {SchemaMode::Warn, {"/props/a", "must be a number"}};
        if (event.event_type == "enforced") return {SchemaMode::Enforce, {"/props/a", "must be a number"}};
        return {};
    }
    std::vector<std::pair<std::string, std::uint64_t>> violations() const override { return {}; }
};

class DeadLettersTest : public ::testing::Test {
protected:
    DeadLettersTest() : clock(test::kStart) {}
    ~DeadLettersTest() override {
        service.reset();
        journal.close();
    }

    DeadLetters& open(std::uint64_t max_bytes = 1 << 20, std::function<void(std::string_view)> at_step = {}) {
        service.reset();
        auto opened = DeadLetters::open({journal, clock, &schemas, directory.path() + "/dead-letters.db", max_bytes,
                                         DecoderSecrets::of_this_process(), std::move(at_step)});
        EXPECT_TRUE(opened.ok()) << opened.error().describe();
        service = std::move(opened).value();
        return *service;
    }
    // As the door does: returns when it is answered.
    void reject(std::string raw, const std::string& project = "default", std::string reason = "bad",
                Dialect dialect = Dialect::Generic) {
        AppendRequest request;
        request.batch = EventBatch(project);
        request.source = "/events";
        request.dialect = dialect;
        request.rejected.push_back({0, std::move(reason), "user_id", 0, std::move(raw), ""});
        ASSERT_TRUE(test::append_request(journal, std::move(request)).ok());
    }
    template <class T, class Call>
    static Result<T> ask(Call call) {
        std::promise<Result<T>> answer;
        call([&answer](Result<T> result) { answer.set_value(std::move(result)); });
        auto future = answer.get_future();
        if (future.wait_for(test::kPatience) != std::future_status::ready)
            return Error::make(ErrorCode::DeadlineExceeded, "no answer");
        return future.get();
    }
    Result<LetterPage> list(LetterFilter filter = {}, std::size_t limit = 100) {
        return ask<LetterPage>([&](auto done) { service->list(filter, std::nullopt, limit, done); });
    }
    Result<Letter> find(std::uint64_t id, const std::string& project = {}) {
        return ask<Letter>([&](auto done) { service->find(id, {"me", project}, done); });
    }
    Result<Letter> mend(std::uint64_t id, std::string text, const std::string& project = {}) {
        return ask<Letter>([&](auto done) { service->mend(id, std::move(text), {"me", project}, done); });
    }
    Result<ResendResult> resend(Ids ids, const std::string& project = {}) {
        return ask<ResendResult>([&](auto done) { service->resend(std::move(ids), {"me", project}, done); });
    }
    Result<ResendResult> resend_all(LetterFilter filter = {}) {
        return ask<ResendResult>([&](auto done) { service->resend_all(filter, {"me", ""}, done); });
    }

    test::ScratchDirectory directory;
    test::ManualClock clock;
    test::MemoryJournal journal;
    OneRule schemas;
    std::unique_ptr<DeadLetters> service;
    std::atomic<ErrorCode> letters_conflict{ErrorCode::Internal};
};

TEST_F(DeadLettersTest, WhatWasAnsweredIsListed) {
    open();
    for (int i = 1; i <= 50; ++i) {
        reject("no json " + std::to_string(i));
        const auto page = list({}, 1);
        ASSERT_TRUE(page.ok());
        EXPECT_EQ(page->total, static_cast<std::uint64_t>(i));
        EXPECT_EQ(page->letters.front().letter.id, static_cast<std::uint64_t>(i));
    }
    EXPECT_EQ(find(7)->letter.raw, "no json 7");
    EXPECT_EQ(find(51).error().code, ErrorCode::NotFound);
    const auto reasons = ask<std::vector<ReasonCount>>([&](auto done) { service->reasons({}, done); });
    ASSERT_EQ(reasons->size(), 1U);
    EXPECT_EQ(reasons->front().open, 50U);
    open();
    EXPECT_EQ(list()->total, 50U) << "after a restart";
}

TEST_F(DeadLettersTest, LettersAreFetchedWithoutBeingAskedFor) {
    DeadLetters& letters = open();
    journal.on_commit([&] { letters.journal_committed(); });
    reject("x");
    const auto until = std::chrono::steady_clock::now() + test::kPatience;
    while (letters.figures().empty() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    ASSERT_EQ(letters.figures().size(), 1U);
    EXPECT_EQ(letters.figures().front().open, 1U);
    EXPECT_FALSE(letters.failure());
    journal.close();
    journal.on_commit({});
}

TEST_F(DeadLettersTest, MendsRefusesAndResendsOnce) {
    open();
    reject(R"({"event_type":7,"page_url":"/x"})");
    const auto refused = mend(1, R"({"event_type":"","page_url":"/x"})");
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(refused.error().field, "event_type");
    EXPECT_EQ(refused.error().offset, 14U);
    EXPECT_FALSE(find(1)->mended);
    EXPECT_EQ(mend(1, "{").error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(mend(1, std::string(DeadLetterService::kMendedBytes + 1, ' ')).error().code, ErrorCode::TooLarge);
    EXPECT_EQ(mend(9, "{}").error().code, ErrorCode::NotFound);

    const auto broken = resend({1});
    ASSERT_TRUE(broken.ok());
    EXPECT_EQ(broken->resent, 0U);
    ASSERT_EQ(broken->failed.size(), 1U);
    EXPECT_EQ(broken->failed[0].first, 1U);
    EXPECT_THAT(broken->failed[0].second, HasSubstr("event_type"));
    EXPECT_EQ(find(1)->state, LetterState::Open);

    clock.advance(3'600'000'000);
    const auto mended = mend(1, R"({"event_type":"view","page_url":"/x"})");
    ASSERT_TRUE(mended.ok()) << mended.error().describe();
    EXPECT_EQ(mended->mended, R"({"event_type":"view","page_url":"/x"})");
    const Timestamp arrived = mended->letter.received_at;
    const auto sent = resend({1, 1});
    ASSERT_TRUE(sent.ok());
    EXPECT_EQ(sent->resent, 1U);
    EXPECT_EQ(sent->duplicates, 0U);
    EXPECT_EQ(sent->failures, 0U);
    const auto letter = find(1);
    EXPECT_EQ(letter->state, LetterState::Resent);
    EXPECT_EQ(letter->resent_as, 1U);
    EXPECT_FALSE(letter->was_duplicate);

    const auto run = journal.read(1, 10);
    ASSERT_TRUE(run.ok() && *run);
    ASSERT_EQ((*run)->batch.size(), 1U);
    const EventView event = (*run)->batch[0];
    EXPECT_THAT(std::string(event.event_id), ::testing::StartsWith("dead-letter-"));
    EXPECT_TRUE(event.event_id.ends_with("-1"));
    EXPECT_FALSE(event.id_from_door);
    EXPECT_EQ(event.page_url, "/x");
    EXPECT_EQ(event.received_at, clock.now());
    EXPECT_EQ(event.occurred_at, arrived) << "when it came, not when it was mended";

    EXPECT_EQ(mend(1, "{}").error().code, ErrorCode::Conflict);
    EXPECT_EQ(resend({1})->failures, 1U);
    EXPECT_EQ(journal.end(), 2U);
}

TEST_F(DeadLettersTest, AnEventThatIsThereAlreadyIsARepeat) {
    open();
    ASSERT_TRUE(test::append_ids(journal, {"a"}).ok());
    reject(R"({"event_id":"a","event_type":"view"})");
    const auto sent = resend({1});
    EXPECT_EQ(sent->resent, 1U);
    EXPECT_EQ(sent->duplicates, 1U);
    EXPECT_TRUE(find(1)->was_duplicate);
    EXPECT_EQ(find(1)->resent_as, 1U);
    EXPECT_EQ(journal.end(), 2U);
}

TEST_F(DeadLettersTest, AWholeBodyIsAllOrNothing) {
    open();
    reject(R"([{"event_type":"a"},{"event_type":"b","event_id":"own"},{"event_type":""}])", "shop");
    EXPECT_EQ(resend({1})->failures, 1U);
    EXPECT_EQ(journal.end(), 1U);
    ASSERT_TRUE(mend(1, R"([{"event_type":"a"},{"event_type":"b","event_id":"own"},{"event_type":"c"}])").ok());
    EXPECT_EQ(resend({1})->resent, 1U);
    const auto run = journal.read(1, 10);
    ASSERT_EQ((*run)->batch.size(), 3U);
    EXPECT_EQ((*run)->batch.project(), "shop");
    EXPECT_TRUE((*run)->batch[0].event_id.ends_with("-1-1"));
    EXPECT_EQ((*run)->batch[1].event_id, "own");
    EXPECT_TRUE((*run)->batch[2].event_id.ends_with("-1-3"));
}

TEST_F(DeadLettersTest, IsDecodedInItsOwnDialect) {
    open();
    const std::string segment = R"({"type":"track","userId":"u","event":"Bought","messageId":"m1"})";
    reject(segment, "default", "bad", Dialect::Segment);
    const auto sent = resend({1});
    ASSERT_TRUE(sent.ok());
    ASSERT_EQ(sent->resent, 1U) << sent->failed.front().second;
    EXPECT_EQ((*journal.read(1, 1))->batch[0].event_id, "m1");
    EXPECT_EQ((*journal.read(1, 1))->batch[0].user_id, "u");
}

TEST_F(DeadLettersTest, SchemasCountForWhatIsMended) {
    open();
    reject(R"({"event_type":"enforced","event_id":"e"})", "strict");
    EXPECT_EQ(mend(1, R"({"event_type":"enforced","event_id":"e"})").error().field, "/props/a");
    EXPECT_EQ(resend({1})->failures, 1U);
    ASSERT_TRUE(mend(1, R"({"event_type":"warned","event_id":"e"})").ok());
    EXPECT_EQ(resend({1})->resent, 1U);
    EXPECT_TRUE((*journal.read(1, 1))->batch[0].off_schema);
}

TEST_F(DeadLettersTest, AJournalThatFailsLeavesTheLetterOpen) {
    open();
    reject(R"({"event_type":"a","event_id":"a"})");
    journal.fail_commits(1);
    const auto sent = resend({1});
    ASSERT_TRUE(sent.ok());
    EXPECT_EQ(sent->failures, 1U);
    EXPECT_EQ(find(1)->state, LetterState::Open);
    journal.refuse(true);
    EXPECT_EQ(resend({1})->failures, 1U) << "a full queue";
    EXPECT_EQ(find(1)->state, LetterState::Open);
    journal.refuse(false);
    EXPECT_EQ(resend({1})->resent, 1U);
    EXPECT_EQ(journal.end(), 2U);
}

// The store forgets nothing that was on its way, and the journal knows what had arrived.
TEST_F(DeadLettersTest, WhatWasOnItsWayIsFinishedAtTheNextStart) {
    open();
    reject(R"({"event_type":"a"})");
    reject(R"({"event_type":"b","event_id":"b"})");
    ASSERT_TRUE(list().ok());
    service.reset();
    {
        auto store = DeadLetterStore::open(directory.path() + "/dead-letters.db");
        ASSERT_TRUE((*store)->begin_resending({1, 2}, clock.now()).ok());
    }
    ASSERT_TRUE(test::append_ids(journal, {"b"}).ok());  // had arrived
    clock.advance(1'000'000);
    journal.fail_commits(1'000);
    open();
    EXPECT_EQ(find(1)->state, LetterState::Resending) << "the disk refused: later";
    EXPECT_TRUE(service->failure());
    EXPECT_TRUE(list().ok()) << "looking goes on";
    EXPECT_FALSE(resend({1}).ok());
    journal.fail_commits(0);
    open();
    EXPECT_FALSE(service->failure());
    EXPECT_EQ(find(1)->state, LetterState::Resent);
    EXPECT_EQ(find(2)->state, LetterState::Resent);
    EXPECT_EQ(find(2)->resent_as, 1U);
    EXPECT_EQ(journal.end(), 3U);
    EXPECT_EQ((*journal.read(2, 1))->batch[0].received_at, test::kStart) << "the time of the first attempt";
}

TEST_F(DeadLettersTest, WhatCouldNotBeFinishedAtTheStartIsTriedAgainWithTheNextCommit) {
    open();
    reject(R"({"event_type":"a"})");
    ASSERT_TRUE(list().ok());
    service.reset();
    {
        auto store = DeadLetterStore::open(directory.path() + "/dead-letters.db");
        ASSERT_TRUE((*store)->begin_resending({1}, clock.now()).ok());
    }
    journal.fail_commits(1);
    DeadLetters& letters = open();
    journal.on_commit([&] { letters.journal_committed(); });
    ASSERT_TRUE(test::append_ids(journal, {"x"}).ok());
    const auto until = std::chrono::steady_clock::now() + test::kPatience;
    while (find(1)->state != LetterState::Resent && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    EXPECT_EQ(find(1)->state, LetterState::Resent);
    journal.close();
    journal.on_commit({});
}

TEST_F(DeadLettersTest, ResendsAllOfAKindInBatchesAndSaysHowFarItIs) {
    std::atomic<int> batches{0};
    std::vector<ResendProgress> seen;
    DeadLetters& letters = open(1 << 20, [&](std::string_view step) {
        if (step != "marked") return;
        ++batches;
        seen.push_back(service->progress());
        reject("late");  // is not part of the run
        // Another one is refused while this one runs.
        letters_conflict = ErrorCode::Internal;
        service->resend_all({}, {"other", ""}, [this](Result<ResendResult> r) { letters_conflict = r.error().code; });
    });
    for (int i = 0; i < 250; ++i) reject(R"({"event_type":"a"})", "default", i % 2 == 0 ? "one" : "two");
    for (int i = 0; i < 3; ++i) reject("broken", "default", "one");
    LetterFilter one;
    one.kind = "user_id: one";
    const auto sent = resend_all(one);
    ASSERT_TRUE(sent.ok());
    EXPECT_EQ(sent->resent, 125U);
    EXPECT_EQ(sent->failures, 3U);
    EXPECT_EQ(batches, 2);
    EXPECT_EQ(letters_conflict, ErrorCode::Conflict);
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_TRUE(seen[1].running);
    EXPECT_EQ(seen[1].total, 128U);
    EXPECT_EQ(seen[1].so_far.resent, 100U);
    EXPECT_FALSE(letters.progress().running);
    EXPECT_EQ(letters.progress().so_far.resent, 125U);
    EXPECT_EQ(journal.end(), 126U);
    LetterFilter resent;
    resent.state = LetterState::Resent;
    EXPECT_EQ(list(resent)->total, 125U);
    EXPECT_EQ(resend_all(resent).error().field, "state");
    EXPECT_EQ(resend_all(one)->resent, 0U);
}

TEST_F(DeadLettersTest, PurgesOneOrAllOfAKind) {
    open();
    for (int i = 0; i < 1500; ++i) reject("x", i % 3 == 0 ? "shop" : "default");
    EXPECT_EQ(ask<std::uint64_t>([&](auto done) { service->purge({1, 2, 99'999}, {"me", ""}, done); }).value(), 2U);
    LetterFilter f;
    f.project = "default";
    EXPECT_EQ(ask<std::uint64_t>([&](auto done) { service->purge_all(f, {"me", ""}, done); }).value(), 999U);
    EXPECT_EQ(list()->total, 499U);
    EXPECT_EQ(ask<std::uint64_t>([&](auto done) {
                  service->purge_all(f, {"me", "shop"}, done);
              }).value(),
              499U)
        << "whoever is of one project asks for its own";
}

TEST_F(DeadLettersTest, LettersOfAnotherProjectAreNotThere) {
    open();
    reject(R"({"event_type":"a"})", "shop");
    EXPECT_EQ(find(1, "default").error().code, ErrorCode::NotFound);
    EXPECT_EQ(mend(1, R"({"event_type":"a"})", "default").error().code, ErrorCode::NotFound);
    EXPECT_EQ(resend({1}, "default")->failures, 1U);
    EXPECT_EQ(ask<std::uint64_t>([&](auto done) { service->purge({1}, {"me", "default"}, done); }).value(), 0U);
    EXPECT_EQ(find(1, "shop")->state, LetterState::Open);
}

TEST_F(DeadLettersTest, AProjectsRoomIsPromisedTakenBackAndUsed) {
    DeadLetters& letters = open(3 * letter_cost(1000));
    EXPECT_TRUE(letters.reserve("default", 1000));
    EXPECT_TRUE(letters.reserve("default", 1000));
    EXPECT_TRUE(letters.reserve("default", 1000));
    EXPECT_FALSE(letters.reserve("default", 1000));
    EXPECT_TRUE(letters.reserve("shop", 1000)) << "each project its own";
    EXPECT_EQ(letters.figures().front().not_kept, 1U);
    ASSERT_TRUE(letters.failure());
    EXPECT_THAT(letters.failure()->message, HasSubstr("default"));
    for (int i = 0; i < 3; ++i) reject(std::string(1000, 'x'));
    ASSERT_TRUE(list().ok());
    EXPECT_FALSE(letters.reserve("default", 1)) << "what was promised is used now";
    EXPECT_EQ(ask<std::uint64_t>([&](auto done) { service->purge({1}, {"me", ""}, done); }).value(), 1U);
    EXPECT_TRUE(letters.reserve("default", 1000)) << "and the promises are gone";
    EXPECT_FALSE(letters.reserve("default", 1000));
    const auto usage = ask<std::vector<LetterUsage>>([&](auto done) { service->usage(done); });
    ASSERT_EQ(usage->size(), 1U);
    EXPECT_EQ(usage->front().letters(), 2U);
    EXPECT_EQ(usage->front().bytes, 2 * letter_cost(1000));
    EXPECT_EQ(usage->front().cap_bytes, 3 * letter_cost(1000));
    EXPECT_EQ(usage->front().not_kept, 3U);
    // A letter that never comes: its commit failed.
    clock.advance(LetterCaps::kPatienceSeconds * 2'000'000);
    EXPECT_TRUE(letters.reserve("default", 1000));
    clock.advance(600'000'000);
    EXPECT_FALSE(letters.failure()) << "nothing was dropped for a while";
}

TEST_F(DeadLettersTest, APromiseLastsAtLeastItsPatience) {
    DeadLetters& letters = open(letter_cost(1000));
    clock.advance((LetterCaps::kPatienceSeconds - 1) * 1'000'000);
    EXPECT_TRUE(letters.reserve("default", 1000));
    clock.advance((LetterCaps::kPatienceSeconds - 1) * 1'000'000);
    EXPECT_FALSE(letters.reserve("default", 1));
    clock.advance(LetterCaps::kPatienceSeconds * 1'000'000);
    EXPECT_TRUE(letters.reserve("default", 1));
}

TEST_F(DeadLettersTest, WhatIsResentGivesWay) {
    open(10 * letter_cost(1000));
    const std::string good = R"({"event_type":"a","x":")" + std::string(980, 'x');
    for (int i = 0; i < 8; ++i) reject(good + "\"}");
    EXPECT_EQ(resend_all()->resent, 8U);
    reject(good);
    reject(good);
    EXPECT_EQ(list()->total, 2U) << "room before it is needed";
    EXPECT_TRUE(service->reserve("default", 1000));
}

TEST_F(DeadLettersTest, AfterItsEndItIsUnavailable) {
    DeadLetters& letters = open();
    reject("x");
    letters.stop();
    EXPECT_EQ(list().error().code, ErrorCode::Unavailable);
    EXPECT_EQ(resend({1}).error().code, ErrorCode::Unavailable);
    EXPECT_EQ(resend_all().error().code, ErrorCode::Unavailable);
    EXPECT_FALSE(letters.progress().running);
    letters.stop();
}

TEST_F(DeadLettersTest, StopsBetweenTwoBatches) {
    std::promise<void> marked, go_on;
    std::atomic<bool> first{true};
    DeadLetters& letters = open(1 << 20, [&](std::string_view step) {
        if (step != "marked" || !first.exchange(false)) return;
        marked.set_value();
        go_on.get_future().wait();
    });
    for (int i = 0; i < 300; ++i) reject(R"({"event_type":"a"})");
    std::promise<Result<ResendResult>> answer;
    letters.resend_all({}, {"me", ""}, [&](Result<ResendResult> result) { answer.set_value(std::move(result)); });
    marked.get_future().wait();
    std::thread stopper([&] { letters.stop(); });
    while (!letters.stopping()) std::this_thread::yield();
    go_on.set_value();
    stopper.join();
    auto result = answer.get_future().get();
    ASSERT_TRUE(result.ok());
    EXPECT_TRUE(result->stopped);
    EXPECT_EQ(result->resent, 100U);
    EXPECT_EQ(journal.end(), 101U);
    open();
    EXPECT_EQ(resend_all()->resent, 200U);
    EXPECT_EQ(journal.end(), 301U);
}

}  // namespace
}  // namespace streamgauge::api
