// SPDX-License-Identifier: GPL-3.0-or-later
// Recording and alerting rules for Prometheus that watch what this server exposes by the formulas that it uses itself
// (the way of https://github.com/slok/sloth: one recorded error ratio for each window, one alert for each rule).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "slo/objective.h"

namespace streamgauge::slo {

// A rules file. Availability, errors, and a latency threshold that is a bucket are counted from the requests' own
// families, whose labels can be told apart in Prometheus; everything else (declared metrics, freshness, the ledger,
// other thresholds) from streamgauge_objective_events_total, which has what the objective itself counts.
// `latency_bounds`: of the histograms' buckets, in seconds. `left_out`: route templates that no objective without a
// route counts. An alert waits rule.hold_micros (`for`) and cools down (`keep_firing_for`); Objective::least_bad is a
// second condition.
std::string prometheus_rules(const std::vector<Objective>& objectives, std::span<const double> latency_bounds,
                             const std::vector<std::string>& left_out);

}  // namespace streamgauge::slo
