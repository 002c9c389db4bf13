// SPDX-License-Identifier: GPL-3.0-or-later
// Planner and executor against answers computed straight from the events: every aggregate, over tiers, time zones,
// filters and projects, on random questions.
#include "query/executor.h"

#include <cmath>

#include "query/metric_rows.h"

namespace streamgauge::query {
namespace {

using test::FilledStore;
using test::PlainAnswer;
using test::PlainEvent;

constexpr std::int64_t kStart = 1'772'000'000LL * kSecondMicros;  // 2026-02-25T06:13:20Z

AskedMetric metric_of(MetricId id, Aggregate aggregate, std::vector<Tier> tiers, std::string timezone = {}) {
    MetricDefinition definition;
    definition.id = id;
    definition.name = "m" + std::to_string(id);
    definition.aggregate = aggregate;
    definition.tiers = std::move(tiers);
    definition.timezone = std::move(timezone);
    definition.group_by = {{Field::PageUrl, {}}, {Field::Prop, "plan"}};
    definition.percentile = 50;
    return make_asked_metric(std::move(definition)).value();
}

class Chance {
public:
    explicit Chance(std::uint64_t seed) : engine_(seed) {}
    std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(n)); }
    bool one_in(std::int64_t n) { return below(n) == 0; }
    template <class T>
    const T& of(const std::vector<T>& all) {
        return all[static_cast<std::size_t>(below(static_cast<std::int64_t>(all.size())))];
    }

private:
    std::mt19937_64 engine_;
};

