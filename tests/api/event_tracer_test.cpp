// SPDX-License-Identifier: GPL-3.0-or-later
// The tracer over a real pipeline and store: windows and what they hold, events that retention took, bounds.
#include "api/event_tracer.h"

#include "api/pipeline_fixture.h"
#include "base/uuid.h"
#include "metrics/definition.h"

namespace streamgauge::api {
namespace {

using test::eventually;

class EventTracerTest : public test::PipelineFixture {
protected:
    // Waits for the store, unless a test says otherwise, as long as a busy machine may need.
    static TraceOptions patient() {
        TraceOptions options;
        options.catch_up = std::chrono::seconds(60);
        return options;
    }
    EventTracer& tracer(TraceOptions options = patient(), std::vector<std::string> projects = {}) {
        TraceSources sources{journal, *pipeline, clock, nullptr, nullptr, &store};
        sources.projects = [projects] { return projects; };
        tracer_ = std::make_unique<EventTracer>(std::move(sources), options);
        return *tracer_;
    }
    ~EventTracerTest() override { tracer_.reset(); }
    static EventTrace trace(EventTracer& tracer, const std::string& id, const std::string& project = {}) {
        std::promise<Result<EventTrace>> told;
        tracer.trace(id, project, [&](Result<EventTrace> found) { told.set_value(std::move(found)); });
        auto found = told.get_future().get();
        EXPECT_TRUE(found.ok()) << found.error().describe();
        return found.ok() ? *found : EventTrace{};
    }
    static const TraceWindow* window(const TraceEvent& event, const std::string& metric, const std::string& width) {
        for (const TraceWindow& one : event.windows)
            if (one.metric == metric && one.width == width) return &one;
        return nullptr;
    }
    test::PlainEvent view(const std::string& id, const std::string& page, std::int64_t age_micros = 0) {
        test::PlainEvent e = event("view");
        e.event_id = id;
        e.user_id = "u";
        e.page_url = page;
        e.occurred_at = clock.now().micros - age_micros;
        return e;
    }
    std::unique_ptr<EventTracer> tracer_;
};

TEST_F(EventTracerTest, TellsEveryWindowWithWhatItHolds) {
    append({view("a", "/p"), view("b", "/p"), view("c", "/q")});
    const EventTrace told = trace(tracer(), "a");
    ASSERT_EQ(told.events.size(), 1U);
    const TraceEvent& event = told.events[0];
    EXPECT_TRUE(event.committed);
    EXPECT_EQ(told.pipeline.committed, 4U);
    ASSERT_TRUE(told.pipeline.watermark);
    std::size_t tiers = 0;
    for (const MetricDefinition& metric : built_in_metrics())
        for (const char* name :
             {"page_clicks", "page_views", "event_types", "EVENTS_TOTAL", "active_users", "active_sessions"})
            if (metric.name == name) tiers += metric.tiers.size();
    EXPECT_EQ(event.windows.size(), tiers);
    const TraceWindow* const views = window(event, "page_views", "10s");
    ASSERT_NE(views, nullptr);
    EXPECT_EQ(views->value, "2");
    EXPECT_EQ(views->effect, "+1");
    EXPECT_EQ(views->aggregate, "count");
    EXPECT_EQ(views->group, (std::vector<TraceGroup>{{"page_url", "/p"}}));
    EXPECT_EQ(views->state, TraceWindowState::Open);
    EXPECT_EQ(views->late, TraceAnswer::No);
    ASSERT_TRUE(views->start && views->end);
    EXPECT_EQ(views->end->micros - views->start->micros, 10'000'000);
    EXPECT_LE(views->start->micros, event.occurred_at.micros);
    const TraceWindow* const clicks = window(event, "page_clicks", "");
    ASSERT_NE(clicks, nullptr);
    EXPECT_FALSE(clicks->start);
    EXPECT_EQ(clicks->value, "2") << "of u on /p";
    const TraceWindow* const users = window(event, "active_users", "1m");
    ASSERT_NE(users, nullptr);
    EXPECT_EQ(users->value, "1");
    EXPECT_EQ(users->effect, "u");
    EXPECT_TRUE(users->exact);
}

TEST_F(EventTracerTest, TellsALateEventFromOneThatIsTooLate) {
    append({view("now", "/p")});
    append({view("late", "/p", 10 * 60'000'000LL), view("old", "/p", 40 * 86'400'000'000LL)});
    const EventTrace late = trace(tracer(), "late");
    ASSERT_EQ(late.events.size(), 1U);
    EXPECT_TRUE(late.events[0].late);
    const TraceWindow* const corrected = window(late.events[0], "page_views", "1m");
    ASSERT_NE(corrected, nullptr);
    EXPECT_EQ(corrected->late, TraceAnswer::Yes);
    EXPECT_EQ(corrected->state, TraceWindowState::Closed);
    EXPECT_EQ(corrected->corrected, 1U);
    EXPECT_EQ(corrected->value, "1");
    EXPECT_EQ(window(late.events[0], "page_views", "1d")->state, TraceWindowState::Open);
    const EventTrace old = trace(tracer(), "old");
    EXPECT_EQ(window(old.events[0], "page_views", "10s")->state, TraceWindowState::Refused);
    EXPECT_EQ(window(old.events[0], "page_views", "10s")->value, "");
    EXPECT_EQ(window(old.events[0], "page_views", "1d")->state, TraceWindowState::Closed);
    EXPECT_EQ(window(old.events[0], "page_views", "1d")->value, "1");
}

TEST_F(EventTracerTest, SaysWhatIsPendingWhileTheStoreStandsStill) {
    append({view("first", "/p")});
    ASSERT_EQ(trace(tracer(), "first").events.size(), 1U);
    store.hold(true);
    append({view("second", "/p")});
    const EventTrace told = trace(tracer({.catch_up = std::chrono::milliseconds(20)}), "second");
    ASSERT_EQ(told.events.size(), 1U);
    EXPECT_FALSE(told.events[0].committed);
    const TraceWindow* const views = window(told.events[0], "page_views", "10s");
    ASSERT_NE(views, nullptr);
    EXPECT_EQ(views->state, TraceWindowState::Pending);
    EXPECT_EQ(views->value, "1") << "of what is committed";
    store.hold(false);
    EXPECT_TRUE(
        eventually([&] { return window(trace(tracer(), "second").events[0], "page_views", "10s")->value == "2"; }));
}

TEST_F(EventTracerTest, WhatRetentionTookIsExpired) {
    append({view("a", "/p"), view("b", "/p")});
    ASSERT_TRUE(eventually([&] { return pipeline->status().committed == 3; }));
    journal.forget_before(2);
    const EventTrace told = trace(tracer(), "a");
    EXPECT_EQ(told.verdict, TraceVerdict::Expired);
    EXPECT_NE(told.summary.find("event 1"), std::string::npos);
    EXPECT_EQ(trace(tracer(), "b").verdict, TraceVerdict::Accepted);
    EXPECT_EQ(trace(tracer(), "c").verdict, TraceVerdict::Unknown);
}

TEST_F(EventTracerTest, LooksBackAsFarAsItMayAndSaysHowFar) {
    const auto made = [&](const std::string& id) {
        EventBatch batch;
        test::PlainEvent plain = event("view");
        EventView v = plain.view();
        v.event_id = id;
        v.id_from_door = true;
        batch.add(v);
        AppendRequest request;
        request.batch = std::move(batch);
        std::promise<void> done;
        request.done = [&](const Result<Appended>&, const EventBatch&) { done.set_value(); };
        ASSERT_TRUE(journal.append(std::move(request)));
        done.get_future().wait();
    };
    UuidGenerator uuids(1);
    const std::string early = uuids.v7(clock.now());
    made(early);
    made("not a uuid, and not in the index");
    for (int hour = 0; hour < 50; ++hour) {
        clock.advance(3'600'000'000);
        append({event(), event()});
    }
    const EventTrace found = trace(tracer(), early);
    ASSERT_EQ(found.events.size(), 1U);
    EXPECT_EQ(found.events[0].id, 1U);
    EXPECT_TRUE(found.events[0].id_from_door);
    ASSERT_EQ(found.looked_at.size(), 1U);
    EXPECT_EQ(found.looked_at[0], "events 1 to 2, one by one") << "its time says where";

    EXPECT_EQ(trace(tracer(), "not a uuid, and not in the index").events.at(0).id, 2U);
    const EventTrace given_up = trace(tracer({.most_events = 0}), "not a uuid, and not in the index");
    EXPECT_EQ(given_up.verdict, TraceVerdict::Unknown);
    EXPECT_FALSE(given_up.complete);
    EXPECT_NE(given_up.summary.find("not all of the log"), std::string::npos);
}

TEST_F(EventTracerTest, LooksIntoEveryProjectAndNeverIntoTheProgramsOwn) {
    const auto add = [&](const std::string& project, const std::string& id) {
        std::promise<void> done;
        AppendRequest request;
        request.batch = EventBatch(project);
        test::PlainEvent plain = event("view");
        plain.event_id = id;
        request.batch.add(plain.view());
        request.done = [&](const Result<Appended>&, const EventBatch&) { done.set_value(); };
        ASSERT_TRUE(journal.append(std::move(request)));
        done.get_future().wait();
    };
    add("shop", "x");
    add("default", "x");
    add(std::string(kSystemProject), "own");
    EXPECT_EQ(trace(tracer({}, {"shop"}), "x").events.size(), 2U);
    EXPECT_EQ(trace(tracer({}, {"shop"}), "x", "shop").events.at(0).id, 1U);
    EXPECT_EQ(trace(tracer({}, {"shop", std::string(kSystemProject)}), "own").verdict, TraceVerdict::Unknown);
    EXPECT_EQ(trace(tracer(), "own", std::string(kSystemProject)).verdict, TraceVerdict::Unknown);
    for (const std::string& hint : trace(tracer(), "3").hints) EXPECT_EQ(hint.find("event number"), std::string::npos);
}

TEST_F(EventTracerTest, HoldsTheAnswerToItsBound) {
    append({view("a", "/p")});
    const EventTrace told = trace(tracer({.most_windows = 3}), "a");
    EXPECT_EQ(told.events.at(0).windows.size(), 3U);
    EXPECT_GT(told.events[0].windows_left_out, 3U);
}

TEST_F(EventTracerTest, IsUnavailableAfterTheEnd) {
    EventTracer& real = tracer();
    real.stop();
    std::promise<ErrorCode> told;
    real.trace("a", {}, [&](const Result<EventTrace>& found) { told.set_value(found.error().code); });
    EXPECT_EQ(told.get_future().get(), ErrorCode::Unavailable);
}

}  // namespace
}  // namespace streamgauge::api
