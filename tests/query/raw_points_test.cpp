// SPDX-License-Identifier: GPL-3.0-or-later
// Aggregates over stored events against a second computation in the plainest way, over random logs; bounds and what
// happens beyond them; cancelling; and that threads change nothing.
#include "query/raw_points.h"

#include <cmath>
#include <map>
#include <random>
#include <set>

#include "query/order.h"
#include "query/raw_support.h"
#include "support/manual_clock.h"
#include "support/memory_journal.h"

namespace streamgauge::test {
namespace {

using oracle::Event;
using query::PointsAnswer;
using query::PointsQuery;
using query::RawLimits;
using query::Steps;

struct Question {
    PointsQuery query;
    FilterNode filter, plus, minus;
    std::int64_t width = 0;  // 0: one step
    std::string zone;
};

Steps steps_of(const Question& q) {
    if (q.width == 0) return Steps(q.query.range);
    const auto windows = Windows::make(q.width, q.zone);
    EXPECT_TRUE(windows.ok());
    auto steps = Steps::make(q.query.range, *windows);
    EXPECT_TRUE(steps.ok());
    return steps.ok() ? std::move(steps).value() : Steps(q.query.range);
}

Result<PointsAnswer> ask(Journal& journal, const Question& q, const RawLimits& limits = {}) {
    auto answer = query::run_raw(journal, q.query, steps_of(q), {}, limits);
    if (answer.ok()) query::sort_points(answer->points, std::nullopt);
    return answer;
}

std::string text_of(const query::Point& p) {
    std::string out = std::to_string(p.start.micros) + ".." + std::to_string(p.end.micros) + " [";
    for (const std::string& g : p.group) out += g + "|";
    out += p.other ? "] other " : "] ";
    const query::Value& v = p.value;
    out += v.number ? std::to_string(*v.number) : "-";
    out += v.micros ? "u " : " ";
    if (v.text) out += "'" + *v.text + "' ";
    for (const TopItem& item : v.top)
        out += item.value + "=" + std::to_string(item.count) + "(" + std::to_string(item.error) + ") ";
    for (const std::int64_t x : v.percentiles) out += "p" + std::to_string(x) + " ";
    return out + (v.exact ? "exact " : "about ") + std::to_string(v.missing_at_most) +
           (v.saturated ? " saturated" : "");
}

std::vector<std::string> texts_of(const PointsAnswer& answer) {
    std::vector<std::string> out;
    for (const query::Point& point : answer.points) out.push_back(text_of(point));
    return out;
}

// ---- the second computation ----------------------------------------------------------------------------------------

struct Seen {
    std::vector<std::int64_t> numbers;
    std::vector<std::string> texts;
    std::vector<std::int64_t> times;
};
using Key = std::pair<std::int64_t, std::vector<std::string>>;  // step's start, group

bool value_of(const Question& q, const Event& e, std::int64_t& number, std::string& text) {
    const query::RawAggregate& raw = *q.query.raw;
    if (raw.aggregate == Aggregate::Count) return true;
    if (raw.aggregate == Aggregate::Gauge) {
        number = int{oracle::matches(q.plus, e)} - int{oracle::matches(q.minus, e)};
        return number != 0;
    }
    const bool wants_text =
        raw.aggregate == Aggregate::Last || raw.aggregate == Aggregate::Distinct || raw.aggregate == Aggregate::TopK;
    for (const FieldPath& path : raw.of) {
        text = oracle::field_of(path, e);
        if (wants_text ? !text.empty() : oracle::number_of(text, number)) return true;
    }
    return false;
}

// The step that holds `at`, cut at the range.
std::pair<std::int64_t, std::int64_t> step_of(const Question& q, std::int64_t at) {
    const std::int64_t from = q.query.range.from.micros, to = q.query.range.to.micros;
    if (q.width == 0) return {from, to};
    const auto [start, end] = oracle::window_of(q.width, q.zone, at);
    return {std::max(start, from), std::min(end, to)};
}

std::int64_t rounded_mean(const std::vector<std::int64_t>& numbers) {
    oracle::Wide sum = 0;
    for (const std::int64_t n : numbers) sum += n;
    const bool negative = sum < 0;
    if (negative) sum = -sum;
    const auto n = static_cast<oracle::Wide>(numbers.size());
    const oracle::Wide rounded = (2 * sum + n) / (2 * n);
    return static_cast<std::int64_t>(negative ? -rounded : rounded);
}

std::vector<std::string> expected(const Question& q, const std::vector<Event>& log, PointsAnswer* with = nullptr) {
    std::map<Key, Seen> rows;
    std::map<std::vector<std::string>, std::map<std::int64_t, std::int64_t>> nets;  // by minute
    for (const Event& e : log) {
        if (!in_project(e, q.query.project) || !oracle::matches(q.filter, e)) continue;
        const std::int64_t at = time_of(e, q.query.raw->time);
        if (at < q.query.range.from.micros || at >= q.query.range.to.micros) continue;
        std::int64_t number = 0;
        std::string text;
        if (!value_of(q, e, number, text)) continue;
        std::vector<std::string> group;
        for (const FieldPath& path : q.query.group_by) group.push_back(oracle::field_of(path, e));
        Seen& seen = rows[{step_of(q, at).first, group}];
        seen.numbers.push_back(number);
        seen.texts.push_back(text);
        seen.times.push_back(at);
        nets[group][oracle::window_of(kMinuteMicros, "", at).first] += number;
    }
    std::vector<std::string> out;
    for (auto& [key, seen] : rows) {
        query::Point p;
        p.start = {key.first};
        p.end = {step_of(q, key.first).second};
        p.group = key.second;
        oracle::Wide sum = 0;
        for (const std::int64_t n : seen.numbers) sum += n;
        switch (q.query.raw->aggregate) {
            case Aggregate::Count:
                p.value.number = static_cast<std::int64_t>(seen.numbers.size());
                break;
            case Aggregate::Sum:
                p.value.number = static_cast<std::int64_t>(sum);
                p.value.micros = true;
                break;
            case Aggregate::Min:
                p.value.number = *std::min_element(seen.numbers.begin(), seen.numbers.end());
                p.value.micros = true;
                break;
            case Aggregate::Max:
                p.value.number = *std::max_element(seen.numbers.begin(), seen.numbers.end());
                p.value.micros = true;
                break;
            case Aggregate::Avg:
                p.value.number = rounded_mean(seen.numbers);
                p.value.micros = true;
                break;
            case Aggregate::Last: {
                std::size_t last = 0;
                for (std::size_t i = 0; i < seen.times.size(); ++i)
                    if (seen.times[i] >= seen.times[last]) last = i;
                p.value.text = seen.texts[last];
                break;
            }
            case Aggregate::Gauge: {
                std::int64_t level = 0;
                for (const auto& [minute, net] : nets[key.second])
                    if (minute < p.end.micros) level = std::max<std::int64_t>(0, level + net);
                p.value.number = level;
                break;
            }
            case Aggregate::Distinct:
                p.value.number = static_cast<std::int64_t>(std::set(seen.texts.begin(), seen.texts.end()).size());
                break;
            case Aggregate::TopK: {
                std::map<std::string, std::uint64_t> counts;
                for (const std::string& text : seen.texts) ++counts[text];
                for (const auto& [value, count] : counts) p.value.top.push_back({value, count, 0});
                std::stable_sort(p.value.top.begin(), p.value.top.end(),
                                 [](const TopItem& a, const TopItem& b) { return a.count > b.count; });
                if (p.value.top.size() > q.query.top) p.value.top.resize(q.query.top);
                break;
            }
            case Aggregate::Percentile: {
                // Within 1 % of the exact value; then taken from the answer, so that all the rest is compared.
                p.value.micros = true;
                p.value.exact = false;
                std::sort(seen.numbers.begin(), seen.numbers.end());
                const auto given = std::find_if(with->points.begin(), with->points.end(), [&](const query::Point& x) {
                    return x.start == p.start && x.group == p.group;
                });
                if (given == with->points.end()) break;
                for (std::size_t i = 0; i < q.query.percentiles.size(); ++i) {
                    const std::int64_t exact = oracle::percentile(seen.numbers, q.query.percentiles[i] / 100);
                    const std::int64_t said = given->value.percentiles[i];
                    EXPECT_LE(std::abs(static_cast<double>(said - exact)),
                              std::abs(static_cast<double>(exact)) * 0.01 + 1);
                    p.value.percentiles.push_back(said);
                }
                p.value.number = p.value.percentiles.front();
                break;
            }
        }
        out.push_back(text_of(p));
    }
    return out;
}

// ---- random questions ----------------------------------------------------------------------------------------------

Question random_question(std::mt19937_64& random, Aggregate aggregate, const std::vector<Event>& log) {
    using enum FilterNode::Kind;
    const auto below = [&random](std::uint64_t n) { return random() % n; };
    Question q;
    query::RawAggregate raw;
    raw.aggregate = aggregate;
    raw.time = below(3) == 0 ? TimeBasis::Activity : TimeBasis::Occurred;
    const bool texts = aggregate == Aggregate::Last || aggregate == Aggregate::Distinct || aggregate == Aggregate::TopK;
    if (texts)
        raw.of = below(2) == 0 ? std::vector<FieldPath>{{Field::UserId, {}}, {Field::SessionId, {}}}
                               : std::vector<FieldPath>{oracle::prop("plan"), {Field::PageUrl, {}}};
    else if (aggregate != Aggregate::Count && aggregate != Aggregate::Gauge)
        raw.of = below(2) == 0 ? std::vector<FieldPath>{oracle::prop("amount_usd"), oracle::prop("amount")}
                               : std::vector<FieldPath>{oracle::prop("ms")};
    const std::vector<std::vector<FieldPath>> groups{{},
                                                     {},
                                                     {{Field::EventType, {}}},
                                                     {{Field::UserId, {}}, oracle::prop("plan")},
                                                     {oracle::prop("amount")},
                                                     {{Field::Project, {}}, {Field::Bot, {}}, {Field::PageUrl, {}}},
                                                     {{Field::SchemaVersion, {}}},
                                                     {{Field::EventId, {}}},
                                                     {{Field::SessionId, {}}, {Field::EventType, {}}}};
    q.query.group_by = groups[below(groups.size())];
    const std::vector<FilterNode> filters{
        {},
        {},
        oracle::type_is("purchase"),
        oracle::join(And, {oracle::leaf({Field::PageUrl, {}}, Operator::Exists),
                           oracle::leaf(oracle::prop("plan"), Operator::NotEqual, {"free"})}),
        oracle::join(Or, {oracle::leaf(oracle::prop("amount"), Operator::Greater, {"3"}), oracle::type_is("login")}),
        oracle::join(Not, {oracle::leaf({Field::Bot, {}}, Operator::Equal, {"true"})})};
    q.filter = filters[below(filters.size())];
    q.plus = oracle::type_is("viewer_join");
    q.minus = oracle::type_is("viewer_leave");
    q.query.filter = filter_of(q.filter);
    raw.plus = filter_of(q.plus);
    raw.minus = filter_of(q.minus);
    q.query.raw = raw;
    const char* const projects[] = {"", "", "default", "shop", "_system", "nobody"};
    q.query.project = projects[below(6)];
    const std::int64_t first = log.front().received_at, last = log.back().received_at;
    const auto length = static_cast<std::uint64_t>(last - first);
    switch (below(3)) {
        case 0:
            q.query.range = {{first - 500 * kDayMicros}, {last + 2 * kDayMicros}};
            break;
        case 1:
            q.query.range = {{first + static_cast<std::int64_t>(below(length))}, {last}};
            break;
        default:
            q.query.range.from = {first / kHourMicros * kHourMicros};
            q.query.range.to = {q.query.range.from.micros + static_cast<std::int64_t>(1 + below(50)) * kHourMicros};
    }
    const bool is_long = q.query.range.to.micros - q.query.range.from.micros > 60 * kDayMicros;
    switch (below(4)) {
        case 0:
            q.width = is_long ? kHourMicros : kMinuteMicros;
            break;
        case 1:
            q.width = kDayMicros;
            q.zone = below(2) == 0 ? "Asia/Kathmandu" : "America/New_York";
            break;
        case 2:
            q.width = 3 * kHourMicros;
            break;
        default:
            break;
    }
    q.query.percentiles = {50, 90, 99.9, 0};
    q.query.top = 1 + below(12);
    return q;
}

constexpr Aggregate kAll[] = {Aggregate::Count, Aggregate::Sum,       Aggregate::Min,   Aggregate::Max,
                              Aggregate::Avg,   Aggregate::Last,      Aggregate::Gauge, Aggregate::Distinct,
                              Aggregate::TopK,  Aggregate::Percentile};

TEST(RawPoints, AgreeWithTheSecondComputationHoweverManyThreads) {
    for (const std::uint64_t seed : oracle::seeds(2)) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const std::vector<Event> log = oracle::without_repeats(oracle::random_log(seed, {.events = 2'500}));
        LogJournal journal(log);
        std::mt19937_64 random(seed);
        std::size_t points = 0;
        for (const Aggregate aggregate : kAll) {
            for (int i = 0; i < 6; ++i) {
                const Question q = random_question(random, aggregate, log);
                SCOPED_TRACE("aggregate " + std::to_string(static_cast<int>(aggregate)) + ", question " +
                             std::to_string(i));
                RawLimits limits;
                limits.threads = static_cast<std::size_t>(i % 4 + 1);
                if (i % 3 != 0) limits.few_rows = static_cast<std::size_t>(i);
                auto answer = ask(*journal, q, limits);
                ASSERT_TRUE(answer.ok()) << answer.error().describe();
                ASSERT_EQ(texts_of(*answer), expected(q, log, &*answer));
                EXPECT_FALSE(answer->complete_from);
                EXPECT_EQ(answer->explanation.source, "events");
                points += answer->points.size();
            }
        }
        EXPECT_GT(points, 1'500U);
    }
}

TEST(RawPoints, AreTheSameInMemory) {
    const std::vector<Event> log = oracle::without_repeats(oracle::random_log(11, {.events = 1'000}));
    MemoryJournal memory;
    for (const Event& e : log) {
        EventBatch batch(e.project);
        batch.add(view_of(e));
        ASSERT_TRUE(append_batch(memory, std::move(batch)).ok());
    }
    std::mt19937_64 random(3);
    for (const Aggregate aggregate : kAll) {
        const Question q = random_question(random, aggregate, log);
        auto answer = ask(memory, q);
        ASSERT_TRUE(answer.ok());
        EXPECT_EQ(texts_of(*answer), expected(q, log, &*answer));
    }
}

// ---- bounds --------------------------------------------------------------------------------------------------------

Question by_user(const std::vector<Event>& log, Aggregate aggregate) {
    Question q;
    q.query.raw = query::RawAggregate{};
    q.query.raw->aggregate = aggregate;
    q.query.group_by = {{Field::UserId, {}}};
    q.query.range = {{log.front().received_at - 1'000 * kDayMicros}, {log.back().received_at + 2 * kDayMicros}};
    return q;
}

TEST(RawPoints, BeyondTheBoundTheFirstGroupsStayAndTheOthersAreOne) {
    const std::vector<Event> log = oracle::without_repeats(oracle::random_log(5, {.events = 2'000, .users = 300}));
    LogJournal journal(log);
    const Question q = by_user(log, Aggregate::Count);
    std::map<std::string, std::int64_t> counts;
    std::int64_t others = 0;
    for (const Event& e : log) {
        if (!in_project(e, "") || time_of(e, TimeBasis::Occurred) < q.query.range.from.micros) continue;
        if (counts.size() < 20 || counts.contains(e.user_id))
            ++counts[e.user_id];
        else
            ++others;
    }
    ASSERT_GT(others, 0);
    for (const std::size_t threads : {1U, 2U, 4U}) {
        RawLimits limits;
        limits.rows = 20;
        limits.threads = threads;
        const auto answer = ask(*journal, q, limits);
        ASSERT_TRUE(answer.ok());
        ASSERT_EQ(answer->points.size(), 21U);
        for (const query::Point& point : answer->points) {
            if (point.other) {
                EXPECT_EQ(point.group, std::vector<std::string>{"(other)"});
                EXPECT_EQ(point.value.number, others);
            } else {
                EXPECT_EQ(point.value.number, counts[point.group.front()]) << point.group.front();
            }
        }
    }
}

TEST(RawPoints, ManyDifferentValuesBecomeSketchesWhateverTheThreads) {
    const std::vector<Event> log = oracle::without_repeats(oracle::random_log(6, {.events = 4'000, .users = 3'000}));
    LogJournal journal(log);
    for (const Aggregate aggregate : {Aggregate::Distinct, Aggregate::TopK}) {
        Question q = by_user(log, aggregate);
        q.query.raw->of = {{Field::EventId, {}}};
        q.query.group_by = {{Field::EventType, {}}};
        const auto exact = ask(*journal, q);
        ASSERT_TRUE(exact.ok());
        std::vector<std::string> before;
        for (const std::size_t threads : {1U, 2U, 4U}) {
            RawLimits limits;
            limits.values = 500;
            limits.threads = threads;
            const auto answer = ask(*journal, q, limits);
            ASSERT_TRUE(answer.ok());
            ASSERT_EQ(answer->points.size(), exact->points.size());
            bool sketch = false;
            for (std::size_t i = 0; i < exact->points.size(); ++i) {
                const query::Value &about = answer->points[i].value, &is = exact->points[i].value;
                EXPECT_EQ(answer->points[i].group, exact->points[i].group);
                if (about.exact) continue;
                sketch = true;
                if (aggregate == Aggregate::Distinct) {
                    EXPECT_GT(about.relative_error, 0);
                    EXPECT_NEAR(static_cast<double>(*about.number), static_cast<double>(*is.number),
                                5 + 6 * about.relative_error * static_cast<double>(*is.number));
                } else {
                    EXPECT_LE(is.top.front().count, about.missing_at_most + 1);
                }
            }
            EXPECT_TRUE(sketch);
            EXPECT_TRUE(before.empty() || texts_of(*answer) == before);
            before = texts_of(*answer);
        }
    }
}

std::optional<ErrorCode> code_of(const Result<PointsAnswer>& answer) {
    return answer.ok() ? std::nullopt : std::optional(answer.error().code);
}

TEST(RawPoints, SayWhenNotEvenSketchesFit) {
    const std::vector<Event> log = oracle::without_repeats(oracle::random_log(6, {.events = 1'500, .users = 3'000}));
    LogJournal journal(log);
    Question q = by_user(log, Aggregate::Last);
    q.query.raw->of = {{Field::PageUrl, {}}};
    RawLimits limits;
    limits.text_bytes = 700;
    limits.rows = 10;
    EXPECT_TRUE(ask(*journal, q, limits).ok());
    q.query.raw->of = {{Field::EventId, {}}};
    limits.text_bytes = 8;
    EXPECT_EQ(code_of(ask(*journal, q, limits)), ErrorCode::TooLarge);
    q = by_user(log, Aggregate::Gauge);
    q.query.raw->plus = filter_of(oracle::type_is("page_view"));
    q.query.raw->minus = filter_of(oracle::type_is("login"));
    limits = {};
    limits.rows = 10;
    EXPECT_EQ(code_of(ask(*journal, q, limits)), ErrorCode::TooLarge);
}

TEST(RawPoints, RefuseWhatMakesNoSense) {
    MemoryJournal journal;
    Question q;
    q.query.range = {{0}, {1}};
    q.query.raw = query::RawAggregate{};
    q.query.raw->aggregate = Aggregate::Sum;
    EXPECT_EQ(ask(journal, q).error().field, "of");
    q.query.raw->aggregate = Aggregate::Percentile;
    q.query.raw->of = {oracle::prop("ms")};
    q.query.percentiles = {101};
    EXPECT_EQ(ask(journal, q).error().field, "percentiles");
    q.query.percentiles = {100};
    const auto answer = ask(journal, q);
    ASSERT_TRUE(answer.ok());
    EXPECT_TRUE(answer->points.empty());
}

TEST(RawPoints, EndWhenNobodyWaitsAndTellHowFarTheyAre) {
    const std::vector<Event> log = oracle::without_repeats(oracle::random_log(6, {.events = 1'500}));
    LogJournal journal(log);
    const Question q = by_user(log, Aggregate::Count);
    query::Watch watch;
    watch.cancelled = [] { return true; };
    const auto cancelled = query::run_raw(*journal, q.query, steps_of(q), watch);
    ASSERT_FALSE(cancelled.ok());
    EXPECT_EQ(cancelled.error().code, ErrorCode::Cancelled);
    std::vector<double> shares;
    watch.cancelled = [] { return false; };
    watch.progress = [&](double share) { shares.push_back(share); };
    ASSERT_TRUE(query::run_raw(*journal, q.query, steps_of(q), watch).ok());
    ASSERT_FALSE(shares.empty());
    EXPECT_TRUE(std::is_sorted(shares.begin(), shares.end()));
    EXPECT_GE(shares.front(), 0);
    EXPECT_EQ(shares.back(), 1);
}

TEST(RawPoints, SayFromWhenOnEventsAreKept) {
    MemoryJournal journal;
    ASSERT_TRUE(append_ids(journal, {"a", "b"}, kStart).ok());
    ASSERT_TRUE(append_ids(journal, {"c"}, kStart.plus_micros(kDayMicros)).ok());
    journal.forget_before(3);
    Question q;
    q.query.raw = query::RawAggregate{};
    q.query.range = {kStart, kStart.plus_micros(3 * kDayMicros)};
    auto answer = ask(journal, q);
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(answer->complete_from, kStart.plus_micros(kDayMicros));
    ASSERT_EQ(answer->points.size(), 1U);
    EXPECT_EQ(answer->points[0].value.number, 1);
    q.query.range.from = kStart.plus_micros(kDayMicros);
    answer = ask(journal, q);
    ASSERT_TRUE(answer.ok());
    EXPECT_FALSE(answer->complete_from);
}

}  // namespace
}  // namespace streamgauge::test
