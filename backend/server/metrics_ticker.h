// SPDX-License-Identifier: GPL-3.0-or-later
// B's metrics stream: the same numbers to every reader, once a second. Sleeps while nobody reads.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/services.h"
#include "base/clock.h"
#include "http/types.h"

namespace streamgauge {

// Thread-safe; one thread of its own, started with the first reader.
class MetricsTicker {
public:
    // Both must outlive the ticker.
    MetricsTicker(api::QueryService& query, const Clock& clock) : query_(query), clock_(clock) {}
    ~MetricsTicker() { stop(); }
    MetricsTicker(const MetricsTicker&) = delete;
    MetricsTicker& operator=(const MetricsTicker&) = delete;

    // Sends one message at once and one every second until the reader is gone.
    void add(std::shared_ptr<http::Stream> stream);
    // Ends all streams. Idempotent.
    void stop();

private:
    void run();
    std::shared_ptr<const std::string> message();

    api::QueryService& query_;
    const Clock& clock_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::shared_ptr<http::Stream>> streams_;  // guarded by mutex_
    bool stopped_ = false;                                // guarded by mutex_
    std::thread thread_;
};

}  // namespace streamgauge
