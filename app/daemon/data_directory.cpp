// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/data_directory.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

namespace streamgauge::daemon {

namespace fs = std::filesystem;

std::vector<fs::path> own_files(const std::string& data_dir) {
    std::vector<fs::path> found;
    std::error_code failed;
    for (const fs::directory_entry& entry : fs::directory_iterator(data_dir, failed)) {
        std::error_code gone;
        if (!entry.is_regular_file(gone) || entry.is_symlink(gone)) continue;
        const std::string file_name = entry.path().filename();
        std::string_view name = file_name;
        for (const std::string_view companion : {"-wal", "-shm", "-journal"}) {
            if (name.ends_with(companion)) {
                name.remove_suffix(companion.size());
                break;
            }
        }
        const bool ours = name == "store.db" || name == "dead-letters.db" || name == "annotations.db" ||
                          name == "baseline.db" || name == "baseline.ndjson" || name == "store.db.new" ||
                          (name.starts_with("journal-") && name.ends_with(".db")) ||
                          (name.starts_with("dedup-") && name.ends_with(".run"));
        if (ours) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

int owner_of(const std::string& data_dir) {
    struct stat lock {};
    if (::stat((data_dir + "/streamgauge.lock").c_str(), &lock) != 0) return 0;
    char place[64];  // as proc(5) writes it: major:minor in hexadecimal, inode
    std::snprintf(place, sizeof place, "%02x:%02x:%llu", major(lock.st_dev), minor(lock.st_dev),
                  static_cast<unsigned long long>(lock.st_ino));
    std::ifstream locks("/proc/locks");
    std::string line;
    while (std::getline(locks, line)) {
        std::istringstream fields(line);
        std::string number, kind, advisory, access, pid, file;
        fields >> number >> kind >> advisory >> access >> pid >> file;
        if (kind == "FLOCK" && file == place)
            return std::atoi(pid.c_str());  // a waiter's line has "->" before its kind
    }
    return 0;
}

}  // namespace streamgauge::daemon
