// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/live_reader.h"

#include "api/codec.h"
#include "server/ticker.h"

namespace streamgauge {

std::shared_ptr<const std::string> SharedText::of(const api::LiveMessage& message) {
    const std::lock_guard lock(mutex_);
    const bool same = text_ && message_.epoch == message.epoch && message_.seq == message.seq &&
                      message_.snapshot == message.snapshot && message_.overview == message.overview &&
                      message_.events == message.events && message_.load == message.load;
    if (!same) {
        text_ = std::make_shared<const std::string>(api::to_sse(message));
        message_ = message;  // keeps the values alive, so that their addresses stay theirs
    }
    return text_;
}

void LiveReader::open(api::LiveService& live, api::Topic topic, api::TopicFilter filter,
                      std::optional<api::ResumePoint> resume) {
    stream_->on_closed([self = shared_from_this()] { self->close(); });
    auto subscription =
        live.subscribe(topic, std::move(filter), resume, [weak = weak_from_this()](const api::LiveMessage& message) {
            if (const auto self = weak.lock()) self->receive(message);
        });
    const std::lock_guard lock(mutex_);
    if (closed_) return;  // the client left meanwhile: the subscription ends here, after the lock
    subscription_ = std::move(subscription);
}

void LiveReader::receive(const api::LiveMessage& message) {
    const bool full = stream_->backlog() > kFullBacklog;
    if (!full && (message.snapshot || !behind_.load())) {
        behind_.store(false);
        stream_->push(texts_->of(message));
        return;
    }
    behind_.store(true);
    const std::lock_guard lock(mutex_);
    if (catching_up_ || closed_) return;
    catching_up_ = true;
    // A snapshot that is asked for at once would come at once, and be dropped as well.
    ticker_.add([weak = weak_from_this()] {
        const auto self = weak.lock();
        return self && self->catch_up();
    });
}

bool LiveReader::catch_up() {
    const bool full = stream_->backlog() > kFullBacklog;
    full_seconds_ = full ? full_seconds_ + 1 : 0;
    const std::lock_guard lock(mutex_);
    if (full_seconds_ > kPatienceSeconds) stream_->end();
    catching_up_ = behind_.load() && !closed_ && full_seconds_ <= kPatienceSeconds;
    if (catching_up_ && !full && subscription_) subscription_->request_snapshot();
    return catching_up_;
}

void LiveReader::close() {
    std::unique_ptr<api::Subscription> ended;
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        ended = std::move(subscription_);
    }
    // Destroyed outside the lock: it waits for a call that is under way, which may want the lock.
}

}  // namespace streamgauge
