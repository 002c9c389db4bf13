// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/live_service.h"

#include "api/ingest_stats.h"
#include "api/pipeline_fixture.h"
#include "api/second_ring.h"

namespace streamgauge::api {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::PlainEvent;

// Collects what a subscription brings.
class Reader {
public:
    std::function<void(const LiveMessage&)> receive() {
        return [this](const LiveMessage& message) {
            const std::lock_guard lock(mutex_);
            messages_.push_back(message);
            times_.push_back(std::chrono::steady_clock::now());
        };
    }
    std::vector<LiveMessage> all() const {
        const std::lock_guard lock(mutex_);
        return messages_;
    }
    std::vector<std::chrono::steady_clock::time_point> times() const {
        const std::lock_guard lock(mutex_);
        return times_;
    }
    std::size_t size() const { return all().size(); }
    LiveMessage last() const { return all().back(); }

private:
    mutable std::mutex mutex_;
    std::vector<LiveMessage> messages_;
    std::vector<std::chrono::steady_clock::time_point> times_;
};

void expect_one_stream(const std::vector<LiveMessage>& messages) {
    ASSERT_FALSE(messages.empty());
    EXPECT_TRUE(messages.front().snapshot);
    for (std::size_t i = 1; i < messages.size(); ++i)
        EXPECT_EQ(messages[i].seq, messages[i - 1].seq + (messages[i].snapshot ? 0 : 1));
}

class LiveServiceTest : public test::PipelineFixture {
protected:
    static constexpr std::uint64_t kEpoch = 77;

    LiveServiceTest() : feed(std::make_unique<LiveFeed>(LiveSources{journal, *pipeline, stats, clock, "/", kEpoch})) {
        committed = [this] { feed->journal_committed(); };
    }
    ~LiveServiceTest() override { journal.close(); }
    std::unique_ptr<Subscription> subscribe(Reader& reader, Topic topic, const std::string& type = {},
                                            std::optional<ResumePoint> resume = {}) {
        return feed->subscribe(topic, {type}, resume, reader.receive());
    }
    void arrive(std::vector<PlainEvent> events) {
        stats.accepted(events.size());
        append(events);
    }
    static std::vector<Offset> ids_of(const std::vector<LiveMessage>& messages) {
        std::vector<Offset> ids;
        for (const LiveMessage& message : messages)
            for (const TailEvent& e : message.events->events) ids.push_back(e.id);
        return ids;
    }

