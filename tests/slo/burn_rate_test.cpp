// SPDX-License-Identifier: GPL-3.0-or-later
// The numbers that the SRE workbook prints, and windows where clocks change.
#include "slo/burn_rate.h"

#include <gtest/gtest.h>

namespace streamgauge::slo {
namespace {

constexpr std::int64_t kSecond = 1'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;

TimeWindow days(std::int64_t count) {
    TimeWindow window;
    window.micros = count * kDay;
    return window;
}

TimeWindow calendar(TimeWindow::Calendar period, std::string zone) {
    TimeWindow window;
    window.rolling = false;
    window.calendar = period;
    window.timezone = std::move(zone);
    return window;
}

std::string bounds(const TimeWindow& window, std::string_view now) {
    const WindowBounds found = bounds_of(window, *parse_rfc3339(now));
    return format_rfc3339(found.start) + " " + format_rfc3339(found.end);
}

// Minutes of 30 days that may be bad: 99.9 % 43.2, 99.5 % 216, 99.99 % 4.32.
TEST(Budget, IsWhatTheTargetLeavesOver) {
    const Ratio minutes{43'200, 43'200};
    EXPECT_NEAR(budget_of(minutes, 0.999).allowed_bad, 43.2, 1e-9);
    EXPECT_NEAR(budget_of(minutes, 0.995).allowed_bad, 216, 1e-9);
    EXPECT_NEAR(budget_of(minutes, 0.9999).allowed_bad, 4.32, 1e-9);
}

TEST(Budget, IsSpentByWhatIsBad) {
    const Budget budget = budget_of({999'500, 1'000'000}, 0.999);
    EXPECT_NEAR(*budget.indicator, 0.9995, 1e-12);
    EXPECT_NEAR(*budget.left, 0.5, 1e-9);
    EXPECT_NEAR(*budget.burn_rate, 0.5, 1e-9);
    EXPECT_NEAR(*budget_of({997'000, 1'000'000}, 0.999).left, -2, 1e-9);
    EXPECT_EQ(*budget_of({10, 10}, 0.999).left, 1);
}

TEST(Budget, SaysNothingWithoutData) {
    const Budget budget = budget_of({}, 0.999);
    EXPECT_FALSE(budget.indicator || budget.left || budget.burn_rate);
    EXPECT_EQ(budget.allowed_bad, 0);
    EXPECT_FALSE(burn_rate({}, 0.999));
}

// Table 5-4 for 99.9 %: the error rates of burn rates, and when the budget of 30 days is gone.
TEST(BurnRate, IsTheWorkbooks) {
    EXPECT_NEAR(*burn_rate({999, 1000}, 0.999), 1, 1e-9);
    EXPECT_NEAR(*burn_rate({998, 1000}, 0.999), 2, 1e-9);
    EXPECT_NEAR(*burn_rate({990, 1000}, 0.999), 10, 1e-9);
    EXPECT_NEAR(*burn_rate({0, 1000}, 0.999), 1000, 1e-6);
}

// Table 5-8 (3 x one day is Google's row beside it), and the budget that each row spends in its long window.
TEST(BurnRules, AreTheWorkbooksForThirtyDays) {
    const std::vector<BurnRule> expected{
        {Severity::Page, kHour, 5 * kMinute, 14.4, 0},
        {Severity::Page, 6 * kHour, 30 * kMinute, 6, 0},
        {Severity::Ticket, kDay, 2 * kHour, 3, 0},
        {Severity::Ticket, 3 * kDay, 6 * kHour, 1, 0},
    };
    EXPECT_EQ(rules_for(days(30)), expected);
    EXPECT_EQ(rules_for(calendar(TimeWindow::Calendar::Month, "UTC")), expected);
}

TEST(BurnRules, KeepTheSharesOfTheBudgetInEveryWindow) {
    constexpr double kShares[] = {0.02, 0.05, 0.1, 0.1};
    for (const std::int64_t count : {1, 7, 28, 30, 90, 365}) {
        const std::vector<BurnRule> rules = rules_for(days(count));
        ASSERT_EQ(rules.size(), 4U);
        for (std::size_t i = 0; i < rules.size(); ++i) {
            const double share =
                rules[i].factor * static_cast<double>(rules[i].long_micros) / static_cast<double>(count * kDay);
            EXPECT_NEAR(share, kShares[i], 1e-9) << count << " days, row " << i;
        }
    }
    EXPECT_EQ(rules_for(days(7))[0].long_micros, 14 * kMinute);
}

TEST(BurnRules, OfALaboratoryAreSeconds) {
    TimeWindow hour;
    hour.micros = kHour;
    const std::vector<BurnRule> rules = rules_for(hour);
    EXPECT_EQ(rules[0].long_micros, 5 * kSecond);
    EXPECT_EQ(rules[0].short_micros, 416'667);
    EXPECT_EQ(rules[1].long_micros, 30 * kSecond);
    EXPECT_EQ(rules[1].short_micros, 2'500'000);
    EXPECT_EQ(rules[2].long_micros, 2 * kMinute);
    EXPECT_EQ(rules[2].short_micros, 10 * kSecond);
    EXPECT_EQ(rules[3].long_micros, 6 * kMinute);
    EXPECT_EQ(rules[3].short_micros, 30 * kSecond);
}

TEST(Bounds, OfARollingWindowEndNow) {
    EXPECT_EQ(bounds(days(7), "2026-03-08T12:00:00Z"), "2026-03-01T12:00:00Z 2026-03-08T12:00:00Z");
}

// New York: clocks go forward on 2026-03-08 and back on 2026-11-01. Berlin: 2026-03-29 and 2026-10-25.
TEST(Bounds, OfACalendarFollowTheZonesClocks) {
    using enum TimeWindow::Calendar;
    EXPECT_EQ(bounds(calendar(Day, "America/New_York"), "2026-03-08T18:00:00Z"),
              "2026-03-08T05:00:00Z 2026-03-09T04:00:00Z");  // 23 hours
    EXPECT_EQ(bounds(calendar(Day, "America/New_York"), "2026-11-01T18:00:00Z"),
              "2026-11-01T04:00:00Z 2026-11-02T05:00:00Z");  // 25 hours
    EXPECT_EQ(bounds(calendar(Week, "America/New_York"), "2026-03-08T18:00:00Z"),
              "2026-03-02T05:00:00Z 2026-03-09T04:00:00Z");
    EXPECT_EQ(bounds(calendar(Month, "Europe/Berlin"), "2026-03-31T21:59:59Z"),
              "2026-02-28T23:00:00Z 2026-03-31T22:00:00Z");
    EXPECT_EQ(bounds(calendar(Month, "Europe/Berlin"), "2026-03-31T22:00:00Z"),
              "2026-03-31T22:00:00Z 2026-04-30T22:00:00Z");
    EXPECT_EQ(bounds(calendar(Quarter, "Europe/Berlin"), "2026-12-31T12:00:00Z"),
              "2026-09-30T22:00:00Z 2026-12-31T23:00:00Z");
    EXPECT_EQ(bounds(calendar(Year, "Asia/Kolkata"), "2026-12-31T18:30:00Z"),
              "2026-12-31T18:30:00Z 2027-12-31T18:30:00Z");
    EXPECT_EQ(bounds(calendar(Month, "UTC"), "2024-02-29T00:00:00Z"), "2024-02-01T00:00:00Z 2024-03-01T00:00:00Z");
    EXPECT_EQ(bounds(calendar(Week, "UTC"), "1969-12-31T00:00:00Z"), "1969-12-29T00:00:00Z 1970-01-05T00:00:00Z");
}

// Sao Paulo once had no midnight where summer began: the day starts after the gap.
TEST(Bounds, BeginAfterAMidnightThatThereIsNot) {
    EXPECT_EQ(bounds(calendar(TimeWindow::Calendar::Day, "America/Sao_Paulo"), "2018-11-04T12:00:00Z"),
              "2018-11-04T03:00:00Z 2018-11-05T02:00:00Z");
}

// Every instant lies in its window, and the next window begins where it ends.
TEST(Bounds, FollowEachOtherWithoutGaps) {
    using enum TimeWindow::Calendar;
    for (const auto period : {Day, Week, Month, Quarter, Year}) {
        for (const char* zone : {"UTC", "America/New_York", "Pacific/Apia", "Asia/Kathmandu"}) {
            const TimeWindow window = calendar(period, zone);
            const Timestamp begin = *parse_rfc3339("2023-12-30T00:00:00Z");
            for (Timestamp at = begin; at < begin.plus_micros(400 * kDay); at = at.plus_micros(7 * kHour + kMinute)) {
                const WindowBounds found = bounds_of(window, at);
                ASSERT_LE(found.start, at) << zone;
                ASSERT_LT(at, found.end) << zone;
                ASSERT_EQ(bounds_of(window, found.end).start, found.end) << zone;
            }
        }
    }
}

}  // namespace
}  // namespace streamgauge::slo
