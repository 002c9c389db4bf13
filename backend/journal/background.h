// SPDX-License-Identifier: GPL-3.0-or-later
// One thread that does jobs in order, beside the journal's writer: sorting, sealing, unlinking.
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace streamgauge {

// post() is thread-safe. stop() finishes the job at hand and drops the rest: every job must be one that may be dropped.
class Background {
public:
    // The thread's name has at most 15 characters.
    explicit Background(const char* name = "journal-keeper") : thread_([this, name] { run(name); }) {}
    ~Background() { stop(); }
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;

    void post(std::function<void()> job) {
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) return;
            jobs_.push_back(std::move(job));
        }
        ready_.notify_one();
    }
    // Not from a job.
    void stop() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        ready_.notify_one();
        if (thread_.joinable()) thread_.join();
    }

private:
    void run(const char* name) {
        pthread_setname_np(pthread_self(), name);
        std::unique_lock lock(mutex_);
        for (;;) {
            ready_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
            if (stopping_) return;
            const std::function<void()> job = std::move(jobs_.front());
            jobs_.pop_front();
            lock.unlock();
            job();
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<std::function<void()>> jobs_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace streamgauge
