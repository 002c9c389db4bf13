// SPDX-License-Identifier: GPL-3.0-or-later
// metrics.toml: metrics that are declared in a file, a [[metric]] each, with the members of api/metric_codec.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/definition.h"

namespace streamgauge::api {

inline constexpr std::size_t kMetricFileBytes = 4 * 1024 * 1024;

// In the order of the file, with ids of 0. InvalidArgument lists every metric's first fault, a line each, with its
// place ("metrics.toml:3:5: ..."); names that are there twice or in `built_in` are faults, too. `path` is for those.
Result<std::vector<MetricDefinition>> parse_metric_file(std::string_view text, const std::string& path,
                                                        const std::vector<MetricDefinition>& built_in);
// The same of a file. NotFound, Io, TooLarge.
Result<std::vector<MetricDefinition>> read_metric_file(const std::string& path,
                                                       const std::vector<MetricDefinition>& built_in);

}  // namespace streamgauge::api
