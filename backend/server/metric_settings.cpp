// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/metric_settings.h"

#include <string>

#include "api/metric_file.h"
#include "api/metric_limits.h"
#include "server/config.h"

namespace streamgauge {

Result<std::vector<MetricDefinition>> configured_metrics(const Config& config) {
    const std::string path = config.metrics_file.empty() ? config.data_dir + "/metrics.toml" : config.metrics_file;
    Result<std::vector<MetricDefinition>> metrics = api::read_metric_file(path, built_in_metrics());
    if (!metrics) {
        if (config.metrics_file.empty() && metrics.error().code == ErrorCode::NotFound)
            return std::vector<MetricDefinition>();
        return metrics;
    }
    std::vector<MetricDefinition> all = built_in_metrics();
    all.insert(all.end(), metrics->begin(), metrics->end());
    if (const Status budget = api::check_budget(all, config.metrics_exact_budget); !budget)
        return Error::make(ErrorCode::InvalidArgument, path + ": " + budget.error().message);
    return metrics;
}

}  // namespace streamgauge
