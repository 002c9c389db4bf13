// SPDX-License-Identifier: GPL-3.0-or-later
// Who was active when in one project: distinct users over the last minutes, and the sessions of a user.
#pragma once

#include <array>
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

// How much is kept of a project. Tests take less.
struct ActivityBounds {
    std::size_t users = 1'000'000;  // active within the hour; beyond: a sample of them
    std::size_t session_bytes =
        128ULL << 20U;  // of sessions with their ids; beyond: a user's new one replaces an old one
};

struct ActiveCount {
    std::uint64_t users = 0;
    double relative_error = 0;  // one standard error; 0: exact
};

// A user's activity is the newest activity time (metrics/activity_time.h) of the events with the user_id, so an event
// dated ahead makes nobody active in the future. A function of the log: what has expired by the log's clock is
// forgotten, at a moment that no answer shows. Not thread-safe.
//
// Exact up to bounds.users within the hour. When there are more, only every other user is followed (by a bit of a hash
// of the id), then every fourth, and so on, and counts are multiplied (adaptive sampling: Flajolet, "On Adaptive
// Sampling", Computing 43, 1990): of n users followed, the standard error is about 1 / sqrt(n), at most 0.15 % at the
// default bound. When the followed ones become few, more are followed from that second on; counts that reach back
// before it are multiplied second by second as the users were followed then.
class ActivityTracker {
public:
    explicit ActivityTracker(std::string project = {}, ActivityBounds bounds = {});

    // The events [begin, end), which are of the project. The log's clock is the newest received_at; it goes on from
    // `log_clock`.
    void apply(const EventBatch& batch, std::size_t begin, std::size_t end, Timestamp log_clock);
    // Without events: expires by the log's clock.
    void advance(Timestamp log_clock);
    // Puts back what a store holds: user_id as take_changes() gave it. Call before the first apply(), with the clock
    // that was stored beside it.
    void restore(UserActivity&& user, Timestamp log_clock);

    // Distinct users in the `minutes` * 60 whole seconds that end with the one of `now`. Precondition: 1 to 60 minutes.
    // Takes a look at each of the seconds, not at the users.
    ActiveCount active_users(int minutes, Timestamp now) const;
    // Sessions with activity after `now` - kSessionWindowMicros, in byte order.
    std::vector<std::string> active_sessions(std::string_view user_id, Timestamp now) const;

    // What changed since the last call: users as they are now, and users that expired, by the project, U+0000 and the
    // id. The entry without an id says how users are sampled.
    struct Changes {
        std::vector<UserActivity> users;
        std::vector<std::string> expired;
    };
    Changes take_changes();
    std::size_t changed() const { return changed_.size() + expired_.size() + (sampling_changed_ ? 1 : 0); }
    std::size_t users() const { return users_.size(); }
    std::size_t memory_bytes() const;

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
    static constexpr unsigned kLevels = 33;
    static constexpr std::int64_t kNever = INT64_MIN;
    Second& slot(std::int64_t second) { return seconds_[static_cast<std::size_t>(second) & (kSeconds - 1)]; }
    void enter(std::int64_t second);
    void leave(std::int64_t second);
    void move_clock(Timestamp log_clock);
    void touch_session(User& user, std::string_view session_id, Timestamp at);
    void drop_sessions(User& user);
    bool expired(Timestamp at) const { return at.micros <= log_clock_.micros - kActivityRetentionMicros; }
    // Of 2^level users one was followed at that second.
    unsigned level_at(std::int64_t second) const;
    static bool followed(std::uint64_t hash, unsigned level) { return (hash & ((1ULL << level) - 1)) == 0; }
    void follow_fewer();
    void follow_more();
    std::string stored_name(std::string_view user_id) const;
    void sweep(std::size_t events);

    const std::string project_;
    const ActivityBounds bounds_;
    StringMap<User> users_;
    std::vector<Second> seconds_;
    Timestamp log_clock_;
    Timestamp next_round_;
    std::int64_t hour_begin_ = kNever;  // the first second of the hour that ends now
    std::uint64_t in_hour_ = 0;         // followed users active since then
    std::size_t session_bytes_ = 0;
    unsigned level_ = 0;
    std::array<std::int64_t, kLevels + 1> left_{};  // [n]: the last second that was followed at level n; kNever
    bool sampling_changed_ = false;
    std::size_t sweep_cursor_ = 0, sweep_left_ = 0;
    std::vector<std::string> changed_, expired_;
};

}  // namespace streamgauge
