// SPDX-License-Identifier: GPL-3.0-or-later
// Stored events, newest first, by filters on any field.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/services.h"
#include "metrics/filter.h"

namespace streamgauge::api {

// Every given member must hold.
struct EventFilter {
    std::string project;                                              // empty: all
    std::string event_id, event_type, user_id, session_id, page_url;  // empty: any
    std::vector<std::pair<std::string, std::string>> props;           // name ("amount_usd") and value as text
    std::optional<bool> bot;
    Filter where;
    std::optional<Timestamp> from, to;  // occurred_at, `to` excluded
};

struct StoredEvent {
    Offset id = 0;
    std::string project, event_id, event_type, user_id, session_id, page_url, props;
    Timestamp occurred_at, received_at;
    std::int32_t schema_version = 1;
    bool bot = false, off_schema = false;
};

struct EventPage {
    std::vector<StoredEvent> events;  // newest first, by id
    std::optional<Offset> cursor;     // where the next page begins; none: nothing older matches, or is kept
    bool exhausted = true;            // false: stopped early, after as many events as one question may look at
};

// Events of the program itself (kSystemProject) are never found. Callbacks on the service's own thread.
class EventSearch {
public:
    virtual ~EventSearch() = default;
    virtual void find(EventFilter filter, std::optional<Offset> cursor, std::size_t limit, Done<EventPage> done) = 0;
};

}  // namespace streamgauge::api
