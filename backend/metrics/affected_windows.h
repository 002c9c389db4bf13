// SPDX-License-Identifier: GPL-3.0-or-later
// Which windows of a metric one event belongs to, and what it adds there: for people who ask where an event went.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event.h"
#include "metrics/definition.h"

namespace streamgauge {

struct AffectedWindow {
    std::uint8_t tier = 0;
    std::int64_t start = kNoWindow, end = 0;  // Windows::end_of(start)
    bool refused = false;                     // the tier kept the window no more when the log's clock was where it was
};

struct Affected {
    std::string group;                // the key of its rows
    std::vector<std::string> values;  // of group_by, in order; empty text: the event has none
    // What it adds: "+1", "-1", the value of the field as it is taken. Empty: it has no such field, or no number in it,
    // and changes nothing.
    std::string effect;
    std::vector<AffectedWindow> windows;  // one for each tier, the finest first
};

// Nothing when the metric does not take the event. A function of its arguments alone, and the plain form of what
// Aggregation does in bulk. `log_clock`: the newest received_at before the event and with it. Errors: those of
// Windows::make().
Result<std::optional<Affected>> affected_windows(const MetricDefinition& metric, const EventView& event,
                                                 std::string_view project, Timestamp log_clock);

// A decimal from micro-units, without zeros at its end: 12500000 -> "12.5".
std::string micros_text(std::int64_t micros);

}  // namespace streamgauge
