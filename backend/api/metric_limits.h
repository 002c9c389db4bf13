// SPDX-License-Identifier: GPL-3.0-or-later
// What all metrics may keep together.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "metrics/definition.h"

namespace streamgauge::api {

// Of values that are kept exactly in open windows, of 8 to some 100 bytes each: TooLarge when the shares of these
// metrics are more than `most`; the message names the first that is too many, and
// what was left for it.
Status check_budget(const std::vector<MetricDefinition>& definitions, std::uint64_t most);

}  // namespace streamgauge::api
