// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/run_notes.h"

#include <utility>

#include "api/waiting_files.h"
#include "api/whole_file.h"

namespace streamgauge::api {
namespace {

constexpr std::string_view kEnding = ".json";

bool is_name(std::string_view run_id) {
    constexpr std::size_t kMost = 100;
    return !run_id.empty() && run_id.size() <= kMost &&
           run_id.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") ==
               std::string_view::npos;
}

}  // namespace

Result<RunNotes> RunNotes::open(std::string directory) {
    if (Status opened = open_file_directory(directory); !opened) return opened.error();
    return RunNotes(std::move(directory));
}

Result<std::vector<std::string>> RunNotes::run_ids() const {
    const Result<std::vector<std::string>> names = file_names(directory_);
    if (!names) return names.error();
    std::vector<std::string> ids;  // they begin with their time
    for (const std::string& name : *names) {
        if (!name.ends_with(kEnding)) continue;
        if (std::string id = name.substr(0, name.size() - kEnding.size()); is_name(id)) ids.push_back(std::move(id));
    }
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
    return is_name(run_id) ? remove_file(path(run_id)) : Status();
}

Status RunNotes::set_aside(const std::string& run_id) const {
    return set_file_aside(path(run_id));
}

}  // namespace streamgauge::api
