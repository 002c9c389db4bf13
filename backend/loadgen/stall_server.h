// SPDX-License-Identifier: GPL-3.0-or-later
// A small HTTP server on a thread of its own whose misbehaviour is programmed: it stalls, answers with other statuses,
// resets, keeps silent or talks nonsense. It notes when each request came. For --self-test and for tests: a machine
// that gives it no socket on loopback ends the program.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace streamgauge::loadgen {

struct StallPlan {
    std::chrono::nanoseconds after{};     // from the first request
    std::chrono::nanoseconds duration{};  // zero: no stall
};

class StallServer {
public:
    // What a request gets, by its number in order of arrival. A value from 100 to 599 is a status.
    static constexpr int kReset = -1, kSilence = -2, kNonsense = -3, kCloseAfter202 = -4, kChunked202 = -5;
    using Behaviour = std::function<int(std::uint64_t)>;

    // Listens on a free port of 127.0.0.1. Without a behaviour every request gets 202. While it stalls, the whole
    // server does nothing at all, as a stopped process would.
    explicit StallServer(StallPlan stall = {}, Behaviour behaviour = nullptr);
    ~StallServer();
    StallServer(const StallServer&) = delete;
    StallServer& operator=(const StallServer&) = delete;

    std::uint16_t port() const { return port_; }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/events"; }
    std::uint64_t requests() const { return requests_; }
    // Thread-safe copies. Arrivals are monotonic nanoseconds at which the bytes were read.
    std::vector<std::int64_t> arrivals() const;
    std::vector<std::string> bodies() const;
    // When the stall was over, as arrivals(); 0 before.
    std::int64_t stall_end() const { return stall_end_; }
    void keep_bodies() { keep_bodies_ = true; }

private:
    struct Peer;

    void run();
    void accept_all();
    bool serve(Peer& peer);
    bool answer(Peer& peer);
    bool write(Peer& peer);
    void stall_if_due(Peer* peer);

    const StallPlan stall_;
    const Behaviour behaviour_;
    int listener_ = -1, epoll_ = -1, wake_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> keep_bodies_{false}, closing_{false};
    std::atomic<std::uint64_t> requests_{0};
    std::atomic<std::int64_t> stall_end_{0};
    std::int64_t first_request_ = -1;
    bool stalled_ = false;
    mutable std::mutex mutex_;
    std::vector<std::int64_t> arrivals_;
    std::vector<std::string> bodies_;
    std::vector<Peer*> peers_;
    std::thread thread_;
};

// A port of 127.0.0.1 on which nobody listens: bound, never listening, for as long as the object lives.
class DeadPort {
public:
    DeadPort();
    ~DeadPort();
    DeadPort(const DeadPort&) = delete;
    DeadPort& operator=(const DeadPort&) = delete;
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/events"; }

private:
    int fd_ = -1;
    std::uint16_t port_ = 0;
};

}  // namespace streamgauge::loadgen
