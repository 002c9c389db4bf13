// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/whole_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace streamgauge::api {
namespace {

namespace fs = std::filesystem;

// A file that is being written has this after its name.
constexpr std::string_view kUnwritten = ".part";

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

// What was renamed and removed within it is so for good.
Status sync_directory_of(const std::string& path) {
    const std::string directory = fs::path(path).parent_path().string();
    const File opened(directory, O_RDONLY | O_DIRECTORY);
    if (!opened.is_open() || !opened.sync()) return failed("sync", directory, errno);
    return {};
}

}  // namespace

Status open_file_directory(const std::string& directory) {
    std::error_code error;
    fs::create_directories(directory, error);
    if (error) return failed("make", directory, error.value());
    fs::permissions(directory, fs::perms::owner_all, error);
    if (error) return failed("keep others out of", directory, error.value());
    const Result<std::vector<std::string>> names = file_names(directory);
    if (!names) return names.error();
    for (const std::string& name : *names) {
        const std::string path = directory + "/" + name;
        if (name.ends_with(kUnwritten) && std::remove(path.c_str()) != 0) return failed("remove", path, errno);
    }
    return {};
}

Result<std::vector<std::string>> file_names(const std::string& directory) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
        std::error_code ignored;  // of one that goes meanwhile
        if (at->is_regular_file(ignored)) names.push_back(at->path().filename().string());
    }
    if (error) return failed("read", directory, error.value());
    std::sort(names.begin(), names.end());
    return names;
}

Status write_whole_file(const std::string& path, std::string_view text) {
    const std::string part = path + std::string(kUnwritten);
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
    return sync_directory_of(path);
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

Status remove_file(const std::string& path) {
    if (unlink(path.c_str()) != 0 && errno != ENOENT) return failed("remove", path, errno);
    return sync_directory_of(path);
}

Status set_file_aside(const std::string& path) {
    if (std::rename(path.c_str(), (path + std::string(kAside)).c_str()) != 0) return failed("rename", path, errno);
    return sync_directory_of(path);
}

}  // namespace streamgauge::api
