// SPDX-License-Identifier: GPL-3.0-or-later
// A real store in a directory of its own that fails, or stands still, when it is told to.
#pragma once

#include <stdlib.h>

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "store/sqlite_store.h"

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
    std::unique_ptr<Store> open() const { return std::move(open_sqlite_store((path_ / "store.db").string())).value(); }

private:
    std::filesystem::path path_;
};

enum class Fault { None, BeforeCommit, AfterCommit };  // AfterCommit: it is done, and the answer is lost

class FaultyStore final : public Store {
public:
    explicit FaultyStore(std::unique_ptr<Store> store) : store_(std::move(store)) {}

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

    Result<Acquired> acquire() override { return store_->acquire(); }
    Status commit(const StoreCommit& commit) override {
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
    Result<StoredValue> rollup(MetricId metric, std::int64_t window, std::string_view group) override {
        return store_->rollup(metric, window, group);
    }
    Status for_each_rollup(MetricId metric, std::int64_t from_window, const RollupVisitor& visit) override {
        return store_->for_each_rollup(metric, from_window, visit);
    }
    Status for_each_user(const std::function<void(UserActivity&&)>& visit) override {
        return store_->for_each_user(visit);
    }

private:
    std::unique_ptr<Store> store_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Fault fault_ = Fault::None;
    int failures_ = 0, commits_ = 0;
    bool held_ = false;
};

}  // namespace streamgauge::test
