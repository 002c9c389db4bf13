// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/event.h"

namespace streamgauge {
namespace {

constexpr std::uint16_t kIdFromDoor = 1;
constexpr std::uint16_t kTimeFromDoor = 2;
constexpr std::uint16_t kBot = 4;
constexpr std::uint16_t kOffSchema = 8;

}  // namespace

void EventBatch::add(const EventView& event) {
    Record r{};
    r.occurred_at = event.occurred_at;
    r.received_at = event.received_at;
    r.begin = static_cast<std::uint32_t>(text_.size());
    r.event_id = static_cast<std::uint16_t>(event.event_id.size());
    r.event_type = static_cast<std::uint16_t>(event.event_type.size());
    r.user_id = static_cast<std::uint16_t>(event.user_id.size());
    r.session_id = static_cast<std::uint16_t>(event.session_id.size());
    r.page_url = static_cast<std::uint16_t>(event.page_url.size());
    r.props = static_cast<std::uint32_t>(event.props.size());
    r.schema_version = event.schema_version;
    r.flags =
        static_cast<std::uint16_t>((event.id_from_door ? kIdFromDoor : 0) | (event.time_from_door ? kTimeFromDoor : 0) |
                                   (event.bot ? kBot : 0) | (event.off_schema ? kOffSchema : 0));
    text_.append(event.event_id)
        .append(event.event_type)
        .append(event.user_id)
        .append(event.session_id)
        .append(event.page_url)
        .append(event.props);
    records_.push_back(r);
}

void EventBatch::add_all(const EventBatch& other) {
    const auto shift = static_cast<std::uint32_t>(text_.size());
    text_.append(other.text_);
    records_.reserve(records_.size() + other.records_.size());
    for (Record r : other.records_) {
        r.begin += shift;
        records_.push_back(r);
    }
}

EventView EventBatch::operator[](std::size_t index) const {
    const Record& r = records_[index];
    const char* at = text_.data() + r.begin;
    const auto take = [&at](std::size_t size) {
        const std::string_view view(at, size);
        at += size;
        return view;
    };
    EventView v;
    v.event_id = take(r.event_id);
    v.event_type = take(r.event_type);
    v.user_id = take(r.user_id);
    v.session_id = take(r.session_id);
    v.page_url = take(r.page_url);
    v.props = take(r.props);
    v.occurred_at = r.occurred_at;
    v.received_at = r.received_at;
    v.schema_version = r.schema_version;
    v.id_from_door = (r.flags & kIdFromDoor) != 0;
    v.time_from_door = (r.flags & kTimeFromDoor) != 0;
    v.bot = (r.flags & kBot) != 0;
    v.off_schema = (r.flags & kOffSchema) != 0;
    return v;
}

void EventBatch::reserve(std::size_t events, std::size_t text_bytes) {
    records_.reserve(events);
    text_.reserve(text_bytes);
}

void EventBatch::mark_off_schema(std::size_t index) {
    records_[index].flags = static_cast<std::uint16_t>(records_[index].flags | kOffSchema);
}

void EventBatch::clear() {
    records_.clear();
    text_.clear();
}

}  // namespace streamgauge
