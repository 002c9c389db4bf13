// SPDX-License-Identifier: GPL-3.0-or-later
// Who was active when: distinct users over the last minutes, and the sessions of a user.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "metrics/string_map.h"
#include "store/user_activity.h"

namespace streamgauge {

inline constexpr std::int64_t kSessionWindowMicros = 1'800'000'000;  // a session is active for 30 minutes
// A user's sessions beyond these, oldest first, are forgotten: one hostile user must not make each event a long search.
inline constexpr std::size_t kSessionsPerUser = 256;

// A user's activity is the newest activity time (metrics/activity_time.h) of the events with the user_id, so an event
// dated ahead makes nobody active in the future. A function of the log: what has expired by the log's clock is
// forgotten, at a moment that no answer shows. Not thread-safe.
class ActivityTracker {
public:
    ActivityTracker();

    // The events [begin, end). The log's clock is the newest received_at; it goes on from `log_clock`.
    void apply(const EventBatch& batch, std::size_t begin, std::size_t end, Timestamp log_clock);
    // Puts back what a store holds. Call before the first apply(), with the clock that was stored beside it.
    void restore(UserActivity&& user, Timestamp log_clock);

    // Distinct users in the `minutes` * 60 whole seconds that end with the one of `now`. Precondition: 1 to 60 minutes.
    // Takes a look at each of the seconds, not at the users.
    std::uint64_t active_users(int minutes, Timestamp now) const;
    // Sessions with activity after `now` - kSessionWindowMicros, in byte order.
    std::vector<std::string> active_sessions(std::string_view user_id, Timestamp now) const;

    // What changed since the last call: users as they are now, and users that expired.
    struct Changes {
        std::vector<UserActivity> users;
        std::vector<std::string> expired;
    };
    Changes take_changes();
    std::size_t changed() const { return changed_.size() + expired_.size(); }
    std::size_t users() const { return users_.size(); }

private:
    struct User {
        Timestamp last;
        bool changed = false;
        std::vector<SessionActivity> sessions;
    };
    struct Second {
        std::int64_t second = 0;
        std::uint64_t users = 0;  // whose newest activity is in it
    };
    static constexpr std::size_t kSeconds = 4096;  // a power of two, more than an hour
    Second& slot(std::int64_t second) { return seconds_[static_cast<std::size_t>(second) & (kSeconds - 1)]; }
    void enter(std::int64_t second);
    void leave(std::int64_t second);
    void touch_session(User& user, std::string_view session_id, Timestamp at);
    bool expired(Timestamp at) const { return at.micros <= log_clock_.micros - kActivityRetentionMicros; }

    StringMap<User> users_;
    std::vector<Second> seconds_;
    Timestamp log_clock_;
    Timestamp next_round_;
    std::size_t sweep_cursor_ = 0, sweep_left_ = 0;
    std::vector<std::string> changed_, expired_;
};

}  // namespace streamgauge
