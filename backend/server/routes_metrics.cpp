// SPDX-License-Identifier: GPL-3.0-or-later
// Declared metrics over REST: list, add, change, remove, give a backfill up, try out.
#include <string>
#include <utility>
#include <vector>

#include "api/json_writer.h"
#include "api/metric_codec.h"
#include "api/metric_service.h"
#include "base/log.h"
#include "metrics/definition_text.h"
#include "server/parameters.h"
#include "server/route_rows.h"
#include "server/routes.h"

namespace streamgauge {

namespace {

using api::JsonWriter;
using api::MetricService;
using api::MetricStatus;
using http::Method;
using http::ReplyPtr;
using http::Request;
using http::Response;

bool refused(const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    in.refuse_unknown({});
    if (in.fault()) reply->send(http::problem(*in.fault()));
    return in.fault().has_value();
}

// Metrics are the same for every project.
bool may_not_change(const Request& request, const ReplyPtr& reply) {
    if (refused(request, reply)) return true;
    if (request.principal->every_project) return false;
    reply->send(
        http::problem(Error::make(ErrorCode::Forbidden, "metrics are for all projects, and this key is of one: " +
                                                            std::string(request.principal->project))));
    return true;
}

std::string asker(const Request& request) {
    return !request.principal->name.empty() ? request.principal->name : request.principal->id;
}

std::string name_of(const Request& request) {
    for (const auto& [name, value] : request.path_parameters)
        if (name == "name") return value;
    return {};
}

void list(MetricService& metrics, const Request& request, const ReplyPtr& reply) {
    if (refused(request, reply)) return;
    metrics.list([reply](const Result<std::vector<MetricStatus>>& all) {
        if (!all) return reply->send(http::problem(all.error()));
        JsonWriter out;
        out.begin_object().key("metrics").begin_array();
        for (const MetricStatus& one : *all) out.raw(api::write_status(one));
        out.end_array().end_object();
        reply->send(Response::json(200, out.take()));
    });
}

void find(MetricService& metrics, const Request& request, const ReplyPtr& reply) {
    if (refused(request, reply)) return;
    metrics.list([reply, name = name_of(request)](const Result<std::vector<MetricStatus>>& all) {
        if (!all) return reply->send(http::problem(all.error()));
        for (const MetricStatus& one : *all)
            if (one.definition.name == name) return reply->send(Response::json(200, api::write_status(one)));
        reply->send(http::problem(Error::make(ErrorCode::NotFound, "there is no metric " + name)));
    });
}

// 200 where nothing is to be filled, 202 where that has begun.
void put_definition(MetricService& metrics, const Request& request, const ReplyPtr& reply, const std::string& name) {
    if (may_not_change(request, reply)) return;
    Result<MetricDefinition> definition = api::read_definition(request.body, name);
    if (!definition) return reply->send(http::problem(definition.error()));
    metrics.put(std::move(definition).value(), [reply, by = asker(request)](const Result<MetricStatus>& done) {
        if (!done) return reply->send(http::problem(done.error()));
        log::info("metric_declared", "a metric was declared or changed",
                  {{"metric", done->definition.name},
                   {"id", std::to_string(done->definition.id)},
                   {"aggregate", aggregate_text(done->definition)},
                   {"by", by}});
        reply->send(Response::json(done->backfill ? 202 : 200, api::write_status(*done)));
    });
}

void put(MetricService& metrics, const Request& request, const ReplyPtr& reply) {
    put_definition(metrics, request, reply, name_of(request));
}

void post(MetricService& metrics, const Request& request, const ReplyPtr& reply) {
    put_definition(metrics, request, reply, {});
}

void validate(MetricService& metrics, const Request& request, const ReplyPtr& reply) {
    if (may_not_change(request, reply)) return;
    Result<MetricDefinition> definition = api::read_definition(request.body);
    if (!definition) return reply->send(http::problem(definition.error()));
    metrics.try_put(std::move(definition).value(), [reply](const Result<MetricStatus>& done) {
        if (!done) return reply->send(http::problem(done.error()));
        JsonWriter out;
        out.begin_object().key("definition").raw(api::write_definition(done->definition)).end_object();
        reply->send(Response::json(200, out.take()));
    });
}

void remove(MetricService& metrics, const Request& request, const ReplyPtr& reply) {
    if (may_not_change(request, reply)) return;
    const std::string name = name_of(request);
    metrics.remove(name, [reply, name, by = asker(request)](const Result<bool>& done) {
        if (!done) return reply->send(http::problem(done.error()));
        log::info("metric_removed", "a metric was removed", {{"metric", name}, {"by", by}});
        reply->send({204, "", {}, {}});
    });
}

void cancel(MetricService& metrics, const Request& request, const ReplyPtr& reply) {
    if (may_not_change(request, reply)) return;
    const std::string name = name_of(request);
    metrics.cancel_backfill(name, [reply, name, by = asker(request)](const Result<bool>& done) {
        if (!done) return reply->send(http::problem(done.error()));
        log::info("backfill_cancelled", "the backfill of a metric was given up", {{"metric", name}, {"by", by}});
        reply->send({204, "", {}, {}});
    });
}

void retry(MetricService& metrics, const Request& request, const ReplyPtr& reply) {
    if (may_not_change(request, reply)) return;
    metrics.retry_backfill(name_of(request), [reply, by = asker(request)](const Result<MetricStatus>& done) {
        if (!done) return reply->send(http::problem(done.error()));
        log::info("backfill_retried", "the backfill of a metric was asked for again",
                  {{"metric", done->definition.name}, {"by", by}});
        reply->send(Response::json(done->backfill ? 202 : 200, api::write_status(*done)));
    });
}

// ---- documentation --------------------------------------------------------------------------------------------------
constexpr std::string_view kMetricsOut =
    R"({"type":"object","required":["metrics"],"properties":{"metrics":{"type":"array","items":{"$ref":"#/components/schemas/MetricStatus"}}}})";
constexpr std::string_view kValidated =
    R"({"type":"object","required":["definition"],"properties":{"definition":{"$ref":"#/components/schemas/MetricDefinition"}}})";
constexpr std::string_view kExample =
    R"j({"name":"revenue","unit":"USD","where":"event_type = purchase","window":"1m","group_by":["props.currency"],"aggregate":"sum(props.amount_usd)"
})j";
constexpr std::string_view kNamedExample =
    R"j({"where":"event_type = login","window":"1d","timezone":"Asia/Kolkata","aggregate":"distinct(user_id)","exact_budget":100000
})j";

