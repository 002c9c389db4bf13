// SPDX-License-Identifier: GPL-3.0-or-later
// The questions of the contract's section 3, in the forms of C, D and E.
#include <nlohmann/json.hpp>

#include "api/json_writer.h"
#include "base/limits.h"
#include "http/text.h"
#include "server/exposition.h"
#include "server/gate.h"
#include "server/parameters.h"
#include "server/request_metrics.h"
#include "server/route_rows.h"
#include "server/routes.h"

namespace streamgauge {

namespace {

using api::JsonWriter;
using http::Method;
using http::ReplyPtr;
using http::Request;
using http::Response;

constexpr int kWindowMinutes = 60;      // how far the sliding windows reach
constexpr int kStreamMinutes = 10'080;  // how far the minutes of streams reach: seven days
constexpr int kRows = 1'000;

// Answers with the fault when there is one; counts parameters that the route does not know.
bool refused(const RouteServices& services, const Parameters& parameters, const ReplyPtr& reply,
             std::initializer_list<std::string_view> known) {
    if (const std::size_t unknown = parameters.unknown(known); unknown != 0)
        services.requests.ignored_parameters(unknown);
    if (!parameters.fault()) return false;
    reply->send(http::problem(*parameters.fault()));
    return true;
}

// The project that the question is about; empty: all of them, for callers who may see them.
std::string asked_project(Parameters& in, const Request& request) {
    std::string project = in.text("project", limits::kEventIdBytes);
    const auth::Principal& principal = *request.principal;
    if (principal.every_project) return project;
    if (!project.empty() && project != principal.project) in.refuse("project", "is not yours");
    return principal.project;
}

// A callback that answers with `render(value)`, or with the problem.
template <class T, class Render>
api::Done<T> answer_with(const ReplyPtr& reply, Render render) {
    return [reply, render](Result<T> result) {
        if (!result.ok()) return reply->send(http::problem(result.error()));
        JsonWriter json;
        render(json, *result);
        reply->send(Response::json(200, json.take()));
    };
}

void write_rows(JsonWriter& json, const std::vector<api::StreamMinute>& rows) {
    json.key("rows").begin_array();
    for (const api::StreamMinute& row : rows) {
        json.begin_object().key("window_start").string(format_rfc3339(row.window_start));
        json.key("stream_id").string(row.stream_id).key("active_viewers").integer(row.active_viewers);
        json.key("chat_messages").unsigned_integer(row.chat_messages);
        json.key("donations_usd").hundredths(row.donations_cents).end_object();
    }
    json.end_array();
}

void only_rows(JsonWriter& json, const std::vector<api::StreamMinute>& rows) {
    json.begin_object();
    write_rows(json, rows);
    json.end_object();
}

// ---- C --------------------------------------------------------------------------------------------------------------
void active_users(const RouteServices& s, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    const int minutes = in.integer("minutes", 5, 1, kWindowMinutes);
    std::string project = asked_project(in, request);
    if (refused(s, in, reply, {"minutes", "project"})) return;
    s.query.active_users(std::move(project), minutes,
                         answer_with<api::ActiveUsers>(reply, [](JsonWriter& json, const api::ActiveUsers& out) {
                             json.begin_object().key("active_users").unsigned_integer(out.active_users);
                             if (out.relative_error > 0)
                                 json.key("exact").boolean(false).key("relative_error").number(out.relative_error);
                             json.end_object();
                         }));
}

void top_pages(const RouteServices& s, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    const int minutes = in.integer("minutes", 15, 1, kWindowMinutes);
    const int limit = in.integer("limit", 10, 1, kRows);
    std::string project = asked_project(in, request);
    if (refused(s, in, reply, {"minutes", "limit", "project"})) return;
    s.query.top_pages(
        std::move(project), minutes, limit,
        answer_with<api::TopPages>(reply, [](JsonWriter& json, const api::TopPages& out) {
            json.begin_object().key("top_pages").begin_array();
            for (const api::NamedCount& page : out.pages) {
                json.begin_object().key("page").string(page.name);
                json.key("views").unsigned_integer(page.count).end_object();
            }
            json.end_array();
            if (out.missing_at_most > 0)
                json.key("exact").boolean(false).key("missing_at_most").unsigned_integer(out.missing_at_most);
            json.end_object();
        }));
}

void active_sessions(const RouteServices& s, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    std::string user = in.required_text("user_id", limits::kUserIdBytes);
    std::string project = asked_project(in, request);
    if (refused(s, in, reply, {"user_id", "project"})) return;
    s.query.active_sessions(
        std::move(project), std::move(user),
        answer_with<api::ActiveSessions>(reply, [](JsonWriter& json, const api::ActiveSessions& out) {
            json.begin_object().key("active_sessions").begin_array();
            for (const std::string& session : out.sessions) json.string(session);
            json.end_array().end_object();
        }));
}

// ---- D --------------------------------------------------------------------------------------------------------------
struct Pair {
    std::string user_id, page_url;
};

Result<Pair> pair_from_body(std::string_view body) {
    const auto document = nlohmann::json::parse(body.begin(), body.end(), nullptr, false);
    if (document.is_discarded()) return Error::make(ErrorCode::InvalidArgument, "the body is not valid JSON");
    Pair pair;
    struct Member {
        const char* name;
        std::string& out;
        std::size_t max_bytes;
    };
    for (const Member& member : {Member{"user_id", pair.user_id, limits::kUserIdBytes},
                                 Member{"page_url", pair.page_url, limits::kPageUrlBytes}}) {
        const std::string name = member.name;
        if (!document.is_object() || !document.contains(name) || !document[name].is_string()) {
            return Error{ErrorCode::InvalidArgument, "the body must be an object with the text " + name, name, {}, {}};
        }
        member.out = document[name].get<std::string>();
        if (member.out.empty() || member.out.size() > member.max_bytes) {
            return Error{ErrorCode::InvalidArgument,
                         name + " must have 1 to " + std::to_string(member.max_bytes) + " bytes",
                         name,
                         {},
                         {}};
        }
    }
    return pair;
}

void pair_count(const RouteServices& s, const Request& request, const ReplyPtr& reply) {
    Pair pair;
    Parameters in(request);
    std::string project = asked_project(in, request);
    if (!http::trim(request.body).empty()) {
        auto read = pair_from_body(request.body);
        if (!read.ok()) return reply->send(http::problem(read.error()));
        pair = std::move(read).value();
        if (refused(s, in, reply, {"project"})) return;
    } else {
        pair.user_id = in.required_text("user_id", limits::kUserIdBytes);
        pair.page_url = in.required_text("page_url", limits::kPageUrlBytes);
        if (refused(s, in, reply, {"user_id", "page_url", "project"})) return;
    }
    s.query.pair_count(std::move(project), std::move(pair.user_id), std::move(pair.page_url),
                       answer_with<api::PairCount>(reply, [](JsonWriter& json, const api::PairCount& out) {
                           json.begin_object().key("user_id").string(out.user_id).key("page_url").string(out.page_url);
                           json.key("count").unsigned_integer(out.count).end_object();
                       }));
}

// ---- E --------------------------------------------------------------------------------------------------------------
// Prometheus names its formats with their version; a browser or a plain client does not.
bool is_scrape(std::string_view accept) {
    return accept.find("application/openmetrics-text") != std::string_view::npos ||
           (accept.find("text/plain") != std::string_view::npos &&
            accept.find("version=0.0.4") != std::string_view::npos);
}

void stream_minutes(const RouteServices& s, const Request& request, const ReplyPtr& reply) {
    if (is_scrape(request.header("Accept"))) {
        const Status seen = s.gate.may_see_all(*request.principal);  // its series are the server's
        return seen.ok() ? answer_exposition(s, reply) : reply->send(http::problem(seen.error()));
    }
    Parameters in(request);
    const int minutes = in.integer("minutes", 10, 1, kStreamMinutes);
    const int limit = in.integer("limit", 50, 1, kRows);
    std::string project = asked_project(in, request);
    if (refused(s, in, reply, {"minutes", "limit", "project"})) return;
    using Rows = std::vector<api::StreamMinute>;
    s.query.stream_minutes(std::move(project), minutes, limit,
                           answer_with<Rows>(reply, [](JsonWriter& json, const Rows& rows) {
                               json.begin_object().key("latest_window_start");
                               if (rows.empty()) {
                                   json.null();
                               } else {
                                   json.string(format_rfc3339(rows.front().window_start));
                               }
                               write_rows(json, rows);
                               json.end_object();
                           }));
}

void latest_streams(const RouteServices& s, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    std::string project = asked_project(in, request);
    if (refused(s, in, reply, {"project"})) return;
    s.query.latest_streams(std::move(project), answer_with<std::vector<api::StreamMinute>>(reply, only_rows));
}

void top_streams(const RouteServices& s, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    const int minutes = in.integer("minutes", 10, 1, kStreamMinutes);
    const int limit = in.integer("limit", 5, 1, kRows);
    const int n = in.integer("n", limit, 1, kRows);
    const auto by = static_cast<api::StreamOrder>(in.word("by", {"active_viewers", "chat_messages", "donations_usd"}));
    std::string project = asked_project(in, request);
    if (refused(s, in, reply, {"minutes", "n", "limit", "by", "project"})) return;
    s.query.top_streams(std::move(project), minutes, by, n,
                        answer_with<std::vector<api::StreamMinute>>(reply, only_rows));
}

// ---- what the documentation says of them ----------------------------------------------------------------------------
http::RouteDocs docs_of(std::string_view schema, std::vector<http::ParameterDoc> parameters) {
    http::RouteDocs docs;
    docs.tag = "queries";
    docs.parameters = std::move(parameters);
    docs.parameters.push_back(
        {"project", "query", R"({"type":"string"})",
         "About this project; without it about all, or the caller's own when it is confined to one.", false});
    docs.answers = {{200, "application/json", schema, {}}};
    return docs;
}

http::RouteDocs pair_docs() {
    http::RouteDocs docs = docs_of(
        "#PairCount",
        {{"user_id", "query", R"({"type":"string","minLength":1,"maxLength":256})", "Unless it is in the body.", false},
         {"page_url", "query", R"({"type":"string","minLength":1,"maxLength":2048})", "Unless it is in the body.",
          false}});
    docs.body_types = {"application/json"};
    docs.body_schema = "#Pair";
    docs.answers.push_back({404, "application/problem+json", "#Problem", "This user was never on this page."});
    return docs;
}

// What the questions for streams have in common.
const http::ParameterDoc kStreamWindow{
    "minutes", "query", R"({"type":"integer","minimum":1,"maximum":10080,"default":10})", "How far back.", false};

http::RouteDocs minutes_docs() {
    http::RouteDocs docs =
        docs_of("#StreamMinutes", {kStreamWindow,
                                   {"limit", "query", R"({"type":"integer","minimum":1,"maximum":1000,"default":50})",
                                    "Most rows in the answer.", false}});
    docs.answers[0].summary = "The rows.";
    docs.answers.push_back({200, Exposition::kContentType, R"({"type":"string"})",
                            "The exposition, when Accept names text/plain; version=0.0.4 or OpenMetrics."});
    return docs;
}

http::RouteDocs top_docs() {
    return docs_of(
        "#StreamRows",
        {kStreamWindow,
         {"by", "query", R"({"enum":["active_viewers","chat_messages","donations_usd"],"default":"active_viewers"})",
          "What to order by.", false},
         {"n", "query", R"({"type":"integer","minimum":1,"maximum":1000,"default":5})", "Most streams in the answer.",
          false},
         {"limit", "query", R"({"type":"integer","minimum":1,"maximum":1000,"default":5})", "The same as n.", false}});
}

}  // namespace

Status add_query_routes(http::RouteTable& table, const RouteServices& services) {
    struct Row {
        std::string_view path, summary;
        void (*handler)(const RouteServices&, const Request&, const ReplyPtr&);
        http::RouteDocs docs;
        std::size_t body_limit = 0;
        Method method = Method::Get;
    };
    for (const Row& row :
         {Row{"/metrics/active_users", "Distinct users of the last minutes.", active_users,
              docs_of("#ActiveUsers",
                      {{"minutes", "query", R"({"type":"integer","minimum":1,"maximum":60,"default":5})",
                        "How far back.", false}})},
          Row{"/metrics/top_pages", "The pages with the most views in the last minutes.", top_pages,
              docs_of("#TopPages", {{"minutes", "query", R"({"type":"integer","minimum":1,"maximum":60,"default":15})",
                                     "How far back.", false},
                                    {"limit", "query", R"({"type":"integer","minimum":1,"maximum":1000,"default":10})",
                                     "Most pages in the answer.", false}})},
          Row{"/metrics/active_sessions", "A user's sessions within the sliding window.", active_sessions,
              docs_of("#ActiveSessions",
                      {{"user_id", "query", R"({"type":"string","minLength":1,"maxLength":256})", "Whose.", true}})},
          Row{"/analytics/events", "How often a user was on a page, by JSON body or query parameters.", pair_count,
              pair_docs(), limits::kSmallBodyBytes},
          Row{"/metrics", "The minutes of streams, newest first; for a Prometheus scrape the exposition.",
              stream_minutes, minutes_docs()},
          Row{"/metrics/latest", "The newest minute of every stream.", latest_streams, docs_of("#StreamRows", {})},
          Row{"/streams/top", "The streams with the most viewers, chat messages or donations.", top_streams,
              top_docs()}}) {
        if (Status added = add_row(table, row, http::Scope::Query, row.body_limit, services); !added.ok()) return added;
    }
    return {};
}

}  // namespace streamgauge
