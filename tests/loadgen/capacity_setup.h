// SPDX-License-Identifier: GPL-3.0-or-later
// A capacity search against a test's server, with its steps printed.
#pragma once

#include <cstdio>
#include <string>

#include "loadgen/capacity_run.h"

namespace streamgauge::test {

inline loadgen::CapacityRun capacity_run_of(const std::string& url, double bound_ms) {
    using namespace loadgen;
    CapacityRun run;
    run.scenario.url = url;
    run.scenario.requests = {RequestKind{}};
    run.scenario.max_in_flight = 500;
    Threshold latency;
    latency.percentile = 99;
    latency.value = bound_ms;
    Threshold errors;
    errors.measure = Threshold::Measure::Errors;
    errors.value = 0.01;
    run.objectives = {*capacity_objective(latency, "p(99)<" + std::to_string(static_cast<int>(bound_ms))),
                      *capacity_objective(errors, "errors<1%")};
    run.on_step = [](const CapacityOutcome& step) {
        std::printf("[ capacity ]   %7.1f: offered %7.1f, answered %7.1f, %s%s%s in %4.1f s, mean %6.1f ms, %s\n",
                    step.rate, step.offered_rate, step.answered_rate, step.state == StepState::Held ? "held" : "failed",
                    step.clear ? "" : ", unclear", step.confirm ? ", confirmation" : "", step.seconds, step.mean_ms,
                    step.limiting.c_str());
        std::fflush(stdout);
    };
    return run;
}

inline loadgen::Address address_of(const std::string& url) {
    return *loadgen::resolve(*loadgen::parse_url(url), "");
}

}  // namespace streamgauge::test
