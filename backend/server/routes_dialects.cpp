// SPDX-License-Identifier: GPL-3.0-or-later
// The doors for the clients of other systems, each on its own paths: Segment and RudderStack, PostHog, Plausible,
// Umami, CloudEvents, OpenTelemetry.
#include "base/limits.h"
#include "event/media_type.h"
#include "server/dialect_answers.h"
#include "server/ingest_door.h"
#include "server/routes.h"

namespace streamgauge {

namespace {

using http::Method, http::Plane, http::Scope;

// How one path is served.
struct Door {
    std::string_view path, summary;
    Dialect dialect = Dialect::Generic;
    http::ErrorForm errors = nullptr;
    bool key_in_body = true;
    bool segment_or_posthog = false;
    std::string_view refused_type = {};  // a media type that is answered 415
};

bool beacon(const http::Request& request) {
    return !request.query.empty() && request.query_parameter("beacon") == "1";
}

http::Response unsupported_type(http::ErrorForm form) {
    http::Response refused = form({ErrorCode::InvalidArgument, "this path reads JSON", "Content-Type", {}, {}});
    refused.status = 415;
    return refused;
}

http::Handler handler(api::IngestService& ingest, const Door& door) {
    return [&ingest, door](const http::Request& request, const http::ReplyPtr& reply) {
        const BodyFacts facts = body_facts(request);
        if (facts.unknown_coding) return reply->send(unsupported_coding(door.errors));
        if (!door.refused_type.empty() && equal_ignoring_case(media_type(facts.content_type), door.refused_type)) {
            return reply->send(unsupported_type(door.errors));
        }
        api::IngestRequest in = ingest_request(request, facts, door.path);
        in.dialect = door.dialect;
        in.segment_or_posthog = door.segment_or_posthog;
        AnswerContext context;
        context.no_body = beacon(request);
        if (door.dialect == Dialect::PostHogV1) context.request_id = request.header("PostHog-Request-Id");
        ingest.ingest(
            in, [reply, context = std::move(context)](const Result<api::IngestOutcome>& outcome, Dialect dialect) {
                reply->send(answer_in(dialect, outcome, context));
            });
    };
}

Status add(http::RouteTable& table, api::IngestService& ingest, const Door& door, http::RouteDocs docs) {
    docs.tag = "ingestion";
    return table.add({Method::Post, std::string(door.path), Scope::Ingest, Plane::Both, limits::kIngestBodyBytes,
                      door.summary, handler(ingest, door), door.errors, door.key_in_body, true, std::move(docs)});
}

// ---- Segment and PostHog ------------------------------------------------------------------------------------------
constexpr http::AnswerDoc kSegmentTaken{200, "application/json",
                                        R"({"type":"object","required":["success"],)"
                                        R"("properties":{"success":{"const":true}},"additionalProperties":false})",
                                        "On disk, or in the dead letters: X-Rejected says how many."};
constexpr http::AnswerDoc kPostHogTaken{200, "application/json",
                                        R"({"type":"object","required":["status"],)"
                                        R"("properties":{"status":{"const":1}},"additionalProperties":false})",
                                        "On disk, or in the dead letters: X-Rejected says how many."};
constexpr http::AnswerDoc kBeaconTaken{204, {}, {}, "The same to ?beacon=1."};
constexpr http::ParameterDoc kBeacon{"beacon", "query", R"({"enum":["0","1"]})",
                                     "1: PostHog's clients want no body back."};
constexpr std::string_view kTrackExample =
    R"({"event":"Order Completed","messageId":"m-1","userId":"u1","timestamp":"2026-01-31T12:00:00Z",)"
    R"("properties":{"revenue":12.5},"writeKey":"wk_demo"})";
constexpr std::string_view kBatchExample =
    R"({"batch":[{"type":"track","event":"Signed Up","messageId":"m-2","userId":"u1","timestamp":"2026-01-31T12:00:00Z"},)"
    R"({"type":"page","name":"Home","messageId":"m-3","anonymousId":"a1","timestamp":"2026-01-31T12:00:00Z"}],)"
    R"("sentAt":"2026-01-31T12:00:01Z","writeKey":"wk_demo"})";
constexpr std::string_view kPostHogBatchExample =
    R"({"api_key":"phc_demo","batch":[{"event":"$pageview","distinct_id":"u1",)"
    R"("uuid":"0199a3f0-7d52-7b1c-9c3e-000000000001","timestamp":"2026-01-31T12:00:00Z",)"
    R"("properties":{"$current_url":"https://shop.example/"}}],"sent_at":"2026-01-31T12:00:01Z"})";
constexpr std::string_view kPostHogExample =
    R"({"api_key":"phc_demo","event":"bought","distinct_id":"u1","uuid":"0199a3f0-7d52-7b1c-9c3e-000000000002",)"
    R"("timestamp":"2026-01-31T12:00:00Z","properties":{"value":3}})";

http::RouteDocs sdk_docs(std::vector<http::AnswerDoc> answers, std::vector<http::ParameterDoc> parameters,
                         std::vector<http::ExampleDoc> examples) {
    http::RouteDocs docs;
    docs.parameters = std::move(parameters);
    docs.body_types = {"application/json", "text/plain", "application/x-www-form-urlencoded"};
    docs.body_schema = R"({"type":"object"})";
    docs.answers = std::move(answers);
    docs.examples = std::move(examples);
    return docs;
}

Status add_segment_routes(http::RouteTable& table, api::IngestService& ingest) {
    struct Call {
        std::string_view own, shared, summary;
        bool batch;
    };
    static constexpr Call kCalls[] = {
        {"/v1/batch", "/batch", "Take a batch of calls, as Segment's and RudderStack's SDKs send it.", true},
        {"/v1/import", "/import", "Take a batch of old calls.", true},
        {"/v1/track", "/track", "Take one track call.", false},
        {"/v1/page", "/page", "Take one page call.", false},
        {"/v1/screen", "/screen", "Take one screen call.", false},
        {"/v1/identify", "/identify", "Take one identify call.", false},
        {"/v1/group", "/group", "Take one group call.", false},
        {"/v1/alias", "/alias", "Take one alias call.", false},
        {"/v1/t", "/t", "Take one track call of a browser.", false},
        {"/v1/p", "/p", "Take one page call of a browser.", false},
        {"/v1/s", "/s", "Take one screen call of a browser.", false},
        {"/v1/i", "/i", "Take one identify call of a browser.", false},
        {"/v1/g", "/g", "Take one group call of a browser.", false},
        {"/v1/a", "/a", "Take one alias call of a browser.", false},
    };
    for (const Call& call : kCalls) {
        std::vector<http::ExampleDoc> examples;
        if (call.batch) examples.push_back({"segment-batch", "application/json", kBatchExample});
        if (call.own == "/v1/track" || call.own == "/v1/t") {
            examples.push_back({"segment-track", "application/json", kTrackExample});
        }
        Status added = add(table, ingest, {call.own, call.summary, Dialect::Segment, segment_error, true, false},
                           sdk_docs({kSegmentTaken}, {}, examples));
        if (!added.ok()) return added;
        if (call.shared == "/batch") examples.push_back({"posthog-batch", "application/json", kPostHogBatchExample});
        if (call.shared == "/track") examples.push_back({"posthog-event", "application/json", kPostHogExample});
        // What says nothing of either is answered in a form that both read.
        http::AnswerDoc taken = kSegmentTaken;
        taken.schema = R"({"type":"object","properties":{"success":{"const":true},"status":{"const":1}}})";
        added = add(table, ingest, {call.shared, call.summary, Dialect::Generic, segment_or_posthog_error, true, true},
                    sdk_docs({taken, kBeaconTaken}, {kBeacon}, std::move(examples)));
        if (!added.ok()) return added;
    }
    return {};
}

Status add_posthog_routes(http::RouteTable& table, api::IngestService& ingest) {
    for (const std::string_view path : {"/i/v0/e", "/e", "/capture", "/engage"}) {
        Status added = add(table, ingest,
                           {path, "Take one event or several, as PostHog's SDKs send them.", Dialect::PostHog,
                            posthog_error, true, false},
                           sdk_docs({kPostHogTaken, kBeaconTaken}, {kBeacon},
                                    {{"posthog-event", "application/json", kPostHogExample},
                                     {"posthog-batch", "application/json", kPostHogBatchExample}}));
        if (!added.ok()) return added;
    }
    return add(table, ingest,
               {"/i/v1/analytics/events", "Take a batch and answer for each event, as PostHog's capture v1 wants it.",
                Dialect::PostHogV1, posthog_v1_error, false, false},
               sdk_docs({{200, "application/json",
                          R"({"type":"object","required":["results"],"properties":{"results":{"type":"object",)"
                          R"("additionalProperties":{"type":"object","required":["result","details"],"properties":{)"
                          R"("result":{"enum":["ok","warning","drop","retry"]},"details":{"type":"string"}}}}}})",
                          "What became of each event, by its uuid. Nothing is ever to be tried again."}},
                        {{"PostHog-Request-Id", "header", R"({"type":"string","maxLength":128})",
                          "Comes back as it was sent."}},
                        {{"posthog-v1", "application/json",
                          R"({"created_at":"2026-01-31T12:00:01Z","batch":[{"event":"bought","distinct_id":"u1",)"
                          R"("uuid":"0199a3f0-7d52-7b1c-9c3e-000000000003","timestamp":"2026-01-31T12:00:00Z",)"
                          R"("properties":{"value":3}}]})"}}));
}

// ---- Plausible and Umami --------------------------------------------------------------------------------------------
Status add_web_routes(http::RouteTable& table, api::IngestService& ingest) {
    Status added =
        add(table, ingest,
            {"/api/event", "Take one event of a web page, as Plausible's tracker sends it.", Dialect::Plausible,
             plausible_error, true, false},
            sdk_docs({{202, "text/plain; charset=utf-8", R"({"type":"string"})",
                       "On disk; with x-plausible-dropped it is not, as its site is unknown here."},
                      {400, "application/json",
                       R"({"type":"object","required":["errors"],"properties":{"errors":{"type":"object",)"
                       R"("additionalProperties":{"type":"array","items":{"type":"string"}}}}})",
                       "The event is wrong; it is in the dead letters."}},
                     {},
                     {{"plausible-pageview", "application/json",
                       R"({"n":"pageview","u":"https://shop.example/home","d":"shop.example","r":null,"w":1280})"}}));
    if (!added.ok()) return added;
    static constexpr std::string_view kVisit =
        R"({"type":"object","required":["cache"],"properties":{"cache":{"type":["string","null"]},)"
        R"("sessionId":{"type":"string","format":"uuid"},"visitId":{"type":"string","format":"uuid"}}})";
    added =
        add(table, ingest,
            {"/api/send", "Take one event of a web page, as Umami's tracker sends it.", Dialect::Umami, umami_error,
             true, false},
            sdk_docs({{200, "application/json", kVisit, "On disk."}}, {},
                     {{"umami-page", "application/json",
                       R"({"type":"event","payload":{"website":"50429a93-8479-4073-be80-d5d29c09c2ec","url":"/home",)"
                       R"("hostname":"shop.example","language":"en-GB","screen":"1920x1080","title":"Home"}})"}}));
    if (!added.ok()) return added;
    http::RouteDocs batch = sdk_docs(
        {{200, "application/json",
          R"({"type":"object","required":["size","processed","errors","details","cache"],"properties":{)"
          R"("size":{"type":"integer"},"processed":{"type":"integer"},"errors":{"type":"integer"},)"
          R"("details":{"type":"array","items":{"type":"object","required":["index","response"]}},)"
          R"("cache":{"type":["string","null"]}}})",
          "How many are on disk; of the others what is wrong."}},
        {},
        {{"umami-batch", "application/json",
          R"([{"type":"event","payload":{"website":"50429a93-8479-4073-be80-d5d29c09c2ec","url":"/home","name":"buy"}}])"}});
    batch.body_schema = R"({"type":"array","items":{"type":"object"}})";
    return add(table, ingest,
               {"/api/batch", "Take several events, as Umami's tracker would send each.", Dialect::Umami, umami_error,
                true, false},
               std::move(batch));
}

// ---- CloudEvents and OpenTelemetry ----------------------------------------------------------------------------------
Status add_cloudevents_route(http::RouteTable& table, api::IngestService& ingest) {
    http::RouteDocs docs;
    docs.tag = "ingestion";
    docs.body_types = {"application/cloudevents+json", "application/cloudevents-batch+json"};
    docs.answers = {
        {202, "application/json", "#AcceptedOneOrSeveral", "On disk."},
        {200, "application/json", "#PartlyAccepted", "Of a batch some events, or all, were refused."},
        {415, "application/problem+json", "#Problem", "Neither ce- headers nor CloudEvents' content type."}};
    docs.examples = {
        {"cloudevent", "application/cloudevents+json",
         R"({"specversion":"1.0","id":"c-1","source":"/shop","type":"bought","time":"2026-01-31T12:00:00Z",)"
         R"("datacontenttype":"application/json","data":{"value":3}})"},
        {"cloudevents", "application/cloudevents-batch+json",
         R"([{"specversion":"1.0","id":"c-2","source":"/shop","type":"bought","data":{"value":3}}])"}};
    return table.add({Method::Post, "/", Scope::Ingest, Plane::Both, limits::kIngestBodyBytes,
                      "Take CloudEvents: binary, structured, or a batch.",
                      [&ingest](const http::Request& request, const http::ReplyPtr& reply) {
                          const BodyFacts facts = body_facts(request);
                          if (facts.cloudevent) return take_cloudevents(ingest, request, facts, "/", reply);
                          reply->send(http::problem(415, http::reason_phrase(415),
                                                    "this path takes CloudEvents: with ce- headers, or of the type "
                                                    "application/cloudevents+json or -batch+json",
                                                    "unsupported_media_type"));
                      },
                      cloudevents_error, false, true, std::move(docs)});
}

Status add_otlp_route(http::RouteTable& table, api::IngestService& ingest) {
    http::RouteDocs docs = sdk_docs(
        {{200, "application/json",
          R"({"type":"object","properties":{"partialSuccess":{"type":"object","properties":{)"
          R"("rejectedLogRecords":{"type":"string"},"errorMessage":{"type":"string"}}}}})",
          "On disk; what was refused is counted, and in the dead letters."}},
        {},
        {{"otlp-logs", "application/json",
          R"({"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},)"
          R"("scopeLogs":[{"logRecords":[{"timeUnixNano":"1769860800000000000","severityNumber":9,"eventName":"bought",)"
          R"("body":{"stringValue":"three shirts"}}]}]}]})"}});
    docs.body_types = {"application/json"};
    docs.body_schema = R"({"type":"object"})";
    return add(table, ingest,
               {"/v1/logs", "Take log records as events, as OpenTelemetry's exporters send them in JSON.",
                Dialect::Otlp, otlp_error, false, false, "application/x-protobuf"},
               std::move(docs));
}

}  // namespace

Status add_dialect_routes(http::RouteTable& table, api::IngestService& ingest) {
    if (Status added = add_segment_routes(table, ingest); !added.ok()) return added;
    for (const auto add_group : {add_posthog_routes, add_web_routes, add_cloudevents_route}) {
        if (Status added = add_group(table, ingest); !added.ok()) return added;
    }
    return add_otlp_route(table, ingest);
}

}  // namespace streamgauge
