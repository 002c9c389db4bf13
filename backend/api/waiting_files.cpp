// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/waiting_files.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "api/whole_file.h"

namespace streamgauge::api {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".json", kAside = ".unreadable";
constexpr std::size_t kDigits = 12;

Error failed(const std::string& what, const std::string& path, int error) {
    return Error::make(ErrorCode::Io, "cannot " + what + " " + path + ": " + std::strerror(error));
}

// 0: it is no name of ours.
std::uint64_t number_of(std::string_view name) {
    if (name.size() != kDigits + kEnding.size() || !name.ends_with(kEnding)) return 0;
    std::uint64_t number = 0;
    const auto read = std::from_chars(name.data(), name.data() + kDigits, number);
    return read.ec == std::errc() && read.ptr == name.data() + kDigits ? number : 0;
}

}  // namespace

Result<WaitingFiles> WaitingFiles::open(std::string directory) {
    std::error_code error;
    fs::create_directories(directory, error);
    if (error) return failed("make", directory, error.value());
    fs::permissions(directory, fs::perms::owner_all, error);
    WaitingFiles files(std::move(directory));
    for (fs::directory_iterator at(files.directory_, error), end; !error && at != end; at.increment(error)) {
        const std::string name = at->path().filename().string();
        std::error_code ignored;
        if (name.ends_with(kUnwrittenFile)) fs::remove(at->path(), ignored);
        // A number of what was set aside is not given again either.
        files.last_ = std::max(files.last_, number_of(name.substr(0, name.find(kAside))));
    }
    if (error) return failed("read", files.directory_, error.value());
    return files;
}

Result<std::vector<std::string>> WaitingFiles::names() const {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator at(directory_, error), end; !error && at != end; at.increment(error))
        if (std::string name = at->path().filename().string(); number_of(name) > 0 && at->is_regular_file(error))
            names.push_back(std::move(name));
    if (error) return failed("read", directory_, error.value());
    std::sort(names.begin(), names.end());
    return names;
}

Result<std::string> WaitingFiles::put(std::string_view text) {
    std::array<char, 40> name{};
    std::snprintf(name.data(), name.size(), "%012llu.json", static_cast<unsigned long long>(last_ + 1));
    if (Status written = write_whole_file(path(name.data()), text); !written) {
        std::remove(path(name.data()).c_str());  // renamed, and not for good
        return written.error();
    }
    ++last_;
    return std::string(name.data());
}

Result<std::string> WaitingFiles::read(const std::string& name) const {
    return read_whole_file(path(name), kMostBytes);
}

std::uintmax_t WaitingFiles::bytes(const std::string& name) const {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(path(name), error);
    return error ? 0 : size;
}

Status WaitingFiles::remove(const std::string& name) {
    if (unlink(path(name).c_str()) != 0 && errno != ENOENT) return failed("remove", path(name), errno);
    return sync_directory(directory_);
}

Status WaitingFiles::set_aside(const std::string& name) {
    if (std::rename(path(name).c_str(), (path(name) + std::string(kAside)).c_str()) != 0)
        return failed("rename", path(name), errno);
    return sync_directory(directory_);
}

}  // namespace streamgauge::api
