// SPDX-License-Identifier: GPL-3.0-or-later
// What this process takes from the machine.
#pragma once

#include <cstdint>
#include <string>

#include "api/types.h"

namespace streamgauge::api {

// Not thread-safe.
class ProcessStatus {
public:
    // `monotonic_nanos` is now; uptime counts from here.
    ProcessStatus(std::string data_dir, std::int64_t monotonic_nanos);

    // Takes the processor time since the last call. Cheap: once a second.
    void start_second(std::int64_t monotonic_nanos);
    // Processor over the last whole second; memory and disk as they are. What cannot be found out is 0.
    ServerStatus read(std::int64_t monotonic_nanos) const;

private:
    const std::string data_dir_;
    const std::int64_t started_;
    std::int64_t second_started_, second_cpu_;
    double cpu_percent_ = 0;
};

}  // namespace streamgauge::api
