// SPDX-License-Identifier: GPL-3.0-or-later
// Source: opentelemetry-proto 1.x (logs/v1, resource/v1, common/v1) and its rules for JSON: lowerCamelCase, 64-bit
// integers as strings or numbers, ids in hexadecimal, unknown members are ignored.
#include "event/otlp_decoder.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/limits.h"
#include "event/bots.h"
#include "event/media_type.h"
#include "event/otlp_value.h"
#include "event/visitor.h"

namespace streamgauge {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;
using Text = SdkEvent::Text;

// What the record itself becomes in props; an attribute of such a name is led by "attribute.".
constexpr std::array<std::string_view, 9> kOwnProps{"body",    "severity", "severity_number",  "trace_id",
                                                    "span_id", "scope",    "scope_attributes", "scope_version",
                                                    "resource"};
constexpr std::size_t kPropsDepth = 2;

EventFault fault(std::string reason, std::string_view member) {
    return {std::move(reason), std::string(member)};
}

// 64-bit integers are strings in the protocol's JSON; numbers are taken as well. 0 when it is not there.
bool read_nanos(object record, std::string_view name, std::uint64_t& out) {
    out = 0;
    const auto value = member_of(record, name);
    if (!value || value->get_uint64().get(out) == simdjson::SUCCESS) return true;
    std::string_view text;
    if (value->get_string().get(text) != simdjson::SUCCESS) return false;
    if (text.empty()) return true;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && stop == text.data() + text.size();
}

SdkEvent::Fault set_text(SdkEvent& event, Text which, element value, std::string_view key) {
    const std::string member = "/attributes/" + std::string(key);
    const auto held = otlp::scalar_of(value);
    if (!held) return fault("must be a stringValue or an intValue", member);
    return event.set(which, *held, member);
}

}  // namespace

Error OtlpDecoder::wrong(Place place, std::string message) const {
    return bad_body(std::move(message),
                    static_cast<std::size_t>(text_.data() - body_.data()) + structure_->span(place.at).begin);
}

std::optional<OtlpDecoder::Place> OtlpDecoder::child(Place parent, std::string_view name) const {
    object members;
    if (parent.value.get_object().get(members) != simdjson::SUCCESS) return std::nullopt;
    std::size_t ordinal = 0;
    for (const auto [key, value] : members) {
        if (key == name && !value.is_null()) return Place{value, structure_->member(parent.at, ordinal)};
        ++ordinal;
    }
    return std::nullopt;
}

// A list that is not there is empty.
template <class Each>
Status OtlpDecoder::each(Place parent, std::string_view name, Each&& take) {
    const auto list = child(parent, name);
    if (!list) return {};
    array items;
    if (list->value.get_array().get(items) != simdjson::SUCCESS)
        return wrong(*list, std::string(name).append(" must be a list"));
    std::size_t at = list->at + 1;
    for (const element item : items) {
        if (Status status = take(Place{item, at}); !status.ok()) return status;
        at = structure_->behind(at) + 1;
    }
    return {};
}

Status OtlpDecoder::request(Place root) {
    if (!root.value.is_object()) return wrong(root, "a request is a JSON object with resourceLogs");
    return each(root, "resourceLogs", [this](Place place) { return resource_logs(place); });
}

Status OtlpDecoder::resource_logs(Place place) {
    if (!place.value.is_object()) return wrong(place, "an element of resourceLogs must be an object");
    read_resource(place);
    return each(place, "scopeLogs", [this](Place scope) { return scope_logs(scope); });
}

Status OtlpDecoder::scope_logs(Place place) {
    if (!place.value.is_object()) return wrong(place, "an element of scopeLogs must be an object");
    read_scope(place);
    return each(place, "logRecords", [this](Place one) { return record(one); });
}

void OtlpDecoder::read_resource(Place resource_logs) {
    resource_ = {};
    const auto place = child(resource_logs, "resource");
    if (!place) return;
    resource_.text = structure_->text(place->at);
    if (!place->value.is_object()) {
        resource_.fault = fault("must be an object", "/resource");
    } else if (const auto attributes = child(*place, "attributes")) {
        if (auto reason = otlp::append_key_values(resource_.json, attributes->value, kPropsDepth))
            resource_.fault = fault(std::move(*reason), "/resource/attributes");
    }
}

