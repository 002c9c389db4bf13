// SPDX-License-Identifier: GPL-3.0-or-later
#include "live/activity.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "metrics/activity_time.h"
#include "metrics/hash.h"
#include "metrics/window.h"

namespace streamgauge {
namespace {

// By the log's clock, everything is looked at once in a minute, some of it after each batch: no pause is long.
constexpr std::int64_t kSweepRoundMicros = 60'000'000;
constexpr std::size_t kSweepSlots = 64;
constexpr std::int64_t kHourSeconds = kActivityRetentionMicros / Timestamp::kMicrosPerSecond;
constexpr std::size_t kFewUsers = 8;  // more are followed when there are fewer than the bound divided by this

std::int64_t second_of(Timestamp t) {
    return floor_to(t, Timestamp::kMicrosPerSecond).seconds();
}

std::size_t bytes_of(const SessionActivity& session) {
    return sizeof(SessionActivity) + session.session_id.size();
}

}  // namespace

ActivityTracker::ActivityTracker(std::string project, ActivityBounds bounds)
    : project_(std::move(project)), bounds_(bounds), seconds_(kSeconds) {
    left_.fill(kNever);
}

void ActivityTracker::apply(const EventBatch& batch, std::size_t begin, std::size_t end, Timestamp log_clock) {
    move_clock(log_clock);
    for (std::size_t i = begin; i < end; ++i) {
        const EventView event = batch[i];
        move_clock(event.received_at);
        if (event.user_id.empty()) continue;
        const Timestamp at = activity_time(event);
        if (expired(at)) continue;
        const std::int64_t second = second_of(at);
        const unsigned level = level_at(second);
        if (level > 0 && !followed(value_hash(event.user_id), level) && users_.find(event.user_id) == nullptr) continue;
        const auto [user, fresh] = users_.find_or_insert(event.user_id);
        if (fresh || at > user->last) {
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
        if (in_hour_ > bounds_.users) follow_fewer();
    }
    sweep(end - begin);
}

void ActivityTracker::advance(Timestamp log_clock) {
    move_clock(log_clock);
    sweep(0);
}

void ActivityTracker::sweep(std::size_t events) {
    if (log_clock_.micros >= next_round_.micros) {
        next_round_ = log_clock_.plus_micros(kSweepRoundMicros);
        sweep_left_ = users_.slots() + users_.slots() / 8;  // an erasure looks at its slot twice
    }
    const std::size_t slots = std::min(sweep_left_, kSweepSlots * (events + 16));
    sweep_left_ -= slots;
    users_.sweep(sweep_cursor_, slots, [this](std::string_view name, User& user) {
        if (!expired(user.last)) return false;
        leave(second_of(user.last));
        drop_sessions(user);
        expired_.push_back(stored_name(name));
        return true;
    });
}

void ActivityTracker::move_clock(Timestamp log_clock) {
    if (log_clock <= log_clock_ && hour_begin_ != kNever) return;
    log_clock_ = std::max(log_clock_, log_clock);
    const std::int64_t begin = second_of(log_clock_) - kHourSeconds + 1;
    if (begin <= hour_begin_) return;
    if (hour_begin_ == kNever || begin - hour_begin_ >= static_cast<std::int64_t>(kSeconds)) {
        in_hour_ = 0;
        for (const Second& entry : seconds_)
            if (entry.second >= begin) in_hour_ += entry.users;
    } else {
        for (std::int64_t second = hour_begin_; second < begin; ++second)
            if (const Second& entry = slot(second); entry.second == second) in_hour_ -= entry.users;
    }
    // Once a minute, by the log's clock.
    const bool new_minute = hour_begin_ != kNever && begin / 60 != hour_begin_ / 60;
    hour_begin_ = begin;
    if (level_ > 0 && new_minute && in_hour_ < bounds_.users / kFewUsers) follow_more();
}

// ---- sampling -------------------------------------------------------------------------------------------------------
unsigned ActivityTracker::level_at(std::int64_t second) const {
    unsigned level = level_;
    while (level < kLevels && second <= left_[level + 1]) ++level;
    return level;
}

void ActivityTracker::follow_fewer() {
    ++level_;
    left_[level_] = kNever;
    sampling_changed_ = true;
    std::size_t cursor = 0;
    users_.sweep(cursor, users_.slots() * 2, [this](std::string_view name, User& user) {
        if (followed(value_hash(name), level_)) return false;
        leave(second_of(user.last));
        drop_sessions(user);
        expired_.push_back(stored_name(name));
        return true;
    });
}

void ActivityTracker::follow_more() {
    left_[level_] = second_of(log_clock_);
    --level_;
    sampling_changed_ = true;
}

// ---- the store ------------------------------------------------------------------------------------------------------
std::string ActivityTracker::stored_name(std::string_view user_id) const {
    std::string name = project_;
    name += kGroupSeparator;
    name.append(user_id);
    return name;
}

void ActivityTracker::restore(UserActivity&& stored, Timestamp log_clock) {
    const std::string_view name = std::string_view(stored.user_id).substr(project_.size() + 1);
    if (name.empty()) {
        for (const SessionActivity& entry : stored.sessions) {
            unsigned level = 0;
            std::from_chars(entry.session_id.data(), entry.session_id.data() + entry.session_id.size(), level);
            if (level > kLevels) continue;
            if (entry.last == stored.last)
                level_ = level;
            else
                left_[level] = entry.last.seconds();
        }
        return;
    }
    move_clock(log_clock);
    const auto [user, fresh] = users_.find_or_insert(name);
    if (!fresh) leave(second_of(user->last));
    drop_sessions(*user);
    user->last = stored.last;
    user->sessions = std::move(stored.sessions);
    for (const SessionActivity& session : user->sessions) session_bytes_ += bytes_of(session);
    if (!expired(stored.last)) enter(second_of(stored.last));
}

ActivityTracker::Changes ActivityTracker::take_changes() {
    Changes changes;
    changes.expired = std::exchange(expired_, {});
    changes.users.reserve(changed_.size());
    for (const std::string& name : changed_) {
        User* const user = users_.find(name);
        if (user == nullptr || !user->changed) continue;  // it has expired, or is in the list twice
        user->changed = false;
        changes.users.push_back({stored_name(name), user->last, user->sessions});
    }
    changed_.clear();
    if (sampling_changed_) {
        // The level as of `last`; the others as of the second that they were left at.
        UserActivity sampling{stored_name({}), Timestamp{1}, {{std::to_string(level_), Timestamp{1}}}};
        for (unsigned level = 1; level <= kLevels; ++level)
            if (left_[level] != kNever)
                sampling.sessions.push_back({std::to_string(level), Timestamp::from_seconds(left_[level])});
        changes.users.push_back(std::move(sampling));
        sampling_changed_ = false;
    }
    return changes;
}

// ---- one user -------------------------------------------------------------------------------------------------------
void ActivityTracker::enter(std::int64_t second) {
    Second& entry = slot(second);
    if (entry.second != second) entry = {second, 0};
    ++entry.users;
    if (second >= hour_begin_) ++in_hour_;
}

void ActivityTracker::leave(std::int64_t second) {
    Second& entry = slot(second);
    if (entry.second != second || entry.users == 0) return;
    --entry.users;
    if (second >= hour_begin_) --in_hour_;
}

void ActivityTracker::drop_sessions(User& user) {
    for (const SessionActivity& session : user.sessions) session_bytes_ -= bytes_of(session);
    user.sessions.clear();
}

void ActivityTracker::touch_session(User& user, std::string_view session_id, Timestamp at) {
    auto& sessions = user.sessions;
    std::erase_if(sessions, [this](const SessionActivity& session) {
        if (!expired(session.last)) return false;
        session_bytes_ -= bytes_of(session);
        return true;
    });
    const auto known = std::find_if(sessions.begin(), sessions.end(),
                                    [&](const SessionActivity& session) { return session.session_id == session_id; });
    if (known != sessions.end()) {
        known->last = std::max(known->last, at);
        return;
    }
    if (sessions.size() >= kSessionsPerUser || session_bytes_ >= bounds_.session_bytes) {
        const auto oldest = std::min_element(sessions.begin(), sessions.end(), [](const auto& a, const auto& b) {
            return a.last != b.last ? a.last < b.last : a.session_id < b.session_id;
        });
        if (oldest == sessions.end() || at < oldest->last) return;
        session_bytes_ -= bytes_of(*oldest);
        sessions.erase(oldest);
    }
    sessions.push_back({std::string(session_id), at});
    session_bytes_ += bytes_of(sessions.back());
}

// ---- questions ------------------------------------------------------------------------------------------------------
ActiveCount ActivityTracker::active_users(int minutes, Timestamp now) const {
    const std::int64_t now_second = second_of(now);
    const std::int64_t newest = std::max(now_second, second_of(log_clock_));
    const std::int64_t oldest =
        std::max(now_second - minutes * 60 + 1, newest - static_cast<std::int64_t>(kSeconds) + 1);
    ActiveCount count;
    // One user that is followed stands for 2^level: that much is unknown even when none was.
    const unsigned highest = level_at(oldest);
    double variance = highest > 0 ? std::ldexp(1.0, 2 * static_cast<int>(highest)) : 0;
    for (std::int64_t second = oldest; second <= newest; ++second) {
        const Second& entry = seconds_[static_cast<std::size_t>(second) & (kSeconds - 1)];
        if (entry.second != second || entry.users == 0) continue;
        const unsigned level = level_at(second);
        const std::uint64_t users = entry.users << level;
        count.users += users;
        // Each user is followed with p = 2^-level: the variance of the estimate is n (1 - p) / p.
        variance += static_cast<double>(users) * (std::ldexp(1.0, static_cast<int>(level)) - 1);
    }
    if (variance > 0)
        count.relative_error = std::min(1.0, std::sqrt(variance) / std::max(1.0, static_cast<double>(count.users)));
    return count;
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

std::size_t ActivityTracker::memory_bytes() const {
    return users_.slots() * (sizeof(User) + sizeof(std::string) + sizeof(std::uint64_t)) + session_bytes_ +
           seconds_.size() * sizeof(Second);
}

}  // namespace streamgauge
