// SPDX-License-Identifier: GPL-3.0-or-later
// The bounded queue before the journal's writer: requests by many threads, and the writer's own errands.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "journal/journal.h"

namespace streamgauge {

// Thread-safe. What take() handed out still counts against the bounds until finish().
class AppendQueue {
public:
    AppendQueue(std::size_t max_events, std::size_t max_bytes) : max_events_(max_events), max_bytes_(max_bytes) {}

    // False, and `request` untouched, when it is closed, or not empty and a bound would be passed.
    bool push(AppendRequest&& request);
    // An errand runs on the writer's thread between two commits. False when it is closed.
    bool push_errand(std::function<void()> errand);
    // Waits for something. Moves errands, and requests until `most_events` are reached (at least one), into the two
    // vectors, emptied first. False when closed and drained.
    bool take(std::size_t most_events, std::vector<AppendRequest>& requests,
              std::vector<std::function<void()>>& errands);
    // What take() handed out last is committed or has failed.
    void finish();
    void close();
    std::size_t pending_events() const;

private:
    const std::size_t max_events_, max_bytes_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<AppendRequest> requests_;
    std::vector<std::function<void()>> errands_;
    std::size_t events_ = 0, bytes_ = 0;              // in requests_ and handed out
    std::size_t taken_events_ = 0, taken_bytes_ = 0;  // handed out
    bool waiting_ = false, closed_ = false;
};

}  // namespace streamgauge
