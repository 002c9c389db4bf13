// SPDX-License-Identifier: GPL-3.0-or-later
// What a person may do to a run while it runs. Each action is written into the run's record with its time, and a plan
// with the same actions is the same plan: so a run can be repeated exactly.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace streamgauge::loadgen {

struct HandAction {
    enum class Kind : std::uint8_t {
        Rate,    // from now on `rate` in place of the stages' rate; 0: the stages' again
        Spike,   // `rate`, or `speed` of a replay, for `seconds`, then as before
        Pause,   // nothing more is due
        Resume,  // the plan goes on where it was
        Stop,
        Speed,  // of a replay: from now on so many times as fast as it was recorded; 0: as the scenario says again
    };
    Kind kind = Kind::Stop;
    std::int64_t at_nanos = 0;  // from the start of the run; set by the engine when it takes effect
    double rate = 0, seconds = 0;
    double speed = 0;
    bool operator==(const HandAction&) const = default;
};

// Why a run, that replays or does not, cannot be given the action: a replay has speeds and no rates, everything else
// rates and no speeds. InvalidArgument, field `action`.
Status check_hand_action(const HandAction& action, bool replays);

// One JSON object on a line: {"action":"rate","rate":2000}, {"action":"spike","rate":5000,"seconds":5},
// {"action":"speed","speed":2}, {"action":"pause"}, ...; in a record with "at_seconds". InvalidArgument naming the
// member.
Result<HandAction> parse_hand_action(std::string_view json);
std::string to_json(const HandAction& action);

}  // namespace streamgauge::loadgen
