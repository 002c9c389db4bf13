// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/stop_signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace streamgauge::console {

StopSignals::StopSignals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    // A peer that goes away while we write to it is no reason to end.
    signal(SIGPIPE, SIG_IGN);
    descriptor_ = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

void StopSignals::watch() {
    if (descriptor_ < 0) return;
    auto* notifier = new QSocketNotifier(descriptor_, QSocketNotifier::Read, this);
    connect(notifier, &QSocketNotifier::activated, this, [this] {
        signalfd_siginfo which{};
        if (read(descriptor_, &which, sizeof which) == sizeof which) Q_EMIT asked();
    });
}

StopSignals::~StopSignals() {
    if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace streamgauge::console
