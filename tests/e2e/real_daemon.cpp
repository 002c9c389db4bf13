// SPDX-License-Identifier: GPL-3.0-or-later
#include "e2e/real_daemon.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace streamgauge::test {

namespace {

using std::chrono::steady_clock;

std::string program() {
    const char* const folder = std::getenv("STREAMGAUGE_BUILD_BIN");
    return std::string(folder == nullptr ? "." : folder) + "/streamgauged";
}

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> all;
    for (std::string& word : words) all.push_back(word.data());
    all.push_back(nullptr);
    return all;
}

}  // namespace

RealDaemon::RealDaemon(const std::vector<std::string>& arguments, const std::vector<std::string>& variables) {
    static std::atomic<int> number{0};
    errors_file_ = (std::filesystem::temp_directory_path() /
                    ("streamgauged_errors_" + std::to_string(getpid()) + "_" + std::to_string(number++)))
                       .string();
    std::vector<std::string> words{program()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<std::string> environment;
    for (char** one = environ; *one != nullptr; ++one) {
        // The test's own settings are none of the server's.
        if (!std::string_view(*one).starts_with("STREAMGAUGE_")) environment.emplace_back(*one);
    }
    environment.insert(environment.end(), variables.begin(), variables.end());
    const std::vector<char*> argv = pointers(words);
    const std::vector<char*> envp = pointers(environment);
    const int errors = open(errors_file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(ends[1], STDOUT_FILENO);
        dup2(errors, STDERR_FILENO);
        execve(argv[0], argv.data(), envp.data());
        _exit(127);
    }
    close(ends[1]);
    close(errors);
    output_descriptor_ = ends[0];
}

RealDaemon::~RealDaemon() {
    if (pid_ > 0) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    if (output_descriptor_ >= 0) close(output_descriptor_);
    std::error_code ignored;
    std::filesystem::remove(errors_file_, ignored);
}

bool RealDaemon::read_some(steady_clock::time_point until) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - steady_clock::now()).count();
    pollfd waiting{output_descriptor_, POLLIN, 0};
    if (left <= 0 || poll(&waiting, 1, static_cast<int>(left)) <= 0) return false;
    char buffer[4096];
    const ssize_t length = read(output_descriptor_, buffer, sizeof buffer);
    if (length <= 0) return false;
    output_.append(buffer, static_cast<std::size_t>(length));
    return true;
}

std::optional<std::string> RealDaemon::line_after(const std::string& prefix, std::chrono::seconds deadline) {
    const auto until = steady_clock::now() + deadline;
    do {
        const std::string text = "\n" + output_;
        const std::size_t at = text.find("\n" + prefix);
        const std::size_t end = at == std::string::npos ? at : text.find('\n', at + 1);
        if (end != std::string::npos) return text.substr(at + 1 + prefix.size(), end - at - 1 - prefix.size());
    } while (read_some(until));
    return std::nullopt;
}

std::optional<http::Endpoint> RealDaemon::endpoint() {
    const auto text = line_after("listening on http://");
    if (!text) return std::nullopt;
    const auto parsed = http::parse_endpoint(*text);
    return parsed.ok() ? std::optional(*parsed) : std::nullopt;
}

void RealDaemon::signal(int number) const {
    kill(pid_, number);
}

Finished RealDaemon::wait(std::chrono::seconds deadline) {
    const auto until = steady_clock::now() + deadline;
    while (read_some(until)) {
    }
    Finished finished;
    int status = 0;
    pid_t ended = 0;
    // Its output is closed, so its end is a matter of moments.
    while ((ended = waitpid(pid_, &status, WNOHANG)) == 0 && steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    finished.output = output_;
    finished.errors = errors();
    finished.exit_code = INT_MIN;
    if (ended == pid_) {
        finished.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        pid_ = -1;
    }
    return finished;
}

std::string RealDaemon::errors() const {
    std::ostringstream text;
    text << std::ifstream(errors_file_).rdbuf();
    return text.str();
}

Finished run_daemon(const std::vector<std::string>& arguments, const std::vector<std::string>& variables) {
    RealDaemon daemon(arguments, variables);
    return daemon.wait();
}

}  // namespace streamgauge::test