void OtlpDecoder::read_scope(Place scope_logs) {
    scope_ = {};
    const auto place = child(scope_logs, "scope");
    if (!place) return;
    scope_.text = structure_->text(place->at);
    object members;
    if (place->value.get_object().get(members) != simdjson::SUCCESS) {
        scope_.fault = fault("must be an object", "/scope");
        return;
    }
    scope_.name = text_of(members, "name");
    scope_.version = text_of(members, "version");
    if (const auto attributes = child(*place, "attributes"))
        if (auto reason = otlp::append_key_values(scope_.json, attributes->value, kPropsDepth))
            scope_.fault = fault(std::move(*reason), "/scope/attributes");
}

Status OtlpDecoder::record(Place place) {
    if (records_ == limits::kEventsPerRequest) return too_many_events(wrong(place, {}).offset.value_or(0));
    ++records_;
    event_.begin(received_at_);
    object members;
    EventView event;
    SdkEvent::Fault found;
    if (place.value.get_object().get(members) != simdjson::SUCCESS) {
        found = fault("a log record is a JSON object", {});
    } else {
        found = read(members);
        if (structure_->text(place.at).size() > limits::kEventBytes)
            found = fault("an event is at most " + std::to_string(limits::kEventBytes) + " bytes", {});
    }
    if (!found) found = event_.finish(event);
    if (found) {
        reject(place, std::move(*found));
    } else {
        accept(event);
    }
    if (out_.batch.text_bytes() + kept_bytes_ <= limits::kDecodedBytes) return {};
    Error e = wrong(place, "the records, each with its resource, are larger than " +
                               std::to_string(limits::kDecodedBytes) + " bytes");
    e.code = ErrorCode::TooLarge;
    e.hint = "send them in several requests";
    return e;
}

SdkEvent::Fault OtlpDecoder::read(object record) {
    if (auto found = find_known(record)) return found;
    if (known_.event_id)
        if (auto found = set_text(event_, Text::EventId, *known_.event_id, "event.id")) return found;
    if (resource_.fault) return resource_.fault;
    if (scope_.fault) return scope_.fault;
    if (auto found = read_type(record)) return found;
    if (auto found = read_time(record)) return found;
    if (auto found = read_texts()) return found;
    if (auto found = read_own_props(record)) return found;
    return read_attributes(record);
}

SdkEvent::Fault OtlpDecoder::find_known(object record) {
    known_ = {};
    const auto list = member_of(record, "attributes");
    if (!list) return std::nullopt;
    array entries;
    if (list->get_array().get(entries) != simdjson::SUCCESS) return fault("must be a list", "attributes");
    const std::array<std::pair<std::string_view, std::optional<element>*>, 8> names{
        {{"event.id", &known_.event_id},
         {"event.name", &known_.event_name},
         {"user.id", &known_.user_id},
         {"enduser.id", &known_.enduser_id},
         {"session.id", &known_.session_id},
         {"url.full", &known_.url_full},
         {"url.path", &known_.url_path},
         {"user_agent.original", &known_.user_agent}}};
    for (const element entry : entries) {
        otlp::KeyValue pair;
        if (auto reason = otlp::read_key_value(entry, pair)) return fault(std::move(*reason), "attributes");
        if (!pair.value || pair.value->is_null()) continue;
        for (const auto& [name, place] : names)
            if (pair.key == name && !*place) *place = pair.value;
    }
    return std::nullopt;
}

SdkEvent::Fault OtlpDecoder::read_type(object record) {
    std::string_view text = "log";
    if (const auto name = member_of(record, "eventName")) {
        if (name->get_string().get(text) != simdjson::SUCCESS) return fault("must be a string", "eventName");
        if (!text.empty()) {
            known_.event_name.reset();
            return event_.set(Text::EventType, text, "eventName");
        }
        text = "log";
    }
    if (!known_.event_name) return event_.set(Text::EventType, text, "eventName");
    if (auto found = set_text(event_, Text::EventType, *known_.event_name, "event.name")) return found;
    return event_.has(Text::EventType) ? std::nullopt : event_.set(Text::EventType, text, "eventName");
}

