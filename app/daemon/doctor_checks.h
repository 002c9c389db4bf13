// SPDX-License-Identifier: GPL-3.0-or-later
// What `streamgauged doctor` looks at. Everything here only reads: no file is made, no port is bound, no lock is taken.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "server/config.h"

namespace streamgauge::daemon {

enum class Grade {
    Good,
    Advice,   // the server starts, but not as well as it could
    Problem,  // the server cannot serve like this
};

struct Finding {
    std::string check;  // "port", "disk", ...: stable, for programs
    Grade grade = Grade::Good;
    std::string what;    // what was found
    std::string advice;  // what to do about it; empty when good
};

// All findings, in the order of the documentation. `loaded`: the configuration, or why it cannot be used (then only
// what does not depend on it is looked at). `directory`: where a checkout's tools are looked for, upwards from there.
std::vector<Finding> examine(const Result<LoadedConfig>& loaded, const std::string& directory);

// "good", "advice", "problem".
std::string_view to_string(Grade grade);

}  // namespace streamgauge::daemon
