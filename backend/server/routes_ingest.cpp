// SPDX-License-Identifier: GPL-3.0-or-later
// The doors for events: POST /events (B, C), POST /ingest (D), POST /api/v1/events (A).
#include "api/ingest_service.h"
#include "base/limits.h"
#include "http/text.h"
#include "server/ingest_answers.h"
#include "server/routes.h"

namespace streamgauge {

namespace {

using Answer = http::Response (*)(const Result<api::IngestOutcome>&);

http::Handler door(api::IngestService& ingest, std::string_view path, Answer answer, bool keep_body) {
    return [&ingest, path, answer, keep_body](const http::Request& request, const http::ReplyPtr& reply) {
        const std::string_view encoding = request.header("Content-Encoding");
        const bool gzip = http::equal_ignoring_case(encoding, "gzip") || http::equal_ignoring_case(encoding, "x-gzip");
        if (!encoding.empty() && !gzip && !http::equal_ignoring_case(encoding, "identity")) {
            auto refused = http::problem(415, "Unsupported Media Type",
                                         "the body may be plain or compressed with gzip (field Content-Encoding)",
                                         "unsupported_encoding");
            refused.headers.emplace_back("Accept-Encoding", "gzip");
            reply->send(std::move(refused));
            return;
        }
        api::IngestRequest in;
        in.input.body = request.body;
        in.input.padded_capacity = request.padded_capacity;
        in.input.path = request.path;
        in.input.query = request.query;
        in.input.headers = request.headers;
        in.input.client_address = request.remote_address;
        in.gzip = gzip;
        in.caller = {request.principal, request.remote_address};
        in.source = path;
        in.keep_body = keep_body;
        ingest.ingest(in, [reply, answer](const Result<api::IngestOutcome>& outcome) { reply->send(answer(outcome)); });
    };
}

}  // namespace

Status add_ingest_routes(http::RouteTable& table, const RouteServices& services) {
    using http::Method, http::Plane, http::Scope;
    struct Door {
        std::string_view path, summary;
        Answer answer;
        bool keep_body;
    };
    for (const Door& one :
         {Door{"/events", "Take one event, an array or NDJSON; 202 when they are on disk.", answer_accepted, false},
          Door{"/ingest", "Take one event and answer with it.", answer_echo, true},
          Door{"/api/v1/events", "Take one event and answer with it as it is stored, with its number.", answer_stored,
               true}}) {
        Status added =
            table.add({Method::Post, std::string(one.path), Scope::Ingest, Plane::Both, limits::kIngestBodyBytes,
                       one.summary, door(services.ingest, one.path, one.answer, one.keep_body)});
        if (!added.ok()) return added;
    }
    return {};
}

}  // namespace streamgauge
