// SPDX-License-Identifier: GPL-3.0-or-later
// When an event counts as activity.
#pragma once

#include "event/event.h"

namespace streamgauge {

// The earlier of occurred_at and received_at: an event dated ahead counts when it came.
inline Timestamp activity_time(const EventView& event) {
    return event.occurred_at < event.received_at ? event.occurred_at : event.received_at;
}

}  // namespace streamgauge
