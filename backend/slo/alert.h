// SPDX-License-Identifier: GPL-3.0-or-later
// The state of one objective's alerts, by its slices and the time alone: the same series and ticks give the same
// states, live, in a back-test and in a load run.
//
// A rule burns where the burn rate of its long and of its short window is at least its factor, and the long window
// holds at least Objective::least_bad bad events:
//
//   Inactive -burns-> Pending -hold_micros-> Firing -burns no more-> Cooling -cool_down_micros-> Inactive
//
// Pending and Cooling are passed over where their times are 0. A Cooling rule that burns again is Firing, without
// having ended. A Firing rule whose short window is empty goes on while the long one burns: silence is no recovery. A
// rule whose long window is empty has NoData, whatever it was before.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "slo/burn_rate.h"

namespace streamgauge::slo {

enum class AlertState : std::uint8_t {
    Inactive,
    Pending,  // burns, but not for hold_micros yet
    Firing,
    Cooling,  // burns no more, but cool_down_micros are not over
    NoData,   // nothing to count in the long window
};
std::string_view to_string(AlertState state);
std::optional<AlertState> alert_state_from(std::string_view word);
std::string_view to_string(Severity severity);  // "page", "ticket"

// What somebody is told of a change.
enum class AlertNews : std::uint8_t {
    None,      // pending, cooling, and burning again before it was over
    Fired,     // burns
    NoData,    // data have stopped: only where Objective::alert_when_no_data
    Resolved,  // what was told before is over
};
std::string_view to_string(AlertNews news);  // "none", "fired", "no_data", "resolved"

struct RuleState {
    BurnRule rule;
    AlertState state = AlertState::Inactive;
    std::optional<double> long_burn, short_burn;
    std::optional<Timestamp> since;  // of the state; none before the first look
    bool open = false;               // Fired or NoData was told, and not Resolved
};

struct AlertChange {
    Timestamp at;
    std::size_t rule = 0;
    AlertState from = AlertState::Inactive, to = AlertState::Inactive;
    std::string sentence;  // "events-latency burns 17.2 times as fast as it may (1h: 17.2, 5m: 31.0, limit 14.4)"
    AlertNews news = AlertNews::None;
    bool operator==(const AlertChange&) const = default;
};

// Not thread-safe.
class AlertMachine {
public:
    explicit AlertMachine(const Objective& objective);
    // Looks at the series at `now` (never before the last one) and returns what changed. Both windows end at `now`. The
    // first look at a series without data is no change.
    std::vector<AlertChange> evaluate(const SliceSeries& series, Timestamp now);
    const std::vector<RuleState>& states() const { return states_; }
    // After a restart: the state goes on where it was. Rules that are the same take theirs up, others begin anew.
    void restore(const std::vector<RuleState>& states);

private:
    struct Look {
        bool empty = false;   // nothing in the long window
        bool burns = false;   // both windows
        bool silent = false;  // nothing in the short window, and the long one burns
    };
    Look look(RuleState& rule, const SliceSeries& series, Timestamp now) const;
    AlertNews tell(RuleState& rule) const;
    static AlertState next(const RuleState& rule, const Look& look, std::int64_t cool_down_micros, Timestamp now);
    std::string sentence(const RuleState& rule) const;

    Objective objective_;
    std::vector<RuleState> states_;
};

// How long after everything went wrong, in a series that was long and evenly good, the rule fires: factor *
// (1 - target) * long + hold, in microseconds. None where it never does, because not even everything bad burns so fast.
std::optional<std::int64_t> fastest_fire(const BurnRule& rule, double target);

}  // namespace streamgauge::slo
