// SPDX-License-Identifier: GPL-3.0-or-later
// An ObjectiveService that holds what it is told, with figures of its own making.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "api/objective_service.h"

namespace streamgauge::tests {

inline slo::Objective scripted_objective(std::string name) {
    slo::Objective objective;
    objective.name = std::move(name);
    objective.title = "95 % within 300 ms";
    objective.service = "door";
    objective.indicator.kind = slo::Indicator::Kind::Latency;
    objective.indicator.route = "POST /events";
    objective.target = 0.95;
    objective.window.micros = 7LL * 86'400'000'000;
    objective.rules = slo::rules_for(objective.window);
    objective.least_bad = 3;
    objective.cool_down_micros = 300'000'000;
    objective.notify = {"on-call"};
    return objective;
}

inline api::ObjectiveStatus scripted_status(slo::Objective objective) {
    api::ObjectiveStatus status;
    status.objective = std::move(objective);
    status.budget = slo::budget_of({960, 1000}, status.objective.target);
    status.burn_now = 16.5;
    status.exhausted_in_micros = 3'600'000'000;
    for (const slo::BurnRule& rule : status.objective.rules) {
        slo::RuleState state;
        state.rule = rule;
        state.state = slo::AlertState::Firing;
        state.long_burn = 16.5;
        state.since = Timestamp{1'700'000'000'000'000};
        status.alerts.push_back(state);
    }
    status.warnings = {"the budget is less than one event"};
    status.last_data = Timestamp{1'700'000'060'000'000};
    status.day = {0.5, std::nullopt, 0.25};
    return status;
}

inline api::ObjectiveHistory scripted_history(query::TimeRange range) {
    api::ObjectiveHistory history;
    history.step_micros = 60'000'000;
    history.points = {{range.from.plus_micros(60'000'000), 9, 10, 0.5, 2.0, std::nullopt, 1.5, 2.5, std::nullopt}};
    history.forecast = {{range.to.plus_micros(1), -0.5, 0.25, 0.5}};
    history.changes = {};
    slo::AlertChange change;
    change.at = range.from;
    change.rule = 1;
    change.from = slo::AlertState::Pending;
    change.to = slo::AlertState::Firing;
    change.sentence = "fast burns";
    history.changes.push_back(change);
    return history;
}

class ScriptedObjectives final : public api::ObjectiveService {
public:
    ScriptedObjectives() : all_{scripted_objective("fast")} {}

    void list(std::string, api::Done<std::vector<api::ObjectiveStatus>> done) override {
        std::vector<api::ObjectiveStatus> statuses;
        for (const slo::Objective& objective : all_) statuses.push_back(scripted_status(objective));
        done(std::move(statuses));
    }
    void history(std::string name, query::TimeRange range, api::Done<api::ObjectiveHistory> done) override {
        if (find(name) == all_.end()) return done(unknown(name));
        done(scripted_history(range));
    }
    void put(slo::Objective objective, api::Done<api::ObjectiveStatus> done) override {
        std::erase_if(all_, [&](const slo::Objective& one) { return one.name == objective.name; });
        all_.push_back(objective);
        done(scripted_status(std::move(objective)));
    }
    void remove(std::string name, api::Done<bool> done) override {
        const auto found = find(name);
        if (found == all_.end()) return done(unknown(name));
        all_.erase(found);
        done(true);
    }
    void back_test(slo::Objective draft, query::TimeRange range, api::Attendance,
                   api::Done<api::BackTest> done) override {
        api::BackTest result;
        result.range = range;
        result.fired = 3;
        result.first_after_micros = 41'000'000;
        result.changes = scripted_history(range).changes;
        result.budget = slo::budget_of({960, 1000}, draft.target);
        result.warnings = {"little traffic"};
        done(std::move(result));
    }

private:
    std::vector<slo::Objective>::iterator find(const std::string& name) {
        return std::find_if(all_.begin(), all_.end(), [&](const slo::Objective& one) { return one.name == name; });
    }
    static Error unknown(const std::string& name) {
        return Error::make(ErrorCode::NotFound, "there is no objective " + name);
    }
    std::vector<slo::Objective> all_;
};

}  // namespace streamgauge::tests
