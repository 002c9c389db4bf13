// SPDX-License-Identifier: GPL-3.0-or-later
// What a run says at its end: for people, and as JSON for programs.
#pragma once

#include <cstdint>
#include <string>

#include "loadgen/arrival_plan.h"
#include "loadgen/engine.h"
#include "loadgen/run_record.h"

namespace streamgauge::loadgen {

struct RunDescription {
    std::string run_id, url;
    double rate = 0, duration_seconds = 0;
    Spacing spacing = Spacing::Even;
    std::uint64_t seed = 0;
    std::uint32_t batch = 1, connections = 0, users = 0, pages = 0;
    RunState state = RunState::Done;
    double elapsed_seconds = 0;  // start to last answer, or to giving up
    double cpu_seconds = 0;      // the generator's own
};

// One line for each second, under this head.
inline constexpr const char* kSecondsHead = "    OK | 429 | Other | RPS target | avg(ms) | p95(ms)";
std::string second_line(const SecondRow& row);

std::string summary_text(const RunDescription& run, const RunRecord& record);

// One object: schema "streamgauge-load-summary/1", plan, requests, outcomes, the four distributions in milliseconds
// (response, service, send_lag, generator_lag), unanswered_at_least_ms, and the rows of all seconds.
std::string summary_json(const RunDescription& run, const RunRecord& record);

}  // namespace streamgauge::loadgen
