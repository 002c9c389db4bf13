// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/posthog_decoder.h"

#include <array>
#include <cmath>
#include <utility>

#include "base/limits.h"
#include "event/bots.h"
#include "event/form_body.h"

namespace streamgauge {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;
using Text = SdkEvent::Text;

constexpr std::size_t kDistinctIdCharacters = 200;  // PostHog's own bound
constexpr double kFarthestOffsetMillis = 1e14;      // some three thousand years
constexpr std::array<std::string_view, 3> kKeyNames{"api_key", "token", "$token"};

bool is_key_name(std::string_view name) {
    return name == kKeyNames[0] || name == kKeyNames[1] || name == kKeyNames[2];
}

std::string_view key_of(object members) {
    for (const std::string_view name : kKeyNames)
        if (const std::string_view key = text_of(members, name); !key.empty()) return key;
    return {};
}

bool is_true(const std::optional<object>& members, std::string_view name) {
    bool value = false;
    return members && members->at_key(name).get(value) == simdjson::SUCCESS && value;
}

bool looks_like_json(std::string_view text) {
    return text.starts_with('{') || text.starts_with('[');
}

std::string_view cut_at_characters(std::string_view text, std::size_t characters, std::size_t bytes) {
    std::size_t end = 0;
    while (end < text.size()) {
        std::size_t next = end + 1;
        while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0) == 0x80) ++next;
        if (characters-- == 0 || next > bytes) break;
        end = next;
    }
    return text.substr(0, end);
}

}  // namespace

struct PostHogDecoder::Capture {
    explicit Capture(object capture) {
        for (const auto [key, value] : capture)
            if (std::optional<element>* place = slot(key); place && !*place && !value.is_null()) *place = value;
        object found;
        if (properties && properties->get_object().get(found) == simdjson::SUCCESS) properties_object = found;
        if (options && options->get_object().get(found) == simdjson::SUCCESS) options_object = found;
    }

    // Of a member of `properties`; nullopt: none.
    std::optional<element> property(std::string_view name) const {
        return properties_object ? member_of(*properties_object, name) : std::nullopt;
    }
    std::string_view property_text(std::string_view name) const {
        return properties_object ? text_of(*properties_object, name) : std::string_view();
    }

    // Members with a place of their own: they are no props.
    std::optional<element> event, uuid, distinct_id, dollar_distinct_id, timestamp, offset, properties, options,
        session_id, sent_at;
    std::optional<object> properties_object, options_object;

    std::optional<element>* slot(std::string_view name_of_member) {
        struct Entry {
            std::string_view name;
            std::optional<element> Capture::*place;
        };
        static constexpr std::array<Entry, 10> kSlots{{
            {"event", &Capture::event},
            {"uuid", &Capture::uuid},
            {"distinct_id", &Capture::distinct_id},
            {"$distinct_id", &Capture::dollar_distinct_id},
            {"timestamp", &Capture::timestamp},
            {"offset", &Capture::offset},
            {"properties", &Capture::properties},
            {"options", &Capture::options},
            {"session_id", &Capture::session_id},
            {"sent_at", &Capture::sent_at},
        }};
        for (const Entry& entry : kSlots)
            if (entry.name == name_of_member) return &(this->*entry.place);
        return nullptr;
    }
};

// Plain JSON; or a form whose field `data` holds JSON, plain or as Base64; or Base64 alone.
Result<bool> PostHogDecoder::unwrap(const DecodeInput& input, std::string& out) {
    const std::string_view text = trim_body(input.body);
    if (version_ == Version::V1 || text.empty() || looks_like_json(text)) return false;
    const std::string_view compression = form_field(input.query, "compression").value_or("");
    if (compression.starts_with("lz64") || compression.starts_with("lz-string")) {
        Error e = bad_body("the compression " + std::string(compression) + " is not known here", 0);
        e.field = "compression";
        e.hint = "send gzip, Base64, or plain JSON";
        return e;
    }
    const auto data = form_field(text, "data");
    if (!data && compression != "base64") return false;  // whatever it is, it is explained as JSON
    out = data ? form_decoded(*data) : std::string(text);
    if (looks_like_json(trim_body(out))) return true;
    if (auto decoded = base64_decoded(out); decoded && looks_like_json(trim_body(*decoded))) {
        out = std::move(*decoded);
        return true;
    }
    Error e = bad_body("neither JSON nor Base64 of JSON", 0);
    e.field = "data";
    return e;
}