    IngestStats stats;
    std::unique_ptr<LiveFeed> feed;
};

TEST_F(LiveServiceTest, OverviewStartsWithASnapshotAndFollowsTheEvents) {
    PlainEvent early = event("login");
    early.user_id = "ann";
    early.page_url = "/home";
    arrive({early});
    Reader reader;
    const auto subscription = subscribe(reader, Topic::Overview);
    ASSERT_TRUE(eventually([&] { return reader.size() > 0; }));
    const LiveMessage first = reader.last();
    EXPECT_TRUE(first.snapshot);
    EXPECT_EQ(first.epoch, kEpoch);
    const Overview& overview = *first.overview;
    EXPECT_EQ(overview.active_users, 1U);
    EXPECT_EQ(overview.top_pages, (std::vector<NamedCount>{{"/home", 1}}));
    EXPECT_EQ(overview.event_types, (std::vector<NamedCount>{{"login", 1}}));
    EXPECT_EQ(overview.ledger.accepted, 1U);
    EXPECT_EQ(overview.ledger.aggregated, 1U);
    EXPECT_EQ(overview.ledger.difference, 0);
    EXPECT_EQ(overview.watermark, clock.now());
    EXPECT_EQ(overview.points.back().second, clock.now().seconds());
    EXPECT_EQ(overview.points.back().outcomes.accepted, 1U);
    EXPECT_GT(overview.server.resident_bytes, 0U);
    EXPECT_GT(overview.server.disk_free_bytes, 0U);

    PlainEvent next = event();
    next.user_id = "bob";
    arrive({next});
    ASSERT_TRUE(eventually([&] { return reader.last().overview->active_users == 2; }));
    EXPECT_FALSE(reader.last().snapshot);
    EXPECT_EQ(reader.last().overview->points.back().outcomes.accepted, 2U);
    expect_one_stream(reader.all());
}

TEST_F(LiveServiceTest, OverviewHasTheCanaryWhereOneIsSent) {
    Reader without;
    const auto first = subscribe(without, Topic::Overview);
    ASSERT_TRUE(eventually([&] { return without.size() > 0; }));
    EXPECT_FALSE(without.last().overview->canary);
    EXPECT_EQ(without.last().overview->active_users_error, 0);

    const CanarySight sight{41.5, clock.now(), 2, "is not on disk"};
    LiveSources sources{journal, *pipeline, stats, clock, "/", kEpoch};
    sources.canary = [&] { return sight; };
    LiveFeed other(std::move(sources));
    Reader reader;
    const auto second = other.subscribe(Topic::Overview, {}, {}, reader.receive());
    ASSERT_TRUE(eventually([&] { return reader.size() > 0; }));
    EXPECT_EQ(reader.last().overview->canary, sight);
    other.stop();
}

TEST_F(LiveServiceTest, OverviewSaysNothingNewOnceASecond) {
    Reader reader;
    const auto subscription = subscribe(reader, Topic::Overview);
    ASSERT_TRUE(eventually([&] { return reader.size() == 1; }));
    clock.advance(1'000'000);
    ASSERT_TRUE(eventually([&] { return reader.size() == 2; }));
    const auto points = reader.last().overview->points;
    ASSERT_EQ(points.size(), 2U) << "the second that is over, and the one that began";
    EXPECT_EQ(points.back().second, clock.now().seconds());
    stats.rejected(3);  // no commit tells of it
    ASSERT_TRUE(eventually([&] { return reader.last().overview->points.back().outcomes.rejected == 3; }));
    EXPECT_EQ(reader.last().overview->points.size(), 1U);
    EXPECT_EQ(reader.size(), 3U) << "and nothing in between";
}

TEST_F(LiveServiceTest, SecondsHoldWhatHappenedInThem) {
    Reader reader;
    const auto subscription = subscribe(reader, Topic::Overview);
    ASSERT_TRUE(eventually([&] { return reader.size() == 1; }));
    stats.duplicate(2);
    for (int i = 0; i < 100; ++i) stats.answered(2'000);
    clock.advance(1'000'000);
    ASSERT_TRUE(eventually([&] { return reader.last().overview->points.back().second == clock.now().seconds(); }));
    Reader late;
    const auto other = subscribe(late, Topic::Overview);
    ASSERT_TRUE(eventually([&] { return late.size() == 1; }));
    const auto points = late.last().overview->points;
    ASSERT_EQ(points.size(), 2U);
    EXPECT_EQ(points[0].outcomes.duplicate, 2U);
    EXPECT_EQ(points[0].ack.count, 100U);
    EXPECT_NEAR(points[0].ack.p99_ms, 2.0, 0.01);
    EXPECT_EQ(points[1].outcomes, Outcomes{});
    EXPECT_EQ(points[1].ack.count, 0U);
}

TEST_F(LiveServiceTest, OverviewResumesFromTheRing) {
    Reader reader;
    auto subscription = subscribe(reader, Topic::Overview);
    ASSERT_TRUE(eventually([&] { return reader.size() == 1; }));
    const ResumePoint from{reader.last().epoch, reader.last().seq};
    clock.advance(1'000'000);
    ASSERT_TRUE(eventually([&] { return reader.size() == 2; }));
    subscription.reset();

    Reader resumed;
    const auto again = subscribe(resumed, Topic::Overview, {}, from);
    ASSERT_TRUE(eventually([&] { return resumed.size() >= 1; }));
    EXPECT_FALSE(resumed.all().front().snapshot);
    EXPECT_EQ(resumed.all().front().seq, from.seq + 1);
    Reader other_epoch, beyond;
    const auto third = subscribe(other_epoch, Topic::Overview, {}, ResumePoint{1, from.seq});
    const auto fourth = subscribe(beyond, Topic::Overview, {}, ResumePoint{kEpoch, 9'999});
    ASSERT_TRUE(eventually([&] { return other_epoch.size() > 0 && beyond.size() > 0; }));
    EXPECT_TRUE(other_epoch.all().front().snapshot);
    EXPECT_TRUE(beyond.all().front().snapshot);
}

TEST_F(LiveServiceTest, AFreshSnapshotOnRequest) {
    Reader reader;
    const auto subscription = subscribe(reader, Topic::Overview);
    ASSERT_TRUE(eventually([&] { return reader.size() == 1; }));
    subscription->request_snapshot();
    ASSERT_TRUE(eventually([&] { return reader.size() == 2; }));
    EXPECT_TRUE(reader.last().snapshot);
    expect_one_stream(reader.all());
}

TEST_F(LiveServiceTest, TailsEveryEventOnce) {
    arrive({event(), event()});
    Reader reader;
    const auto subscription = subscribe(reader, Topic::Events);
    ASSERT_TRUE(eventually([&] { return reader.size() == 1; }));
    EXPECT_EQ(ids_of(reader.all()), (std::vector<Offset>{1, 2}));
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 40; ++i) arrive({event()});
    ASSERT_TRUE(eventually([&] { return ids_of(reader.all()).size() == 42; }));
    const auto ids = ids_of(reader.all());
    for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(ids[i], i + 1);
    expect_one_stream(reader.all());
    const auto times = reader.times();
    // From the beginning, not from one to the next: one that was held up here comes closer to its successor.
    for (std::size_t i = 1; i < times.size(); ++i)
        EXPECT_GE(times[i] - begin, (i - 1) * 100ms) << "ten a second at most";
}

TEST_F(LiveServiceTest, CountsWhatDoesNotFitOnAScreen) {
    Reader reader;
    const auto subscription = subscribe(reader, Topic::Events);
    ASSERT_TRUE(eventually([&] { return reader.size() == 1; }));
    for (int round = 0; round < 5; ++round) {
        std::vector<PlainEvent> many;
        for (int i = 0; i < 1'000; ++i) many.push_back(event());
        arrive(many);
    }
    const auto seen = [&] {
        std::uint64_t count = 0;
        for (const LiveMessage& message : reader.all())
            count += message.events->events.size() + message.events->skipped;
        return count;
    };
    ASSERT_TRUE(eventually([&] { return seen() == 5'000; })) << seen();
    for (const LiveMessage& message : reader.all()) EXPECT_LE(message.events->events.size(), 200U);
    EXPECT_EQ(reader.last().events->events.back().id, 5'000U);
    Reader late;
    const auto other = subscribe(late, Topic::Events);
    ASSERT_TRUE(eventually([&] { return late.size() == 1; }));
    EXPECT_EQ(late.last().events->events.size(), 200U);
    EXPECT_EQ(late.last().events->events.front().id, 4'801U);
}

TEST_F(LiveServiceTest, FiltersByType) {
    std::vector<PlainEvent> mixed;
    for (int i = 0; i < 500; ++i) mixed.push_back(event(i % 250 == 0 ? "rare" : "common"));
    arrive(mixed);
    Reader reader;
    const auto subscription = subscribe(reader, Topic::Events, "rare");
    ASSERT_TRUE(eventually([&] { return reader.size() == 1; }));
    EXPECT_EQ(ids_of(reader.all()), (std::vector<Offset>{1, 251}));
    arrive({event("common"), event("rare")});
    ASSERT_TRUE(eventually([&] { return reader.size() == 2; }));
    EXPECT_EQ(ids_of(reader.all()), (std::vector<Offset>{1, 251, 502}));
    EXPECT_EQ(reader.last().events->skipped, 0U);
}

TEST_F(LiveServiceTest, FiltersByTheFilterLanguageAndTellsFiltersApart) {
    arrive({event("rare"), event("common"), event("rare")});
    Reader by_filter, by_both, by_nonsense;
    const auto one = feed->subscribe(Topic::Events, {"", "event_type = rare"}, {}, by_filter.receive());
    const auto two = feed->subscribe(Topic::Events, {"rare", "event_id = id-2"}, {}, by_both.receive());
    const auto three = feed->subscribe(Topic::Events, {"", "event_type ="}, {}, by_nonsense.receive());
    ASSERT_TRUE(eventually([&] { return by_filter.size() == 1 && by_both.size() == 1 && by_nonsense.size() == 1; }));
    EXPECT_EQ(ids_of(by_filter.all()), (std::vector<Offset>{1, 3}));
    EXPECT_EQ(ids_of(by_both.all()), (std::vector<Offset>{3}));
    EXPECT_EQ(ids_of(by_nonsense.all()), (std::vector<Offset>{}));
    arrive({event("common"), event("rare")});
    ASSERT_TRUE(eventually([&] { return by_filter.size() == 2; }));
    EXPECT_EQ(ids_of(by_filter.all()), (std::vector<Offset>{1, 3, 5}));
    one->request_snapshot();
    ASSERT_TRUE(eventually([&] { return by_filter.size() == 3; }));
    EXPECT_TRUE(by_filter.last().snapshot);
    EXPECT_EQ(ids_of({by_filter.last()}), (std::vector<Offset>{1, 3, 5}));
    EXPECT_EQ(by_both.size(), 1U);
}

TEST_F(LiveServiceTest, TheTailPassesOverEventsOfTheProgramItself) {
    const auto own = [&](int count) {
        for (int i = 0; i < count; ++i) {
            std::promise<void> done;
            AppendRequest request;
            request.batch = EventBatch(std::string(kSystemProject));
            const PlainEvent plain = event("canary");
            EventView v = plain.view();
            v.id_from_door = true;
            request.batch.add(v);
            request.done = [&](const Result<Appended>&, const EventBatch&) { done.set_value(); };
            ASSERT_TRUE(journal.append(std::move(request)));
            done.get_future().wait();
        }
    };
    arrive({event(), event()});
    own(300);
    Reader reader;
    const auto subscription = subscribe(reader, Topic::Events);
    ASSERT_TRUE(eventually([&] { return reader.size() == 1; }));
    EXPECT_EQ(ids_of(reader.all()), (std::vector<Offset>{1, 2})) << "however many there are";
    own(1);
    arrive({event()});
    ASSERT_TRUE(eventually([&] { return reader.size() == 2; }));
    EXPECT_EQ(ids_of({reader.last()}), (std::vector<Offset>{304}));
}

TEST_F(LiveServiceTest, LoadRunsSendOnlyTheSecondsThatChanged) {
    Reader reader;
    const auto subscription = subscribe(reader, Topic::Load);
    ASSERT_TRUE(eventually([&] { return reader.size() == 1; }));
    EXPECT_EQ(*reader.last().load, LoadStatus{});
    LoadStatus status;
    status.run_id = "r1";
    status.state = LoadState::Running;
    for (int i = 0; i < 3; ++i) status.seconds.push_back({i, 10, 10, 10, 0, 0, 1, 1, 1, 1});
    feed->publish_load(status);
    ASSERT_TRUE(eventually([&] { return reader.size() == 2; }));
    EXPECT_EQ(reader.last().load->seconds.size(), 3U);
    status.seconds[2].ok = 9;
    status.seconds.push_back({3, 1, 1, 1, 0, 0, 1, 1, 1, 1});
    feed->publish_load(status);
    ASSERT_TRUE(eventually([&] { return reader.size() == 3; }));
    ASSERT_EQ(reader.last().load->seconds.size(), 2U);
    EXPECT_EQ(reader.last().load->seconds[0].second, 2);
    Reader late;
    const auto other = subscribe(late, Topic::Load);
    ASSERT_TRUE(eventually([&] { return late.size() == 1; }));
    EXPECT_EQ(*late.last().load, status);
    status.run_id = "r2";
    feed->publish_load(status);
    ASSERT_TRUE(eventually([&] { return reader.size() == 4; }));
    EXPECT_EQ(reader.last().load->seconds.size(), 4U);
}

TEST_F(LiveServiceTest, NoCallAfterTheSubscriptionEnds) {
    for (int round = 0; round < 50; ++round) {
        auto calls = std::make_shared<std::atomic<int>>(0);
        auto alive = std::make_shared<std::atomic<bool>>(true);
        auto subscription = feed->subscribe(Topic::Events, {}, {}, [calls, alive](const LiveMessage&) {
            EXPECT_TRUE(*alive);
            ++*calls;
        });
        arrive({event()});
        if (round % 2 == 0) {
            ASSERT_TRUE(eventually([&] { return *calls > 0; }));
        }
        subscription.reset();
        *alive = false;
        arrive({event()});
    }
}

TEST_F(LiveServiceTest, MayEndItsSubscriptionWithinTheCall) {
    std::unique_ptr<Subscription> subscription;
    std::mutex mutex;
    std::atomic<int> calls{0};
    {
        const std::lock_guard lock(mutex);
        subscription = feed->subscribe(Topic::Events, {}, {}, [&](const LiveMessage&) {
            const std::lock_guard inner(mutex);
            ++calls;
            subscription.reset();
        });
    }
    ASSERT_TRUE(eventually([&] { return calls == 1; }));
    arrive({event()});
    Reader reader;
    const auto other = subscribe(reader, Topic::Events);
    ASSERT_TRUE(eventually([&] { return reader.size() > 0; }));
    EXPECT_EQ(calls, 1);
}

TEST_F(LiveServiceTest, SubscriptionsOutliveTheFeed) {
    Reader reader;
    auto subscription = subscribe(reader, Topic::Overview);
    feed->stop();
    const std::size_t before = reader.size();
    subscription->request_snapshot();
    feed->publish_load({});
    const auto late = subscribe(reader, Topic::Events);
    committed = nullptr;
    feed.reset();
    subscription.reset();
    EXPECT_EQ(reader.size(), before);
}

TEST_F(LiveServiceTest, GoesOnWhenThePipelineHasStopped) {
    pipeline->stop();
    Reader reader;
    const auto subscription = subscribe(reader, Topic::Overview);
    ASSERT_TRUE(eventually([&] { return reader.size() == 1; }));
    stats.limited(1);
    EXPECT_TRUE(eventually([&] { return reader.last().overview->points.back().outcomes.limited == 1; }));
}

TEST(SecondRing, KeepsTenMinutes) {
    SecondRing ring(1'000, {});
    for (std::int64_t second = 1'001; second <= 1'700; ++second) {
        ring.update({static_cast<std::uint64_t>(second), 0, 0, 0}, {}, 1, 0);
        ring.start_second(second);
    }
    auto points = ring.since(0);
    ASSERT_EQ(points.size(), SecondRing::kSeconds);
    EXPECT_EQ(points.front().second, 1'101);
    EXPECT_EQ(points.back().second, 1'700);
    EXPECT_EQ(points.front().outcomes.accepted, 1U);
    EXPECT_EQ(ring.since(1'699).size(), 2U);

    ring.start_second(1'750);  // nobody looked for fifty seconds
    points = ring.since(0);
    ASSERT_EQ(points.size(), SecondRing::kSeconds);
    for (std::size_t i = 1; i < points.size(); ++i) EXPECT_EQ(points[i].second, points[i - 1].second + 1);
    ring.start_second(1'000'000);  // nor for days
    points = ring.since(0);
    EXPECT_EQ(points.size(), SecondRing::kSeconds);
    EXPECT_EQ(points.front().second, 1'000'000 - 599);
    ring.start_second(500);  // the clock was set back
    EXPECT_EQ(ring.since(0).size(), 1U);
}

TEST(IngestStats, AddsUpOverThreads) {
    IngestStats stats;
    std::vector<std::thread> threads;
    for (int t = 0; t < 6; ++t)
        threads.emplace_back([&stats] {
            for (int i = 0; i < 1'000; ++i) {
                stats.accepted(2);
                stats.answered(1'000);
            }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(stats.totals().accepted, 12'000U);
    EXPECT_EQ(stats.latency().count, 6'000U);
    EXPECT_EQ(stats.start_second().count, 6'000U);
    EXPECT_EQ(stats.latency().count, 0U);
}

}  // namespace
}  // namespace streamgauge::api
