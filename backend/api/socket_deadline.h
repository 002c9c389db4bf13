// SPDX-License-Identifier: GPL-3.0-or-later
// Ends what blocks on a socket when a deadline passes, by shutting the socket down from a thread of its own: for
// libraries that wait without a limit, as libpqxx does for an answer.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace streamgauge::api {

// arm() and disarm() by turns, from one thread.
class SocketDeadline {
public:
    SocketDeadline() : thread_([this] { watch(); }) {}
    ~SocketDeadline();
    SocketDeadline(const SocketDeadline&) = delete;
    SocketDeadline& operator=(const SocketDeadline&) = delete;

    // The socket may be closed meanwhile: it is watched by a descriptor of our own.
    void arm(int socket, std::chrono::milliseconds within);
    // Whether the deadline passed.
    bool disarm();

private:
    void watch();

    std::mutex mutex_;
    std::condition_variable changed_;
    int socket_ = -1;                                             // our duplicate
    std::optional<std::chrono::steady_clock::time_point> until_;  // set while armed
    bool passed_ = false, over_ = false;
    std::thread thread_;  // last: it uses the others
};

}  // namespace streamgauge::api
