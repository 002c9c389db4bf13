// SPDX-License-Identifier: GPL-3.0-or-later
// A bounded queue between threads: many producers, one consumer that takes everything at once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace streamgauge {

// Weight is what the bound counts (events, bytes, ...). Thread-safe.
template <class T>
class BoundedQueue {
public:
    explicit BoundedQueue(std::size_t max_weight) : max_weight_(max_weight) {}

    // False, and `item` untouched, when the queue is closed, or not empty and the weight would pass the bound: one
    // item heavier than the bound is still let in alone.
    [[nodiscard]] bool try_push(T&& item, std::size_t weight = 1) {
        {
            const std::lock_guard lock(mutex_);
            if (closed_ || (!items_.empty() && weight_ + weight > max_weight_)) return false;
            items_.push_back(std::move(item));
            weight_ += weight;
            if (!waiting_) return true;
        }
        ready_.notify_one();
        return true;
    }

    // Waits for something, then moves all of it into `out` (emptied first). False when closed and drained.
    bool pop_all(std::vector<T>& out) {
        out.clear();
        std::unique_lock lock(mutex_);
        waiting_ = true;
        ready_.wait(lock, [this] { return closed_ || !items_.empty(); });
        waiting_ = false;
        return take(out);
    }

    // As pop_all, but gives up at the deadline with true and `out` empty.
    template <class Rep, class Period>
    bool pop_all_for(std::vector<T>& out, std::chrono::duration<Rep, Period> timeout) {
        out.clear();
        std::unique_lock lock(mutex_);
        waiting_ = true;
        ready_.wait_for(lock, timeout, [this] { return closed_ || !items_.empty(); });
        waiting_ = false;
        return take(out) || !closed_;
    }

    // No more pushes; what is inside is still handed out.
    void close() {
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
        }
        ready_.notify_all();
    }

    std::size_t weight() const {
        const std::lock_guard lock(mutex_);
        return weight_;
    }

private:
    bool take(std::vector<T>& out) {
        if (items_.empty()) return false;
        out.swap(items_);
        weight_ = 0;
        return true;
    }

    const std::size_t max_weight_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::vector<T> items_;
    std::size_t weight_ = 0;
    bool waiting_ = false;
    bool closed_ = false;
};

}  // namespace streamgauge
