// SPDX-License-Identifier: GPL-3.0-or-later
// A real store in a directory of its own that fails, or stands still, when it is told to.
#pragma once

#include <stdlib.h>

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "store/sqlite_result_store.h"

namespace streamgauge::test {

class StoreDirectory {
public:
    StoreDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "streamgauge-pipeline-XXXXXX").string();
        path_ = mkdtemp(name.data());
    }
    ~StoreDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::unique_ptr<ResultStore> open() const {
        return std::move(open_sqlite_result_store((path_ / "store.db").string())).value();
    }

private:
    std::filesystem::path path_;
};

enum class Fault { None, BeforeCommit, AfterCommit };  // AfterCommit: it is done, and the answer is lost

class FaultyStore final : public ResultStore {
public:
    explicit FaultyStore(std::unique_ptr<ResultStore> store) : store_(std::move(store)) {}

    // The next `count` commits fail with Io.
    void fail(Fault fault, int count = 1) {
        const std::lock_guard lock(mutex_);
        fault_ = fault;
        failures_ = count;
    }
    // While held commits stand still.
    void hold(bool held) {
        {
            const std::lock_guard lock(mutex_);
            held_ = held;
        }
        changed_.notify_all();
    }
    int commits() const {
        const std::lock_guard lock(mutex_);
        return commits_;
    }

    Result<Ownership> acquire() override { return store_->acquire(); }
    Status commit(const ResultCommit& commit) override {
        Fault fault = Fault::None;
        {
            std::unique_lock lock(mutex_);
            ++commits_;
            changed_.wait(lock, [this] { return !held_; });
            if (failures_ > 0) {
                --failures_;
                fault = fault_;
            }
        }
        if (fault == Fault::BeforeCommit) return Error::make(ErrorCode::Io, "the test made this commit fail");
        const Status status = store_->commit(commit);
        if (fault == Fault::AfterCommit) return Error::make(ErrorCode::Io, "the test lost this commit's answer");
        return status;
    }
    Result<StoredMetric> begin_backfill(std::uint64_t epoch, MetricId metric, const PartitionState& from) override {
        return store_->begin_backfill(epoch, metric, from);
    }
    Status commit_backfill(std::uint64_t epoch, const BackfillCommit& commit) override {
        return store_->commit_backfill(epoch, commit);
    }
    Status drop(std::uint64_t epoch, MetricId metric) override { return store_->drop(epoch, metric); }
    Result<bool> tidy() override { return store_->tidy(); }
    // Fails as often as told.
    void fail_snapshots(int count) {
        const std::lock_guard lock(mutex_);
        snapshot_failures_ = count;
    }
    Result<std::unique_ptr<StoreSnapshot>> snapshot() override {
        {
            const std::lock_guard lock(mutex_);
            if (snapshot_failures_ > 0) {
                --snapshot_failures_;
                return Error::make(ErrorCode::Io, "the test made this snapshot fail");
            }
        }
        return store_->snapshot();
    }

private:
    std::unique_ptr<ResultStore> store_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Fault fault_ = Fault::None;
    int failures_ = 0, commits_ = 0, snapshot_failures_ = 0;
    bool held_ = false;
};

}  // namespace streamgauge::test
