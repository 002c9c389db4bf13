// SPDX-License-Identifier: GPL-3.0-or-later
// A `streamgauged serve` of our own, as a child process, for commands that try a server out.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/engine.h"

namespace streamgauge::daemon {

// Owns the child: it is killed, and waited for, when this goes away; the kernel kills it too when we die.
class ServerProcess {
public:
    // Starts this same program as `serve` with `arguments` and waits until it says where it listens. Its log goes to
    // the file `log_path` (appended). Unavailable with the log's end when it leaves, DeadlineExceeded when it is
    // silent.
    static Result<ServerProcess> start(const std::vector<std::string>& arguments, const std::string& log_path,
                                       std::chrono::milliseconds deadline = std::chrono::seconds(15));
    ServerProcess(ServerProcess&& other) noexcept;
    ServerProcess& operator=(ServerProcess&& other) noexcept;
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;
    ~ServerProcess();

    const http::Endpoint& endpoint() const { return endpoint_; }
    pid_t pid() const { return pid_; }
    // kill -9, and waits.
    void kill_hard();
    // SIGTERM, and waits. The exit code, or DeadlineExceeded (it is killed then).
    Result<int> terminate(std::chrono::milliseconds deadline);

private:
    ServerProcess(pid_t pid, int output) : pid_(pid), output_(output) {}
    Status wait_for_address(std::chrono::milliseconds deadline);

    pid_t pid_ = -1;
    int output_ = -1;  // its standard output
    http::Endpoint endpoint_;
};

}  // namespace streamgauge::daemon
