// SPDX-License-Identifier: GPL-3.0-or-later
#include "support/crash_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <new>

namespace streamgauge::test {
namespace {

constexpr std::size_t kSector = 512;
constexpr int kReservedSlots = SQLITE_SHM_NLOCK;

std::string next_name() {
    static std::atomic<int> count{0};
    return "crash-disk-" + std::to_string(++count);
}

}  // namespace

// SQLite's method tables, for CrashDisk's eyes only.
struct CrashVfsMethods {
    struct Handle {
        sqlite3_file base;
        CrashDisk* disk;
        std::shared_ptr<CrashDisk::File>* file;
        std::uint64_t generation;
        bool directory_sync_due;
        int lock;
        int shm_shared;
        int shm_exclusive;
    };
    using Lock = std::lock_guard<std::mutex>;

    static Handle& handle(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }
    static CrashDisk::File& file(const Handle& h) { return **h.file; }
    static bool dead(const Handle& h) { return !h.disk->power_ || h.generation != h.disk->generation_; }

    // ---- files ------------------------------------------------------------------------------------------------------
    static int close(sqlite3_file* f) {
        Handle& h = handle(f);
        {
            const Lock lock(h.disk->mutex_);
            release(h, SQLITE_LOCK_NONE);
            for (int i = 0; i < kReservedSlots; ++i) release_shm(h, i);
        }
        delete h.file;
        h.file = nullptr;
        return SQLITE_OK;
    }

    static int read(sqlite3_file* f, void* into, int amount, sqlite3_int64 offset) {
        const Handle& h = handle(f);
        const Lock lock(h.disk->mutex_);
        if (dead(h)) return SQLITE_IOERR_READ;
        const auto size = static_cast<std::size_t>(amount), at = static_cast<std::size_t>(offset);
        const std::string& bytes = file(h).now;
        const std::size_t there = at < bytes.size() ? std::min(size, bytes.size() - at) : 0;
        if (there > 0) std::memcpy(into, bytes.data() + at, there);
        std::memset(static_cast<char*>(into) + there, 0, size - there);
        return there == size ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
    }

    static int write(sqlite3_file* f, const void* from, int amount, sqlite3_int64 offset) {
        Handle& h = handle(f);
        const Lock lock(h.disk->mutex_);
        if (dead(h) || !h.disk->tick()) return SQLITE_IOERR_WRITE;
        CrashDisk::Write w{static_cast<std::uint64_t>(offset),
                           std::string(static_cast<const char*>(from), static_cast<std::size_t>(amount)), false};
        const std::uint64_t end = w.at + w.bytes.size();
        if (h.disk->limit_ != 0 && end > file(h).now.size()) {
            std::uint64_t total = end - file(h).now.size();
            for (const auto& [name, other] : h.disk->names_) total += other->now.size();
            if (total > h.disk->limit_) return SQLITE_FULL;
        }
        CrashDisk::apply(file(h).now, w);
        file(h).unsynced.push_back(std::move(w));
        return SQLITE_OK;
    }

    static int truncate(sqlite3_file* f, sqlite3_int64 size) {
        Handle& h = handle(f);
        const Lock lock(h.disk->mutex_);
        if (dead(h) || !h.disk->tick()) return SQLITE_IOERR_TRUNCATE;
        CrashDisk::Write w{static_cast<std::uint64_t>(size), {}, true};
        CrashDisk::apply(file(h).now, w);
        file(h).unsynced.push_back(std::move(w));
        return SQLITE_OK;
    }

    static int sync(sqlite3_file* f, int) {
        Handle& h = handle(f);
        const Lock lock(h.disk->mutex_);
        if (dead(h) || !h.disk->tick()) return SQLITE_IOERR_FSYNC;
        if (h.disk->failing_syncs_ > 0) {
            --h.disk->failing_syncs_;
            return SQLITE_IOERR_FSYNC;
        }
        for (const auto& w : file(h).unsynced) CrashDisk::apply(file(h).durable, w);
        file(h).unsynced.clear();
        if (h.directory_sync_due) h.disk->durable_names_ = h.disk->names_;
        h.directory_sync_due = false;
        return SQLITE_OK;
    }