SdkEvent::Fault OtlpDecoder::read_time(object record) {
    nanos_.clear();
    for (const std::string_view name : {"timeUnixNano", "observedTimeUnixNano"}) {
        std::uint64_t nanos = 0;
        if (!read_nanos(record, name, nanos)) return fault("must be a whole number of nanoseconds since 1970", name);
        if (nanos == 0) continue;
        nanos_ = std::to_string(nanos);
        return event_.set_time(Timestamp{static_cast<std::int64_t>(nanos / 1000)}, name);
    }
    return std::nullopt;
}

// Of two attributes for one field the better one is taken, and the other stays in props.
SdkEvent::Fault OtlpDecoder::read_texts() {
    const auto take = [&](Text which, std::optional<element> value, std::string_view key) -> SdkEvent::Fault {
        return value ? set_text(event_, which, *value, key) : std::nullopt;
    };
    if (known_.user_id) known_.enduser_id.reset();
    if (known_.url_full) known_.url_path.reset();
    if (auto found = take(Text::UserId, known_.user_id, "user.id")) return found;
    if (auto found = take(Text::UserId, known_.enduser_id, "enduser.id")) return found;
    if (auto found = take(Text::SessionId, known_.session_id, "session.id")) return found;
    if (auto found = take(Text::PageUrl, known_.url_full, "url.full")) return found;
    if (auto found = take(Text::PageUrl, known_.url_path, "url.path")) return found;
    std::string_view agent;
    if (known_.user_agent)
        if (const auto held = otlp::scalar_of(*known_.user_agent);
            held && held->get_string().get(agent) == simdjson::SUCCESS)
            event_.set_bot(is_bot(agent));
    return std::nullopt;
}

SdkEvent::Fault OtlpDecoder::read_own_props(object record) {
    if (const auto body = member_of(record, "body")) {
        json_.clear();
        if (auto reason = otlp::append_value(json_, *body, kPropsDepth)) return fault(std::move(*reason), "body");
        if (json_ != "null")
            if (auto found = event_.add_json_prop("body", json_, "body")) return found;
    }
    const auto text_prop = [&](std::string_view member, std::string_view prop) -> SdkEvent::Fault {
        const std::string_view text = text_of(record, member);
        return text.empty() ? std::nullopt : event_.add_prop(prop, text, member);
    };
    if (auto found = text_prop("severityText", "severity")) return found;
    if (const auto number = member_of(record, "severityNumber"))
        if (auto found = event_.add_prop("severity_number", *number, "severityNumber")) return found;
    if (auto found = text_prop("traceId", "trace_id")) return found;
    if (auto found = text_prop("spanId", "span_id")) return found;
    if (!scope_.name.empty())
        if (auto found = event_.add_prop("scope", scope_.name, "/scope/name")) return found;
    if (!scope_.version.empty())
        if (auto found = event_.add_prop("scope_version", scope_.version, "/scope/version")) return found;
    if (!scope_.json.empty() && scope_.json != "{}")
        if (auto found = event_.add_json_prop("scope_attributes", scope_.json, "/scope/attributes")) return found;
    if (!resource_.json.empty() && resource_.json != "{}")
        return event_.add_json_prop("resource", resource_.json, "/resource/attributes");
    return std::nullopt;
}

SdkEvent::Fault OtlpDecoder::read_attributes(object record) {
    prop_names_.clear();
    array entries;
    const auto list = member_of(record, "attributes");
    if (!list || list->get_array().get(entries) != simdjson::SUCCESS) return std::nullopt;
    const auto taken = [&](std::string_view key) {
        return (key == "event.id" && known_.event_id) || (key == "event.name" && known_.event_name) ||
               (key == "user.id" && known_.user_id) || (key == "enduser.id" && known_.enduser_id) ||
               (key == "session.id" && known_.session_id) || (key == "url.full" && known_.url_full) ||
               (key == "url.path" && known_.url_path);
    };
    for (const element entry : entries) {
        otlp::KeyValue pair;
        if (auto reason = otlp::read_key_value(entry, pair)) return fault(std::move(*reason), "attributes");
        if (taken(pair.key)) continue;
        std::string_view prop = pair.key;
        if (std::find(kOwnProps.begin(), kOwnProps.end(), prop) != kOwnProps.end())
            prop = prop_names_.emplace_back(std::string("attribute.").append(prop));
        json_.assign(pair.value ? "" : "null");
        if (pair.value)
            if (auto reason = otlp::append_value(json_, *pair.value, kPropsDepth))
                return fault(std::move(*reason), "attributes");
        if (auto found = event_.add_json_prop(prop, json_, "attributes")) return found;
    }
    return std::nullopt;
}

