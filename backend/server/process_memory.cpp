// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/process_memory.h"

#include <unistd.h>

#include <fstream>

namespace streamgauge {

std::uint64_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t total = 0, resident = 0;
    if (!(statm >> total >> resident)) return 0;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace streamgauge
