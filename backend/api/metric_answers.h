// SPDX-License-Identifier: GPL-3.0-or-later
// The console's side of metrics over the wire: questions as JSON, and answers read back as the values that the services
// gave (api/metric_codec.h and api/query_answer.h write them).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/metric_service.h"
#include "base/result.h"
#include "query/query.h"

namespace streamgauge::api {

// read_query() gives the same again.
std::string write_question(const query::PointsQuery& query);

// InvalidArgument for what write_status() does not write, alone, in an array, or in an array that is the member
// "metrics" of an object.
Result<std::vector<MetricStatus>> read_statuses(std::string_view json);
Result<MetricStatus> read_status(std::string_view json);
// The same of write_json() with one answer. Decimals keep fifteen digits; the explanation is not read.
Result<query::PointsAnswer> read_points(std::string_view json);

}  // namespace streamgauge::api
