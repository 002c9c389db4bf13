// SPDX-License-Identifier: GPL-3.0-or-later
// The verdict on the generator of a run, from what was watched of it. Pure.
#pragma once

#include <cstdint>

#include "loadgen/arrival_plan.h"
#include "loadgen/generator_watch.h"
#include "loadgen/run_report.h"

namespace streamgauge::loadgen {

struct CertificateFacts {
    const Histogram* generator_lag = nullptr;
    const GeneratorWatch* watch = nullptr;
    Spacing spacing = Spacing::Even;
    bool closed_loop = false;  // nothing is planned ahead: evenness says nothing
    std::uint64_t planned = 0, dropped = 0;
    std::uint64_t queued = 0;         // waited for room
    std::uint32_t max_in_flight = 0;  // under this
    double elapsed_seconds = 0;
    double cpu_seconds = 0;    // of the thread that sends
    double clock_step_ms = 0;  // signed
};

// Invalid: the figures say more about the generator than about the server. Degraded: they hold with the reasons in
// mind.
//   generator lag p99           over 5 ms degraded, over 50 ms invalid
//   stalls                      0.1 % of the run or one of 100 ms degraded (p99.9 is the generator's), 1 % invalid
//   (p99) dropped                     any degraded, a tenth of what was due invalid: percentiles are of what was sent
//   evenness (even spacing)     under 80 % of the gaps, where the planned gap is at least 200 us, degraded
//   dispersion (even spacing)   over 1 degraded: burstier than independent users
//   dispersion (Poisson)        outside 0.7 to 1.4 degraded, with a thousand requests and more
//   own CPU                     over 90 % of a core degraded
//   clock step                  over 10 ms degraded
// What queued for room under max_in_flight is said as the last reason, whatever the verdict, and is none to doubt: all
// of that waiting is in the response times, which count from the planned times, and it is the server that did not
// answer. What was dropped is in no percentile, and so it does lower the verdict.
Certificate certify(const CertificateFacts& facts);

}  // namespace streamgauge::loadgen
