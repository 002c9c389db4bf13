// SPDX-License-Identifier: GPL-3.0-or-later
// What has to be done once a second for streams that are open; sleeps while there is nothing.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace streamgauge {

// Thread-safe; one thread of its own, started with the first task.
class Ticker {
public:
    // Returns false when it is done. Must not block.
    using Task = std::function<bool()>;

    Ticker() = default;
    ~Ticker() { stop(); }
    Ticker(const Ticker&) = delete;
    Ticker& operator=(const Ticker&) = delete;

    // Runs `task` every second on the ticker's thread, the first time within a second, until it returns false or the
    // ticker stops.
    void add(Task task);
    // Drops all tasks and takes no more. Idempotent.
    void stop();

private:
    void run();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Task> tasks_;  // guarded by mutex_
    bool stopped_ = false;     // guarded by mutex_
    std::thread thread_;       // guarded by mutex_ until stopped_
};

}  // namespace streamgauge