// A record without an id of its own is named by all that it says, so that a request that is sent again counts once.
// Without a time there is nothing in it that tells a repeat from a second record alike.
void OtlpDecoder::accept(EventView& event) {
    if (event.id_from_door && !nanos_.empty()) {
        const auto digest =
            digest_of({event.event_type, nanos_, event.user_id, event.session_id, event.page_url, event.props});
        id_.assign("otlp-").append(digest.data(), digest.size());
        event.event_id = id_;
        event.id_from_door = false;
    }
    out_.batch.add(event);
    out_.request_index.push_back(static_cast<std::uint32_t>(records_ - 1));
}

void OtlpDecoder::reject(Place place, EventFault found) {
    Rejection r;
    r.index = static_cast<std::uint32_t>(records_ - 1);
    r.offset =
        static_cast<std::size_t>(text_.data() - body_.data()) + structure_->member_offset(place.at, found.member);
    r.reason = std::move(found.reason);
    r.field = std::move(found.member);
    r.event_id = event_.text(Text::EventId);
    r.raw = whole_body(structure_->text(place.at));
    kept_bytes_ += r.raw.size();
    out_.rejected.push_back(std::move(r));
}

// A request with this one record. What makes it larger than a dead letter may be is left out while that helps.
std::string OtlpDecoder::whole_body(std::string_view record) const {
    std::string resource, scope;
    if (!resource_.text.empty()) resource.append(R"("resource":)").append(resource_.text).append(1, ',');
    if (!scope_.text.empty()) scope.append(R"("scope":)").append(scope_.text).append(1, ',');
    constexpr std::size_t kFrame = 60;  // of the texts below
    const auto fits = [&] {
        return kFrame + resource.size() + scope.size() + record.size() <= limits::kDeadLetterRawBytes;
    };
    if (!fits()) resource.clear();
    if (!fits()) scope.clear();
    std::string raw = R"({"resourceLogs":[{)" + resource + R"("scopeLogs":[{)" + scope + R"("logRecords":[)";
    raw.append(record).append("]}]}]}");
    raw.resize(std::min(raw.size(), limits::kDeadLetterRawBytes));
    return raw;
}

Result<DecodedRequest> OtlpDecoder::decode(const DecodeInput& input) {
    const std::string_view type = media_type(input.header("Content-Type"));
    if (equal_ignoring_case(type, "application/x-protobuf") || equal_ignoring_case(type, "application/protobuf")) {
        Error e = Error::make(ErrorCode::InvalidArgument, "log records are taken as JSON only");
        e.field = "Content-Type";
        e.hint = "set the exporter's protocol to http/json";
        return e;
    }
    DecodedRequest fresh;
    out_ = std::move(fresh);
    out_.several = true;
    received_at_ = input.received_at;
    records_ = kept_bytes_ = 0;
    body_ = input.body;
    if (input.padded_capacity < body_.size() + JsonDecoder::kPadding) {
        padded_.assign(body_);
        padded_.append(JsonDecoder::kPadding, ' ');
        body_ = std::string_view(padded_).substr(0, body_.size());
    }
    text_ = trim_body(body_);
    if (text_.empty()) return bad_body("the body is empty", 0);
    element root;
    if (const auto error = parser_.parse(text_.data(), text_.size(), false).get(root); error != simdjson::SUCCESS) {
        const JsonFault why = explain(text_, error);
        return bad_body("not JSON: " + why.reason, static_cast<std::size_t>(text_.data() - body_.data()) + why.offset);
    }
    structure_.emplace(text_, parser_);
    const Status status = request(Place{root, 0});
    if (!status.ok()) return status.error();
    return std::move(out_);
}

}  // namespace streamgauge
