// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/socket_deadline.h"

#include <sys/socket.h>
#include <unistd.h>

namespace streamgauge::api {

SocketDeadline::~SocketDeadline() {
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
    }
    changed_.notify_one();
    thread_.join();
    if (socket_ >= 0) close(socket_);
}

void SocketDeadline::arm(int socket, std::chrono::milliseconds within) {
    {
        const std::lock_guard lock(mutex_);
        socket_ = dup(socket);
        until_ = std::chrono::steady_clock::now() + within;
        passed_ = false;
    }
    changed_.notify_one();
}

bool SocketDeadline::disarm() {
    const std::lock_guard lock(mutex_);
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
    until_.reset();
    return passed_;
}

void SocketDeadline::watch() {
    std::unique_lock lock(mutex_);
    while (!over_) {
        if (!until_) {
            changed_.wait(lock);
            continue;
        }
        const auto until = *until_;
        changed_.wait_until(lock, until);
        if (!until_ || std::chrono::steady_clock::now() < *until_) continue;
        shutdown(socket_, SHUT_RDWR);
        passed_ = true;
        until_.reset();
    }
}

}  // namespace streamgauge::api
