// SPDX-License-Identifier: GPL-3.0-or-later
// What a metric counts beside its results.
#pragma once

#include <cstdint>

namespace streamgauge {

// Events since the log began. A function of the metric's definition and the log, as its results are.
struct MetricCounters {
    std::uint64_t late = 0;         // came after their window of the finest tier was closed, and corrected what is kept
    std::uint64_t too_late = 0;     // refused by every tier: older than what is kept
    std::uint64_t not_numeric = 0;  // have the field that numbers are taken from, and it is none
    bool operator==(const MetricCounters&) const = default;
};

}  // namespace streamgauge