Status PostHogDecoder::begin(const DecodeInput& input, std::optional<object> envelope, bool lone) {
    std::string_view path = input.path;
    while (path.ends_with('/')) path.remove_suffix(1);
    engage_ = path.ends_with("/engage");
    sent_at_.reset();
    historical_ = is_true(envelope, "historical_migration");
    if (version_ == Version::V1) {
        sent_at_ = streamgauge::read_time(input.header("PostHog-Request-Timestamp"));
        const auto created_at = envelope && !sent_at_ ? member_of(*envelope, "created_at") : std::nullopt;
        if (created_at) sent_at_ = streamgauge::read_time(*created_at);
    } else {
        const auto sent_at = envelope ? member_of(*envelope, "sent_at") : std::nullopt;
        if (sent_at) sent_at_ = streamgauge::read_time(*sent_at);
        if (!sent_at_) sent_at_ = streamgauge::read_time(form_field(input.query, "_").value_or(""));
    }
    if (!historical_) supply_sent_at(version_ == Version::V1 ? "created_at" : "sent_at", sent_at_);
    if (!envelope) return {};
    set_key(key_of(*envelope));
    if (lone && !engage_ && !member_of(*envelope, "event") && member_of(*envelope, "batch")) {
        Error e = bad_body("the batch must be a list of events", 0);
        e.field = "batch";
        return e;
    }
    return {};
}

SdkEvent::Fault PostHogDecoder::read_type(const Capture& capture, SdkEvent& event) {
    if (!capture.event) {
        if (!engage_) return EventFault{"the event's name is missing", "event"};
        supply(R"("event":"$identify")");
        return event.set(Text::EventType, "$identify", "event");
    }
    std::string_view name;
    if (capture.event->get_string().get(name) != simdjson::SUCCESS) return EventFault{"must be a string", "event"};
    if (name.empty()) return EventFault{"the event's name is missing", "event"};
    if (name == "$pageview") name = "page_view";
    if (name == "$autocapture") name = "click";
    return event.set(Text::EventType, name, "event");
}

// Anything that is not nothing names a user: what is no text is taken by its JSON.
SdkEvent::Fault PostHogDecoder::read_user(const Capture& capture, SdkEvent& event) const {
    for (const auto& [value, member] :
         {std::pair(capture.distinct_id, "distinct_id"), std::pair(capture.dollar_distinct_id, "$distinct_id"),
          std::pair(capture.property("distinct_id"), "/properties/distinct_id")}) {
        if (!value) continue;
        std::string_view text;
        if (value->is_number()) {
            if (auto fault = event.set(Text::UserId, *value, member)) return fault;
        } else if (value->get_string().get(text) == simdjson::SUCCESS) {
            text = cut_at_characters(text, kDistinctIdCharacters, limits::kUserIdBytes);
            if (auto fault = event.set(Text::UserId, text, member)) return fault;
        } else {
            const std::string json = simdjson::minify(*value);
            text = cut_at_characters(json, kDistinctIdCharacters, limits::kUserIdBytes);
            if (auto fault = event.set_copy(Text::UserId, std::string(text), member)) return fault;
        }
        if (event.has(Text::UserId)) return std::nullopt;
    }
    return EventFault{"distinct_id is missing", "distinct_id"};
}

