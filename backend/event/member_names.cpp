// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/member_names.h"

#include <array>

namespace streamgauge {
namespace {

constexpr KnownName known(std::string_view name, Member member, std::uint8_t rank) {
    bool camel_case = false;
    for (const char c : name) camel_case = camel_case || (c >= 'A' && c <= 'Z');
    return {name, member, rank, camel_case};
}

// By length, so that a name is compared with a handful at most.
constexpr std::array kNames{
    known("ts", Member::OccurredAt, 4),
    known("url", Member::PageUrl, 3),
    known("type", Member::EventType, 3),
    known("time", Member::OccurredAt, 5),
    known("page", Member::PageUrl, 2),
    known("data", Member::Data, 0),
    known("event", Member::EventType, 2),
    known("userId", Member::UserId, 1),
    known("eventId", Member::EventId, 1),
    known("user_id", Member::UserId, 0),
    known("pageUrl", Member::PageUrl, 1),
    known("payload", Member::Payload, 0),
    known("event_id", Member::EventId, 0),
    known("page_url", Member::PageUrl, 0),
    known("messageId", Member::EventId, 2),
    known("eventType", Member::EventType, 1),
    known("timestamp", Member::OccurredAt, 2),
    known("sessionId", Member::SessionId, 1),
    known("event_type", Member::EventType, 0),
    known("occurredAt", Member::OccurredAt, 1),
    known("time_stamp", Member::OccurredAt, 3),
    known("session_id", Member::SessionId, 0),
    known("properties", Member::Properties, 0),
    known("occurred_at", Member::OccurredAt, 0),
    known("distinct_id", Member::UserId, 2),
    known("anonymousId", Member::UserId, 3),
    known("schemaVersion", Member::SchemaVersion, 1),
    known("schema_version", Member::SchemaVersion, 0),
    known("originalTimestamp", Member::OccurredAt, 6),
};
constexpr std::size_t kLongest = 17;

// kFirst[n] is the first entry whose name is not shorter than n.
constexpr auto kFirst = [] {
    std::array<std::size_t, kLongest + 2> first{};
    for (std::size_t length = 0; length < first.size(); ++length)
        while (first[length] < kNames.size() && kNames[first[length]].name.size() < length) ++first[length];
    return first;
}();

}  // namespace

KnownName find_member_name(std::string_view name) {
    if (name.size() > kLongest) return {};
    for (std::size_t i = kFirst[name.size()]; i < kFirst[name.size() + 1]; ++i)
        if (kNames[i].name == name) return kNames[i];
    return {};
}

std::string_view canonical_name(Member member) {
    constexpr std::array<std::string_view, kKnownMembers + 1> names{
        "event_id",       "event_type", "occurred_at", "user_id", "session_id", "page_url",
        "schema_version", "payload",    "properties",  "data",    "props"};
    return names[static_cast<std::size_t>(member)];
}

}  // namespace streamgauge
