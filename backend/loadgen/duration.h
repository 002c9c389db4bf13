// SPDX-License-Identifier: GPL-3.0-or-later
// Durations as people write them: 500ms, 30s, 5m, 1h, 30d, 1m30s, or a bare number of seconds.
#pragma once

#include <string_view>

#include "base/result.h"

namespace streamgauge::loadgen {

// Seconds, not negative. InvalidArgument with the offset otherwise; the field is the caller's to set.
Result<double> parse_duration(std::string_view text);

}  // namespace streamgauge::loadgen
