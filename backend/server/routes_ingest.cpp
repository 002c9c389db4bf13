// SPDX-License-Identifier: GPL-3.0-or-later
// The doors for events: POST /events (B, C), POST /ingest (D), POST /api/v1/events (A).
#include "api/ingest_service.h"
#include "base/limits.h"
#include "server/dialect_answers.h"
#include "server/ingest_answers.h"
#include "server/ingest_door.h"
#include "server/routes.h"

namespace streamgauge {

namespace {

using Answer = http::Response (*)(const Result<api::IngestOutcome>&);

void take(api::IngestService& ingest, const http::Request& request, const BodyFacts& facts, std::string_view path,
          Answer answer, bool keep_body, const http::ReplyPtr& reply) {
    if (facts.unknown_coding) return reply->send(unsupported_coding(nullptr));
    api::IngestRequest in = ingest_request(request, facts, path);
    in.keep_body = keep_body;
    ingest.ingest(in, [reply, answer](const Result<api::IngestOutcome>& outcome, Dialect) {
        http::Response response = answer(outcome);
        if (outcome.ok()) {
            response.header_lines = durability_line(*outcome);
            response.stages = stage_times(outcome->times);
        }
        reply->send(std::move(response));
    });
}

http::Handler door(api::IngestService& ingest, std::string_view path, Answer answer, bool keep_body) {
    return [&ingest, path, answer, keep_body](const http::Request& request, const http::ReplyPtr& reply) {
        take(ingest, request, body_facts(request), path, answer, keep_body, reply);
    };
}

// B's and C's door, where CloudEvents come in too.
http::Handler events_door(api::IngestService& ingest, std::string_view path) {
    return [&ingest, path](const http::Request& request, const http::ReplyPtr& reply) {
        const BodyFacts facts = body_facts(request);
        if (facts.cloudevent) return take_cloudevents(ingest, request, facts, path, reply);
        take(ingest, request, facts, path, answer_accepted, false, reply);
    };
}

// What the doors for generic JSON say of themselves; `one` is the answer to a single event.
http::RouteDocs generic_docs(http::AnswerDoc one, std::vector<http::ExampleDoc> examples) {
    http::RouteDocs docs;
    docs.tag = "ingestion";
    docs.body_types = {"application/json", "application/x-ndjson", "text/plain"};
    docs.body_schema = "#EventOrEvents";
    docs.answers = {one,
                    {207, "application/json", "#PartlyAccepted", "Some events were refused, with the reasons."},
                    {400, "application/problem+json", "#Problem", "Every event was refused, or the body is not JSON."}};
    if (one.status != 202) {
        docs.answers.push_back({202, "application/json", "#AcceptedSummary", "Several events are on disk."});
    }
    examples.push_back(
        {"ndjson", "application/x-ndjson",
         "{\"event_type\":\"click\",\"user_id\":\"u1\"}\n{\"event_type\":\"click\",\"user_id\":\"u2\"}\n"});
    docs.examples = std::move(examples);
    return docs;
}

http::RouteDocs events_docs() {
    http::RouteDocs docs = generic_docs(
        {202, "application/json", "#AcceptedOneOrSeveral", "On disk."},
        {{"session-event", "application/json",
          R"({"sessionId":"s1","eventType":"click","payload":"{\"button\":\"buy\"}"})"},
         {"page-view", "application/json",
          R"({"timestamp":"2026-01-31T12:00:00Z","user_id":"u1","event_type":"page_view","page_url":"/home","session_id":"s1"})"},
         {"several", "application/json",
          R"([{"event_id":"e1","event_type":"viewer_join","stream_id":"s1"},{"event_id":"e2","event_type":"donation","stream_id":"s1","amount_usd":10.5}])"}});
    docs.body_types.insert(docs.body_types.end(),
                           {"application/cloudevents+json", "application/cloudevents-batch+json"});
    docs.answers.push_back(
        {200, "application/json", "#PartlyAccepted", "Of a batch of CloudEvents some were refused, with the reasons."});
    return docs;
}

http::RouteDocs echo_docs() {
    return generic_docs(
        {200, "application/json", R"({"type":"object"})", "One event is on disk; it comes back as it was sent."},
        {{"click", "application/json",
          R"({"event_id":"d1","user_id":"u7","event_type":"click","page_url":"/d","time_stamp":"2026-01-31T11:59:00Z"})"}});
}

http::RouteDocs stored_docs() {
    return generic_docs({200, "application/json", "#StoredEvent", "One event is on disk."},
                        {{"login", "application/json",
                          R"({"eventId":"a1","eventType":"login","userId":"u1","properties":{"plan":"free"}})"}});
}

}  // namespace

Status add_ingest_routes(http::RouteTable& table, api::IngestService& ingest) {
    using http::Method, http::Plane, http::Scope;
    struct Door {
        std::string_view path, summary;
        Answer answer;
        bool keep_body;
        http::RouteDocs (*docs)();
    };
    const Door doors[] = {{"/ingest", "Take one event and answer with it.", answer_echo, true, echo_docs},
                          {"/api/v1/events", "Take one event and answer with it as it is stored, with its number.",
                           answer_stored, true, stored_docs}};
    const auto add = [&](std::string_view path, std::string_view summary, http::Handler handler, http::RouteDocs docs) {
        return table.add({Method::Post, std::string(path), Scope::Ingest, Plane::Both, limits::kIngestBodyBytes,
                          summary, std::move(handler), nullptr, false, true, std::move(docs)});
    };
    Status added = add("/events", "Take one event, an array or NDJSON; 202 when they are on disk.",
                       events_door(ingest, "/events"), events_docs());
    for (const Door& one : doors) {
        if (!added.ok()) return added;
        added = add(one.path, one.summary, door(ingest, one.path, one.answer, one.keep_body), one.docs());
    }
    return added;
}

}  // namespace streamgauge
