// SPDX-License-Identifier: GPL-3.0-or-later
// Between a live subscription and one client's event stream: a reader that falls behind gets snapshots instead of every
// delta, and is cut off when that does not help.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "api/services.h"
#include "base/limits.h"
#include "http/types.h"

namespace streamgauge {

class Ticker;

// The text of the newest message of a topic, made once for all readers that get the same one. Thread-safe.
class SharedText {
public:
    std::shared_ptr<const std::string> of(const api::LiveMessage& message);

private:
    std::mutex mutex_;
    api::LiveMessage message_;                 // guarded by mutex_
    std::shared_ptr<const std::string> text_;  // guarded by mutex_
};

// One client. The subscription calls it on the live thread, the end of the stream on an engine's thread, and while it
// is behind the ticker once a second.
class LiveReader : public std::enable_shared_from_this<LiveReader> {
public:
    static constexpr std::size_t kFullBacklog = limits::kUnreadAnswerBytes / 4;  // beyond: nothing until it has drained
    static constexpr int kPatienceSeconds = 30;  // with a full backlog; then it is cut off

    // `ticker` must outlive the reader's subscription.
    LiveReader(std::shared_ptr<http::Stream> stream, Ticker& ticker, std::shared_ptr<SharedText> texts)
        : stream_(std::move(stream)), ticker_(ticker), texts_(std::move(texts)) {}

    // Subscribes. From now on the stream owns the reader, until it ends. Call once, on an object in a shared_ptr.
    void open(api::LiveService& live, api::Topic topic, api::TopicFilter filter,
              std::optional<api::ResumePoint> resume);

private:
    void receive(const api::LiveMessage& message);
    bool catch_up();
    void close();

    const std::shared_ptr<http::Stream> stream_;
    Ticker& ticker_;
    const std::shared_ptr<SharedText> texts_;
    std::atomic<bool> behind_{false};  // a message was dropped: only a snapshot helps
    int full_seconds_ = 0;             // ticker's thread only

    std::mutex mutex_;
    std::unique_ptr<api::Subscription> subscription_;  // guarded by mutex_
    bool closed_ = false;                              // guarded by mutex_
    bool catching_up_ = false;                         // guarded by mutex_: the ticker has the task
};

}  // namespace streamgauge
