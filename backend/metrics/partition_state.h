// SPDX-License-Identifier: GPL-3.0-or-later
// How far the aggregation of a partition is, and what it counted on the way.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "event/event.h"

namespace streamgauge {

// A pure function of the log's events before `next`.
struct PartitionState {
    Offset next = 1;                             // the first offset that is not in it
    std::uint64_t aggregated = 0, too_late = 0;  // events; a too late one is refused by every metric that it matches
    Timestamp log_clock;                         // newest received_at
    std::optional<Timestamp> watermark;          // newest activity: the earlier of occurred_at and received_at
    bool operator==(const PartitionState&) const = default;
};

}  // namespace streamgauge
