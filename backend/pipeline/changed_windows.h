// SPDX-License-Identifier: GPL-3.0-or-later
// What listeners and the status are told of metrics.
#pragma once

#include "pipeline/pipeline.h"
#include "store/result_store.h"

namespace streamgauge {

CommittedChanges changes_of(const ResultCommit& commit);
MetricFigures figures_of(const MetricAggregation& metric);

}  // namespace streamgauge
