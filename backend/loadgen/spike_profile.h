// SPDX-License-Identifier: GPL-3.0-or-later
// The base, spike and cool-down profile by environment variables: BASE_RPS, BASE_SEC, SPIKE_RPS, SPIKE_SEC,
// COOLDOWN_RPS, COOLDOWN_SEC and JITTER_PCT.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "loadgen/scenario.h"

namespace streamgauge::loadgen {

using EnvironmentLookup = std::function<std::optional<std::string>(std::string_view name)>;
// Of this process.
std::optional<std::string> environment_variable(std::string_view name);

constexpr std::array<const char*, 7> kSpikeVariables{"BASE_RPS",     "BASE_SEC",     "SPIKE_RPS", "SPIKE_SEC",
                                                     "COOLDOWN_RPS", "COOLDOWN_SEC", "JITTER_PCT"};

// Whether one of the six that make a spike is set.
bool spike_in_environment(const EnvironmentLookup& lookup);

// The variables that are set take the place of what the scenario's first spike stage says. When it has none and one of
// the six is set, one spike stage takes the place of all stages; what is not set is then 100/s for 20 s, 1000/s for
// 10 s, 100/s for 20 s. JITTER_PCT takes the place of jitter_percent. Returns whether any was set; InvalidArgument with
// the variable as field when it is not a number or out of range.
Result<bool> apply_spike_environment(Scenario& scenario, const EnvironmentLookup& lookup);

}  // namespace streamgauge::loadgen
