// SPDX-License-Identifier: GPL-3.0-or-later
// The stall test in small, fit for every run of the suite; truth_test.cpp has it in full.
#include "loadgen/stall_check.h"

namespace streamgauge::test {
namespace {

TEST(Stall, ShowsInThePercentilesAsTheorySaysAtAnyRate) {
    for (const double rate : {200.0, 2000.0}) {
        StallRun run;
        run.rate = rate;
        // Another program that takes the processor for a moment only ever adds; a wrong generator is wrong each time.
        std::string fault = stall_fault(run);
        for (int attempt = 1; attempt < 3 && !fault.empty(); ++attempt) fault = stall_fault(run);
        EXPECT_EQ(fault, "");
    }
}

TEST(Stall, ShowsTheSameWhereConnectionsCarryManyRequests) {
    StallRun run;
    run.rate = 5000;
    run.connections = 10;
    run.pipeline = 200;
    std::string fault = stall_fault(run);
    for (int attempt = 1; attempt < 3 && !fault.empty(); ++attempt) fault = stall_fault(run);
    EXPECT_EQ(fault, "");
}

}  // namespace
}  // namespace streamgauge::test
