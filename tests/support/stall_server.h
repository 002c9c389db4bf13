// SPDX-License-Identifier: GPL-3.0-or-later
// The generator's own stall server under the tests' names.
#pragma once

#include "loadgen/stall_server.h"

namespace streamgauge::test {

using loadgen::DeadPort;
using loadgen::StallPlan;
using loadgen::StallServer;

}  // namespace streamgauge::test
