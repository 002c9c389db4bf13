// SPDX-License-Identifier: GPL-3.0-or-later
// The real streamgauged as a child process of a test: start it, read what it says, signal it, wait for its end.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "http/engine.h"

namespace streamgauge::test {

// What a process left behind.
struct Finished {
    int exit_code = -1;  // negative: the signal that ended it
    std::string output, errors;
};

// Killed, and waited for, when it goes away.
class RealDaemon {
public:
    // Starts `streamgauged <arguments>` with `variables` ("NAME=value") added to the environment.
    explicit RealDaemon(const std::vector<std::string>& arguments, const std::vector<std::string>& variables = {});
    ~RealDaemon();
    RealDaemon(const RealDaemon&) = delete;
    RealDaemon& operator=(const RealDaemon&) = delete;

    // Waits for a line of standard output that starts with `prefix`; what follows it, or nothing when the process ended
    // or the deadline has passed.
    std::optional<std::string> line_after(const std::string& prefix,
                                          std::chrono::seconds deadline = std::chrono::seconds(60));
    // The first public listener it tells of.
    std::optional<http::Endpoint> endpoint();
    void signal(int number) const;
    // Waits for the end; exit_code INT_MIN when the deadline has passed.
    Finished wait(std::chrono::seconds deadline = std::chrono::seconds(60));
    std::string errors() const;
    pid_t pid() const { return pid_; }

private:
    bool read_some(std::chrono::steady_clock::time_point until);

    pid_t pid_ = -1;
    int output_descriptor_ = -1;
    std::string output_;
    std::string errors_file_;
};

// Runs it to its end.
Finished run_daemon(const std::vector<std::string>& arguments, const std::vector<std::string>& variables = {});

}  // namespace streamgauge::test
