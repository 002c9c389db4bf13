// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/ticker.h"

#include <chrono>
#include <iterator>

namespace streamgauge {

void Ticker::add(Task task) {
    {
        const std::lock_guard lock(mutex_);
        if (stopped_) return;
        tasks_.push_back(std::move(task));
        if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    }
    changed_.notify_one();
}

void Ticker::stop() {
    std::vector<Task> dropped;
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        dropped.swap(tasks_);
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Ticker::run() {
    std::unique_lock lock(mutex_);
    auto next = std::chrono::steady_clock::now();
    while (!stopped_) {
        if (tasks_.empty()) {
            changed_.wait(lock, [this] { return stopped_ || !tasks_.empty(); });
            next = std::chrono::steady_clock::now();
        }
        next += std::chrono::seconds(1);
        if (changed_.wait_until(lock, next, [this] { return stopped_; })) return;
        std::vector<Task> due;
        due.swap(tasks_);
        lock.unlock();  // a task may add another
        std::vector<Task> again;
        for (Task& task : due) {
            if (task()) again.push_back(std::move(task));
        }
        due.clear();
        lock.lock();
        if (!stopped_) std::move(again.begin(), again.end(), std::back_inserter(tasks_));
    }
}

}  // namespace streamgauge
