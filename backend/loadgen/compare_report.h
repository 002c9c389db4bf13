// SPDX-License-Identifier: GPL-3.0-or-later
// What of a run's report is compared.
#pragma once

#include "loadgen/compare.h"
#include "loadgen/run_report.h"

namespace streamgauge::loadgen {

ComparedRun compared_run(const RunReport& report);

}  // namespace streamgauge::loadgen
