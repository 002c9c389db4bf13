// SPDX-License-Identifier: GPL-3.0-or-later
// What follows from an objective's slices beside its alerts: the budget at an instant, when it will be spent, how it
// may go on, and what a draft would have done in the past.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "slo/alert.h"
#include "slo/burn_rate.h"

namespace streamgauge::slo {

// Those of the objective, or rules_for() its window.
std::vector<BurnRule> rules_of(const Objective& objective);

// Of what was counted from the start of the window that `now` lies in until `now`. The one formula of lists, details,
// back-tests and Prometheus.
Budget budget_at(const Objective& objective, const SliceSeries& series, Timestamp now);

// Burn rate of the shortest long window before `now`.
std::optional<double> burn_at(const Objective& objective, const SliceSeries& series, Timestamp now);

// How long the budget lasts at `burn`: left * length of the window / burn (SRE workbook, chapter 5). 0: it is spent.
// None: it is not burnt, or not before the window ends; a rolling window with a burn rate of at most 1 never spends it.
std::optional<std::int64_t> exhausted_in(const Objective& objective, const Budget& budget, std::optional<double> burn,
                                         Timestamp now);

struct ForecastPoint {
    Timestamp at;
    double low = 0, middle = 0, high = 0;  // budget left
};
// To the end of a calendar window, a quarter of a rolling one ahead. What is to come has the rate of a thirtieth of the
// window's length before `now`; bad ones as in the worse, the whole, and the better of its 24 parts (90th percentile,
// mean, 10th percentile). What leaves a rolling window is known. Empty without data in that stretch.
std::vector<ForecastPoint> forecast(const Objective& objective, const SliceSeries& series, Timestamp now,
                                    std::size_t points);

struct PastAlerts {
    std::uint64_t fired = 0;  // as often as it would have been told: burning again while it cools down is none
    std::optional<std::int64_t> first_after_micros;  // the first: since its first bad slice, within its long window
    std::vector<AlertChange> changes;
};
// Evaluates the objective at every `tick_micros` of [from, to]. Every thousand ticks `go_on` is told how far it is, 0
// to 1; where it returns false the rest is left out.
PastAlerts alerts_in_the_past(const Objective& objective, const SliceSeries& series, Timestamp from, Timestamp to,
                              std::int64_t tick_micros, const std::function<bool(double)>& go_on = {});

}  // namespace streamgauge::slo
