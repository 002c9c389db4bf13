// SPDX-License-Identifier: GPL-3.0-or-later
// Recording and alerting rules for Prometheus that watch what this server exposes by the formulas that it uses itself
// (the way of https://github.com/slok/sloth: one recorded error ratio for each window, one alert for each rule).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "slo/objective.h"

namespace streamgauge::slo {

struct PrometheusRules {
    std::string yaml;                // a rules file, also where nothing could be written
    std::vector<std::string> notes;  // objectives that Prometheus cannot watch, and why; also comments in the file
};

// `latency_bounds`: of the histograms' buckets, in seconds: a latency objective needs one at its threshold.
// `left_out`: route templates that no objective without a route counts. An alert waits rule.hold_micros (`for`) and
// cools down (`keep_firing_for`); Objective::least_bad is a second condition.
PrometheusRules prometheus_rules(const std::vector<Objective>& objectives, std::span<const double> latency_bounds,
                                 const std::vector<std::string>& left_out);

}  // namespace streamgauge::slo
