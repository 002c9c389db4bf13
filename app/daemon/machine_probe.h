// SPDX-License-Identifier: GPL-3.0-or-later
// Questions about this machine that are answered by reading alone: who listens where, how full a disk is, whether the
// clock is kept. Linux (/proc).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "http/engine.h"

namespace streamgauge::daemon {

struct Listener {
    int pid = 0;       // 0: a process of somebody else, whose files we may not see
    std::string name;  // of the process, or empty
};

// Who listens on the port, on this address or on all addresses. nullopt when it is free.
std::optional<Listener> listener_on(const http::Endpoint& endpoint);

struct DiskSpace {
    std::uint64_t total_bytes = 0;
    std::uint64_t free_bytes = 0;  // for us, without the share kept for root
    double used_percent = 0;
    std::string kind;  // "tmpfs", "nfs", or empty for a disk's file system
};
// Of the file system that holds `path` (which must exist). Io otherwise.
Result<DiskSpace> disk_space(const std::string& path);

// The longest part of `path` that exists: "/var/lib/x/y" -> "/var/lib".
std::string existing_part(const std::string& path);

// Whether the kernel's clock is kept by a time service. nullopt when the kernel does not say.
std::optional<bool> clock_is_synchronized();

// The full path of a program in $PATH, or empty.
std::string find_program(const std::string& name);

}  // namespace streamgauge::daemon
