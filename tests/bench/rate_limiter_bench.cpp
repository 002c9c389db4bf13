// SPDX-License-Identifier: GPL-3.0-or-later
// What one decision of the rate limiter costs: allowed and refused, one caller and many, one thread and two.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/clock.h"
#include "live/rate_limiter.h"

namespace streamgauge {
namespace {

std::vector<std::string> addresses(std::size_t count) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < count; ++i) {
        all.push_back("10." + std::to_string(i >> 16U) + "." + std::to_string((i >> 8U) & 255U) + "." +
                      std::to_string(i & 255U));
    }
    return all;
}

void decide(benchmark::State& state, RateLimiter& limiter, const std::vector<std::string>& callers,
            std::int64_t nanos_per_take) {
    std::int64_t now = SystemClock().monotonic_nanos();
    std::size_t next = 0;
    for (auto _ : state) {
        now += nanos_per_take;
        benchmark::DoNotOptimize(limiter.take(callers[next], 1, now));
        if (++next == callers.size()) next = 0;
    }
    state.SetItemsProcessed(state.iterations());
}

void allowed_takes(benchmark::State& state) {
    const auto limiter = make_rate_limiter({1'000'000, std::chrono::milliseconds(1000)});
    decide(state, *limiter, addresses(static_cast<std::size_t>(state.range(0))), 2000);
}
BENCHMARK(allowed_takes)->Arg(1)->Arg(1000)->Arg(50'000);

void exact_allowed_takes(benchmark::State& state) {
    const auto limiter = make_rate_limiter({4000, std::chrono::milliseconds(1000)});
    decide(state, *limiter, addresses(static_cast<std::size_t>(state.range(0))), 300'000);
}
BENCHMARK(exact_allowed_takes)->Arg(1)->Arg(1000);

void refused_takes(benchmark::State& state) {
    const auto limiter = make_rate_limiter({100, std::chrono::milliseconds(3'600'000)});
    decide(state, *limiter, addresses(static_cast<std::size_t>(state.range(0))), 1);
}
BENCHMARK(refused_takes)->Arg(1)->Arg(1000);

void two_threads(benchmark::State& state) {
    static const auto limiter = make_rate_limiter({1'000'000, std::chrono::milliseconds(1000)});
    decide(state, *limiter, addresses(1000), 2000);
}
BENCHMARK(two_threads)->Threads(2);

}  // namespace
}  // namespace streamgauge

BENCHMARK_MAIN();
