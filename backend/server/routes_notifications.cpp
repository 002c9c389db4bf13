// SPDX-License-Identifier: GPL-3.0-or-later
// Who is told when an objective burns, over REST: list, put, remove, try.
#include <string>
#include <utility>
#include <vector>

#include "api/json_writer.h"
#include "api/notification_codec.h"
#include "api/notification_service.h"
#include "base/limits.h"
#include "base/log.h"
#include "server/parameters.h"
#include "server/routes.h"

namespace streamgauge {
namespace {

using http::Method;
using http::ReplyPtr;
using http::Request;
using http::Response;

// Targets are for every project.
bool may_not(const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    in.refuse_unknown({});
    if (in.fault()) {
        reply->send(http::problem(*in.fault()));
        return true;
    }
    if (request.principal->every_project) return false;
    reply->send(http::problem(
        Error::make(ErrorCode::Forbidden, "targets are for all projects, and this key or user is of one")));
    return true;
}

std::string asker(const Request& request) {
    return !request.principal->name.empty() ? request.principal->name : request.principal->id;
}

std::string name_in(const Request& request) {
    return request.path_parameters.front().second;
}

void list(api::NotificationService& notifications, const Request& request, const ReplyPtr& reply) {
    if (may_not(request, reply)) return;
    notifications.targets([reply](const Result<std::vector<api::NotificationTargetStatus>>& all) {
        if (!all) return reply->send(http::problem(all.error()));
        api::JsonWriter out;
        out.begin_object().key("targets").begin_array();
        for (const api::NotificationTargetStatus& one : *all) out.raw(api::write_target_status(one));
        out.end_array().end_object();
        reply->send(Response::json(200, out.take()));
    });
}

void find(api::NotificationService& notifications, const Request& request, const ReplyPtr& reply) {
    if (may_not(request, reply)) return;
    notifications.targets(
        [reply, name = name_in(request)](const Result<std::vector<api::NotificationTargetStatus>>& all) {
            if (!all) return reply->send(http::problem(all.error()));
            for (const api::NotificationTargetStatus& one : *all)
                if (one.target.name == name) return reply->send(Response::json(200, api::write_target_status(one)));
            reply->send(http::problem(Error::make(ErrorCode::NotFound, "there is no target " + name)));
        });
}

void put(api::NotificationService& notifications, const Request& request, const ReplyPtr& reply) {
    if (may_not(request, reply)) return;
    Result<api::NotificationTarget> target = api::read_target(request.body, name_in(request));
    if (!target) return reply->send(http::problem(target.error()));
    notifications.put_target(
        std::move(target).value(), [reply, by = asker(request)](const Result<api::NotificationTargetStatus>& done) {
            if (!done) return reply->send(http::problem(done.error()));
            log::info("notification_target", "a target of notifications was set",
                      {{"target", done->target.name}, {"kind", std::string(to_string(done->target.kind))}, {"by", by}});
            reply->send(Response::json(200, api::write_target_status(*done)));
        });
}

void remove(api::NotificationService& notifications, const Request& request, const ReplyPtr& reply) {
    if (may_not(request, reply)) return;
    const std::string name = name_in(request);
    notifications.remove_target(name, [reply, name, by = asker(request)](const Result<bool>& done) {
        if (!done) return reply->send(http::problem(done.error()));
        log::info("notification_target_removed", "a target of notifications was removed",
                  {{"target", name}, {"by", by}});
        reply->send({204, "", {}, {}});
    });
}

void test(api::NotificationService& notifications, const Request& request, const ReplyPtr& reply) {
    if (may_not(request, reply)) return;
    notifications.test_target(name_in(request), [reply](const Result<bool>& done) {
        if (!done) return reply->send(http::problem(done.error()));
        reply->send(Response::json(202, R"({"queued":true})"));
    });
}

// ---- documentation --------------------------------------------------------------------------------------------------
constexpr std::string_view kTargets =
    R"({"type":"object","required":["targets"],"properties":{"targets":{"type":"array","items":{"$ref":"#/components/schemas/NotificationTargetStatus"}}}})";
constexpr std::string_view kQueued =
    R"({"type":"object","required":["queued"],"properties":{"queued":{"const":true}}})";

http::RouteDocs docs_of(std::vector<http::AnswerDoc> answers, bool takes_body = false) {
    http::RouteDocs docs;
    docs.tag = "notifications";
    if (takes_body) {
        docs.body_types = {"application/json"};
        docs.body_schema = "#NotificationTarget";
        docs.examples = {{"webhook", "application/json", R"({"kind":"webhook","url":"http://127.0.0.1:9000/page"})"}};
    }
    docs.answers = std::move(answers);
    docs.answers.push_back({400, "application/problem+json", "#Problem", "`field` names what is wrong."});
    return docs;
}

}  // namespace

Status add_notification_routes(http::RouteTable& table, const RouteServices& services) {
    struct Row {
        Method method;
        std::string_view path, summary;
        void (*handler)(api::NotificationService&, const Request&, const ReplyPtr&);
        http::RouteDocs docs;
    };
    constexpr std::string_view kOne = "/api/v1/notification-targets/{name}";
    const http::AnswerDoc gone{404, "application/problem+json", "#Problem", "There is no such target."};
    const http::AnswerDoc full{409, "application/problem+json", "#Problem", "There are 64 targets."};
    const http::AnswerDoc status{200, "application/json", "#NotificationTargetStatus", "The target."};
    const std::vector<Row> rows{
        {Method::Get, "/api/v1/notification-targets", "Who can be told when an objective burns, and how that goes.",
         list, docs_of({{200, "application/json", kTargets, "By name."}})},
        {Method::Get, kOne, "One target.", find, docs_of({status, gone})},
        {Method::Put, kOne, "Make a target, or put it in place of the one of this name.", put,
         docs_of({status, full}, true)},
        {Method::Delete, kOne, "Remove a target with all that waits for it.", remove,
         docs_of({{204, {}, {}, "It is gone."}, gone})},
        {Method::Post, "/api/v1/notification-targets/{name}/test", "Send a message that says that it is a test.", test,
         docs_of({{202, "application/json", kQueued, "It is on its way: see `delivered` and `failure`."}, gone})},
    };
    for (const Row& row : rows) {
        Status added = table.add({row.method, std::string(row.path), http::Scope::Operate, http::Plane::Both,
                                  row.docs.body_types.empty() ? 0 : limits::kSmallBodyBytes, row.summary,
                                  [&services, handler = row.handler](const Request& request, const ReplyPtr& reply) {
                                      handler(services.notifications, request, reply);
                                  },
                                  nullptr, false, false, row.docs, true});
        if (!added.ok()) return added;
    }
    return {};
}

}  // namespace streamgauge
