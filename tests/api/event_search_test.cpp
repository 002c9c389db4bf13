// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/journal_event_search.h"

#include <gtest/gtest.h>

#include <random>

#include "journal/journal_support.h"
#include "support/manual_clock.h"
#include "support/memory_journal.h"

namespace streamgauge::api {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

class EventSearchTest : public ::testing::Test {
protected:
    EventSearchTest() : clock(test::kStart) {}
    ~EventSearchTest() override { journal.close(); }

    JournalEventSearch& search(EventSearchOptions options = {}) {
        search_ = std::make_unique<JournalEventSearch>(journal, clock, options);
        return *search_;
    }
    static Result<EventPage> find(EventSearch& search, EventFilter filter, std::optional<Offset> cursor = {},
                                  std::size_t limit = 100) {
        std::promise<Result<EventPage>> answer;
        search.find(std::move(filter), cursor, limit,
                    [&](Result<EventPage> page) { answer.set_value(std::move(page)); });
        return answer.get_future().get();
    }
    // The ids of all pages; stops with an error of the test after too many.
    static std::vector<Offset> all(EventSearch& search, const EventFilter& filter, std::size_t limit) {
        std::vector<Offset> out;
        std::optional<Offset> cursor;
        for (int pages = 0; pages < 10'000; ++pages) {
            const auto page = find(search, filter, cursor, limit);
            EXPECT_TRUE(page.ok()) << page.error().describe();
            if (!page.ok()) return out;
            EXPECT_LE(page->events.size(), limit);
            for (const StoredEvent& event : page->events) out.push_back(event.id);
            if (!page->cursor) {
                EXPECT_TRUE(page->exhausted);
                return out;
            }
            EXPECT_TRUE(!cursor || *page->cursor < *cursor) << "it goes on";
            cursor = page->cursor;
        }
        ADD_FAILURE() << "no end";
        return out;
    }
    void append(EventBatch batch) { ASSERT_TRUE(test::append_batch(journal, std::move(batch)).ok()); }

