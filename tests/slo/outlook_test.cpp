// SPDX-License-Identifier: GPL-3.0-or-later
#include "slo/outlook.h"

#include <gtest/gtest.h>

namespace streamgauge::slo {
namespace {

constexpr std::int64_t kSecond = 1'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr Timestamp kStart{1'700'000'000 * kSecond};

Objective three_nines() {
    Objective objective;
    objective.name = "checkout";
    objective.target = 0.999;
    return objective;
}

// `bad` of each 1,000 in each 10 s of [from, to), seconds after kStart.
void fill(SliceSeries& series, std::int64_t from, std::int64_t to, std::uint64_t bad) {
    for (std::int64_t second = from; second < to; second += 10)
        series.add(kStart.plus_micros(second * kSecond), 1'000 - bad, 1'000);
}

TEST(Exhaustion, IsTheWindowThroughTheBurnRate) {
    const Objective objective = three_nines();
    const Budget whole = budget_of({1'000'000, 1'000'000}, objective.target);
    // SRE workbook, table 5-4: burn rate 1 lasts 30 days, 2 lasts 15, 10 lasts 3, 1,000 lasts 43 minutes.
    EXPECT_NEAR(static_cast<double>(*exhausted_in(objective, whole, 2, kStart)), 15.0 * kDay, 1e6);
    EXPECT_NEAR(static_cast<double>(*exhausted_in(objective, whole, 10, kStart)), 3.0 * kDay, 1e6);
    EXPECT_NEAR(static_cast<double>(*exhausted_in(objective, whole, 1000, kStart)), 43.2 * kMinute, 1e6);
    EXPECT_EQ(exhausted_in(objective, whole, 1, kStart), std::nullopt);  // as fast as it comes back
    EXPECT_EQ(exhausted_in(objective, whole, 0, kStart), std::nullopt);
    EXPECT_EQ(exhausted_in(objective, whole, std::nullopt, kStart), std::nullopt);
    EXPECT_EQ(exhausted_in(objective, budget_of({990, 1000}, objective.target), 0, kStart), 0);
    EXPECT_EQ(exhausted_in(objective, budget_of({}, objective.target), 5, kStart), std::nullopt);
}

TEST(Exhaustion, OfACalendarWindowIsOnlyBeforeItsEnd) {
    Objective objective = three_nines();
    objective.window.rolling = false;
    objective.window.calendar = TimeWindow::Calendar::Month;
    const Budget whole = budget_of({1'000'000, 1'000'000}, objective.target);
    const Timestamp late = *parse_rfc3339("2026-03-30T00:00:00Z");
    EXPECT_EQ(exhausted_in(objective, whole, 2, late), std::nullopt);  // in 15 days, and the month ends in 2
    EXPECT_TRUE(exhausted_in(objective, whole, 100, late));
}

TEST(Forecast, GoesOnAsTheLastThirtieth) {
    Objective objective = three_nines();
    objective.target = 0.99;
    objective.window.micros = 30 * kHour;  // what is to come is as the last hour
    SliceSeries series(10 * kSecond, 100 * kHour);
    fill(series, 0, 29 * 3600, 0);
    fill(series, 29 * 3600, 30 * 3600, 50);  // 5 % bad: burn rate 5
    const Timestamp now = kStart.plus_micros(30 * kHour);
    const std::vector<ForecastPoint> points = forecast(objective, series, now, 10);
    ASSERT_EQ(points.size(), 10U);
    EXPECT_EQ(points.back().at, now.plus_micros(30 * kHour / 4));
    // At the end 8.5 of 30 hours are bad by 5 %: 1 - 8.5 * 0.05 / (30 * 0.01).
    EXPECT_NEAR(points.back().middle, 1 - 8.5 * 0.05 / 0.3, 0.01);
    for (std::size_t i = 0; i < points.size(); ++i) {
        EXPECT_LE(points[i].low, points[i].middle);
        EXPECT_LE(points[i].middle, points[i].high);
        if (i > 0) {
            EXPECT_LT(points[i].middle, points[i - 1].middle);
        }
    }
    EXPECT_NEAR(points.front().middle, *budget_at(objective, series, now).left, 0.15);
}

TEST(Forecast, FansOutWhereThePastWasUneven) {
    Objective objective = three_nines();
    objective.target = 0.99;
    objective.window.micros = 30 * kHour;
    SliceSeries series(10 * kSecond, 100 * kHour);
    for (std::int64_t minute = 0; minute < 30 * 60; ++minute)
        fill(series, minute * 60, minute * 60 + 60, minute % 10 == 0 ? 100 : 0);
    const std::vector<ForecastPoint> points = forecast(objective, series, kStart.plus_micros(30 * kHour), 4);
    ASSERT_EQ(points.size(), 4U);
    EXPECT_GT(points.back().high - points.back().low, 0.01);
    EXPECT_TRUE(forecast(objective, SliceSeries(kSecond, kHour), kStart, 4).empty());
}

// 100 % bad, 99.9 % over 30 days: the page fires when 14.4 * 0.001 of an hour is bad, after 51.84 s.
TEST(BackTest, FiresAtTheFormulasTime) {
    SliceSeries series(kSecond, 40 * kDay);
    for (std::int64_t second = 0; second < 3 * 3600; ++second)
        series.add(kStart.plus_micros(second * kSecond), second < 2 * 3600 ? 100 : 0, 100);
    const Timestamp outage = kStart.plus_micros(2 * kHour);
    const PastAlerts past =
        alerts_in_the_past(three_nines(), series, kStart.plus_micros(kHour), kStart.plus_micros(3 * kHour), kSecond);
    ASSERT_GE(past.fired, 1U);
    std::optional<Timestamp> fired;
    for (const AlertChange& change : past.changes)
        if (change.rule == 0 && change.to == AlertState::Firing) fired = change.at;
    ASSERT_TRUE(fired);
    EXPECT_GE(fired->micros - outage.micros, 51'840'000);
    EXPECT_LE(fired->micros - outage.micros, 51'840'000 + kSecond);
    // The slow rules have seen less than their long windows, so that the outage is a larger share of what they saw.
    ASSERT_TRUE(past.first_after_micros);
    EXPECT_LE(*past.first_after_micros, 53 * kSecond);
}

// A minute bad, four good, twelve times over: what comes back while it cools down is not told, and not counted.
TEST(BackTest, CountsWhatWouldHaveBeenTold) {
    Objective objective = three_nines();
    objective.rules = {{Severity::Page, 5 * kMinute, kMinute, 14.4, 0}};
    SliceSeries series(10 * kSecond, 40 * kDay);
    for (std::int64_t minute = 0; minute < 120; ++minute)
        fill(series, minute * 60, minute * 60 + 60, minute >= 30 && minute < 90 && minute % 5 == 0 ? 1000 : 0);
    const auto fired = [&](std::int64_t cool_down) {
        objective.cool_down_micros = cool_down;
        const PastAlerts past =
            alerts_in_the_past(objective, series, kStart, kStart.plus_micros(2 * kHour), 10 * kSecond);
        std::uint64_t told = 0, firing = 0;
        for (const AlertChange& change : past.changes) {
            told += change.news == AlertNews::Fired ? 1 : 0;
            firing += change.to == AlertState::Firing ? 1 : 0;
        }
        EXPECT_EQ(past.fired, told);
        EXPECT_EQ(firing, 12U);
        return past.fired;
    };
    EXPECT_EQ(fired(5 * kMinute), 1U) << "a fresh install's";
    EXPECT_EQ(fired(kMinute), 12U) << "over before it comes back";
}

TEST(BackTest, IsQuietWhereNothingIsBad) {
    SliceSeries series(10 * kSecond, 40 * kDay);
    fill(series, 0, 24 * 3600, 0);
    const PastAlerts past = alerts_in_the_past(three_nines(), series, kStart, kStart.plus_micros(kDay), 10 * kSecond);
    EXPECT_EQ(past.fired, 0U);
    EXPECT_EQ(past.first_after_micros, std::nullopt);
}

}  // namespace
}  // namespace streamgauge::slo
