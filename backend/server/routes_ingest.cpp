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

bool names_ndjson(std::string_view content_type) {
    const std::string_view type = http::trim(content_type.substr(0, content_type.find(';')));
    for (const std::string_view known :
         {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}) {
        if (http::equal_ignoring_case(type, known)) return true;
    }
    return false;
}

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
        in.body = request.body;
        in.padded_capacity = request.padded_capacity;
        in.gzip = gzip;
        in.ndjson = names_ndjson(request.header("Content-Type"));
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
