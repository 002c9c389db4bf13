// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/dialect_answers.h"

#include <algorithm>
#include <unordered_set>

#include "api/json_writer.h"
#include "event/visitor.h"
#include "server/ingest_answers.h"

namespace streamgauge {

namespace {

using api::IngestOutcome;
using api::JsonWriter;
using api::RejectedItem;
using http::Response;

// posthog-node tries three times, three seconds apart, and then drops the events; on a broken connection it keeps them.
constexpr int kPostHogPatienceSeconds = 9;
// capture v1 reads no longer wait than this.
constexpr int kPostHogV1RetrySeconds = 30;
constexpr std::size_t kRequestIdBytes = 128;

std::string text_of(const RejectedItem& item) {
    return Error{ErrorCode::InvalidArgument, item.reason, item.field, item.offset, {}}.describe();
}

Response with_retry(Response response, const Error& error, int most = 3600) {
    if (response.status == 429 || response.status == 503) {
        response.headers.emplace_back("Retry-After", std::to_string(std::clamp(error.retry_after_seconds, 1, most)));
    }
    http::add_limit_headers(error, response.headers);
    return response;
}

Response cut() {
    Response response{503, {}, {}, {}};
    response.cut = true;
    return response;
}

void count_rejected(Response& response, const IngestOutcome& outcome) {
    if (!outcome.rejected.empty()) response.headers.emplace_back("X-Rejected", std::to_string(outcome.rejected.size()));
}

// 32 hexadecimal digits as a UUID is written.
std::string uuid_of(std::string_view hex) {
    std::string out;
    for (std::size_t i = 0; i < hex.size(); ++i) {
        if (i == 8 || i == 12 || i == 16 || i == 20) out += '-';
        out += hex[i];
    }
    return out;
}

Response segment_answer(const IngestOutcome& outcome) {
    Response response = Response::json(200, R"({"success":true})");
    count_rejected(response, outcome);
    return response;
}

Response posthog_answer(const IngestOutcome& outcome, const AnswerContext& context) {
    Response response = context.no_body ? Response{204, {}, {}, {}} : Response::json(200, R"({"status":1})");
    count_rejected(response, outcome);
    return response;
}

// An outcome for every uuid that was sent; of one that came twice, the first.
Response posthog_v1_answer(const IngestOutcome& outcome) {
    JsonWriter json;
    json.begin_object().key("results").begin_object();
    std::unordered_set<std::string_view> told;
    std::string name;
    const auto tell = [&](std::string_view uuid, std::string_view result, std::string_view details) {
        if (uuid.empty() || !told.insert(uuid).second) return;
        name.clear();
        api::append_json_string(name, uuid);
        json.key(std::string_view(name).substr(1, name.size() - 2)).begin_object();
        json.key("result").string(result).key("details").string(details).end_object();
    };
    for (std::size_t i = 0; i < outcome.batch->size(); ++i) {
        const EventView event = (*outcome.batch)[i];
        if (event.id_from_door) continue;  // its sender knows no uuid
        if (event.off_schema) {
            tell(event.event_id, "warning", "the event breaks its schema");
        } else {
            tell(event.event_id, "ok", {});
        }
    }
    for (const RejectedItem& item : outcome.rejected) tell(item.event_id, "drop", text_of(item));
    json.end_object().end_object();
    Response response = Response::json(200, json.take());
    count_rejected(response, outcome);
    return response;
}

Response plausible_answer(const IngestOutcome& outcome) {
    if (!outcome.rejected.empty()) {
        const RejectedItem& bad = outcome.rejected.front();
        return plausible_error({ErrorCode::InvalidArgument, bad.reason, bad.field, bad.offset, {}});
    }
    return {202, "text/plain; charset=utf-8", "ok", {}};
}

// Of an event's visitor and visit. The cache is what Umami's tracker sends back to be spared a lookup; this server
// works everything out anew and reads nothing from it, so that it need not be signed.
struct UmamiVisit {
    std::string session, visit, cache;

