// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/field.h"

#include <array>
#include <utility>

namespace streamgauge {
namespace {

constexpr std::string_view kPropPrefix = "props.";
constexpr std::array<std::pair<std::string_view, Field>, 10> kNames{{
    {"event_type", Field::EventType},
    {"user_id", Field::UserId},
    {"session_id", Field::SessionId},
    {"page_url", Field::PageUrl},
    {"event_id", Field::EventId},
    {"project", Field::Project},
    {"schema_version", Field::SchemaVersion},
    {"bot", Field::Bot},
    {"occurred_at", Field::OccurredAt},
    {"received_at", Field::ReceivedAt},
}};

}  // namespace

Result<FieldPath> parse_field(std::string_view name) {
    if (name.starts_with(kPropPrefix) && name.size() > kPropPrefix.size() && name.find('\0') == std::string_view::npos)
        return FieldPath{Field::Prop, std::string(name.substr(kPropPrefix.size()))};
    for (const auto& [known, field] : kNames)
        if (known == name) return FieldPath{field, {}};
    std::string message = "there is no field ";
    message.append(name).append("; fields are ");
    for (const auto& [known, field] : kNames) message.append(known).append(", ");
    return Error::make(ErrorCode::InvalidArgument, message + "and props.NAME");
}

std::string to_text(const FieldPath& path) {
    if (path.field == Field::Prop) return std::string(kPropPrefix) + path.prop;
    for (const auto& [known, field] : kNames)
        if (field == path.field) return std::string(known);
    return {};
}

std::string_view field_text(Field field, const EventView& event, std::string_view project, std::string& scratch) {
    switch (field) {
        case Field::Project:
            return project;
        case Field::SchemaVersion:
            return scratch = std::to_string(event.schema_version);
        case Field::Bot:
            return event.bot ? "true" : "false";
        case Field::OccurredAt:
            return scratch = format_rfc3339(event.occurred_at);
        case Field::ReceivedAt:
            return scratch = format_rfc3339(event.received_at);
        default:
            return canonical_text(field, event);
    }
}

}  // namespace streamgauge
