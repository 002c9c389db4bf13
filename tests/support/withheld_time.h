// SPDX-License-Identifier: GPL-3.0-or-later
// How long the machine kept a thread waiting that only asked to be woken each millisecond: what of a measured time is
// the machine's doing and not that of the program under test.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

namespace streamgauge::test {

class WithheldTime {
public:
    WithheldTime() : thread_([this] { run(); }) {}
    ~WithheldTime() { finish(); }
    WithheldTime(const WithheldTime&) = delete;
    WithheldTime& operator=(const WithheldTime&) = delete;

    // Ends the measurement. The sum of all times over a millisecond by which it was woken too late, in milliseconds.
    double finish() {
        over_ = true;
        if (thread_.joinable()) thread_.join();
        return std::chrono::duration<double, std::milli>(withheld_).count();
    }

private:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::milliseconds kPause{1};

    void run() {
        while (!over_) {
            const auto due = Clock::now() + kPause;
            std::this_thread::sleep_until(due);
            const auto late = Clock::now() - due;
            if (late > kPause) withheld_ += late;
        }
    }

    Clock::duration withheld_{};
    std::atomic<bool> over_{false};
    std::thread thread_;  // last: it uses the others
};

}  // namespace streamgauge::test
