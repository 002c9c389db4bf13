// SPDX-License-Identifier: GPL-3.0-or-later
// Lets a thread that has to keep times run before all ordinary ones as soon as it is ready, where the system allows it.
#pragma once

#include <optional>

namespace streamgauge {

// Makes the calling thread a real-time one (SCHED_FIFO, sched(7)) for as long as the object lives, and gives it back
// what it was. Nothing happens where that is not permitted (it takes CAP_SYS_NICE or RLIMIT_RTPRIO), where the thread
// has a real-time policy already, and with less than two processors: it must never take the only one from what it
// waits for. Threads and processes that it starts are ordinary ones. Made and destroyed on the same thread.
class PunctualThread {
public:
    PunctualThread();
    ~PunctualThread();
    PunctualThread(const PunctualThread&) = delete;
    PunctualThread& operator=(const PunctualThread&) = delete;

    // Whether the calling thread has a real-time policy, whoever gave it.
    static bool is_real_time();

private:
    struct Ordinary {
        int policy = 0, priority = 0;
    };
    std::optional<Ordinary> before_;  // what to give back
};

}  // namespace streamgauge
