// SPDX-License-Identifier: GPL-3.0-or-later
// Plain files through SQLite's VFS, so that everything the journal writes can be put under a test's VFS.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

struct sqlite3_file;
struct sqlite3_vfs;

namespace streamgauge {

// One thread at a time.
class VfsFile {
public:
    // `create`: makes the file, or empties the one that is there. `vfs`: by name, empty for the default.
    static Result<VfsFile> open(const std::string& path, bool create, const std::string& vfs);
    static bool exists(const std::string& path, const std::string& vfs);
    // No error when it is not there.
    static Status remove(const std::string& path, const std::string& vfs);

    // Reads exactly `size` bytes; Corrupt when the file ends before.
    Status read(void* into, std::size_t size, std::uint64_t at) const;
    Status write(const void* from, std::size_t size, std::uint64_t at);
    // On return everything written is on disk.
    Status sync();
    Result<std::uint64_t> size() const;

private:
    struct Close {
        void operator()(sqlite3_file* file) const;
    };
    std::unique_ptr<std::string> path_;  // SQLite keeps pointing at it
    std::unique_ptr<sqlite3_file, Close> file_;
};

}  // namespace streamgauge
