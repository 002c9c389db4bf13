// SPDX-License-Identifier: GPL-3.0-or-later
// SIGTERM and SIGINT as a Qt signal, so that a console that is told to go leaves in order.
#pragma once

#include <QObject>
#include <QSocketNotifier>

namespace streamgauge::console {

// One in a process, made on the GUI thread before any other thread: all inherit the blocked signals.
class StopSignals : public QObject {
    Q_OBJECT
public:
    StopSignals();
    ~StopSignals() override;
    // Once the application is made: from here on asked() is emitted.
    void watch();

Q_SIGNALS:
    void asked();

private:
    int descriptor_ = -1;
};

}  // namespace streamgauge::console
