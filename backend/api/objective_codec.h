// SPDX-License-Identifier: GPL-3.0-or-later
// Objectives and what is said of them as JSON, in REST, in the catalogue and in the console's client.
//
//   {"name": "events-fast", "title": "...", "description": "...", "service": "door", "project": "",
//    "indicator": {"kind": "latency", "route": "POST /events", "threshold_ms": 300},
//    "target": 0.99, "window": {"rolling": "30d"},
//    "rules": [{"severity": "page", "long": "1h", "short": "5m", "factor": 14.4, "hold": "2m"}],
//    "least_bad": 1, "cool_down": "5m", "alert_when_no_data": false, "notify": ["on-call"]}
//
// Only name, indicator.kind and target are needed. Kinds: availability, latency, errors, freshness, correctness, metric
// ({"good", "total"} or {"total", "compare": "below" or "above", "bound"}). A calendar window is {"calendar": "month",
// "timezone": "Europe/Berlin"}. Lengths of time are texts such as "5m", or numbers of seconds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/objective_service.h"
#include "base/result.h"

namespace streamgauge::api {

inline constexpr std::size_t kObjectiveBytes = 64 * 1024;

// One that check_objective() takes. InvalidArgument with the member in Error::field ("rules[1].long"); members that are
// not known are errors. `name`: what it is called where the text does not say it; InvalidArgument where it says
// something else. Empty: it must.
Result<slo::Objective> read_objective(std::string_view json, std::string_view name = {});
// read_objective() gives the same again.
std::string write_objective(const slo::Objective& objective);

// Whether there can be such an objective. Reads the machine's zone database.
Status check_objective(const slo::Objective& objective);

std::string write_status(const ObjectiveStatus& status);
std::string write_history(const ObjectiveHistory& history);
std::string write_back_test(const BackTest& result);
std::string write_changes(const std::vector<slo::AlertChange>& changes);
// {"objective": {...}, "from": "-30d", "to": "now"}
struct BackTestRequest {
    slo::Objective draft;
    query::TimeRange range;
};
Result<BackTestRequest> read_back_test_request(std::string_view json, Timestamp now);
std::string write_back_test_request(const BackTestRequest& request);

// What the server answers, for its clients. Members that are not known are passed over.
Result<ObjectiveStatus> read_objective_status(std::string_view json);
Result<std::vector<ObjectiveStatus>> read_objective_statuses(std::string_view json);  // {"objectives": [...]}
Result<ObjectiveHistory> read_history(std::string_view json);
Result<BackTest> read_back_test(std::string_view json);

// Rule by rule, as the catalogue keeps them.
std::string write_rule_states(const std::vector<slo::RuleState>& states);
Result<std::vector<slo::RuleState>> read_rule_states(std::string_view json);

}  // namespace streamgauge::api
