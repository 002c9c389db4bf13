// SPDX-License-Identifier: GPL-3.0-or-later
// GET /api/v1/events (A): stored events, newest first.
#include "api/event_search.h"
#include "api/json_writer.h"
#include "base/limits.h"
#include "server/parameters.h"
#include "server/request_metrics.h"
#include "server/routes.h"

namespace streamgauge {

namespace {

// Of a filter in the address of a request, which has little room: longer ones go into a question (POST /api/v1/query).
constexpr std::size_t kFilterInAddressBytes = 2048;

using http::ReplyPtr;
using http::Request;
using http::Response;

constexpr int kEvents = 1'000;
constexpr std::string_view kPropsPrefix = "props.";

void write_event(api::JsonWriter& json, const api::StoredEvent& event) {
    json.begin_object().key("id").unsigned_integer(event.id).key("project").string(event.project);
    json.key("eventId").string(event.event_id).key("eventType").string(event.event_type);
    json.key("userId").string(event.user_id).key("sessionId").string(event.session_id);
    json.key("pageUrl").string(event.page_url);
    json.key("occurredAt").string(format_rfc3339(event.occurred_at));
    json.key("receivedAt").string(format_rfc3339(event.received_at));
    json.key("schemaVersion").integer(event.schema_version);
    json.key("bot").boolean(event.bot).key("offSchema").boolean(event.off_schema);
    json.key("props").raw(event.props).end_object();
}

// The same question with another cursor, as a reference relative to this server.
std::string next_target(std::string_view path, std::string_view query, Offset cursor) {
    std::string target(path);
    target += '?';
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        if (pair.empty() || pair.substr(0, pair.find('=')) == "cursor") continue;
        for (const char c : pair) {
            // What would end the reference, or the header.
            constexpr std::string_view kHex = "0123456789ABCDEF";
            const auto byte = static_cast<unsigned char>(c);
            if (byte > ' ' && byte < 0x7F && c != '<' && c != '>' && c != '"') {
                target += c;
            } else {
                target += '%';
                target += kHex[byte >> 4];
                target += kHex[byte & 15];
            }
        }
        target += '&';
    }
    return target + "cursor=" + std::to_string(cursor);
}

void events(const RouteServices& services, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    api::EventFilter filter;
    const auto limit = static_cast<std::size_t>(in.integer("limit", 100, 1, kEvents));
    const std::optional<Offset> cursor = in.number("cursor");
    filter.from = in.time("from");
    filter.to = in.time("to");
    filter.event_id = in.text("event_id", limits::kEventIdBytes);
    filter.event_type = in.text("event_type", limits::kEventTypeBytes);
    filter.user_id = in.text("user_id", limits::kUserIdBytes);
    filter.session_id = in.text("session_id", limits::kSessionIdBytes);
    filter.page_url = in.text("page_url", limits::kPageUrlBytes);
    filter.bot = in.truth("bot");
    filter.project = in.text("project", limits::kEventIdBytes);
    const std::string where = in.text("filter", kFilterInAddressBytes);
    filter.props = in.with_prefix(kPropsPrefix, limits::kTargetBytes);
    services.requests.ignored_parameters(in.unknown({"limit", "cursor", "from", "to", "event_id", "event_type",
                                                     "user_id", "session_id", "page_url", "bot", "project", "filter"},
                                                    kPropsPrefix));
    if (in.fault()) return reply->send(http::problem(*in.fault()));
    auto parsed = filter_parameter(where);
    if (!parsed.ok()) return reply->send(http::problem(parsed.error()));
    filter.where = std::move(parsed).value();
    if (!request.principal->every_project) {
        if (!filter.project.empty() && filter.project != request.principal->project)
            return reply->send(http::problem(Error::make(ErrorCode::Forbidden, "this key or user is of one project")));
        filter.project = request.principal->project;
    }
    services.events.find(
        std::move(filter), cursor, limit,
        [reply, path = std::string(request.path), query = std::string(request.query)](Result<api::EventPage> found) {
            if (!found.ok()) return reply->send(http::problem(found.error()));
            api::JsonWriter json;
            json.begin_array();
            for (const api::StoredEvent& event : found->events) write_event(json, event);
            json.end_array();
            Response response = Response::json(200, json.take());
            if (found->cursor) {
                response.headers.emplace_back("Link",
                                              "<" + next_target(path, query, *found->cursor) + ">; rel=\"next\"");
                response.headers.emplace_back("Streamgauge-Cursor", std::to_string(*found->cursor));
            }
            if (!found->exhausted) response.headers.emplace_back("Streamgauge-Search", "unfinished");
            reply->send(std::move(response));
        });
}

http::RouteDocs docs() {
    constexpr std::string_view kTime = "#EventTime";
    constexpr std::string_view kText = R"({"type":"string"})";
    http::RouteDocs docs;
    docs.tag = "queries";
    docs.parameters = {
        {"limit", "query", R"({"type":"integer","minimum":1,"maximum":1000,"default":100})", "Most events."},
        {"cursor", "query", R"({"type":"integer","minimum":0})",
         "Where to go on: Streamgauge-Cursor of the answer before."},
        {"from", "query", kTime, "Events that occurred then or later."},
        {"to", "query", kTime, "Events that occurred before."},
        {"event_id", "query", kText, "Exactly this id."},
        {"event_type", "query", kText, "Exactly this type."},
        {"user_id", "query", kText, "Exactly this user."},
        {"session_id", "query", kText, "Exactly this session."},
        {"page_url", "query", kText, "Exactly this page."},
        {"bot", "query", R"({"type":"string","enum":["true","false"]})", "Only those of robots, or none of them."},
        {"filter", "query", R"({"type":"string","maxLength":2048})",
         "Only those that match, in the filter language: event_type = purchase and props.amount > 100."},
        {"project", "query", kText, "Events of this project; the caller's own when it is confined to one."},
    };
    docs.answers = {{200, "application/json",
                     R"({"type":"array","items":{"type":"object","required":["id","project","eventId","eventType",)"
                     R"("userId","sessionId","pageUrl","occurredAt","receivedAt","schemaVersion","bot","offSchema",)"
                     R"("props"],"properties":{"id":{"type":"integer"},"project":{"type":"string"},)"
                     R"("eventId":{"type":"string"},"eventType":{"type":"string"},"userId":{"type":"string"},)"
                     R"("sessionId":{"type":"string"},"pageUrl":{"type":"string"},)"
                     R"("occurredAt":{"type":"string","format":"date-time"},)"
                     R"("receivedAt":{"type":"string","format":"date-time"},"schemaVersion":{"type":"integer"},)"
                     R"("bot":{"type":"boolean"},"offSchema":{"type":"boolean"},"props":{"type":"object"}}}})",
                     "The newest first. Also props.NAME=VALUE filters, by a member of props as text. Link and "
                     "Streamgauge-Cursor say where to go on; Streamgauge-Search: unfinished, that this question ended "
                     "early."},
                    {400, "application/problem+json", "",
                     "A parameter is wrong; `field` names it, and of a filter `offset` the byte at fault."}};
    return docs;
}

}  // namespace

Status add_event_routes(http::RouteTable& table, const RouteServices& services) {
    return table.add({http::Method::Get, "/api/v1/events", http::Scope::Query, http::Plane::Both, 0,
                      "Stored events, newest first, by filters on any field.",
                      [&services](const Request& request, const ReplyPtr& reply) { events(services, request, reply); },
                      nullptr, false, false, docs(), true});
}

}  // namespace streamgauge
