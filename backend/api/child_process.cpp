// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace streamgauge::api {
namespace {

constexpr int kInputBytes = 1024 * 1024;

void close_fd(int& fd) {
    if (fd >= 0) close(fd);
    fd = -1;
}

struct Pipe {
    int read_end = -1, write_end = -1;
    Pipe() = default;
    ~Pipe() {
        close_fd(read_end);
        close_fd(write_end);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    bool open() {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
        read_end = ends[0];
        write_end = ends[1];
        return fcntl(read_end, F_SETFL, O_NONBLOCK) == 0;  // the child's end stays blocking
    }
};

class SpawnSettings {
public:
    SpawnSettings() {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
    }
    ~SpawnSettings() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;

    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
};

}  // namespace

Result<ChildProcess> ChildProcess::start(const std::vector<std::string>& arguments, Input input) {
    const auto refused = [&](int error) {
        return Error::make(ErrorCode::Unavailable, "cannot start " + arguments.front() + ": " + std::strerror(error));
    };
    Pipe output, error, in;
    if (!output.open() || !error.open()) return refused(errno);
    if (input == Input::Pipe) {
        if (!in.open()) return refused(errno);
        fcntl(in.read_end, F_SETFL, 0);  // the child waits for it, this process does not
        fcntl(in.write_end, F_SETFL, O_NONBLOCK);
        fcntl(in.write_end, F_SETPIPE_SZ, kInputBytes);
    }

    SpawnSettings settings;
    if (input == Input::Pipe) {
        posix_spawn_file_actions_adddup2(&settings.actions, in.read_end, STDIN_FILENO);
    } else {
        posix_spawn_file_actions_addopen(&settings.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    }
    posix_spawn_file_actions_adddup2(&settings.actions, output.write_end, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&settings.actions, error.write_end, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&settings.actions, STDERR_FILENO + 1);
    sigset_t signals;
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&settings.attributes, &signals);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&settings.attributes, &signals);
    posix_spawnattr_setpgroup(&settings.attributes, 0);  // Ctrl-C in this process's terminal is not meant for it
    posix_spawnattr_setflags(&settings.attributes,
                             POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);

    std::vector<char*> argv;
    std::vector<std::string> words = arguments;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ChildProcess child;
    const int failure =
        posix_spawn(&child.pid_, words.front().c_str(), &settings.actions, &settings.attributes, argv.data(), environ);
    if (failure != 0) {
        child.pid_ = -1;
        return refused(failure);
    }
    // By number: the header of glibc 2.36 does not declare the function for C++.
    child.exit_fd_ = static_cast<int>(syscall(SYS_pidfd_open, child.pid_, 0));
    if (child.exit_fd_ < 0) return refused(errno);
    child.output_fd_ = std::exchange(output.read_end, -1);
    child.error_fd_ = std::exchange(error.read_end, -1);
    child.input_fd_ = std::exchange(in.write_end, -1);
    return child;
}

ChildProcess::~ChildProcess() {
    close_all();
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      exit_fd_(std::exchange(other.exit_fd_, -1)),
      output_fd_(std::exchange(other.output_fd_, -1)),
      error_fd_(std::exchange(other.error_fd_, -1)),
      input_fd_(std::exchange(other.input_fd_, -1)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(exit_fd_, other.exit_fd_);
    std::swap(output_fd_, other.output_fd_);
    std::swap(error_fd_, other.error_fd_);
    std::swap(input_fd_, other.input_fd_);
    return *this;
}

void ChildProcess::close_all() {
    if (pid_ > 0) {
        signal(SIGKILL);
        reap();
    }
    close_fd(exit_fd_);
    close_fd(output_fd_);
    close_fd(error_fd_);
    close_fd(input_fd_);
}

bool ChildProcess::read(int& fd, std::string& to) {
    std::array<char, 64 * 1024> buffer;
    while (fd >= 0) {
        const ssize_t n = ::read(fd, buffer.data(), buffer.size());
        if (n > 0) {
            to.append(buffer.data(), static_cast<std::size_t>(n));
        } else if (n < 0 && errno == EAGAIN) {
            return true;
        } else if (n == 0 || errno != EINTR) {
            close_fd(fd);
        }
    }
    return false;
}

// Writes to a pipe whose reader is gone raise SIGPIPE, which this process ignores where it has sockets; here it is held
// back in any case.
Status ChildProcess::write_input(std::string_view bytes) {
    sigset_t pipe_signal, before;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    int failure = input_fd_ < 0 ? EPIPE : 0;
    while (failure == 0 && !bytes.empty()) {
        const ssize_t n = ::write(input_fd_, bytes.data(), bytes.size());
        if (n >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno != EINTR) {
            failure = errno;
        }
    }
    if (failure == EPIPE) {
        const timespec now{};
        sigtimedwait(&pipe_signal, nullptr, &now);
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (failure == 0) return {};
    return Error::make(ErrorCode::Unavailable,
                       std::string("the child process cannot be told: ") + std::strerror(failure));
}

void ChildProcess::close_output() {
    close_fd(output_fd_);
}

void ChildProcess::signal(int number) const {
    if (pid_ > 0) kill(pid_, number);
}

int ChildProcess::reap() {
    int status = 0;
    while (pid_ > 0 && waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
}

std::string describe_end(int wait_status) {
    if (WIFSIGNALED(wait_status))
        return "signal " + std::to_string(WTERMSIG(wait_status)) + " (" + strsignal(WTERMSIG(wait_status)) + ")";
    return "exit code " + std::to_string(WEXITSTATUS(wait_status));
}

}  // namespace streamgauge::api
