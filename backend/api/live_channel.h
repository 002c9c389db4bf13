// SPDX-License-Identifier: GPL-3.0-or-later
// Subscribers of one topic, and the messages they may resume from.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "api/services.h"

namespace streamgauge::api {

// One reader. Thread-safe.
class Subscriber {
public:
    explicit Subscriber(std::function<void(const LiveMessage&)> receive) : receive_(std::move(receive)) {}
    void deliver(const LiveMessage& message) {
        const std::lock_guard lock(mutex_);
        if (!cancelled_) receive_(message);
    }
    // No call is made after it returns. May be called from within the call.
    void cancel() {
        const std::lock_guard lock(mutex_);
        cancelled_ = true;
    }
    bool cancelled() const { return cancelled_; }

private:
    std::recursive_mutex mutex_;  // a reader may cancel itself in its call
    std::atomic<bool> cancelled_{false};
    const std::function<void(const LiveMessage&)> receive_;
};

// Lives on the live thread.
class LiveChannel {
public:
    // Keeps the newest `kept` deltas for those who resume.
    LiveChannel(std::uint64_t epoch, std::size_t kept) : epoch_(epoch), kept_(kept) {}

    // Starts with the deltas after `resume` when they are all here, otherwise with the snapshot.
    void add(std::shared_ptr<Subscriber> subscriber, const std::optional<ResumePoint>& resume,
             const std::function<LiveMessage()>& snapshot);
    // Numbers the delta and hands it to everybody.
    void publish(LiveMessage delta);
    // Hands one reader a message with the channel's present number.
    void send_snapshot(Subscriber& subscriber, LiveMessage snapshot) const;

    // True when nobody is left.
    bool prune();
    bool has(const Subscriber* subscriber) const;

private:
    const std::uint64_t epoch_;
    const std::size_t kept_;
    std::uint64_t seq_ = 0;
    std::vector<std::shared_ptr<Subscriber>> subscribers_;
    std::deque<LiveMessage> deltas_;
};

}  // namespace streamgauge::api