    static int size(sqlite3_file* f, sqlite3_int64* out) {
        const Handle& h = handle(f);
        const Lock lock(h.disk->mutex_);
        if (dead(h)) return SQLITE_IOERR_FSTAT;
        *out = static_cast<sqlite3_int64>(file(h).now.size());
        return SQLITE_OK;
    }

    // ---- locks, between the connections of this process -------------------------------------------------------------
    static void release(Handle& h, int to) {
        CrashDisk::File& fl = file(h);
        if (fl.exclusive == &h) fl.exclusive = nullptr;
        if (fl.pending == &h) fl.pending = nullptr;
        if (fl.reserved == &h) fl.reserved = nullptr;
        if (to == SQLITE_LOCK_NONE && h.lock >= SQLITE_LOCK_SHARED) --fl.shared_locks;
        h.lock = std::min(h.lock, to);
    }

    static int lock(sqlite3_file* f, int level) {
        Handle& h = handle(f);
        const Lock guard(h.disk->mutex_);
        if (dead(h)) return SQLITE_IOERR_LOCK;
        CrashDisk::File& fl = file(h);
        if (h.lock >= level) return SQLITE_OK;
        if (h.lock == SQLITE_LOCK_NONE) {
            if (fl.pending != nullptr || fl.exclusive != nullptr) return SQLITE_BUSY;
            ++fl.shared_locks;
            h.lock = SQLITE_LOCK_SHARED;
        }
        if (level >= SQLITE_LOCK_RESERVED && h.lock < SQLITE_LOCK_RESERVED) {
            if (fl.reserved != nullptr && fl.reserved != &h) return SQLITE_BUSY;
            fl.reserved = &h;
            h.lock = SQLITE_LOCK_RESERVED;
        }
        if (level == SQLITE_LOCK_EXCLUSIVE) {
            fl.pending = &h;
            if (fl.shared_locks > 1) return SQLITE_BUSY;
            fl.exclusive = &h;
            h.lock = SQLITE_LOCK_EXCLUSIVE;
        }
        return SQLITE_OK;
    }

    static int unlock(sqlite3_file* f, int level) {
        Handle& h = handle(f);
        const Lock guard(h.disk->mutex_);
        release(h, level);
        return SQLITE_OK;
    }

    static int check_reserved(sqlite3_file* f, int* out) {
        const Handle& h = handle(f);
        const Lock guard(h.disk->mutex_);
        *out = file(h).reserved != nullptr ? 1 : 0;
        return SQLITE_OK;
    }

    static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
    static int sector_size(sqlite3_file*) { return 4096; }
    static int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

