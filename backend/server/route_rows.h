// SPDX-License-Identifier: GPL-3.0-or-later
// How a file of routes adds its rows: what they have in common is said once.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "http/route_table.h"

namespace streamgauge {

// Adds `row` (its method, path, summary, handler and docs) on both planes. The handler is called with `service`, which
// must outlive the table, and keeps to the asker's project (http::Route::by_project). Fails as RouteTable::add() does.
template <class Row, class Service>
Status add_row(http::RouteTable& table, const Row& row, http::Scope scope, std::size_t body_limit, Service& service) {
    http::Route route{row.method, std::string(row.path), scope, http::Plane::Both, body_limit, row.summary, {}};
    route.handler = [&service, handler = row.handler](const http::Request& request, const http::ReplyPtr& reply) {
        handler(service, request, reply);
    };
    route.docs = row.docs;
    route.by_project = true;
    return table.add(std::move(route));
}

}  // namespace streamgauge
