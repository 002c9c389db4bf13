// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/segment_decoder.h"

#include <array>
#include <utility>

#include "event/bots.h"

namespace streamgauge {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;
using Text = SdkEvent::Text;

// The last segment of the path, and what it says of the call. The short ones are what browsers use.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kPathTypes{{
    {"track", "track"},
    {"identify", "identify"},
    {"page", "page"},
    {"screen", "screen"},
    {"group", "group"},
    {"alias", "alias"},
    {"t", "track"},
    {"i", "identify"},
    {"p", "page"},
    {"s", "screen"},
    {"g", "group"},
    {"a", "alias"},
}};

std::string_view type_of_path(std::string_view path) {
    while (path.ends_with('/')) path.remove_suffix(1);
    const std::string_view last = path.substr(path.rfind('/') + 1);
    for (const auto& [name, type] : kPathTypes)
        if (name == last) return type;
    return {};
}

std::optional<object> object_of(std::optional<element> value) {
    object found;
    if (!value || value->get_object().get(found) != simdjson::SUCCESS) return std::nullopt;
    return found;
}

bool is_text_or_number(const std::optional<element>& value) {
    return value && (value->is_string() || value->is_number());
}

bool is_empty_text(element value) {
    std::string_view text;
    return value.get_string().get(text) == simdjson::SUCCESS && text.empty();
}

}  // namespace

struct SegmentDecoder::Call {
    explicit Call(object call) {
        for (const auto [key, value] : call)
            if (std::optional<element>* place = slot(key); place && !*place && !value.is_null()) *place = value;
        properties_object = object_of(properties);
        context_object = object_of(context);
    }

    // Members with a place of their own. What is not null is no prop, save `name`.
    std::optional<element> type, message_id, user_id, anonymous_id, event, name, timestamp, original_timestamp, sent_at,
        properties, traits, context;
    std::optional<object> properties_object, context_object;

    std::optional<element>* slot(std::string_view name_of_member) {
        struct Entry {
            std::string_view name;
            std::optional<element> Call::*place;
        };
        static constexpr std::array<Entry, 12> kSlots{{
            {"type", &Call::type},
            {"messageId", &Call::message_id},
            {"userId", &Call::user_id},
            {"anonymousId", &Call::anonymous_id},
            {"event", &Call::event},
            {"name", &Call::name},
            {"timestamp", &Call::timestamp},
            {"originalTimestamp", &Call::original_timestamp},
            {"sentAt", &Call::sent_at},
            {"properties", &Call::properties},
            {"traits", &Call::traits},
            {"context", &Call::context},
        }};
        for (const Entry& entry : kSlots)
            if (entry.name == name_of_member) return &(this->*entry.place);
        return nullptr;
    }
};

SegmentDecoder::SegmentDecoder() : SdkDecoder("batch", "messageId") {}

Status SegmentDecoder::begin(const DecodeInput& input, std::optional<object> envelope, bool lone) {
    path_type_ = type_of_path(input.path);
    sent_at_.reset();
    if (!envelope) return {};
    set_key(text_of(*envelope, "writeKey"));  // also of the one call, where browsers put it
    if (const auto sent_at = member_of(*envelope, "sentAt")) sent_at_ = streamgauge::read_time(*sent_at);
    supply_sent_at("sentAt", sent_at_);
    if (lone && path_type_.empty() && !member_of(*envelope, "type")) {
        Error e = bad_body("neither a batch nor a call with a type", 0);
        e.field = "batch";
        return e;
    }
    return {};
}

SdkEvent::Fault SegmentDecoder::read_type(const Call& call, SdkEvent& event) {
    type_ = path_type_;
    if (call.type) {
        std::string_view text;
        if (call.type->get_string().get(text) != simdjson::SUCCESS) return EventFault{"must be a string", "type"};
        type_ = text;
    } else if (!type_.empty()) {
        supply(R"("type":")" + std::string(type_) + '"');
    }
    if (type_ == "page" || type_ == "screen") return event.set(Text::EventType, "page_view", "type");
    if (type_ == "identify" || type_ == "group" || type_ == "alias") return event.set(Text::EventType, type_, "type");
    if (type_ != "track")
        return EventFault{type_.empty() ? "type is missing" : "must be track, identify, page, screen, group or alias",
                          "type"};
    if (!call.event || is_empty_text(*call.event)) return EventFault{"the event's name is missing", "event"};
    if (!call.event->is_string()) return EventFault{"must be a string", "event"};
    return event.set(Text::EventType, *call.event, "event");
}