    test::ManualClock clock;
    test::MemoryJournal journal;
    std::unique_ptr<JournalEventSearch> search_;
};

TEST_F(EventSearchTest, AnEmptyJournalHasAnEmptyPage) {
    const auto page = find(search(), {});
    ASSERT_TRUE(page.ok());
    EXPECT_TRUE(page->events.empty());
    EXPECT_FALSE(page->cursor);
    EXPECT_TRUE(page->exhausted);
}

TEST_F(EventSearchTest, ShowsEveryFieldNewestFirst) {
    EventView v = test::event("one");
    v.props = R"({"amount":12.5})";
    v.schema_version = 4;
    v.bot = true;
    v.off_schema = true;
    v.occurred_at = {5};
    EventBatch batch("shop");
    batch.add(v);
    append(std::move(batch));
    ASSERT_TRUE(test::append_ids(journal, {"two"}).ok());
    const auto page = find(search(), {});
    ASSERT_TRUE(page.ok());
    ASSERT_EQ(page->events.size(), 2U);
    EXPECT_EQ(page->events[0].event_id, "two");
    EXPECT_EQ(page->events[0].id, 2U);
    EXPECT_EQ(page->events[0].project, "default");
    const StoredEvent& one = page->events[1];
    EXPECT_EQ(one.id, 1U);
    EXPECT_EQ(one.project, "shop");
    EXPECT_EQ(one.event_type, "view");
    EXPECT_EQ(one.user_id, "user");
    EXPECT_EQ(one.session_id, "session");
    EXPECT_EQ(one.page_url, "/page");
    EXPECT_EQ(one.props, R"({"amount":12.5})");
    EXPECT_EQ(one.occurred_at.micros, 5);
    EXPECT_EQ(one.received_at, test::kStart);
    EXPECT_EQ(one.schema_version, 4);
    EXPECT_TRUE(one.bot && one.off_schema);
}

// Every filter against the plainest search, by pages of every size.
TEST_F(EventSearchTest, FindsWhatAPlainSearchFinds) {
    struct Plain {
        std::string project, id, type, user, session, page, x;
        Timestamp occurred, received;
        bool bot = false;
    };
    std::mt19937 random(7);
    const auto pick = [&](const std::string& prefix, unsigned n) { return prefix + std::to_string(random() % n); };
    std::vector<Plain> plain;
    for (int request = 0; request < 120; ++request) {
        EventBatch batch(pick("p", 2));
        const auto events = 1 + random() % 60;
        for (std::size_t i = 0; i < events; ++i) {
            Plain e;
            e.project = batch.project();
            e.id = "id" + std::to_string(plain.size());
            e.type = pick("t", 3);
            e.user = pick("u", 40);
            e.session = pick("s", 9);
            e.page = pick("/", 5);
            e.x = pick("", 7);
            e.received = test::kStart.plus_micros(static_cast<std::int64_t>(plain.size()) * 3600 * kSecond / 10);
            e.occurred = e.received.plus_micros((static_cast<std::int64_t>(random() % 200) - 190) * 400 * kSecond);
            e.bot = random() % 4 == 0;
            const std::string props =
                R"({"a":{"x":9},"x":)" + (random() % 2 == 0 ? e.x : '"' + e.x + '"') + R"(,"y":true})";
            EventView v;
            v.event_id = e.id;
            v.event_type = e.type;
            v.user_id = e.user;
            v.session_id = e.session;
            v.page_url = e.page;
            v.props = props;
            v.occurred_at = e.occurred;
            v.received_at = e.received;
            v.bot = e.bot;
            batch.add(v);
            plain.push_back(e);
        }
        append(std::move(batch));
    }
    EventSearch& real = search();
    for (int question = 0; question < 80; ++question) {
        EventFilter f;
        if (random() % 2 == 0) f.project = pick("p", 2);
        if (random() % 3 == 0) f.event_type = pick("t", 4);
        if (random() % 4 == 0) f.user_id = pick("u", 40);
        if (random() % 6 == 0) f.session_id = pick("s", 9);
        if (random() % 6 == 0) f.page_url = pick("/", 5);
        if (random() % 20 == 0) f.event_id = "id" + std::to_string(random() % plain.size());
        if (random() % 4 == 0) f.props.emplace_back("x", pick("", 8));
        if (random() % 9 == 0) f.props.emplace_back("y", random() % 3 != 0 ? "true" : "false");
        if (random() % 4 == 0) f.bot = random() % 2 == 0;
        if (random() % 3 == 0) f.from = plain[random() % plain.size()].occurred;
        if (random() % 3 == 0) f.to = plain[random() % plain.size()].occurred;
        if (f.from && f.to && *f.to < *f.from) std::swap(f.from, f.to);
        std::vector<Offset> expected;
        for (std::size_t i = plain.size(); i-- > 0;) {
            const Plain& e = plain[i];
            const auto differs = [](const std::string& wanted, const std::string& is) {
                return !wanted.empty() && wanted != is;
            };
            if (differs(f.project, e.project) || differs(f.event_id, e.id) || differs(f.event_type, e.type) ||
                differs(f.user_id, e.user) || differs(f.session_id, e.session) || differs(f.page_url, e.page))
                continue;
            if ((f.bot && *f.bot != e.bot) || (f.from && e.occurred < *f.from) || (f.to && e.occurred >= *f.to))
                continue;
            bool props_match = true;
            for (const auto& [name, value] : f.props)
                props_match = props_match && value == (name == "x" ? e.x : "true");
            if (props_match) expected.push_back(i + 1);
        }
        for (const std::size_t limit : {std::size_t{1000}, std::size_t{5} + random() % 80})
            ASSERT_EQ(all(real, f, limit), expected) << "question " << question << ", limit " << limit;
    }
}

TEST_F(EventSearchTest, LooksAtNoMoreEventsThanItMayAndGoesOnFromThere) {
    for (int i = 0; i < 30; ++i) {
        std::vector<std::string> ids;
        for (int k = 0; k < 100; ++k) ids.push_back(std::to_string(i) + "-" + std::to_string(k));
        ASSERT_TRUE(test::append_ids(journal, ids).ok());
    }
    EventFilter last;
    last.event_id = "0-3";
    EventSearch& bounded = search({.most_events = 1000});
    const auto first = find(bounded, last);
    ASSERT_TRUE(first.ok());
    EXPECT_TRUE(first->events.empty());
    EXPECT_FALSE(first->exhausted);
    ASSERT_TRUE(first->cursor);
    EXPECT_LT(*first->cursor, 2100U);
    Result<EventPage> page = first;
    while (page.ok() && page->cursor && page->events.empty()) page = find(bounded, last, page->cursor, 1);
    ASSERT_TRUE(page.ok());
    ASSERT_EQ(page->events.size(), 1U);
    EXPECT_EQ(page->events[0].id, 4U);
}

// Each look at it moves the clock on.
class RunningClock final : public Clock {
public:
    Timestamp now() const override { return test::kStart; }
    std::int64_t monotonic_nanos() const override { return 1'000'000'000 * looks_++; }

private:
    mutable std::atomic<std::int64_t> looks_{0};
};

TEST_F(EventSearchTest, TakesNoLongerThanItMay) {
    std::vector<std::string> ids;
    for (int k = 0; k < 9000; ++k) ids.push_back(std::to_string(k));
    ASSERT_TRUE(test::append_ids(journal, ids).ok());
    const RunningClock running;
    JournalEventSearch slow(journal, running, {.longest = std::chrono::milliseconds(2500)});
    EventFilter none;
    none.event_type = "none";
    const auto page = find(slow, none);
    ASSERT_TRUE(page.ok());
    EXPECT_FALSE(page->exhausted);
    EXPECT_EQ(all(slow, none, 10), std::vector<Offset>{});
}

TEST_F(EventSearchTest, APageHasAtMostSoManyBytesButAtLeastOneEvent) {
    const std::string long_props = R"({"x":")" + std::string(1000, 'x') + R"("})";
    EventBatch batch;
    for (int i = 0; i < 20; ++i) {
        const std::string id = std::to_string(i);
        EventView v = test::event(id);
        v.props = long_props;
        batch.add(v);
    }
    append(std::move(batch));
    EventSearch& small = search({.most_bytes = 5'000});
    const auto page = find(small, {}, {}, 15);
    ASSERT_TRUE(page.ok());
    EXPECT_EQ(page->events.size(), 4U);
    EXPECT_EQ(page->cursor, 17U);
    EXPECT_EQ(all(small, {}, 15).size(), 20U);
    EXPECT_EQ(all(search({.most_bytes = 1}), {}, 15).size(), 20U);
}

TEST_F(EventSearchTest, FindsByTheFilterLanguage) {
    const auto add = [&](const std::string& project, const std::string& id, const std::string& type,
                         const std::string& props) {
        EventView v = test::event(id);
        v.event_type = type;
        v.props = props;
        EventBatch batch(project);
        batch.add(v);
        append(std::move(batch));
    };
    add("default", "a", "purchase", R"({"amount":120.50,"plan":"pro"})");
    add("shop", "b", "purchase", R"({"amount":"80"})");
    add("shop", "c", "view", R"({"amount":500})");
    add(std::string(kSystemProject), "canary", "canary", "{}");
    using Found = std::vector<Offset>;
    for (const auto& [text, expected] : std::vector<std::pair<std::string, Found>>{
             {"event_type = purchase and props.amount > 100", {1}},
             {"event_type = purchase", {2, 1}},
             {"not event_type = purchase", {3}},
             {"project = shop and exists props.amount", {3, 2}},
             {"props.amount >= 80 and props.amount <= 120.5", {2, 1}},
             {"props.plan in (pro, basic) or event_id = c", {3, 1}},
             {"event_id = canary", {}},
             {"", {3, 2, 1}},
         }) {
        EventFilter filter;
        auto where = Filter::parse(text);
        ASSERT_TRUE(where.ok()) << text << ": " << where.error().describe();
        filter.where = *where;
        EXPECT_EQ(all(search(), filter, 2), expected) << text;
        filter.event_type = "view";
        EXPECT_EQ(all(search(), filter, 2),
                  std::find(expected.begin(), expected.end(), 3U) != expected.end() ? Found{3} : Found{})
            << text << ", and another filter";
    }
    EventFilter own;
    own.project = kSystemProject;
    EXPECT_EQ(all(search(), own, 2), Found{});
}

TEST_F(EventSearchTest, WhatRetentionTookIsNotFound) {
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(test::append_ids(journal, {std::to_string(i)}).ok());
    journal.forget_before(8);
    EXPECT_EQ(all(search(), {}, 2), (std::vector<Offset>{10, 9, 8}));
    EXPECT_EQ(all(search(), {}, 3), (std::vector<Offset>{10, 9, 8}));
    const auto old = find(search(), {}, 5);
    ASSERT_TRUE(old.ok());
    EXPECT_TRUE(old->events.empty());
    EXPECT_FALSE(old->cursor);
}

TEST_F(EventSearchTest, RefusesWhatMakesNoSense) {
    EventSearch& real = search();
    EXPECT_EQ(find(real, {}, {}, 0).error().field, "limit");
    EXPECT_EQ(find(real, {}, {}, 1001).error().code, ErrorCode::InvalidArgument);
    EventFilter backwards;
    backwards.from = Timestamp{2};
    backwards.to = Timestamp{1};
    EXPECT_EQ(find(real, backwards).error().field, "to");
    ASSERT_TRUE(test::append_ids(journal, {"a"}).ok());
    EXPECT_EQ(find(real, {}, 1'000'000)->events.size(), 1U) << "a cursor beyond the end begins at the end";
}

TEST_F(EventSearchTest, AfterItsEndItIsUnavailable) {
    JournalEventSearch& real = search();
    real.stop();
    EXPECT_EQ(find(real, {}).error().code, ErrorCode::Unavailable);
    real.stop();
}

}  // namespace
}  // namespace streamgauge::api
