// SPDX-License-Identifier: GPL-3.0-or-later
// Runs a capacity search against a server: each step is a run of the engine of its own, with Poisson arrivals, watched
// every half second and ended as soon as it is judged; between steps the server works off what it has. Within the
// budget whatever the server does, as long as this machine does not stand still.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "loadgen/capacity_search.h"
#include "loadgen/run_record.h"
#include "loadgen/scenario.h"
#include "loadgen/target.h"

namespace streamgauge::loadgen {

// Most requests in flight of a search whose scenario does not say max_in_flight.
inline constexpr std::uint32_t kSearchInFlight = 1000;

struct CapacityRun {
    // What is sent; its stages, spacing, thresholds and when_full are not looked at: what a full max_in_flight holds up
    // waits, and its response time with it. Its objectives are to hold, too.
    Scenario scenario;
    bool fewer_in_flight = false;  // where the buffers of max_in_flight requests would not fit
    std::vector<CapacityObjective> objectives;
    CapacityOptions options;
    std::uint64_t id_salt = 0;  // as EngineOptions::id_salt; another one for each step is made of it
    // After each step, on the calling thread.
    std::function<void(const CapacityOutcome&)> on_step = [](const CapacityOutcome&) {};
    // About twice a second during a step: what it looks like so far. Beside the sending: it must not wait for anything.
    std::function<void(const CapacityOutcome&)> on_progress = [](const CapacityOutcome&) {};
};

// A search by a scenario file: where the text itself does not say max_in_flight, kSearchInFlight of them, or as many as
// fit. As parse_scenario(); InvalidArgument (field scenario) for a replay, too.
Result<CapacityRun> parse_capacity_run(std::string_view scenario);

// All that is to hold, in the order of their judgement.
std::vector<CapacityObjective> all_objectives(const CapacityRun& run);

// Of all that ended in the record, of the kinds of request that it is about, as RunObjectives counts: what got no
// answer is bad, for latency only where it waited longer than the threshold. Thresholds are those of the histograms'
// buckets.
CapacitySlice::Share counted_by(const slo::Indicator& indicator, const RunRecord& record);

// Blocks until the search is over, or `stop_fd` is readable (Cancelled; -1: none). InvalidArgument for a scenario that
// is not valid, without objectives, or with one that a run cannot tell (freshness); Unavailable when the server
// answered nothing in the first step, or takes no connection any more after a later one.
Result<CapacityAnswer> find_capacity(const Address& address, const CapacityRun& run, int stop_fd);

}  // namespace streamgauge::loadgen
