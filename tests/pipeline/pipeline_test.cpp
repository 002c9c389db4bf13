// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipeline/pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <limits>
#include <mutex>

#include "metrics/aggregation.h"
#include "pipeline/faulty_store.h"
#include "pipeline/oracle.h"
#include "pipeline/projection.h"
#include "support/eventually.h"
#include "support/manual_clock.h"
#include "support/memory_journal.h"

namespace streamgauge {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::Fault;
using test::PlainEvent;

class PipelineTest : public ::testing::Test {
protected:
    PipelineTest() : store(directory.open()), clock(Timestamp{test::kStreamStart}) {}
    ~PipelineTest() override { journal.close(); }

    void start(PipelineOptions options = quick(), std::vector<MetricDefinition> definitions = built_in_metrics()) {
        Result<std::unique_ptr<Pipeline>> started =
            Pipeline::start(journal, store, clock, options, std::move(definitions));
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
    Result<PartitionState> flush() {
        std::promise<Result<PartitionState>> done;
        pipeline->flush([&done](Result<PartitionState> state) { done.set_value(std::move(state)); });
        return done.get_future().get();
    }
    std::optional<std::uint64_t> pair(const std::string& user = "u") {
        std::promise<std::optional<std::uint64_t>> answer;
        pipeline->ask([&](const Projection* projection) {
            if (projection == nullptr) return answer.set_value(std::nullopt);
            const Result<std::uint64_t> count = projection->pair_count({}, user, "/p");
            EXPECT_TRUE(count.ok());
            answer.set_value(*count);
        });
        return answer.get_future().get();
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

// ---- flush ---------------------------------------------------------------------------------------------------------

TEST_F(PipelineTest, FlushCommitsWhatWasAcknowledged) {
    PipelineOptions options = quick();
    options.commit_interval = options.quiet_commit = 60s;  // by itself it would not
    options.forced_commit = 1ms;
    start(options);
    EXPECT_EQ(flush().value().next, 1U) << "nothing to commit";
    EXPECT_EQ(store.commits(), 0);
    for (std::uint64_t i = 1; i <= 50; ++i) {
        append(some(3));
        const Result<PartitionState> state = flush();
        ASSERT_TRUE(state.ok());
        ASSERT_EQ(state->next, 3 * i + 1);
        const auto snapshot = std::move(store.snapshot()).value();
        ASSERT_GE(snapshot->state()->next, state->next);
    }
    const int commits = store.commits();
    ASSERT_TRUE(flush().ok());
    EXPECT_EQ(store.commits(), commits) << "all of it is there";
}

TEST_F(PipelineTest, ManyFlushesShareACommit) {
    PipelineOptions options = quick();
    options.commit_interval = options.quiet_commit = 60s;
    start(options);
    append(some(1));
    ASSERT_TRUE(flush().ok());
    store.hold(true);
    std::vector<std::future<Result<PartitionState>>> answers;
    for (int i = 0; i < 30; ++i) {
        append(some(1));
        auto promise = std::make_shared<std::promise<Result<PartitionState>>>();
        answers.push_back(promise->get_future());
        pipeline->flush([promise](Result<PartitionState> state) { promise->set_value(std::move(state)); });
    }
    store.hold(false);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        const Result<PartitionState> state = answers[i].get();
        ASSERT_TRUE(state.ok());
        EXPECT_GE(state->next, i + 3);
    }
    EXPECT_LE(store.commits(), 4);
}

TEST_F(PipelineTest, FlushSaysWhenItCannotBe) {
    start();
    append(some(1));
    ASSERT_TRUE(flush().ok());
    store.fail(Fault::BeforeCommit, 1'000'000);
    append(some(1));
    EXPECT_EQ(flush().error().code, ErrorCode::Unavailable) << "after two seconds";
    store.fail(Fault::None, 0);
    pipeline->stop();
    EXPECT_EQ(flush().error().code, ErrorCode::Unavailable);
}

TEST_F(PipelineTest, TellsWhatEachCommitChanged) {
    start();
    std::mutex mutex;
    std::vector<ChangedWindows> seen;
    pipeline->on_commit([&](const CommittedChanges& changes) {
        const std::lock_guard lock(mutex);
        seen.insert(seen.end(), changes.windows.begin(), changes.windows.end());
    });
    append(some(1));
    ASSERT_TRUE(flush().ok());
    const std::lock_guard lock(mutex);
    const std::int64_t day = test::kStreamStart / kDayMicros * kDayMicros;
    const auto total =
        std::find_if(seen.begin(), seen.end(), [](const auto& c) { return c.metric == metric::kEventsTotal; });
    ASSERT_NE(total, seen.end());
    EXPECT_EQ(total->from, day);
    EXPECT_EQ(total->to, day + 1);
    for (std::uint8_t tier = 0; tier < 4; ++tier)
        EXPECT_EQ(std::count_if(seen.begin(), seen.end(),
                                [tier](const auto& c) { return c.metric == metric::kTopPages && c.tier == tier; }),
                  1)
            << int{tier};
    EXPECT_EQ(std::count_if(seen.begin(), seen.end(), [](const auto& c) { return c.metric == metric::kActiveUsers; }),
              4);
}

// ---- metrics that come and go --------------------------------------------------------------------------------------

class ChangingMetrics : public PipelineTest {
protected:
    static MetricDefinition views(Aggregate aggregate = Aggregate::Count) {
        MetricDefinition definition;
        definition.id = kFirstUserMetric;
        definition.name = "views";
        definition.tiers = {{kMinuteMicros, 0}, {kHourMicros, 0}};
        definition.aggregate = aggregate;
        definition.of = {{Field::UserId, {}}};
        definition.exact_budget = 1'000;
        return definition;
    }
    // As a worker does: walks from the log's beginning to `to`, and commits once.
    struct Walked {
        MetricAggregation metric;
        PartitionState state;
    };
    Walked backfill(const MetricDefinition& definition, Offset to) {
        EXPECT_TRUE(store.begin_backfill(pipeline->epoch(), definition.id, {}).ok());
        const SetTable::Load nothing = [](MetricId, const SetKey&) -> Result<std::optional<SetState>> {
            return std::optional<SetState>();
        };
        Aggregation walk = std::move(Aggregation::make({definition}, nothing)).value();
        PartitionState state;
        while (state.next < to) {
            const auto run = journal.read(state.next, to - state.next).value();
            EventBatch part(run->batch.project());
            for (Offset at = state.next; at < std::min(to, run->next()); ++at)
                part.add(run->batch[static_cast<std::size_t>(at - run->first)]);
            EXPECT_TRUE(walk.apply(part, 0, state).ok());
        }
        MetricAggregation& metric = walk.metrics().front();
        BackfillCommit commit;
        commit.metric = definition.id;
        commit.state = state;
        commit.changes.cells = metric.take_cells(state.log_clock, state.watermark);
        if (metric.sets() != nullptr) {
            commit.changes.sets.push_back({definition.id, definition.aggregate, metric.sets()->take_writes()});
            metric.sets()->committed();
        }
        commit.changes.counters = {{definition.id, metric.counters()}};
        EXPECT_TRUE(store.commit_backfill(pipeline->epoch(), commit).ok());
        return {std::move(metric), state};
    }
    Status adopt(Walked&& walked) {
        std::promise<Status> done;
        pipeline->adopt(std::move(walked.metric), walked.state, [&done](Status s) { done.set_value(std::move(s)); });
        return done.get_future().get();
    }
    Status drop(MetricId metric) {
        std::promise<Status> done;
        pipeline->drop(metric, [&done](Status s) { done.set_value(std::move(s)); });
        return done.get_future().get();
    }
    // Of the hour's tier, in the store.
    std::int64_t counted() {
        EXPECT_TRUE(flush().ok());
        const auto snapshot = std::move(store.snapshot()).value();
        std::int64_t sum = 0;
        EXPECT_TRUE(snapshot
                        ->cells(kFirstUserMetric, 1, kNoWindow, std::numeric_limits<std::int64_t>::max(), {},
                                [&sum](auto, auto, const Cell& cell) {
                                    sum += cell.value;
                                    return true;
                                })
                        .ok());
        return sum;
    }
    std::vector<StoredMetric> stored() {
        const auto snapshot = std::move(store.snapshot()).value();
        return std::move(snapshot->metrics()).value();
    }
    static bool has(const std::vector<StoredMetric>& metrics, MetricId id, bool complete) {
        return std::any_of(metrics.begin(), metrics.end(),
                           [&](const auto& m) { return m.id == id && m.backfill.has_value() != complete; });
    }
};

TEST_F(ChangingMetrics, ABackfilledMetricIsTakenOverWithoutAGapOrARepeat) {
    start();
    for (int i = 0; i < 20; ++i) append(some(7));
    ASSERT_TRUE(flush().ok());
    Walked walked = backfill(views(), 31);  // in the middle of a run
    append(some(5));
    EXPECT_TRUE(has(stored(), kFirstUserMetric, false));
    ASSERT_TRUE(adopt(std::move(walked)).ok());
    EXPECT_TRUE(has(stored(), kFirstUserMetric, true));
    EXPECT_EQ(counted(), 145);
    append(some(10));
    EXPECT_EQ(counted(), 155);

    // And over a restart that knows the definition.
    pipeline->stop();
    append(some(1));
    auto definitions = built_in_metrics();
    definitions.push_back(views());
    start(quick(), definitions);
    EXPECT_TRUE(pipeline->missing().empty());
    EXPECT_EQ(counted(), 156);

    // One that nobody defines any more is removed at the start.
    pipeline->stop();
    start();
    ASSERT_TRUE(eventually([&] { return !has(stored(), kFirstUserMetric, true); }));
    EXPECT_EQ(counted(), 0);
}

TEST_F(ChangingMetrics, SetsAreTakenOverToo) {
    start();
    for (int i = 0; i < 40; ++i) append(some(1, "user-" + std::to_string(i)));
    ASSERT_TRUE(flush().ok());
    ASSERT_TRUE(adopt(backfill(views(Aggregate::Distinct), 17)).ok());
    for (int i = 30; i < 50; ++i) append(some(1, "user-" + std::to_string(i)));
    ASSERT_TRUE(flush().ok());
    const auto snapshot = std::move(store.snapshot()).value();
    const auto set =
        snapshot->set(kFirstUserMetric, {1, test::kStreamStart / kHourMicros * kHourMicros, "default"}).value();
    ASSERT_TRUE(set.has_value());
    EXPECT_EQ(SetState::decode(Aggregate::Distinct, set->bytes)->distinct().count, 50U);
}

TEST_F(ChangingMetrics, AMetricThatIsSomewhereElseIsNotTakenOver) {
    start();
    append(some(10));
    Walked walked = backfill(views(), 5);
    walked.state.next = 4;
    const Status refused = adopt(std::move(walked));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    append(some(1));
    EXPECT_TRUE(flush().ok()) << "and the pipeline goes on";
    EXPECT_TRUE(has(stored(), kFirstUserMetric, false));
}

TEST_F(ChangingMetrics, ADroppedMetricIsGone) {
    start();
    append(some(10));
    ASSERT_TRUE(adopt(backfill(views(), 5)).ok());
    EXPECT_EQ(counted(), 10);
    ASSERT_TRUE(drop(kFirstUserMetric).ok());
    EXPECT_FALSE(has(stored(), kFirstUserMetric, true));
    append(some(10));
    EXPECT_EQ(counted(), 0);
    EXPECT_TRUE(drop(kFirstUserMetric + 1).ok()) << "there is none";
    pipeline->stop();
    EXPECT_EQ(drop(kFirstUserMetric).error().code, ErrorCode::Unavailable);
}

TEST_F(ChangingMetrics, ANewDefinitionIsMissingUnlessTheLogIsEmpty) {
    auto definitions = built_in_metrics();
    definitions.push_back(views());
    start(quick(), definitions);
    EXPECT_TRUE(pipeline->missing().empty());
    append(some(4));
    EXPECT_EQ(counted(), 4);
    pipeline->stop();
    MetricDefinition other = views();
    other.id = kFirstUserMetric + 7;
    definitions.push_back(other);
    start(quick(), definitions);
    EXPECT_EQ(pipeline->missing(), (std::vector<MetricId>{other.id}));
    append(some(4));
    EXPECT_EQ(counted(), 8);
}

TEST_F(PipelineTest, AnEventWhoseSetCannotBeReadIsCountedOnceLater) {
    start();
    std::vector<PlainEvent> logins = some(3);
    for (PlainEvent& e : logins) e.event_type = "login";
    for (PlainEvent& e : logins) e.occurred_at -= 3 * kDayMicros;  // their day is closed: its set is in the store
    append({some(1)});
    append(logins);
    ASSERT_TRUE(flush().ok());
    store.fail_snapshots(3);
    append({logins.front()});  // a repeat, which is in the log no second time
    std::vector<PlainEvent> more = some(2, "another");
    for (PlainEvent& e : more) e.event_type = "login";
    for (PlainEvent& e : more) e.occurred_at -= 3 * kDayMicros;
    append(more);
    ASSERT_TRUE(eventually([&] { return pipeline->status().committed == 7; }));
    EXPECT_EQ(pipeline->status().aggregated, 6U);
    EXPECT_FALSE(pipeline->status().failure.has_value());
    const auto snapshot = std::move(store.snapshot()).value();
    const std::int64_t day = (test::kStreamStart / kDayMicros - 3) * kDayMicros;
    const auto set = snapshot->set(metric::kDailyActiveUsers, {0, day, "default"}).value();
    ASSERT_TRUE(set.has_value());
    EXPECT_EQ(SetState::decode(Aggregate::Distinct, set->bytes)->distinct().count, 2U);
    EXPECT_EQ(set->late, 5U);
}

TEST_F(PipelineTest, ReadsAheadWhenItIsFarBehind) {
    std::vector<PlainEvent> events = some(1'000);
    for (int i = 0; i < 120; ++i) {
        for (PlainEvent& e : events) e.event_id = "far-" + std::to_string(ids++);
        append(events);
    }
    start();
    EXPECT_TRUE(eventually([&] { return pipeline->status().committed == 120'001; }));
    EXPECT_EQ(pair(), 120'000U);
    append(some(5));
    EXPECT_EQ(pair(), 120'005U);
}

}  // namespace
}  // namespace streamgauge
