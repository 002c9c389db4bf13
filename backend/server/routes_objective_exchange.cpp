// SPDX-License-Identifier: GPL-3.0-or-later
// Objectives in the forms of others: OpenSLO v1 in and out, rules for Prometheus out.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/json_writer.h"
#include "api/objective_codec.h"
#include "api/objective_service.h"
#include "base/log.h"
#include "server/parameters.h"
#include "server/request_metrics.h"
#include "server/routes.h"
#include "slo/openslo.h"
#include "slo/prometheus_rules.h"

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

// One after another; the first that is refused ends it.
struct ObjectiveImport {
    api::ObjectiveService& objectives;
    ReplyPtr reply;
    std::string by;
    slo::OpenSloImport text;
    std::size_t next = 0;
};

void answer_import(const ObjectiveImport& import, bool kept) {
    api::JsonWriter out;
    out.begin_object().key("imported").begin_array();
    for (const slo::Objective& one : import.text.objectives) out.string(one.name);
    out.end_array().key("notes").begin_array();
    for (const std::string& note : import.text.notes) out.string(note);
    out.end_array().key("kept").boolean(kept).end_object();
    import.reply->send(Response::json(200, out.take()));
}

void put_next(const std::shared_ptr<ObjectiveImport>& import) {
    if (import->next == import->text.objectives.size()) {
        log::info("objectives_imported", "objectives were imported",
                  {{"count", std::to_string(import->next)}, {"by", import->by}});
        return answer_import(*import, true);
    }
    import->objectives.put(import->text.objectives[import->next],
                           [import](const Result<api::ObjectiveStatus>& done) {
                               if (done) {
                                   ++import->next;
    return put_next(import);
}
Error error = done.error();
error.message = import->text.objectives[import->next].name + ": " + error.message + "; " +
                std::to_string(import->next) + " before it are imported";
import->reply->send(http::problem(error));
}  // namespace
);
}  // namespace streamgauge

void import_objectives(const RouteServices& services, const Request& request, const ReplyPtr& reply) {
    if (is_of_one_project(request, reply)) return;
    Parameters in(request);
    in.refuse_unknown({"dry_run"});
    const bool dry = in.truth("dry_run").value_or(false);
    if (in.fault()) return reply->send(http::problem(*in.fault()));
    Result<slo::OpenSloImport> read = slo::read_openslo(request.body);
    if (!read) return reply->send(http::problem(read.error()));
    for (const slo::Objective& one : read->objectives) {
        if (Status right = api::check_objective(one); !right) {
            Error error = right.error();
            error.message = one.name + ": " + error.message;
            return reply->send(http::problem(error));
        }
    }
    const std::string by = !request.principal->name.empty() ? request.principal->name : request.principal->id;
    const auto import =
        std::make_shared<ObjectiveImport>(ObjectiveImport{services.objectives, reply, by, std::move(read).value(), 0});
    if (dry) return answer_import(*import, false);
    put_next(import);
}

// Templates that no objective without a route counts.
std::vector<std::string> uncounted_routes(const http::RouteTable& table) {
    std::vector<std::string> out;
    for (const http::Route& row : table.rows())
        if (RequestMetrics::is_aside(row) && std::find(out.begin(), out.end(), row.path) == out.end())
            out.push_back(row.path);
    return out;
}

void export_objectives(const RouteServices& services, const http::RouteTable& table, const Request& request,
                       const ReplyPtr& reply) {
    Parameters in(request);
    in.refuse_unknown({"format"});
    const bool prometheus = in.word("format", {"openslo", "prometheus"}) == 1;
    if (in.fault()) return reply->send(http::problem(*in.fault()));
    const std::string project = request.principal->every_project ? std::string() : request.principal->project;
    services.objectives.list(
        project, [reply, prometheus, &table](const Result<std::vector<api::ObjectiveStatus>>& all) {
            if (!all) return reply->send(http::problem(all.error()));
            std::vector<slo::Objective> objectives;
            for (const api::ObjectiveStatus& one : *all) objectives.push_back(one.objective);
            std::sort(objectives.begin(), objectives.end(),
                      [](const slo::Objective& a, const slo::Objective& b) { return a.name < b.name; });
            std::string text =
                prometheus ? slo::prometheus_rules(objectives, RequestMetrics::kBounds, uncounted_routes(table)).yaml
                           : slo::write_openslo(objectives);
            reply->send({200, "application/yaml", std::move(text), {}});
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
    Status added = table.add(
        {Method::Post, "/api/v1/objectives/import", http::Scope::Operate, http::Plane::Both, slo::kOpenSloBytes,
         "Declare objectives by an OpenSLO v1 text.",
         [&services](const Request& request, const ReplyPtr& reply) { import_objectives(services, request, reply); },
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
