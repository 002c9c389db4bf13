// SPDX-License-Identifier: GPL-3.0-or-later
// How an objective is told: its state in a word, its parts in a few, a rule of its alerts in a sentence.
#pragma once

#include <QString>

#include <optional>

#include "api/objective_service.h"

namespace streamgauge::viewmodels {

struct StateWord {
    QString word;  // "Burning", "Spent", "Cooling", "Low", "No data", "Healthy"
    QString tone;  // of a tile; "none" without data: nothing to count is never good
    bool operator==(const StateWord&) const = default;
};
StateWord word_of(const api::ObjectiveStatus& status);
StateWord word_of(slo::AlertState state, slo::Severity severity);

QString text_of(const std::string& text);
QString title_of(const slo::Objective& objective);    // its title, or its name
QString counted_of(const slo::Indicator& indicator);  // "within 300 ms, POST /events"
QString window_of(const slo::TimeWindow& window);     // "30 d rolling", "this month, Europe/Berlin"
QString span_of(std::int64_t micros);                 // "5 min", "1 h", "0.42 s"
QString share_of(double share);                       // "99.9 %": a target, with all its digits
QString burn_of(std::optional<double> burn);          // "14.4 ×", a dash without data
QString left_of(std::optional<double> left);          // "62.4 %", "−12.0 %", a dash without data
// "lasts" where it does not burn faster than it may, "spent", "2 d 4 h"; a dash without data.
QString exhaustion_of(const api::ObjectiveStatus& status);
// "Pages while the last 1 h and 5 min both burn at least 14.4 times ...": of the rule and its burn rates now.
QString sentence_of(const api::ObjectiveStatus& status, const slo::RuleState& rule);

}  // namespace streamgauge::viewmodels
