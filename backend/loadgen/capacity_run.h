// SPDX-License-Identifier: GPL-3.0-or-later
// Runs a capacity search against a server: each step is a run of the engine of its own, with Poisson arrivals, watched
// every half second and ended as soon as it is judged; between steps the server works off what it has.
#pragma once

#include <functional>
#include <vector>

#include "loadgen/capacity_search.h"
#include "loadgen/scenario.h"
#include "loadgen/target.h"

namespace streamgauge::loadgen {

struct CapacityRun {
    Scenario scenario;  // what is sent; its stages, spacing and thresholds are not looked at
    std::vector<CapacityObjective> objectives;
    CapacityOptions options;
    std::uint64_t id_salt = 0;  // as EngineOptions::id_salt; another one for each step is made of it
    // After each step, on the calling thread.
    std::function<void(const CapacityOutcome&)> on_step = [](const CapacityOutcome&) {};
};

// Blocks until the search is over, or `stop_fd` is readable (Cancelled; -1: none). InvalidArgument for a scenario that
// is not valid, without objectives, or with one that a run cannot tell (freshness); Unavailable when the server
// answered nothing at all.
Result<CapacityAnswer> find_capacity(const Address& address, const CapacityRun& run, int stop_fd);

}  // namespace streamgauge::loadgen
