// SPDX-License-Identifier: GPL-3.0-or-later
// Questions as the service answers them: cached and never stale, page by page while commits go on, cancelled.
#include "api/analyst.h"

#include <gtest/gtest.h>

#include <future>

#include "query/metric_rows.h"
#include "query/observed_store.h"
#include "support/memory_journal.h"

namespace streamgauge::api {
namespace {

using query::PointsAnswer;
using query::PointsQuery;
using test::PlainEvent;

constexpr std::int64_t kStart = 1'772'006'400LL * kSecondMicros;  // 2026-02-25T08:00:00Z

MetricDefinition definition_of(MetricId id, std::string name, Aggregate aggregate) {
    MetricDefinition definition;
    definition.id = id;
    definition.name = std::move(name);
    definition.unit = "views";
    definition.aggregate = aggregate;
    definition.tiers = {{10 * kSecondMicros, kDayMicros}, {kMinuteMicros, 0}, {kHourMicros, 0}};
    definition.group_by = {{Field::PageUrl, {}}};
    return definition;
}

const std::vector<MetricDefinition>& definitions() {
    static const std::vector<MetricDefinition> all{
        definition_of(1001, "views", Aggregate::Count),
        definition_of(1002, "amount", Aggregate::Sum),
        definition_of(1003, "users", Aggregate::Distinct),
        definition_of(1004, "viewers", Aggregate::Gauge),
        [] {
            MetricDefinition brief = definition_of(1005, "brief", Aggregate::Count);
            brief.tiers = {{kMinuteMicros, kHourMicros}, {kHourMicros, 4 * kHourMicros}};
            return brief;
        }(),
        [] {
            MetricDefinition level = definition_of(1006, "brief level", Aggregate::Gauge);
            level.tiers = {{kMinuteMicros, 4 * kHourMicros}};
            return level;
        }()};
    return all;
}

class AnalystTest : public ::testing::Test {
protected:
    AnalystTest() : directory_(definitions()) {
        filled_.commit_through(observed_);
        make(std::size_t{64} << 20);
    }
    ~AnalystTest() override { journal_.close(); }

    void make(std::size_t cache_bytes) {
        AnalystOptions options;
        options.cache_bytes = cache_bytes;
        analyst_ = std::make_unique<Analyst>(Analyst::Parts{observed_, journal_, directory_, clock_, {}}, options);
        observed_.listen({[this](const ResultCommit& commit) { analyst_->cache().committed(commit); },
                          [this](const BackfillCommit& commit) { analyst_->cache().committed(commit); }});
    }
    void add(MetricId id, const std::vector<PlainEvent>& events) {
        const auto metric = query::make_asked_metric(definitions()[static_cast<std::size_t>(id - 1001)]).value();
        filled_.add(metric, events);
    }
    static PlainEvent event(std::int64_t second, std::string page, std::string user = "u", std::int64_t number = 1) {
        return {"default", kStart + second * kSecondMicros, {std::move(page)}, std::move(user), number};
    }
    static Result<PointsAnswer> ask(Analyst& analyst, PointsQuery query, Attendance attendance = {}) {
        std::promise<Result<PointsAnswer>> answer;
        analyst.points(std::move(query), std::move(attendance),
                       [&answer](Result<PointsAnswer> result) { answer.set_value(std::move(result)); });
        return answer.get_future().get();
    }
    PointsAnswer ask(PointsQuery query) {
        auto answer = ask(*analyst_, std::move(query));
        EXPECT_TRUE(answer.ok()) << answer.error().describe();
        return answer.ok() ? std::move(answer).value() : PointsAnswer{};
    }
    static PointsQuery question(std::string metric, std::int64_t from, std::int64_t to, std::int64_t step = 0) {
        PointsQuery query;
        query.metric = std::move(metric);
        query.project = "default";
        query.range = {{kStart + from * kSecondMicros}, {kStart + to * kSecondMicros}};
        query.step_micros = step * kSecondMicros;
        return query;
    }
    static std::string text(const PointsAnswer& answer) {
        std::string out = answer.as_of ? format_rfc3339(*answer.as_of) : "-";
        out += answer.last_window_open ? " open:" : ":";
        for (const query::Point& point : answer.points) {
            out += " " + std::to_string((point.start.micros - kStart) / kSecondMicros);
            for (const std::string& value : point.group) out += "/" + value;
            out += "=" + test::text_of(point.value) + (point.open ? "o" : "");
            if (point.previous) out += "(" + test::text_of(*point.previous) + ")";
        }
        return out;
    }

