// SPDX-License-Identifier: GPL-3.0-or-later
// What holding an event to a filter costs: by its type, by several fields, by a long list, and by its props.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "metrics/filter.h"
#include "metrics/filter_reader.h"

namespace streamgauge {
namespace {

EventView purchase() {
    EventView event;
    event.event_type = "purchase";
    event.user_id = "user-4711";
    event.page_url = "/shop/checkout";
    event.props = R"({"currency":"EUR","amount":129.90,"plan":"pro","items":[1,2,3]})";
    event.occurred_at = Timestamp::from_seconds(1'800'000'000);
    event.received_at = event.occurred_at;
    return event;
}

void hold(benchmark::State& state, std::string_view text) {
    const Result<Filter> filter = Filter::parse(text);
    if (!filter) {
        state.SkipWithError(filter.error().message.c_str());
        return;
    }
    FilterReader reader(*filter);
    const EventView event = purchase();
    for (auto _ : state) benchmark::DoNotOptimize(reader.matches(event, "default"));
    state.SetItemsProcessed(state.iterations());
}

void by_type(benchmark::State& state) {
    hold(state, "event_type = purchase");
}
BENCHMARK(by_type);

void by_fields(benchmark::State& state) {
    hold(state, "event_type in (login, purchase) and not (user_id = user-1 or page_url starts_with /admin)");
}
BENCHMARK(by_fields);

void by_list(benchmark::State& state) {
    std::string text = "user_id in (user-4711";
    for (int i = 0; i < 500; ++i) text += ", user-" + std::to_string(i);
    hold(state, text + ")");
}
BENCHMARK(by_list);

void by_props(benchmark::State& state) {
    hold(state, "event_type = purchase and props.amount > 100 and props.plan = pro");
}
BENCHMARK(by_props);

// The type decides, so props are not read.
void by_props_of_another_type(benchmark::State& state) {
    hold(state, "event_type = login and props.amount > 100 and props.plan = pro");
}
BENCHMARK(by_props_of_another_type);

void parse(benchmark::State& state) {
    for (auto _ : state)
        benchmark::DoNotOptimize(Filter::parse("event_type = purchase and props.amount > 100 and not (user_id = u_1)"));
}
BENCHMARK(parse);

}  // namespace
}  // namespace streamgauge

BENCHMARK_MAIN();
