// SPDX-License-Identifier: GPL-3.0-or-later
// `streamgauged load --self-test`: the generator against theory on this machine, with a stall server of its own on
// loopback. What it finds out is whether figures that it makes here can be believed.
#pragma once

#include <cstdio>

namespace streamgauge::daemon {

struct SelfTestLength {
    double stall_run_seconds = 30, stall_seconds = 1;
    double arrival_run_seconds = 15;
};

// Prints measured beside theory, a line each, and a verdict. Returns how many do not agree, those included of which a
// control says that the machine was too busy to tell.
int run_load_self_test(const SelfTestLength& length, std::FILE* out);

}  // namespace streamgauge::daemon
