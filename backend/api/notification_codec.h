// SPDX-License-Identifier: GPL-3.0-or-later
// Targets of notifications as JSON, and what an alert tells them.
//
//   {"name":"pager","kind":"webhook","url":"https://hooks.example.com/x","secret":"env:STREAMGAUGE_SECRET_PAGER"}
#pragma once

#include <string>
#include <string_view>

#include "api/notification_service.h"
#include "slo/alert.h"

namespace streamgauge::api {

// `name`: what it is called where the text does not say it; InvalidArgument where it says something else.
Result<NotificationTarget> read_target(std::string_view json, std::string_view name = {});
std::string write_target(const NotificationTarget& target);
std::string write_target_status(const NotificationTargetStatus& status);
// InvalidArgument with Error::field. Looks at nothing outside.
Status check_target(const NotificationTarget& target);

// Of one change, however often it is told: "events-latency-0-1770000000000000".
std::string alert_id(const slo::Objective& objective, const slo::AlertChange& change);

// {"id":"...","type":"alert.fired","timestamp":"...","data":{"objective":...}}. `change.news` is not None.
Notification alert_notification(const slo::Objective& objective, const slo::AlertChange& change,
                                const slo::BurnRule& rule, std::string id);

}  // namespace streamgauge::api
