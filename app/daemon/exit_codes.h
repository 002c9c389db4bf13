// SPDX-License-Identifier: GPL-3.0-or-later
// What the operator's commands leave with; scripts rely on them.
#pragma once

namespace streamgauge::daemon {

inline constexpr int kExitFailed = 1;         // could not do it: the message says why
inline constexpr int kExitConfiguration = 2;  // the command line or a setting is wrong
inline constexpr int kExitInUse = 3;          // another server has the data directory

}  // namespace streamgauge::daemon
