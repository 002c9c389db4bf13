// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/aggregator.h"

#include <gtest/gtest.h>

#include "metrics/event_stream.h"

namespace streamgauge {
namespace {

using test::PlainEvent;
using test::Rollups;

std::vector<DeltaTable> tables_for(const Aggregator& aggregator) {
    std::vector<DeltaTable> tables;
    for (const OldMetricDefinition& definition : aggregator.definitions()) tables.emplace_back(definition.id);
    return tables;
}

Rollups rows_of(const std::vector<DeltaTable>& tables) {
    Rollups rows;
    for (const DeltaTable& table : tables)
        for (std::size_t i = 0; i < table.size(); ++i)
            rows[{table.metric(), table[i].window, std::string(table[i].group)}] += table[i].delta;
    return rows;
}

struct Outcome {
    Rollups rows;
    PartitionState state;
};

// Cuts the stream into batches of random size.
Outcome run(const std::vector<PlainEvent>& events, std::vector<OldMetricDefinition> definitions, std::uint64_t seed,
            std::size_t largest) {
    std::mt19937_64 random(seed);
    Aggregator aggregator(std::move(definitions));
    std::vector<DeltaTable> tables = tables_for(aggregator);
    Outcome outcome;
    for (std::size_t at = 0; at < events.size();) {
        const std::size_t size = std::min<std::size_t>(events.size() - at, 1 + random() % largest);
        EventBatch batch;
        for (std::size_t i = 0; i < size; ++i) batch.add(events[at + i].view());
        aggregator.apply(batch, 0, outcome.state, tables);
        at += size;
    }
    outcome.rows = rows_of(tables);
    return outcome;
}

TEST(Aggregator, AgreesWithTheOracleInAnyChunking) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const auto events = test::random_events(seed, 4'000, 5'000'000);
        const Rollups expected = test::oracle_rollups(events);
        const Outcome one = run(events, default_metrics(), seed, 1);
        const Outcome many = run(events, default_metrics(), seed, 700);
        EXPECT_EQ(one.rows, expected) << "seed " << seed;
        EXPECT_EQ(many.rows, expected) << "seed " << seed;
        EXPECT_EQ(one.state, many.state);
        EXPECT_EQ(one.state.next, events.size() + 1);
        EXPECT_EQ(one.state.aggregated, events.size());
        EXPECT_EQ(one.state.log_clock.micros, events.back().received_at);
    }
}

TEST(Aggregator, CountsAnEventAsTooLateWhenEveryMetricRefusesIt) {
    OldMetricDefinition sliding;
    sliding.id = 40;
    sliding.window_micros = 10;
    sliding.retention_micros = 100;
    OldMetricDefinition logins;
    logins.id = 41;
    logins.event_types = {"login"};

    std::vector<PlainEvent> events(4);
    events[0].event_type = "view";
    events[0].occurred_at = events[0].received_at = 1'000;
    events[1] = events[0];
    events[1].occurred_at = 890;  // its window ends exactly one retention before the log's clock
    events[2] = events[1];
    events[2].event_type = "login";  // refused by one metric, taken by the other
    events[3] = events[0];
    events[3].occurred_at = 900;  // the oldest window that is kept

    const Outcome outcome = run(events, {sliding, logins}, 1, 1);
    EXPECT_EQ(outcome.state.too_late, 1U);
    EXPECT_EQ(outcome.state.aggregated, 3U);
    EXPECT_EQ(outcome.rows, (Rollups{{{40, 1'000, ""}, 1}, {{40, 900, ""}, 1}, {{41, kNoWindow, ""}, 1}}));
    EXPECT_EQ(outcome.state.watermark, Timestamp{1'000});
}

TEST(Aggregator, StartsInTheMiddleOfABatch) {
    EventBatch batch;
    PlainEvent event;
    event.event_type = "view";
    for (int i = 0; i < 5; ++i) batch.add(event.view());
    Aggregator aggregator(default_metrics());
    std::vector<DeltaTable> tables = tables_for(aggregator);
    PartitionState state;
    aggregator.apply(batch, 3, state, tables);
    EXPECT_EQ(state.aggregated, 2U);
    EXPECT_EQ(state.next, 3U);
}

TEST(Aggregator, ReadsMembersOfPropsOnlyWhereTheyAreText) {
    const auto donation = [](std::string props) {
        PlainEvent e;
        e.event_type = "donation";
        e.props = std::move(props);
        return e;
    };
    const std::vector<PlainEvent> events{
        donation(R"({"stream_id":"s","amount_usd":"1.50"})"),
        donation(R"({"stream_id":"s","amount_usd":null,"amount":2.25})"),
        donation(R"({"stream_id":7,"amount":1})"),                    // a number is taken as it is written
        donation(R"({"stream_id":"s","amount":"much"})"),             // counts as nothing given
        donation(R"({"stream_id":"s\u00e9","amount":1e0 })"),         // escapes are resolved
        donation(R"({"stream_id":"s","stream_id":"t","amount":3})"),  // the first of the same name
        donation(R"({"stream_id":{"a":1},"amount":4})"),              // no text, no group
        donation(R"({"stream_id":"","amount":4})"),
        donation(R"({"stream_id":"cut)"),
        donation("[]"),
        donation(""),
    };
    Rollups rows = run(events, default_metrics(), 1, 20).rows;
    std::erase_if(rows, [](const auto& row) { return std::get<0>(row.first) != metric::kStreamDonations; });
    EXPECT_EQ(rows, (Rollups{{{metric::kStreamDonations, 0, "s"}, 6'750'000},
                             {{metric::kStreamDonations, 0, "7"}, 1'000'000},
                             {{metric::kStreamDonations, 0, "s\xc3\xa9"}, 1'000'000}}));
}

TEST(Aggregator, SurvivesTypesWithoutEnd) {
    std::vector<PlainEvent> events(25'000);
    for (std::size_t i = 0; i < events.size(); ++i) events[i].event_type = "type-" + std::to_string(i % 12'000);
    const Outcome outcome = run(events, default_metrics(), 1, 5'000);
    EXPECT_EQ(outcome.rows, test::oracle_rollups(events));
}

}  // namespace
}  // namespace streamgauge
