// SPDX-License-Identifier: GPL-3.0-or-later
#include "slo/burn_rate.h"

#include <array>
#include <cmath>

#include "metrics/window.h"

namespace streamgauge::slo {

namespace {

constexpr std::int64_t kThirtyDays = 30 * kDayMicros;
constexpr std::array<BurnRule, 4> kThirtyDayRules{{
    {Severity::Page, kHourMicros, 5 * kMinuteMicros, 14.4, 0},
    {Severity::Page, 6 * kHourMicros, 30 * kMinuteMicros, 6, 0},
    {Severity::Ticket, kDayMicros, 2 * kHourMicros, 3, 0},
    {Severity::Ticket, 3 * kDayMicros, 6 * kHourMicros, 1, 0},
}};

// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back. Source: Howard Hinnant,
// "chrono-Compatible Low-Level Date Algorithms", days_from_civil and civil_from_days.
struct Date {
    std::int64_t year = 1970;
    std::int64_t month = 1;  // 1 to 12
};

std::int64_t first_day_of(Date date) {
    const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
    const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
    const std::int64_t of_era = year - era * 400;
    const std::int64_t of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

Date date_of(std::int64_t day) {
    const std::int64_t shifted = day + 719468;
    const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    const std::int64_t of_era = shifted - era * 146097;
    const std::int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const std::int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    const std::int64_t month = (5 * of_year + 2) / 153;
    const std::int64_t civil = month + (month < 10 ? 3 : -9);
    return {year + era * 400 + (civil <= 2 ? 1 : 0), civil};
}

Date plus_months(Date date, std::int64_t months) {
    const std::int64_t count = date.year * 12 + date.month - 1 + months;
    return {count / 12, count % 12 + 1};
}

// The day on which the zone's clocks show `at`.
std::int64_t local_day(const Windows& days, Timestamp at) {
    std::int64_t day = floor_to(at, kDayMicros).micros / kDayMicros + 1;  // zones are at most a day ahead
    while (days.start_of_date(day) > at.micros) --day;
    return day;
}

WindowBounds calendar_bounds(const TimeWindow& window, Timestamp now) {
    const Result<Windows> zone = Windows::make(kDayMicros, window.timezone);
    const Windows days = zone ? *zone : Windows(kDayMicros);
    const std::int64_t today = local_day(days, now);
    const auto between = [&](std::int64_t first, std::int64_t next) {
        return WindowBounds{{days.start_of_date(first)}, {days.start_of_date(next)}};
    };
    const auto months = [&](std::int64_t count) {
        Date date = date_of(today);
        date.month -= (date.month - 1) % count;
        return between(first_day_of(date), first_day_of(plus_months(date, count)));
    };
    switch (window.calendar) {
        case TimeWindow::Calendar::Day:
            return between(today, today + 1);
        case TimeWindow::Calendar::Week: {
            const std::int64_t since_monday = ((today + 3) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
            return between(today - since_monday, today - since_monday + 7);
        }
        case TimeWindow::Calendar::Month:
            return months(1);
        case TimeWindow::Calendar::Quarter:
            return months(3);
        case TimeWindow::Calendar::Year:
            return months(12);
    }
    return {};
}

}  // namespace

std::optional<double> burn_rate(const Ratio& counted, double target) {
    if (counted.total == 0) return std::nullopt;
    return static_cast<double>(counted.bad()) / static_cast<double>(counted.total) / (1 - target);
}

Budget budget_of(const Ratio& counted, double target) {
    Budget budget;
    budget.counted = counted;
    budget.allowed_bad = (1 - target) * static_cast<double>(counted.total);
    budget.burn_rate = burn_rate(counted, target);
    if (!budget.burn_rate) return budget;
    budget.indicator = static_cast<double>(counted.good) / static_cast<double>(counted.total);
    budget.left = 1 - *budget.burn_rate;  // bad / allowed_bad is the same quotient
    return budget;
}

std::int64_t length_of(const TimeWindow& window) {
    if (window.rolling) return window.micros;
    switch (window.calendar) {
        case TimeWindow::Calendar::Day:
            return kDayMicros;
        case TimeWindow::Calendar::Week:
            return 7 * kDayMicros;
        case TimeWindow::Calendar::Month:
            return kThirtyDays;
        case TimeWindow::Calendar::Quarter:
            return 3 * kThirtyDays;
        case TimeWindow::Calendar::Year:
            return 365 * kDayMicros;
    }
    return kThirtyDays;
}

std::vector<BurnRule> rules_for(const TimeWindow& window) {
    const double scale = static_cast<double>(length_of(window)) / static_cast<double>(kThirtyDays);
    const auto scaled = [scale](std::int64_t micros) {
        return static_cast<std::int64_t>(std::llround(static_cast<double>(micros) * scale));
    };
    std::vector<BurnRule> rules(kThirtyDayRules.begin(), kThirtyDayRules.end());
    for (BurnRule& rule : rules) {
        rule.long_micros = scaled(rule.long_micros);
        rule.short_micros = scaled(rule.short_micros);
    }
    return rules;
}

WindowBounds bounds_of(const TimeWindow& window, Timestamp now) {
    if (window.rolling) return {now.plus_micros(-window.micros), now};
    return calendar_bounds(window, now);
}

}  // namespace streamgauge::slo
