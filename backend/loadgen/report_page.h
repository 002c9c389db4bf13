// SPDX-License-Identifier: GPL-3.0-or-later
// A run's report as one HTML page: tables and SVG charts, light and dark by the reader's choice, no script, nothing
// that has to be loaded.
#pragma once

#include <string>

#include "loadgen/run_report.h"

namespace streamgauge::loadgen {

std::string report_page(const RunReport& report);

}  // namespace streamgauge::loadgen
