// SPDX-License-Identifier: GPL-3.0-or-later
// The fields of an event by name, as metrics, filters and questions address them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "event/event.h"

namespace streamgauge {

enum class Field : std::uint8_t {
    EventType,
    UserId,
    SessionId,
    PageUrl,
    Prop,
    EventId,
    Project,
    SchemaVersion,
    Bot,  // "true" or "false"
    OccurredAt,
    ReceivedAt,
};

// A canonical field, or a top-level member of props. A canonical field is present when it is not empty; a member when
// it is a string that is not empty, a number (taken as it was written), true or false.
struct FieldPath {
    Field field = Field::EventType;
    std::string prop;  // only with Field::Prop
    bool operator==(const FieldPath&) const = default;
};

// "event_type", "props.amount_usd". InvalidArgument for any other name; the message lists what there is.
Result<FieldPath> parse_field(std::string_view name);
std::string to_text(const FieldPath& path);

// The text of a canonical field of `event`; empty for Prop (metrics/props_reader.h reads those), and for the fields
// that are no text in an event (SchemaVersion, Bot, OccurredAt, ReceivedAt: field_text() makes theirs) and Project.
inline std::string_view canonical_text(Field field, const EventView& event) {
    switch (field) {
        case Field::EventType:
            return event.event_type;
        case Field::UserId:
            return event.user_id;
        case Field::SessionId:
            return event.session_id;
        case Field::PageUrl:
            return event.page_url;
        case Field::EventId:
            return event.event_id;
        default:
            return {};
    }
}

// The same for every field but Prop: times in RFC 3339. A view into the event, `project` or `scratch`.
std::string_view field_text(Field field, const EventView& event, std::string_view project, std::string& scratch);

}  // namespace streamgauge
