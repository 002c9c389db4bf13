// SPDX-License-Identifier: GPL-3.0-or-later
// Scenario files, feeders and actions of a hand: any text is a scenario or a fault; a scenario is the same after it was
// written and read again, and an edit of its text gives what it was made for.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "loadgen/csv_feeder.h"
#include "loadgen/hand.h"
#include "loadgen/scenario_text.h"

using namespace streamgauge::loadgen;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto rows = CsvRows::parse(text);
    if (rows.ok() && rows->value(rows->rows() - 1, 0).size() > size) std::abort();
    const auto action = parse_hand_action(text);
    if (action.ok()) {
        const auto again = parse_hand_action(to_json(*action));
        if (!again.ok() || !(*again == *action)) std::abort();
    }
    const auto scenario = parse_scenario(text);
    if (!scenario.ok()) return 0;
    const auto again = parse_scenario(to_text(*scenario));
    if (!again.ok() || !(*again == *scenario)) std::abort();
    Scenario changed = *scenario;
    if (changed.replays()) {
        changed.replay.speed = changed.replay.speed == 7 ? 8.125 : 7;
    } else {
        changed.stages.front().seconds = changed.stages.front().seconds == 7 ? 8 : 7;
    }
    changed.name = "another";
    if (!validate(changed).ok()) return 0;
    const auto read = parse_scenario(edited(text, changed));
    if (!read.ok() || !(*read == changed)) std::abort();
    return 0;
}
