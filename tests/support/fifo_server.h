// SPDX-License-Identifier: GPL-3.0-or-later
// An HTTP server of known capacity: one request after the other, each for the same time or for one of its own, first
// come, first served. When each is done is computed, not slept for, so that a late thread delays an answer and changes
// no capacity.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace streamgauge::test {

class FifoServer {
public:
    // A line of its log: when the request's bytes were there and when its answer is about to be sent, monotonic
    // nanoseconds.
    struct Served {
        std::string line;  // method and path
        std::int64_t arrived = 0, answered = 0;
    };
    // How long a request takes, by its number in order of arrival.
    using Service = std::function<std::chrono::nanoseconds(std::uint64_t)>;

    // Listens on a free port of 127.0.0.1. Answers 202 with Server-Timing: guard, queue (the wait) and commit (the
    // service).
    explicit FifoServer(std::chrono::nanoseconds service);
    explicit FifoServer(Service service);
    ~FifoServer();
    FifoServer(const FifoServer&) = delete;
    FifoServer& operator=(const FifoServer&) = delete;

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/events"; }
    // Requests a second, of a server whose requests take all as long.
    double capacity() const { return 1e9 / static_cast<double>(service_(0).count()); }

    // Before the first request: none waits for another, as if the server were as many as there are requests.
    void serve_side_by_side() { side_by_side_ = true; }
    // Before the first request. Without it nothing is kept of a request.
    void keep_log() { keeps_log_ = true; }
    std::vector<Served> log() const;

private:
    void run();

    const Service service_;
    std::atomic<bool> keeps_log_{false}, side_by_side_{false};
    mutable std::mutex mutex_;
    std::vector<Served> log_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> closing_{false};
    std::thread thread_;
};

}  // namespace streamgauge::test
