// SPDX-License-Identifier: GPL-3.0-or-later
// Texts that wait in a directory to be taken elsewhere, each in a file of its own: they outlive the process.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace streamgauge::api {

// One thread at a time, and nobody else in the directory.
class WaitingFiles {
public:
    static constexpr std::uintmax_t kMostBytes = std::uintmax_t{1} << 30;  // of a file that is read

    // Makes the directory where it is missing, and removes what was not written to its end. Io.
    static Result<WaitingFiles> open(std::string directory);

    // Names of what waits, oldest first.
    Result<std::vector<std::string>> names() const;
    // Durable when it returns its name, behind all others. Io: nothing was kept.
    Result<std::string> put(std::string_view text);
    Result<std::string> read(const std::string& name) const;
    std::uintmax_t bytes(const std::string& name) const;  // 0: it cannot be looked at
    // It waits no more, also after a failure of the machine.
    Status remove(const std::string& name);
    // Out of the way, for a person to look at: nothing reads it any more.
    Status set_aside(const std::string& name);

private:
    explicit WaitingFiles(std::string directory) : directory_(std::move(directory)) {}
    std::string path(const std::string& name) const { return directory_ + "/" + name; }

    std::string directory_;
    std::uint64_t last_ = 0;  // number of the newest
};

}  // namespace streamgauge::api
