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

// Of a calendar window the nominal one: a month is 30 days, a quarter 90, a year 365.
std::int64_t length_of(const TimeWindow& window);

// The workbook's rows for 30 days (14.4 and 6 page, 3 and 1 ticket; 2 %, 5 %, 10 %, 10 % of the budget), scaled to
// another window by keeping the budget's shares and factors and scaling the windows by length_of(window) / 30 d. A
// window of an hour or less is a laboratory's: 1 h gives 5 s / 0.42 s, 30 s / 2.5 s, 2 min / 10 s and 6 min / 30 s.
std::vector<BurnRule> rules_for(const TimeWindow& window);

// The window that `now` lies in; what is counted is of [start, now). A calendar window begins at the first instant of
// its first day in its time zone; weeks begin on Monday. A zone that the machine does not know counts as UTC.
struct WindowBounds {
    Timestamp start, end;  // end: of a calendar window; of a rolling one now
};
WindowBounds bounds_of(const TimeWindow& window, Timestamp now);

}  // namespace streamgauge::slo
