// SPDX-License-Identifier: GPL-3.0-or-later
// Objectives in the forms of others: OpenSLO v1 in and out, rules for Prometheus out.
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "server/objective_forms.h"
#include "server/parameters.h"
#include "server/routes.h"
#include "slo/openslo.h"

namespace streamgauge {
namespace {

using http::Method;
using http::ReplyPtr;
using http::Request;
using http::Response;

bool is_of_one_project(const Request& request, const ReplyPtr& reply) {
    if (request.principal->every_project) return false;
    reply->send(http::problem(
        Error::make(ErrorCode::Forbidden, "objectives are the operator's, and this key or user is of one project")));
    return true;
}

void import_objectives(const RouteServices& services, const http::RouteTable& table, const Request& request,
                       const ReplyPtr& reply) {
    if (is_of_one_project(request, reply)) return;
    Parameters in(request);
    in.refuse_unknown({"dry_run"});
    const bool dry = in.truth("dry_run").value_or(false);
    if (in.fault()) return reply->send(http::problem(*in.fault()));
    const std::string by = !request.principal->name.empty() ? request.principal->name : request.principal->id;
    const auto exchange = exchange_of(services.objectives, table);
    exchange->import(request.body, dry, [exchange, reply, by](const Result<api::ImportedObjectives>& done) {
        if (!done) return reply->send(http::problem(done.error()));
        if (done->kept)
            log::info("objectives_imported", "objectives were imported",
                      {{"count", std::to_string(done->imported.size())}, {"by", by}});
        reply->send(Response::json(200, api::write_imported(*done)));
    });
}

void export_objectives(const RouteServices& services, const http::RouteTable& table, const Request& request,
                       const ReplyPtr& reply) {
    Parameters in(request);
    in.refuse_unknown({"format"});
    const bool prometheus = in.word("format", {"openslo", "prometheus"}) == 1;
    if (in.fault()) return reply->send(http::problem(*in.fault()));
    const std::string project = request.principal->every_project ? std::string() : request.principal->project;
    const auto exchange = exchange_of(services.objectives, table);
    exchange->write(prometheus ? api::ObjectiveForm::Prometheus : api::ObjectiveForm::OpenSlo, project,
                    [exchange, reply](Result<std::string> yaml) {
                        if (!yaml) return reply->send(http::problem(yaml.error()));
                        reply->send({200, "application/yaml", std::move(yaml).value(), {}});
                    });
}

// ---- documentation --------------------------------------------------------------------------------------------------
constexpr std::string_view kImported =
    R"({"type":"object","required":["imported","notes","kept"],"properties":{"imported":{"type":"array","items":{"type":"string"}},"notes":{"type":"array","items":{"type":"string"}},"kept":{"type":"boolean"}}})";
constexpr std::string_view kExample = R"(apiVersion: openslo/v1
kind: SLO
metadata: {name: events-availability, displayName: Events are taken}
spec:
  service: ingestion
  indicator:
    metadata: {name: events-availability}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Streamgauge, spec: {kind: availability, route: /events}}}
        total: {metricSource: {type: Streamgauge, spec: {kind: availability, route: /events}}}
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.999}]
)";

http::RouteDocs import_docs() {
    http::RouteDocs docs;
    docs.tag = "objectives";
    docs.parameters = {{"dry_run", "query", R"({"type":"boolean","default":false})", "true: only read and checked."}};
    docs.body_types = {"application/yaml"};
    docs.body_schema = R"({"type":"string"})";
    docs.answers = {{200, "application/json", kImported, "They are declared, in the order of the text."},
                    {400, "application/problem+json", "#Problem",
                     "`detail` says the line and the column, `field` the path in the document."},
                    {409, "application/problem+json", "#Problem", "There would be too many objectives."},
                    {413, "application/problem+json", "#Problem", "More than 256 KiB."}};
    docs.examples = {{"openslo", "application/yaml", kExample}};
    return docs;
}

http::RouteDocs export_docs() {
    http::RouteDocs docs;
    docs.tag = "objectives";
    docs.parameters = {{"format", "query", R"({"enum":["openslo","prometheus"],"default":"openslo"})",
                        "OpenSLO v1 documents, or a file of recording and alerting rules."}};
    docs.answers = {{200, "application/yaml", R"({"type":"string"})",
                     "By name. What Prometheus cannot watch stands in a comment with the reason."},
                    {400, "application/problem+json", "#Problem", "`field` names the parameter."}};
    return docs;
}

}  // namespace

Status add_objective_exchange_routes(http::RouteTable& table, const RouteServices& services) {
    Status added = table.add({Method::Post, "/api/v1/objectives/import", http::Scope::Operate, http::Plane::Both,
                              slo::kOpenSloBytes, "Declare objectives by an OpenSLO v1 text.",
                              [&services, &table](const Request& request, const ReplyPtr& reply) {
                                  import_objectives(services, table, request, reply);
                              },
                              nullptr, false, false, import_docs(), true});
    if (!added.ok()) return added;
    return table.add({Method::Get, "/api/v1/objectives/export", http::Scope::Query, http::Plane::Both, 0,
                      "Objectives as OpenSLO v1, or as rules for Prometheus.",
                      [&services, &table](const Request& request, const ReplyPtr& reply) {
                          export_objectives(services, table, request, reply);
                      },
                      nullptr, false, false, export_docs(), true});
}

}  // namespace streamgauge
