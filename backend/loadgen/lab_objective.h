// SPDX-License-Identifier: GPL-3.0-or-later
// Objectives of a load run, on a laboratory's scale: an objective of production, whose window of weeks lasts minutes in
// the run. Its alerts' windows are scaled by the same factor and keep their burn rates, so that they fire in the run
// after the same share of the window as they would in production.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "slo/objective.h"

namespace streamgauge::loadgen {

inline constexpr std::size_t kMostLabObjectives = 20;

struct LabObjective {
    // As in production. Used are its name, indicator (availability, latency or errors; `route` is the name of a kind of
    // request, or empty for all), target, rolling window, rules, least_bad and cool_down_micros.
    slo::Objective objective;
    double scaled_to_seconds = 0;  // how long its window lasts in the run; 0: as long as the run is planned
    // Requests a second in production, of which the budget is that the run is weighed against; 0: as many as in the
    // run.
    double usual_rate = 0;
    bool operator==(const LabObjective&) const = default;
};

// As on a fresh server: 95 % within 300 ms, fewer than 1 % answered 5xx or 429, more than 99 % not answered 5xx.
std::vector<LabObjective> default_lab_objectives();

// InvalidArgument with the member at fault as it is written in a scenario: "objectives[0].target".
// `requests`: names of the scenario's kinds.
Status check_lab_objectives(const std::vector<LabObjective>& objectives, const std::vector<std::string>& requests);

// What is counted and evaluated in the run. Windows are whole slices, rounded up, so that an alert fires at most a
// slice later than its formula says (slo::fastest_fire()).
struct LabScaled {
    slo::Objective objective;       // windows, hold and cool-down in the run's time; always with rules
    std::int64_t slice_micros = 0;  // 100 ms; more where the longest window is over an hour, to bound the memory
};
// Precondition: check_lab_objectives().
LabScaled lab_scaled(const LabObjective& objective, double planned_seconds);

// "95 % within 300 ms", "99 % answered without 5xx or 429, of buy".
std::string promise_text(const slo::Objective& objective);
// "availability", "latency", "errors": as a scenario names the kinds that a run has.
std::string kind_text(slo::Indicator::Kind kind);
// "99.9 %", with as many digits as it has.
std::string percent_text(double share);
// As a scenario has it: "99.9%", with as many digits as it takes to be read as the same number, or as a share
// ("0.3333") where that many are too many.
std::string share_text(double share);
std::optional<double> parse_share(std::string_view text);
// "30 d", "1 h", "5 min", "417 ms": of production's windows and of the run's.
std::string window_text(std::int64_t micros);

}  // namespace streamgauge::loadgen
