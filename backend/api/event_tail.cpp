// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/event_tail.h"

#include <algorithm>

namespace streamgauge::api {
namespace {

constexpr std::size_t kReadEvents = 1'000;

TailEvent to_tail(Offset id, const EventView& event) {
    TailEvent tail;
    tail.id = id;
    tail.event_id = event.event_id;
    tail.event_type = event.event_type;
    tail.user_id = event.user_id;
    tail.session_id = event.session_id;
    tail.page_url = event.page_url;
    tail.props = event.props;
    tail.occurred_at = event.occurred_at;
    tail.received_at = event.received_at;
    return tail;
}

}  // namespace

EventTailReader::EventTailReader(Journal& journal, std::string event_type)
    : journal_(journal), event_type_(std::move(event_type)) {
    const Offset begin = journal_.begin(), end = journal_.end();
    const std::size_t back = event_type_.empty() ? kEventsPerMessage : kLookBack;
    position_ = end - std::min<Offset>(end - begin, back);
    bool more = false;
    (void)advance(more);
}

std::uint64_t EventTailReader::search(std::size_t most, Found& found, bool& more) {
    std::uint64_t matched = 0;
    more = true;
    for (std::size_t searched = 0; searched < most;) {
        const auto read = journal_.read(position_, kReadEvents);
        if (!read && read.error().code == ErrorCode::NotFound && read.error().offset &&
            *read.error().offset > position_) {
            if (event_type_.empty()) matched += *read.error().offset - position_;
            position_ = *read.error().offset;
            continue;
        }
        // At the end; or unreadable, which the pipeline reports, too: the next call tries again.
        if (!read || read.value() == nullptr || read.value()->next() <= position_) {
            more = false;
            return matched;
        }
        const std::shared_ptr<const CommittedBatch>& batch = read.value();
        for (auto i = static_cast<std::size_t>(position_ - batch->first); i < batch->batch.size(); ++i) {
            if (!event_type_.empty() && batch->batch[i].event_type != event_type_) continue;
            ++matched;
            found.emplace_back(batch, i);
            if (found.size() > kEventsPerMessage) found.pop_front();
        }
        searched += static_cast<std::size_t>(batch->next() - position_);
        position_ = batch->next();
    }
    return matched;
}

EventTail EventTailReader::advance(bool& more) {
    std::uint64_t matched = 0;
    if (event_type_.empty()) {
        // Every event matches: those that would not be shown need not be read.
        const Offset end = journal_.end();
        if (end > position_ + kEventsPerMessage) {
            matched = end - kEventsPerMessage - position_;
            position_ = end - kEventsPerMessage;
        }
    }
    Found found;
    matched += search(kEventsPerStep, found, more);
    EventTail tail;
    tail.skipped = matched - found.size();
    tail.events.reserve(found.size());
    for (const auto& [batch, index] : found) {
        tail.events.push_back(to_tail(batch->first + index, batch->batch[index]));
        newest_.push_back(tail.events.back());
        if (newest_.size() > kEventsPerMessage) newest_.pop_front();
    }
    return tail;
}

EventTail EventTailReader::newest() const {
    EventTail tail;
    tail.events.assign(newest_.begin(), newest_.end());
    return tail;
}

}  // namespace streamgauge::api