SdkEvent::Fault PostHogDecoder::read_time(const Capture& capture, SdkEvent& event) const {
    const bool as_it_is = historical_ || is_true(capture.properties_object, "$ignore_sent_at") ||
                          is_true(capture.options_object, "disable_skew_correction");
    std::optional<Timestamp> sent_at = sent_at_;
    if (!sent_at && capture.sent_at) sent_at = streamgauge::read_time(*capture.sent_at);
    if (capture.timestamp) return event.set_time(*capture.timestamp, "timestamp", as_it_is ? std::nullopt : sent_at);
    if (!capture.offset) return std::nullopt;
    // How long ago it happened, by the sender's clock.
    double millis = 0;
    if (capture.offset->get_double().get(millis) != simdjson::SUCCESS || std::abs(millis) > kFarthestOffsetMillis)
        return EventFault{"must be a number of milliseconds", "offset"};
    const auto ago = static_cast<std::int64_t>(std::llround(std::max(millis, 0.0) * 1000));
    return event.set_time(received_at().plus_micros(-ago), "offset");
}

// What the application itself said comes first: of two props with one name it wins.
SdkEvent::Fault PostHogDecoder::read_props(object members, const Capture& capture, SdkEvent& event) const {
    if (capture.properties_object) {
        for (const auto [name, value] : *capture.properties_object) {
            std::string_view text;
            if (name == "token" && value.get_string().get(text) == simdjson::SUCCESS && text == key()) continue;
            if (auto fault = event.add_prop(name, value, "properties", 3)) return fault;
        }
    } else if (capture.properties) {
        if (auto fault = event.add_contents("properties", *capture.properties)) return fault;
    }
    for (const auto [name, value] : members) {
        if (value.is_null() || name == "event" || name == "uuid" || name == "distinct_id" || name == "$distinct_id" ||
            name == "timestamp" || name == "offset" || name == "properties" || name == "sent_at" ||
            name == "historical_migration" || is_key_name(name) ||
            (version_ == Version::V1 && (name == "session_id" || name == "created_at")) ||
            (name == "options" && is_empty_container(value)))
            continue;
        if (auto fault = event.add_prop(name, value, name)) return fault;
    }
    return std::nullopt;
}

SdkEvent::Fault PostHogDecoder::read(object members, SdkEvent& event) {
    const Capture capture(members);
    std::string_view own_key = key_of(members);
    if (own_key.empty()) own_key = capture.property_text("token");
    if (version_ == Version::V0 && !share_key(own_key, "api_key")) return std::nullopt;

    if (capture.uuid)
        if (auto fault = event.set(Text::EventId, *capture.uuid, "uuid")) return fault;
    if (const auto insert_id = capture.property("$insert_id"); insert_id && !event.has(Text::EventId))
        if (auto fault = event.set(Text::EventId, *insert_id, "/properties/$insert_id")) return fault;
    if (auto fault = read_type(capture, event)) return fault;
    if (auto fault = read_user(capture, event)) return fault;
    if (version_ == Version::V1 && capture.session_id)
        if (auto fault = event.set(Text::SessionId, *capture.session_id, "session_id")) return fault;
    const auto session = capture.property("$session_id");
    if (session && !event.has(Text::SessionId) && (session->is_string() || session->is_number()))
        if (auto fault = event.set(Text::SessionId, *session, "/properties/$session_id")) return fault;
    for (const auto& [name, member] :
         {std::pair("$current_url", "/properties/$current_url"), std::pair("$pathname", "/properties/$pathname")})
        if (!event.has(Text::PageUrl))
            if (auto fault = event.set(Text::PageUrl, capture.property_text(name), member)) return fault;
    if (auto fault = read_time(capture, event)) return fault;
    for (const std::string_view name : {"$raw_user_agent", "$user_agent", "$useragent"})
        if (const std::string_view agent = capture.property_text(name); !agent.empty()) {
            event.set_bot(is_bot(agent));
            break;
        }
    return read_props(members, capture, event);
}

}  // namespace streamgauge
