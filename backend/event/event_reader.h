// SPDX-License-Identifier: GPL-3.0-or-later
// One parsed JSON object to one canonical event.
#pragma once

#include <simdjson.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "event/event.h"
#include "event/json_text.h"
#include "event/member_names.h"
#include "event/props_writer.h"

namespace streamgauge {

// Reuses its memory from event to event. Not thread-safe.
class EventReader {
public:
    // Fills `event`, whose views are valid until the next call and as long as the parsed document. nullopt when good.
    std::optional<EventFault> read(simdjson::dom::object object, Timestamp received_at, EventView& event);
    // The id of the last object, also of one at fault: a view as those of read(); empty where it has none that may be.
    std::string_view id();
    // Whether the last object had a known member in camelCase.
    bool saw_camel_case() const { return saw_camel_case_; }

private:
    struct Choice {
        bool set = false;
        std::uint8_t rank = 0;
        std::string_view name;
        simdjson::dom::element value;
    };
    const Choice& choice(Member member) const { return choices_[static_cast<std::size_t>(member)]; }
    bool is_dropped(const KnownName& known, simdjson::dom::element value) const;
    void choose(simdjson::dom::object object);
    std::optional<EventFault> read_text(Member member, std::size_t most, bool number_allowed, std::string_view& out);
    std::optional<EventFault> read_times(EventView& event) const;
    std::optional<EventFault> read_schema_version(EventView& event) const;
    std::optional<EventFault> write_props(simdjson::dom::object object, EventView& event);
    std::optional<EventFault> write_contents(Member member);
    std::optional<EventFault> write_prop(std::string_view name, simdjson::dom::element value, std::size_t depth,
                                         std::string_view member_at_fault);

    std::array<Choice, kKnownMembers> choices_;
    std::vector<KnownName> known_;  // one for each member of the object, in its order
    std::array<std::array<char, 32>, kKnownMembers> number_texts_;
    std::string made_id_;
    PropsWriter props_;
    UuidGenerator uuids_;
    simdjson::dom::parser payload_parser_;
    std::string payload_text_;  // padded copy of a payload that is a string
    bool saw_camel_case_ = false;
};

}  // namespace streamgauge
