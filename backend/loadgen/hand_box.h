// SPDX-License-Identifier: GPL-3.0-or-later
// How actions of the live hand reach a running engine from another thread.
#pragma once

#include <mutex>
#include <vector>

#include "loadgen/hand.h"

namespace streamgauge::loadgen {

// Thread-safe. The engine takes actions in order, within the time of a turn of its loop.
class HandBox {
public:
    HandBox();
    ~HandBox();
    HandBox(const HandBox&) = delete;
    HandBox& operator=(const HandBox&) = delete;

    // Unavailable when the engine has not taken the last hundred; at_nanos is set by the engine.
    Status push(const HandAction& action);

    // For the engine: readable while there is something to take.
    int fd() const { return fd_; }
    // Appends what came and makes fd() unreadable.
    void take(std::vector<HandAction>& actions);

private:
    static constexpr std::size_t kMost = 100;
    int fd_;
    std::mutex mutex_;
    std::vector<HandAction> actions_;
};

}  // namespace streamgauge::loadgen
