// SPDX-License-Identifier: GPL-3.0-or-later
// Credentials in bodies that are kept although nobody could read them.
#pragma once

#include <string>
#include <string_view>

#include "event/dialect.h"

namespace streamgauge {

// `body` with '*' in place of each character of the strings that members called writeKey (Segment), or api_key, token
// and $token (PostHog) have, wherever they stand and whatever else is broken. Offsets stay what they were. Other
// dialects have no credential in the body.
std::string with_keys_masked(std::string_view body, Dialect dialect);

}  // namespace streamgauge
