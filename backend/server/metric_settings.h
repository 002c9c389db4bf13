// SPDX-License-Identifier: GPL-3.0-or-later
// The metrics that the configuration declares.
#pragma once

#include <vector>

#include "base/result.h"
#include "metrics/definition.h"

namespace streamgauge {

struct Config;

// Those of `metrics.file`, or of metrics.toml in the data directory where it is there; without ids. InvalidArgument
// lists faults, a line each, with their places; also when they ask for more than `metrics.exact_budget`. NotFound where
// a file is named that is not there.
Result<std::vector<MetricDefinition>> configured_metrics(const Config& config);

}  // namespace streamgauge
