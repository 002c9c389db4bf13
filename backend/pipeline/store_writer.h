// SPDX-License-Identifier: GPL-3.0-or-later
// The thread that commits to the store, so that the pipeline's thread never waits for a disk; in
// between it tidies up what was dropped or has expired.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "base/result.h"
#include "store/result_store.h"

namespace streamgauge {

class StoreWriter {
public:
    // `done` is called on the writer's thread with the outcome of each write(). `store` must outlive the writer.
    StoreWriter(ResultStore& store, std::function<void(Status)> done);
    ~StoreWriter();  // stop()

    // Precondition: the outcome of the last one has been reported. Returns at once.
    void write(std::shared_ptr<const ResultCommit> commit);
    // Finishes what is under way. Idempotent.
    void stop();

private:
    void run();

    ResultStore& store_;
    const std::function<void(Status)> done_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::shared_ptr<const ResultCommit> job_;  // guarded by mutex_
    bool stopping_ = false;                    // guarded by mutex_
    std::thread thread_;
};

}  // namespace streamgauge
