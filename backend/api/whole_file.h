// SPDX-License-Identifier: GPL-3.0-or-later
// Files that are whole under their name, also after a failure of the machine: written under another one, synced and
// renamed. What is done to them is done for good when a call returns without an error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace streamgauge::api {

// Makes a directory for them where it is missing, for its owner alone, and removes what was not written to its end. Io.
Status open_file_directory(const std::string& directory);
// Of the regular files in it, sorted. Io.
Result<std::vector<std::string>> file_names(const std::string& directory);

// Durable when it returns without an error; a file of that name is replaced at once. Io: what was there is there still,
// or, where only the directory could not be synced, the new text is, and a failure of the machine may undo that.
Status write_whole_file(const std::string& path, std::string_view text);
// Io, or TooLarge.
Result<std::string> read_whole_file(const std::string& path, std::uintmax_t most_bytes);
// None is fine. Io.
Status remove_file(const std::string& path);
// Out of the way, for a person to look at, with kAside behind its name. Io.
inline constexpr std::string_view kAside = ".unreadable";
Status set_file_aside(const std::string& path);

}  // namespace streamgauge::api
