// SPDX-License-Identifier: GPL-3.0-or-later
// JSON text, indented for reading, with every member in its order and every number as it was written.
#pragma once

#include <string>
#include <string_view>

#include "api/types.h"

namespace streamgauge::viewmodels {

// Two spaces a level; empty objects and arrays stay on their line. Text that is not JSON comes out with its tokens in
// order, so that nothing is hidden. `level` is where the text starts.
std::string indent_json(std::string_view json, int level = 0);

// The whole event as one indented JSON object.
std::string pretty_event(const api::TailEvent& event);

}  // namespace streamgauge::viewmodels
