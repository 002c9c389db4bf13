// SPDX-License-Identifier: GPL-3.0-or-later
// The forms of objectives as this server exposes what they watch: its histograms' bounds, and its routes. Inline: the
// console's client asks it without the rest of the server.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "api/objective_exchange.h"
#include "http/route_table.h"
#include "server/request_metrics.h"

namespace streamgauge {

// Both must outlive it, and it every callback: keep it in them.
inline std::shared_ptr<api::ObjectiveExchange> exchange_of(api::ObjectiveService& objectives,
                                                           const http::RouteTable& table) {
    return std::make_shared<api::ObjectiveExchange>(objectives, RequestMetrics::kBounds, [&table] {
        std::vector<std::string> aside;
        for (const http::Route& row : table.rows())
            if (RequestMetrics::is_aside(row) && std::find(aside.begin(), aside.end(), row.path) == aside.end())
                aside.push_back(row.path);
        return aside;
    });
}

}  // namespace streamgauge
