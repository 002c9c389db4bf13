// SPDX-License-Identifier: GPL-3.0-or-later
// How far the aggregation of a partition is, and what it counted on the way.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "event/event.h"

namespace streamgauge {

// How far an event's activity may lie behind the watermark when it comes without counting as late.
inline constexpr std::int64_t kLateAfterMicros = 60'000'000;

// A pure function of the log's events before `next`.
struct PartitionState {
    Offset next = 1;                             // the first offset that is not in it
    std::uint64_t aggregated = 0, too_late = 0;  // events; a too late one is refused by every metric that it matches
    Timestamp log_clock;                         // newest received_at
    std::optional<Timestamp> watermark;          // newest activity: the earlier of occurred_at and received_at
    // Of `aggregated` and `too_late`: activity more than kLateAfterMicros behind the watermark when it came; dated
    // ahead (occurred_at after received_at).
    std::uint64_t late = 0, future = 0;
    std::uint64_t system = 0;  // events of kSystemProject, which are in no metric and in none of the other numbers
    bool operator==(const PartitionState&) const = default;

    // Events of the log that retention removed before they were aggregated: each other one is in one of the numbers.
    std::uint64_t missing() const {
        const std::uint64_t seen = aggregated + too_late + system;
        return next - 1 > seen ? next - 1 - seen : 0;
    }
};

}  // namespace streamgauge
