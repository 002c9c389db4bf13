// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/load_run_routes.h"

#include <utility>

#include "api/codec.h"
#include "base/time.h"
#include "server/parameters.h"

namespace streamgauge {

namespace {

using api::LoadRuns;
using http::Method;
using http::ReplyPtr;
using http::Request;
using http::Response;

constexpr std::size_t kMostCompared = 20;  // runs of one side

std::string run_id(const Request& request) {
    for (const auto& [name, value] : request.path_parameters)
        if (name == "run_id") return value;
    return {};
}

bool refused(Parameters& in, const ReplyPtr& reply) {
    if (in.fault()) reply->send(http::problem(*in.fault()));
    return in.fault().has_value();
}

void list(LoadRuns& runs, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    const std::optional<Timestamp> before = in.time("before");
    const int limit = in.integer("limit", 50, 1, 1000);
    in.refuse_unknown({"before", "limit"});
    if (refused(in, reply)) return;
    runs.list(before, static_cast<std::size_t>(limit), [reply](const Result<std::vector<api::StoredLoadRun>>& found) {
        if (!found.ok()) return reply->send(http::problem(found.error()));
        reply->send(Response::json(200, api::encode(api::StoredLoadRuns{*found})));
    });
}

void find(LoadRuns& runs, const Request& request, const ReplyPtr& reply) {
    runs.find(run_id(request), [reply](const Result<api::StoredLoadRun>& found) {
        if (!found.ok()) return reply->send(http::problem(found.error()));
        reply->send(Response::json(200, api::encode(*found)));
    });
}

void report(LoadRuns& runs, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    const std::string form = in.text("format", 20);
    in.refuse_unknown({"format"});
    const loadgen::ReportExport* const wanted = loadgen::find_report_export(form.empty() ? "json" : form);
    if (wanted == nullptr) in.refuse("format", "must be json, summary, csv, hdr, junit or html");
    if (refused(in, reply)) return;
    const auto answer = [reply, type = wanted->media_type](Result<std::string> found) {
        if (!found.ok()) return reply->send(http::problem(found.error()));
        reply->send(Response{200, type, std::move(found).value(), {}});
    };
    if (wanted->kind == "json") return runs.report(run_id(request), answer);
    runs.report_as(run_id(request), *wanted, answer);
}

void remove(LoadRuns& runs, const Request& request, const ReplyPtr& reply) {
    runs.remove(run_id(request), [reply](const Result<bool>& removed) {
        if (!removed.ok()) return reply->send(http::problem(removed.error()));
        reply->send({204, "", {}, {}});
    });
}

std::vector<std::string> ids_of(const std::string& text) {
    std::vector<std::string> ids;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        ids.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return ids;
}

void compare(LoadRuns& runs, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    std::vector<std::string> before = ids_of(in.required_text("before", 1000));
    std::vector<std::string> after = ids_of(in.required_text("after", 1000));
    in.refuse_unknown({"before", "after"});
    if (before.size() > kMostCompared || after.size() > kMostCompared) in.refuse("before", "has too many runs");
    if (refused(in, reply)) return;
    runs.compare(std::move(before), std::move(after), [reply](const Result<loadgen::RunComparison>& found) {
        if (!found.ok()) return reply->send(http::problem(found.error()));
        reply->send(Response::json(200, api::encode(*found)));
    });
}

// ---- documentation --------------------------------------------------------------------------------------------------
constexpr std::string_view kRun =
    R"({"type":"object","required":["run_id","name","url","started_at","state","generator","passed","by","seconds","seed","planned","good","bad","p50_ms","p95_ms","p99_ms"],"properties":{"run_id":{"type":"string"},"name":{"type":"string"},"url":{"type":"string"},"started_at":{"type":"string","format":"date-time"},"state":{"type":"string"},"generator":{"enum":["valid","degraded","invalid",""],"description":"Empty of a search for capacity."},"passed":{"type":"boolean"},"by":{"type":"string"},"seconds":{"type":"number"},"seed":{"type":"integer"},"planned":{"type":"integer"},"good":{"type":"integer"},"bad":{"type":"integer"},"p50_ms":{"type":"number"},"p95_ms":{"type":"number"},"p99_ms":{"type":"number"}}})";
constexpr std::string_view kRuns =
    R"({"type":"object","required":["runs"],"properties":{"runs":{"type":"array","items":{"type":"object"}}}})";
constexpr std::string_view kComparison =
    R"({"type":"object","required":["verdict","measures","warnings"],"properties":{"verdict":{"enum":["no detectable difference","better","worse","too few"]},"measures":{"type":"array","items":{"type":"object"}},"warnings":{"type":"array","items":{"type":"string"}}}})";

http::RouteDocs docs_of(std::vector<http::ParameterDoc> parameters, http::AnswerDoc answer, bool of_one) {
    http::RouteDocs docs;
    docs.tag = "load";
    docs.parameters = std::move(parameters);
    docs.answers = {answer};
    if (of_one) docs.answers.push_back({404, "application/problem+json", "#Problem", "There is no such run."});
    return docs;
}

}  // namespace

Status add_load_run_routes(http::RouteTable& table, LoadRuns& runs) {
    struct Row {
        Method method;
        std::string_view path, summary;
        void (*handler)(LoadRuns&, const Request&, const ReplyPtr&);
        http::RouteDocs docs;
    };
    const Row rows[] = {
        {Method::Get, "/api/v1/load/runs", "The load runs that ended and are kept, newest first.", list,
         docs_of({{"before", "query", R"({"type":"string"})", "Only runs that began before this time."},
                  {"limit", "query", R"({"type":"integer","minimum":1,"maximum":1000,"default":50})", "How many."}},
                 {200, "application/json", kRuns, "The runs."}, false)},
        {Method::Get, "/api/v1/load/runs/{run_id}", "What a list shows of a load run.", find,
         docs_of({}, {200, "application/json", kRun, "The run."}, true)},
        {Method::Get, "/api/v1/load/runs/{run_id}/report",
         "A load run's whole report: plan, seed, machine, certificate, every second with its histogram.", report,
         docs_of({{"format", "query",
                   R"({"type":"string","enum":["json","summary","csv","hdr","junit","html"],"default":"json"})",
                   "As k6's summary, a row a second, HdrHistogram's log, JUnit's XML, or a page."}},
                 {200, "application/json", R"({"type":"object"})", "Schema streamgauge-load-run/1."}, true)},
        {Method::Delete, "/api/v1/load/runs/{run_id}", "Remove a load run.", remove,
         docs_of({}, {204, "", "", "It is gone."}, true)},
        {Method::Get, "/api/v1/load/compare",
         "Whether load runs differ: each measure's change with its 95 % interval, or no detectable difference.",
         compare,
         docs_of({{"before", "query", R"({"type":"string"})", "A run's id, or several with commas between.", true},
                  {"after", "query", R"({"type":"string"})", "The same.", true}},
                 {200, "application/json", kComparison, "How they differ."}, true)},
    };
    for (const Row& row : rows) {
        http::Route route{
            row.method, std::string(row.path), http::Scope::Operate, http::Plane::ManagementOnly, 0, row.summary, {}};
        route.handler = [&runs, handler = row.handler](const Request& request, const ReplyPtr& reply) {
            handler(runs, request, reply);
        };
        route.docs = row.docs;
        if (Status added = table.add(std::move(route)); !added.ok()) return added;
    }
    return {};
}

}  // namespace streamgauge
