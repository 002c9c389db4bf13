// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace streamgauge {

// Bytes of this process that are in memory (Linux: /proc/self/statm); 0 when it cannot be told.
std::uint64_t resident_bytes();

}  // namespace streamgauge
