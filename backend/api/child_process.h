// SPDX-License-Identifier: GPL-3.0-or-later
// A child process with pipes on its standard output and error, made for being polled.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace streamgauge::api {

// Owns the child: destroying one that still runs kills it with SIGKILL and waits for it. Not thread-safe.
class ChildProcess {
public:
    enum class Input { None, Pipe };
    // Starts arguments[0] with the arguments, in a process group of its own, standard input from /dev/null or a pipe
    // for write_input(), and no other descriptor of this process. Unavailable when that fails. Precondition: arguments
    // is not empty.
    static Result<ChildProcess> start(const std::vector<std::string>& arguments, Input input = Input::None);

    ChildProcess() = default;
    ~ChildProcess();
    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&& other) noexcept;

    pid_t id() const { return pid_; }
    int exit_fd() const { return exit_fd_; }      // becomes readable when the child has ended
    int output_fd() const { return output_fd_; }  // non-blocking; -1 after its end was seen
    int error_fd() const { return error_fd_; }

    // Appends what is there to `to`. False at the end of the stream (the descriptor is then closed).
    bool read_output(std::string& to) { return read(output_fd_, to); }
    bool read_error(std::string& to) { return read(error_fd_, to); }

    // All of it, or Unavailable: the child has ended or does not read, and a mebibyte waits for it. Does not wait.
    Status write_input(std::string_view bytes);
    void close_output();
    void signal(int number) const;
    // Waits for the end, which it may not outlast exit_fd() being readable. Returns the status of waitpid().
    int reap();

private:
    static bool read(int& fd, std::string& to);
    void close_all();

    pid_t pid_ = -1;
    int exit_fd_ = -1, output_fd_ = -1, error_fd_ = -1, input_fd_ = -1;
};

// "exit code 3" or "signal 9 (Killed)", from a status of waitpid().
std::string describe_end(int wait_status);

}  // namespace streamgauge::api
