// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/append_queue.h"

namespace streamgauge {
namespace {

// Dead letters take room in the commit as events do.
std::size_t events_of(const AppendRequest& request) {
    return request.batch.size() + request.rejected.size();
}

std::size_t bytes_of(const AppendRequest& request) {
    std::size_t bytes = request.batch.text_bytes();
    for (const Rejection& r : request.rejected) bytes += r.raw.size();
    return bytes;
}

}  // namespace

bool AppendQueue::push(AppendRequest&& request) {
    const std::size_t events = events_of(request), bytes = bytes_of(request);
    {
        const std::lock_guard lock(mutex_);
        const bool full = events_ + events > max_events_ || bytes_ + bytes > max_bytes_;
        if (closed_ || (full && (events_ > 0 || !requests_.empty()))) return false;
        requests_.push_back(std::move(request));
        events_ += events;
        bytes_ += bytes;
        if (!waiting_) return true;
        waiting_ = false;
    }
    ready_.notify_one();
    return true;
}

bool AppendQueue::push_errand(std::function<void()> errand) {
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return false;
        errands_.push_back(std::move(errand));
        waiting_ = false;
    }
    ready_.notify_one();
    return true;
}

bool AppendQueue::take(std::size_t most_events, std::vector<AppendRequest>& requests,
                       std::vector<std::function<void()>>& errands) {
    requests.clear();
    errands.clear();
    std::unique_lock lock(mutex_);
    while (requests_.empty() && errands_.empty() && !closed_) {
        waiting_ = true;
        ready_.wait(lock);
    }
    waiting_ = false;
    errands.swap(errands_);
    while (!requests_.empty()) {
        const std::size_t events = events_of(requests_.front());
        if (!requests.empty() && taken_events_ + events > most_events) break;
        taken_events_ += events;
        taken_bytes_ += bytes_of(requests_.front());
        requests.push_back(std::move(requests_.front()));
        requests_.pop_front();
    }
    return !requests.empty() || !errands.empty();
}

void AppendQueue::finish() {
    const std::lock_guard lock(mutex_);
    events_ -= taken_events_;
    bytes_ -= taken_bytes_;
    taken_events_ = taken_bytes_ = 0;
}

void AppendQueue::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    ready_.notify_all();
}

std::size_t AppendQueue::pending_events() const {
    const std::lock_guard lock(mutex_);
    return events_;
}

}  // namespace streamgauge
