// SPDX-License-Identifier: GPL-3.0-or-later
// Error budget, burn rate and the windows of alerts. The only place with these formulas: list, detail, alerts,
// back-test and forecast all come here. Source: SRE workbook, chapter 5, tables 5-6 to 5-8.
#pragma once

#include <optional>
#include <vector>

#include "slo/slice_series.h"

namespace streamgauge::slo {

struct Budget {
    Ratio counted;
    std::optional<double> indicator;  // good / total; none without data
    double allowed_bad = 0;           // (1 - target) * total
    std::optional<double> left;       // share: 1 - bad / allowed_bad; below 0 when overspent. None without data
    std::optional<double> burn_rate;  // of the whole window: error ratio / (1 - target)
};
Budget budget_of(const Ratio& counted, double target);

// Error ratio / (1 - target). None without data.
std::optional<double> burn_rate(const Ratio& counted, double target);

// The workbook's rows for 30 days (14.4 and 6 page, 3 and 1 ticket; 2 %, 5 %, 10 %, 10 % of the budget), scaled to
// another window by keeping the budget's shares and factors and scaling the windows. A window of an hour or less is a
// laboratory's: its short windows are seconds.
std::vector<BurnRule> rules_for(const TimeWindow& window);

// [start of the window that `now` lies in, now). A calendar window begins at its border in its time zone.
struct WindowBounds {
    Timestamp start, end;  // end: of a calendar window; of a rolling one now
};
WindowBounds bounds_of(const TimeWindow& window, Timestamp now);

}  // namespace streamgauge::slo
