// SPDX-License-Identifier: GPL-3.0-or-later
// The answers to ingestion in the forms of the contract's section 2.
#pragma once

#include "api/ingest_service.h"
#include "http/types.h"

namespace streamgauge {

// B and C: 202 for what was taken, 207 when some were bad, 400 when all were.
http::Response answer_accepted(const Result<api::IngestOutcome>& outcome);
// D: 200 and the event as it was sent, with what the door had to make up. Several: as answer_accepted.
http::Response answer_echo(const Result<api::IngestOutcome>& outcome);
// A: 200 and the stored event with its number. Several: as answer_accepted.
http::Response answer_stored(const Result<api::IngestOutcome>& outcome);

// {"status":"accepted","accepted":n,"duplicates":d,"rejected":[...]}; without duplicates where nothing is known of
// them.
std::string partly_accepted(const api::IngestOutcome& outcome);

}  // namespace streamgauge
