// SPDX-License-Identifier: GPL-3.0-or-later
// GET /api/v1/events/{event_id}/trace: where an event is, and why.
#include "api/codec.h"
#include "api/trace_service.h"
#include "base/limits.h"
#include "server/parameters.h"
#include "server/request_metrics.h"
#include "server/routes.h"

namespace streamgauge {
namespace {

void trace(const RouteServices& services, const http::Request& request, const http::ReplyPtr& reply) {
    Parameters in(request);
    std::string project = in.text("project", limits::kEventIdBytes);
    services.requests.ignored_parameters(in.unknown({"project"}));
    if (in.fault()) return reply->send(http::problem(*in.fault()));
    if (!request.principal->every_project) {
        if (!project.empty() && project != request.principal->project)
            return reply->send(http::problem(Error::make(ErrorCode::Forbidden, "this key or user is of one project")));
        project = request.principal->project;
    }
    services.trace.trace(
        request.path_parameters.front().second, std::move(project), [reply](const Result<api::EventTrace>& found) {
            reply->send(found.ok() ? http::Response::json(200, api::encode(*found)) : http::problem(found.error()));
        });
}

http::RouteDocs docs() {
    http::RouteDocs docs;
    docs.tag = "queries";
    docs.parameters = {
        {"event_id", "path", R"({"type":"string","minLength":1,"maxLength":128})",
         "The producer's id of the event, or the one that the answer to it named; percent-encoded.", true},
        {"project", "query", R"({"type":"string"})",
         "Only there; the caller's own when it is confined to one. Otherwise all are looked at."},
    };
    docs.answers = {{200, "application/json", "#EventTrace",
                     "What is known, and where was looked. That nobody knows the id is an answer, too: `verdict` is "
                     "`unknown`."},
                    {400, "application/problem+json", "", "The id or a parameter is wrong; `field` names it."}};
    return docs;
}

}  // namespace

Status add_trace_routes(http::RouteTable& table, const RouteServices& services) {
    return table.add(
        {http::Method::Get, "/api/v1/events/{event_id}/trace", http::Scope::Query, http::Plane::Both, 0,
         "Where is my event? What was decided of it and why, and which windows of which metrics it "
         "changed.",
         [&services](const http::Request& request, const http::ReplyPtr& reply) { trace(services, request, reply); },
         nullptr, false, false, docs(), true});
}

}  // namespace streamgauge