    explicit UmamiVisit(const EventView& event) {
        const auto who = digest_of({event.user_id});
        const auto when = digest_of({event.user_id, event.session_id});
        session = uuid_of({who.data(), who.size()});
        visit = uuid_of({when.data(), when.size()});
        cache = session + "." + visit;
    }
};

void umami_problem(JsonWriter& json, int status, std::string_view code, std::string_view message) {
    json.begin_object().key("error").begin_object().key("message").string(message).key("code").string(code);
    json.key("status").integer(status).end_object().end_object();
}

Response umami_answer(const IngestOutcome& outcome) {
    JsonWriter json;
    std::optional<UmamiVisit> visit;
    if (!outcome.batch->empty()) visit.emplace((*outcome.batch)[0]);
    if (!outcome.several) {
        if (!visit) {
            const RejectedItem& bad = outcome.rejected.front();
            return umami_error({ErrorCode::InvalidArgument, bad.reason, bad.field, bad.offset, {}});
        }
        json.begin_object().key("cache").string(visit->cache).key("sessionId").string(visit->session);
        json.key("visitId").string(visit->visit).end_object();
        return Response::json(200, json.take());
    }
    json.begin_object().key("size").unsigned_integer(outcome.batch->size() + outcome.rejected.size());
    json.key("processed").unsigned_integer(outcome.batch->size());
    json.key("errors").unsigned_integer(outcome.rejected.size()).key("details").begin_array();
    for (const RejectedItem& bad : outcome.rejected) {
        json.begin_object().key("index").unsigned_integer(bad.index).key("response");
        umami_problem(json, 400, "bad-request", text_of(bad));
        json.end_object();
    }
    json.end_array().key("cache");
    if (visit) {
        json.string(visit->cache);
    } else {
        json.null();
    }
    json.end_object();
    return Response::json(200, json.take());
}

// A batch is 200 with a list of what was bad, also when all were: its sender has done its part.
Response cloudevents_answer(const IngestOutcome& outcome) {
    if (outcome.rejected.empty() || !outcome.several) return answer_accepted(outcome);
    return Response::json(200, partly_accepted(outcome));
}

Response otlp_answer(const IngestOutcome& outcome) {
    if (outcome.rejected.empty()) return Response::json(200, "{}");
    JsonWriter json;
    json.begin_object().key("partialSuccess").begin_object();
    // 64-bit integers are strings in protobuf's JSON.
    json.key("rejectedLogRecords").string(std::to_string(outcome.rejected.size()));
    const RejectedItem& first = outcome.rejected.front();
    json.key("errorMessage").string("record " + std::to_string(first.index) + ": " + text_of(first));
    json.end_object().end_object();
    return Response::json(200, json.take());
}

Response success_in(Dialect dialect, const IngestOutcome& outcome, const AnswerContext& context) {
    switch (dialect) {
        case Dialect::Segment:
            return segment_answer(outcome);
        case Dialect::PostHog:
            return posthog_answer(outcome, context);
        case Dialect::PostHogV1:
            return posthog_v1_answer(outcome);
        case Dialect::Plausible:
            return plausible_answer(outcome);
        case Dialect::Umami:
            return umami_answer(outcome);
        case Dialect::CloudEvents:
            return cloudevents_answer(outcome);
        case Dialect::Otlp:
            return otlp_answer(outcome);
        case Dialect::Generic:
            break;
    }
    return answer_accepted(outcome);
}

Response error_in(Dialect dialect, const Error& error) {
    switch (dialect) {
        case Dialect::Segment:
            return segment_error(error);
        case Dialect::PostHog:
            return posthog_error(error);
        case Dialect::PostHogV1:
            return posthog_v1_error(error);
        case Dialect::Plausible:
            return plausible_error(error);
        case Dialect::Umami:
            return umami_error(error);
        case Dialect::CloudEvents:
            return cloudevents_error(error);
        case Dialect::Otlp:
            return otlp_error(error);
        case Dialect::Generic:
            break;
    }
    return segment_or_posthog_error(error);
}

// google.rpc.Code, as far as it is needed.
int grpc_code(ErrorCode code) {
    switch (code) {
        case ErrorCode::InvalidArgument:
            return 3;
        case ErrorCode::DeadlineExceeded:
            return 4;
        case ErrorCode::NotFound:
            return 5;
        case ErrorCode::Forbidden:
            return 7;
        case ErrorCode::TooLarge:
        case ErrorCode::RateLimited:
            return 8;
        case ErrorCode::Unavailable:
            return 14;
        case ErrorCode::Unauthorized:
            return 16;
        default:
            return 13;
    }
}

}  // namespace

http::StageTimes stage_times(const api::IngestTimes& times) {
    const auto between = [](std::int64_t from, std::int64_t to) { return from > 0 && to >= from ? to - from : -1; };
    return {between(times.arrived, times.decoding), between(times.decoding, times.queued),
            between(times.queued, times.committing), between(times.committing, times.committed)};
}

std::string_view durability_line(const IngestOutcome& outcome) {
    return outcome.buffered ? "Streamgauge-Durability: buffered\r\n" : "Streamgauge-Durability: committed\r\n";
}

Response answer_in(Dialect dialect, const Result<IngestOutcome>& outcome, const AnswerContext& context) {
    Response response = outcome.ok() ? success_in(dialect, *outcome, context) : error_in(dialect, outcome.error());
    if (outcome.ok()) {
        response.header_lines = durability_line(*outcome);
        response.stages = stage_times(outcome->times);
    }
    if (!context.request_id.empty()) {
        response.headers.emplace_back("PostHog-Request-Id", context.request_id.substr(0, kRequestIdBytes));
    }
    return response;
}

Response segment_error(const Error& error) {
    JsonWriter json;
    json.begin_object().key("code").string(to_string(error.code)).key("message").string(error.describe()).end_object();
    // Whatever its size, a request that is refused for good is 400 to Segment's clients.
    const int status = error.code == ErrorCode::TooLarge ? 400 : http::status_of(error.code);
    return with_retry(Response::json(status, json.take()), error);
}

Response posthog_error(const Error& error) {
    const int status = http::status_of(error.code);
    if (status >= 500 || (status == 429 && error.retry_after_seconds >= kPostHogPatienceSeconds)) return cut();
    JsonWriter json;
    json.begin_object().key("code").string(to_string(error.code)).key("detail").string(error.describe()).end_object();
    return with_retry(Response::json(status, json.take()), error);
}

Response posthog_v1_error(const Error& error) {
    JsonWriter json;
    json.begin_object().key("code").string(to_string(error.code)).key("detail").string(error.describe()).end_object();
    const int status = error.code == ErrorCode::RateLimited ? 503 : http::status_of(error.code);
    return with_retry(Response::json(status, json.take()), error, kPostHogV1RetrySeconds);
}

Response segment_or_posthog_error(const Error& error) {
    const int status = http::status_of(error.code);
    if (status >= 500) return cut();  // both send again what a broken connection took
    JsonWriter json;
    json.begin_object().key("code").string(to_string(error.code)).key("message").string(error.describe());
    json.key("detail").string(error.describe()).end_object();
    return with_retry(Response::json(status, json.take()), error);
}

Response plausible_error(const Error& error) {
    if (error.code == ErrorCode::Unauthorized || error.code == ErrorCode::Forbidden) {
        return {202, "text/plain; charset=utf-8", "ok", {{"x-plausible-dropped", "1"}}};
    }
    std::string field;
    api::append_json_string(field, error.field.empty() ? "request" : error.field);
    JsonWriter json;
    json.begin_object().key("errors").begin_object().key(std::string_view(field).substr(1, field.size() - 2));
    json.begin_array().string(error.message).end_array().end_object().end_object();
    return with_retry(Response::json(http::status_of(error.code), json.take()), error);
}

Response umami_error(const Error& error) {
    JsonWriter json;
    if (error.code == ErrorCode::Unauthorized || error.code == ErrorCode::Forbidden) {
        umami_problem(json, 400, "bad-request", "Website not found.");
        return Response::json(400, json.take());
    }
    const int status = http::status_of(error.code);
    umami_problem(json, status, status == 400 ? "bad-request" : to_string(error.code), error.describe());
    return with_retry(Response::json(status, json.take()), error);
}

Response cloudevents_error(const Error& error) {
    return http::problem(error);
}

Response otlp_error(const Error& error) {
    JsonWriter json;
    json.begin_object().key("code").integer(grpc_code(error.code)).key("message").string(error.describe()).end_object();
    return with_retry(Response::json(http::status_of(error.code), json.take()), error);
}

}  // namespace streamgauge
