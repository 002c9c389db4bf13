// SPDX-License-Identifier: GPL-3.0-or-later
// A data directory as the operator's commands see it: which files are ours, and who uses them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace streamgauge::daemon {

// The files directly in `data_dir` that hold Streamgauge's data: databases of events with their logs, indexes
// of event ids; sorted. Never what somebody else put there, not the lock, and no keys, users or secrets. Empty when
// there is no such directory.
std::vector<std::filesystem::path> own_files(const std::string& data_dir);

// The process that serves from the data directory, 0 when nobody does (or the kernel does not show it). Takes no lock
// and changes nothing.
int owner_of(const std::string& data_dir);

}  // namespace streamgauge::daemon
