// SPDX-License-Identifier: GPL-3.0-or-later
// Marks on the time axis over REST: add, list, remove.
#include <string>
#include <utility>
#include <vector>

#include "api/annotation_codec.h"
#include "api/annotation_service.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/time_text.h"
#include "server/parameters.h"
#include "server/routes.h"

namespace streamgauge {
namespace {

using http::Method;
using http::ReplyPtr;
using http::Request;
using http::Response;

constexpr std::size_t kTimeBytes = 64;
constexpr int kMostListed = 1'000;
constexpr int kListed = 200;

std::string asker(const Request& request) {
    return !request.principal->name.empty() ? request.principal->name : request.principal->id;
}

// Of a caller that is confined to one project that one, and Forbidden for another.
Result<std::string> project_asked(const Request& request, std::string named) {
    if (request.principal->every_project) return named;
    if (!named.empty() && named != request.principal->project)
        return Error::make(ErrorCode::Forbidden, "this key or user is of one project");
    return request.principal->project;
}

void add(const RouteServices& services, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    in.refuse_unknown({});
    if (in.fault()) return reply->send(http::problem(*in.fault()));
    Result<api::Annotation> asked = api::read_new_annotation(request.body, services.clock.now());
    if (!asked) return reply->send(http::problem(asked.error()));
    Result<std::string> project = project_asked(request, asked->project);
    if (!project) return reply->send(http::problem(project.error()));
    asked->project = std::move(project).value();
    asked->by = asker(request);
    services.annotations.add(std::move(asked).value(), [reply](const Result<api::Annotation>& done) {
        if (!done) return reply->send(http::problem(done.error()));
        log::info("annotation_added", "a mark was set on the time axis",
                  {{"id", done->id}, {"kind", done->kind}, {"by", done->by}});
        Response answer = Response::json(201, api::encode(*done));
        answer.headers.emplace_back("Location", "/api/v1/annotations/" + done->id);
        reply->send(std::move(answer));
    });
}

void list(const RouteServices& services, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    in.refuse_unknown({"from", "to", "limit", "project"});
    const Timestamp now = services.clock.now();
    const auto instant = [&](std::string_view name, std::string_view fallback) {
        const std::string text = in.text(name, kTimeBytes);
        const Result<Timestamp> read = parse_instant(text.empty() ? fallback : text, now);
        if (read) return *read;
        in.refuse(name, read.error().message);
        return now;
    };
    const query::TimeRange range{instant("from", "-24h"), instant("to", "now")};
    const int limit = in.integer("limit", kListed, 1, kMostListed);
    Result<std::string> project = project_asked(request, in.text("project", limits::kEventTypeBytes));
    if (in.fault()) return reply->send(http::problem(*in.fault()));
    if (!project) return reply->send(http::problem(project.error()));
    services.annotations.list(
        std::move(project).value(), range, static_cast<std::size_t>(limit),
        [reply](const Result<std::vector<api::Annotation>>& all) {
            reply->send(all ? Response::json(200, api::encode(*all)) : http::problem(all.error()));
        });
}

void remove(const RouteServices& services, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    in.refuse_unknown({});
    if (in.fault()) return reply->send(http::problem(*in.fault()));
    Result<std::string> project = project_asked(request, {});
    const std::string id = request.path_parameters.front().second;
    services.annotations.remove(
        std::move(project).value(), id, [reply, id, by = asker(request)](const Result<bool>& done) {
            if (!done) return reply->send(http::problem(done.error()));
            log::info("annotation_removed", "a mark was taken off the time axis", {{"id", id}, {"by", by}});
            reply->send({204, "", {}, {}});
        });
}

// ---- documentation --------------------------------------------------------------------------------------------------
constexpr std::string_view kList =
    R"({"type":"object","required":["annotations"],"properties":{"annotations":{"type":"array","items":{"$ref":"#/components/schemas/Annotation"}}}})";

http::RouteDocs docs_of(std::vector<http::AnswerDoc> answers) {
    http::RouteDocs docs;
    docs.tag = "annotations";
    docs.answers = std::move(answers);
    docs.answers.push_back({400, "application/problem+json", "#Problem", "`field` names what is wrong."});
    return docs;
}

http::RouteDocs add_docs() {
    http::RouteDocs docs = docs_of({{201, "application/json", "#Annotation", "It is durable."}});
    docs.body_types = {"application/json"};
    docs.body_schema = "#NewAnnotation";
    docs.examples = {{"deploy", "application/json", R"({"kind":"deploy","text":"checkout 2.3.1","tags":["eu"]})"}};
    return docs;
}

http::RouteDocs list_docs() {
    http::RouteDocs docs = docs_of(
        {{200, "application/json", kList, "Those that touch the range, oldest first; of too many the newest."}});
    docs.parameters = {
        {"from", "query", R"({"type":"string","default":"-24h"})", "RFC 3339, a date, -15m, or since 1970."},
        {"to", "query", R"({"type":"string","default":"now"})", "The end, not included."},
        {"limit", "query", R"({"type":"integer","minimum":1,"maximum":1000,"default":200})", "Most of them."},
        {"project", "query", R"({"type":"string"})",
         "Its own and those of all; the caller's own when it is confined to one. Otherwise every one."},
    };
    return docs;
}

}  // namespace

Status add_annotation_routes(http::RouteTable& table, const RouteServices& services) {
    struct Row {
        Method method;
        std::string_view path, summary;
        http::Scope scope;
        std::size_t body_limit;
        void (*handler)(const RouteServices&, const Request&, const ReplyPtr&);
        http::RouteDocs docs;
    };
    const std::vector<Row> rows{
        {Method::Post, "/api/v1/annotations", "Mark a deploy, a fault or anything else on the time axis.",
         http::Scope::Operate, limits::kSmallBodyBytes, add, add_docs()},
        {Method::Get, "/api/v1/annotations", "What is marked on the time axis.", http::Scope::Query, 0, list,
         list_docs()},
        {Method::Delete, "/api/v1/annotations/{id}", "Take a mark off the time axis.", http::Scope::Operate, 0, remove,
         docs_of({{204, {}, {}, "It is gone."},
                  {404, "application/problem+json", "#Problem", "There is no such annotation."}})},
    };
    for (const Row& row : rows) {
        Status added =
            table.add({row.method, std::string(row.path), row.scope, http::Plane::Both, row.body_limit, row.summary,
                       [&services, handler = row.handler](const Request& request, const ReplyPtr& reply) {
                           handler(services, request, reply);
                       },
                       nullptr, false, false, row.docs, true});
        if (!added.ok()) return added;
    }
    return {};
}

}  // namespace streamgauge
