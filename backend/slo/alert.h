// SPDX-License-Identifier: GPL-3.0-or-later
// The state of one objective's alerts, by its slices and the time alone: the same series and ticks give the same
// states, live, in a back-test and in a load run.
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

struct RuleState {
    BurnRule rule;
    AlertState state = AlertState::Inactive;
    std::optional<double> long_burn, short_burn;
    std::optional<Timestamp> since;  // of the state
};

struct AlertChange {
    Timestamp at;
    std::size_t rule = 0;
    AlertState from = AlertState::Inactive, to = AlertState::Inactive;
    std::string sentence;  // "events-latency burns 17.2 times as fast as it may (1 h 17.2, 5 min 31.0, limit 14.4)"
};

// Not thread-safe.
class AlertMachine {
public:
    explicit AlertMachine(const Objective& objective);
    // Looks at the series at `now` (never before the last one) and returns what changed.
    std::vector<AlertChange> evaluate(const SliceSeries& series, Timestamp now);
    const std::vector<RuleState>& states() const { return states_; }
    // After a restart: the state goes on where it was.
    void restore(const std::vector<RuleState>& states);

private:
    Objective objective_;
    std::vector<RuleState> states_;
};

}  // namespace streamgauge::slo
