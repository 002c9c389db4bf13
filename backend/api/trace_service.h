// SPDX-License-Identifier: GPL-3.0-or-later
// "Where is my event?", as every door asks it.
#pragma once

#include <string>

#include "api/event_trace.h"
#include "api/services.h"

namespace streamgauge::api {

// Questions wait in line for one thread. Callbacks on that thread.
class TraceService {
public:
    virtual ~TraceService() = default;
    // `project`: only there; empty: in all. InvalidArgument for an id that is not 1 to 128 bytes of UTF-8; Unavailable
    // when too many questions wait. An id that nobody knows is no error: the answer says where was looked.
    virtual void trace(std::string event_id, std::string project, Done<EventTrace> done) = 0;
};

}  // namespace streamgauge::api
