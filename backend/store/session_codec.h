// SPDX-License-Identifier: GPL-3.0-or-later
// A user's sessions as one blob: they are always read and written together.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/user_activity.h"

namespace streamgauge {

// For each session: length of the id (2 bytes), id, last activity in microseconds (8 bytes); little-endian.
void encode_sessions(const std::vector<SessionActivity>& sessions, std::string& out);
// Nothing when the blob is cut or has something after its end.
std::optional<std::vector<SessionActivity>> decode_sessions(std::string_view blob);

}  // namespace streamgauge
