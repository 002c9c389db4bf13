// SPDX-License-Identifier: GPL-3.0-or-later
// The windows that a traced event changed, with what they hold now.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "api/event_trace.h"
#include "metrics/definition.h"

namespace streamgauge {
class StoreSnapshot;
}

namespace streamgauge::api {

// Between which the watermark was with the event.
struct WatermarkBounds {
    Timestamp at_least, at_most;
};

struct WindowQuestion {
    const EventView& event;
    std::string_view project;
    Offset id = 0;
    WatermarkBounds watermark;
    StoreSnapshot* snapshot = nullptr;  // nullptr: values are not known
    std::size_t most = 0;
};

// Fills trace.windows and windows_left_out, by metric in the order given, the finest tier first. Errors: the store's.
Status trace_windows(const std::vector<MetricDefinition>& metrics, const WindowQuestion& question, TraceEvent& trace);

}  // namespace streamgauge::api
