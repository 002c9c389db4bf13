// SPDX-License-Identifier: GPL-3.0-or-later
// The metrics that a data directory's results are of: those of the program, and those that users declared.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "metrics/definition.h"

namespace streamgauge {

// By id. A server may be using the directory; nothing is changed in it.
Result<std::vector<MetricDefinition>> known_metrics(const std::string& data_dir);

}  // namespace streamgauge
