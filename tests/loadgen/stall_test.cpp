// SPDX-License-Identifier: GPL-3.0-or-later
// The stall test in small, fit for every run of the suite; truth_test.cpp has it in full.
#include "loadgen/stall_check.h"

namespace streamgauge::test {
namespace {

TEST(Stall, ShowsInThePercentilesAsTheorySaysAtAnyRate) {
    for (const double rate : {200.0, 2000.0}) {
        StallRun run;
        run.rate = rate;
        EXPECT_EQ(stall_fault(run), "");
    }
}

}  // namespace
}  // namespace streamgauge::test
