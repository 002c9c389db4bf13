// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/machine_probe.h"

#include <arpa/inet.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace streamgauge::daemon {

namespace {

namespace fs = std::filesystem;

// An address as /proc/net/tcp and tcp6 write it: 32-bit words in host byte order, as hexadecimal digits.
std::string proc_address(const std::string& text) {
    unsigned char bytes[16] = {};
    std::size_t size = 0;
    if (::inet_pton(AF_INET, text.c_str(), bytes) == 1) size = 4;
    if (size == 0 && ::inet_pton(AF_INET6, text.c_str(), bytes) == 1) size = 16;
    std::string out;
    for (std::size_t i = 0; i < size; i += 4) {
        std::uint32_t word = 0;
        std::memcpy(&word, bytes + i, 4);
        char digits[9];
        std::snprintf(digits, sizeof digits, "%08X", word);
        out += digits;
    }
    return out;
}

bool all_zero(const std::string& digits) {
    return digits.find_first_not_of('0') == std::string::npos;
}

// The socket's inode when somebody listens there.
std::optional<std::string> listening_inode(const http::Endpoint& endpoint) {
    constexpr const char* kListenState = "0A";
    const std::string wanted = proc_address(endpoint.address);
    for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::ifstream in(table);
        std::string line;
        std::getline(in, line);  // the heading
        while (std::getline(in, line)) {
            std::istringstream fields(line);
            std::string number, local, remote, state, queues, timer, retransmit, user, timeout, inode;
            fields >> number >> local >> remote >> state >> queues >> timer >> retransmit >> user >> timeout >> inode;
            const std::size_t colon = local.find(':');
            if (state != kListenState || colon == std::string::npos) continue;
            const std::string address = local.substr(0, colon);
            const auto port = std::strtoul(local.c_str() + colon + 1, nullptr, 16);
            if (port == endpoint.port && (address == wanted || all_zero(address) || all_zero(wanted))) return inode;
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<Listener> listener_on(const http::Endpoint& endpoint) {
    const std::optional<std::string> inode = listening_inode(endpoint);
    if (!inode) return std::nullopt;
    const std::string wanted = "socket:[" + *inode + "]";
    std::error_code failed;
    for (const fs::directory_entry& process : fs::directory_iterator("/proc", failed)) {
        const std::string pid = process.path().filename();
        if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
        std::error_code hidden;
        for (const fs::directory_entry& file : fs::directory_iterator(process.path() / "fd", hidden)) {
            std::error_code gone;
            if (fs::read_symlink(file.path(), gone) != wanted) continue;
            Listener listener{std::atoi(pid.c_str()), {}};
            std::ifstream(process.path() / "comm") >> listener.name;
            return listener;
        }
    }
    return Listener{};
}

Result<DiskSpace> disk_space(const std::string& path) {
    struct statvfs space {};
    struct statfs kind {};
    if (::statvfs(path.c_str(), &space) != 0 || ::statfs(path.c_str(), &kind) != 0) {
        return Error::make(ErrorCode::Io, "cannot look at the disk of " + path + ": " + std::strerror(errno));
    }
    DiskSpace disk;
    disk.total_bytes = std::uint64_t{space.f_blocks} * space.f_frsize;
    disk.free_bytes = std::uint64_t{space.f_bavail} * space.f_frsize;
    const auto used = static_cast<double>(space.f_blocks - space.f_bfree);
    const double reachable = used + static_cast<double>(space.f_bavail);
    disk.used_percent = reachable > 0 ? 100.0 * used / reachable : 0;
    // The magic numbers of statfs(2).
    if (kind.f_type == 0x01021994) disk.kind = "tmpfs";
    if (kind.f_type == 0x6969) disk.kind = "nfs";
    if (kind.f_type == 0x517B || static_cast<std::uint32_t>(kind.f_type) == 0xFF534D42U) disk.kind = "smb";
    return disk;
}

std::string existing_part(const std::string& path) {
    std::error_code failed;
    fs::path part = fs::absolute(path, failed);
    while (!fs::exists(part, failed) && part.has_relative_path()) part = part.parent_path();
    return part;
}

std::optional<bool> clock_is_synchronized() {
    struct timex state {};  // modes = 0: only read
    const int answer = ::adjtimex(&state);
    if (answer < 0) return std::nullopt;
    return (state.status & STA_UNSYNC) == 0;
}

std::string find_program(const std::string& name) {
    const char* path = std::getenv("PATH");
    std::istringstream folders(path == nullptr ? "" : path);
    std::string folder;
    while (std::getline(folders, folder, ':')) {
        std::string candidate = (folder.empty() ? "." : folder) + "/" + name;
        if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    }
    return {};
}

}  // namespace streamgauge::daemon
