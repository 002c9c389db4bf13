// SPDX-License-Identifier: GPL-3.0-or-later
// The member names of generic JSON events and what each stands for (contract section 1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace streamgauge {

enum class Member : std::uint8_t {
    EventId,
    EventType,
    OccurredAt,
    UserId,
    SessionId,
    PageUrl,
    SchemaVersion,
    Payload,  // this and the following hold further props
    Properties,
    Data,
    Other,
};
inline constexpr std::size_t kKnownMembers = static_cast<std::size_t>(Member::Other);

struct KnownName {
    std::string_view name;
    Member member = Member::Other;
    std::uint8_t rank = 0;  // of several names for one member the lowest wins
    bool camel_case = false;
};

// The entry for `name`, or one with Member::Other.
KnownName find_member_name(std::string_view name);
// The member's name in the canonical event.
std::string_view canonical_name(Member member);

}  // namespace streamgauge
