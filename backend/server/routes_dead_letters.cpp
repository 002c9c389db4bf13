// SPDX-License-Identifier: GPL-3.0-or-later
// Dead letters: list, look at, mend, resend and purge what could not be taken.
#include <charconv>

#include "api/dead_letters.h"
#include "api/letter_codec.h"
#include "base/limits.h"
#include "server/parameters.h"
#include "server/route_rows.h"
#include "server/routes.h"

namespace streamgauge {

namespace {

using api::DeadLetterService;
using http::Method;
using http::ReplyPtr;
using http::Request;
using http::Response;

constexpr std::size_t kFilterBytes = 2048;

// Whom the request shows or changes something for. Empty project: every one.
api::LetterActor actor(const Request& request) {
    const auth::Principal& principal = *request.principal;
    api::LetterActor who;
    who.name = principal.name.empty() ? principal.id : principal.name;
    if (who.name.empty()) who.name = principal.kind == auth::Principal::Kind::Console ? "console" : "anonymous";
    if (!principal.every_project) who.project = principal.project;
    return who;
}

// Answers with the fault when there is one; parameters that the route does not know are one.
bool refused(Parameters& in, const ReplyPtr& reply, std::initializer_list<std::string_view> known) {
    in.refuse_unknown(known);
    if (!in.fault()) return false;
    reply->send(http::problem(*in.fault()));
    return true;
}

std::optional<std::uint64_t> id_of(const Request& request, const ReplyPtr& reply) {
    for (const auto& [name, value] : request.path_parameters) {
        if (name != "id") continue;
        std::int64_t id = 0;
        const char* const end = value.data() + value.size();
        const auto read = std::from_chars(value.data(), end, id);
        if (read.ec == std::errc{} && read.ptr == end && id > 0) return static_cast<std::uint64_t>(id);
    }
    Error error = Error::make(ErrorCode::NotFound, "a dead letter's id is a whole number from 1 on");
    error.field = "id";
    reply->send(http::problem(error));
    return std::nullopt;
}

template <class T, class Render>
api::Done<T> answer_with(const ReplyPtr& reply, Render render) {
    return [reply, render](Result<T> result) {
        reply->send(result.ok() ? Response::json(200, render(*result)) : http::problem(result.error()));
    };
}

std::string removed(std::uint64_t count) {
    return "{\"purged\":" + std::to_string(count) + "}";
}

api::LetterFilter filter_of(Parameters& in, const Request& request) {
    api::LetterFilter filter;
    filter.project = in.text("project", kFilterBytes);
    filter.kind = in.text("kind", kFilterBytes);
    filter.reason = in.text("reason", kFilterBytes);
    filter.source = in.text("source", kFilterBytes);
    filter.event_id = in.text("event_id", kFilterBytes);
    const std::size_t dialect = in.word(
        "dialect", {"", "generic", "segment", "posthog", "posthog_v1", "plausible", "umami", "cloudevents", "otlp"});
    if (dialect > 0) filter.dialect = to_string(static_cast<Dialect>(dialect - 1));
    if (const std::size_t state = in.word("state", {"", "open", "resending", "resent"}); state > 0)
        filter.state = static_cast<api::LetterState>(state - 1);
    filter.from = in.time("from");
    filter.to = in.time("to");
    if (!request.principal->every_project) {
        if (!filter.project.empty() && filter.project != request.principal->project)
            in.refuse("project", "is not yours");
        filter.project = request.principal->project;
    }
    return filter;
}

// ---- looking --------------------------------------------------------------------------------------------------------
void list(DeadLetterService& letters, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    const auto limit = static_cast<std::size_t>(in.integer("limit", 100, 1, DeadLetterService::kMostLetters));
    const std::optional<std::uint64_t> cursor = in.number("cursor");
    api::LetterFilter filter = filter_of(in, request);
    if (refused(
            in, reply,
            {"project", "state", "kind", "reason", "source", "dialect", "event_id", "from", "to", "limit", "cursor"}))
        return;
    letters.list(std::move(filter), cursor, limit,
                 answer_with<api::LetterPage>(reply, [](const api::LetterPage& page) { return api::encode(page); }));
}

void find(DeadLetterService& letters, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    if (refused(in, reply, {})) return;
    if (const auto id = id_of(request, reply))
        letters.find(*id, actor(request), answer_with<api::Letter>(reply, [](const api::Letter& letter) {
            return api::encode(letter, true);
        }));
}

void reasons(DeadLetterService& letters, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    api::LetterFilter filter = filter_of(in, request);
    if (refused(in, reply, {"project", "state", "kind", "reason", "source", "dialect", "event_id", "from", "to"}))
        return;
    using Reasons = std::vector<api::ReasonCount>;
    letters.reasons(std::move(filter),
                    answer_with<Reasons>(reply, [](const Reasons& found) { return api::encode(found); }));
}

void usage(DeadLetterService& letters, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    if (refused(in, reply, {})) return;
    using Usage = std::vector<api::LetterUsage>;
    letters.usage(answer_with<Usage>(reply, [project = actor(request).project](Usage& found) {
        if (!project.empty()) std::erase_if(found, [&](const auto& one) { return one.project != project; });
        return api::encode(found);
    }));
}

void progress(DeadLetterService& letters, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    if (refused(in, reply, {})) return;
    // A run may be another project's.
    const bool shown = request.principal->every_project;
    reply->send(Response::json(200, api::encode(shown ? letters.progress() : api::ResendProgress{})));
}

// ---- changing -------------------------------------------------------------------------------------------------------
void mend(DeadLetterService& letters, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    if (refused(in, reply, {})) return;
    if (const auto id = id_of(request, reply))
        letters.mend(
            *id, std::string(request.body), actor(request),
            answer_with<api::Letter>(reply, [](const api::Letter& letter) { return api::encode(letter, true); }));
}

api::Done<api::ResendResult> answer_resent(const ReplyPtr& reply) {
    return answer_with<api::ResendResult>(reply, [](const api::ResendResult& result) { return api::encode(result); });
}

// One letter that cannot be resent is an error; among several it is in the answer.
void resend_one(DeadLetterService& letters, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    if (refused(in, reply, {})) return;
    const auto id = id_of(request, reply);
    if (!id) return;
    const auto who = actor(request);
    letters.find(*id, who, [&letters, id = *id, who, reply](Result<api::Letter> found) {
        if (!found.ok()) return reply->send(http::problem(found.error()));
        if (found->state != api::LetterState::Open)
            return reply->send(http::problem(Error::make(
                ErrorCode::Conflict, "the letter is " + std::string(to_string(found->state)) + " already")));
        letters.resend({id}, who, answer_resent(reply));
    });
}

void resend(DeadLetterService& letters, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    if (refused(in, reply, {})) return;
    auto wanted = api::decode_resend_request(request.body);
    if (!wanted.ok()) return reply->send(http::problem(wanted.error()));
    if (wanted->filter)
        letters.resend_all(*std::move(wanted->filter), actor(request), answer_resent(reply));
    else
        letters.resend(std::move(wanted->ids), actor(request), answer_resent(reply));
}

void purge_one(DeadLetterService& letters, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    if (refused(in, reply, {})) return;
    const auto id = id_of(request, reply);
    if (!id) return;
    const auto who = actor(request);
    letters.find(*id, who, [&letters, id = *id, who, reply](Result<api::Letter> found) {
        if (!found.ok()) return reply->send(http::problem(found.error()));
        if (found->state == api::LetterState::Resending)
            return reply->send(http::problem(Error::make(ErrorCode::Conflict, "the letter is being resent")));
        letters.purge({id}, who, answer_with<std::uint64_t>(reply, removed));
    });
}

void purge(DeadLetterService& letters, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    api::LetterFilter filter = filter_of(in, request);
    if (refused(in, reply, {"project", "state", "kind", "reason", "source", "dialect", "event_id", "from", "to"}))
        return;
    if (filter.takes_all() && !request.query_parameter("project")) {
        Error error = Error::make(ErrorCode::InvalidArgument, "say which letters are to be thrown away");
        error.hint = "name at least a project, a state or a kind";
        return reply->send(http::problem(error));
    }
    letters.purge_all(std::move(filter), actor(request), answer_with<std::uint64_t>(reply, removed));
}

// ---- documentation --------------------------------------------------------------------------------------------------
constexpr std::string_view kText = R"({"type":"string"})";
constexpr std::string_view kTime = "#EventTime";

http::RouteDocs docs_of(std::string_view schema, std::string_view summary) {
    http::RouteDocs docs;
    docs.tag = "dead letters";
    docs.answers = {{200, "application/json", schema, summary}};
    return docs;
}

http::RouteDocs with_filters(http::RouteDocs docs) {
    const std::vector<http::ParameterDoc> filters{
        {"project", "query", kText, "Letters of this project."},
        {"state", "query", R"({"type":"string","enum":["open","resending","resent"]})", "Letters in this state."},
        {"kind", "query", kText, "Letters of exactly this kind."},
        {"reason", "query", kText, "A part of the reason or of the kind."},
        {"source", "query", kText, "The path that they came by."},
        {"dialect", "query",
         R"({"type":"string","enum":["generic","segment","posthog","posthog_v1","plausible","umami","cloudevents","otlp"]})",
         "The dialect that they are written in."},
        {"event_id", "query", kText, "Exactly this event id."},
        {"from", "query", kTime, "Received then or later."},
        {"to", "query", kTime, "Received before."}};
    docs.parameters.insert(docs.parameters.end(), filters.begin(), filters.end());
    return docs;
}

http::RouteDocs of_one(http::RouteDocs docs) {
    docs.parameters.insert(docs.parameters.begin(), {"id", "path", R"({"type":"integer","minimum":1})", "Which."});
    docs.answers.push_back({404, "application/problem+json", "#Problem", "There is no such letter."});
    return docs;
}

http::RouteDocs with_conflict(http::RouteDocs docs, std::string_view summary) {
    docs.answers.push_back({409, "application/problem+json", "#Problem", summary});
    return docs;
}

http::RouteDocs listing() {
    http::RouteDocs docs = with_filters(docs_of("#LetterPage", "The newest first, without raw and mended."));
    docs.parameters.push_back(
        {"limit", "query", R"({"type":"integer","minimum":1,"maximum":1000,"default":100})", "Most letters."});
    docs.parameters.push_back({"cursor", "query", R"({"type":"integer","minimum":0})", "`cursor` of the page before."});
    return docs;
}

http::RouteDocs mending() {
    http::RouteDocs docs =
        with_conflict(of_one(docs_of("#Letter", "The letter with its new text.")), "It is resent, or being resent.");
    docs.body_types = {"application/json", "text/plain", "application/octet-stream"};
    docs.body_schema = "{}";
    docs.answers.push_back({400, "application/problem+json", "#Problem", "The text would be refused again: why."});
    return docs;
}

http::RouteDocs resending() {
    http::RouteDocs docs = with_conflict(docs_of("#ResendResult", "What became of them."),
                                         "Letters by a filter are being resent already.");
    docs.body_types = {"application/json"};
    docs.body_schema = "#ResendRequest";
    docs.answers.push_back({400, "application/problem+json", "#Problem", "The body does not say what to resend."});
    return docs;
}

}  // namespace

Status add_dead_letter_routes(http::RouteTable& table, const RouteServices& services) {
    struct Row {
        Method method;
        std::string_view path, summary;
        void (*handler)(DeadLetterService&, const Request&, const ReplyPtr&);
        std::size_t body_limit;
        http::RouteDocs docs;
    };
    constexpr std::string_view kOne = "/api/v1/dead-letters/{id}";
    const std::vector<Row> rows{
        {Method::Get, "/api/v1/dead-letters", "What could not be taken, newest first.", list, 0, listing()},
        {Method::Get, "/api/v1/dead-letters/reasons", "How many of which kind, by project and source.", reasons, 0,
         with_filters(docs_of("#LetterReasons", "By project; those with the most open letters first."))},
        {Method::Get, "/api/v1/dead-letters/usage", "How much room dead letters take, by project.", usage, 0,
         docs_of("#LetterUsage", "Each project that has letters, or lost some to its cap since the start.")},
        {Method::Get, "/api/v1/dead-letters/resend", "How far the resending by a filter has come.", progress, 0,
         docs_of("#ResendProgress", "Of the run at hand, or of the last one since the start.")},
        {Method::Post, "/api/v1/dead-letters/resend", "Send several letters again, by id or by a filter.", resend,
         limits::kIngestBodyBytes, resending()},
        {Method::Delete, "/api/v1/dead-letters", "Throw letters away, by a filter; it must name something.", purge, 0,
         with_filters(docs_of("#Purged", "How many; those that are being resent stay."))},
        {Method::Get, kOne, "One letter, with its raw bytes.", find, 0, of_one(docs_of("#Letter", "The letter."))},
        {Method::Put, kOne, "Mend a letter: the body is what is sent instead of its raw bytes.", mend,
         DeadLetterService::kMendedBytes, mending()},
        {Method::Delete, kOne, "Throw one letter away.", purge_one, 0,
         with_conflict(of_one(docs_of("#Purged", "1.")), "It is being resent.")},
        {Method::Post, "/api/v1/dead-letters/{id}/resend", "Send one letter again: its event arrives exactly once.",
         resend_one, limits::kSmallBodyBytes,
         with_conflict(of_one(docs_of("#ResendResult", "What became of it.")), "It is resent, or being resent.")},
    };
    for (const Row& row : rows) {
        if (Status added = add_row(table, row, http::Scope::Operate, row.body_limit, services.letters); !added.ok())
            return added;
    }
    return {};
}

}  // namespace streamgauge
