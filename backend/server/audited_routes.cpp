// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/audited_routes.h"

#include <memory>
#include <utility>

#include "api/json_writer.h"
#include "base/time.h"
#include "server/audited_load.h"
#include "server/parameters.h"

namespace streamgauge {

namespace {

using http::Method;
using http::Scope;

std::string who(const http::Request& request) {
    const auth::Principal& asker = *request.principal;
    switch (asker.kind) {
        case auth::Principal::Kind::Anonymous:
            return "nobody known";
        case auth::Principal::Kind::Key:
            return "key " + asker.id + (asker.name.empty() ? std::string() : " (" + asker.name + ")");
        case auth::Principal::Kind::User:
            return "user " + asker.name;
        case auth::Principal::Kind::Console:
            return "console";
    }
    return {};
}

// Sends when the log has the action.
class AuditedReply final : public http::Reply {
public:
    AuditedReply(http::ReplyPtr inner, api::AuditLog& log, const Clock& clock, api::AuditedAction action)
        : inner_(std::move(inner)), log_(log), clock_(clock), action_(std::move(action)) {}

    void send(http::Response response) override {
        action_.at = clock_.now();
        action_.status = response.status;
        auto kept = std::make_shared<http::Response>(std::move(response));
        log_.record(std::move(action_), [inner = inner_, kept] { inner->send(std::move(*kept)); });
    }
    std::shared_ptr<http::Stream> stream() override { return inner_->stream(); }

private:
    const http::ReplyPtr inner_;
    api::AuditLog& log_;
    const Clock& clock_;
    api::AuditedAction action_;
};

void list(api::AuditLog& log, const http::Request& request, const http::ReplyPtr& reply) {
    Parameters in(request);
    const std::optional<std::uint64_t> before = in.number("before");
    const int limit = in.integer("limit", 100, 1, static_cast<int>(api::AuditLog::kMostListed));
    in.refuse_unknown({"before", "limit"});
    if (in.fault()) return reply->send(http::problem(*in.fault()));
    log.list(before, static_cast<std::size_t>(limit), [reply](const Result<std::vector<api::AuditedAction>>& found) {
        if (!found.ok()) return reply->send(http::problem(found.error()));
        api::JsonWriter out;
        out.begin_object().key("actions").begin_array();
        for (const api::AuditedAction& one : *found) {
            out.begin_object().key("id").unsigned_integer(one.id).key("at").string(format_rfc3339(one.at));
            out.key("by").string(one.by).key("address").string(one.address).key("action").string(one.action);
            out.key("status").integer(one.status).key("detail").string(one.detail).end_object();
        }
        out.end_array().end_object();
        reply->send(http::Response::json(200, out.take()));
    });
}

constexpr std::string_view kActions =
    R"({"type":"object","required":["actions"],"properties":{"actions":{"type":"array","items":{"type":"object","required":["id","at","by","address","action","status","detail"],"properties":{"id":{"type":"integer"},"at":{"type":"string","format":"date-time"},"by":{"type":"string"},"address":{"type":"string"},"action":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"}}}}}})";

}  // namespace

http::Handler audited(const http::Route& route, http::Handler handler, api::AuditLog& log, const Clock& clock) {
    if ((route.scope != Scope::Operate && route.scope != Scope::Admin) || route.method == Method::Get) return handler;
    // Other bodies may hold passwords and events.
    const bool of_load = route.docs.tag == "load";
    std::string method(http::to_string(route.method));
    return [&log, &clock, of_load, method = std::move(method), handler = std::move(handler)](
               const http::Request& request, const http::ReplyPtr& reply) {
        api::AuditedAction action;
        action.by = who(request);
        action.address = request.remote_address;
        action.action = method + " " + std::string(request.path);
        if (of_load) action.detail = audited_load(request.body).substr(0, api::AuditLog::kDetailBytes);
        handler(request, std::make_shared<AuditedReply>(reply, log, clock, std::move(action)));
    };
}

Status add_audit_log_route(http::RouteTable& table, api::AuditLog& log) {
    http::RouteDocs docs;
    docs.tag = "access";
    docs.parameters = {
        {"before", "query", R"({"type":"integer","minimum":1})", "Only actions with a smaller id."},
        {"limit", "query", R"({"type":"integer","minimum":1,"maximum":1000,"default":100})", "How many."}};
    docs.answers = {{200, "application/json", kActions, "Newest first."}};
    return table.add({Method::Get, "/api/v1/audit-log", Scope::Admin, http::Plane::Both, 0,
                      "Who did what to the server: changes of access, metrics and schemas, dead letters, load runs.",
                      [&log](const http::Request& request, const http::ReplyPtr& reply) { list(log, request, reply); },
                      nullptr, false, false, std::move(docs)});
}

}  // namespace streamgauge
