// SPDX-License-Identifier: GPL-3.0-or-later
// What the load commands read from files.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "loadgen/scenario.h"

namespace streamgauge::daemon {

// At most `most` bytes and one more, so that it shows where there are more. InvalidArgument (field `field`): it cannot
// be read, or is empty.
Result<std::string> read_file(const std::string& path, std::size_t most, const char* field);

// The objectives of each source ("default", or a file of OpenSLO documents), behind those that the scenario has.
// Returns those that a run of it cannot see, each a sentence with the name.
Result<std::vector<std::string>> add_objectives(const std::vector<std::string>& sources, loadgen::Scenario& scenario);

}  // namespace streamgauge::daemon
