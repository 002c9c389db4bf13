// SPDX-License-Identifier: GPL-3.0-or-later
// An HTTP server of known capacity: one request after the other, each for the same time, first come, first served. When
// each is done is computed, not slept for, so that a late thread delays an answer and changes no capacity.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

namespace streamgauge::test {

class FifoServer {
public:
    // Listens on a free port of 127.0.0.1. Answers 202 with Server-Timing: guard, queue (the wait) and commit (the
    // service).
    explicit FifoServer(std::chrono::nanoseconds service);
    ~FifoServer();
    FifoServer(const FifoServer&) = delete;
    FifoServer& operator=(const FifoServer&) = delete;

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/events"; }
    double capacity() const { return 1e9 / static_cast<double>(service_.count()); }

private:
    void run();

    const std::chrono::nanoseconds service_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> closing_{false};
    std::thread thread_;
};

}  // namespace streamgauge::test
