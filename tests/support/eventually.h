// SPDX-License-Identifier: GPL-3.0-or-later
// Waiting for a condition, with a deadline. Tests that need Qt's event loop meanwhile have client/eventually.h.
#pragma once

#include <chrono>
#include <thread>

namespace streamgauge::test {

// Asks every millisecond until it is so; false after the deadline, which is far beyond what any step takes, also on a
// loaded machine.
template <class Condition>
bool eventually(const Condition& so, std::chrono::milliseconds deadline = std::chrono::seconds(60)) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!so()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

}  // namespace streamgauge::test
