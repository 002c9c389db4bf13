// SPDX-License-Identifier: GPL-3.0-or-later
#include "slo/outlook.h"

#include <algorithm>
#include <cmath>

namespace streamgauge::slo {

namespace {

constexpr std::int64_t kPastShare = 30;    // of the window's length: what the future is taken to be like
constexpr std::size_t kPastParts = 24;     // of that
constexpr std::int64_t kRollingAhead = 4;  // share of a rolling window that is looked ahead

const BurnRule* most_urgent(const std::vector<BurnRule>& rules) {
    const auto found = std::min_element(
        rules.begin(), rules.end(), [](const BurnRule& a, const BurnRule& b) { return a.long_micros < b.long_micros; });
    return found == rules.end() ? nullptr : &*found;
}

struct Course {
    double per_micro = 0;                  // counted
    double low = 0, middle = 0, high = 0;  // shares of bad ones: optimistic, mean, pessimistic
};

std::optional<Course> course_of(const SliceSeries& series, Timestamp now, std::int64_t length) {
    const Ratio all = series.sum(now.plus_micros(-length), now);
    if (all.total == 0) return std::nullopt;
    std::vector<double> shares;
    const std::int64_t part = length / static_cast<std::int64_t>(kPastParts);
    for (std::size_t i = 0; i < kPastParts; ++i) {
        const Timestamp start = now.plus_micros(-length + static_cast<std::int64_t>(i) * part);
        const Ratio counted = series.sum(start, start.plus_micros(part));
        if (counted.total > 0)
            shares.push_back(static_cast<double>(counted.bad()) / static_cast<double>(counted.total));
    }
    std::sort(shares.begin(), shares.end());
    Course course;
    const Timestamp since = std::max(now.plus_micros(-length), series.oldest().value_or(now));
    course.per_micro =
        static_cast<double>(all.total) / static_cast<double>(std::max<std::int64_t>(1, now.micros - since.micros));
    course.middle = static_cast<double>(all.bad()) / static_cast<double>(all.total);
    const auto at = [&](double quantile) {
        return shares[static_cast<std::size_t>(std::lround(quantile * static_cast<double>(shares.size() - 1)))];
    };
    course.low = shares.empty() ? course.middle : std::min(course.middle, at(0.1));
    course.high = shares.empty() ? course.middle : std::max(course.middle, at(0.9));
    return course;
}

}  // namespace

std::vector<BurnRule> rules_of(const Objective& objective) {
    return objective.rules.empty() ? rules_for(objective.window) : objective.rules;
}

Budget budget_at(const Objective& objective, const SliceSeries& series, Timestamp now) {
    return budget_of(series.sum(bounds_of(objective.window, now).start, now), objective.target);
}

std::optional<double> burn_at(const Objective& objective, const SliceSeries& series, Timestamp now) {
    const std::vector<BurnRule> rules = rules_of(objective);
    const BurnRule* const rule = most_urgent(rules);
    if (rule == nullptr) return std::nullopt;
    return burn_rate(series.sum(now.plus_micros(-rule->long_micros), now), objective.target);
}

std::optional<std::int64_t> exhausted_in(const Objective& objective, const Budget& budget, std::optional<double> burn,
                                         Timestamp now) {
    if (!budget.left) return std::nullopt;
    if (*budget.left <= 0) return 0;
    if (!burn || *burn <= 0 || (objective.window.rolling && *burn <= 1)) return std::nullopt;
    const double micros = *budget.left * static_cast<double>(length_of(objective.window)) / *burn;
    const auto whole = static_cast<std::int64_t>(micros);
    if (objective.window.rolling) return whole;
    return now.plus_micros(whole) < bounds_of(objective.window, now).end ? std::optional(whole) : std::nullopt;
}

std::vector<ForecastPoint> forecast(const Objective& objective, const SliceSeries& series, Timestamp now,
                                    std::size_t points) {
    const std::int64_t length = length_of(objective.window);
    const std::optional<Course> course = course_of(series, now, std::max<std::int64_t>(1, length / kPastShare));
    if (!course || points == 0) return {};
    const WindowBounds bounds = bounds_of(objective.window, now);
    const std::int64_t ahead = objective.window.rolling ? length / kRollingAhead : bounds.end.micros - now.micros;
    std::vector<ForecastPoint> all;
    for (std::size_t i = 1; i <= points; ++i) {
        const std::int64_t delta = static_cast<std::int64_t>(static_cast<double>(ahead) * static_cast<double>(i) /
                                                             static_cast<double>(points));
        const Timestamp start = objective.window.rolling ? bounds.start.plus_micros(delta) : bounds.start;
        const Ratio known = series.sum(start, now);
        const double coming = course->per_micro * static_cast<double>(delta);
        const double total = static_cast<double>(known.total) + coming;
        const auto left = [&](double share) {
            return 1 - (static_cast<double>(known.bad()) + coming * share) / ((1 - objective.target) * total);
        };
        if (total <= 0) continue;
        all.push_back({now.plus_micros(delta), left(course->high), left(course->middle), left(course->low)});
    }
    return all;
}

PastAlerts alerts_in_the_past(const Objective& objective, const SliceSeries& series, Timestamp from, Timestamp to,
                              std::int64_t tick_micros, const std::function<bool(double)>& go_on) {
    constexpr std::uint64_t kTicks = 1'000;
    PastAlerts past;
    AlertMachine machine(objective);
    const std::vector<BurnRule> rules = rules_of(objective);
    const auto length = static_cast<double>(std::max<std::int64_t>(1, to.micros - from.micros));
    std::uint64_t ticks = 0;
    for (Timestamp at = from; at <= to; at = at.plus_micros(tick_micros)) {
        if (go_on && ++ticks % kTicks == 0 && !go_on(static_cast<double>(at.micros - from.micros) / length)) break;
        for (AlertChange& change : machine.evaluate(series, at)) {
            if (change.news == AlertNews::Fired && past.fired++ == 0 && change.rule < rules.size()) {
                const std::int64_t slice = series.slice_micros();
                Timestamp bad = floor_to(at.plus_micros(-rules[change.rule].long_micros), slice);
                while (bad < at && series.sum(bad, bad.plus_micros(slice)).bad() == 0) bad = bad.plus_micros(slice);
                past.first_after_micros = at.micros - bad.micros;
            }
            past.changes.push_back(std::move(change));
        }
    }
    return past;
}

}  // namespace streamgauge::slo
