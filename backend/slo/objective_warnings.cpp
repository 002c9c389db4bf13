// SPDX-License-Identifier: GPL-3.0-or-later
// Where each trap was met: research of Pyrra, sloth and others' issue trackers; "never fires" sloth #341, few requests
// Pyrra PR 1602, no data OneUptime PR 2844, windows and alerts out of step Elastic #179941.
#include "slo/objective_warnings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/time_text.h"
#include "slo/alert.h"

namespace streamgauge::slo {
namespace {

// A rule that fewer bad events than this set off fires by chance.
constexpr double kFewEvents = 3;

std::string number(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.4g", value);
    return text.data();
}

std::string percent(double share) {
    return number(share * 100) + " %";
}

std::string span_text(std::int64_t micros) {
    if (micros % Timestamp::kMicrosPerSecond == 0) return format_span(micros);
    return number(static_cast<double>(micros) / 1e6) + "s";
}

std::string name_of(const BurnRule& rule) {
    return std::string(to_string(rule.severity)) + " " + span_text(rule.long_micros) + "/" +
           span_text(rule.short_micros);
}

std::vector<BurnRule> rules_in_force(const Objective& objective) {
    return objective.rules.empty() ? rules_for(objective.window) : objective.rules;
}

void never_fires(const Objective& objective, const BurnRule& rule, const std::string& at, std::vector<Warning>& out) {
    const double most = 1 / (1 - objective.target);
    if (fastest_fire(rule, objective.target)) return;
    out.push_back({at + "factor", name_of(rule) + " can never fire: " + number(rule.factor) +
                                      " times the budget is more than the " + number(most) +
                                      " times that everything bad burns at a target of " + percent(objective.target) +
                                      "; it needs a target above " + percent(1 - 1 / rule.factor) +
                                      " or a factor of at most " + number(std::floor(most * 10) / 10)});
}

void little_budget(const Objective& objective, const Traffic& traffic, std::vector<Warning>& out) {
    const auto length = static_cast<double>(length_of(objective.window));
    const double events =
        static_cast<double>(traffic.counted.total) * length / static_cast<double>(traffic.counted_micros);
    const double allowed = (1 - objective.target) * events;
    if (allowed >= 1) return;
    out.push_back({"target", "the budget is less than one event: " + percent(1 - objective.target) + " of about " +
                                 number(events) + " in " + span_text(length_of(objective.window)) + " is " +
                                 number(allowed) + "; the first bad one spends it"});
}

void little_traffic(const Objective& objective, const BurnRule& rule, const Traffic& traffic,
                    std::vector<Warning>& out) {
    if (!fastest_fire(rule, objective.target)) return;
    const double events = static_cast<double>(traffic.counted.total) * static_cast<double>(rule.long_micros) /
                          static_cast<double>(traffic.counted_micros);
    const auto least = static_cast<double>(objective.least_bad);
    if (least > events) {
        out.push_back({"least_bad", name_of(rule) + " needs " + number(least) + " bad events, and about " +
                                        number(events) + " come in " + span_text(rule.long_micros) +
                                        ": it can hardly ever fire"});
        return;
    }
    const double enough = std::max(least, std::ceil(rule.factor * (1 - objective.target) * events));
    if (enough >= kFewEvents) return;
    out.push_back({"least_bad", name_of(rule) + " fires by " + number(enough) + " bad event" + (enough > 1 ? "s" : "") +
                                    ": about " + number(events) + " come in " + span_text(rule.long_micros) +
                                    "; ask for at least " + number(kFewEvents) + " bad ones (least_bad)"});
}

void no_data(const Objective& objective, const Traffic& traffic, std::vector<Warning>& out) {
    if (traffic.counted.total == 0) {
        out.push_back({"indicator", std::string("nothing is counted") + (traffic.ever ? "" : ", and never was") +
                                        " in " + span_text(std::max(traffic.counted_micros, std::int64_t{0})) +
                                        ": that is not the same as well; see that the indicator names what happens"});
    }
    if (!objective.alert_when_no_data && !objective.notify.empty())
        out.push_back({"alert_when_no_data", "nobody is told when data stop: alert_when_no_data is off for " +
                                                 std::to_string(objective.notify.size()) + " target" +
                                                 (objective.notify.size() == 1 ? "" : "s")});
}

void unfit_for_window(const Objective& objective, const BurnRule& rule, const std::string& at,
                      std::vector<Warning>& out) {
    const std::int64_t length = length_of(objective.window);
    if (rule.long_micros > length) {
        out.push_back({at + "long", name_of(rule) + " looks further back than the window of " + span_text(length)});
        return;
    }
    // Share of the whole budget that is gone when it fires.
    const double spent = rule.factor * static_cast<double>(rule.long_micros) / static_cast<double>(length);
    if (spent < 1) return;
    out.push_back({at + "long", name_of(rule) + " fires when " + percent(spent) + " of the budget of " +
                                    span_text(length) + " is spent: its windows are of another length of objective"});
}

}  // namespace

std::vector<Warning> find_warnings(const Objective& objective, const std::optional<Traffic>& traffic) {
    std::vector<Warning> out;
    const std::vector<BurnRule> rules = rules_in_force(objective);
    const auto at = [](std::size_t rule) { return "rules[" + std::to_string(rule) + "]."; };
    for (std::size_t i = 0; i < rules.size(); ++i) never_fires(objective, rules[i], at(i), out);
    if (traffic && traffic->counted.total > 0 && traffic->counted_micros > 0) {
        little_budget(objective, *traffic, out);
        for (const BurnRule& rule : rules) little_traffic(objective, rule, *traffic, out);
    }
    no_data(objective, traffic.value_or(Traffic{{1, 1}, 0, true}), out);
    for (std::size_t i = 0; i < rules.size(); ++i) unfit_for_window(objective, rules[i], at(i), out);
    return out;
}

std::vector<std::string> warnings_of(const Objective& objective, const std::optional<Traffic>& traffic) {
    std::vector<std::string> out;
    for (Warning& warning : find_warnings(objective, traffic)) out.push_back(std::move(warning.text));
    return out;
}

}  // namespace streamgauge::slo
