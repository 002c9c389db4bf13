// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/ingest_answers.h"

#include <nlohmann/json.hpp>

#include "api/json_writer.h"

namespace streamgauge {

namespace {

using api::IngestOutcome;
using http::Response;
using nlohmann::ordered_json;

constexpr std::string_view kAccepted = R"({"status":"accepted"})";

Error error_of(const api::RejectedItem& item) {
    return {ErrorCode::InvalidArgument, item.reason, item.field, item.offset, {}};
}

void write_rejected(api::JsonWriter& json, const std::vector<api::RejectedItem>& rejected) {
    json.key("rejected").begin_array();
    for (const api::RejectedItem& item : rejected) {
        json.begin_object().key("index").unsigned_integer(item.index);
        json.key("error").string(error_of(item).describe()).end_object();
    }
    json.end_array();
}

Response nothing_accepted(const IngestOutcome& outcome) {
    const api::RejectedItem& first = outcome.rejected.front();
    Response response = http::problem(error_of(first));
    if (!outcome.several) return response;
    api::JsonWriter json;
    json.begin_object();
    write_rejected(json, outcome.rejected);
    json.end_object();
    // Both texts are objects: the second one's member becomes the first one's last.
    response.body.back() = ',';
    response.body += std::string_view(json.take()).substr(1);
    return response;
}

// One good event that came alone.
bool is_one(const IngestOutcome& outcome) {
    return !outcome.several && outcome.batch->size() == 1;
}

std::string dump(const ordered_json& json) {
    return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace

std::string partly_accepted(const IngestOutcome& outcome) {
    api::JsonWriter json;
    json.begin_object().key("status").string("accepted").key("accepted").unsigned_integer(outcome.accepted);
    if (!outcome.buffered) json.key("duplicates").unsigned_integer(outcome.duplicate);
    if (!outcome.rejected.empty()) write_rejected(json, outcome.rejected);
    json.end_object();
    return json.take();
}

Response answer_accepted(const Result<IngestOutcome>& result) {
    if (!result.ok()) return http::problem(result.error());
    const IngestOutcome& outcome = *result;
    if (is_one(outcome)) return Response::json(202, std::string(kAccepted));
    if (outcome.batch->empty() && !outcome.rejected.empty()) return nothing_accepted(outcome);
    return Response::json(outcome.rejected.empty() ? 202 : 207, partly_accepted(outcome));
}

Response answer_echo(const Result<IngestOutcome>& result) {
    if (!result.ok() || !is_one(*result)) return answer_accepted(result);
    const EventView event = (*result->batch)[0];
    if (!event.id_from_door && !event.time_from_door) return Response::json(200, std::string(result->body));
    ordered_json echo = ordered_json::parse(result->body, nullptr, false);
    if (!echo.is_object()) return answer_accepted(result);
    if (event.id_from_door) echo["event_id"] = event.event_id;
    if (event.time_from_door) echo["time_stamp"] = format_rfc3339(event.occurred_at);
    return Response::json(200, dump(echo));
}

Response answer_stored(const Result<IngestOutcome>& result) {
    if (!result.ok() || !is_one(*result)) return answer_accepted(result);
    const EventView event = (*result->batch)[0];
    const ordered_json sent = ordered_json::parse(result->body, nullptr, false);
    if (!sent.is_object()) return answer_accepted(result);
    ordered_json stored = ordered_json::object();
    // A repeat's first number may be unknown when it is old.
    const Offset offset = result->placements.front().offset;
    stored["id"] = offset == 0 ? ordered_json(nullptr) : ordered_json(offset);
    for (const auto& [name, value] : sent.items()) {
        if (name != "id") stored[name] = value;
    }
    if (event.id_from_door) {
        stored[result->naming == NamingStyle::Camel ? "eventId" : "event_id"] = event.event_id;
    }
    stored["occurredAt"] = format_rfc3339(event.occurred_at);
    stored["receivedAt"] = format_rfc3339(event.received_at);
    return Response::json(200, dump(stored));
}

}  // namespace streamgauge