    // ---- the write-ahead log's shared memory ------------------------------------------------------------------------
    static int shm_map(sqlite3_file* f, int region, int bytes, int extend, void volatile** out) {
        Handle& h = handle(f);
        const Lock guard(h.disk->mutex_);
        *out = nullptr;
        if (dead(h)) return SQLITE_IOERR_SHMMAP;
        auto& regions = file(h).shm;
        while (regions.size() <= static_cast<std::size_t>(region)) {
            if (extend == 0) return SQLITE_OK;
            regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(bytes)));
        }
        *out = regions[static_cast<std::size_t>(region)].get();
        return SQLITE_OK;
    }

    static void release_shm(Handle& h, int slot) {
        CrashDisk::File& fl = file(h);
        if ((h.shm_shared & (1 << slot)) != 0) --fl.shm_shared[slot];
        if (fl.shm_exclusive[slot] == &h) fl.shm_exclusive[slot] = nullptr;
        h.shm_shared &= ~(1 << slot);
        h.shm_exclusive &= ~(1 << slot);
    }

    static int shm_lock(sqlite3_file* f, int first, int count, int flags) {
        Handle& h = handle(f);
        const Lock guard(h.disk->mutex_);
        CrashDisk::File& fl = file(h);
        if ((flags & SQLITE_SHM_UNLOCK) != 0) {
            for (int i = first; i < first + count; ++i) release_shm(h, i);
            return SQLITE_OK;
        }
        if (dead(h)) return SQLITE_IOERR_SHMLOCK;
        const bool shared = (flags & SQLITE_SHM_SHARED) != 0;
        for (int i = first; i < first + count; ++i) {
            const int mine = (h.shm_shared >> i) & 1;
            if (fl.shm_exclusive[i] != nullptr && fl.shm_exclusive[i] != &h) return SQLITE_BUSY;
            if (!shared && fl.shm_shared[i] > mine) return SQLITE_BUSY;
        }
        for (int i = first; i < first + count; ++i) {
            if (!shared) {
                fl.shm_exclusive[i] = &h;
                h.shm_exclusive |= 1 << i;
            } else if ((h.shm_shared & (1 << i)) == 0) {
                ++fl.shm_shared[i];
                h.shm_shared |= 1 << i;
            }
        }
        return SQLITE_OK;
    }

    static void shm_barrier(sqlite3_file* f) {
        const Lock guard(handle(f).disk->mutex_);  // taking and giving back a mutex orders memory
    }

    static int shm_unmap(sqlite3_file* f, int) {
        Handle& h = handle(f);
        const Lock guard(h.disk->mutex_);
        for (int i = 0; i < kReservedSlots; ++i) release_shm(h, i);
        return SQLITE_OK;
    }

    // ---- the file system --------------------------------------------------------------------------------------------
    static CrashDisk& disk(sqlite3_vfs* vfs) { return *static_cast<CrashDisk*>(vfs->pAppData); }

    static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* f, int flags, int* out_flags) {
        static constexpr sqlite3_io_methods kMethods{
            2,         close,          read,    write,       truncate,        sync,    size,     lock,
            unlock,    check_reserved, control, sector_size, characteristics, shm_map, shm_lock, shm_barrier,
            shm_unmap, nullptr,        nullptr};
        f->pMethods = nullptr;
        CrashDisk& d = disk(vfs);
        const Lock guard(d.mutex_);
        if (!d.power_ || path == nullptr) return SQLITE_CANTOPEN;
        const auto found = d.names_.find(path);
        const bool create = found == d.names_.end();
        if (create && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
        if (create && !d.tick()) return SQLITE_CANTOPEN;
        const auto data = create ? std::make_shared<CrashDisk::File>() : found->second;
        if (create) {
            d.names_[path] = data;
            d.mark(path, true);
        }
        constexpr int kJournals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
        auto* h = new (f) Handle{};
        h->disk = &d;
        h->file = new std::shared_ptr<CrashDisk::File>(data);
        h->generation = d.generation_;
        h->directory_sync_due = create && (flags & kJournals) != 0;
        h->base.pMethods = &kMethods;
        if (out_flags != nullptr) *out_flags = flags;
        return SQLITE_OK;
    }

    static int remove(sqlite3_vfs* vfs, const char* path, int sync_directory) {
        CrashDisk& d = disk(vfs);
        const Lock guard(d.mutex_);
        if (!d.power_) return SQLITE_IOERR_DELETE;
        if (d.names_.count(path) == 0) return SQLITE_IOERR_DELETE_NOENT;
        if (!d.tick()) return SQLITE_IOERR_DELETE;
        d.names_.erase(path);
        d.mark(path, false);
        if (sync_directory != 0) d.durable_names_ = d.names_;
        return SQLITE_OK;
    }

    static int access(sqlite3_vfs* vfs, const char* path, int, int* out) {
        CrashDisk& d = disk(vfs);
        const Lock guard(d.mutex_);
        if (!d.power_) return SQLITE_IOERR_ACCESS;
        *out = d.names_.count(path) != 0 ? 1 : 0;
        return SQLITE_OK;
    }

    static int full_path(sqlite3_vfs*, const char* path, int size, char* out) {
        (void)std::snprintf(out, static_cast<std::size_t>(size), "%s", path);
        return SQLITE_OK;
    }

    // The rest has nothing to do with disks.
    static sqlite3_vfs* system() { return sqlite3_vfs_find("unix"); }
    static int randomness(sqlite3_vfs*, int size, char* out) { return system()->xRandomness(system(), size, out); }
    static int sleep(sqlite3_vfs*, int micros) { return system()->xSleep(system(), micros); }
    static int current_time(sqlite3_vfs*, double* out) { return system()->xCurrentTime(system(), out); }
    static int last_error(sqlite3_vfs*, int, char*) { return 0; }
};

