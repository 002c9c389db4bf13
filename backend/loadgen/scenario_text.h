// SPDX-License-Identifier: GPL-3.0-or-later
// The scenario file: YAML, one page, the same members as Scenario (docs/load.md has all of them). A person and the
// console edit the same file: what the console changes is patched into the text, and everything else of it stays.
#pragma once

#include <string>
#include <string_view>

#include "loadgen/scenario.h"

namespace streamgauge::loadgen {

inline constexpr std::size_t kScenarioBytes = 256 * 1024;

// A valid scenario, or InvalidArgument: `field` is the member ("stages[1].rate"), `offset` the byte, and the message
// begins with line and column, counted from 1. Members that are not known, are there twice or have another type are
// faults. With its requests left out a scenario sends the product's own events.
Result<Scenario> parse_scenario(std::string_view text);

// Whether the text of a scenario has this member at its top, and does not leave it to its default.
bool says(std::string_view text, const std::string& member);

// Every member that differs from its default, in the order of docs/load.md. parse_scenario() gives an equal value.
// Precondition: validate(scenario).
std::string to_text(const Scenario& scenario);

// `text` with what it takes to make it say `scenario`: values are replaced where they stand, members that are new are
// added at the end, those that have their default again go away, and comments, order and white space of everything else
// stay. parse_scenario() of the result gives `scenario`. A text that is no scenario is replaced as a whole.
// Precondition: validate(scenario).
std::string edited(std::string_view text, const Scenario& scenario);

}  // namespace streamgauge::loadgen
