// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/sample_objectives.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "metrics/window.h"
#include "slo/objective_warnings.h"

namespace streamgauge::tests {

namespace {

using Kind = slo::Indicator::Kind;
using slo::AlertState;

struct Shape {
    const char *name, *title;
    Kind kind;
    double target, left, burn;
    std::vector<AlertState> states;
};

api::ObjectiveStatus status_of(const Shape& shape, Timestamp now) {
    api::ObjectiveStatus status;
    slo::Objective& objective = status.objective;
    objective.name = shape.name;
    objective.title = shape.title;
    objective.service = "door";
    objective.indicator.kind = shape.kind;
    objective.indicator.threshold_ms = shape.kind == Kind::Freshness ? 1000 : 300;
    if (shape.kind == Kind::Metric) {
        objective.indicator.good = "purchases_paid";
        objective.indicator.total = "purchases";
        objective.service = "shop";
    }
    objective.target = shape.target;
    objective.rules = slo::rules_for(objective.window);
    objective.least_bad = 10;
    objective.cool_down_micros = 5 * kMinuteMicros;
    const bool none = shape.states.front() == AlertState::NoData;
    if (!none || shape.left > 0) {
        const std::uint64_t total = 48'204'113;
        const double bad = (1 - shape.left) * (1 - shape.target) * static_cast<double>(total);
        status.budget = slo::budget_of({total - static_cast<std::uint64_t>(bad), total}, shape.target);
        status.last_data = none ? now.plus_micros(-9 * kHourMicros) : now.plus_micros(-2 * kSecondMicros);
    }
    if (!none) {
        status.burn_now = shape.burn;
        if (shape.left <= 0) status.exhausted_in_micros = 0;
        if (shape.left > 0 && shape.burn > 1)
            status.exhausted_in_micros =
                static_cast<std::int64_t>(shape.left / shape.burn * static_cast<double>(objective.window.micros));
    }
    for (std::size_t i = 0; i < objective.rules.size(); ++i) {
        slo::RuleState rule;
        rule.rule = objective.rules[i];
        rule.state = i < shape.states.size() ? shape.states[i] : none ? AlertState::NoData : AlertState::Inactive;
        const double spread = 1.0 / (1.0 + static_cast<double>(i));
        if (rule.state != AlertState::NoData) {
            rule.long_burn = shape.burn * spread;
            rule.short_burn = shape.burn * spread * (rule.state == AlertState::Cooling ? 0.1 : 1.3);
            rule.since = now.plus_micros(-(static_cast<std::int64_t>(i) + 1) * 430 * kSecondMicros);
        }
        status.alerts.push_back(rule);
    }
    for (int i = 0; i < 48; ++i) {
        const double back = (47 - i) / 47.0;
        const bool gap = none && i > 29;
        status.day.push_back(gap || (none && shape.left == 0)
                                 ? std::nullopt
                                 : std::optional(shape.left + (1 - shape.left) * 0.5 * back * back * back));
    }
    return status;
}

api::ObjectiveHistory history_of(const api::ObjectiveStatus& status, query::TimeRange range) {
    api::ObjectiveHistory history;
    if (!status.last_data) return history;
    std::mt19937 random(7);
    const auto noise = [&] { return static_cast<double>(random() % 1000) / 1000.0; };
    constexpr int kPoints = 288;
    const std::int64_t length = range.to.micros - range.from.micros;
    history.step_micros = length / kPoints;
    const double step = static_cast<double>(history.step_micros) / 1e6;
    const double left = *status.budget.left, before = left + (1 - left) * 0.45;
    const bool timed = status.objective.indicator.kind != Kind::Metric;
    for (int i = 1; i <= kPoints; ++i) {
        const double t = i / static_cast<double>(kPoints);
        api::ObjectiveHistory::Point point;
        point.at = range.from.plus_micros(i * history.step_micros);
        if (point.at > *status.last_data) {
            point.budget_left = left;
            history.points.push_back(point);
            continue;
        }
        const double incident = t > 0.72 && t < 0.78 ? 1 : 0;
        point.total = static_cast<std::uint64_t>(step * (900 + 300 * std::sin(t * 9) + 60 * noise()));
        const double bad = (1 - status.objective.target) * (0.4 + 0.3 * noise() + 9 * incident);
        point.good =
            point.total - std::min(point.total, static_cast<std::uint64_t>(bad * static_cast<double>(point.total)));
        const double spent = t < 0.72   ? 0.35 * t / 0.72
                             : t < 0.78 ? 0.35 + 0.5 * (t - 0.72) / 0.06
                                        : 0.85 + 0.15 * (t - 0.78) / 0.22;
        point.budget_left = before + (left - before) * spent;
        point.long_burn = 0.6 + 9 * incident + 0.2 * noise();
        point.short_burn = 0.6 + 14 * incident + 0.5 * noise();
        if (timed) {
            point.p50_ms = 12 + 4 * noise() + 60 * incident;
            point.p95_ms = 88 + 30 * noise() + 260 * incident;
            point.p99_ms = 160 + 60 * noise() + 420 * incident;
        }
        history.points.push_back(point);
    }
    for (int i = 1; i <= 24; ++i) {
        const double ahead = i / 24.0, drop = 0.25 * ahead;
        history.forecast.push_back(
            {range.to.plus_micros(static_cast<std::int64_t>(ahead * 7.5 * static_cast<double>(kDayMicros) /
                                                            (length > kDayMicros ? 1 : 24))),
             left - drop * 1.9, left - drop, left - drop * 0.3});
    }
    return history;
}

class SampleObjectives final : public api::ObjectiveService {
public:
    explicit SampleObjectives(std::vector<api::ObjectiveStatus> statuses) : statuses_(std::move(statuses)) {}

