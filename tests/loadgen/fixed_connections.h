// SPDX-License-Identifier: GPL-3.0-or-later
// Measures as wrk2 does (https://github.com/giltene/wrk2), with nothing in common with the engine: a fixed set of
// connections, each with a plan of its own at rate / connections, a blocking thread each; a request that is late is
// sent at once, its latency counts from its planned time, and all latencies are kept.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace streamgauge::test {

struct FixedConnections {
    std::uint16_t port = 0;
    double rate = 0, seconds = 0;
    int connections = 50;

    // Nanoseconds from planned to answered of every request; empty when a connection fails. Answers must be those of
    // StallServer or FifoServer: short, in one piece.
    std::vector<std::int64_t> run() const {
        using Clock = std::chrono::steady_clock;
        std::vector<std::vector<std::int64_t>> of(static_cast<std::size_t>(connections));
        std::vector<std::thread> threads;
        const Clock::time_point start = Clock::now() + std::chrono::milliseconds(100);
        for (int i = 0; i < connections; ++i)
            threads.emplace_back([this, i, start, &latencies = of[static_cast<std::size_t>(i)]] {
                prctl(PR_SET_TIMERSLACK, 1UL);
                const int fd = connect_to(port);
                for (int k = i; k < rate * seconds && fd >= 0; k += connections) {
                    const auto planned = start + std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 * k / rate));
                    std::this_thread::sleep_until(planned);
                    if (!exchange(fd)) break;
                    latencies.push_back((Clock::now() - planned).count());
                }
                close(fd);
            });
        for (std::thread& thread : threads) thread.join();
        std::vector<std::int64_t> all;
        for (const auto& latencies : of) all.insert(all.end(), latencies.begin(), latencies.end());
        if (all.size() != static_cast<std::size_t>(rate * seconds)) all.clear();
        return all;
    }

private:
    static int connect_to(std::uint16_t port) {
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
        close(fd);
        return -1;
    }
    static bool exchange(int fd) {
        constexpr std::string_view request = "POST /events HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\n{}";
        if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
            return false;
        char answer[1024];
        return recv(fd, answer, sizeof answer, 0) > 0;
    }
};

}  // namespace streamgauge::test
