// SPDX-License-Identifier: GPL-3.0-or-later
// Waits for something to become true while the event loop runs: the only way tests of the console wait.
#pragma once

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QEventLoop>

#include <chrono>

namespace streamgauge::tests {

template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds within = std::chrono::seconds(60)) {
    const QDeadlineTimer deadline(within);
    while (!condition()) {
        if (deadline.hasExpired()) return false;
        QCoreApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents, 5);
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    }
    return true;
}

// Everything that is queued now, and what follows from it at once, has been delivered.
inline void settle_events() {
    for (int round = 0; round < 5; ++round) QCoreApplication::processEvents(QEventLoop::AllEvents);
}

}  // namespace streamgauge::tests
