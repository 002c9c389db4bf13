// SPDX-License-Identifier: GPL-3.0-or-later
// What a run has to hold: k6's words ("p(95)<300", "errors<1%", "rate>=1000"), on the whole run or on every sliding
// window of it, and whether it ends the run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace streamgauge::loadgen {

struct Threshold {
    enum class Measure : std::uint8_t {
        // Of the response time, milliseconds; what had no answer counts with the time that it waited.
        Percentile,
        Average,
        Minimum,
        Maximum,
        Median,
        Errors,  // share of the ended requests that are not good, 0 to 1
        // Good answers a second of the planned time, and of the time to the last answer where that is over a second
        // more.
        Rate,
        Requests,    // good answers, a count
        Dropped,     // requests that were due and not sent, a count
        Unfinished,  // a count
        SendLag,     // p99 of the generator's own lag, milliseconds
        Freshness,   // p99 of sent to visible, milliseconds (end to end)
        Lost,        // events that were acknowledged and never showed (end to end)
    };
    enum class Comparison : std::uint8_t { Less, LessOrEqual, Greater, GreaterOrEqual, Equal };

    Measure measure = Measure::Percentile;
    double percentile = 95;  // Percentile: above 0, at most 100
    Comparison comparison = Comparison::Less;
    double value = 0;
    std::string endpoint;            // only requests of this name; empty: all
    double window_seconds = 0;       // above 0: must hold in every window of that length, moved by a second
    bool abort = false;              // ends the run when it fails
    double abort_after_seconds = 0;  // not before
    bool operator==(const Threshold&) const = default;
};

// "p(95) < 300", "p(99.9){checkout} <= 1s over 10s abort after 30s", "errors < 1%", "rate >= 1000". Durations may have
// a unit (us, ms, s). InvalidArgument with the offset.
Result<Threshold> parse_threshold(std::string_view text);
// The one way to write it; parse_threshold() gives an equal value.
std::string to_text(const Threshold& threshold);

bool holds(Threshold::Comparison comparison, double measured, double value);

}  // namespace streamgauge::loadgen
