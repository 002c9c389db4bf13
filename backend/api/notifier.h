// SPDX-License-Identifier: GPL-3.0-or-later
// Delivers notifications at least once each: written down before anything is sent, tried until it works or a day has
// passed, in order for each target, and taken up again after a restart. A target that is down holds up nobody else:
// kSenders are tried at a time, of each target one notification.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "api/notification_service.h"
#include "api/service_thread.h"
#include "base/clock.h"
#include "base/sqlite.h"

namespace streamgauge::api {

struct NotifierOptions {
    std::size_t most_waiting = 100;                  // of each target; of more the oldest are dropped
    std::int64_t first_pause_nanos = 1'000'000'000;  // after a failure: doubled each time, times 0.5 to 1.5
    std::int64_t longest_pause_nanos = 300'000'000'000;
    std::int64_t given_up_after_micros = 86'400'000'000;
    std::uint64_t seed = 0;  // of the jitter; 0: the operating system's
};

struct NotifierParts {
    const Clock& clock;
    std::string path;  // of the file; made where it is missing
    // Sends to one target; called on the notifier's own threads, of one target on one at a time; may block for seconds,
    // gives up when `stopping`.
    std::function<Status(const NotificationTarget&, const Notification&, const std::atomic<bool>& stopping)> deliver;
    // Says what is wrong with a target's members, with Error::field.
    std::function<Status(const NotificationTarget&)> check;
};

class Notifier final : public NotificationService {
public:
    static constexpr std::size_t kMostTargets = 64;
    static constexpr std::size_t kSenders = 8;

    static Result<std::unique_ptr<Notifier>> open(NotifierParts parts, NotifierOptions options = {});
    ~Notifier() override { stop(); }

    void targets(Done<std::vector<NotificationTargetStatus>> done) override;
    void put_target(NotificationTarget target, Done<NotificationTargetStatus> done) override;
    void remove_target(std::string name, Done<bool> done) override;
    void test_target(std::string name, Done<bool> done) override;

    // For each of the targets that there are, or for none where it fails; names that nobody has are logged. It is
    // written down when this returns. Thread-safe; also while the notifier stops: it is sent after the next start.
    Status notify(const std::vector<std::string>& names, const Notification& notification);
    // Whether one of them is a desktop. Thread-safe.
    bool has_desktop(const std::vector<std::string>& names);
    // Whether there is a target of this name. Thread-safe; never waits for the disk.
    bool has_target(const std::string& name) const;
    // What waits stays in the file. Idempotent.
    void stop();

private:
    struct Waiting {
        std::int64_t row = 0;
        Timestamp made_at;
        Notification notification;
    };
    struct Line {  // of one target
        NotificationTarget target;
        std::deque<Waiting> waiting;
        int failures = 0;
        std::int64_t next_nanos = 0;  // monotonic
        std::uint64_t sending = 0;    // the attempt that is under way; 0: none
        NotificationTargetStatus status;
    };

    Notifier(NotifierParts parts, NotifierOptions options, sql::Connection connection);
    Status load();
    template <class T>
    void run(Done<T> done, std::function<Result<T>()> work);
    // The next five with mutex_ held.
    Status enqueue(const std::vector<Line*>& lines, const Notification& notification);
    Result<std::int64_t> write(const Line& line, Timestamp now, const Notification& notification);  // its row
    Status forget(std::int64_t row);
    void settle(Line& line, const Status& done);
    static NotificationTargetStatus told(const Line& line);
    void deliver_all();
    std::uint64_t attempts_ = 0;  // guarded by mutex_
    std::int64_t pause_after(int failures);

    const NotifierParts parts_;
    const NotifierOptions options_;
    std::mutex mutex_;
    const sql::Connection connection_;   // guarded by mutex_, as the next two
    std::map<std::string, Line> lines_;  // by the target's name
    mutable std::mutex names_mutex_;     // taken last, and never while something is written
    std::set<std::string> names_;        // of lines_
    std::mt19937_64 random_;
    std::condition_variable changed_;
    std::atomic<bool> stopping_{false};
    ServiceThread calls_;
    std::vector<std::thread> senders_;
};

}  // namespace streamgauge::api
