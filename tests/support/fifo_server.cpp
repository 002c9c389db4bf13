// SPDX-License-Identifier: GPL-3.0-or-later
#include "support/fifo_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/punctual_thread.h"

namespace streamgauge::test {
namespace {

struct Waiting {
    int fd = -1;
    std::int64_t arrived = 0, starts = 0, ends = 0;
    std::string line;
};

// Method and path of the whole requests that `input` begins with; they are taken off.
std::vector<std::string> take_requests(std::string& input) {
    std::vector<std::string> requests;
    while (true) {
        const std::size_t head_end = input.find("\r\n\r\n");
        if (head_end == std::string::npos) return requests;
        constexpr std::string_view name = "Content-Length: ";
        const std::size_t at = input.find(name);
        std::size_t length = 0;
        if (at < head_end) std::from_chars(input.data() + at + name.size(), input.data() + head_end, length);
        const std::size_t total = head_end + 4 + length;
        if (input.size() < total) return requests;
        requests.push_back(input.substr(0, input.find(" HTTP/")));
        input.erase(0, total);
    }
}

bool answer(const Waiting& one) {
    std::array<char, 200> text{};
    const int n = std::snprintf(text.data(), text.size(),
                                "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nServer-Timing: guard;dur=0.010, "
                                "queue;dur=%.3f, commit;dur=%.3f\r\n\r\nok",
                                static_cast<double>(one.starts - one.arrived) / 1e6,
                                static_cast<double>(one.ends - one.starts) / 1e6);
    return send(one.fd, text.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL) == n;
}

}  // namespace

FifoServer::FifoServer(std::chrono::nanoseconds service)
    : FifoServer(Service([service](std::uint64_t) { return service; })) {}

FifoServer::FifoServer(Service service) : service_(std::move(service)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 || listen(listener_, 4096) != 0)
        std::abort();
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
}

FifoServer::~FifoServer() {
    closing_ = true;
    thread_.join();
    close(listener_);
}

std::vector<FifoServer::Served> FifoServer::log() const {
    const std::lock_guard lock(mutex_);
    return log_;
}

void FifoServer::run() {
    const PunctualThread punctual;
    const SystemClock clock;
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    const auto watch = [&](int fd) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) std::abort();
    };
    watch(listener_);
    watch(timer);
    std::map<int, std::string> inputs;
    std::deque<Waiting> queue;
    std::int64_t busy_until = 0;
    std::uint64_t number = 0;
    const auto shut = [&](int fd) {
        std::erase_if(queue, [fd](const Waiting& one) { return one.fd == fd; });
        inputs.erase(fd);
        close(fd);
    };
    std::array<epoll_event, 64> events{};
    while (!closing_) {
        const int n = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 50);
        const std::int64_t now = clock.monotonic_nanos();
        for (int i = 0; i < n; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            if (fd == timer) {
                std::uint64_t count = 0;
                [[maybe_unused]] const ssize_t got = read(timer, &count, sizeof count);
                continue;
            }
            if (fd == listener_) {
                for (int peer; (peer = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
                    const int on = 1;
                    setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                    inputs[peer];
                    watch(peer);
                }
                continue;
            }
            std::array<char, 16 * 1024> buffer{};
            const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
            if (got <= 0) {
                shut(fd);
                continue;
            }
            std::string& input = inputs[fd];
            input.append(buffer.data(), static_cast<std::size_t>(got));
            for (std::string& line : take_requests(input)) {
                const std::int64_t starts = side_by_side_ ? now : std::max(now, busy_until);
                busy_until = starts + service_(number++).count();
                queue.push_back({fd, now, starts, busy_until, std::move(line)});
            }
        }
        while (!queue.empty() && queue.front().ends <= clock.monotonic_nanos()) {
            const Waiting one = queue.front();
            queue.pop_front();
            if (keeps_log_) {
                const std::lock_guard lock(mutex_);
                log_.push_back({one.line, one.arrived, clock.monotonic_nanos()});
            }
            if (!answer(one)) shut(one.fd);
        }
        itimerspec next{};
        if (!queue.empty()) {
            next.it_value.tv_sec = queue.front().ends / 1'000'000'000;
            next.it_value.tv_nsec = queue.front().ends % 1'000'000'000;
        }
        timerfd_settime(timer, TFD_TIMER_ABSTIME, &next, nullptr);
    }
    for (const auto& [fd, input] : inputs) close(fd);
    close(timer);
    close(epoll);
}

}  // namespace streamgauge::test
