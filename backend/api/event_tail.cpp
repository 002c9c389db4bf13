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

EventTailReader::EventTailReader(Journal& journal, std::string event_type, Filter where)
    : journal_(journal), event_type_(std::move(event_type)) {
    if (!where.takes_everything()) where_.emplace(std::move(where));
    const Offset begin = journal_.begin(), end = journal_.end();
    // Where everything is taken the newest suffice, but for those of the program itself: on a quiet server they are
    // most of what there is.
    const std::size_t longest = takes_everything() ? kLongLookBack : kLookBack;
    for (std::size_t back = takes_everything() ? kEventsPerMessage : kLookBack;; back = longest) {
        position_ = end - std::min<Offset>(end - begin, back);
        newest_.clear();
        bool more = false;
        (void)take(0, back, more);
        if (newest_.size() >= kEventsPerMessage || back >= longest || end - begin <= back) return;
    }
}

std::uint64_t EventTailReader::search(std::size_t most, Found& found, bool& more) {
    std::uint64_t matched = 0;
    more = true;
    for (std::size_t searched = 0; searched < most;) {
        const auto read = journal_.read(position_, kReadEvents);
        if (!read && read.error().code == ErrorCode::NotFound && read.error().offset &&
            *read.error().offset > position_) {
            if (takes_everything()) matched += *read.error().offset - position_;
            position_ = *read.error().offset;
            continue;
        }
        // At the end; or unreadable, which the pipeline reports, too: the next call tries again.
        if (!read || read.value() == nullptr || read.value()->next() <= position_) {
            more = false;
            return matched;
        }
        const std::shared_ptr<const CommittedBatch>& batch = read.value();
        const std::string& project = batch->batch.project();
        const bool own = project == kSystemProject;
        for (auto i = static_cast<std::size_t>(position_ - batch->first); !own && i < batch->batch.size(); ++i) {
            if (!event_type_.empty() && batch->batch[i].event_type != event_type_) continue;
            if (where_ && !where_->matches(batch->batch[i], project)) continue;
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
    if (takes_everything()) {
        // Every event matches: those that would not be shown need not be read.
        const Offset end = journal_.end();
        if (end > position_ + kEventsPerMessage) {
            matched = end - kEventsPerMessage - position_;
            position_ = end - kEventsPerMessage;
        }
    }
    return take(matched, kEventsPerStep, more);
}

EventTail EventTailReader::take(std::uint64_t matched, std::size_t most, bool& more) {
    Found found;
    matched += search(most, found, more);
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
