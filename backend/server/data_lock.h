// SPDX-License-Identifier: GPL-3.0-or-later
// One server per data directory: an advisory lock on a file in it, which the kernel releases however the process ends.
#pragma once

#include <string>

#include "base/result.h"

namespace streamgauge {

// Held as long as it lives. Movable.
class DataLock {
public:
    // Creates the directory (mode 0700) when it is not there, and takes the lock on `<directory>/streamgauge.lock`,
    // into which it writes this process's id. Conflict, naming the owner's process id, when another process (or another
    // backend of this one) has it; Io when the directory cannot be made or written.
    static Result<DataLock> take(const std::string& directory);
    DataLock(DataLock&& other) noexcept;
    DataLock& operator=(DataLock&& other) noexcept;
    DataLock(const DataLock&) = delete;
    DataLock& operator=(const DataLock&) = delete;
    ~DataLock();

private:
    explicit DataLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_ = -1;
};

}  // namespace streamgauge
