// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/known_metrics.h"

#include "api/metric_catalogue.h"

namespace streamgauge {

Result<std::vector<MetricDefinition>> known_metrics(const std::string& data_dir) {
    std::vector<MetricDefinition> all = built_in_metrics();
    const auto declared = api::read_metric_catalogue(data_dir + "/metrics.db");
    if (!declared.ok()) return declared.error();
    for (const api::CatalogueEntry& entry : *declared) all.push_back(entry.definition);
    return all;
}

}  // namespace streamgauge
