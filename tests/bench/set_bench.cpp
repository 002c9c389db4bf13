// SPDX-License-Identifier: GPL-3.0-or-later
// What one value costs the sets of a metric with four tiers: advance(), prepare() and add().
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "metrics/set_table.h"

namespace streamgauge {
namespace {

SetTable make_table(Aggregate aggregate, bool grouped) {
    MetricDefinition definition;
    definition.id = 1'000;
    definition.aggregate = aggregate;
    definition.tiers = {{10 * kSecondMicros, 0}, {kMinuteMicros, 0}, {kHourMicros, 0}, {kDayMicros, 0}};
    definition.exact_budget = 20'000'000;
    if (grouped) definition.group_by = {{Field::PageUrl, {}}};
    std::vector<Windows> windows;
    for (const Tier& tier : definition.tiers) windows.emplace_back(tier.window_micros);
    return {definition, std::move(windows), [](MetricId, const SetKey&) { return std::optional<SetState>(); }};
}

constexpr std::int64_t kDay = 20'000 * kDayMicros;

// `texts` values in turn, `groups` groups in turn, `step` microseconds between two of them.
void run(benchmark::State& state, Aggregate aggregate, std::size_t texts, std::size_t groups, std::int64_t step) {
    SetTable table = make_table(aggregate, groups > 1);
    std::vector<std::string> values, names;
    for (std::size_t i = 0; i < texts; ++i) values.push_back("user-" + std::to_string(i * 7'919 % texts));
    for (std::size_t i = 0; i < groups; ++i)
        names.push_back("default" + (groups > 1 ? std::string(1, kGroupSeparator) + "/page/" + std::to_string(i) : ""));
    std::int64_t at = kDay;
    std::size_t n = 0;
    for (auto _ : state) {
        at += step;
        table.advance(at);
        if (!table.prepare(at, names[n % groups], at)) state.SkipWithError("refused");
        benchmark::DoNotOptimize(table.add(at, names[n % groups], values[n % texts],
                                           static_cast<std::int64_t>(n * 2'654'435'761 % 60'000'000), at));
        if (++n % 1'000'000 == 0) {
            state.PauseTiming();
            benchmark::DoNotOptimize(table.take_writes());
            table.committed();
            state.ResumeTiming();
        }
    }
    state.SetItemsProcessed(state.iterations());
}

// 10,000 users who come again and again, 100,000 events a second.
void BM_DistinctSeen(benchmark::State& state) {
    run(state, Aggregate::Distinct, 10'000, 1, 10);
}
BENCHMARK(BM_DistinctSeen);

void BM_DistinctSeenByPage(benchmark::State& state) {
    run(state, Aggregate::Distinct, 10'000, 100, 10);
}
BENCHMARK(BM_DistinctSeenByPage);

// Nobody comes twice within an hour.
void BM_DistinctNew(benchmark::State& state) {
    run(state, Aggregate::Distinct, 4'000'000, 1, 100);
}
BENCHMARK(BM_DistinctNew);

void BM_TopFew(benchmark::State& state) {
    run(state, Aggregate::TopK, 1'000, 1, 10);
}
BENCHMARK(BM_TopFew);

// More values than counters: each one drives another out.
void BM_TopMany(benchmark::State& state) {
    run(state, Aggregate::TopK, 1'000'000, 1, 10);
}
BENCHMARK(BM_TopMany);

void BM_Percentile(benchmark::State& state) {
    run(state, Aggregate::Percentile, 1, 1, 10);
}
BENCHMARK(BM_Percentile);

}  // namespace
}  // namespace streamgauge

BENCHMARK_MAIN();
