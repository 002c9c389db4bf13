// SPDX-License-Identifier: GPL-3.0-or-later
// A disk in memory behind SQLite's VFS that forgets, when the power is cut, what was not synced; and that can be full.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

struct sqlite3_vfs;

namespace streamgauge::test {

// What a disk keeps, by the letter of POSIX: a file's bytes once the file was synced; its name, and that a name is
// gone, once the directory was synced. Like SQLite's own VFS for Unix it syncs the directory with the first sync of a
// new rollback journal or write-ahead log, and with a deletion that asks for it. Names are also kept as empty files in
// the real `directory`, so that code that lists it sees them. Thread-safe.
class CrashDisk {
public:
    explicit CrashDisk(std::string directory);
    ~CrashDisk();
    CrashDisk(const CrashDisk&) = delete;
    CrashDisk& operator=(const CrashDisk&) = delete;

    const std::string& vfs_name() const { return name_; }

    // Cuts the power just before the `operation`th change from now on (1: the next one). 0: never.
    void cut_power_after(std::uint64_t operation);
    // Cuts it now.
    void cut_power();
    bool has_power() const;
    // Writes, syncs, creations and deletions so far.
    std::uint64_t operations() const;
    // Power again. Nothing that was not synced is there; or, with `random`, any part of it in sectors of 512 bytes.
    // Files that were open stay dead.
    void restart(std::mt19937_64* random = nullptr);

    // From now on writes that make files larger than `bytes` in all fail as on a full disk. 0: as much as there is.
    void limit_bytes(std::uint64_t bytes);
    // The next `count` syncs fail.
    void fail_syncs(int count);
    std::uint64_t bytes() const;
    // Flips a bit of what is on disk. False when there is no such byte.
    bool damage(const std::string& path, std::uint64_t at);

private:
    friend struct CrashVfsMethods;
    struct Write {
        std::uint64_t at = 0;
        std::string bytes;
        bool truncate = false;  // to `at`
    };
    struct File {
        std::string now, durable;
        std::vector<Write> unsynced;
        int shared_locks = 0;
        const void* reserved = nullptr;
        const void* pending = nullptr;
        const void* exclusive = nullptr;
        std::vector<std::unique_ptr<char[]>> shm;
        int shm_shared[8] = {};
        const void* shm_exclusive[8] = {};
    };
    bool tick();  // counts a change; false when there is no power (any more)
    void mark(const std::string& path, bool there) const;
    static void apply(std::string& bytes, const Write& write);

    const std::string directory_, name_;
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<File>> names_, durable_names_;
    std::uint64_t operations_ = 0, cut_at_ = 0, limit_ = 0, generation_ = 1;
    int failing_syncs_ = 0;
    bool power_ = true;
    std::unique_ptr<sqlite3_vfs> vfs_;
};

}  // namespace streamgauge::test