std::vector<PlainEvent> random_events(Chance& chance, Aggregate aggregate, std::size_t count, std::int64_t days) {
    std::vector<PlainEvent> events;
    for (std::size_t i = 0; i < count; ++i) {
        PlainEvent event;
        event.project = chance.of<std::string>({"default", "default", "defaulted", "b"});
        event.at = kStart + chance.below(days * kDayMicros);
        event.groups = {chance.of<std::string>({"/a", "/b", "/c", ""}), chance.of<std::string>({"free", "pro", ""})};
        event.text = "v" + std::to_string(chance.below(20));
        if (aggregate == Aggregate::Gauge) {
            event.number = chance.below(5) < 3 ? 1 : -1;
        } else if (!chance.one_in(4)) {
            event.number = chance.below(2'000'000) - 1'000'000;
        }
        events.push_back(std::move(event));
    }
    // What is newest decides for Last: no two at once.
    std::sort(events.begin(), events.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
    for (std::size_t i = 1; i < events.size(); ++i) events[i].at = std::max(events[i].at, events[i - 1].at + 1);
    return events;
}

bool taken(const PlainEvent& event, const PointsQuery& query) {
    if (!query.project.empty() && event.project != query.project) return false;
    std::vector<std::string_view> values;
    for (const FieldPath& field : query.filter.fields())
        values.push_back(field.field == Field::PageUrl ? event.groups[0]
                         : field.field == Field::Prop  ? event.groups[1]
                                                       : event.project);
    return query.filter.takes_everything() || query.filter.matches(values.data());
}

std::vector<std::string> group_of(const PlainEvent& event, const PointsQuery& query) {
    std::vector<std::string> out;
    for (const FieldPath& field : query.group_by)
        out.push_back(field.field == Field::PageUrl ? event.groups[0]
                      : field.field == Field::Prop  ? event.groups[1]
                                                    : event.project);
    return out;
}

PlainAnswer straight(const std::vector<PlainEvent>& events, Aggregate aggregate, const PointsQuery& query,
                     const Steps& steps) {
    std::map<std::pair<std::size_t, std::vector<std::string>>, std::vector<const PlainEvent*>> sorted;
    for (const PlainEvent& event : events) {
        const auto step = steps.find(event.at);
        if (step && taken(event, query)) sorted[{*step, group_of(event, query)}].push_back(&event);
    }
    PlainAnswer out;
    for (const auto& [key, of] : sorted) out[key] = test::plain_value(aggregate, of, query.top);
    return out;
}

// Window by window of the tier, as contract section 3 has it.
PlainAnswer straight_levels(const std::vector<PlainEvent>& events, const Windows& windows, const PointsQuery& query,
                            const Steps& steps) {
    std::map<std::string, std::map<std::int64_t, std::int64_t>> nets;  // key -> window -> net
    std::map<std::string, std::vector<std::string>> groups;
    for (const PlainEvent& event : events) {
        if (!taken(event, query)) continue;
        nets[test::key_of(event)][windows.start_of(event.at)] += *event.number;
        groups[test::key_of(event)] = group_of(event, query);
    }
    PlainAnswer out;
    for (std::size_t step = 0; step < steps.size(); ++step) {
        std::map<std::vector<std::string>, std::pair<std::int64_t, bool>> levels;  // and whether it changed
        if (query.group_by.empty()) levels[{}].second = true;
        for (const auto& [key, by_window] : nets) {
            std::int64_t level = 0;
            bool changed = false, any = false;
            for (const auto& [window, net] : by_window) {
                if (window >= steps.end(step).micros) break;
                level = std::max<std::int64_t>(0, level + net);
                any = true;
                changed = changed || window >= steps.start(step).micros;
            }
            if (!any) continue;
            levels[groups[key]].first += level;
            levels[groups[key]].second |= changed;
        }
        for (const auto& [group, level] : levels)
            if (level.first != 0 || level.second) out[{step, group}] = std::to_string(level.first);
    }
    return out;
}

PlainAnswer plain(const Table& table, std::size_t fields) {
    PlainAnswer out;
    for (std::size_t row = 0; row < table.size(); ++row) {
        std::vector<std::string> group;
        std::string_view rest = table.group(row);
        for (std::size_t i = 0; i < fields; ++i) {
            const std::size_t end = i + 1 < fields ? rest.find(kGroupSeparator) : std::string_view::npos;
            group.emplace_back(rest.substr(0, end));
            rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        }
        const bool fresh =
            out.emplace(std::pair(std::size_t{table.step(row)}, group), test::text_of(table.value(row))).second;
        EXPECT_TRUE(fresh) << "a row that is there twice";
    }
    return out;
}

PointsQuery random_question(Chance& chance, const MetricDefinition& metric, std::int64_t days) {
    PointsQuery query;
    query.metric = metric.name;
    query.project = chance.of<std::string>({"default", "b", "", "nobody"});
    const std::int64_t from = kStart + chance.below(days * kDayMicros);
    query.range = {{from}, {from + 1 + chance.below(chance.one_in(2) ? kDayMicros : days * kDayMicros)}};
    if (chance.one_in(4)) {  // on whole days
        query.range.from = floor_to(query.range.from, kDayMicros);
        query.range.to = floor_to(query.range.to, kDayMicros).plus_micros(kDayMicros);
    }
    const std::int64_t finest = metric.tiers.front().window_micros;
    if (!chance.one_in(3)) {
        query.step_micros = finest * chance.of<std::int64_t>(
                                         finest == kDayMicros ? std::vector<std::int64_t>{1, 2, 7}
                                                              : std::vector<std::int64_t>{1, 3, 6, 9, 60, 360, 8640});
        if (query.step_micros * 3'000 < query.range.to.micros - query.range.from.micros)
            query.step_micros = std::max(finest, kDayMicros);
        if (query.step_micros % kDayMicros == 0 && metric.timezone.empty() && chance.one_in(2))
            query.timezone = chance.of<std::string>({"Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"});
    }
    query.group_by = chance.of<std::vector<FieldPath>>({{},
                                                        {{Field::PageUrl, {}}},
                                                        {{Field::Prop, "plan"}},
                                                        {{Field::PageUrl, {}}, {Field::Prop, "plan"}},
                                                        {{Field::Prop, "plan"}, {Field::PageUrl, {}}},
                                                        {{Field::Project, {}}},
                                                        {{Field::Prop, "plan"}, {Field::Project, {}}}});
    query.filter = Filter::parse(chance.of<std::string>({"", "", "page_url = /a", "not exists props.plan",
                                                         "page_url in (/a, /b) and props.plan = pro",
                                                         "project = b or page_url starts_with \"/c\""}))
                       .value();
    query.top = static_cast<std::size_t>(1 + chance.below(20));
    return query;
}

constexpr std::int64_t kRange = 12;  // days

class ExecutorTest : public ::testing::TestWithParam<Aggregate> {
protected:
    void compare(const AskedMetric& made, int questions, std::uint64_t seed) {
        const auto metric = std::make_shared<const AskedMetric>(made);
        Chance chance(seed);
        const std::vector<PlainEvent> events = random_events(chance, GetParam(), 3'000, kRange);
        FilledStore filled;
        for (std::size_t i = 0; i < events.size(); i += 1'000)
            filled.add(*metric, {events.begin() + static_cast<std::ptrdiff_t>(i),
                                 events.begin() + static_cast<std::ptrdiff_t>(std::min(i + 1'000, events.size()))});
        const auto snapshot = filled.store().snapshot();
        ASSERT_TRUE(snapshot.ok());
        int answered = 0;
        for (int i = 0; i < questions; ++i) {
            PointsQuery query = random_question(chance, metric->definition, kRange);
            query.compare = GetParam() == Aggregate::Gauge;
            SCOPED_TRACE(canonical_question(query));
            const auto plan = make_plan(query, metric, filled.state());
            if (!plan) {
                EXPECT_EQ(plan.error().code, ErrorCode::InvalidArgument);
                continue;
            }
            ++answered;
            check_range(query, *plan, filled.state());
            if (plan->now.pieces.empty()) continue;
            const auto done = execute(**snapshot, *plan, plan->now, query, {});
            ASSERT_TRUE(done.ok()) << done.error().describe();
            const PlainAnswer expected =
                GetParam() == Aggregate::Gauge
                    ? straight_levels(events, metric->windows[plan->now.pieces.front().tier], query, plan->now.steps)
                    : straight(events, GetParam(), query, plan->now.steps);
            ASSERT_EQ(plain(done->table, query.group_by.size()), expected);
            if (plan->before) compare_levels_before(**snapshot, *plan, query, events);
        }
        EXPECT_GT(answered, questions / 3);
    }
    // A step that ends after the first window which is kept has its whole level, also where it began before.
    static void compare_levels_before(StoreSnapshot& snapshot, const Plan& plan, const PointsQuery& query,
                                      const std::vector<PlainEvent>& events) {
        if (plan.before->pieces.empty()) {
            EXPECT_EQ(plan.before_kept_from, plan.before->steps.range().to);
            return;
        }
        const auto done = execute(snapshot, plan, *plan.before, query, {});
        ASSERT_TRUE(done.ok()) << done.error().describe();
        const Steps& steps = plan.before->steps;
        const auto known = [&](PlainAnswer all) {
            std::erase_if(all, [&](const auto& one) {
                const bool nothing = one.second == "0";  // a group without a row is at 0 as well
                return nothing || (plan.before_kept_from && steps.end(one.first.first) <= *plan.before_kept_from);
            });
            return all;
        };
        const Windows& windows = plan.metric->windows[plan.before->pieces.front().tier];
        ASSERT_EQ(known(plain(done->table, query.group_by.size())),
                  known(straight_levels(events, windows, query, steps)));
    }
    static std::string canonical_question(const PointsQuery& query) {
        std::string out = format_rfc3339(query.range.from) + " to " + format_rfc3339(query.range.to) + " step " +
                          std::to_string(query.step_micros / kSecondMicros) + " zone " + query.timezone + " project " +
                          query.project + " where " + query.filter.text() + " by";
        for (const FieldPath& field : query.group_by) out += " " + to_text(field);
        return out;
    }
    static void check_range(const PointsQuery& query, const Plan& plan, const PartitionState& state) {
        const TimeRange range = plan.now.steps.range();
        EXPECT_LE(query.range.to, range.to);
        const Tier& coarsest = plan.metric->definition.tiers.back();
        EXPECT_LT(range.to.micros, query.range.to.micros + coarsest.window_micros);
        if (plan.kept_from) {
            EXPECT_GT(*plan.kept_from, query.range.from);
        } else {
            EXPECT_LE(range.from, query.range.from);
            EXPECT_GT(range.from.micros, query.range.from.micros - coarsest.window_micros);
        }
        std::int64_t at = range.from.micros;
        for (const Piece& piece : plan.now.pieces) {
            EXPECT_LT(piece.from, piece.to);
            if (GetParam() != Aggregate::Gauge) {
                EXPECT_EQ(piece.from, at);
            }
            at = piece.to;
            const Tier& tier = plan.metric->definition.tiers[piece.tier];
            if (tier.retention_micros != 0 && piece.from != kNoWindow) {
                EXPECT_GE(piece.from + tier.window_micros + tier.retention_micros, state.log_clock.micros);
            }
        }
        if (!plan.now.pieces.empty()) {
            EXPECT_EQ(at, range.to.micros);
        }
    }
};

TEST_P(ExecutorTest, AgreesWithTheEventsOverTiersThatAreKeptForLess) {
    compare(metric_of(1001, GetParam(),
                      {{10 * kSecondMicros, kDayMicros},
                       {kMinuteMicros, 3 * kDayMicros},
                       {kHourMicros, 6 * kDayMicros},
                       {kDayMicros, 0}}),
            150, 1);
}

TEST_P(ExecutorTest, AgreesWithTheEventsOverOneTierForEver) {
    compare(metric_of(1002, GetParam(), {{kHourMicros, 0}}), 100, 2);
}

TEST_P(ExecutorTest, AgreesWithTheEventsOverDaysOfATimeZone) {
    compare(metric_of(1003, GetParam(), {{kDayMicros, 0}}, "America/New_York"), 60, 3);
}

INSTANTIATE_TEST_SUITE_P(Aggregates, ExecutorTest,
                         ::testing::Values(Aggregate::Count, Aggregate::Sum, Aggregate::Min, Aggregate::Max,
                                           Aggregate::Avg, Aggregate::Last, Aggregate::Gauge, Aggregate::Distinct,
                                           Aggregate::TopK));

// Of each step and group every percentile is the value of its rank, within the error that the answer is labelled
// with.
TEST(PercentileExecutor, IsWithinTheErrorThatItIsLabelledWith) {
    const auto metric = std::make_shared<const AskedMetric>(
        metric_of(1004, Aggregate::Percentile,
                  {{kMinuteMicros, 2 * kDayMicros}, {kHourMicros, 6 * kDayMicros}, {kDayMicros, 0}}));
    Chance chance(4);
    std::vector<PlainEvent> events = random_events(chance, Aggregate::Percentile, 4'000, kRange);
    for (PlainEvent& event : events)  // over eleven decades, both signs and zero
        if (event.number && chance.one_in(2)) {
            std::int64_t scale = 1;
            for (std::int64_t i = chance.below(12); i > 0; --i) scale *= 10;
            event.number = (chance.below(19) - 9) * scale;
        }
    FilledStore filled;
    for (std::size_t i = 0; i < events.size(); i += 1'000)
        filled.add(*metric, {events.begin() + static_cast<std::ptrdiff_t>(i),
                             events.begin() + static_cast<std::ptrdiff_t>(std::min(i + 1'000, events.size()))});
    const auto snapshot = filled.store().snapshot();
    ASSERT_TRUE(snapshot.ok());
    const std::vector<double> wanted{0.1, 5, 50, 90, 99, 99.9};
    std::size_t compared = 0;
    for (int i = 0; i < 80; ++i) {
        PointsQuery query = random_question(chance, metric->definition, kRange);
        query.percentiles = wanted;
        const auto plan = make_plan(query, metric, filled.state());
        if (!plan || plan->now.pieces.empty()) continue;
        const auto done = execute(**snapshot, *plan, plan->now, query, {});
        ASSERT_TRUE(done.ok()) << done.error().describe();
        std::map<std::pair<std::size_t, std::vector<std::string>>, std::vector<std::int64_t>> numbers;
        for (const PlainEvent& event : events) {
            const auto step = plan->now.steps.find(event.at);
            if (!step || !taken(event, query)) continue;
            auto& of = numbers[{*step, group_of(event, query)}];
            if (event.number) of.push_back(*event.number);
        }
        for (auto& [key, of] : numbers) {
            std::sort(of.begin(), of.end());
            std::string group;
            for (std::size_t field = 0; field < key.second.size(); ++field)
                group += (field == 0 ? "" : std::string(1, kGroupSeparator)) + key.second[field];
            const auto row = Table::Index(done->table).find(static_cast<std::uint32_t>(key.first), group);
            ASSERT_TRUE(row.has_value()) << group;
            const Value value = done->table.value(*row);
            if (of.empty()) {
                EXPECT_FALSE(value.number.has_value());
                continue;
            }
            ASSERT_EQ(value.percentiles.size(), wanted.size());
            EXPECT_EQ(value.number, value.percentiles.front());
            EXPECT_FALSE(value.exact);
            EXPECT_GT(value.relative_error, 0);
            EXPECT_LE(value.relative_error, 0.01);
            for (std::size_t p = 0; p < wanted.size(); ++p) {
                const double rank = wanted[p] / 100 * static_cast<double>(of.size() - 1);
                const auto at = [&](double index) {
                    return static_cast<double>(
                        of[static_cast<std::size_t>(std::clamp(index, 0.0, static_cast<double>(of.size() - 1)))]);
                };
                const double low = at(std::floor(rank - 1e-6)), high = at(std::floor(rank + 1e-6));
                EXPECT_GE(static_cast<double>(value.percentiles[p]), low - std::abs(low) * value.relative_error - 1);
                EXPECT_LE(static_cast<double>(value.percentiles[p]), high + std::abs(high) * value.relative_error + 1);
            }
            ++compared;
        }
    }
    EXPECT_GT(compared, 500U);
}

}  // namespace
}  // namespace streamgauge::query
