// SPDX-License-Identifier: GPL-3.0-or-later
#include "live/activity.h"

#include <algorithm>

#include "metrics/activity_time.h"

namespace streamgauge {
namespace {

// By the log's clock, everything is looked at once in a minute, some of it after each batch: no pause is long.
constexpr std::int64_t kSweepRoundMicros = 60'000'000;
constexpr std::size_t kSweepSlots = 64;

std::int64_t second_of(Timestamp t) {
    return floor_to(t, Timestamp::kMicrosPerSecond).seconds();
}

}  // namespace

ActivityTracker::ActivityTracker() : seconds_(kSeconds) {}

void ActivityTracker::apply(const EventBatch& batch, std::size_t begin, std::size_t end, Timestamp log_clock) {
    log_clock_ = std::max(log_clock_, log_clock);
    for (std::size_t i = begin; i < end; ++i) {
        const EventView event = batch[i];
        log_clock_ = std::max(log_clock_, event.received_at);
        if (event.user_id.empty()) continue;
        const Timestamp at = activity_time(event);
        if (expired(at)) continue;
        const auto [user, fresh] = users_.find_or_insert(event.user_id);
        if (fresh || at > user->last) {
            const std::int64_t second = second_of(at);
            const std::int64_t before = second_of(user->last);
            if (fresh || second != before) {
                if (!fresh) leave(before);
                enter(second);
            }
            user->last = at;
        }
        if (!event.session_id.empty()) touch_session(*user, event.session_id, at);
        if (!user->changed) {
            user->changed = true;
            changed_.emplace_back(event.user_id);
        }
    }
    if (log_clock_.micros >= next_round_.micros) {
        next_round_ = log_clock_.plus_micros(kSweepRoundMicros);
        sweep_left_ = users_.slots() + users_.slots() / 8;  // an erasure looks at its slot twice
    }
    const std::size_t slots = std::min(sweep_left_, kSweepSlots * (end - begin + 16));
    sweep_left_ -= slots;
    users_.sweep(sweep_cursor_, slots, [this](std::string_view name, const User& user) {
        if (!expired(user.last)) return false;
        leave(second_of(user.last));
        expired_.emplace_back(name);
        return true;
    });
}

void ActivityTracker::restore(UserActivity&& stored, Timestamp log_clock) {
    log_clock_ = std::max(log_clock_, log_clock);
    const auto [user, fresh] = users_.find_or_insert(stored.user_id);
    if (!fresh) leave(second_of(user->last));
    user->last = stored.last;
    user->sessions = std::move(stored.sessions);
    if (!expired(stored.last)) enter(second_of(stored.last));
}

void ActivityTracker::enter(std::int64_t second) {
    Second& entry = slot(second);
    if (entry.second != second) entry = {second, 0};
    ++entry.users;
}

void ActivityTracker::leave(std::int64_t second) {
    Second& entry = slot(second);
    if (entry.second == second && entry.users > 0) --entry.users;
}

void ActivityTracker::touch_session(User& user, std::string_view session_id, Timestamp at) {
    auto& sessions = user.sessions;
    std::erase_if(sessions, [this](const SessionActivity& session) { return expired(session.last); });
    const auto known = std::find_if(sessions.begin(), sessions.end(),
                                    [&](const SessionActivity& session) { return session.session_id == session_id; });
    if (known != sessions.end()) {
        known->last = std::max(known->last, at);
        return;
    }
    if (sessions.size() >= kSessionsPerUser) {
        const auto oldest = std::min_element(sessions.begin(), sessions.end(), [](const auto& a, const auto& b) {
            return a.last != b.last ? a.last < b.last : a.session_id < b.session_id;
        });
        if (at < oldest->last) return;
        sessions.erase(oldest);
    }
    sessions.push_back({std::string(session_id), at});
}

std::uint64_t ActivityTracker::active_users(int minutes, Timestamp now) const {
    const std::int64_t now_second = second_of(now);
    const std::int64_t newest = std::max(now_second, second_of(log_clock_));
    const std::int64_t oldest =
        std::max(now_second - minutes * 60 + 1, newest - static_cast<std::int64_t>(kSeconds) + 1);
    std::uint64_t users = 0;
    for (std::int64_t second = oldest; second <= newest; ++second) {
        const Second& entry = seconds_[static_cast<std::size_t>(second) & (kSeconds - 1)];
        if (entry.second == second) users += entry.users;
    }
    return users;
}

std::vector<std::string> ActivityTracker::active_sessions(std::string_view user_id, Timestamp now) const {
    std::vector<std::string> active;
    const User* const user = users_.find(user_id);
    if (user == nullptr) return active;
    for (const SessionActivity& session : user->sessions)
        if (session.last.micros > now.micros - kSessionWindowMicros) active.push_back(session.session_id);
    std::sort(active.begin(), active.end());
    return active;
}

ActivityTracker::Changes ActivityTracker::take_changes() {
    Changes changes;
    changes.expired = std::exchange(expired_, {});
    changes.users.reserve(changed_.size());
    for (std::string& name : changed_) {
        User* const user = users_.find(name);
        if (user == nullptr || !user->changed) continue;  // it has expired, or is in the list twice
        user->changed = false;
        changes.users.push_back({std::move(name), user->last, user->sessions});
    }
    changed_.clear();
    return changes;
}

}  // namespace streamgauge
