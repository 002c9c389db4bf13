// SPDX-License-Identifier: GPL-3.0-or-later
// Robots by what they call themselves. Their events are flagged, counted and can be filtered; none is dropped.
#pragma once

#include <string_view>

namespace streamgauge {

// Whether this User-Agent is a crawler's, a monitor's, a link preview's or a scripted browser's. Empty: no (unknown).
// Only asked about visitors' user agents: a server's own HTTP library is no bot.
bool is_bot(std::string_view user_agent);

}  // namespace streamgauge
