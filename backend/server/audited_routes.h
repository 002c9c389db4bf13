// SPDX-License-Identifier: GPL-3.0-or-later
// Makes every route that changes something an audited action: its answer leaves when the log has it.
#pragma once

#include "api/audit_log.h"
#include "base/clock.h"
#include "http/route_table.h"

namespace streamgauge {

// Operate and Admin routes with another method than GET; the handler of all others is returned as it is. `log` and
// `clock` must outlive the table.
http::Handler audited(const http::Route& route, http::Handler handler, api::AuditLog& log, const Clock& clock);

// GET /api/v1/audit-log.
Status add_audit_log_route(http::RouteTable& table, api::AuditLog& log);

}  // namespace streamgauge
