// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipeline/flush_queue.h"

#include <algorithm>

namespace streamgauge {
namespace {

constexpr std::chrono::milliseconds kCatchUp{200};     // how long a pipeline that is behind is waited for
constexpr std::chrono::milliseconds kPatience{2'000};  // with a store that does not commit

}  // namespace

void FlushQueue::answer(Offset next, const PartitionState& committed, bool fenced) {
    if (waiting_.empty()) return;
    const auto now = SteadyClock::now();
    std::vector<Flush> ready, left;
    for (Flush& flush : waiting_) {
        if (!flush.cut && now - flush.asked_at >= kCatchUp) {
            flush.cut = true;
            flush.target = std::min(flush.target, next);
        }
        const bool answered = committed.next >= flush.target || fenced || now - flush.asked_at >= kPatience;
        (answered ? ready : left).push_back(std::move(flush));
    }
    waiting_ = std::move(left);
    for (const Flush& flush : ready) {
        if (committed.next >= flush.target)
            flush.done(committed);
        else
            flush.done(Error::make(ErrorCode::Unavailable, fenced ? "another server has taken over"
                                                                  : "the store does not take what is aggregated"));
    }
}

void FlushQueue::close(const PartitionState& committed) {
    for (const Flush& flush : std::exchange(waiting_, {})) {
        if (committed.next >= flush.target)
            flush.done(committed);
        else
            flush.done(Error::make(ErrorCode::Unavailable, "the server is stopping, or another one has taken over"));
    }
}

bool FlushQueue::commit_helps(Offset next, Offset committed) const {
    return std::any_of(waiting_.begin(), waiting_.end(),
                       [&](const Flush& flush) { return flush.target <= next && flush.target > committed; });
}

bool FlushQueue::wants_commit(Offset next, Offset committed) const {
    return SteadyClock::now() >= last_forced_ + interval_ && commit_helps(next, committed);
}

std::optional<FlushQueue::SteadyClock::time_point> FlushQueue::due(Offset next, Offset committed,
                                                                   bool commit_under_way) const {
    std::optional<SteadyClock::time_point> due;
    const auto earlier = [&due](SteadyClock::time_point t) { due = due ? std::min(*due, t) : t; };
    for (const Flush& flush : waiting_) earlier(flush.asked_at + (flush.cut ? kPatience : kCatchUp));
    if (!commit_under_way && commit_helps(next, committed)) earlier(last_forced_ + interval_);
    return due;
}

}  // namespace streamgauge
