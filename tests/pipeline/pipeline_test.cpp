// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipeline/pipeline.h"

#include <gtest/gtest.h>

#include <future>

#include "pipeline/faulty_store.h"
#include "pipeline/oracle.h"
#include "pipeline/projection.h"
#include "support/manual_clock.h"
#include "support/memory_journal.h"

namespace streamgauge {
namespace {

using namespace std::chrono_literals;
using test::Fault;
using test::PlainEvent;

class PipelineTest : public ::testing::Test {
protected:
    PipelineTest() : store(directory.open()), clock(Timestamp{test::kStreamStart}) {}
    ~PipelineTest() override { journal.close(); }

    void start(PipelineOptions options = quick()) {
        Result<std::unique_ptr<Pipeline>> started = Pipeline::start(journal, store, clock, options);
        ASSERT_TRUE(started.ok()) << started.error().describe();
        pipeline = std::move(started).value();
        journal.on_commit([this] { pipeline->wake(); });
    }
    static PipelineOptions quick() {
        PipelineOptions options;
        options.commit_interval = 20ms;
        options.quiet_commit = 5ms;
        return options;
    }
    // Returns when the events are acknowledged.
    void append(const std::vector<PlainEvent>& events) {
        std::promise<void> done;
        AppendRequest request;
        for (const PlainEvent& e : events) request.batch.add(e.view());
        request.done = [&done](const Result<Appended>& appended, const EventBatch&) {
            EXPECT_TRUE(appended.ok());
            done.set_value();
        };
        ASSERT_TRUE(journal.append(std::move(request)));
        done.get_future().wait();
    }
    std::vector<PlainEvent> some(std::size_t count, const std::string& user = "u") {
        std::vector<PlainEvent> events(count);
        for (PlainEvent& e : events) {
            e.event_id = "id-" + std::to_string(ids++);
            e.event_type = "view";
            e.user_id = user;
            e.page_url = "/p";
            e.occurred_at = e.received_at = test::kStreamStart;
        }
        return events;
    }
    std::optional<std::uint64_t> pair(const std::string& user = "u") {
        std::promise<std::optional<std::uint64_t>> answer;
        pipeline->ask([&](const Projection* projection) {
            if (projection == nullptr) return answer.set_value(std::nullopt);
            const Result<std::uint64_t> count = projection->pair_count(user, "/p");
            EXPECT_TRUE(count.ok());
            answer.set_value(*count);
        });
        return answer.get_future().get();
    }
    template <class Condition>
    static bool eventually(Condition condition) {
        for (const auto until = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < until;) {
            if (condition()) return true;
            std::this_thread::sleep_for(1ms);
        }
        return false;
    }

