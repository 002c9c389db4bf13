// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/vfs_file.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstdlib>

#include "base/sqlite.h"

namespace streamgauge {
namespace {

constexpr std::size_t kPiece = 64 * 1024;

sqlite3_vfs* find_vfs(const std::string& name) {
    return sqlite3_vfs_find(name.empty() ? nullptr : name.c_str());
}

}  // namespace

void VfsFile::Close::operator()(sqlite3_file* file) const {
    if (file->pMethods != nullptr) file->pMethods->xClose(file);
    std::free(file);
}

Result<VfsFile> VfsFile::open(const std::string& path, bool create, const std::string& vfs) {
    sqlite3_vfs* const system = find_vfs(vfs);
    if (system == nullptr) return Error::make(ErrorCode::Internal, "no SQLite VFS called " + vfs);
    VfsFile file;
    file.path_ = std::make_unique<std::string>(path);
    file.file_.reset(static_cast<sqlite3_file*>(std::calloc(1, static_cast<std::size_t>(system->szOsFile))));
    if (!file.file_) return Error::make(ErrorCode::Internal, "no memory for a file handle");
    // A super-journal is the kind of file that SQLite treats as plain bytes; its directory entry is synced with it.
    const int flags = SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
    int opened = 0;
    if (const int result = system->xOpen(system, file.path_->c_str(), file.file_.get(), flags, &opened);
        result != SQLITE_OK)
        return sql::error_of_code(result, "cannot open " + path);
    if (create)
        if (const int result = file.file_->pMethods->xTruncate(file.file_.get(), 0); result != SQLITE_OK)
            return sql::error_of_code(result, "cannot empty " + path);
    return file;
}

bool VfsFile::exists(const std::string& path, const std::string& vfs) {
    sqlite3_vfs* const system = find_vfs(vfs);
    int found = 0;
    return system != nullptr && system->xAccess(system, path.c_str(), SQLITE_ACCESS_EXISTS, &found) == SQLITE_OK &&
           found != 0;
}

Status VfsFile::remove(const std::string& path, const std::string& vfs) {
    sqlite3_vfs* const system = find_vfs(vfs);
    if (system == nullptr) return Error::make(ErrorCode::Internal, "no SQLite VFS called " + vfs);
    const int result = system->xDelete(system, path.c_str(), 1);
    if (result != SQLITE_OK && result != SQLITE_IOERR_DELETE_NOENT)
        return sql::error_of_code(result, "cannot remove " + path);
    return {};
}

// SQLite's own VFS takes at most 128 KiB - 1 in one call.
Status VfsFile::read(void* into, std::size_t size, std::uint64_t at) const {
    for (auto* to = static_cast<char*>(into); size > 0;) {
        const std::size_t piece = std::min(size, kPiece);
        const int result =
            file_->pMethods->xRead(file_.get(), to, static_cast<int>(piece), static_cast<sqlite3_int64>(at));
        if (result == SQLITE_IOERR_SHORT_READ) return Error::make(ErrorCode::Corrupt, *path_ + " is too short");
        if (result != SQLITE_OK) return sql::error_of_code(result, "cannot read " + *path_);
        to += piece;
        at += piece;
        size -= piece;
    }
    return {};
}

Status VfsFile::write(const void* from, std::size_t size, std::uint64_t at) {
    for (const auto* next = static_cast<const char*>(from); size > 0;) {
        const std::size_t piece = std::min(size, kPiece);
        const int result =
            file_->pMethods->xWrite(file_.get(), next, static_cast<int>(piece), static_cast<sqlite3_int64>(at));
        if (result != SQLITE_OK) return sql::error_of_code(result, "cannot write " + *path_);
        next += piece;
        at += piece;
        size -= piece;
    }
    return {};
}

Status VfsFile::sync() {
    const int result = file_->pMethods->xSync(file_.get(), SQLITE_SYNC_NORMAL);
    if (result != SQLITE_OK) return sql::error_of_code(result, "cannot sync " + *path_);
    return {};
}

Result<std::uint64_t> VfsFile::size() const {
    sqlite3_int64 size = 0;
    const int result = file_->pMethods->xFileSize(file_.get(), &size);
    if (result != SQLITE_OK) return sql::error_of_code(result, "cannot measure " + *path_);
    return static_cast<std::uint64_t>(size);
}

}  // namespace streamgauge
