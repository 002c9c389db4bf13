// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/access_options.h"

#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include <charconv>
#include <iostream>

#include "auth/secrets.h"
#include "daemon/exit_codes.h"
#include "server/config.h"

namespace streamgauge::daemon {

namespace {

constexpr std::int64_t kMostDays = 36'500;

// Shows nothing of what is typed while it lives.
class HiddenTyping {
public:
    HiddenTyping() {
        hidden_ = tcgetattr(STDIN_FILENO, &before_) == 0;
        termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        if (hidden_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    HiddenTyping(const HiddenTyping&) = delete;
    HiddenTyping& operator=(const HiddenTyping&) = delete;
    ~HiddenTyping() {
        if (hidden_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    }

private:
    termios before_{};
    bool hidden_ = false;
};

Result<std::string> ask_hidden(const std::string& question) {
    // Before the question: what is typed at it is neither shown nor thrown away.
    const HiddenTyping hidden;
    std::cerr << question << std::flush;
    auto answer = read_line();
    std::cerr << '\n';
    return answer;
}

}  // namespace

DirectoryOption::DirectoryOption(CLI::App& command) {
    command.add_option("--data-dir", data_dir_, "The server's data directory (environment: STREAMGAUGE_DATA_DIR)")
        ->type_name("DIR");
    command.add_option("--config", file_, "TOML file with settings (environment: STREAMGAUGE_CONFIG)")
        ->type_name("FILE");
}

Result<std::unique_ptr<auth::Directory>> DirectoryOption::open(const Clock& clock) const {
    ConfigSources sources;
    sources.file = file_;
    sources.environment = process_environment();
    if (!data_dir_.empty()) sources.flags.emplace_back("data_dir", std::vector<std::string>{data_dir_});
    const auto loaded = load_config(sources);
    if (!loaded.ok()) return loaded.error();
    umask(0077);
    return auth::Directory::open(loaded->config.data_dir, clock);
}

Result<std::string> read_line() {
    std::string line;
    if (!std::getline(std::cin, line))
        return Error::make(ErrorCode::InvalidArgument, "nothing was given on standard input");
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

Result<std::string> read_new_password(const std::string& of_whom) {
    if (isatty(STDIN_FILENO) == 0) return read_line();
    auto first = ask_hidden("New password of " + of_whom + ": ");
    if (!first.ok()) return first;
    auto second = ask_hidden("The same again: ");
    if (!second.ok()) return second;
    if (!auth::equal_secrets(*first, *second))
        return Error::make(ErrorCode::InvalidArgument, "the two passwords differ");
    return first;
}

Result<Timestamp> read_expiry(const std::string& text, Timestamp now) {
    if (const auto time = parse_rfc3339(text); time.ok()) return time;
    std::int64_t count = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, count);
    std::int64_t unit = 0;
    if (read.ec == std::errc{} && end - read.ptr == 1) {
        unit = *read.ptr == 'd' ? 86'400 : *read.ptr == 'h' ? 3'600 : *read.ptr == 'm' ? 60 : *read.ptr == 's' ? 1 : 0;
    }
    if (unit == 0 || count < 1 || count > kMostDays * 86'400 / unit) {
        Error error = Error::make(ErrorCode::InvalidArgument,
                                  "the end must be a time from now as 90d, 12h, 30m or 45s, "
                                  "or a date as 2027-01-31T00:00:00Z");
        error.field = "expires";
        return error;
    }
    return now.plus_micros(count * unit * Timestamp::kMicrosPerSecond);
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i];
            if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
        }
        std::cout << line << '\n';
    }
}

std::string shown(const std::optional<Timestamp>& time) {
    return time ? format_rfc3339(Timestamp::from_seconds(time->seconds())) : "-";
}

int fail(const std::string& command, const Error& error) {
    std::cerr << "streamgauged " << command << ": " << error.describe() << '\n';
    return error.code == ErrorCode::InvalidArgument ? kExitConfiguration : kExitFailed;
}

}  // namespace streamgauge::daemon
