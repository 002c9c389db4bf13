// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/run_notes.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "api/waiting_files.h"
#include "api/whole_file.h"

namespace streamgauge::api {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".json";

Error failed(const std::string& what, const std::string& path, int error) {
    return Error::make(ErrorCode::Io, "cannot " + what + " " + path + ": " + std::strerror(error));
}

bool is_name(std::string_view run_id) {
    constexpr std::size_t kMost = 100;
    return !run_id.empty() && run_id.size() <= kMost &&
           run_id.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") ==
               std::string_view::npos;
}

}  // namespace

Result<RunNotes> RunNotes::open(std::string directory) {
    std::error_code error;
    fs::create_directories(directory, error);
    if (error) return failed("make", directory, error.value());
    fs::permissions(directory, fs::perms::owner_all, error);
    for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
        std::error_code ignored;
        if (at->path().filename().string().ends_with(kUnwrittenFile)) fs::remove(at->path(), ignored);
    }
    if (error) return failed("read", directory, error.value());
    return RunNotes(std::move(directory));
}

Result<std::vector<std::string>> RunNotes::run_ids() const {
    std::vector<std::string> ids;
    std::error_code error;
    for (fs::directory_iterator at(directory_, error), end; !error && at != end; at.increment(error)) {
        const std::string name = at->path().filename().string();
        if (!name.ends_with(kEnding) || !at->is_regular_file(error)) continue;
        if (std::string id = name.substr(0, name.size() - kEnding.size()); is_name(id)) ids.push_back(std::move(id));
    }
    if (error) return failed("read", directory_, error.value());
    std::sort(ids.begin(), ids.end());  // ids begin with their time
    return ids;
}

Status RunNotes::write(const std::string& run_id, std::string_view text) const {
    if (!is_name(run_id)) return Error::make(ErrorCode::InvalidArgument, "the id of the load run is no name of a file");
    return write_whole_file(path(run_id), text);
}

Result<std::string> RunNotes::read(const std::string& run_id) const {
    return read_whole_file(path(run_id), WaitingFiles::kMostBytes);
}

Status RunNotes::remove(const std::string& run_id) const {
    if (!is_name(run_id)) return {};
    if (unlink(path(run_id).c_str()) == 0) return sync_directory(directory_);
    return errno == ENOENT ? Status() : Status(failed("remove", path(run_id), errno));
}

Status RunNotes::set_aside(const std::string& run_id) const {
    if (std::rename(path(run_id).c_str(), (path(run_id) + ".unreadable").c_str()) != 0)
        return failed("rename", path(run_id), errno);
    return sync_directory(directory_);
}

}  // namespace streamgauge::api