http::AnswerDoc bad(int status, std::string_view summary) {
    return {status, "application/problem+json", "#Problem", summary};
}

http::RouteDocs docs_of(bool takes_body, std::vector<http::AnswerDoc> answers) {
    http::RouteDocs docs;
    docs.tag = "metrics";
    if (takes_body) {
        docs.body_types = {"application/json"};
        docs.body_schema = "#MetricDefinition";
    }
    docs.answers = std::move(answers);
    docs.answers.push_back(
        bad(400, "The definition is wrong: `field` names the member, `offset` the byte in its text."));
    return docs;
}

}  // namespace

Status add_metric_routes(http::RouteTable& table, const RouteServices& services) {
    struct Row {
        Method method;
        std::string_view path, summary;
        http::Scope scope;
        void (*handler)(MetricService&, const Request&, const ReplyPtr&);
        http::RouteDocs docs;
    };
    const http::AnswerDoc gone = bad(404, "There is no such metric, or nothing is being filled for it.");
    const http::AnswerDoc fixed = bad(409, "It is built in, or declared in the server's file of metrics.");
    const http::AnswerDoc full = bad(413, "More values are to be kept exactly than metrics.exact_budget has left.");
    const http::AnswerDoc done{200, "application/json", "#MetricStatus", "It is so; nothing has to be filled."};
    const http::AnswerDoc begun{202, "application/json", "#MetricStatus",
                                "It is durable, and is being filled from the journal: see `backfill`."};
    const http::AnswerDoc none = bad(404, "There is no such metric.");
    const http::AnswerDoc retried{202, "application/json", "#MetricStatus",
                                  "It is being filled from the journal, or waits for its turn: see `backfill`."};
    http::RouteDocs putting = docs_of(true, {done, begun, fixed, full});
    putting.examples = {{"logins-by-day", "application/json", kNamedExample}};
    http::RouteDocs posting = docs_of(true, {done, begun, fixed, full});
    posting.examples = {{"revenue", "application/json", kExample}};
    http::RouteDocs trying = docs_of(
        true, {{200, "application/json", kValidated, "It would be taken: as it would be kept. Nothing is changed."},
               fixed,
               full});
    trying.examples = posting.examples;
    constexpr std::string_view kOne = "/api/v1/metrics/{name}";
    const std::vector<Row> rows{
        {Method::Get, "/api/v1/metrics", "Metrics: built in, of the server's file, and declared here.",
         http::Scope::Query, list,
         docs_of(false, {{200, "application/json", kMetricsOut, "By name, with what is being filled."}})},
        {Method::Post, "/api/v1/metrics", "Declare a metric, or put it in place of the one of its name.",
         http::Scope::Operate, post, posting},
        {Method::Post, "/api/v1/metrics/validate", "Try a definition out.", http::Scope::Operate, validate, trying},
        {Method::Get, kOne, "One metric.", http::Scope::Query, find,
         docs_of(false, {{200, "application/json", "#MetricStatus", "The metric."}, gone})},
        {Method::Put, kOne, "Declare a metric, or put it in place of the one of this name.", http::Scope::Operate, put,
         putting},
        {Method::Delete, kOne, "Remove a metric with all that it holds.", http::Scope::Operate, remove,
         docs_of(false, {{204, {}, {}, "It is gone."}, gone, fixed})},
        {Method::Delete, "/api/v1/metrics/{name}/backfill",
         "Give a backfill up: a new metric is removed, a changed one stays as it was.", http::Scope::Operate, cancel,
         docs_of(false, {{204, {}, {}, "It is given up."}, gone, fixed})},
        {Method::Post, "/api/v1/metrics/{name}/backfill",
         "Try a backfill that has failed again, now: of any other metric it changes nothing.", http::Scope::Operate,
         retry, docs_of(false, {done, retried, none})},
    };
    for (const Row& row : rows) {
        const bool takes_body = !row.docs.body_types.empty();
        // What there is is the same for every project.
        if (Status added = add_row(table, row, row.scope, takes_body ? api::kDefinitionBytes : 0, services.metrics);
            !added.ok())
            return added;
    }
    return {};
}

}  // namespace streamgauge
