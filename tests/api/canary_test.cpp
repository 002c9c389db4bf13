// SPDX-License-Identifier: GPL-3.0-or-later
// The canary over a real pipeline: it arrives, it is missed at each stage and said so once, and it is in no count.
#include "api/canary.h"

#include "api/overview_builder.h"
#include "api/pipeline_fixture.h"

namespace streamgauge::api {
namespace {

using namespace std::chrono_literals;
using test::eventually;

class Full final : public StorageGuard {
public:
    std::atomic<bool> full{true};
    bool may_store(Timestamp) override { return !full; }
    Error refusal() override { return Error::make(ErrorCode::Unavailable, "the disk is full"); }
};

class CanaryTest : public test::PipelineFixture {
protected:
    // The clock stands still unless a test moves it: patience never ends by itself.
    Canary& fly(StorageGuard* guard = nullptr) {
        canary = std::make_unique<Canary>(CanaryParts{journal, *pipeline, clock, guard}, CanaryOptions{5ms, 5s});
        return *canary;
    }
    ~CanaryTest() override {
        if (canary) canary->stop();
        journal.hold(false);
        store.hold(false);
        journal.close();
        pipeline->stop();
    }
    std::unique_ptr<Canary> canary;
};

TEST_F(CanaryTest, ArrivesAndIsInNoCount) {
    append({event(), event()});
    Canary& own = fly();
    EXPECT_FALSE(own.status().age_seconds);
    ASSERT_TRUE(eventually([&] { return own.status().age_seconds.has_value(); }));
    EXPECT_FALSE(own.status().fault);
    EXPECT_EQ(own.status().missed, 0U);
    clock.advance(3'000'000);
    ASSERT_TRUE(eventually([&] { return own.status().sent >= 3; }));
    own.stop();
    const JournalCounters counters = journal.counters();
    EXPECT_GE(counters.system, 2U);
    EXPECT_EQ(counters.accepted, 2U);
    EXPECT_EQ(counters.decoded, 2U);
    ASSERT_TRUE(eventually([&] { return pipeline->status().next == journal.end(); }));
    const PipelineStatus status = pipeline->status();
    EXPECT_EQ(status.aggregated, 2U);
    EXPECT_EQ(status.state.system, counters.system);
    EXPECT_EQ(status.state.late + status.state.future + status.state.too_late, 0U);
    std::promise<std::pair<std::uint64_t, SlidingCounts::Counts>> seen;
    pipeline->ask([&](const Projection* projection) {
        seen.set_value(
            {projection->state().system, projection->live().top(metric::kEventTypes, {}, 15, clock.now(), 10).counts});
    });
    const auto [system, types] = seen.get_future().get();
    EXPECT_EQ(system, counters.system);
    for (const auto& [name, count] : types) EXPECT_NE(name, "canary");
}

TEST_F(CanaryTest, MeasuresEachStage) {
    store.hold(true);
    Canary& own = fly();
    ASSERT_TRUE(eventually([&] { return journal.counters().system == 1; }));
    ASSERT_TRUE(eventually([&] { return store.commits() >= 1; })) << "it is aggregated, and waits for the store";
    clock.advance(250'000);
    journal.hold(true);  // the next one, which takes no time, does not arrive
    store.hold(false);
    ASSERT_TRUE(eventually([&] { return own.status().age_seconds.has_value(); }));
    EXPECT_EQ(own.status().stored_ms, 0);
    EXPECT_GE(own.status().visible_ms, 250);
    EXPECT_LT(own.status().visible_ms, 5'000);
    EXPECT_LE(own.status().aggregated_ms, own.status().visible_ms);
    const CanarySight sight = sight_of(own.status());
    EXPECT_EQ(sight.seen_at, clock.now());
    EXPECT_EQ(sight.visible_ms, own.status().visible_ms);
    EXPECT_EQ(sight.fault, "");
}

TEST_F(CanaryTest, IsMissedWhereTheJournalStandsStill) {
    journal.hold(true);
    Canary& own = fly();
    ASSERT_TRUE(eventually([&] { return journal.pending() == 1; }));
    EXPECT_FALSE(own.status().fault) << "patience is not over";
    clock.advance(5'000'000);
    ASSERT_TRUE(eventually([&] { return own.status().fault.has_value(); }));
    EXPECT_EQ(own.status().fault->code, ErrorCode::DeadlineExceeded);
    EXPECT_NE(own.status().fault->message.find("is not on disk after 5 s"), std::string::npos);
    EXPECT_EQ(own.status().missed, 1U);
    journal.hold(false);
    ASSERT_TRUE(eventually([&] { return !own.status().fault; })) << "the next one arrives";
    EXPECT_TRUE(own.status().age_seconds);
}

TEST_F(CanaryTest, IsMissedWhereTheStoreStandsStill) {
    store.hold(true);
    Canary& own = fly();
    ASSERT_TRUE(eventually([&] { return store.commits() >= 1; }));
    // One that was given up before it was looked at says so; the next one is looked at in time.
    ASSERT_TRUE(eventually([&] {
        clock.advance(50'000);
        const auto fault = own.status().fault;
        return fault && fault->message.find("not committed to the store") != std::string::npos;
    }));
    EXPECT_GE(own.status().missed, 1U);
    store.hold(false);
    ASSERT_TRUE(eventually([&] { return !own.status().fault; }));
}

TEST_F(CanaryTest, IsMissedWhereTheDoorRefuses) {
    Full guard;
    Canary& own = fly(&guard);
    ASSERT_TRUE(eventually([&] { return own.status().missed >= 2; }));
    EXPECT_EQ(own.status().fault->message, "the disk is full");
    EXPECT_EQ(journal.counters().system, 0U);
    guard.full = false;
    ASSERT_TRUE(eventually([&] { return !own.status().fault; }));
}

TEST_F(CanaryTest, StopsWithOneUnderWay) {
    journal.hold(true);
    Canary& own = fly();
    ASSERT_TRUE(eventually([&] { return journal.pending() == 1; }));
    own.stop();
    own.stop();
    EXPECT_EQ(own.status().sent, 1U);
}

}  // namespace
}  // namespace streamgauge::api
