// SPDX-License-Identifier: GPL-3.0-or-later
// Robots by what they call themselves. Their events are flagged, counted and can be filtered; none is dropped.
#pragma once

#include <string_view>

namespace streamgauge {

// Whether this User-Agent is a crawler's, a monitor's, a link preview's, a scripted browser's or a program's (curl,
// python-requests). Empty: no (unknown). Only to be asked about the visitor's user agent, never about the one of a
// server that reports for its visitors. Linear in its length, allocates nothing, thread-safe.
bool is_bot(std::string_view user_agent);

}  // namespace streamgauge