    test::StoreDirectory directory;
    test::FaultyStore store;
    test::ManualClock clock;
    test::MemoryJournal journal;
    std::unique_ptr<Pipeline> pipeline;
    int ids = 0;
};

TEST_F(PipelineTest, ShowsWhatIsAcknowledgedInTheNextAnswer) {
    start();
    for (std::uint64_t i = 1; i <= 200; ++i) {
        append(some(1));
        ASSERT_EQ(pair(), i);
    }
}

TEST_F(PipelineTest, CommitsSoonWhenItGetsQuietAndThenSleeps) {
    start();
    append(some(10));
    ASSERT_TRUE(eventually([&] { return pipeline->status().committed == 11; }));
    const int commits = store.commits();
    EXPECT_EQ(pair(), 10U);
    EXPECT_EQ(store.commits(), commits) << "nothing new, nothing to commit";
    EXPECT_EQ(pipeline->status().aggregated, 10U);
}

TEST_F(PipelineTest, AnswersWhileACommitStandsStill) {
    start();
    store.hold(true);
    append(some(5));
    ASSERT_TRUE(eventually([&] { return store.commits() > 0; }));
    append(some(7));
    EXPECT_EQ(pair(), 12U);
    store.hold(false);
    EXPECT_TRUE(eventually([&] { return pipeline->status().committed == 13; }));
    EXPECT_EQ(pair(), 12U);
}

TEST_F(PipelineTest, StopsReadingWhenTooMuchIsNotCommitted) {
    PipelineOptions options = quick();
    options.max_pending_rows = 50;
    options.read_events = 10;
    start(options);
    store.hold(true);
    for (int i = 0; i < 200; ++i) append(some(1, "user-" + std::to_string(i)));
    ASSERT_TRUE(eventually([&] { return store.commits() > 0; }));
    clock.advance(3'000'000);
    const PipelineLag lag = pipeline->lag();
    EXPECT_GT(lag.events, 0U);
    EXPECT_LT(pipeline->status().next, 200U);
    EXPECT_EQ(lag.seconds, 3.0);
    EXPECT_TRUE(pair().has_value()) << "questions are answered all the same";
    store.hold(false);
    EXPECT_TRUE(eventually([&] { return pipeline->status().committed == 201; }));
    EXPECT_EQ(pipeline->lag().events, 0U);
    EXPECT_EQ(pipeline->lag().seconds, 0.0);
}

TEST_F(PipelineTest, CommitsAgainWhenTheStoreFails) {
    start();
    store.fail(Fault::BeforeCommit, 2);
    append(some(4));
    ASSERT_TRUE(eventually([&] { return pipeline->status().failure.has_value(); }));
    EXPECT_EQ(pair(), 4U);
    ASSERT_TRUE(eventually([&] { return pipeline->status().committed == 5; }));
    EXPECT_FALSE(pipeline->status().failure.has_value());
    EXPECT_EQ(pair(), 4U);
}

TEST_F(PipelineTest, StopCommitsAndTheNextStartGoesOn) {
    start();
    append(some(30));
    pipeline->stop();
    EXPECT_EQ(pipeline->status().committed, 31U);
    EXPECT_EQ(pair(), std::nullopt) << "after stop nobody answers";
    append(some(3));
    start();
    EXPECT_EQ(pair(), 33U);
}

TEST_F(PipelineTest, GivesUpOnADeadStoreWhenItStopsAndRepeatsTheTail) {
    start();
    append(some(2));
    ASSERT_TRUE(eventually([&] { return pipeline->status().committed == 3; }));
    store.fail(Fault::BeforeCommit, 1'000'000);
    append(some(5));
    EXPECT_EQ(pair(), 7U);
    pipeline->stop(50ms);
    EXPECT_EQ(pipeline->status().committed, 3U);
    store.fail(Fault::None, 0);
    start();
    EXPECT_EQ(pair(), 7U);
}

TEST_F(PipelineTest, StopsAnsweringWhenAnotherOwnerTakesOver) {
    start();
    append(some(2));
    ASSERT_TRUE(eventually([&] { return pipeline->status().committed == 3; }));
    ASSERT_TRUE(store.acquire().ok());
    append(some(2));
    ASSERT_TRUE(eventually([&] { return pipeline->status().failure.has_value(); }));
    EXPECT_EQ(pipeline->status().failure->code, ErrorCode::Conflict);
    EXPECT_EQ(pair(), std::nullopt);
    pipeline->stop();
    EXPECT_EQ(pipeline->status().committed, 3U);
}

TEST_F(PipelineTest, ACommitWhoseAnswerWasLostIsNotDoneTwice) {
    start();
    store.fail(Fault::AfterCommit);
    append(some(6));
    ASSERT_TRUE(eventually([&] { return pipeline->status().committed == 7; }));
    EXPECT_EQ(store.commits(), 2);
    EXPECT_EQ(pair(), 6U);
    pipeline->stop();
    start();
    EXPECT_EQ(pair(), 6U);
}

TEST_F(PipelineTest, RefusesAStoreThatIsAheadOfTheJournal) {
    start();
    append(some(3));
    pipeline->stop();
    test::MemoryJournal other;
    const auto refused = Pipeline::start(other, store, clock);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::Corrupt);
    EXPECT_FALSE(refused.error().hint.empty());
}

TEST_F(PipelineTest, GoesOnBehindWhatRetentionTook) {
    append(some(10));
    append(some(10));
    journal.forget_before(11);
    start();
    EXPECT_EQ(pair(), 10U);
    EXPECT_EQ(pipeline->status().aggregated, 10U);
    EXPECT_EQ(pipeline->status().next, 21U);
}

TEST_F(PipelineTest, MeasuresProcessingTime) {
    clock.advance(40'000);  // the events were received 40 ms ago
    start();
    append(some(10));
    ASSERT_EQ(pair(), 10U);
    EXPECT_NEAR(pipeline->status().mean_processing_ms, 40.0, 0.001);
}

TEST_F(PipelineTest, ManyProducersAndQuestionsAtOnce) {
    start();
    std::vector<std::thread> producers;
    std::atomic<int> id{0};
    for (int p = 0; p < 3; ++p)
        producers.emplace_back([&, p] {
            for (int i = 0; i < 100; ++i) {
                PlainEvent e;
                e.event_id = "many-" + std::to_string(id++);
                e.event_type = "view";
                e.user_id = "p" + std::to_string(p);
                e.page_url = "/p";
                e.occurred_at = e.received_at = test::kStreamStart;
                append({e, e});  // the second is a repeat
                EXPECT_EQ(pair(e.user_id), static_cast<std::uint64_t>(i + 1));
            }
        });
    for (std::thread& producer : producers) producer.join();
    pipeline->stop();
    EXPECT_EQ(pipeline->status().aggregated, 300U);
    EXPECT_EQ(journal.counters().duplicate, 300U);
}

}  // namespace
}  // namespace streamgauge
