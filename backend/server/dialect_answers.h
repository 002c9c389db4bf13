// SPDX-License-Identifier: GPL-3.0-or-later
// What each dialect's clients are told, in status, headers and words: the SDKs decide by it whether they keep an event,
// send it again or give it up. docs/dialects.md has the table.
#pragma once

#include <optional>
#include <string>

#include "api/ingest_service.h"
#include "http/types.h"

namespace streamgauge {

// What the answer needs of the request.
struct AnswerContext {
    std::string request_id;  // PostHog v1: comes back as it was sent
    bool no_body = false;    // PostHog's ?beacon=1
};

// "Streamgauge-Durability: ..." as what the outcome stands for: literal header lines.
std::string_view durability_line(const api::IngestOutcome& outcome);
// How long its stages took; what it had not is negative.
http::StageTimes stage_times(const api::IngestTimes& times);

http::Response answer_in(Dialect dialect, const Result<api::IngestOutcome>& outcome, const AnswerContext& context);

// Errors in each dialect's form: also of what the engine and the gate refuse (http::Route::errors).
http::Response segment_error(const Error& error);
http::Response posthog_error(const Error& error);     // overload, and limits longer than its retries last: `cut`
http::Response posthog_v1_error(const Error& error);  // a limit is 503: its clients give up on a 429
http::Response segment_or_posthog_error(const Error& error);  // where nobody knows which of the two asks
http::Response plausible_error(
    const Error& error);  // nobody's events are taken as dropped: 202 with x-plausible-dropped
http::Response umami_error(const Error& error);
http::Response cloudevents_error(const Error& error);
http::Response otlp_error(const Error& error);

}  // namespace streamgauge