    test::FilledStore filled_;
    query::ObservedStore observed_{filled_.store()};
    test::MemoryJournal journal_;
    query::FixedDirectory directory_;
    SystemClock clock_;
    std::unique_ptr<Analyst> analyst_;
};

TEST_F(AnalystTest, AnswersWithStepsGroupsAndThePeriodBefore) {
    EXPECT_EQ(text(ask(question("views", 0, 60, 20))), "- open: 0=0o 20=0o 40=0o") << "nothing has come yet";
    add(1001, {event(0, "/a"), event(1, "/a"), event(30, "/b"), event(65, "/a"), event(200, "/a")});
    EXPECT_EQ(text(ask(question("views", 0, 120, 60))), "2026-02-25T08:03:20Z: 0=3 60=1");
    PointsQuery query = question("views", 60, 120);
    query.group_by = {{Field::PageUrl, {}}};
    query.order = query::Order{query::Order::By::Value, true};
    query.compare = true;
    const PointsAnswer answer = ask(query);
    EXPECT_EQ(text(answer), "2026-02-25T08:03:20Z: 60//a=1(2) 60//b=0(1)");
    EXPECT_EQ(answer.unit, "views");
    EXPECT_EQ(answer.explanation.source, "cells 1m");
    EXPECT_EQ(ask(question("views", -7'200, 7'200)).explanation.source, "cells 1h");
    const PointsAnswer wide = ask(question("views", 1, 59));
    EXPECT_EQ(wide.range, (query::TimeRange{{kStart}, {kStart + kMinuteMicros}}));
}

TEST_F(AnalystTest, SaysWhatIsWrong) {
    const auto field = [this](PointsQuery query) {
        const auto answer = ask(*analyst_, std::move(query));
        return answer.ok() ? std::string("nothing")
                           : std::string(to_string(answer.error().code)) + " " + answer.error().field;
    };
    EXPECT_EQ(field(question("nobody", 0, 60)), "not_found metric");
    EXPECT_EQ(field(question("", 0, 60)), "invalid_argument metric");
    EXPECT_EQ(field(question("views", 60, 60)), "invalid_argument to");
    EXPECT_EQ(field(question("views", 0, 60, 15)), "invalid_argument step");
    EXPECT_EQ(field(question("views", 0, 1'000'010, 10)), "invalid_argument step") << "100,001 steps";
    PointsQuery query = question("views", 0, 60);
    query.group_by = {{Field::UserId, {}}};
    EXPECT_EQ(field(query), "invalid_argument group_by");
    query = question("views", 0, 60);
    query.filter = Filter::parse("user_id = u").value();
    EXPECT_EQ(field(query), "invalid_argument filter");
    query = question("views", 0, 60);
    query.limit = 10'001;
    EXPECT_EQ(field(query), "invalid_argument limit");
    query = question("views", 0, 172'800, 86'400);
    query.timezone = "Atlantis/Capital";
    EXPECT_EQ(field(query), "invalid_argument timezone");
    query = question("views", 0, 60);
    query.percentiles = {50};
    EXPECT_EQ(field(query), "invalid_argument percentiles");
    query = question("views", 0, 60);
    query.cursor = "no cursor";
    EXPECT_EQ(field(query), "invalid_argument cursor");
}

TEST_F(AnalystTest, KeepsAnAnswerUntilAWindowOfItChanges) {
    add(1001, {event(0, "/a"), event(100, "/a")});
    const PointsQuery query = question("views", 0, 60);
    EXPECT_FALSE(ask(query).explanation.cached);
    EXPECT_TRUE(ask(query).explanation.cached);
    add(1001, {event(130, "/a")});  // another window
    const PointsAnswer kept = ask(query);
    EXPECT_TRUE(kept.explanation.cached);
    EXPECT_EQ(kept.as_of, Timestamp{kStart + 130 * kSecondMicros}) << "as of the newest commit all the same";
    EXPECT_FALSE(kept.last_window_open);
    add(1002, {event(10, "/a")});  // another metric
    EXPECT_TRUE(ask(query).explanation.cached);
    add(1001, {event(59, "/b")});
    const PointsAnswer fresh = ask(query);
    EXPECT_FALSE(fresh.explanation.cached);
    EXPECT_EQ(fresh.points.front().value.number, 2);
    PointsQuery ordered = query;
    ordered.order = query::Order{query::Order::By::Value, true};
    EXPECT_TRUE(ask(ordered).explanation.cached) << "the order is no part of what is kept";
    const query::CacheFigures figures = analyst_->cache().figures();
    EXPECT_EQ(figures.invalidated, 1U);
    EXPECT_EQ(figures.hits, 4U);
    EXPECT_EQ(figures.misses, 2U);
}

TEST_F(AnalystTest, IsNeverStale) {
    Analyst uncached({filled_.store(), journal_, directory_, clock_, {}}, {0, std::chrono::milliseconds(60'000)});
    std::mt19937_64 random(7);
    const auto below = [&random](std::int64_t n) {
        return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
    };
    const std::vector<std::string> names{"views", "amount", "users", "viewers"};
    std::size_t cached = 0;
    for (int round = 0; round < 1'000; ++round) {
        const auto which = below(4);
        if (below(3) == 0) {
            std::vector<PlainEvent> events;
            for (std::int64_t i = 0; i <= below(3); ++i)
                events.push_back(event(below(3'600), below(2) == 0 ? "/a" : "/b", "u" + std::to_string(below(9)),
                                       which == 3 ? 1 - 2 * below(2) : below(1'000)));
            add(static_cast<MetricId>(1001 + which), events);
        }
        const std::int64_t from = 600 * below(6);
        PointsQuery query =
            question(names[static_cast<std::size_t>(which)], from, from + 600 * (1 + below(2)), below(2) == 0 ? 0 : 60);
        if (below(2) == 0) query.group_by = {{Field::PageUrl, {}}};
        query.compare = below(4) == 0;
        const PointsAnswer one = ask(query);
        const auto other = ask(uncached, query);
        ASSERT_TRUE(other.ok());
        ASSERT_FALSE(other->explanation.cached);
        cached += one.explanation.cached ? 1 : 0;
        ASSERT_EQ(text(one), text(*other)) << "round " << round;
    }
    EXPECT_GT(cached, 40U);
}

class PagesTest : public AnalystTest {
protected:
    static constexpr int kPages = 2'345;
    void SetUp() override {
        std::vector<PlainEvent> events;
        for (int i = 0; i < kPages; ++i)
            for (int n = 0; n <= i % 5; ++n) events.push_back(event(i % 600, "/" + std::to_string(i)));
        add(1001, events);
    }
    static PointsQuery by_value() {
        PointsQuery query = question("views", 0, 600);
        query.group_by = {{Field::PageUrl, {}}};
        query.order = query::Order{query::Order::By::Value, true};
        query.limit = 300;
        return query;
    }
};

TEST_F(PagesTest, LosesAndRepeatsNothingWhileCommitsGoOn) {
    PointsQuery query = by_value();
    query.limit = 10'000;
    const std::string all = text(ask(query));
    query = by_value();
    PointsAnswer pages;
    for (int page = 0;; ++page) {
        PointsAnswer answer = ask(query);
        pages.as_of = answer.as_of;
        pages.last_window_open = answer.last_window_open;
        for (query::Point& point : answer.points) pages.points.push_back(std::move(point));
        if (!answer.cursor) break;
        query.cursor = *answer.cursor;
        query.range = {{kStart + 30 * kSecondMicros}, {kStart + 630 * kSecondMicros}};  // "-10m", a little later
        query.limit = 100 + 100 * static_cast<std::size_t>(page);
        // What was last comes to the front, and there are new ones.
        add(1001, std::vector<PlainEvent>(9, event(5, "/" + std::to_string(page * 5))));
        add(1001, {event(6, "/new" + std::to_string(page))});
    }
    EXPECT_EQ(text(pages), all);
}

TEST_F(PagesTest, GoesOnWithoutWhatWasHeldAsLongAsNothingChanged) {
    make(1'000);  // too little to hold anything
    PointsQuery query = by_value();
    const PointsAnswer first = ask(query);
    ASSERT_TRUE(first.cursor);
    query.cursor = *first.cursor;
    const PointsAnswer second = ask(query);
    ASSERT_EQ(second.points.size(), 300U);
    EXPECT_NE(second.points.front().group, first.points.front().group);
    add(1001, {event(5, "/0")});
    const auto third = ask(*analyst_, query);
    ASSERT_FALSE(third.ok());
    EXPECT_EQ(third.error().code, ErrorCode::Conflict);
    EXPECT_EQ(third.error().field, "cursor");
    PointsQuery other = query;
    other.order.reset();
    const auto fourth = ask(*analyst_, other);
    ASSERT_FALSE(fourth.ok());
    EXPECT_EQ(fourth.error().code, ErrorCode::InvalidArgument) << "the cursor of another question";
}

TEST_F(AnalystTest, EndsWhenItIsCancelledAndTellsHowFarItIs) {
    std::vector<PlainEvent> events;
    for (int i = 0; i < 20'000; ++i) events.push_back(event(i % 600, "/" + std::to_string(i)));
    add(1001, events);
    const auto cancelled = std::make_shared<std::atomic<bool>>(false);
    std::vector<double> shares;
    Attendance attendance;
    attendance.cancelled = [cancelled] { return cancelled->load(); };
    attendance.progress = [&](double share) {
        shares.push_back(share);
        *cancelled = true;
    };
    const auto answer = ask(*analyst_, question("views", 0, 600, 10), attendance);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::Cancelled);
    ASSERT_EQ(shares.size(), 1U);
    EXPECT_GE(shares.front(), 0);
    EXPECT_LT(shares.front(), 1);
    EXPECT_FALSE(ask(question("views", 0, 600, 10)).explanation.cached) << "half an answer is none";
}

// What retention has removed of the period before is not answered as nothing.
TEST_F(AnalystTest, ComparesWithWhatIsKeptOfThePeriodBefore) {
    constexpr std::int64_t kMinutes = 9 * 60;
    std::vector<PlainEvent> events;
    for (std::int64_t minute = 0; minute < kMinutes; ++minute) events.push_back(event(minute * 60 + 7, "/a"));
    add(1005, events);
    PointsQuery query = question("brief", 6 * 3600, 9 * 3600, 3600);
    query.compare = true;
    const PointsAnswer answer = ask(query);
    ASSERT_TRUE(answer.previous_complete_from.has_value());
    const Timestamp kept = *answer.previous_complete_from;
    EXPECT_GT(kept.micros, kStart + 3 * kHourMicros) << "something is gone";
    EXPECT_LT(kept.micros, kStart + 6 * kHourMicros) << "something is there";
    ASSERT_EQ(answer.points.size(), 3U);
    std::size_t known = 0;
    for (const query::Point& point : answer.points) {
        EXPECT_EQ(point.value.number, 60);
        ASSERT_TRUE(point.previous.has_value());
        const std::int64_t begin = point.start.micros - 3 * kHourMicros, end = begin + kHourMicros;
        EXPECT_EQ(point.previous_partial, begin < kept.micros && end > kept.micros);
        if (end <= kept.micros) {
            EXPECT_FALSE(point.previous->number.has_value());
            continue;
        }
        ++known;
        EXPECT_EQ(point.previous->number, (end - std::max(begin, kept.micros)) / kMinuteMicros);
    }
    EXPECT_GE(known, 1U);
    EXPECT_LT(known, 3U);
    query.step_micros = 0;
    const PointsAnswer whole = ask(query);
    ASSERT_EQ(whole.points.size(), 1U);
    EXPECT_EQ(whole.points[0].previous->number, (kStart + 6 * kHourMicros - kept.micros) / kMinuteMicros);
    EXPECT_EQ(whole.previous_complete_from, kept);
    EXPECT_TRUE(whole.points[0].previous_partial);
    query = question("brief", 8 * 3600, 9 * 3600);
    query.compare = true;
    EXPECT_FALSE(ask(query).previous_complete_from.has_value()) << "all of it is kept";
    query = question("brief", 0, 9 * 3600);
    query.compare = true;
    const PointsAnswer gone = ask(query);
    ASSERT_EQ(gone.points.size(), 1U);
    EXPECT_FALSE(gone.points[0].previous->number.has_value()) << "nothing of it is";
    EXPECT_TRUE(gone.previous_complete_from.has_value());
}

// What the windows that are gone came to is in the level, which is told exactly as soon as windows are kept.
TEST_F(AnalystTest, ComparesLevelsWithWhatIsKeptOfThePeriodBefore) {
    constexpr std::int64_t kMinutes = 9 * 60;
    std::vector<PlainEvent> events;
    for (std::int64_t minute = 0; minute < kMinutes; ++minute)  // one comes every minute, one of three leaves again
        events.push_back(event(minute * 60 + 7, "/a", "u", minute % 3 == 2 ? -1 : 1));
    add(1006, events);
    const auto level_at = [](Timestamp end) {
        std::int64_t level = 0;
        for (std::int64_t minute = 0; kStart + minute * kMinuteMicros < end.micros; ++minute)
            level += minute % 3 == 2 ? -1 : 1;
        return level;
    };
    PointsQuery query = question("brief level", 6 * 3600, 9 * 3600, 1800);
    query.compare = true;
    const PointsAnswer answer = ask(query);
    ASSERT_TRUE(answer.previous_complete_from.has_value());
    const Timestamp kept = *answer.previous_complete_from;
    EXPECT_GT(kept.micros, kStart + 3 * kHourMicros) << "something is gone";
    EXPECT_LT(kept.micros, kStart + 6 * kHourMicros) << "something is there";
    ASSERT_EQ(answer.points.size(), 6U);
    std::size_t known = 0;
    for (const query::Point& point : answer.points) {
        EXPECT_EQ(point.value.number, level_at(point.end));
        ASSERT_TRUE(point.previous.has_value());
        const Timestamp end{point.end.micros - 3 * kHourMicros};
        if (end <= kept) {
            EXPECT_FALSE(point.previous->number.has_value());
            continue;
        }
        ++known;
        EXPECT_EQ(point.previous->number, level_at(end));
        EXPECT_TRUE(point.previous->exact);
        EXPECT_FALSE(point.previous_partial) << "a level is whole";
    }
    EXPECT_GE(known, 1U);
    EXPECT_LT(known, 6U);
    // Half an hour later as much more is gone: an answer that is kept must not hide it.
    add(1006, {event((kMinutes + 29) * 60, "/b")});
    const PointsAnswer later = ask(query);
    EXPECT_GT(*later.previous_complete_from, kept);
    EXPECT_EQ(later.points.back().previous->number, answer.points.back().previous->number);
    query = question("brief level", 8 * 3600, 9 * 3600);
    query.compare = true;
    EXPECT_FALSE(ask(query).previous_complete_from.has_value()) << "all of it is kept";
    query = question("brief level", 0, 1);
    query.compare = true;
    query.range = {*later.previous_complete_from, later.previous_complete_from->plus_micros(4 * kHourMicros)};
    const PointsAnswer gone = ask(query);
    ASSERT_EQ(gone.points.size(), 1U);
    EXPECT_FALSE(gone.points[0].previous->number.has_value()) << "nothing of it is";
    EXPECT_EQ(gone.previous_complete_from, gone.points[0].start);
}

TEST_F(AnalystTest, CountsQuestionsThatNobodyWaitsForAndGoesOnWithOthers) {
    for (int batch = 0; batch < 30; ++batch) {
        EventBatch events("default");
        for (int i = 0; i < 1'000; ++i) {
            EventView view;
            const std::string id = std::to_string(batch * 1'000 + i);
            view.event_id = id;
            view.event_type = "view";
            view.user_id = id;
            view.props = "{}";
            view.received_at = view.occurred_at = {kStart + i};
            events.add(view);
        }
        std::promise<void> done;
        AppendRequest request;
        request.batch = std::move(events);
        request.done = [&done](const Result<Appended>&, const EventBatch&) { done.set_value(); };
        ASSERT_TRUE(journal_.append(std::move(request)));
        done.get_future().wait();
    }
    PointsQuery query;
    query.raw = query::RawAggregate{};
    query.range = {{kStart}, {kStart + kHourMicros}};
    query.group_by = {{Field::UserId, {}}};
    query.limit = 1;
    query.compare = true;
    // One is left in its middle, while another one waits behind it.
    std::atomic<bool> left{false};
    std::vector<double> shares;
    Attendance attendance;
    attendance.cancelled = [&left] { return left.load(); };
    attendance.progress = [&](double share) {
        shares.push_back(share);
        left = true;
    };
    std::promise<Result<PointsAnswer>> first, second;
    analyst_->points(query, attendance, [&](Result<PointsAnswer> answer) { first.set_value(std::move(answer)); });
    analyst_->points(query, {}, [&](Result<PointsAnswer> answer) { second.set_value(std::move(answer)); });
    const auto gone = first.get_future().get();
    const auto stayed = second.get_future().get();
    ASSERT_FALSE(gone.ok());
    EXPECT_EQ(gone.error().code, ErrorCode::Cancelled);
    ASSERT_EQ(shares.size(), 1U);
    ASSERT_TRUE(stayed.ok()) << stayed.error().describe();
    EXPECT_EQ(stayed->explanation.events_read, 60'000U) << "of both periods";
    EXPECT_EQ(analyst_->figures().asked, 2U);
    EXPECT_EQ(analyst_->figures().cancelled, 1U);
    EXPECT_EQ(analyst_->figures().waiting, 0U);
}

TEST_F(AnalystTest, IsUnavailableAfterItsEnd) {
    analyst_->stop();
    const auto answer = ask(*analyst_, question("views", 0, 60));
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::Unavailable);
}

}  // namespace
}  // namespace streamgauge::api
