// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/sdk_event.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/limits.h"

namespace streamgauge {
namespace {

using simdjson::dom::element;
using Type = simdjson::dom::element_type;

constexpr std::int64_t kFutureMicros = std::chrono::microseconds(limits::kFutureTolerance).count();
// A smaller correction is the request's time on the way.
constexpr std::int64_t kWorthKeepingMicros = Timestamp::kMicrosPerSecond;
constexpr Timestamp kYearOne = Timestamp::from_seconds(-62'135'596'800);  // 0001-01-01T00:00:00Z, the earliest

constexpr std::array<std::size_t, 5> kMost{limits::kEventIdBytes, limits::kEventTypeBytes, limits::kUserIdBytes,
                                           limits::kSessionIdBytes, limits::kPageUrlBytes};

EventFault make_fault(std::string reason, std::string_view member) {
    return {std::move(reason), std::string(member)};
}

template <class Number>
std::string_view print(std::string& out, Number number) {
    out.resize(32);
    const auto end = std::to_chars(out.data(), out.data() + out.size(), number).ptr;
    return {out.data(), static_cast<std::size_t>(end - out.data())};
}

SdkEvent::Fault fault_of(PropsWriter::Outcome outcome, std::string_view member) {
    switch (outcome) {
        case PropsWriter::Outcome::Ok:
            break;
        case PropsWriter::Outcome::HoldsNul:
            return make_fault("holds the character U+0000", member);
        case PropsWriter::Outcome::TooDeep:
            return make_fault("nested deeper than " + std::to_string(limits::kJsonDepth) + " levels", member);
        case PropsWriter::Outcome::TooLarge:
            return make_fault("props are larger than " + std::to_string(limits::kPropsBytes) + " bytes", member);
    }
    return std::nullopt;
}

}  // namespace

std::string_view& SdkEvent::view(Text which) {
    switch (which) {
        case Text::EventId:
            return event_.event_id;
        case Text::EventType:
            return event_.event_type;
        case Text::UserId:
            return event_.user_id;
        case Text::SessionId:
            return event_.session_id;
        case Text::PageUrl:
            break;
    }
    return event_.page_url;
}

void SdkEvent::begin(Timestamp received_at) {
    event_ = EventView{};
    event_.received_at = event_.occurred_at = received_at;
    event_.time_from_door = true;
    original_time_.clear();
    props_.begin();
}

SdkEvent::Fault SdkEvent::set(Text which, std::string_view text, std::string_view member) {
    const std::size_t most = kMost[static_cast<std::size_t>(which)];
    if (text.size() > most) return make_fault("longer than " + std::to_string(most) + " bytes", member);
    if (text.find('\0') != std::string_view::npos) return make_fault("holds the character U+0000", member);
    view(which) = text;
    return std::nullopt;
}

SdkEvent::Fault SdkEvent::set_copy(Text which, std::string text, std::string_view member) {
    std::string& copy = copies_[static_cast<std::size_t>(which)];
    copy = std::move(text);
    return set(which, copy, member);
}

SdkEvent::Fault SdkEvent::set(Text which, element value, std::string_view member) {
    std::string& copy = copies_[static_cast<std::size_t>(which)];
    switch (value.type()) {
        case Type::STRING:
            return set(which, value.get_string().value_unsafe(), member);
        case Type::INT64:
            return set(which, print(copy, value.get_int64().value_unsafe()), member);
        case Type::UINT64:
            return set(which, print(copy, value.get_uint64().value_unsafe()), member);
        case Type::DOUBLE:
            return set(which, print(copy, value.get_double().value_unsafe()), member);
        case Type::NULL_VALUE:
            return std::nullopt;
        default:
            return make_fault("must be a string or a number", member);
    }
}

SdkEvent::Fault SdkEvent::set_time(element value, std::string_view member, std::optional<Timestamp> sent_at) {
    const auto time = read_time(value);
    if (!time)
        return make_fault("not a time: write 2026-01-31T12:00:00Z, or seconds or milliseconds since 1970", member);
    return set_time(*time, member, sent_at);
}

SdkEvent::Fault SdkEvent::set_time(Timestamp time, std::string_view member, std::optional<Timestamp> sent_at) {
    const Timestamp received_at = event_.received_at;
    Timestamp corrected = time;
    if (sent_at) corrected = std::min(received_at, received_at.plus_micros(time.micros - sent_at->micros));
    if (corrected < kYearOne) return make_fault("corrected by when it was sent, it is before the year 1", member);
    if (corrected.micros - received_at.micros > kFutureMicros)
        return make_fault("more than 24 hours in the future", member);
    if (std::llabs(corrected.micros - time.micros) > kWorthKeepingMicros) original_time_ = format_rfc3339(time);
    event_.occurred_at = corrected;
    event_.time_from_door = false;
    return std::nullopt;
}

SdkEvent::Fault SdkEvent::add_prop(std::string_view name, element value, std::string_view member, std::size_t depth) {
    return fault_of(props_.member(name, value, depth), member);
}

SdkEvent::Fault SdkEvent::add_prop(std::string_view name, std::string_view text, std::string_view member) {
    return fault_of(props_.text_member(name, text), member);
}

SdkEvent::Fault SdkEvent::add_json_prop(std::string_view name, std::string_view json, std::string_view member) {
    return fault_of(props_.json_member(name, json), member);
}

SdkEvent::Fault SdkEvent::add_contents(std::string_view name, element holder) {
    if (holder.is_null()) return std::nullopt;
    simdjson::dom::object members;
    if (holder.get_object().get(members) != simdjson::SUCCESS) return add_prop(name, holder, name);
    for (const auto [key, value] : members)
        if (auto fault = add_prop(key, value, name, 3)) return fault;
    return std::nullopt;
}

SdkEvent::Fault SdkEvent::finish(EventView& out) {
    if (!original_time_.empty())
        if (auto fault = add_prop("original_timestamp", original_time_, "props")) return fault;
    if (event_.event_id.empty()) {
        made_id_.clear();
        uuids_.append_v7(made_id_, event_.received_at);
        event_.event_id = made_id_;
        event_.id_from_door = true;
    }
    event_.props = props_.finish();
    out = event_;
    return std::nullopt;
}

std::optional<element> member_of(simdjson::dom::object object, std::string_view name) {
    element value;
    if (object.at_key(name).get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
    return value;
}

std::string_view text_of(simdjson::dom::object object, std::string_view name) {
    std::string_view text;
    if (object.at_key(name).get(text) != simdjson::SUCCESS) return {};
    return text;
}

bool is_empty_container(element value) {
    simdjson::dom::object object;
    simdjson::dom::array array;
    if (value.get_object().get(object) == simdjson::SUCCESS) return object.begin() == object.end();
    if (value.get_array().get(array) == simdjson::SUCCESS) return array.begin() == array.end();
    return false;
}

}  // namespace streamgauge
