// SPDX-License-Identifier: GPL-3.0-or-later
// What every Journal keeps. An implementation runs the suite by instantiating JournalContract with a JournalMaker.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "base/limits.h"
#include "journal/journal_support.h"

namespace streamgauge::test {

struct JournalMaker {
    std::string name;
    std::function<std::unique_ptr<Journal>()> make;
};

class JournalContract : public testing::TestWithParam<JournalMaker> {
protected:
    JournalContract() : journal(GetParam().make()) {}
    std::unique_ptr<Journal> journal;
};

TEST_P(JournalContract, StartsEmptyAtOffsetOne) {
    EXPECT_EQ(journal->begin(), 1U);
    EXPECT_EQ(journal->end(), 1U);
    EXPECT_EQ(journal->pending(), 0U);
    const auto read = journal->read(1, 10);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(*read, nullptr);
}

TEST_P(JournalContract, GivesOffsetsInOrderAndReadsThemBack) {
    const auto first = append_ids(*journal, {"a", "b"});
    const auto second = append_ids(*journal, {"c"});
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_EQ(first->placements[0].offset, 1U);
    EXPECT_EQ(first->placements[1].offset, 2U);
    EXPECT_EQ(second->placements[0].offset, 3U);
    EXPECT_EQ(ids(*journal, 1), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(ids(*journal, 2), (std::vector<std::string>{"b", "c"}));
    EXPECT_EQ(journal->end(), 4U);
}

TEST_P(JournalContract, KeepsEveryField) {
    EventView v;
    v.event_id = "id";
    v.event_type = "type";
    v.user_id = "user";
    v.session_id = "session";
    v.page_url = "/page";
    v.props = R"({"x":"é"})";
    v.occurred_at = {-5};
    v.received_at = kStart;
    v.schema_version = 3;
    v.time_from_door = true;
    EventBatch batch("shop");
    batch.add(v);
    ASSERT_TRUE(append_batch(*journal, std::move(batch)).ok());
    const auto read = journal->read(1, 1);
    ASSERT_TRUE(read.ok() && *read);
    EXPECT_EQ((*read)->first, 1U);
    EXPECT_EQ((*read)->batch.project(), "shop");
    const EventView got = (*read)->batch[0];
    EXPECT_EQ(got.event_id, v.event_id);
    EXPECT_EQ(got.event_type, v.event_type);
    EXPECT_EQ(got.user_id, v.user_id);
    EXPECT_EQ(got.session_id, v.session_id);
    EXPECT_EQ(got.page_url, v.page_url);
    EXPECT_EQ(got.props, v.props);
    EXPECT_EQ(got.occurred_at, v.occurred_at);
    EXPECT_EQ(got.received_at, v.received_at);
    EXPECT_EQ(got.schema_version, 3);
    EXPECT_TRUE(got.time_from_door);
    EXPECT_FALSE(got.id_from_door);
}

TEST_P(JournalContract, KnowsARepeatInTheSameAndInAnotherRequest) {
    const auto first = append_ids(*journal, {"a", "b", "a"});
    ASSERT_TRUE(first.ok());
    EXPECT_FALSE(first->placements[0].duplicate);
    EXPECT_TRUE(first->placements[2].duplicate);
    EXPECT_EQ(first->placements[2].offset, 1U);
    const auto second = append_ids(*journal, {"b", "c"});
    ASSERT_TRUE(second.ok());
    EXPECT_TRUE(second->placements[0].duplicate);
    EXPECT_EQ(second->placements[0].offset, 2U);
    EXPECT_EQ(second->placements[1].offset, 3U);
    EXPECT_EQ(ids(*journal, 1), (std::vector<std::string>{"a", "b", "c"}));
    const JournalCounters c = journal->counters();
    EXPECT_EQ(c.accepted, 3U);
    EXPECT_EQ(c.duplicate, 2U);
    EXPECT_EQ(c.decoded, 5U);
}

TEST_P(JournalContract, ARepeatIsOneOnlyWithinItsProject) {
    EventBatch other("other");
    other.add(event("a"));
    ASSERT_TRUE(append_ids(*journal, {"a"}).ok());
    const auto result = append_batch(*journal, std::move(other));
    ASSERT_TRUE(result.ok());
    EXPECT_FALSE(result->placements[0].duplicate);
}

TEST_P(JournalContract, ForgetsAnIdAfterTheHorizonByReceivedAt) {
    const auto at = [](std::int64_t hours, std::int64_t micros) {
        EventBatch batch;
        batch.add(event("a", kStart.plus_micros(hours * 3'600'000'000 + micros)));
        return batch;
    };
    ASSERT_TRUE(append_batch(*journal, at(0, 0)).ok());
    EXPECT_TRUE(append_batch(*journal, at(48, 0))->placements[0].duplicate);
    EXPECT_FALSE(append_batch(*journal, at(48, 1))->placements[0].duplicate);
    EXPECT_TRUE(append_batch(*journal, at(96, 0))->placements[0].duplicate);
    EXPECT_EQ(append_batch(*journal, at(96, 0))->placements[0].offset, 2U);
}

TEST_P(JournalContract, IdsFromTheDoorAreNeverRepeats) {
    EventBatch batch;
    EventView v = event("same");
    v.id_from_door = true;
    batch.add(v);
    batch.add(v);
    const auto result = append_batch(*journal, std::move(batch));
    ASSERT_TRUE(result.ok());
    EXPECT_FALSE(result->placements[1].duplicate);
}

TEST_P(JournalContract, CountsDeadLettersAndTakesARequestOfNothingElse) {
    AppendRequest request;
    request.rejected.push_back({0, "bad", "user_id", 7, "raw"});
    request.rejected.push_back({1, "worse", "", 9, std::string("\0\xFF", 2)});
    ASSERT_TRUE(append_request(*journal, std::move(request)).ok());
    EXPECT_EQ(journal->counters().invalid, 2U);
    EXPECT_EQ(journal->counters().decoded, 2U);
    EXPECT_EQ(journal->end(), 1U);
}

TEST_P(JournalContract, KeepsDeadLettersInOrderWithEveryField) {
    EXPECT_EQ(journal->next_dead_letter(), 1U);
    ASSERT_TRUE(journal->read_dead_letters(1, 10).ok());
    EXPECT_TRUE(journal->read_dead_letters(1, 10)->empty());
    AppendRequest request;
    request.batch = EventBatch("shop");
    request.batch.add(event("good"));
    request.source = "/v1/batch";
    request.dialect = Dialect::Segment;
    request.producer = "key k_1";
    request.rejected.push_back({3, "bad", "/batch/3/userId", 71, std::string("\0\xFFraw", 5), "the id"});
    request.rejected.push_back({4, "worse", "", 90, std::string(limits::kDeadLetterRawBytes + 1, 'x'), ""});
    ASSERT_TRUE(append_request(*journal, std::move(request)).ok());
    EXPECT_EQ(journal->next_dead_letter(), 3U);
    const auto letters = journal->read_dead_letters(0, 10);
    ASSERT_TRUE(letters.ok());
    ASSERT_EQ(letters->size(), 2U);
    const DeadLetter& first = letters->front();
    EXPECT_EQ(first.id, 1U);
    EXPECT_EQ(first.project, "shop");
    EXPECT_EQ(first.source, "/v1/batch");
    EXPECT_EQ(first.producer, "key k_1");
    EXPECT_EQ(first.dialect, Dialect::Segment);
    EXPECT_EQ(first.reason, "bad");
    EXPECT_EQ(first.field, "/batch/3/userId");
    EXPECT_EQ(first.event_id, "the id");
    EXPECT_EQ(first.raw, std::string("\0\xFFraw", 5));
    EXPECT_EQ(first.item, 3U);
    EXPECT_EQ(first.offset, 71U);
    EXPECT_GT(first.received_at.micros, 0);
    EXPECT_FALSE(first.raw_cut);
    const DeadLetter& second = letters->back();
    EXPECT_EQ(second.id, 2U);
    EXPECT_EQ(second.raw, std::string(limits::kDeadLetterRawBytes, 'x'));
    EXPECT_TRUE(second.raw_cut);
}

TEST_P(JournalContract, ReadsDeadLettersFromAnyOneOnUpToAsManyAsAsked) {
    for (int i = 0; i < 20; ++i) {
        AppendRequest request;
        request.batch.add(event(std::to_string(i)));  // so that a journal of many files has many
        for (int k = 0; k < 3; ++k) request.rejected.push_back({0, std::to_string(i * 3 + k + 1), "", 0, "raw"});
        ASSERT_TRUE(append_request(*journal, std::move(request)).ok());
    }
    EXPECT_EQ(journal->next_dead_letter(), 61U);
    for (const auto& [from, max] : {std::pair<std::uint64_t, std::size_t>{1, 100}, {1, 7}, {30, 4}, {60, 5}, {61, 5}}) {
        const auto letters = journal->read_dead_letters(from, max);
        ASSERT_TRUE(letters.ok());
        ASSERT_EQ(letters->size(), std::min<std::size_t>(max, 61 - from));
        for (std::size_t i = 0; i < letters->size(); ++i) {
            EXPECT_EQ((*letters)[i].id, from + i);
            EXPECT_EQ((*letters)[i].reason, std::to_string(from + i));
        }
    }
    journal->dead_letters_kept_to(20);
    EXPECT_EQ(journal->read_dead_letters(1, 1000)->back().id, 60U);
}

TEST_P(JournalContract, KeepsByWhichDoorEventsCame) {
    const auto append = [&](const std::string& project, const std::string& id, const std::string& source,
                            Dialect dialect, const std::string& sender) {
        AppendRequest request;
        request.batch = EventBatch(project);
        request.batch.add(event(id));
        request.source = source;
        request.dialect = dialect;
        request.sender = sender;
        ASSERT_TRUE(append_request(*journal, std::move(request)).ok());
    };
    append("default", "a", "/events", Dialect::Generic, "");
    append("shop", "b", "/v1/batch", Dialect::Segment, "key k_1");
    append("shop", "c", "/v1/batch", Dialect::Segment, "key k_2");
    append("default", "d", "/events", Dialect::Generic, "");
    append("shop", "a", "/batch", Dialect::PostHog, "user u");
    append("shop", "b", "/another", Dialect::PostHog, "");  // a repeat: the first is what is there

    const auto a = journal->find("default", "a");
    ASSERT_TRUE(a.ok());
    EXPECT_EQ(a->offset, 1U);
    EXPECT_EQ(a->project, "default");
    EXPECT_EQ(a->source, "/events");
    EXPECT_EQ(a->dialect, Dialect::Generic);
    EXPECT_EQ(a->sender, "");
    const auto b = journal->find("shop", "b");
    ASSERT_TRUE(b.ok());
    EXPECT_EQ(b->offset, 2U);
    EXPECT_EQ(b->source, "/v1/batch");
    EXPECT_EQ(b->dialect, Dialect::Segment);
    EXPECT_EQ(b->sender, "key k_1");
    EXPECT_EQ(journal->find("shop", "c")->sender, "key k_2");
    EXPECT_EQ(journal->find("shop", "a")->offset, 5U);
    EXPECT_EQ(journal->find("default", "b").error().code, ErrorCode::NotFound);
    EXPECT_EQ(journal->find("nobody", "a").error().code, ErrorCode::NotFound);
    EXPECT_EQ(journal->find("default", "").error().code, ErrorCode::NotFound);

    const auto fourth = journal->place(4);
    ASSERT_TRUE(fourth.ok());
    EXPECT_EQ(fourth->offset, 4U);
    EXPECT_EQ(fourth->project, "default");
    EXPECT_EQ(fourth->source, "/events");
    EXPECT_EQ(journal->place(5)->dialect, Dialect::PostHog);
    EXPECT_EQ(journal->place(6).error().code, ErrorCode::NotFound);
}

TEST_P(JournalContract, FindsTheNewestOfAnIdThatCameInTwoHorizons) {
    ASSERT_TRUE(append_ids(*journal, {"a"}).ok());
    ASSERT_TRUE(append_ids(*journal, {"a", "b"}, kStart.plus_micros(49 * 3'600'000'000)).ok());
    EXPECT_EQ(journal->find("default", "a")->offset, 2U);
}

TEST_P(JournalContract, IdsFromTheDoorAreNotFoundById) {
    EventBatch batch;
    EventView made = event("made");
    made.id_from_door = true;
    batch.add(made);
    ASSERT_TRUE(append_batch(*journal, std::move(batch)).ok());
    EXPECT_EQ(journal->find("default", "made").error().code, ErrorCode::NotFound);
    EXPECT_EQ(journal->place(1)->source, "test");
}

TEST_P(JournalContract, CountsEventsOfTheProgramItselfApart) {
    EventBatch system{std::string(kSystemProject)};
    system.add(event("canary"));
    system.add(event("canary"));
    ASSERT_TRUE(append_ids(*journal, {"a"}).ok());
    const auto result = append_batch(*journal, std::move(system));
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->placements[0].offset, 2U);
    EXPECT_TRUE(result->placements[1].duplicate);
    ASSERT_TRUE(append_ids(*journal, {"a", "b"}).ok());
    const JournalCounters counters = journal->counters();
    EXPECT_EQ(counters.system, 1U);
    EXPECT_EQ(counters.accepted, 2U);
    EXPECT_EQ(counters.duplicate, 1U);
    EXPECT_EQ(counters.decoded, 3U);
    EXPECT_EQ(journal->end() - 1, counters.accepted + counters.system);
    EXPECT_EQ((*journal->read(2, 1))->batch.project(), kSystemProject);
}

TEST_P(JournalContract, CountsRejectedThatAreNotKept) {
    AppendRequest request;
    request.batch.add(event("a"));
    request.rejected.push_back({1, "bad", "", 0, "raw"});
    request.rejected_not_kept = 5;
    ASSERT_TRUE(append_request(*journal, std::move(request)).ok());
    AppendRequest nothing_else;
    nothing_else.rejected_not_kept = 2;
    ASSERT_TRUE(append_request(*journal, std::move(nothing_else)).ok());
    const JournalCounters counters = journal->counters();
    EXPECT_EQ(counters.accepted, 1U);
    EXPECT_EQ(counters.invalid, 8U);
    EXPECT_EQ(counters.dead_letters_not_kept, 7U);
    EXPECT_EQ(counters.decoded, 9U);
    EXPECT_EQ(journal->next_dead_letter(), 2U);
}

TEST_P(JournalContract, TellsTheListenerOfARequestOfNothingButDeadLetters) {
    std::promise<std::uint64_t> told;
    journal->on_commit([&] { told.set_value(journal->next_dead_letter()); });
    AppendRequest request;
    request.rejected.push_back({0, "bad", "", 0, "raw"});
    ASSERT_TRUE(append_request(*journal, std::move(request)).ok());
    auto listened = told.get_future();
    ASSERT_EQ(listened.wait_for(kPatience), std::future_status::ready);
    EXPECT_EQ(listened.get(), 2U);
}

TEST_P(JournalContract, ReadsRunsThatNeverCrossAProject) {
    std::map<std::string, int> expected;
    for (int i = 0; i < 30; ++i) {
        EventBatch batch(i % 3 == 0 ? "p" : "q");
        for (int k = 0; k < 5; ++k) batch.add(event(std::to_string(i * 5 + k)));
        expected[batch.project()] += 5;
        ASSERT_TRUE(append_batch(*journal, std::move(batch)).ok());
    }
    std::map<std::string, int> got;
    for (Offset at = 1; at < journal->end();) {
        const auto run = journal->read(at, 7);
        ASSERT_TRUE(run.ok() && *run);
        ASSERT_EQ((*run)->first, at);
        ASSERT_FALSE((*run)->batch.empty());
        for (std::size_t i = 0; i < (*run)->batch.size(); ++i)
            EXPECT_EQ((*run)->batch[i].event_id, std::to_string(at + i - 1));
        got[(*run)->batch.project()] += static_cast<int>((*run)->batch.size());
        at = (*run)->next();
    }
    EXPECT_EQ(got, expected);
}

TEST_P(JournalContract, ManyProducersLoseNothingAndShareNoOffset) {
    constexpr int kThreads = 4, kRequests = 100;
    std::mutex mutex;
    std::set<Offset> offsets;
    int answered = 0;
    std::condition_variable all;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
        threads.emplace_back([&, t] {
            for (int r = 0; r < kRequests; ++r) {
                AppendRequest request;
                for (int k = 0; k < 3; ++k)
                    request.batch.add(event(std::to_string(t) + "-" + std::to_string(r) + "-" + std::to_string(k)));
                request.done = [&](Result<Appended> result, const EventBatch& batch) {
                    const std::lock_guard lock(mutex);
                    EXPECT_TRUE(result.ok());
                    EXPECT_EQ(batch.size(), 3U);
                    if (result.ok()) {
                        for (const Placement& p : result->placements) EXPECT_TRUE(offsets.insert(p.offset).second);
                    }
                    if (++answered == kThreads * kRequests) all.notify_all();
                };
                ASSERT_TRUE(journal->append(std::move(request)));
            }
        });
    for (auto& thread : threads) thread.join();
    std::unique_lock lock(mutex);
    ASSERT_TRUE(all.wait_for(lock, kPatience, [&] { return answered == kThreads * kRequests; }));
    EXPECT_EQ(offsets.size(), 1200U);
    EXPECT_EQ(*offsets.begin(), 1U);
    EXPECT_EQ(*offsets.rbegin(), 1200U);
    EXPECT_EQ(ids(*journal, 1).size(), 1200U);
}

TEST_P(JournalContract, TellsTheListenerWhenThereIsSomethingNew) {
    std::mutex mutex;
    std::condition_variable changed;
    Offset seen = 0;
    journal->on_commit([&] {
        const std::lock_guard lock(mutex);
        seen = journal->end();
        changed.notify_all();
    });
    ASSERT_TRUE(append_ids(*journal, {"a", "b"}).ok());
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, kPatience, [&] { return seen == 3; }));
}

TEST_P(JournalContract, CloseCommitsWhatWasTakenAndRefusesTheRest) {
    std::mutex mutex;
    int good = 0;
    for (int i = 0; i < 50; ++i) {
        AppendRequest request;
        request.batch.add(event(std::to_string(i)));
        request.done = [&](Result<Appended> result, const EventBatch&) {
            const std::lock_guard lock(mutex);
            good += result.ok() ? 1 : 0;
        };
        ASSERT_TRUE(journal->append(std::move(request)));
    }
    journal->close();
    journal->close();
    EXPECT_EQ(good, 50);
    AppendRequest late;
    late.batch.add(event("late"));
    late.done = [](Result<Appended>, const EventBatch&) { FAIL() << "a refused request is not answered"; };
    EXPECT_FALSE(journal->append(std::move(late)));
    EXPECT_EQ(late.batch.size(), 1U);
}

TEST_P(JournalContract, ReadingBeyondTheEndIsAnError) {
    ASSERT_TRUE(append_ids(*journal, {"a"}).ok());
    EXPECT_FALSE(journal->read(3, 10).ok());
}

}  // namespace streamgauge::test
