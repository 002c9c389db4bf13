// SPDX-License-Identifier: GPL-3.0-or-later
// What this process has taken from the machine, for tests and benchmarks that say so.
#pragma once

#include <sys/resource.h>

#include <cstddef>
#include <fstream>
#include <string>

namespace streamgauge::test {

// Of all threads, user and kernel.
inline double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// A field of /proc/self/status, in bytes: VmRSS, VmHWM. 0 where there is none.
inline std::size_t process_memory(const std::string& field) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(field + ':')) return std::stoul(line.substr(field.size() + 1)) * 1024;
    return 0;
}
inline double process_memory_mb(const std::string& field) {
    return static_cast<double>(process_memory(field)) / 1e6;
}

}  // namespace streamgauge::test
