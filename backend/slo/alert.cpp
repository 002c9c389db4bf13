// SPDX-License-Identifier: GPL-3.0-or-later
#include "slo/alert.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/time_text.h"

namespace streamgauge::slo {
namespace {

constexpr std::array<std::string_view, 5> kStates{"inactive", "pending", "firing", "cooling", "no_data"};
constexpr std::array<std::string_view, 4> kNews{"none", "fired", "no_data", "resolved"};

std::string one_decimal(std::optional<double> value) {
    if (!value) return "no data";
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f", *value);
    return text.data();
}

// format_span() has no fractions of a second; laboratories do.
std::string span_text(std::int64_t micros) {
    if (micros % Timestamp::kMicrosPerSecond == 0) return format_span(micros);
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2fs", static_cast<double>(micros) / 1e6);
    return text.data();
}

}  // namespace

std::string_view to_string(AlertState state) {
    return kStates[static_cast<std::size_t>(state)];
}

std::optional<AlertState> alert_state_from(std::string_view word) {
    const auto found = std::find(kStates.begin(), kStates.end(), word);
    if (found == kStates.end()) return std::nullopt;
    return static_cast<AlertState>(found - kStates.begin());
}

std::string_view to_string(Severity severity) {
    return severity == Severity::Page ? "page" : "ticket";
}

std::string_view to_string(AlertNews news) {
    return kNews[static_cast<std::size_t>(news)];
}

AlertMachine::AlertMachine(const Objective& objective) : objective_(objective) {
    if (objective_.rules.empty()) objective_.rules = rules_for(objective_.window);
    for (const BurnRule& rule : objective_.rules) states_.push_back({rule, AlertState::Inactive, {}, {}, {}, false});
}

AlertMachine::Look AlertMachine::look(RuleState& state, const SliceSeries& series, Timestamp now) const {
    const Ratio in_long = series.sum(now.plus_micros(-state.rule.long_micros), now);
    const Ratio in_short = series.sum(now.plus_micros(-state.rule.short_micros), now);
    state.long_burn = burn_rate(in_long, objective_.target);
    state.short_burn = burn_rate(in_short, objective_.target);
    Look out;
    out.empty = !state.long_burn;
    const bool long_burns =
        state.long_burn && *state.long_burn >= state.rule.factor && in_long.bad() >= objective_.least_bad;
    out.burns = long_burns && state.short_burn && *state.short_burn >= state.rule.factor;
    out.silent = long_burns && !state.short_burn;
    return out;
}

AlertState AlertMachine::next(const RuleState& rule, const Look& look, std::int64_t cool_down_micros, Timestamp now) {
    if (look.empty) return AlertState::NoData;
    const std::int64_t lasted = rule.since ? now.micros - rule.since->micros : 0;
    switch (rule.state) {
        case AlertState::Firing:
            if (look.burns || look.silent) return AlertState::Firing;
            return cool_down_micros > 0 ? AlertState::Cooling : AlertState::Inactive;
        case AlertState::Cooling:
            if (look.burns) return AlertState::Firing;
            return lasted >= cool_down_micros ? AlertState::Inactive : AlertState::Cooling;
        case AlertState::Pending:
            if (!look.burns) return AlertState::Inactive;
            return lasted >= rule.rule.hold_micros ? AlertState::Firing : AlertState::Pending;
        case AlertState::Inactive:
        case AlertState::NoData:
            if (!look.burns) return AlertState::Inactive;
            return rule.rule.hold_micros > 0 ? AlertState::Pending : AlertState::Firing;
    }
    return AlertState::Inactive;
}

std::vector<AlertChange> AlertMachine::evaluate(const SliceSeries& series, Timestamp now) {
    std::vector<AlertChange> changes;
    for (std::size_t i = 0; i < states_.size(); ++i) {
        RuleState& rule = states_[i];
        const Look seen = look(rule, series, now);
        const AlertState to = next(rule, seen, objective_.cool_down_micros, now);
        const AlertState from = rule.state;
        const bool first = !rule.since;
        if (to == from && !first) continue;
        rule.state = to;
        rule.since = now;
        if (to == from || (first && to == AlertState::NoData)) continue;
        changes.push_back({now, i, from, to, sentence(rule), tell(rule)});
    }
    return changes;
}

void AlertMachine::restore(const std::vector<RuleState>& states) {
    for (RuleState& own : states_) {
        const auto found = std::find_if(states.begin(), states.end(),
                                        [&own](const RuleState& state) { return state.rule == own.rule; });
        if (found == states.end()) continue;
        own = *found;
        own.open = own.open || own.state == AlertState::Firing || own.state == AlertState::Cooling;
    }
}

AlertNews AlertMachine::tell(RuleState& rule) const {
    const bool was_open = rule.open;
    if (rule.state == AlertState::Firing || (rule.state == AlertState::NoData && objective_.alert_when_no_data)) {
        rule.open = true;
        if (was_open) return AlertNews::None;
        return rule.state == AlertState::Firing ? AlertNews::Fired : AlertNews::NoData;
    }
    if (rule.state != AlertState::Inactive || !was_open) return AlertNews::None;
    rule.open = false;
    return AlertNews::Resolved;
}

std::string AlertMachine::sentence(const RuleState& state) const {
    const std::string windows = "(" + span_text(state.rule.long_micros) + ": " + one_decimal(state.long_burn) + ", " +
                                span_text(state.rule.short_micros) + ": " + one_decimal(state.short_burn) + ", limit " +
                                one_decimal(state.rule.factor) + ")";
    switch (state.state) {
        case AlertState::Firing:
            return objective_.name + " burns " + one_decimal(state.long_burn) + " times as fast as it may " + windows;
        case AlertState::Pending:
            return objective_.name + " burns " + one_decimal(state.long_burn) + " times as fast as it may " + windows +
                   ", fires if it goes on for " + span_text(state.rule.hold_micros);
        case AlertState::Cooling:
            return objective_.name + " burns no more " + windows + ", over if it stays so for " +
                   span_text(objective_.cool_down_micros);
        case AlertState::NoData:
            return objective_.name + " has had nothing to count for " + span_text(state.rule.long_micros);
        case AlertState::Inactive:
            return objective_.name + " burns no more " + windows;
    }
    return objective_.name;
}

std::optional<std::int64_t> fastest_fire(const BurnRule& rule, double target) {
    const double share = rule.factor * (1 - target);  // of the long window that must be bad
    if (share > 1) return std::nullopt;
    return std::llround(share * static_cast<double>(rule.long_micros)) + rule.hold_micros;
}

}  // namespace streamgauge::slo
