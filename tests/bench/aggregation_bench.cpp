// SPDX-License-Identifier: GPL-3.0-or-later
// How many events a core takes into the metrics of the contract: decoded batches in, what a store would be given out.
#include <benchmark/benchmark.h>

#include <array>
#include <random>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "metrics/aggregation.h"

namespace streamgauge {
namespace {

constexpr std::size_t kBatch = 5'000;
constexpr std::size_t kBatches = 200;        // a million events, 50,000 a second of the log
constexpr std::size_t kBatchesACommit = 40;  // 200,000 events: what a fifth of a second brings at a million a second
constexpr std::int64_t kBetween = 20;        // microseconds between events

struct Shape {
    std::size_t users;
    std::size_t pages;
    bool any_pair;  // each user on any page; otherwise each on one
    bool streams;   // a fifth of the events are about streams, with props
};

constexpr std::array<Shape, 4> kShapes{{
    {100'000, 100, false, false},    // a site
    {100'000, 100, false, true},     // a site with streams
    {1'000'000, 100, false, false},  // most users new within the hour
    {100'000, 10'000, true, false},  // nearly every event a pair that there was not
}};

std::vector<EventBatch> make_batches(const Shape& shape) {
    std::mt19937_64 random(1);
    std::vector<EventBatch> batches(kBatches);
    std::int64_t now = 1'800'000'000'000'000;
    static constexpr std::array<const char*, 3> kStreamTypes{"viewer_join", "chat_message", "donation"};
    static constexpr std::array<const char*, 4> kTypes{"page_view", "page_view", "click", "login"};
    for (EventBatch& batch : batches) {
        for (std::size_t i = 0; i < kBatch; ++i, now += kBetween) {
            const std::size_t user = random() % shape.users;
            const std::size_t page = (shape.any_pair ? random() : user) % shape.pages;
            const std::string user_id = "user-" + std::to_string(user), page_url = "/page/" + std::to_string(page);
            const std::string session = "session-" + std::to_string(user);
            EventView e;
            e.event_id = "0190163d-8694-739b-aea5-966c26f8ad10";
            e.event_type = kTypes[random() % kTypes.size()];
            e.user_id = user_id;
            e.session_id = session;
            e.page_url = page_url;
            e.props = "{}";
            if (shape.streams && i % 5 == 0) {
                e.event_type = kStreamTypes[random() % kStreamTypes.size()];
                e.props = R"({"stream_id":"stream-7","amount_usd":"12.50","message_len":17})";
            }
            e.received_at = {now};
            e.occurred_at = {now - static_cast<std::int64_t>(random() % 2'000'000)};
            batch.add(e);
        }
    }
    return batches;
}

SetTable::Load nothing_stored() {
    return [](MetricId, const SetKey&) -> Result<std::optional<SetState>> { return std::optional<SetState>{}; };
}

void commit(Aggregation& aggregation, const PartitionState& progress) {
    for (MetricAggregation& metric : aggregation.metrics()) {
        benchmark::DoNotOptimize(metric.take_cells(progress.log_clock, progress.watermark));
        if (metric.sets() == nullptr) continue;
        benchmark::DoNotOptimize(metric.sets()->take_writes());
        metric.sets()->committed();
    }
}

// A million events from an empty state on, so that the costs of growing and of commits are in it.
void aggregate(benchmark::State& state, const std::vector<MetricDefinition>& definitions, const Shape& shape) {
    const std::vector<EventBatch> batches = make_batches(shape);
    for (auto _ : state) {
        Result<Aggregation> aggregation = Aggregation::make(definitions, nothing_stored());
        PartitionState progress;
        for (std::size_t i = 0; i < batches.size(); ++i) {
            if (!aggregation->apply(batches[i], 0, progress).ok()) return state.SkipWithError("a set cannot be read");
            if (i % kBatchesACommit == kBatchesACommit - 1) commit(*aggregation, progress);
        }
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch * kBatches));
}

// For comparison: pages by minute and users of the day in the standard library's maps, and nothing else.
void StandardMaps(benchmark::State& state) {
    const std::vector<EventBatch> batches = make_batches(kShapes[0]);
    for (auto _ : state) {
        std::unordered_map<std::string, std::int64_t> pages;
        std::unordered_set<std::string> users;
        std::string key;
        for (const EventBatch& batch : batches) {
            for (std::size_t i = 0; i < batch.size(); ++i) {
                const EventView event = batch[i];
                const Timestamp minute = floor_to(event.occurred_at, kMinuteMicros);
                key.assign(batch.project()).append(event.page_url);
                key.append(reinterpret_cast<const char*>(&minute.micros), sizeof minute.micros);
                ++pages[key];
                users.emplace(event.user_id);
            }
        }
        benchmark::DoNotOptimize(pages);
        benchmark::DoNotOptimize(users);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch * kBatches));
}
BENCHMARK(StandardMaps)->Unit(benchmark::kMillisecond);

void DefaultMetrics(benchmark::State& state) {
    aggregate(state, built_in_metrics(), kShapes[static_cast<std::size_t>(state.range(0))]);
}
BENCHMARK(DefaultMetrics)->ArgName("shape")->DenseRange(0, 3)->Unit(benchmark::kMillisecond)->MinTime(2);

// What each of them costs alone.
void OneMetric(benchmark::State& state) {
    const MetricDefinition& definition = built_in_metrics()[static_cast<std::size_t>(state.range(0))];
    state.SetLabel(definition.name);
    aggregate(state, {definition}, kShapes[1]);
}
BENCHMARK(OneMetric)->ArgName("metric")->DenseRange(0, 9)->Unit(benchmark::kMillisecond);

// A hundred declared metrics of which five match any event.
void ManyMetrics(benchmark::State& state) {
    std::vector<MetricDefinition> definitions = built_in_metrics();
    for (int i = 0; i < 100; ++i) {
        MetricDefinition d;
        d.id = kFirstUserMetric + i;
        d.name = "m" + std::to_string(i);
        const bool matches = i % 20 == 0;
        d.where = *Filter::parse(matches ? "event_type = page_view and user_id ends_with 7"
                                         : "event_type = type_" + std::to_string(i) + " and props.amount > 10");
        d.tiers = {{10 * kSecondMicros, kDayMicros}, {kMinuteMicros, 0}};
        d.group_by = {{Field::PageUrl, {}}};
        definitions.push_back(d);
    }
    aggregate(state, definitions, kShapes[0]);
}
BENCHMARK(ManyMetrics)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace streamgauge

BENCHMARK_MAIN();
