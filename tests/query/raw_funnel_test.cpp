// SPDX-License-Identifier: GPL-3.0-or-later
// Funnels and retention against a second computation in the plainest way: every attempt of every user, every day.
#include "query/raw_funnel.h"

#include <map>
#include <random>
#include <set>

#include "query/raw_support.h"
#include "support/memory_journal.h"

namespace streamgauge::test {
namespace {

using oracle::Event;
using query::FunnelAnswer;
using query::FunnelQuery;
using query::RawLimits;
using query::RetentionAnswer;
using query::RetentionQuery;

struct Placed {
    std::int64_t at;
    std::size_t offset;
    const Event* event;
    bool operator<(const Placed& other) const { return std::tie(at, offset) < std::tie(other.at, other.offset); }
};

// Events of each user in order of time.
std::map<std::string, std::vector<Placed>> by_user(const std::vector<Event>& log, const std::string& project,
                                                   const FieldPath& by, std::int64_t from, std::int64_t to) {
    std::map<std::string, std::vector<Placed>> users;
    for (std::size_t i = 0; i < log.size(); ++i) {
        const std::string user = oracle::field_of(by, log[i]);
        if (in_project(log[i], project) && !user.empty() && log[i].occurred_at >= from && log[i].occurred_at < to)
            users[user].push_back({log[i].occurred_at, i + 1, &log[i]});
    }
    for (auto& [user, events] : users) std::sort(events.begin(), events.end());
    return users;
}

std::string text_of(std::optional<std::int64_t> value) {
    return value ? std::to_string(*value) : "none";
}

// ---- funnels -------------------------------------------------------------------------------------------------------

std::vector<std::string> expected(const FunnelQuery& q, const std::vector<FilterNode>& steps,
                                  const std::vector<Event>& log) {
    std::vector<std::uint64_t> reached(steps.size(), 0);
    std::vector<std::vector<std::int64_t>> took(steps.size());
    for (const auto& [user, events] : by_user(log, q.project, q.by, q.range.from.micros, q.range.to.micros)) {
        std::vector<std::size_t> best;  // indices of the attempt's events
        for (std::size_t begin = 0; begin < events.size(); ++begin) {
            if (!oracle::matches(steps[0], *events[begin].event)) continue;
            std::vector<std::size_t> attempt{begin};
            for (std::size_t i = begin + 1; i < events.size() && attempt.size() < steps.size(); ++i)
                if (oracle::matches(steps[attempt.size()], *events[i].event) &&
                    events[i].at - events[begin].at <= q.within_micros)
                    attempt.push_back(i);
            // Further is better; of equally far ones who came there first, then who began last.
            if (attempt.size() > best.size() || (attempt.size() == best.size() && attempt.back() < best.back()) ||
                (attempt.size() == best.size() && attempt.back() == best.back()))
                best = attempt;
        }
        for (std::size_t step = 0; step < best.size(); ++step) {
            ++reached[step];
            if (step > 0) took[step].push_back(events[best[step]].at - events[best[step - 1]].at);
        }
    }
    std::vector<std::string> out;
    for (std::size_t step = 0; step < steps.size(); ++step) {
        std::sort(took[step].begin(), took[step].end());
        std::optional<std::int64_t> median;
        if (!took[step].empty()) median = took[step][(took[step].size() - 1) / 2];
        out.push_back(std::to_string(reached[step]) + " " + text_of(median));
    }
    return out;
}

std::vector<std::string> texts_of(const FunnelAnswer& answer) {
    std::vector<std::string> out;
    for (const query::FunnelStep& step : answer.steps)
        out.push_back(std::to_string(step.reached) + " " + text_of(step.median_micros));
    return out;
}

std::vector<FilterNode> some_filters() {
    using enum FilterNode::Kind;
    return {{},
            oracle::type_is("page_view"),
            oracle::type_is("purchase"),
            oracle::type_is("login"),
            oracle::type_is("viewer_join"),
            oracle::leaf({Field::PageUrl, {}}, Operator::StartsWith, {"/page/1"}),
            oracle::leaf(oracle::prop("plan"), Operator::Equal, {"pro"}),
            oracle::join(Or, {oracle::type_is("donation"), oracle::leaf(oracle::prop("ms"), Operator::Less, {"90"})})};
}

TEST(RawFunnel, AgreesWithEveryAttemptOfEveryUser) {
    const std::vector<FilterNode> filters = some_filters();
    for (const std::uint64_t seed : oracle::seeds(2)) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const std::vector<Event> log =
            oracle::without_repeats(oracle::random_log(seed, {.events = 2'500, .users = 40}));
        LogJournal journal(log, 100'000);
        std::mt19937_64 random(seed);
        std::uint64_t to_the_end = 0;
        for (int i = 0; i < 24; ++i) {
            SCOPED_TRACE("question " + std::to_string(i));
            FunnelQuery q;
            std::vector<FilterNode> steps;
            for (std::size_t n = 2 + random() % 4; n > 0; --n) {
                steps.push_back(filters[random() % filters.size()]);
                q.steps.push_back(filter_of(steps.back()));
            }
            const std::int64_t first = log.front().received_at, last = log.back().received_at;
            q.range = {{random() % 2 == 0 ? first - kDayMicros : first + kHourMicros}, {last}};
            const std::int64_t within[] = {kMinuteMicros, 20 * kMinuteMicros, 3 * kHourMicros, 3 * kDayMicros};
            q.within_micros = within[random() % 4];
            const char* const projects[] = {"", "default", "shop"};
            q.project = projects[random() % 3];
            const FieldPath by[] = {{Field::UserId, {}}, {Field::SessionId, {}}, oracle::prop("plan")};
            q.by = by[random() % 3];
            RawLimits limits;
            limits.threads = static_cast<std::size_t>(i % 4 + 1);
            if (i % 5 == 0) limits.user_events = 700 * limits.threads;  // read several times over
            const auto answer = query::run_funnel(*journal, q, {}, limits);
            ASSERT_TRUE(answer.ok()) << answer.error().describe();
            EXPECT_EQ(texts_of(*answer), expected(q, steps, log));
            to_the_end += answer->steps.back().reached;
        }
        EXPECT_GT(to_the_end, 30U);
    }
}

// One user's events: a letter each, a second apart.
MemoryJournal& fill(MemoryJournal& journal, const std::string& letters) {
    EventBatch batch;
    for (std::size_t i = 0; i < letters.size(); ++i) {
        const std::string id = std::to_string(i), type(1, letters[i]);
        EventView v = event(id, kStart.plus_micros(static_cast<std::int64_t>(i) * kSecondMicros));
        v.event_type = type;
        batch.add(v);
    }
    EXPECT_TRUE(append_batch(journal, std::move(batch)).ok());
    return journal;
}

std::vector<std::string> funnel(const std::string& letters, const std::string& steps, std::int64_t seconds) {
    MemoryJournal journal;
    FunnelQuery q;
    q.range = {kStart, kStart.plus_micros(kDayMicros)};
    for (const char letter : steps) q.steps.push_back(filter_of(oracle::type_is(std::string(1, letter))));
    q.within_micros = seconds * kSecondMicros;
    const auto answer = query::run_funnel(fill(journal, letters), q, {});
    EXPECT_TRUE(answer.ok());
    return answer.ok() ? texts_of(*answer) : std::vector<std::string>{};
}

TEST(RawFunnel, TakesTheBestAttempt) {
    using Texts = std::vector<std::string>;
    EXPECT_EQ(funnel("abc", "abc", 10), (Texts{"1 none", "1 1000000", "1 1000000"}));
    EXPECT_EQ(funnel("acb", "abc", 10), (Texts{"1 none", "1 2000000", "0 none"}));
    EXPECT_EQ(funnel("a....b", "ab", 4), (Texts{"1 none", "0 none"}));
    EXPECT_EQ(funnel("a...b", "ab", 4), (Texts{"1 none", "1 4000000"}));
    // The first attempt runs out of time; the second gets there.
    EXPECT_EQ(funnel("ab.abc", "abc", 4), (Texts{"1 none", "1 1000000", "1 1000000"}));
    EXPECT_EQ(funnel("aab", "ab", 9), (Texts{"1 none", "1 1000000"}));
    // One event is one step.
    EXPECT_EQ(funnel("a", "aa", 9), (Texts{"1 none", "0 none"}));
    EXPECT_EQ(funnel("aa", "aa", 9), (Texts{"1 none", "1 1000000"}));
    EXPECT_EQ(funnel("bbb", "ab", 9), (Texts{"0 none", "0 none"}));
}

TEST(RawFunnel, RefusesWhatMakesNoSense) {
    MemoryJournal journal;
    FunnelQuery q;
    q.range = {{0}, {1}};
    q.steps.resize(1);
    EXPECT_EQ(query::run_funnel(journal, q, {}).error().field, "steps");
    q.steps.resize(11);
    EXPECT_EQ(query::run_funnel(journal, q, {}).error().field, "steps");
    q.steps.resize(10);
    EXPECT_TRUE(query::run_funnel(journal, q, {}).ok());
    q.within_micros = 0;
    EXPECT_EQ(query::run_funnel(journal, q, {}).error().field, "within");
    q.within_micros = 1;
    q.range.to = {0};
    EXPECT_EQ(query::run_funnel(journal, q, {}).error().field, "to");
}

TEST(RawFunnel, SaysWhenTheUsersDoNotFit) {
    const std::vector<Event> log = oracle::without_repeats(oracle::random_log(4, {.events = 500}));
    LogJournal journal(log);
    FunnelQuery q;
    q.range = {{log.front().received_at - kDayMicros}, {log.back().received_at}};
    q.steps.resize(2);
    RawLimits limits;
    limits.user_events = 10;
    const auto answer = query::run_funnel(*journal, q, {}, limits);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::TooLarge);
}

// ---- retention -----------------------------------------------------------------------------------------------------

std::vector<std::string> expected(const RetentionQuery& q, const FilterNode& first, const FilterNode& again,
                                  const std::vector<Event>& log) {
    const auto day_of = [&q](std::int64_t at) { return oracle::window_of(kDayMicros, q.timezone, at).first; };
    std::int64_t newest = INT64_MIN;
    for (const Event& e : log) newest = std::max(newest, std::min(e.occurred_at, e.received_at));
    struct Cohort {
        std::uint64_t size = 0;
        std::map<std::int64_t, std::uint64_t> returned;  // by day
    };
    std::map<std::int64_t, Cohort> cohorts;
    for (std::int64_t day = day_of(q.range.from.micros); day < q.range.to.micros;
         day = oracle::window_of(kDayMicros, q.timezone, day).second)
        cohorts[day];
    for (const auto& [user, events] : by_user(log, q.project, q.by, q.range.from.micros, INT64_MAX)) {
        const auto begin = std::find_if(events.begin(), events.end(),
                                        [&](const Placed& p) { return oracle::matches(first, *p.event); });
        if (begin == events.end() || begin->at >= q.range.to.micros) continue;
        Cohort& cohort = cohorts[day_of(begin->at)];
        ++cohort.size;
        std::set<std::int64_t> days;
        for (auto e = begin + 1; e != events.end(); ++e)
            if (oracle::matches(again, *e->event)) days.insert(day_of(e->at));
        for (const std::int64_t day : days) ++cohort.returned[day];
    }
    std::vector<std::string> out;
    for (auto& [day, cohort] : cohorts) {
        std::string text = std::to_string(day) + " " + std::to_string(cohort.size) + ":";
        std::int64_t on = day;
        for (int n = 0; n <= q.days; ++n) {
            const std::int64_t end = oracle::window_of(kDayMicros, q.timezone, on).second;
            text += end > newest ? " none" : " " + std::to_string(cohort.returned[on]);
            on = end;
        }
        out.push_back(text);
    }
    return out;
}

std::vector<std::string> texts_of(const RetentionAnswer& answer) {
    std::vector<std::string> out;
    for (const query::RetentionCohort& cohort : answer.cohorts) {
        std::string text = std::to_string(cohort.day.micros) + " " + std::to_string(cohort.size) + ":";
        for (const auto& users : cohort.returned) text += users ? " " + std::to_string(*users) : " none";
        out.push_back(text);
    }
    return out;
}

TEST(RawRetention, AgreesWithEveryDayOfEveryUser) {
    const std::vector<FilterNode> filters = some_filters();
    for (const std::uint64_t seed : oracle::seeds(2)) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::vector<Event> log = oracle::without_repeats(
            oracle::random_log(seed, {.events = 2'500, .step_micros = 6 * kMinuteMicros, .users = 150}));
        LogJournal journal(log, 100'000);
        std::mt19937_64 random(seed);
        std::size_t cohorts = 0;
        for (int i = 0; i < 20; ++i) {
            SCOPED_TRACE("question " + std::to_string(i));
            RetentionQuery q;
            const FilterNode first = filters[random() % filters.size()], again = filters[random() % filters.size()];
            q.first = filter_of(first);
            q.again = filter_of(again);
            const std::int64_t begin = log.front().received_at, end = log.back().received_at;
            const std::int64_t length = end - begin;
            q.range.from = {begin + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(length / 2))};
            q.range.to = {random() % 3 == 0 ? end : q.range.from.micros + length / 3};
            q.days = static_cast<int>(1 + random() % 8);
            const char* const zones[] = {"", "Asia/Kathmandu", "America/New_York"};
            q.timezone = zones[random() % 3];
            const char* const projects[] = {"", "default", "shop"};
            q.project = projects[random() % 3];
            if (random() % 3 == 0) q.by = {Field::SessionId, {}};
            RawLimits limits;
            limits.threads = static_cast<std::size_t>(i % 4 + 1);
            if (i % 5 == 0) limits.user_events = 500 * limits.threads;
            const auto answer = query::run_retention(*journal, q, {}, limits);
            ASSERT_TRUE(answer.ok()) << answer.error().describe();
            EXPECT_EQ(texts_of(*answer), expected(q, first, again, log));
            cohorts += answer->cohorts.size();
        }
        EXPECT_GT(cohorts, 40U);
    }
}

TEST(RawRetention, KeepsNoMoreOfAUserThanADayNeeds) {
    MemoryJournal journal;
    for (int day = 0; day < 4; ++day) {
        EventBatch batch;
        for (int i = 0; i < 9'000; ++i) {
            const std::string id = std::to_string(day) + "-" + std::to_string(i), user = "u" + std::to_string(i % 30);
            EventView v = event(id, kStart.plus_micros(day * kDayMicros + i * kSecondMicros));
            v.user_id = user;
            batch.add(v);
        }
        ASSERT_TRUE(append_batch(journal, std::move(batch)).ok());
    }
    RetentionQuery q;
    q.range = {kStart, kStart.plus_micros(kDayMicros)};
    q.days = 2;
    RawLimits limits;
    limits.user_events = 20'000;
    limits.threads = 1;
    const auto answer = query::run_retention(journal, q, {}, limits);
    ASSERT_TRUE(answer.ok());
    EXPECT_LT(answer->explanation.rows_read, 20'000U);
    ASSERT_EQ(answer->cohorts.size(), 2U);
    EXPECT_EQ(answer->cohorts[0].size, 30U);
    EXPECT_EQ(answer->cohorts[0].returned, (std::vector<std::optional<std::uint64_t>>{30, 30, 30}));
}

TEST(RawRetention, RefusesWhatMakesNoSense) {
    MemoryJournal journal;
    RetentionQuery q;
    q.range = {{0}, {kDayMicros}};
    EXPECT_TRUE(query::run_retention(journal, q, {}).ok());
    q.days = 91;
    EXPECT_EQ(query::run_retention(journal, q, {}).error().field, "days");
    q.days = 90;
    q.timezone = "Mars/Olympus";
    EXPECT_EQ(query::run_retention(journal, q, {}).error().field, "timezone");
    q.timezone.clear();
    q.range.to = {401 * kDayMicros};
    EXPECT_EQ(query::run_retention(journal, q, {}).error().field, "from");
    q.range.to = q.range.from;
    EXPECT_EQ(query::run_retention(journal, q, {}).error().field, "to");
}

}  // namespace
}  // namespace streamgauge::test
