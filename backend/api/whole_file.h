// SPDX-License-Identifier: GPL-3.0-or-later
// Files that are whole under their name, also after a failure of the machine: written under another one, synced and
// renamed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace streamgauge::api {

// A file that is being written has this after its name.
inline constexpr std::string_view kUnwrittenFile = ".part";

// Durable when it returns without an error; a file of that name is replaced at once. Io: what was there is there still,
// or, where only the directory could not be synced, the new text is, and a failure of the machine may undo that.
Status write_whole_file(const std::string& path, std::string_view text);
// Io, or TooLarge.
Result<std::string> read_whole_file(const std::string& path, std::uintmax_t most_bytes);
// What was renamed and removed within it is so for good. Io.
Status sync_directory(const std::string& directory);

}  // namespace streamgauge::api
