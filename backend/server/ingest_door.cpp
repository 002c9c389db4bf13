// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/ingest_door.h"

#include "event/media_type.h"
#include "server/dialect_answers.h"

namespace streamgauge {

namespace {

constexpr std::string_view kCloudEvents = "application/cloudevents";

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
    return text.size() >= prefix.size() && equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

}  // namespace

BodyFacts body_facts(const http::Request& request) {
    BodyFacts facts;
    for (const auto& [name, value] : request.headers) {
        if (name.empty() || (name[0] != 'c' && name[0] != 'C')) continue;
        if (facts.content_type.empty() && equal_ignoring_case(name, "Content-Type")) {
            facts.content_type = value;
            if (starts_with_ignoring_case(value, kCloudEvents)) facts.cloudevent = true;
        } else if (equal_ignoring_case(name, "Content-Encoding")) {
            if (equal_ignoring_case(value, "gzip") || equal_ignoring_case(value, "x-gzip")) {
                facts.coding = api::Coding::Gzip;
            } else if (equal_ignoring_case(value, "deflate")) {
                facts.coding = api::Coding::Deflate;
            } else if (!value.empty() && !equal_ignoring_case(value, "identity")) {
                facts.unknown_coding = true;
            }
        } else if (starts_with_ignoring_case(name, "ce-")) {
            facts.cloudevent = true;
        }
    }
    return facts;
}

api::IngestRequest ingest_request(const http::Request& request, const BodyFacts& facts, std::string_view source) {
    api::IngestRequest in;
    in.input.body = request.body;
    in.input.padded_capacity = request.padded_capacity;
    in.input.path = request.path;
    in.input.query = request.query;
    in.input.headers = request.headers;
    in.input.client_address = request.remote_address;
    in.coding = facts.coding;
    in.caller = {request.principal, request.remote_address};
    in.source = source;
    in.arrived_nanos = request.arrived_nanos;
    return in;
}

http::Response unsupported_coding(http::ErrorForm form) {
    constexpr std::string_view kDetail = "the body may be plain or compressed with gzip or deflate";
    http::Response refused = form == nullptr
                                 ? http::problem(415, http::reason_phrase(415), kDetail, "unsupported_encoding")
                                 : form({ErrorCode::InvalidArgument, std::string(kDetail), "Content-Encoding", {}, {}});
    refused.status = 415;
    refused.headers.emplace_back("Accept-Encoding", "gzip, deflate");
    return refused;
}

void take_cloudevents(api::IngestService& ingest, const http::Request& request, const BodyFacts& facts,
                      std::string_view path, const http::ReplyPtr& reply) {
    if (facts.unknown_coding) return reply->send(unsupported_coding(nullptr));
    const std::string_view type = media_type(facts.content_type);
    if (starts_with_ignoring_case(type, kCloudEvents) && !equal_ignoring_case(type, "application/cloudevents+json") &&
        !equal_ignoring_case(type, "application/cloudevents-batch+json")) {
        return reply->send(http::problem(415, http::reason_phrase(415),
                                         "CloudEvents come in JSON: application/cloudevents+json or -batch+json, or "
                                         "with ce- headers",
                                         "unsupported_media_type"));
    }
    api::IngestRequest in = ingest_request(request, facts, path);
    in.dialect = Dialect::CloudEvents;
    ingest.ingest(in, [reply](const Result<api::IngestOutcome>& outcome, Dialect dialect) {
        reply->send(answer_in(dialect, outcome, {}));
    });
}

}  // namespace streamgauge
