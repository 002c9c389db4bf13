// SPDX-License-Identifier: GPL-3.0-or-later
// Good and total of an indicator over declared metrics, asked of the query side window by window.
#pragma once

#include <functional>
#include <vector>

#include "api/analysis_service.h"
#include "query/metric_directory.h"
#include "slo/objective.h"

namespace streamgauge::api {

// The width of the metric's narrowest windows. NotFound, with Error::field, where one of the metrics does not exist.
Result<std::int64_t> metric_slice_micros(const query::MetricDirectory& metrics, const slo::Indicator& indicator);

// The slices of the range that hold anything, oldest first, on any thread. A counting metric gives `good` and `total`
// of each window; a bound gives one of one where it is kept.
void ask_metric_slices(AnalysisService& analysis, const query::MetricDirectory& metrics,
                       const slo::Objective& objective, query::TimeRange range, Done<std::vector<slo::Slice>> done);

}  // namespace streamgauge::api
