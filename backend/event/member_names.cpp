// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/member_names.h"

#include <array>

namespace streamgauge {
namespace {

// By length, so that a name is compared with a handful at most.
constexpr std::array kNames{
    KnownName{"ts", Member::OccurredAt, 4},
    KnownName{"url", Member::PageUrl, 3},
    KnownName{"type", Member::EventType, 3},
    KnownName{"time", Member::OccurredAt, 5},
    KnownName{"page", Member::PageUrl, 2},
    KnownName{"data", Member::Data, 0},
    KnownName{"event", Member::EventType, 2},
    KnownName{"userId", Member::UserId, 1},
    KnownName{"eventId", Member::EventId, 1},
    KnownName{"user_id", Member::UserId, 0},
    KnownName{"pageUrl", Member::PageUrl, 1},
    KnownName{"payload", Member::Payload, 0},
    KnownName{"event_id", Member::EventId, 0},
    KnownName{"page_url", Member::PageUrl, 0},
    KnownName{"messageId", Member::EventId, 2},
    KnownName{"eventType", Member::EventType, 1},
    KnownName{"timestamp", Member::OccurredAt, 2},
    KnownName{"sessionId", Member::SessionId, 1},
    KnownName{"event_type", Member::EventType, 0},
    KnownName{"occurredAt", Member::OccurredAt, 1},
    KnownName{"time_stamp", Member::OccurredAt, 3},
    KnownName{"session_id", Member::SessionId, 0},
    KnownName{"properties", Member::Properties, 0},
    KnownName{"occurred_at", Member::OccurredAt, 0},
    KnownName{"distinct_id", Member::UserId, 2},
    KnownName{"anonymousId", Member::UserId, 3},
    KnownName{"schemaVersion", Member::SchemaVersion, 1},
    KnownName{"schema_version", Member::SchemaVersion, 0},
    KnownName{"originalTimestamp", Member::OccurredAt, 6},
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
