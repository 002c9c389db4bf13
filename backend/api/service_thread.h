// SPDX-License-Identifier: GPL-3.0-or-later
// A thread of a service's own, which does what callers hand it in order.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "base/bounded_queue.h"

namespace streamgauge::api {

class ServiceThread {
public:
    // Called exactly once, on the thread: true, go on; false, the service stops, answer Unavailable.
    using Task = std::function<void(bool running)>;

    // `name`: at most 15 characters, for those who look at threads.
    ServiceThread(std::string name, std::size_t most_tasks);
    ~ServiceThread() { stop(); }
    ServiceThread(const ServiceThread&) = delete;
    ServiceThread& operator=(const ServiceThread&) = delete;

    // Thread-safe. False, and the task is not called, when too many wait or the thread has stopped.
    [[nodiscard]] bool post(Task task) { return tasks_.try_push(std::move(task)); }
    // What waits is called with false. Waits for the task at hand; not from a task. Idempotent.
    void stop();
    // For a task that takes long: leave when it says so.
    bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

private:
    void run(const std::string& name);

    BoundedQueue<Task> tasks_;
    std::atomic<bool> stopping_{false};
    std::mutex stop_mutex_;
    std::thread thread_;
};

}  // namespace streamgauge::api
