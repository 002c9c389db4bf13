// SPDX-License-Identifier: GPL-3.0-or-later
// An event of the oracle as the program's own code looks at it.
#pragma once

#include "event/event.h"
#include "metrics/oracle.h"

namespace streamgauge::oracle {

// Valid as long as `e`.
inline EventView view_of(const Event& e) {
    EventView v;
    v.event_id = e.event_id;
    v.event_type = e.event_type;
    v.user_id = e.user_id;
    v.session_id = e.session_id;
    v.page_url = e.page_url;
    v.props = e.props;
    v.occurred_at = {e.occurred_at};
    v.received_at = {e.received_at};
    v.schema_version = e.schema_version;
    v.bot = e.bot;
    return v;
}

}  // namespace streamgauge::oracle
