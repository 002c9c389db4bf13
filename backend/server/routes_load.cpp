// SPDX-License-Identifier: GPL-3.0-or-later
// Load runs, for the operator on this machine only.
#include "api/codec.h"
#include "base/limits.h"
#include "server/routes.h"

namespace streamgauge {

namespace {

api::Done<api::LoadStatus> answer_status(const http::ReplyPtr& reply, int status) {
    return [reply, status](Result<api::LoadStatus> result) {
        reply->send(result.ok() ? http::Response::json(status, api::encode(*result)) : http::problem(result.error()));
    };
}

http::RouteDocs docs_of(int status, std::string_view summary) {
    http::RouteDocs docs;
    docs.tag = "load";
    docs.answers = {{status, "application/json", "#LoadStatus", summary}};
    return docs;
}

http::RouteDocs start_docs() {
    http::RouteDocs docs = docs_of(202, "It has started.");
    docs.body_types = {"application/json"};
    docs.body_schema = "#LoadPlan";
    docs.answers.push_back({403, "application/problem+json", "#Problem", "The target is not on loopback."});
    docs.answers.push_back({409, "application/problem+json", "#Problem", "A load run is under way."});
    return docs;
}

}  // namespace

Status add_load_routes(http::RouteTable& table, const RouteServices& services) {
    using http::Method, http::Plane, http::Scope;
    api::LoadService& load = services.load;
    Status added = table.add({Method::Post, "/api/v1/load/runs", Scope::Operate, Plane::ManagementOnly,
                              limits::kSmallBodyBytes, "Start a load run by its plan; 409 while one runs.",
                              [&load](const http::Request& request, const http::ReplyPtr& reply) {
                                  auto plan = api::decode_load_plan(request.body);
                                  if (!plan.ok()) return reply->send(http::problem(plan.error()));
                                  load.start(std::move(plan).value(), answer_status(reply, 202));
                              },
                              nullptr, false, false, start_docs()});
    if (!added.ok()) return added;
    added = table.add({Method::Get, "/api/v1/load/status", Scope::Operate, Plane::ManagementOnly, 0,
                       "The load run: its plan, its figures and every second of it.",
                       [&load](const http::Request&, const http::ReplyPtr& reply) {
                           reply->send(http::Response::json(200, api::encode(load.status())));
                       },
                       nullptr, false, false, docs_of(200, {})});
    if (!added.ok()) return added;
    return table.add(
        {Method::Post, "/api/v1/load/stop", Scope::Operate, Plane::ManagementOnly, limits::kSmallBodyBytes,
         "Stop the load run; what is in flight is waited for.",
         [&load](const http::Request&, const http::ReplyPtr& reply) { load.stop(answer_status(reply, 200)); }, nullptr,
         false, false, docs_of(200, "There is no run any more.")});
}

}  // namespace streamgauge
