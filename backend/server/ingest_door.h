// SPDX-License-Identifier: GPL-3.0-or-later
// From an HTTP request to the door's: what all routes for events have in common.
#pragma once

#include "api/ingest_service.h"
#include "http/route_table.h"

namespace streamgauge {

// What of the headers decides how a body is read; found in one pass over them.
struct BodyFacts {
    std::string_view content_type;
    api::Coding coding = api::Coding::Identity;
    bool unknown_coding = false;  // Content-Encoding names something else
    bool cloudevent = false;      // ce-* headers, or CloudEvents' content type
};
BodyFacts body_facts(const http::Request& request);

// Views into `request`; `source` is the route's path.
api::IngestRequest ingest_request(const http::Request& request, const BodyFacts& facts, std::string_view source);

// The answer to a body of unknown coding, in its path's form: 415, and which codings are known.
http::Response unsupported_coding(http::ErrorForm form);  // nullptr: a problem document

// Takes CloudEvents, in whichever mode, and answers.
void take_cloudevents(api::IngestService& ingest, const http::Request& request, const BodyFacts& facts,
                      std::string_view path, const http::ReplyPtr& reply);

}  // namespace streamgauge
