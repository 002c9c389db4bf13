// SPDX-License-Identifier: GPL-3.0-or-later
// Stored events user by user, each user's in order of time: what funnels and retention are made of.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "journal/journal.h"
#include "query/query.h"
#include "query/raw_rows.h"
#include "query/raw_scan.h"
#include "query/watch.h"

namespace streamgauge::query {

inline constexpr std::size_t kMostUserFilters = 10;

// An event that one of the filters takes.
struct UserEvent {
    std::uint64_t user = 0;      // a hash of 64 bits: two of ten million users collide with p < 3e-6
    std::int64_t at_micros = 0;  // occurred_at
    std::uint64_t place = 0;     // its offset, and below it a bit for each filter that takes it
    bool is(std::size_t filter) const { return (place >> filter & 1) != 0; }
    auto operator<=>(const UserEvent&) const = default;
};

struct UserQuestion {
    ScanRequest events;  // which, by occurred_at; its columns are filled in
    FieldPath by;        // events without it belong to nobody
    std::vector<Filter> filters;
    // Leaves out what is not needed of events in order; may be called for any part of a user's events, any number of
    // times. Empty: everything is.
    std::function<void(std::vector<UserEvent>&)> compact;
};

// Users are dealt out to so many parts by their hash.
inline constexpr std::size_t kUserParts = 64;

struct UsersSeen {
    RawScan scan;
    std::uint64_t kept = 0;  // events that were kept
};

// Calls visit(part, events of one user in order of time, of equal times of offset) for each user who has any, a part's
// users on one thread. Where the events do not fit in memory they are read several times over, each time for some of
// the users; then `reset` is called and all users are visited from the first on. TooLarge where even that does not
// help.
Result<UsersSeen> visit_users(Journal& journal, const UserQuestion& question, const RawLimits& limits,
                              const Watch& watch, const std::function<void()>& reset,
                              const std::function<void(std::size_t part, std::span<const UserEvent>)>& visit);

}  // namespace streamgauge::query
