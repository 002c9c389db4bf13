// SPDX-License-Identifier: GPL-3.0-or-later
// Poisson arrivals and service times of a queue, both by seed: what a test plans, computes and lets a server do.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <vector>

#include "loadgen/arrival_plan.h"
#include "loadgen/random.h"
#include "loadgen/rate_piece.h"
#include "loadgen/scenario.h"

namespace streamgauge::test {

constexpr std::uint64_t kQueueSeed = 20'250'601;

// How long request `number` takes: always `mean`, or exponential around it.
inline std::chrono::nanoseconds service_time(std::uint64_t number, std::chrono::nanoseconds mean, bool exponential) {
    if (!exponential) return mean;
    constexpr std::uint64_t kServiceStream = 900;
    const loadgen::RandomStream random(kQueueSeed, kServiceStream);
    const double factor = -loadgen::portable_logarithm(loadgen::open_unit(random.at(number)));
    return std::chrono::nanoseconds(std::llround(factor * static_cast<double>(mean.count())));
}

// A run's planned times, nanoseconds from its start.
inline std::vector<std::int64_t> poisson_arrivals(double rate, double seconds) {
    const auto plan = loadgen::ArrivalPlan::constant(rate, seconds, loadgen::Spacing::Poisson, kQueueSeed);
    std::vector<std::int64_t> arrivals;
    arrivals.reserve(plan->count());
    for (loadgen::ArrivalCursor cursor(*plan); !cursor.done(); cursor.advance())
        arrivals.push_back(cursor.planned_nanos());
    return arrivals;
}

inline std::vector<std::int64_t> service_times(std::size_t count, std::chrono::nanoseconds mean, bool exponential) {
    std::vector<std::int64_t> services(count);
    for (std::size_t i = 0; i < count; ++i) services[i] = service_time(i, mean, exponential).count();
    return services;
}

}  // namespace streamgauge::test
