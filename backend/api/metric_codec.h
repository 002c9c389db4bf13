// SPDX-License-Identifier: GPL-3.0-or-later
// Definitions of metrics as JSON, in REST and in the catalogue; metrics.toml (api/metric_file.h) has the same members.
//
//   {"name": "revenue", "description": "...", "unit": "USD", "where": "event_type = purchase",
//    "window": "1m", "retention": "14d", "timezone": "", "time": "occurred", "allowed_lateness": "1m",
//    "group_by": ["props.currency"], "aggregate": "sum(props.amount_usd)", "exact_budget": 2000000}
//
// Only name and window are needed. `tiers`, an array of {"window", "retention"}, stands for window and retention where
// the usual wider tiers are not wanted.
#pragma once

#include <string>
#include <string_view>

#include "api/metric_service.h"
#include "base/result.h"
#include "metrics/definition.h"

namespace streamgauge::api {

inline constexpr std::size_t kDefinitionBytes = 64 * 1024;

// A definition that check() takes, with the id 0. InvalidArgument with the member in Error::field ("tiers[1].window")
// and, for filters and aggregates, the byte offset inside its text. Members that are not known are errors. `name`:
// what it is called where the text does not say it; InvalidArgument where it says something else. Empty: it must.
Result<MetricDefinition> read_definition(std::string_view json, std::string_view name = {});

// read_definition() gives the same again.
std::string write_definition(const MetricDefinition& definition);
// {"definition":{...},"id":1000,"built_in":false,"state":"active",...}
std::string write_status(const MetricStatus& status);

}  // namespace streamgauge::api
