// SPDX-License-Identifier: GPL-3.0-or-later
// How many events a core aggregates: decoded batches, the contract's metrics, 100,000 users on 100 pages.
#include <benchmark/benchmark.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "metrics/aggregation.h"
#include "pipeline/faulty_store.h"
#include "pipeline/projection.h"

namespace streamgauge {
namespace {

constexpr std::size_t kUsers = 100'000;
constexpr std::size_t kPages = 100;
constexpr std::size_t kBatch = 5'000;
constexpr std::size_t kBatches = 200;  // a million events that come again and again, ten seconds later each time

struct Shape {
    bool any_pair = false;  // each user on any page; otherwise on one page: 100,000 pairs
    bool streams = false;   // a fifth of the events are E's, with props
};

std::vector<CommittedBatch> make_batches(const Shape& shape) {
    std::mt19937_64 random(1);
    std::vector<CommittedBatch> batches(kBatches);
    std::int64_t now = 1'800'000'000'000'000;
    const std::array<const char*, 3> stream_types{"viewer_join", "chat_message", "donation"};
    for (CommittedBatch& batch : batches) {
        for (std::size_t i = 0; i < kBatch; ++i, now += 2) {
            const std::size_t user = random() % kUsers;
            const std::size_t page = shape.any_pair ? random() % kPages : user % kPages;
            const std::string user_id = "user-" + std::to_string(user), page_url = "/page/" + std::to_string(page);
            const std::string session = "session-" + std::to_string(user);
            const std::string id = "0190163d-8694-739b-aea5-966c26f8ad" + std::to_string(i % 90 + 10);
            EventView e;
            e.event_id = id;
            e.event_type = "page_view";
            e.user_id = user_id;
            e.session_id = session;
            e.page_url = page_url;
            e.props = "{}";
            if (shape.streams && i % 5 == 0) {
                e.event_type = stream_types[random() % 3];
                e.props = R"({"stream_id":"stream-7","amount_usd":"12.50","message_len":17})";
            }
            e.occurred_at = e.received_at = {now};
            batch.batch.add(e);
        }
    }
    return batches;
}

Shape shape_of(const benchmark::State& state) {
    return {state.range(0) != 0, state.range(1) != 0};
}

// Definitions alone: events in, deltas out.
void Aggregate(benchmark::State& state) {
    const auto batches = make_batches(shape_of(state));
    const SetTable::Load nothing = [](MetricId, const SetKey&) -> Result<std::optional<SetState>> {
        return std::optional<SetState>();
    };
    Aggregation aggregation = std::move(Aggregation::make(built_in_metrics(), nothing)).value();
    PartitionState progress;
    std::size_t at = 0;
    for (auto _ : state) {
        if (!aggregation.apply(batches[at].batch, 0, progress).ok()) return state.SkipWithError("cannot aggregate");
        at = (at + 1) % kBatches;
        if (at != 0) continue;
        for (MetricAggregation& metric : aggregation.metrics()) {
            benchmark::DoNotOptimize(metric.take_cells(progress.log_clock, progress.watermark));
            if (metric.sets() == nullptr) continue;
            benchmark::DoNotOptimize(metric.sets()->take_writes());
            metric.sets()->committed();
        }
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}
BENCHMARK(Aggregate)
    ->ArgNames({"any_pair", "streams"})
    ->Args({0, 0})
    ->Args({1, 0})
    ->Args({0, 1})
    ->Unit(benchmark::kMicrosecond);

// Everything that the pipeline's thread does; commits are taken once in a million events and thrown away.
void Project(benchmark::State& state) {
    auto batches = make_batches(shape_of(state));
    const test::StoreDirectory directory;
    const auto store = directory.open();
    Projection projection(*store);
    if (!projection.load().ok()) return state.SkipWithError("the store cannot be read");
    std::size_t at = 0;
    for (auto _ : state) {
        batches[at].first = projection.next();
        if (!projection.apply(batches[at]).ok()) return state.SkipWithError("cannot aggregate");
        at = (at + 1) % kBatches;
        if (at == 0) {
            benchmark::DoNotOptimize(projection.take_commit());
            projection.committed();
        }
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}
BENCHMARK(Project)
    ->ArgNames({"any_pair", "streams"})
    ->Args({0, 0})
    ->Args({1, 0})
    ->Args({0, 1})
    ->Unit(benchmark::kMicrosecond);

// The same and the store's commits, one after the other on one thread: once in a million events.
void ProjectAndCommit(benchmark::State& state) {
    auto batches = make_batches(shape_of(state));
    const test::StoreDirectory directory;
    const auto store = directory.open();
    Projection projection(*store);
    if (!projection.load().ok()) return state.SkipWithError("the store cannot be read");
    for (auto _ : state) {
        for (CommittedBatch& batch : batches) {
            batch.first = projection.next();
            if (!projection.apply(batch).ok()) return state.SkipWithError("cannot aggregate");
        }
        if (!store->commit(*projection.take_commit()).ok()) return state.SkipWithError("the store refused a commit");
        projection.committed();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch * kBatches));
}
BENCHMARK(ProjectAndCommit)
    ->ArgNames({"any_pair", "streams"})
    ->Args({0, 0})
    ->Args({0, 1})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(4);

// A commit of 100,000 pairs and as many users by itself.
void Commit(benchmark::State& state) {
    auto batches = make_batches(shape_of(state));
    const test::StoreDirectory directory;
    const auto store = directory.open();
    Projection projection(*store);
    if (!projection.load().ok()) return state.SkipWithError("the store cannot be read");
    std::int64_t rows = 0;
    for (auto _ : state) {
        state.PauseTiming();
        for (CommittedBatch& batch : batches) {
            batch.first = projection.next();
            if (!projection.apply(batch).ok()) return state.SkipWithError("cannot aggregate");
        }
        const auto commit = projection.take_commit();
        rows += static_cast<std::int64_t>(commit->users.size());
        for (const CellTable& cells : commit->changes.cells) rows += static_cast<std::int64_t>(cells.size());
        state.ResumeTiming();
        if (!store->commit(*commit).ok()) return state.SkipWithError("the store refused a commit");
        projection.committed();
    }
    state.SetItemsProcessed(rows);
}
BENCHMARK(Commit)->ArgNames({"any_pair", "streams"})->Args({0, 0})->Unit(benchmark::kMillisecond)->Iterations(4);

// What the overview asks for ten times a second.
void Questions(benchmark::State& state) {
    auto batches = make_batches({true, false});
    const test::StoreDirectory directory;
    const auto store = directory.open();
    Projection projection(*store);
    if (!projection.load().ok()) return state.SkipWithError("the store cannot be read");
    for (CommittedBatch& batch : batches) {
        batch.first = projection.next();
        if (!projection.apply(batch).ok()) return state.SkipWithError("cannot aggregate");
    }
    const Timestamp now{1'800'000'010'000'000};
    for (auto _ : state) {
        benchmark::DoNotOptimize(projection.live().active_users({}, 5, now));
        benchmark::DoNotOptimize(projection.live().top(metric::kTopPages, {}, 15, now, 10));
        benchmark::DoNotOptimize(projection.live().top(metric::kEventTypes, {}, 15, now, 10));
    }
}
BENCHMARK(Questions)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace streamgauge

BENCHMARK_MAIN();
