// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/server_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include "daemon/http_client.h"

namespace streamgauge::daemon {

namespace {

using SteadyClock = std::chrono::steady_clock;

std::string last_lines(const std::string& path) {
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    const std::string all = text.str();
    constexpr std::size_t kMost = 2000;
    return all.size() <= kMost ? all : all.substr(all.size() - kMost);
}

}  // namespace

Result<ServerProcess> ServerProcess::start(const std::vector<std::string>& arguments, const std::string& log_path,
                                           std::chrono::milliseconds deadline) {
    std::vector<std::string> words{"streamgauged", "serve"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);

    const int log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0) return Error::make(ErrorCode::Io, "cannot write " + log_path + ": " + std::strerror(errno));
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        ::close(log);
        return Error::make(ErrorCode::Io, std::string("no pipe: ") + std::strerror(errno));
    }
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(127);  // the parent died before the line above
        ::dup2(ends[1], STDOUT_FILENO);
        ::dup2(log, STDERR_FILENO);
        ::execv("/proc/self/exe", argv.data());
        ::_exit(127);
    }
    ::close(log);
    ::close(ends[1]);
    if (pid < 0) {
        ::close(ends[0]);
        return Error::make(ErrorCode::Unavailable, std::string("cannot start a process: ") + std::strerror(errno));
    }
    ServerProcess server(pid, ends[0]);
    if (Status listening = server.wait_for_address(deadline); !listening.ok()) {
        Error error = listening.error();
        server.kill_hard();
        error.message += "\n" + last_lines(log_path);
        return error;
    }
    return server;
}

ServerProcess::ServerProcess(ServerProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::exchange(other.output_, -1)),
      endpoint_(std::move(other.endpoint_)) {}

ServerProcess& ServerProcess::operator=(ServerProcess&& other) noexcept {
    if (this != &other) {
        kill_hard();
        if (output_ >= 0) ::close(output_);
        pid_ = std::exchange(other.pid_, -1);
        output_ = std::exchange(other.output_, -1);
        endpoint_ = std::move(other.endpoint_);
    }
    return *this;
}

ServerProcess::~ServerProcess() {
    kill_hard();
    if (output_ >= 0) ::close(output_);
}

Status ServerProcess::wait_for_address(std::chrono::milliseconds deadline) {
    constexpr std::string_view kPrefix = "listening on ";
    const auto until = SteadyClock::now() + deadline;
    std::string text;
    while (true) {
        for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
            const std::string line = text.substr(0, end);
            text.erase(0, end + 1);
            if (!line.starts_with(kPrefix)) continue;
            Result<http::Endpoint> endpoint = parse_server_url(std::string_view(line).substr(kPrefix.size()));
            if (!endpoint.ok()) return std::move(endpoint).error();
            endpoint_ = std::move(endpoint).value();
            return {};
        }
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - SteadyClock::now()).count();
        if (left <= 0) return Error::make(ErrorCode::DeadlineExceeded, "the server did not say where it listens");
        pollfd readable{output_, POLLIN, 0};
        if (::poll(&readable, 1, static_cast<int>(left)) <= 0) continue;
        char buffer[1024];
        const ssize_t got = ::read(output_, buffer, sizeof buffer);
        if (got == 0) return Error::make(ErrorCode::Unavailable, "the server ended before it listened");
        if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
    }
}

void ServerProcess::kill_hard() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
}

Result<int> ServerProcess::terminate(std::chrono::milliseconds deadline) {
    if (pid_ <= 0) return Error::make(ErrorCode::NotFound, "the server does not run");
    ::kill(pid_, SIGTERM);
    const auto until = SteadyClock::now() + deadline;
    int status = 0;
    while (::waitpid(pid_, &status, WNOHANG) != pid_) {
        if (SteadyClock::now() >= until) {
            kill_hard();
            return Error::make(ErrorCode::DeadlineExceeded, "the server did not stop in time");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace streamgauge::daemon
