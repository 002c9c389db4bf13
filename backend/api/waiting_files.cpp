// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/waiting_files.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "api/whole_file.h"

namespace streamgauge::api {
namespace {

constexpr std::string_view kEnding = ".json";
constexpr std::size_t kDigits = 12;

// 0: it is no name of ours.
std::uint64_t number_of(std::string_view name) {
    if (name.size() != kDigits + kEnding.size() || !name.ends_with(kEnding)) return 0;
    std::uint64_t number = 0;
    const auto read = std::from_chars(name.data(), name.data() + kDigits, number);
    return read.ec == std::errc() && read.ptr == name.data() + kDigits ? number : 0;
}

}  // namespace

Result<WaitingFiles> WaitingFiles::open(std::string directory) {
    if (Status opened = open_file_directory(directory); !opened) return opened.error();
    const Result<std::vector<std::string>> names = file_names(directory);
    if (!names) return names.error();
    WaitingFiles files(std::move(directory));
    // A number of what was set aside is not given again either.
    for (const std::string& name : *names)
        files.last_ = std::max(files.last_, number_of(std::string_view(name).substr(0, name.find(kAside))));
    return files;
}

Result<std::vector<std::string>> WaitingFiles::names() const {
    Result<std::vector<std::string>> names = file_names(directory_);
    if (names) std::erase_if(*names, [](const std::string& name) { return number_of(name) == 0; });
    return names;
}

Result<std::string> WaitingFiles::put(std::string_view text) {
    std::array<char, 40> name{};
    std::snprintf(name.data(), name.size(), "%012llu.json", static_cast<unsigned long long>(last_ + 1));
    if (Status written = write_whole_file(path(name.data()), text); !written) {
        static_cast<void>(remove_file(path(name.data())));  // renamed, and not for good
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
    const std::uintmax_t size = std::filesystem::file_size(path(name), error);
    return error ? 0 : size;
}

Status WaitingFiles::remove(const std::string& name) {
    return remove_file(path(name));
}

Status WaitingFiles::set_aside(const std::string& name) {
    return set_file_aside(path(name));
}

}  // namespace streamgauge::api
