// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/notifier.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "api/json_writer.h"
#include "api/notification_codec.h"
#include "base/log.h"
#include "base/uuid.h"

namespace streamgauge::api {
namespace {

constexpr std::int64_t kLayout = 1;
constexpr std::size_t kMostCalls = 1'024;
constexpr int kMostDoublings = 20;

}  // namespace

Result<std::unique_ptr<Notifier>> Notifier::open(NotifierParts parts, NotifierOptions options) {
    Result<sql::Connection> connection = sql::open(parts.path, true);
    if (!connection) return connection.error();
    std::unique_ptr<Notifier> out(new Notifier(std::move(parts), options, std::move(connection).value()));
    if (Status loaded = out->load(); !loaded) return loaded.error();
    for (std::size_t i = 0; i < kSenders; ++i)
        out->senders_.emplace_back([notifier = out.get()] { notifier->deliver_all(); });
    return out;
}

Notifier::Notifier(NotifierParts parts, NotifierOptions options, sql::Connection connection)
    : parts_(std::move(parts)),
      options_(options),
      connection_(std::move(connection)),
      random_(options.seed != 0 ? options.seed : std::random_device()()),
      calls_("notifications", kMostCalls) {}

Status Notifier::load() {
    auto asked = sql::Statement::prepare(connection_.get(), "PRAGMA user_version");
    if (!asked) return asked.error();
    if (const Result<bool> row = asked->step(); !row) return row.error();
    if (asked->integer(0) > kLayout)
        return Error::make(ErrorCode::Corrupt, "the file of notifications is of a newer version");
    asked->reset();
    if (Status made = sql::execute(connection_.get(),
                                   "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                   "BEGIN IMMEDIATE;"
                                   "CREATE TABLE IF NOT EXISTS targets(name TEXT PRIMARY KEY, body TEXT NOT NULL);"
                                   "CREATE TABLE IF NOT EXISTS waiting(row INTEGER PRIMARY KEY AUTOINCREMENT,"
                                   " target TEXT NOT NULL, made_at INTEGER NOT NULL, id TEXT NOT NULL,"
                                   " summary TEXT NOT NULL, body TEXT NOT NULL);"
                                   "PRAGMA user_version=1;"
                                   "COMMIT");
        !made)
        return made;
    auto targets = sql::Statement::prepare(connection_.get(), "SELECT body FROM targets");
    if (!targets) return targets.error();
    for (;;) {
        const Result<bool> more = targets->step();
        if (!more) return more.error();
        if (!*more) break;
        Result<NotificationTarget> target = read_target(targets->bytes(0));
        if (!target) return Error::make(ErrorCode::Corrupt, "a target cannot be read: " + target.error().describe());
        Line line;
        line.target = std::move(target).value();
        const std::string name = line.target.name;
        lines_.emplace(name, std::move(line));
        names_.insert(name);
    }
    auto rows = sql::Statement::prepare(connection_.get(),
                                        "SELECT row, target, made_at, id, summary, body FROM waiting ORDER BY row");
    if (!rows) return rows.error();
    for (;;) {
        const Result<bool> more = rows->step();
        if (!more) return more.error();
        if (!*more) return {};
        const auto line = lines_.find(std::string(rows->bytes(1)));
        if (line == lines_.end()) continue;
        line->second.waiting.push_back(
            {rows->integer(0),
             {rows->integer(2)},
             {std::string(rows->bytes(3)), std::string(rows->bytes(4)), std::string(rows->bytes(5))}});
    }
}

template <class T>
void Notifier::run(Done<T> done, std::function<Result<T>()> work) {
    const auto shared = std::make_shared<Done<T>>(std::move(done));
    const bool taken = calls_.post([shared, work = std::move(work)](bool running) {
        (*shared)(running ? work() : Error::make(ErrorCode::Unavailable, "the server is stopping"));
    });
    if (!taken) (*shared)(Error::make(ErrorCode::Unavailable, "too many changes of targets wait"));
}

NotificationTargetStatus Notifier::told(const Line& line) {
    NotificationTargetStatus out = line.status;
    out.target = line.target;
    out.waiting = line.waiting.size();
    return out;
}

void Notifier::targets(Done<std::vector<NotificationTargetStatus>> done) {
    run<std::vector<NotificationTargetStatus>>(std::move(done), [this] {
        const std::lock_guard lock(mutex_);
        std::vector<NotificationTargetStatus> all;
        for (const auto& [name, line] : lines_) all.push_back(told(line));
        return Result<std::vector<NotificationTargetStatus>>(std::move(all));
    });
}

void Notifier::put_target(NotificationTarget target, Done<NotificationTargetStatus> done) {
    run<NotificationTargetStatus>(
        std::move(done), [this, target = std::move(target)]() -> Result<NotificationTargetStatus> {
            if (Status right = check_target(target); !right) return right.error();
            if (Status right = parts_.check(target); !right) return right.error();
            const std::lock_guard lock(mutex_);
            if (!lines_.contains(target.name) && lines_.size() >= kMostTargets)
                return Error::make(ErrorCode::Conflict,
                                   "there are " + std::to_string(kMostTargets) + " targets already");
            auto row = sql::Statement::prepare(connection_.get(), "INSERT OR REPLACE INTO targets VALUES(?, ?)");
            if (!row) return row.error();
            const std::string body = write_target(target);
            row->bind_text(1, target.name).bind_text(2, body);
            if (Status written = row->run(); !written) return written.error();
            Line& line = lines_[target.name];
            line.target = target;
            {
                const std::lock_guard names(names_mutex_);
                names_.insert(target.name);
            }
            line.failures = 0;
            line.next_nanos = 0;
            line.status.failure.clear();
            changed_.notify_all();
            return told(line);
        });
}

void Notifier::remove_target(std::string name, Done<bool> done) {
    run<bool>(std::move(done), [this, name = std::move(name)]() -> Result<bool> {
        const std::lock_guard lock(mutex_);
        if (!lines_.contains(name)) return Error::make(ErrorCode::NotFound, "there is no target " + name);
        for (const char* statement : {"DELETE FROM waiting WHERE target = ?", "DELETE FROM targets WHERE name = ?"}) {
            auto rows = sql::Statement::prepare(connection_.get(), statement);
            if (!rows) return rows.error();
            rows->bind_text(1, name);
            if (Status gone = rows->run(); !gone) return gone.error();
        }
        lines_.erase(name);
        const std::lock_guard names(names_mutex_);
        names_.erase(name);
        return true;
    });
}

void Notifier::test_target(std::string name, Done<bool> done) {
    run<bool>(std::move(done), [this, name = std::move(name)]() -> Result<bool> {
        UuidGenerator ids;
        const Timestamp now = parts_.clock.now();
        Notification test;
        test.id = ids.v7(now);
        test.summary = "This is a test of the target " + name + ".";
        JsonWriter body;
        body.begin_object().key("id").string(test.id).key("type").string("test").key("timestamp");
        body.string(format_rfc3339(now)).key("data").begin_object().key("sentence").string(test.summary);
        body.end_object().end_object();
        test.body = body.take();
        const std::lock_guard lock(mutex_);
        const auto line = lines_.find(name);
        if (line == lines_.end()) return Error::make(ErrorCode::NotFound, "there is no target " + name);
        if (Status queued = enqueue({&line->second}, test); !queued) return queued.error();
        return true;
    });
}

Status Notifier::notify(const std::vector<std::string>& names, const Notification& notification) {
    const std::lock_guard lock(mutex_);
    std::vector<Line*> lines;
    for (const std::string& name : names) {
        const auto line = lines_.find(name);
        if (line == lines_.end()) {
            log::error("notification_lost", "there is no such target", {{"target", name}, {"id", notification.id}});
        } else {
            lines.push_back(&line->second);
        }
    }
    return enqueue(lines, notification);
}

bool Notifier::has_desktop(const std::vector<std::string>& names) {
    const std::lock_guard lock(mutex_);
    return std::any_of(names.begin(), names.end(), [this](const std::string& name) {
        const auto line = lines_.find(name);
        return line != lines_.end() && line->second.target.kind == NotificationTarget::Kind::Desktop;
    });
}

bool Notifier::has_target(const std::string& name) const {
    const std::lock_guard lock(names_mutex_);
    return names_.contains(name);
}

Status Notifier::enqueue(const std::vector<Line*>& lines, const Notification& notification) {
    if (lines.empty()) return {};
    const Timestamp now = parts_.clock.now();
    std::vector<std::int64_t> rows;
    Status done = sql::execute(connection_.get(), "BEGIN IMMEDIATE");
    if (!done) return done;
    for (const Line* line : lines) {
        const Result<std::int64_t> row = write(*line, now, notification);
        if (!row) {
            done = row.error();
            break;
        }
        rows.push_back(*row);
    }
    if (done) done = sql::execute(connection_.get(), "COMMIT");
    if (!done) {
        static_cast<void>(sql::execute(connection_.get(), "ROLLBACK"));
        return done;
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
        Line& line = *lines[i];
        line.waiting.push_back({rows[i], now, notification});
        while (line.waiting.size() > options_.most_waiting) {
            const Waiting& oldest = line.waiting.front();
            log::error("notification_dropped", "too many wait for this target: the oldest is dropped",
                       {{"target", line.target.name}, {"id", oldest.notification.id}});
            if (Status gone = forget(oldest.row); !gone)
                log::warning("notification_kept", gone.error().describe(), {{"id", oldest.notification.id}});
            line.waiting.pop_front();
            ++line.status.dropped;
        }
    }
    changed_.notify_all();
    return {};
}

Result<std::int64_t> Notifier::write(const Line& line, Timestamp now, const Notification& notification) {
    auto row = sql::Statement::prepare(
        connection_.get(),
        "INSERT INTO waiting(target, made_at, id, summary, body) VALUES(?, ?, ?, ?, ?) RETURNING row");
    if (!row) return row.error();
    row->bind_text(1, line.target.name).bind(2, now.micros).bind_text(3, notification.id);
    row->bind_text(4, notification.summary).bind_text(5, notification.body);
    const Result<bool> inserted = row->step();
    if (!inserted) return inserted.error();
    const std::int64_t number = row->integer(0);
    if (Status done = row->run(); !done) return done.error();
    return number;
}

Status Notifier::forget(std::int64_t row) {
    auto gone = sql::Statement::prepare(connection_.get(), "DELETE FROM waiting WHERE row = ?");
    if (!gone) return gone.error();
    gone->bind(1, row);
    return gone->run();
}

std::int64_t Notifier::pause_after(int failures) {
    const int doublings = std::min(failures - 1, kMostDoublings);
    const std::int64_t pause =
        std::min(options_.longest_pause_nanos, options_.first_pause_nanos * (std::int64_t{1} << doublings));
    const double jitter = std::uniform_real_distribution<double>(0.5, 1.5)(random_);
    return static_cast<std::int64_t>(static_cast<double>(pause) * jitter);
}

void Notifier::settle(Line& line, const Status& done) {
    const Waiting& first = line.waiting.front();
    const bool too_old = parts_.clock.now().micros - first.made_at.micros > options_.given_up_after_micros;
    if (done) {
        line.failures = 0;
        line.next_nanos = 0;
        ++line.status.delivered;
        line.status.delivered_at = parts_.clock.now();
        line.status.failure.clear();
    } else {
        ++line.failures;
        line.next_nanos = parts_.clock.monotonic_nanos() + pause_after(line.failures);
        line.status.failure = done.error().describe();
        log::warning(
            "notification_failed", line.status.failure,
            {{"target", line.target.name}, {"id", first.notification.id}, {"attempt", std::to_string(line.failures)}});
        if (!too_old) return;
        ++line.status.dropped;
        log::error("notification_dropped", "it could not be delivered for too long",
                   {{"target", line.target.name}, {"id", first.notification.id}});
    }
    // Not forgotten on disk: it is sent again after a restart, which receivers know by its id.
    if (Status gone = forget(first.row); !gone)
        log::warning("notification_kept", gone.error().describe(), {{"id", first.notification.id}});
    line.waiting.pop_front();
}

void Notifier::deliver_all() {
    pthread_setname_np(pthread_self(), "notifier");
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const std::int64_t now = parts_.clock.monotonic_nanos();
        std::optional<std::int64_t> soonest;
        auto next = lines_.end();  // the one that has waited longest of those that may be tried
        for (auto line = lines_.begin(); line != lines_.end(); ++line) {
            if (line->second.waiting.empty() || line->second.sending != 0) continue;
            if (line->second.next_nanos > now) {
                if (!soonest || line->second.next_nanos < *soonest) soonest = line->second.next_nanos;
            } else if (next == lines_.end() || line->second.waiting.front().row < next->second.waiting.front().row) {
                next = line;
            }
        }
        if (next == lines_.end()) {
            if (soonest) {
                changed_.wait_for(lock, std::chrono::nanoseconds(*soonest - now));
            } else {
                changed_.wait(lock);
            }
            continue;
        }
        const std::string name = next->first;
        const std::uint64_t attempt = next->second.sending = ++attempts_;
        const NotificationTarget target = next->second.target;
        const Waiting first = next->second.waiting.front();
        lock.unlock();
        const Status done = parts_.deliver(target, first.notification, stopping_);
        lock.lock();
        // It may be gone, or another of its name; another may be the oldest by now.
        const auto line = lines_.find(name);
        if (line == lines_.end() || line->second.sending != attempt) continue;
        line->second.sending = 0;
        const bool same = !line->second.waiting.empty() && line->second.waiting.front().row == first.row;
        if (same && (done || !stopping_)) settle(line->second, done);
        if (!line->second.waiting.empty()) changed_.notify_one();
    }
}

void Notifier::stop() {
    calls_.stop();
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& sender : senders_)
        if (sender.joinable()) sender.join();
}

}  // namespace streamgauge::api
