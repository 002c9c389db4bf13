// SPDX-License-Identifier: GPL-3.0-or-later
// Moves the write-ahead log of the newest span into its file, beside the writer, and closes spans that are finished.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/sqlite.h"
#include "journal/span_file.h"

namespace streamgauge {

// A thread of its own with a connection of its own. All methods but the destructor are for the writer's thread.
class Checkpointer {
public:
    // `finished` is called on the thread, after the logs of spans that were left are moved into their files.
    Checkpointer(SpanFileOptions options, std::function<void()> finished);
    ~Checkpointer() { stop(); }
    Checkpointer(const Checkpointer&) = delete;
    Checkpointer& operator=(const Checkpointer&) = delete;

    // From now on the newest span is the file at `path`.
    void follow(const std::string& path);
    // Moves the whole log of a span that the writer has left, and closes it.
    void finish(SpanFile span);
    // The log has grown: start when not at work already.
    void wake();
    // Whether it is at work, or about to be.
    bool busy() const { return busy_; }
    // Waits until it is not at work.
    void wait();
    void stop();

private:
    void run();
    void checkpoint(const std::string& path);

    const SpanFileOptions options_;
    const std::function<void()> on_finished_;
    std::mutex mutex_;
    std::condition_variable ready_, rested_;
    std::string path_;
    std::vector<SpanFile> finished_;
    std::atomic<bool> busy_{false};
    bool stopping_ = false;
    std::string open_path_;  // of connection_; these two belong to the thread
    sql::Connection connection_;
    std::thread thread_;
};

}  // namespace streamgauge
