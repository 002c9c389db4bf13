// SPDX-License-Identifier: GPL-3.0-or-later
// A thread for what may wait for the disk or take some milliseconds: changes of schemas.
#pragma once

#include <functional>
#include <thread>

#include "base/bounded_queue.h"

namespace streamgauge {

// Thread-safe.
class SchemaWorker {
public:
    using Task = std::function<void()>;

    SchemaWorker() : thread_([this] { run(); }) {}
    ~SchemaWorker() { stop(); }
    SchemaWorker(const SchemaWorker&) = delete;
    SchemaWorker& operator=(const SchemaWorker&) = delete;

    // False, and nothing is done, when too many wait or the worker stops.
    bool post(Task task) { return tasks_.try_push(std::move(task)); }
    // What waits is done first. Idempotent; not from a task.
    void stop() {
        tasks_.close();
        if (thread_.joinable()) thread_.join();
    }

private:
    void run() {
        std::vector<Task> batch;
        while (tasks_.pop_all(batch)) {
            for (const Task& task : batch) task();
            batch.clear();
        }
    }

    static constexpr std::size_t kWaiting = 64;
    BoundedQueue<Task> tasks_{kWaiting};
    std::thread thread_;
};

}  // namespace streamgauge