    void list(std::string, api::Done<std::vector<api::ObjectiveStatus>> done) override { done(statuses_); }
    void history(std::string name, query::TimeRange range, api::Done<api::ObjectiveHistory> done) override {
        const auto found = find(name);
        if (found == statuses_.end()) return done(unknown(name));
        done(history_of(*found, range));
    }
    void put(slo::Objective objective, api::Done<api::ObjectiveStatus> done) override {
        api::ObjectiveStatus status;
        const auto found = find(objective.name);
        if (found != statuses_.end()) status = *found;
        status.objective = std::move(objective);
        if (found != statuses_.end()) {
            *found = status;
        } else {
            statuses_.push_back(status);
        }
        done(status);
    }
    void remove(std::string name, api::Done<bool> done) override {
        const auto found = find(name);
        if (found == statuses_.end()) return done(unknown(name));
        statuses_.erase(found);
        done(true);
    }
    void back_test(slo::Objective draft, query::TimeRange range, api::Attendance,
                   api::Done<api::BackTest> done) override {
        api::BackTest result;
        result.range = range;
        result.fired = 3;
        result.first_after_micros = 41 * kSecondMicros;
        for (int i = 0; i < 3; ++i) {
            const Timestamp at = range.to.plus_micros(-(3 - i) * 7 * kHourMicros);
            result.changes.push_back(
                {at, 0, AlertState::Inactive, AlertState::Firing,
                 draft.name + " burns 17.2 times as fast as it may (1h: 17.2, 5m: 31.0, limit 14.4)",
                 slo::AlertNews::Fired});
            result.changes.push_back(
                {at.plus_micros((6 + 11 * i) * kMinuteMicros), 0, AlertState::Firing, AlertState::Inactive,
                 draft.name + " burns no more (1h: 13.9, 5m: 0.2, limit 14.4)", slo::AlertNews::Resolved});
        }
        result.budget = slo::budget_of({1'204'000, 1'211'000}, draft.target);
        result.warnings =
            slo::warnings_of(draft, slo::Traffic{result.budget.counted, range.to.micros - range.from.micros, true});
        done(std::move(result));
    }

private:
    std::vector<api::ObjectiveStatus>::iterator find(const std::string& name) {
        return std::find_if(statuses_.begin(), statuses_.end(),
                            [&](const api::ObjectiveStatus& one) { return one.objective.name == name; });
    }
    static Error unknown(const std::string& name) {
        return Error::make(ErrorCode::NotFound, "there is no objective " + name);
    }

    std::vector<api::ObjectiveStatus> statuses_;
};

}  // namespace

std::vector<api::ObjectiveStatus> sample_objectives(Timestamp now) {
    const Shape shapes[] = {
        {"freshness",
         "What can be asked is younger than 1 s, 99 % of the time",
         Kind::Freshness,
         0.99,
         -0.42,
         3.4,
         {AlertState::Inactive, AlertState::Inactive, AlertState::Firing}},
        {"latency",
         "95 % of requests within 300 ms",
         Kind::Latency,
         0.95,
         0.118,
         17.2,
         {AlertState::Firing, AlertState::Firing, AlertState::Pending}},
        {"checkout-payments-of-the-new-shop",
         "Purchases that are paid",
         Kind::Metric,
         0.995,
         0.21,
         0.8,
         {AlertState::Inactive}},
        {"errors", "Fewer than 1 % of requests fail", Kind::Errors, 0.99, 0.47, 2.1, {AlertState::Cooling}},
        {"availability",
         "More than 99 % of requests are answered well",
         Kind::Availability,
         0.99,
         0.884,
         0.12,
         {AlertState::Inactive}},
        {"ledger", "Events are where they should be", Kind::Correctness, 0.9999, 1, 0, {AlertState::Inactive}},
        {"reports", "Reports are answered", Kind::Latency, 0.9, 0, 0, {AlertState::NoData}},
    };
    std::vector<api::ObjectiveStatus> all;
    for (const Shape& shape : shapes) all.push_back(status_of(shape, now));
    all[1].warnings = {"page 1h/5m fires by 2 bad events: about 14 come in 1h; ask for at least 3 bad ones (least_bad)",
                       "nobody is told when data stop: alert_when_no_data is off for 2 targets"};
    return all;
}

std::shared_ptr<api::ObjectiveService> sample_objective_service(std::vector<api::ObjectiveStatus> statuses) {
    return std::make_shared<SampleObjectives>(std::move(statuses));
}

}  // namespace streamgauge::tests
