// SPDX-License-Identifier: GPL-3.0-or-later
// What the commands for keys, users and projects share: which data directory, how passwords are typed, how lists look.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/directory.h"
#include "base/clock.h"
#include "base/result.h"

namespace CLI {
class App;
}

namespace streamgauge::daemon {

// --data-dir and --config. Must live until the command line has been parsed and open() was called.
class DirectoryOption {
public:
    explicit DirectoryOption(CLI::App& command);
    // Opens auth.db there, also beside a running server, which takes a change within about a second.
    Result<std::unique_ptr<auth::Directory>> open(const Clock& clock) const;

private:
    std::string data_dir_, file_;
};

// From the terminal, twice and without showing it, or the first line of standard input when that is no terminal.
Result<std::string> read_new_password(const std::string& of_whom);
// The first line of standard input, without its end.
Result<std::string> read_line();

// "90d", "12h", "30m", "45s" from now, or a time in RFC 3339.
Result<Timestamp> read_expiry(const std::string& text, Timestamp now);

// Columns as wide as their widest cell; the first row is the head.
void print_table(const std::vector<std::vector<std::string>>& rows);
std::string shown(const std::optional<Timestamp>& time);  // "-" for none

// Says what went wrong on standard error and returns the exit code for it.
int fail(const std::string& command, const Error& error);

}  // namespace streamgauge::daemon