SdkEvent::Fault SegmentDecoder::read_page(const Call& call, SdkEvent& event) const {
    if (call.properties_object) {
        if (const std::string_view url = text_of(*call.properties_object, "url"); !url.empty())
            return event.set(Text::PageUrl, url, "/properties/url");
        if (const std::string_view path = text_of(*call.properties_object, "path"); !path.empty())
            return event.set(Text::PageUrl, path, "/properties/path");
    }
    if (call.context_object) {
        const auto page = object_of(member_of(*call.context_object, "page"));
        if (const std::string_view url = page ? text_of(*page, "url") : std::string_view(); !url.empty())
            return event.set(Text::PageUrl, url, "/context/page/url");
    }
    if (type_ == "screen" && call.name && call.name->is_string()) return event.set(Text::PageUrl, *call.name, "name");
    return std::nullopt;
}

SdkEvent::Fault SegmentDecoder::read_time(const Call& call, SdkEvent& event) const {
    std::optional<Timestamp> sent_at = sent_at_;
    if (call.sent_at)
        if (const auto own = streamgauge::read_time(*call.sent_at)) sent_at = own;
    if (call.timestamp) return event.set_time(*call.timestamp, "timestamp", sent_at);
    if (call.original_timestamp) return event.set_time(*call.original_timestamp, "originalTimestamp", sent_at);
    return std::nullopt;
}

// What the application itself said comes first: of two props with one name it wins.
SdkEvent::Fault SegmentDecoder::read_props(object members, const Call& call, SdkEvent& event) const {
    if (call.properties)
        if (auto fault = event.add_contents("properties", *call.properties)) return fault;
    if (call.traits)
        if (auto fault = event.add_contents("traits", *call.traits)) return fault;
    const bool is_track = type_ == "track";
    const bool by_user = call.user_id && !is_empty_text(*call.user_id);
    for (const auto [name, value] : members) {
        if (value.is_null() || name == "type" || name == "messageId" || name == "userId" || name == "sentAt" ||
            name == "properties" || name == "traits" || name == "writeKey" || name == "timestamp" ||
            (name == "originalTimestamp" && !call.timestamp) || (name == "event" && is_track) ||
            (name == "anonymousId" && !by_user) ||
            ((name == "context" || name == "integrations") && is_empty_container(value)))
            continue;
        if (auto fault = event.add_prop(name, value, name)) return fault;
    }
    return std::nullopt;
}

SdkEvent::Fault SegmentDecoder::read(object members, SdkEvent& event) {
    const Call call(members);
    if (!share_key(text_of(members, "writeKey"), "writeKey")) return std::nullopt;
    if (call.message_id)
        if (auto fault = event.set(Text::EventId, *call.message_id, "messageId")) return fault;
    if (auto fault = read_type(call, event)) return fault;
    if (call.user_id)
        if (auto fault = event.set(Text::UserId, *call.user_id, "userId")) return fault;
    if (!event.has(Text::UserId) && call.anonymous_id)
        if (auto fault = event.set(Text::UserId, *call.anonymous_id, "anonymousId")) return fault;
    for (const auto& [holder, member] : {std::pair(call.context_object, "/context/sessionId"),
                                         std::pair(call.properties_object, "/properties/sessionId")}) {
        if (event.has(Text::SessionId) || !holder) continue;
        const auto session = member_of(*holder, "sessionId");
        if (is_text_or_number(session))
            if (auto fault = event.set(Text::SessionId, *session, member)) return fault;
    }
    if (auto fault = read_page(call, event)) return fault;
    if (auto fault = read_time(call, event)) return fault;
    if (call.context_object) event.set_bot(is_bot(text_of(*call.context_object, "userAgent")));
    return read_props(members, call, event);
}

}  // namespace streamgauge
