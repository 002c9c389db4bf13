// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/whole_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace streamgauge::api {
namespace {

namespace fs = std::filesystem;

Error failed(const std::string& what, const std::string& path, int error) {
    return Error::make(ErrorCode::Io, "cannot " + what + " " + path + ": " + std::strerror(error));
}

class File {
public:
    File(const std::string& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
    ~File() {
        if (fd_ >= 0) close(fd_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    bool is_open() const { return fd_ >= 0; }
    bool write_all(std::string_view text) const {
        while (!text.empty()) {
            const ssize_t n = write(fd_, text.data(), text.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return false;
            text.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }
    bool sync() const { return fsync(fd_) == 0; }

private:
    int fd_;
};

}  // namespace

Status write_whole_file(const std::string& path, std::string_view text) {
    const std::string part = path + std::string(kUnwrittenFile);
    int error = 0;
    {
        const File file(part, O_CREAT | O_TRUNC | O_WRONLY);
        if (!file.is_open() || !file.write_all(text) || !file.sync()) error = errno;
    }
    if (error == 0 && std::rename(part.c_str(), path.c_str()) != 0) error = errno;
    if (error != 0) {
        std::remove(part.c_str());
        return failed("write", path, error);
    }
    return sync_directory(fs::path(path).parent_path().string());
}

Result<std::string> read_whole_file(const std::string& path, std::uintmax_t most_bytes) {
    std::error_code error;
    const std::uintmax_t bytes = fs::file_size(path, error);
    if (error) return failed("read", path, error.value());
    if (bytes > most_bytes) return Error::make(ErrorCode::TooLarge, path + " is larger than what is kept here");
    std::ifstream file(path, std::ios::binary);
    std::string text(static_cast<std::size_t>(bytes), '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file || file.gcount() != static_cast<std::streamsize>(text.size())) return failed("read", path, EIO);
    return text;
}

Status sync_directory(const std::string& directory) {
    const File opened(directory, O_RDONLY | O_DIRECTORY);
    if (!opened.is_open() || !opened.sync()) return failed("sync", directory, errno);
    return {};
}

}  // namespace streamgauge::api
