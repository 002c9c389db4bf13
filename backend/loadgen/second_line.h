// SPDX-License-Identifier: GPL-3.0-or-later
// What a terminal shows of a run while it lasts.
#pragma once

#include <string>

#include "loadgen/second_log.h"

namespace streamgauge::loadgen {

// One line for each second, under this head.
inline constexpr const char* kSecondsHead = "    OK | 429 | Other | RPS target | avg(ms) | p95(ms)";
std::string second_line(const SecondRow& row);

}  // namespace streamgauge::loadgen
