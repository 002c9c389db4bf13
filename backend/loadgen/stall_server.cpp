// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/stall_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/punctual_thread.h"

namespace streamgauge::loadgen {
namespace {

sockaddr_in loopback() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

std::uint16_t bind_free_port(int fd) {
    sockaddr_in address = loopback();
    socklen_t size = sizeof address;
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        std::abort();
    return ntohs(address.sin_port);
}

}  // namespace

struct StallServer::Peer {
    int fd = -1;
    std::string input, output;
    std::size_t written = 0;  // of output
    bool wants_write = false, closes = false;
};

StallServer::StallServer(StallPlan stall, Behaviour behaviour) : stall_(stall), behaviour_(std::move(behaviour)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    port_ = bind_free_port(listener_);
    if (listen(listener_, 4096) != 0) std::abort();
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    for (int* fd : {&listener_, &wake_}) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = fd;
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, *fd, &event) != 0) std::abort();
    }
    thread_ = std::thread([this] { run(); });
}

StallServer::~StallServer() {
    closing_ = true;
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(wake_, &one, sizeof one);
    thread_.join();
    for (Peer* peer : peers_) {
        close(peer->fd);
        delete peer;
    }
    close(listener_);
    close(wake_);
    close(epoll_);
}

std::vector<std::int64_t> StallServer::arrivals() const {
    const std::lock_guard lock(mutex_);
    return arrivals_;
}

std::vector<std::string> StallServer::bodies() const {
    const std::lock_guard lock(mutex_);
    return bodies_;
}

void StallServer::accept_all() {
    while (true) {
        const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        auto peer = std::make_unique<Peer>();
        peer->fd = fd;
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = peer.get();
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) std::abort();
        peers_.push_back(peer.release());
    }
}

// Checked before every answer too, so that the stall begins on time in the middle of a burst: what `peer` was answered
// before it leaves first.
void StallServer::stall_if_due(Peer* peer) {
    if (stalled_ || stall_.duration.count() == 0 || first_request_ < 0) return;
    const std::int64_t begin = first_request_ + stall_.after.count();
    const std::int64_t end = begin + stall_.duration.count();
    const SystemClock clock;
    if (clock.monotonic_nanos() < begin) return;
    if (peer != nullptr) write(*peer);
    stalled_ = true;
    while (!closing_) {
        const std::int64_t left = end - clock.monotonic_nanos();
        if (left <= 0) {
            stall_end_ = clock.monotonic_nanos();
            return;
        }
        std::this_thread::sleep_for(std::chrono::nanoseconds(std::min<std::int64_t>(left, 50'000'000)));
    }
}

void StallServer::run() {
    const PunctualThread punctual;
    std::array<epoll_event, 64> events{};
    while (!closing_) {
        // Short waits only until the stall has been: it must begin on time without a request, too.
        const bool waiting_for_stall = !stalled_ && stall_.duration.count() > 0;
        const int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), waiting_for_stall ? 1 : -1);
        stall_if_due(nullptr);
        for (int i = 0; i < n; ++i) {
            void* const what = events[static_cast<std::size_t>(i)].data.ptr;
            if (what == &wake_) continue;
            if (what == &listener_) {
                accept_all();
                continue;
            }
            auto* const peer = static_cast<Peer*>(what);
            if (serve(*peer)) continue;
            peers_.erase(std::find(peers_.begin(), peers_.end(), peer));
            close(peer->fd);
            delete peer;
        }
    }
}

// False when the connection is to be closed.
bool StallServer::serve(Peer& peer) {
    std::array<char, 64 * 1024> buffer;
    if (peer.wants_write && !write(peer)) return false;
    const ssize_t n = recv(peer.fd, buffer.data(), buffer.size(), 0);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0) return false;
    peer.input.append(buffer.data(), static_cast<std::size_t>(n));
    const std::int64_t now = SystemClock().monotonic_nanos();
    if (first_request_ < 0) first_request_ = now;
    std::string_view left = peer.input;
    std::vector<std::string_view> bodies;
    while (true) {
        const std::size_t head_end = left.find("\r\n\r\n");
        if (head_end == std::string::npos) break;
        constexpr std::string_view name = "Content-Length: ";
        const std::size_t at = left.substr(0, head_end).find(name);
        std::size_t length = 0;
        if (at < head_end) std::from_chars(left.data() + at + name.size(), left.data() + head_end, length);
        const std::size_t total = head_end + 4 + length;
        if (left.size() < total) break;
        bodies.push_back(left.substr(head_end + 4, length));
        left.remove_prefix(total);
    }
    {
        const std::lock_guard lock(mutex_);
        arrivals_.insert(arrivals_.end(), bodies.size(), now);
        if (keep_bodies_) bodies_.insert(bodies_.end(), bodies.begin(), bodies.end());
    }
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        stall_if_due(&peer);
        if (!answer(peer)) return false;
    }
    peer.input.erase(0, peer.input.size() - left.size());
    return write(peer);
}

// False when the connection is to be closed at once.
bool StallServer::answer(Peer& peer) {
    const std::uint64_t number = requests_++;
    const int what = behaviour_ ? behaviour_(number) : 202;
    if (what == kSilence || peer.closes) return true;
    if (what == kReset) {
        const linger hard{1, 0};
        setsockopt(peer.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        return false;
    }
    if (what == kNonsense) {
        peer.output += "I am not a web server\r\n\r\n";
    } else if (what == kCloseAfter202) {
        peer.output += "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
        peer.closes = true;
    } else if (what == kChunked202) {
        peer.output += "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    } else if (what == 202) {
        peer.output += "HTTP/1.1 202 Whatever\r\nContent-Length: 2\r\n\r\nok";
    } else {
        peer.output += "HTTP/1.1 " + std::to_string(what) + " Whatever\r\nContent-Length: 2\r\n\r\nok";
    }
    return true;
}

// What there is to say, as far as the socket takes it. False when the connection is to be closed.
bool StallServer::write(Peer& peer) {
    while (peer.written < peer.output.size()) {
        const ssize_t sent =
            send(peer.fd, peer.output.data() + peer.written, peer.output.size() - peer.written, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
        if (sent < 0 && errno == EAGAIN) break;
        if (sent > 0) peer.written += static_cast<std::size_t>(sent);
    }
    const bool all = peer.written == peer.output.size();
    if (all) {
        peer.output.clear();
        peer.written = 0;
    }
    if (peer.wants_write == all) {
        epoll_event event{};
        event.events = all ? EPOLLIN : EPOLLIN | EPOLLOUT;
        event.data.ptr = &peer;
        if (epoll_ctl(epoll_, EPOLL_CTL_MOD, peer.fd, &event) != 0) return false;
        peer.wants_write = !all;
    }
    return !all || !peer.closes;
}

DeadPort::DeadPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), port_(bind_free_port(fd_)) {}
DeadPort::~DeadPort() {
    close(fd_);
}

}  // namespace streamgauge::loadgen
