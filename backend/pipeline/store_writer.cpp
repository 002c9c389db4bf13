// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipeline/store_writer.h"

namespace streamgauge {

StoreWriter::StoreWriter(ResultStore& store, std::function<void(Status)> done)
    : store_(store), done_(std::move(done)), thread_([this] { run(); }) {}

StoreWriter::~StoreWriter() {
    stop();
}

void StoreWriter::write(std::shared_ptr<const ResultCommit> commit) {
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
    bool untidy = true;
    for (;;) {
        std::shared_ptr<const ResultCommit> job;
        {
            std::unique_lock lock(mutex_);
            const auto news = [this] { return job_ != nullptr || stopping_; };
            if (!untidy) changed_.wait(lock, news);
            if (job_ == nullptr && stopping_) return;
            job = std::move(job_);
            job_ = nullptr;
        }
        if (job != nullptr) done_(store_.commit(*job));
        const Result<bool> more = store_.tidy();
        untidy = more.ok() && more.value();  // after an error: with the next commit
    }
}

}  // namespace streamgauge
