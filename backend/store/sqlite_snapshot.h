// SPDX-License-Identifier: GPL-3.0-or-later
// Snapshots of store.db: each is a read transaction on a connection of its own, which a pool keeps for the next one.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/result_store.h"

namespace streamgauge {

class SqliteSnapshot;

// Thread-safe.
class SqliteSnapshotPool : public std::enable_shared_from_this<SqliteSnapshotPool> {
public:
    explicit SqliteSnapshotPool(std::string path);
    ~SqliteSnapshotPool();

    // Unavailable when kMostOpen are open.
    Result<std::unique_ptr<StoreSnapshot>> open();

    static constexpr std::size_t kKeptIdle = 4;
    static constexpr std::size_t kMostOpen = 16;

private:
    friend class SqliteSnapshot;
    struct Reader;
    Result<std::unique_ptr<Reader>> take();
    void give_back(std::unique_ptr<Reader> reader);

    const std::string path_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Reader>> idle_;  // guarded by mutex_
    std::size_t open_ = 0;                       // guarded by mutex_
};

}  // namespace streamgauge
