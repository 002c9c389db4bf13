// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/event_reader.h"

#include <charconv>
#include <limits>

#include "base/limits.h"

namespace streamgauge {
namespace {

using simdjson::dom::element;
using Type = simdjson::dom::element_type;
using Fault = EventFault;

constexpr std::int64_t kFutureMicros = std::chrono::microseconds(limits::kFutureTolerance).count();

Fault make_fault(std::string reason, std::string_view member) {
    return {std::move(reason), std::string(member)};
}

}  // namespace

std::optional<Fault> EventReader::read(simdjson::dom::object object, Timestamp received_at, EventView& event) {
    event = EventView{};
    event.received_at = received_at;
    choose(object);

    if (auto fault = read_text(Member::EventType, limits::kEventTypeBytes, false, event.event_type)) return fault;
    if (auto fault = read_text(Member::EventId, limits::kEventIdBytes, true, event.event_id)) return fault;
    if (!choice(Member::EventType).set) return make_fault("event_type is missing", "event_type");
    for (const Member required : {Member::EventType, Member::EventId}) {
        const std::string_view text = required == Member::EventId ? event.event_id : event.event_type;
        if (choice(required).set && text.empty()) return make_fault("must not be empty", choice(required).name);
    }
    if (auto fault = read_text(Member::UserId, limits::kUserIdBytes, true, event.user_id)) return fault;
    if (auto fault = read_text(Member::SessionId, limits::kSessionIdBytes, true, event.session_id)) return fault;
    if (auto fault = read_text(Member::PageUrl, limits::kPageUrlBytes, false, event.page_url)) return fault;
    if (auto fault = read_times(event)) return fault;
    if (auto fault = read_schema_version(event)) return fault;
    if (auto fault = write_props(object, event)) return fault;

    if (!choice(Member::EventId).set) {
        made_id_.clear();
        uuids_.append_v7(made_id_, received_at);
        event.event_id = made_id_;
        event.id_from_door = true;
    }
    return std::nullopt;
}

std::string_view EventReader::id() {
    std::string_view id;
    return read_text(Member::EventId, limits::kEventIdBytes, true, id) ? std::string_view{} : id;
}

// A member that is null counts as missing, so that the next name for the same thing gets its turn.
void EventReader::choose(simdjson::dom::object object) {
    for (Choice& c : choices_) c.set = false;
    known_.clear();
    saw_camel_case_ = false;
    for (const auto [name, value] : object) {
        const KnownName known = find_member_name(name);
        known_.push_back(known);
        if (known.member == Member::Other || value.is_null()) continue;
        Choice& c = choices_[static_cast<std::size_t>(known.member)];
        if (c.set && c.rank <= known.rank) continue;
        c = {true, known.rank, known.name, value};
        saw_camel_case_ = saw_camel_case_ || known.camel_case;
    }
}

std::optional<Fault> EventReader::read_text(Member member, std::size_t most, bool number_allowed,
                                            std::string_view& out) {
    const Choice& c = choice(member);
    if (!c.set) return std::nullopt;
    const Type type = c.value.type();
    if (type == Type::STRING) {
        out = c.value.get_string().value_unsafe();
        if (out.size() > most) return make_fault("longer than " + std::to_string(most) + " bytes", c.name);
        if (out.find('\0') != std::string_view::npos) return make_fault("holds the character U+0000", c.name);
        return std::nullopt;
    }
    auto& buffer = number_texts_[static_cast<std::size_t>(member)];
    const auto print = [&](auto number) {
        const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
        out = {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
    };
    if (number_allowed && type == Type::INT64)
        print(c.value.get_int64().value_unsafe());
    else if (number_allowed && type == Type::UINT64)
        print(c.value.get_uint64().value_unsafe());
    else if (number_allowed && type == Type::DOUBLE)
        print(c.value.get_double().value_unsafe());
    else
        return make_fault(number_allowed ? "must be a string or a number" : "must be a string", c.name);
    return std::nullopt;
}

std::optional<Fault> EventReader::read_times(EventView& event) const {
    const Choice& c = choice(Member::OccurredAt);
    if (!c.set) {
        event.occurred_at = event.received_at;
        event.time_from_door = true;
        return std::nullopt;
    }
    const auto time = read_time(c.value);
    if (!time)
        return make_fault("not a time: write 2026-01-31T12:00:00Z, or seconds or milliseconds since 1970", c.name);
    if (time->micros - event.received_at.micros > kFutureMicros)
        return make_fault("more than 24 hours in the future", c.name);
    event.occurred_at = *time;
    return std::nullopt;
}

std::optional<Fault> EventReader::read_schema_version(EventView& event) const {
    const Choice& c = choice(Member::SchemaVersion);
    if (!c.set) return std::nullopt;
    std::int64_t version = 0;
    if (c.value.get_int64().get(version) != simdjson::SUCCESS || version < 0 ||
        version > std::numeric_limits<std::int32_t>::max())
        return make_fault("must be a whole number from 0 to 2147483647", c.name);
    event.schema_version = static_cast<std::int32_t>(version);
    return std::nullopt;
}

// What was taken for a canonical field, is null, or holds props (written after the others), is no prop itself.
bool EventReader::is_dropped(const KnownName& known, element value) const {
    if (known.member == Member::Other) return false;
    return known.member >= Member::Payload || value.is_null() || choice(known.member).rank == known.rank;
}

std::optional<Fault> EventReader::write_props(simdjson::dom::object object, EventView& event) {
    props_.begin();
    std::size_t index = 0;
    for (const auto [name, value] : object) {
        const KnownName& known = known_[index++];
        if (is_dropped(known, value)) continue;
        if (auto fault = write_prop(name, value, 2, name)) return fault;
    }
    for (const Member member : {Member::Payload, Member::Properties, Member::Data})
        if (auto fault = write_contents(member)) return fault;
    event.props = props_.finish();
    return std::nullopt;
}

std::optional<Fault> EventReader::write_contents(Member member) {
    const Choice& c = choice(member);
    if (!c.set) return std::nullopt;
    element holder = c.value;
    if (member == Member::Payload && holder.type() == Type::STRING) {
        const std::string_view text = holder.get_string().value_unsafe();
        payload_text_.assign(text);
        payload_text_.append(simdjson::SIMDJSON_PADDING, ' ');
        element parsed;
        if (payload_parser_.parse(payload_text_.data(), text.size(), false).get(parsed) == simdjson::SUCCESS &&
            (parsed.is_object() || parsed.is_array()))
            holder = parsed;
    }
    if (holder.type() != Type::OBJECT) return write_prop(c.name, holder, 2, c.name);
    // A variable of its own: a range-for does not keep the temporary behind value_unsafe() alive.
    const simdjson::dom::object members = holder.get_object().value_unsafe();
    for (const auto [name, value] : members)
        if (auto fault = write_prop(name, value, 3, c.name)) return fault;
    return std::nullopt;
}

std::optional<Fault> EventReader::write_prop(std::string_view name, element value, std::size_t depth,
                                             std::string_view member_at_fault) {
    switch (props_.member(name, value, depth)) {
        case PropsWriter::Outcome::Ok:
            break;
        case PropsWriter::Outcome::HoldsNul:
            return make_fault("holds the character U+0000", member_at_fault);
        case PropsWriter::Outcome::TooDeep:
            return make_fault("nested deeper than " + std::to_string(limits::kJsonDepth) + " levels", member_at_fault);
        case PropsWriter::Outcome::TooLarge:
            return make_fault("props are larger than " + std::to_string(limits::kPropsBytes) + " bytes",
                              member_at_fault);
    }
    return std::nullopt;
}

}  // namespace streamgauge
