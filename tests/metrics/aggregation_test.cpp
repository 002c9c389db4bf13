// SPDX-License-Identifier: GPL-3.0-or-later
// The aggregation against the oracle, in any chunking and with commits at any event; and its rules one by one.
#include "metrics/aggregation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <string>

#include "journal/journal.h"
#include "metrics/event_view.h"
#include "metrics/oracle.h"

namespace streamgauge {
namespace {

using Key = std::tuple<MetricId, int, std::int64_t, std::string>;

// What a store would hold: cells merged commit by commit, sets as they are written, expired windows removed.
struct Kept {
    struct Set {
        std::vector<std::string> bytes;
        std::uint64_t late = 0;
        SetState state(Aggregate aggregate) const {
            Result<SetState> read = SetState::decode(aggregate, {bytes.begin(), bytes.end()});
            EXPECT_TRUE(read.ok());
            return std::move(read).value();
        }
    };
    std::map<Key, Set> sets;
    struct Row {
        Cell cell;
        std::string text;
        bool operator==(const Row&) const = default;
    };
    std::map<Key, Row> rows;

    void merge(Aggregate aggregate, const CellTable& cells) {
        for (const std::uint32_t index : cells.sorted()) {
            const CellTable::Row row = cells[index];
            const auto [at, fresh] =
                rows.try_emplace({cells.metric(), cells.tier(), row.window, std::string(row.group)}, Row{row.cell, {}});
            if (fresh) {
                at->second.text = std::string(row.cell.text);
            } else {
                at->second.cell.text = at->second.text;
                merge_cell(aggregate, at->second.cell, row.cell);
                at->second.text = std::string(at->second.cell.text);
            }
            at->second.cell.text = {};
        }
    }
    void commit(Aggregation& aggregation, const PartitionState& state) {
        for (MetricAggregation& metric : aggregation.metrics()) {
            metric.take_fresh([](std::int64_t, std::string_view, const Cell&) {});
            for (const CellTable& cells : metric.take_cells(state.log_clock, state.watermark))
                merge(metric.definition().aggregate, cells);
            if (metric.sets() != nullptr) {
                for (SetWrite& write : metric.sets()->take_writes()) {
                    Set& set = sets[{metric.definition().id, write.tier, write.window, write.group}];
                    set.late += write.late;
                    if (write.change.bytes.empty()) continue;
                    if (write.change.replace) set.bytes.clear();
                    set.bytes.push_back(std::move(write.change.bytes));
                }
                metric.sets()->committed();
            }
            for (std::size_t tier = 0; tier < metric.windows().size(); ++tier) {
                const MetricId id = metric.definition().id;
                const int number = static_cast<int>(tier);
                const std::int64_t oldest = metric.oldest_kept(tier, state.log_clock);
                if (oldest == kNoWindow) continue;
                rows.erase(rows.lower_bound({id, number, kNoWindow, ""}), rows.lower_bound({id, number, oldest, ""}));
                sets.erase(sets.lower_bound({id, number, kNoWindow, ""}), sets.lower_bound({id, number, oldest, ""}));
            }
            EXPECT_EQ(metric.rows(), 0U);
        }
    }
};

void expect_equal(const std::map<Key, Kept::Row>& found, const std::map<Key, Kept::Row>& expected) {
    int shown = 0;
    const auto show = [&shown](const char* what, const Key& key, const Kept::Row& row) {
        const auto& [id, tier, window, group] = key;
        if (++shown <= 5)
            ADD_FAILURE() << what << " metric " << id << " tier " << tier << " window " << window << " group " << group
                          << ": value " << row.cell.value << " count " << row.cell.count << " late " << row.cell.late
                          << " text " << row.text;
    };
    for (const auto& [key, row] : expected) {
        const auto same = found.find(key);
        if (same == found.end()) {
            show("missing", key, row);
        } else if (!(same->second == row)) {
            show("expected", key, row);
            show("found", key, same->second);
        }
    }
    for (const auto& [key, row] : found)
        if (!expected.contains(key)) show("too much", key, row);
}

SetTable::Load from(const Kept& kept, const std::vector<MetricDefinition>& definitions) {
    return [&kept, &definitions](MetricId id, const SetKey& key) -> Result<std::optional<SetState>> {
        const auto found = kept.sets.find({id, key.tier, key.window, std::string(key.group)});
        if (found == kept.sets.end()) return std::optional<SetState>{};
        const auto definition = std::find_if(definitions.begin(), definitions.end(),
                                             [id](const MetricDefinition& d) { return d.id == id; });
        return std::optional<SetState>(found->second.state(definition->aggregate));
    };
}

SetTable::Load no_sets() {
    return [](MetricId, const SetKey&) -> Result<std::optional<SetState>> { return std::optional<SetState>{}; };
}

Aggregation aggregation_of(std::vector<MetricDefinition> definitions) {
    Result<Aggregation> made = Aggregation::make(std::move(definitions), no_sets());
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().describe());
    return std::move(made).value();
}

// Two projects and the program's own, late, out of order and dated ahead, with and without every field.
std::vector<oracle::Event> random_events(std::uint64_t seed, std::size_t count) {
    std::mt19937_64 random(seed);
    const auto below = [&random](std::int64_t n) {
        return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
    };
    std::int64_t now = 1'800'000'000'000'000;
    std::vector<oracle::Event> events;
    for (std::size_t i = 0; i < count; ++i) {
        now += below(4'000'000);
        oracle::Event e;
        const std::int64_t project = below(20);
        e.project = project == 0 ? std::string(kSystemProject) : project < 8 ? "shop" : "default";
        e.event_id = "e" + std::to_string(i);
        e.received_at = now;
        const std::int64_t when = below(10);
        e.occurred_at = when == 0   ? now - below(3 * kHourMicros)
                        : when == 1 ? now + below(kHourMicros)
                        : when == 2 ? now - below(5 * kMinuteMicros)
                                    : floor_to({now - below(5'000'000)}, 100'000).micros;
        if (below(8) != 0) e.user_id = "user-" + std::to_string(below(40));
        if (below(4) != 0) e.session_id = "session-" + std::to_string(below(120));
        if (below(4) != 0) e.page_url = "/page/" + std::to_string(below(15));
        e.schema_version = static_cast<std::int32_t>(1 + below(3));
        e.bot = below(5) == 0;
        static const char* const kTypes[] = {"viewer_join", "viewer_leave", "chat_message", "donation",
                                             "login",       "page_view",    "click",        "purchase"};
        e.event_type = kTypes[below(8)];
        e.props = "{\"stream_id\":\"s" + std::to_string(below(4)) + "\"";
        static const char* const kAmounts[] = {"0.1", "\"12.345\"", "-3", "\"much\"", "1e2", "null", "true", "[1]"};
        if (below(3) != 0) e.props += std::string(",\"amount\":") + kAmounts[below(8)];
        if (below(3) == 0) e.props += std::string(",\"amount_usd\":") + kAmounts[below(8)];
        static const char* const kPlans[] = {"\"free\"", "\"pro\"", "\"\"", "null", "true", "7"};
        e.props += std::string(",\"plan\":") + kPlans[below(6)] + "}";
        events.push_back(std::move(e));
    }
    return events;
}

// A metric of every kind of cell, with filters that a type decides and such that it does not.
std::vector<MetricDefinition> definitions() {
    const FieldPath amount{Field::Prop, "amount"}, amount_usd{Field::Prop, "amount_usd"}, plan{Field::Prop, "plan"};
    const std::vector<Tier> tiers{{10 * kSecondMicros, 10 * kMinuteMicros},
                                  {kMinuteMicros, 30 * kMinuteMicros},
                                  {kHourMicros, 2 * kHourMicros},
                                  {kDayMicros, 0}};
    std::vector<MetricDefinition> all;
    for (int aggregate = 0; aggregate <= static_cast<int>(Aggregate::Percentile); ++aggregate) {
        for (int variant = 0; variant < 3; ++variant) {
            MetricDefinition d;
            d.aggregate = static_cast<Aggregate>(aggregate);
            d.id = kFirstUserMetric + aggregate * 10 + variant;
            d.name = "m" + std::to_string(d.id);
            d.tiers = tiers;
            d.of = {amount_usd, amount};
            if (d.aggregate == Aggregate::Last || d.aggregate == Aggregate::TopK) d.of = {plan};
            if (d.aggregate == Aggregate::Distinct) d.of = {{Field::UserId, {}}, plan};
            d.percentile = 50;
            d.exact_budget = 100'000;
            d.plus = *Filter::parse("event_type = viewer_join");
            d.minus = *Filter::parse(variant == 2 ? "props.plan = pro" : "event_type = viewer_leave");
            if (variant == 1) {
                d.where = *Filter::parse("event_type in (donation, viewer_join, purchase) and exists user_id");
                d.group_by = {{Field::PageUrl, {}}, plan};
                d.time = TimeBasis::Activity;
                d.allowed_lateness_micros = 0;
            } else if (variant == 2) {
                d.where = *Filter::parse("not bot = true or schema_version > 1");
                d.group_by = {{Field::SchemaVersion, {}}, {Field::Bot, {}}};
                d.tiers = {{kDayMicros, 2 * kDayMicros}};
                d.timezone = "Asia/Kathmandu";
            }
            if (d.aggregate == Aggregate::Gauge && variant != 2) d.tiers = {{kMinuteMicros, 0}};
            all.push_back(d);
        }
    }
    return all;
}

oracle::Metric plain(const MetricDefinition& d) {
    oracle::Metric m;
    m.id = d.id;
    m.name = d.name;
    m.where = d.where.tree();
    m.tiers = d.tiers;
    m.timezone = d.timezone;
    m.time = d.time;
    m.group_by = d.group_by;
    m.aggregate = d.aggregate;
    m.of = d.of;
    m.plus = d.plus.tree();
    m.minus = d.minus.tree();
    m.allowed_lateness_micros = d.allowed_lateness_micros;
    return m;
}

struct Outcome {
    Kept kept;
    PartitionState state;
    std::map<MetricId, MetricCounters> counters;
};

// In batches of up to `largest` events of one project, with a commit after each batch in `commit_every`.
Outcome run(const std::vector<MetricDefinition>& definitions, const std::vector<oracle::Event>& events,
            std::uint64_t seed, std::size_t largest, unsigned commit_every) {
    std::mt19937_64 random(seed);
    Outcome outcome;
    Result<Aggregation> made = Aggregation::make(definitions, from(outcome.kept, definitions));
    EXPECT_TRUE(made.ok());
    Aggregation& aggregation = *made;
    for (std::size_t at = 0; at < events.size();) {
        const std::size_t most = 1 + random() % largest;
        EventBatch batch(events[at].project);
        while (batch.size() < most && at < events.size() && events[at].project == batch.project())
            batch.add(view_of(events[at++]));
        EXPECT_TRUE(aggregation.apply(batch, 0, outcome.state).ok());
        if (random() % commit_every == 0) outcome.kept.commit(aggregation, outcome.state);
    }
    outcome.kept.commit(aggregation, outcome.state);
    for (const MetricAggregation& metric : aggregation.metrics())
        outcome.counters[metric.definition().id] = metric.counters();
    return outcome;
}

void expect_sets(const Kept& kept, const MetricDefinition& definition, const oracle::Results& results) {
    std::size_t count = 0;
    for (const auto& [key, set] : kept.sets) count += std::get<0>(key) == definition.id ? 1U : 0U;
    ASSERT_EQ(count, results.rows.size()) << definition.name;
    for (const auto& [key, row] : results.rows) {
        const auto& [tier, window, group] = key;
        const auto found = kept.sets.find({definition.id, tier, window, group});
        ASSERT_NE(found, kept.sets.end()) << definition.name;
        EXPECT_EQ(found->second.late, static_cast<std::uint64_t>(row.late)) << definition.name << " tier " << tier;
        const SetState state = found->second.state(definition.aggregate);
        if (definition.aggregate == Aggregate::Distinct) {
            EXPECT_EQ(state.distinct().count, row.values.size());
            EXPECT_TRUE(state.distinct().exact);
        } else if (definition.aggregate == Aggregate::TopK) {
            std::map<std::string, std::uint64_t> values;
            for (const TopItem& item : state.top(100).items) values[item.value] = item.count;
            EXPECT_EQ(values, row.values);
        } else {
            EXPECT_EQ(state.values(), row.numbers.size());
            const double exact = static_cast<double>(oracle::percentile(row.numbers, 0.5));
            ASSERT_TRUE(state.quantile(0.5));
            EXPECT_NEAR(static_cast<double>(*state.quantile(0.5)), exact, std::abs(exact) * kQuantileError + 1);
        }
    }
}

TEST(Aggregation, AgreesWithTheOracleInAnyChunkingAndWithAnyCommits) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        const auto events = random_events(seed, 2'000);
        const Outcome outcome = run(definitions(), events, seed, seed == 1 ? 1 : 60, 7);
        const Outcome other = run(definitions(), events, seed + 100, 500, 1'000);
        expect_equal(outcome.kept.rows, other.kept.rows);
        EXPECT_EQ(outcome.state, other.state);
        EXPECT_EQ(outcome.counters, other.counters);
        std::map<Key, Kept::Row> expected;
        for (const MetricDefinition& definition : definitions()) {
            const oracle::Results results = oracle::evaluate(plain(definition), events);
            if (is_set(definition.aggregate)) {
                expect_sets(outcome.kept, definition, results);
                expect_sets(other.kept, definition, results);
                continue;
            }
            for (const auto& [key, row] : results.rows) {
                const auto& [tier, window, group] = key;
                Kept::Row& kept = expected[{definition.id, tier, window, group}];
                kept.cell.count = row.count;
                kept.cell.late = row.late;
                switch (definition.aggregate) {
                    case Aggregate::Min:
                        kept.cell.value = row.smallest;
                        break;
                    case Aggregate::Max:
                        kept.cell.value = row.largest;
                        break;
                    case Aggregate::Last:
                        kept.cell.value = row.last_at;
                        kept.text = row.last;
                        break;
                    case Aggregate::Count:
                        kept.cell.value = row.count;
                        break;
                    default:
                        kept.cell.value = static_cast<std::int64_t>(row.sum);
                }
            }
            EXPECT_EQ(outcome.counters.at(definition.id).too_late, results.too_late) << definition.name;
            EXPECT_EQ(outcome.state.log_clock.micros, results.log_clock);
            EXPECT_EQ(outcome.state.watermark->micros, results.watermark);
            EXPECT_EQ(outcome.state.system, results.system);
        }
        expect_equal(outcome.kept.rows, expected);
        EXPECT_EQ(outcome.state.aggregated + outcome.state.too_late + outcome.state.system, events.size());
        EXPECT_EQ(outcome.state.next, events.size() + 1);
    }
}

TEST(Aggregation, EachMetricIsTheSameWithAndWithoutTheOthers) {
    const auto events = random_events(9, 1'000);
    const Outcome all = run(definitions(), events, 1, 100, 5);
    for (const MetricDefinition& definition : definitions()) {
        const Outcome alone = run({definition}, events, 2, 30, 9);
        std::map<Key, Kept::Row> part;
        for (const auto& [key, row] : all.kept.rows)
            if (std::get<0>(key) == definition.id) part.emplace(key, row);
        expect_equal(alone.kept.rows, part);
        EXPECT_EQ(alone.counters.at(definition.id), all.counters.at(definition.id));
    }
}

MetricDefinition counting(MetricId id, std::vector<Tier> tiers) {
    MetricDefinition d;
    d.id = id;
    d.name = "m";
    d.tiers = std::move(tiers);
    return d;
}

oracle::Event event_at(std::int64_t at, const char* type = "view") {
    oracle::Event e;
    e.event_type = type;
    e.occurred_at = e.received_at = at;
    return e;
}

TEST(Aggregation, PutsAnEventThatIsTooLateForTheFinestTierIntoTheWiderOnes) {
    const MetricDefinition d =
        counting(2'000, {{10 * kSecondMicros, kMinuteMicros}, {kMinuteMicros, kHourMicros}, {kHourMicros, 0}});
    const std::int64_t hour = 500'000 * kHourMicros;
    std::vector<oracle::Event> events{event_at(hour + 30 * kMinuteMicros), event_at(hour + 30 * kMinuteMicros)};
    events[1].occurred_at = hour + 10 * kMinuteMicros;  // its ten seconds are gone, its minute is closed, its hour open
    const Outcome outcome = run({d}, events, 1, 1, 1);
    const auto cell = [&outcome](int tier, std::int64_t window) -> std::optional<Cell> {
        const auto found = outcome.kept.rows.find({2'000, tier, window, "default"});
        return found == outcome.kept.rows.end() ? std::nullopt : std::optional<Cell>(found->second.cell);
    };
    EXPECT_EQ(cell(0, hour + 10 * kMinuteMicros), std::nullopt);
    EXPECT_EQ(cell(1, hour + 10 * kMinuteMicros), (Cell{1, 1, 1, {}}));
    EXPECT_EQ(cell(2, hour), (Cell{2, 2, 0, {}}));
    EXPECT_EQ(outcome.counters.at(2'000), (MetricCounters{1, 0, 0}));
}

TEST(Aggregation, CountsAnEventAsTooLateWhenEveryBuiltInMetricRefusesIt) {
    MetricDefinition short_lived = counting(40, {{10, 100}}), logins = counting(41, {{0, 0}});
    logins.where = *Filter::parse("event_type = login");
    const MetricDefinition of_a_user = counting(kFirstUserMetric, {{0, 0}});
    std::vector<oracle::Event> events{event_at(1'000), event_at(1'000), event_at(1'000, "login"), event_at(1'000)};
    events[1].occurred_at = 890;  // its window ends exactly one retention before the log's clock
    events[2].occurred_at = 890;  // refused by one metric, taken by the other
    events[3].occurred_at = 900;  // the oldest window that is kept
    const Outcome outcome = run({of_a_user, short_lived, logins}, events, 1, 1, 1);
    EXPECT_EQ(outcome.state.too_late, 1U);
    EXPECT_EQ(outcome.state.aggregated, 3U);
    EXPECT_EQ(outcome.counters.at(40).too_late, 2U);
    EXPECT_EQ(outcome.counters.at(41).too_late, 0U);
    EXPECT_EQ(outcome.kept.rows.at({41, 0, kNoWindow, "default"}).cell.value, 1);
    EXPECT_EQ(outcome.kept.rows.at({40, 0, 900, "default"}).cell.value, 1);
    EXPECT_EQ(outcome.kept.rows.at({kFirstUserMetric, 0, kNoWindow, "default"}).cell.value, 4);
}

TEST(Aggregation, CountsLateFutureAndTheProgramsOwnEvents) {
    const std::int64_t now = 1'800'000'000'000'000;
    std::vector<oracle::Event> events{event_at(now), event_at(now), event_at(now), event_at(now), event_at(now)};
    events[1].occurred_at = now - kLateAfterMicros;      // just in time
    events[2].occurred_at = now - kLateAfterMicros - 1;  // late
    events[3].occurred_at = now + 1;                     // dated ahead: as of when it came
    events[4].project = std::string(kSystemProject);
    events[4].received_at = events[4].occurred_at = now + 7;
    const Outcome outcome = run({counting(1, {{0, 0}})}, events, 1, 1, 1);
    EXPECT_EQ(outcome.state.late, 1U);
    EXPECT_EQ(outcome.state.future, 1U);
    EXPECT_EQ(outcome.state.system, 1U);
    EXPECT_EQ(outcome.state.aggregated, 4U);
    EXPECT_EQ(outcome.state.watermark, Timestamp{now + 7});
    EXPECT_EQ(outcome.kept.rows.size(), 1U);
    EXPECT_EQ(outcome.kept.rows.begin()->second.cell.value, 4);
}

TEST(Aggregation, ReadsMembersOfPropsByTheRulesOfFields) {
    MetricDefinition sums = counting(1, {{0, 0}}), last = counting(2, {{0, 0}});
    sums.aggregate = Aggregate::Sum;
    sums.of = {{Field::Prop, "amount_usd"}, {Field::Prop, "amount"}};
    sums.group_by = {{Field::Prop, "stream_id"}};
    last.aggregate = Aggregate::Last;
    last.of = {{Field::Prop, "plan"}};
    std::vector<oracle::Event> events;
    for (const char* props : {
             R"({"stream_id":"s","amount_usd":"1.50"})",
             R"({"stream_id":"s","amount_usd":null,"amount":2.25})",
             R"({"stream_id":7,"amount":1,"plan":true})",           // a number is taken as it is written
             R"({"stream_id":"s","amount":"much"})",                // counted as no number
             R"({"stream_id":"s\u00e9","amount":1e0 })",            // escapes are resolved
             R"({"stream_id":"s","stream_id":"t","amount":3})",     // the first of the same name
             R"({"stream_id":{"a":1},"amount":4,"plan":null})",     // no text: not there
             R"({"stream_id":"","amount_usd":"much","amount":5})",  // the first that is a number
             R"({"stream_id":"s"})",
             "[]",
             "",
         }) {
        events.push_back(event_at(1'000));
        events.back().props = props;
    }
    const Outcome outcome = run({sums, last}, events, 1, 20, 1);
    const std::string project = std::string("default") + kGroupSeparator;
    std::map<std::string, std::int64_t> found;
    for (const auto& [key, row] : outcome.kept.rows)
        if (std::get<0>(key) == 1) found[std::get<3>(key)] = row.cell.value;
    EXPECT_EQ(found, (std::map<std::string, std::int64_t>{{project + "s", 6'750'000},
                                                          {project + "7", 1'000'000},
                                                          {project + "s\xc3\xa9", 1'000'000},
                                                          {project, 9'000'000}}));
    EXPECT_EQ(outcome.kept.rows.at({2, 0, kNoWindow, "default"}).text, "true");
    EXPECT_EQ(outcome.counters.at(1).not_numeric, 1U);
}

TEST(Aggregation, SurvivesTypesWithoutEnd) {
    std::vector<oracle::Event> events;
    for (int i = 0; i < 25'000; ++i) events.push_back(event_at(1'000'000, "x"));
    for (std::size_t i = 0; i < events.size(); ++i) events[i].event_type = "type-" + std::to_string(i % 12'000);
    MetricDefinition by_type = counting(1, {{0, 0}});
    by_type.group_by = {{Field::EventType, {}}};
    by_type.where = *Filter::parse("event_type ends_with 7");
    const Outcome outcome = run({by_type}, events, 1, 5'000, 100);
    EXPECT_EQ(outcome.kept.rows.size(), 1'200U);
    EXPECT_EQ(outcome.kept.rows.at({1, 0, kNoWindow, std::string("default\0type-7", 14)}).cell.value, 3);
}

TEST(Aggregation, StartsInTheMiddleOfABatch) {
    EventBatch batch;
    for (int i = 0; i < 5; ++i) batch.add(view_of(event_at(1'000)));
    Aggregation aggregation = aggregation_of({counting(1, {{0, 0}})});
    PartitionState state;
    ASSERT_TRUE(aggregation.apply(batch, 3, state).ok());
    EXPECT_EQ(state.aggregated, 2U);
    EXPECT_EQ(state.next, 3U);
}

TEST(Aggregation, TakesMetricsUpAndDropsThemWhileItRuns) {
    EventBatch batch;
    batch.add(view_of(event_at(1'000)));
    Aggregation aggregation = aggregation_of({counting(5, {{0, 0}})});
    PartitionState state;
    ASSERT_TRUE(aggregation.apply(batch, 0, state).ok());

    Result<MetricAggregation> newer = MetricAggregation::make(counting(3, {{0, 0}}), no_sets());
    ASSERT_TRUE(newer.ok());
    aggregation.adopt(std::move(newer).value());
    ASSERT_TRUE(aggregation.apply(batch, 0, state).ok());
    ASSERT_EQ(aggregation.metrics().size(), 2U);
    EXPECT_EQ(aggregation.metrics()[0].definition().id, 3);
    EXPECT_EQ(aggregation.find(3)->pending(kNoWindow, "default"), (Cell{1, 1, 0, {}}));
    EXPECT_EQ(aggregation.find(5)->pending(kNoWindow, "default"), (Cell{2, 2, 0, {}}));

    aggregation.drop(5);
    ASSERT_TRUE(aggregation.apply(batch, 0, state).ok());
    EXPECT_EQ(aggregation.find(5), nullptr);
    EXPECT_EQ(aggregation.find(3)->pending(kNoWindow, "default"), (Cell{2, 2, 0, {}}));
}

TEST(MetricAggregation, ShowsWhatIsFreshOnceAndCommitsItAllTheSame) {
    const auto events = random_events(21, 2'000);
    MetricDefinition d = counting(1, {{10 * kSecondMicros, 10 * kMinuteMicros}, {kHourMicros, 0}});
    d.group_by = {{Field::PageUrl, {}}};
    const Outcome unwatched = run({d}, events, 1, 100, 5);

    Aggregation aggregation = aggregation_of({d});
    aggregation.metrics()[0].watch();
    std::map<std::pair<std::int64_t, std::string>, std::int64_t> seen;
    Kept kept;
    PartitionState state;
    for (const oracle::Event& event : events) {
        EventBatch batch(event.project);
        batch.add(view_of(event));
        ASSERT_TRUE(aggregation.apply(batch, 0, state).ok());
        if (state.next % 3 == 0)
            aggregation.metrics()[0].take_fresh([&](std::int64_t window, std::string_view group, const Cell& cell) {
                seen[{window, std::string(group)}] += cell.value;
            });
        if (state.next % 9 == 0) kept.commit(aggregation, state);
    }
    aggregation.metrics()[0].take_fresh([&](std::int64_t window, std::string_view group, const Cell& cell) {
        seen[{window, std::string(group)}] += cell.value;
    });
    kept.commit(aggregation, state);
    expect_equal(kept.rows, unwatched.kept.rows);
    for (const auto& [key, row] : kept.rows) {
        if (std::get<1>(key) != 0) continue;
        const std::pair<std::int64_t, std::string> place{std::get<2>(key), std::get<3>(key)};
        EXPECT_EQ(seen[place], row.cell.value);
    }
}

TEST(MetricAggregation, RefusesTiersThatDoNotNestAndZonesThatThereAreNot) {
    const auto made = [](std::vector<Tier> tiers, const char* zone) {
        MetricDefinition d = counting(1, std::move(tiers));
        d.timezone = zone;
        return MetricAggregation::make(std::move(d), no_sets());
    };
    EXPECT_FALSE(made({}, "").ok());
    EXPECT_FALSE(made({{10, 0}, {25, 0}}, "").ok());
    EXPECT_FALSE(made({{10, 0}, {10, 0}}, "").ok());
    EXPECT_FALSE(made({{0, 0}, {10, 0}}, "").ok());
    EXPECT_FALSE(made({{kDayMicros, 0}}, "Mars/Olympus").ok());
    EXPECT_TRUE(made({{10, 0}, {20, 0}, {0, 0}}, "").ok());
    EXPECT_TRUE(made({{kDayMicros, 0}}, "Asia/Kolkata").ok());
}

TEST(BuiltInMetrics, AreThoseOfTheContract) {
    const std::vector<MetricDefinition>& all = built_in_metrics();
    std::vector<std::string> names;
    for (const MetricDefinition& d : all) {
        EXPECT_TRUE(d.built_in());
        EXPECT_TRUE(MetricAggregation::make(d, no_sets()).ok()) << d.name;
        names.push_back(d.name);
    }
    EXPECT_EQ(names, (std::vector<std::string>{"page_clicks", "stream_active_viewers", "stream_chat_messages",
                                               "stream_donations_usd", "page_views", "event_types", "EVENTS_TOTAL",
                                               "DAU", "active_users", "active_sessions"}));
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].id, static_cast<MetricId>(i + 1));
}

// Types for which filters say the same share what is done with their events, and so do metrics with the same filter.
TEST(Aggregation, TakesWhatFiltersSayWhicheverTheTypeDecides) {
    const std::vector<std::string> texts{
        "exists user_id and exists page_url",
        "event_type in (a, b) and exists props.x",
        "event_type != c and exists props.x and exists user_id",
        "(event_type = a or exists user_id) and exists page_url",
        "not event_type = a and (exists props.x or event_type = b)",
        "exists event_type and exists props.x",
        "event_type = a or exists props.y",
        "user_id = u1 and exists page_url",
        "exists props.x and props.x > 4",
        "not exists user_id",
        "exists user_id and exists page_url",
    };
    std::vector<MetricDefinition> definitions;
    std::vector<Filter> filters;
    for (const std::string& text : texts) {
        MetricDefinition definition;
        definition.id = kFirstUserMetric + static_cast<MetricId>(definitions.size());
        definition.name = text;
        definition.where = *Filter::parse(text);
        definition.tiers = {{kDayMicros, 0}};
        filters.push_back(definition.where);
        definitions.push_back(std::move(definition));
    }
    Result<Aggregation> aggregation = Aggregation::make(
        definitions,
        [](MetricId, const SetKey&) -> Result<std::optional<SetState>> { return std::optional<SetState>{}; });
    ASSERT_TRUE(aggregation.ok());
    std::mt19937_64 random(3);
    std::vector<std::int64_t> expected(filters.size());
    EventBatch batch;
    for (int i = 0; i < 2'000; ++i) {
        const auto pick = [&random](std::initializer_list<const char*> all) {
            return *(all.begin() + random() % all.size());
        };
        const std::string x = pick({"", "3", "5"}), y = pick({"", "1"});
        std::string props = "{";
        if (!x.empty()) props += "\"x\":\"" + x + '"';
        if (!y.empty()) props += (x.empty() ? "\"y\":" : ",\"y\":") + y;
        props += '}';
        EventView event;
        event.event_type = pick({"a", "b", "c", "d"});
        event.user_id = pick({"", "u1", "u2"});
        event.page_url = pick({"", "/"});
        event.props = props;
        event.occurred_at = event.received_at = {1'800'000'000'000'000};
        batch.add(event);
        for (std::size_t f = 0; f < filters.size(); ++f) {
            std::vector<std::string_view> values;
            for (const FieldPath& path : filters[f].fields())
                values.push_back(path.field != Field::Prop ? canonical_text(path.field, event)
                                 : path.prop == "x"        ? std::string_view(x)
                                                           : std::string_view(y));
            expected[f] += filters[f].matches(values.data()) ? 1 : 0;
        }
    }
    PartitionState state;
    ASSERT_TRUE(aggregation->apply(batch, 0, state).ok());
    for (std::size_t f = 0; f < filters.size(); ++f) {
        const std::vector<CellTable> taken = aggregation->metrics()[f].take_cells(state.log_clock, state.watermark);
        ASSERT_EQ(taken.size(), 1U) << texts[f];
        EXPECT_EQ(taken[0][0].cell.value, expected[f]) << texts[f];
    }
}

}  // namespace
}  // namespace streamgauge
