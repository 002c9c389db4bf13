// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/checkpointer.h"

#include <pthread.h>
#include <sqlite3.h>

#include "base/log.h"

namespace streamgauge {

Checkpointer::Checkpointer(SpanFileOptions options, std::function<void()> finished)
    : options_(std::move(options)), on_finished_(std::move(finished)), thread_([this] { run(); }) {}

void Checkpointer::follow(const std::string& path) {
    const std::lock_guard lock(mutex_);
    path_ = path;
}

void Checkpointer::finish(SpanFile span) {
    {
        const std::lock_guard lock(mutex_);
        finished_.push_back(std::move(span));
        busy_ = true;
    }
    ready_.notify_one();
}

void Checkpointer::wake() {
    if (busy_.exchange(true)) return;
    { const std::lock_guard lock(mutex_); }  // the thread is either before its look at busy_, or waiting
    ready_.notify_one();
}

void Checkpointer::wait() {
    std::unique_lock lock(mutex_);
    rested_.wait(lock, [this] { return stopping_ || !busy_; });
}

void Checkpointer::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    ready_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void Checkpointer::run() {
    pthread_setname_np(pthread_self(), "journal-wal");
    std::unique_lock lock(mutex_);
    for (;;) {
        ready_.wait(lock, [this] { return stopping_ || busy_; });
        if (stopping_) break;
        const std::string path = path_;
        std::vector<SpanFile> finished;
        finished.swap(finished_);
        lock.unlock();
        for (SpanFile& span : finished) (void)span.empty_log();
        if (!finished.empty()) {
            finished.clear();
            on_finished_();
        }
        checkpoint(path);
        lock.lock();
        busy_ = !finished_.empty();
        rested_.notify_all();
    }
    lock.unlock();
    finished_.clear();
    connection_.reset();
}

void Checkpointer::checkpoint(const std::string& path) {
    if (open_path_ != path) {
        connection_.reset();
        open_path_.clear();
        Result<sql::Connection> opened = open_span_connection(path, options_, false);
        if (!opened.ok()) {
            log::warning("checkpoint_failed", "the journal's log grows for now",
                         {{"error", opened.error().describe()}});
            return;
        }
        connection_ = std::move(opened).value();
        open_path_ = path;
    }
    const int result =
        sqlite3_wal_checkpoint_v2(connection_.get(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (result != SQLITE_OK && (result & 0xFF) != SQLITE_BUSY)
        log::warning("checkpoint_failed", "the journal's log grows for now", {{"error", sqlite3_errstr(result)}});
}

}  // namespace streamgauge
