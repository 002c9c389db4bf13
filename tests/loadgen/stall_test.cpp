// SPDX-License-Identifier: GPL-3.0-or-later
// The stall test in small, fit for every run of the suite; truth_test.cpp has it in full.
#include "loadgen/stall_check.h"

namespace streamgauge::test {
namespace {

TEST(Stall, ShowsInThePercentilesAsTheorySaysAtAnyRate) {
    for (const double rate : {200.0, 2000.0}) check_stall(rate, 6, 0.2, 10, 60);
}

}  // namespace
}  // namespace streamgauge::test
