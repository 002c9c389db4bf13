// SPDX-License-Identifier: GPL-3.0-or-later
#include "query/metric_directory.h"

#include <utility>

namespace streamgauge::query {

Result<AskedMetric> make_asked_metric(MetricDefinition definition) {
    AskedMetric metric;
    for (const Tier& tier : definition.tiers) {
        Result<Windows> windows = Windows::make(tier.window_micros, definition.timezone);
        if (!windows) return windows.error();
        metric.windows.push_back(*std::move(windows));
    }
    metric.definition = std::move(definition);
    return metric;
}

FixedDirectory::FixedDirectory(const std::vector<MetricDefinition>& definitions) {
    for (const MetricDefinition& definition : definitions)
        if (auto metric = make_asked_metric(definition); metric.ok())
            metrics_[definition.name] = std::make_shared<const AskedMetric>(*std::move(metric));
}

std::shared_ptr<const AskedMetric> FixedDirectory::find(std::string_view name) const {
    const auto found = metrics_.find(name);
    return found == metrics_.end() ? nullptr : found->second;
}

}  // namespace streamgauge::query