CrashDisk::CrashDisk(std::string directory)
    : directory_(std::move(directory)), name_(next_name()), vfs_(std::make_unique<sqlite3_vfs>()) {
    vfs_->iVersion = 1;
    vfs_->szOsFile = sizeof(CrashVfsMethods::Handle);
    vfs_->mxPathname = 1024;
    vfs_->zName = name_.c_str();
    vfs_->pAppData = this;
    vfs_->xOpen = CrashVfsMethods::open;
    vfs_->xDelete = CrashVfsMethods::remove;
    vfs_->xAccess = CrashVfsMethods::access;
    vfs_->xFullPathname = CrashVfsMethods::full_path;
    vfs_->xRandomness = CrashVfsMethods::randomness;
    vfs_->xSleep = CrashVfsMethods::sleep;
    vfs_->xCurrentTime = CrashVfsMethods::current_time;
    vfs_->xGetLastError = CrashVfsMethods::last_error;
    sqlite3_initialize();
    sqlite3_vfs_register(vfs_.get(), 0);
}

CrashDisk::~CrashDisk() {
    sqlite3_vfs_unregister(vfs_.get());
}

bool CrashDisk::tick() {
    if (!power_) return false;
    ++operations_;
    if (cut_at_ != 0 && operations_ >= cut_at_) power_ = false;
    return power_;
}

void CrashDisk::mark(const std::string& path, bool there) const {
    if (!path.starts_with(directory_)) return;
    if (!there) {
        (void)std::remove(path.c_str());
    } else if (std::FILE* file = std::fopen(path.c_str(), "w"); file != nullptr) {
        std::fclose(file);
    }
}

void CrashDisk::apply(std::string& bytes, const Write& write) {
    const auto at = static_cast<std::size_t>(write.at);
    if (write.truncate) {
        bytes.resize(at);
        return;
    }
    if (bytes.size() < at + write.bytes.size()) bytes.resize(at + write.bytes.size());
    std::memcpy(bytes.data() + at, write.bytes.data(), write.bytes.size());
}

void CrashDisk::cut_power_after(std::uint64_t operation) {
    const std::lock_guard lock(mutex_);
    cut_at_ = operation == 0 ? 0 : operations_ + operation;
}

void CrashDisk::cut_power() {
    const std::lock_guard lock(mutex_);
    power_ = false;
}

bool CrashDisk::has_power() const {
    const std::lock_guard lock(mutex_);
    return power_;
}

std::uint64_t CrashDisk::operations() const {
    const std::lock_guard lock(mutex_);
    return operations_;
}

void CrashDisk::restart(std::mt19937_64* random) {
    const std::lock_guard lock(mutex_);
    for (const auto& [path, file] : names_) mark(path, false);
    names_.clear();
    for (auto& [path, old] : durable_names_) {
        // A new object: handles from before the cut must not see, or hold, anything of it.
        auto file = std::make_shared<File>();
        file->durable = old->durable;
        if (random != nullptr) {
            for (const Write& write : old->unsynced) {
                if (write.truncate) {
                    if ((*random)() % 2 == 0) apply(file->durable, write);
                    continue;
                }
                for (std::size_t at = 0; at < write.bytes.size(); at += kSector)
                    if ((*random)() % 2 == 0)
                        apply(file->durable, {write.at + at, write.bytes.substr(at, kSector), false});
            }
        }
        file->now = file->durable;
        names_[path] = file;
        mark(path, true);
    }
    durable_names_ = names_;
    cut_at_ = 0;
    failing_syncs_ = 0;
    power_ = true;
    ++generation_;
}

void CrashDisk::limit_bytes(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    limit_ = bytes;
}

void CrashDisk::fail_syncs(int count) {
    const std::lock_guard lock(mutex_);
    failing_syncs_ = count;
}

std::uint64_t CrashDisk::bytes() const {
    const std::lock_guard lock(mutex_);
    std::uint64_t total = 0;
    for (const auto& [name, file] : names_) total += file->now.size();
    return total;
}

bool CrashDisk::damage(const std::string& path, std::uint64_t at) {
    const std::lock_guard lock(mutex_);
    const auto found = names_.find(path);
    if (found == names_.end() || at >= found->second->now.size()) return false;
    for (std::string* bytes : {&found->second->now, &found->second->durable})
        if (at < bytes->size()) (*bytes)[at] = static_cast<char>((*bytes)[at] ^ 1);
    return true;
}

}  // namespace streamgauge::test
