// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/data_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace streamgauge {

namespace {

Error io(const std::string& what, int number) {
    return {ErrorCode::Io,
            what + ": " + std::strerror(number),
            "data_dir",
            {},
            "name a directory that this user can write with --data-dir"};
}

std::string owner(int descriptor) {
    char text[32] = {};
    const ssize_t length = pread(descriptor, text, sizeof text - 1, 0);
    std::string digits;
    for (ssize_t i = 0; i < length && text[i] >= '0' && text[i] <= '9'; ++i) digits += text[i];
    return digits;
}

}  // namespace

Result<DataLock> DataLock::take(const std::string& directory) {
    std::error_code failed;
    const bool there = std::filesystem::is_directory(directory, failed);
    if (!there) {
        std::filesystem::create_directories(directory, failed);
        if (failed) return io("the data directory " + directory + " cannot be made", failed.value());
        std::filesystem::permissions(directory, std::filesystem::perms::owner_all, failed);
    }
    const std::string path = directory + "/streamgauge.lock";
    const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return io("the data directory " + directory + " cannot be written", errno);
    DataLock lock(descriptor);
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return io("the lock " + path + " cannot be taken", errno);
        const std::string pid = owner(descriptor);
        return Error{ErrorCode::Conflict,
                     "the data directory " + directory + " is in use by another server" +
                         (pid.empty() ? std::string() : ", process " + pid),
                     "data_dir",
                     {},
                     (pid.empty() ? std::string("stop it") : "stop it (kill " + pid + ")") +
                         ", or give this one a directory of its own with --data-dir"};
    }
    const std::string pid = std::to_string(getpid()) + "\n";
    if (ftruncate(descriptor, 0) != 0 ||
        pwrite(descriptor, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
        return io("the lock " + path + " cannot be written", errno);
    }
    return lock;
}

DataLock::DataLock(DataLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

DataLock& DataLock::operator=(DataLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

// The file stays: removing it would let two servers lock two files of the same name.
DataLock::~DataLock() {
    if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace streamgauge
