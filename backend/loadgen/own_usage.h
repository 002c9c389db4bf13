// SPDX-License-Identifier: GPL-3.0-or-later
// What a run takes of its machine, how it is scheduled, and whether the machine's clock was set meanwhile.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "loadgen/run_report.h"

namespace streamgauge::loadgen {

// Made and looked at on the thread that sends.
class OwnUsage {
public:
    OwnUsage();
    // Cheap enough for every progress report.
    void look();

    Timestamp started_at() const { return started_at_; }
    double cpu_seconds() const { return cpu_seconds_; }  // of the thread, user and system, up to the last look
    // Whether the thread runs before all ordinary ones (base/punctual_thread.h), at the last look.
    bool real_time() const { return real_time_; }
    // By which the wall clock moved against the monotonic one at most, up to the last look. A step, not a slew: both
    // clocks are slewed alike.
    double clock_step_ms() const { return step_ms_; }

private:
    static double thread_cpu_seconds();
    // Wall minus monotonic, nanoseconds; read so that a pause between the two readings does not count.
    static std::int64_t offset_nanos();

    Timestamp started_at_;
    double cpu_at_start_, cpu_seconds_ = 0;
    std::int64_t offset_;
    double step_ms_ = 0;
    bool real_time_ = false;
};

// Host, processor, cores, kernel and the program's build.
Machine this_machine();

}  // namespace streamgauge::loadgen
