// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipeline/store_writer.h"

namespace streamgauge {

StoreWriter::StoreWriter(Store& store, std::function<void(Status)> done)
    : store_(store), done_(std::move(done)), thread_([this] { run(); }) {}

StoreWriter::~StoreWriter() {
    stop();
}

void StoreWriter::write(std::shared_ptr<const StoreCommit> commit) {
    {
        const std::lock_guard lock(mutex_);
        job_ = std::move(commit);
    }
    changed_.notify_one();
}

void StoreWriter::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void StoreWriter::run() {
    for (;;) {
        std::shared_ptr<const StoreCommit> job;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return job_ != nullptr || stopping_; });
            if (job_ == nullptr) return;
            job = std::move(job_);
            job_ = nullptr;
        }
        done_(store_.commit(*job));
    }
}

}  // namespace streamgauge
