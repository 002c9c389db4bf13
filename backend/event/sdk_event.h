// SPDX-License-Identifier: GPL-3.0-or-later
// One canonical event, put together from the members of an SDK's: texts with their limits, times with the correction
// of the sender's clock, props.
#pragma once

#include <simdjson.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/uuid.h"
#include "event/event.h"
#include "event/json_text.h"
#include "event/props_writer.h"

namespace streamgauge {

// Reuses its memory from event to event: begin(), any setters, finish(). Not thread-safe.
class SdkEvent {
public:
    using Fault = std::optional<EventFault>;  // none: good
    enum class Text { EventId, EventType, UserId, SessionId, PageUrl };

    void begin(Timestamp received_at);

    // Sets a text from a string or, as its decimal text, a number. null leaves it as it is. Faults: another type, too
    // long (base/limits.h), U+0000. `member`: the producer's name for it, or a JSON pointer.
    Fault set(Text which, simdjson::dom::element value, std::string_view member);
    // `text` must outlive finish().
    Fault set(Text which, std::string_view text, std::string_view member);
    // Copies `text`.
    Fault set_copy(Text which, std::string text, std::string_view member);
    bool has(Text which) const { return !view(which).empty(); }
    std::string_view text(Text which) const { return view(which); }

    // When it occurred. With `sent_at`, the sender's own time as it sent: received_at + (time - sent_at), not beyond
    // received_at; a change of more than a second keeps the original as props.original_timestamp. Faults: not a time,
    // more than limits::kFutureTolerance ahead.
    Fault set_time(simdjson::dom::element value, std::string_view member, std::optional<Timestamp> sent_at = {});
    Fault set_time(Timestamp time, std::string_view member, std::optional<Timestamp> sent_at = {});
    Timestamp occurred_at() const { return event_.occurred_at; }
    bool has_time() const { return !event_.time_from_door; }
    void set_schema_version(std::int32_t version) { event_.schema_version = version; }
    void set_bot(bool bot) { event_.bot = bot; }

    // Of props with one name the first wins. `depth`: the level that `value` has as a container; the event itself is 1.
    // `name` must outlive finish(). Faults name `member`: too deep, too large, U+0000.
    Fault add_prop(std::string_view name, simdjson::dom::element value, std::string_view member, std::size_t depth = 2);
    Fault add_prop(std::string_view name, std::string_view text, std::string_view member);
    // The same with a value that is minified JSON; it is copied.
    Fault add_json_prop(std::string_view name, std::string_view json, std::string_view member);
    // The members of the object `holder` as props; null adds nothing; anything else is the prop `name` itself.
    Fault add_contents(std::string_view name, simdjson::dom::element holder);

    // The event, valid until begin() and as long as the parsed document. An id is made when none was set.
    // Precondition: an event type was set.
    Fault finish(EventView& out);

private:
    std::string_view& view(Text which);
    std::string_view view(Text which) const { return const_cast<SdkEvent*>(this)->view(which); }

    EventView event_;
    std::array<std::string, 5> copies_;  // for each Text: what is in no parsed document
    std::string made_id_;
    std::string original_time_;
    PropsWriter props_;
    UuidGenerator uuids_;
};

// The first member called `name`; nullopt when there is none or it is null.
std::optional<simdjson::dom::element> member_of(simdjson::dom::object object, std::string_view name);
// The same when it is a string that is not empty; "" otherwise.
std::string_view text_of(simdjson::dom::object object, std::string_view name);
// An object or array without members or elements.
bool is_empty_container(simdjson::dom::element value);

}  // namespace streamgauge
