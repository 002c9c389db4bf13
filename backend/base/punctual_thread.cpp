// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/punctual_thread.h"

#include <pthread.h>
#include <sched.h>

namespace streamgauge {

PunctualThread::PunctualThread() {
    cpu_set_t processors;
    CPU_ZERO(&processors);
    if (sched_getaffinity(0, sizeof processors, &processors) != 0 || CPU_COUNT(&processors) < 2) return;
    if (is_real_time()) return;
    int policy = SCHED_OTHER;
    sched_param parameters{};
    if (pthread_getschedparam(pthread_self(), &policy, &parameters) != 0) return;
    const Ordinary before{policy, parameters.sched_priority};
    parameters.sched_priority = sched_get_priority_min(SCHED_FIFO);
    if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters) == 0) before_ = before;
}

PunctualThread::~PunctualThread() {
    if (!before_) return;
    sched_param parameters{};
    parameters.sched_priority = before_->priority;
    // Keeps SCHED_RESET_ON_FORK, which takes a privilege to clear and means nothing to an ordinary thread.
    sched_setscheduler(0, before_->policy | SCHED_RESET_ON_FORK, &parameters);
}

bool PunctualThread::is_real_time() {
    const int policy = sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
    return policy == SCHED_FIFO || policy == SCHED_RR || policy == SCHED_DEADLINE;
}

}  // namespace streamgauge
