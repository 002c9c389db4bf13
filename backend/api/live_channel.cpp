// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/live_channel.h"

#include <algorithm>
#include <utility>

namespace streamgauge::api {

void LiveChannel::add(std::shared_ptr<Subscriber> subscriber, const std::optional<ResumePoint>& resume,
                      const std::function<LiveMessage()>& snapshot) {
    Subscriber& reader = *subscriber;
    subscribers_.push_back(std::move(subscriber));
    const bool here = resume && resume->epoch == epoch_ && resume->seq <= seq_ && seq_ - resume->seq <= deltas_.size();
    if (!here) return send_snapshot(reader, snapshot());
    for (auto delta = deltas_.end() - static_cast<std::ptrdiff_t>(seq_ - resume->seq); delta != deltas_.end(); ++delta)
        reader.deliver(*delta);
}

void LiveChannel::publish(LiveMessage delta) {
    delta.epoch = epoch_;
    delta.seq = ++seq_;
    delta.snapshot = false;
    // A reader may cancel itself in its call, and nothing else changes the list meanwhile.
    for (const auto& subscriber : subscribers_) subscriber->deliver(delta);
    if (kept_ == 0) return;
    deltas_.push_back(std::move(delta));
    if (deltas_.size() > kept_) deltas_.pop_front();
}

void LiveChannel::send_snapshot(Subscriber& subscriber, LiveMessage snapshot) const {
    snapshot.epoch = epoch_;
    snapshot.seq = seq_;
    snapshot.snapshot = true;
    subscriber.deliver(snapshot);
}

bool LiveChannel::prune() {
    std::erase_if(subscribers_, [](const auto& subscriber) { return subscriber->cancelled(); });
    return subscribers_.empty();
}

bool LiveChannel::has(const Subscriber* subscriber) const {
    return std::any_of(subscribers_.begin(), subscribers_.end(),
                       [subscriber](const auto& known) { return known.get() == subscriber; });
}

}  // namespace streamgauge::api
