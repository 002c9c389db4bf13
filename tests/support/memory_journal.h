// SPDX-License-Identifier: GPL-3.0-or-later
// A Journal in memory for tests of what stands on it: same contract, a writer thread of its own, and faults on demand.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/clock.h"
#include "base/limits.h"
#include "journal/journal.h"

namespace streamgauge::test {

class MemoryJournal final : public Journal {
public:
    explicit MemoryJournal(std::size_t queue_events = limits::kJournalQueueEvents) : queue_events_(queue_events) {
        writer_ = std::thread([this] { run(); });
    }
    ~MemoryJournal() override { close(); }

    // ---- faults; thread-safe -----------------------------------------------------------------------------------
    // The next `count` commits fail with `code`, and nothing of them is kept.
    void fail_commits(int count, ErrorCode code = ErrorCode::Io) {
        const std::lock_guard lock(mutex_);
        failures_ = count;
        failure_code_ = code;
    }
    // While held nothing is committed: what is appended piles up in the queue.
    void hold(bool held) {
        {
            const std::lock_guard lock(mutex_);
            held_ = held;
        }
        wake_.notify_all();
    }
    // Refuses every append, as a full queue does.
    void refuse(bool refused) {
        const std::lock_guard lock(mutex_);
        refused_ = refused;
    }
    // Forgets everything before `offset`, as retention does.
    void forget_before(Offset offset) {
        const std::lock_guard lock(mutex_);
        begin_ = std::max(begin_, std::min(offset, end_));
        while (!log_.empty() && log_.front()->next() <= begin_) log_.erase(log_.begin());
    }

    // ---- Journal -----------------------------------------------------------------------------------------------
    bool append(AppendRequest&& request) override {
        {
            const std::lock_guard lock(mutex_);
            const std::size_t events = request.batch.size() + request.rejected.size();
            if (closing_ || refused_ || (!queue_.empty() && pending_ + events > queue_events_)) return false;
            pending_ += events;
            queue_.push_back(std::move(request));
        }
        wake_.notify_all();
        return true;
    }

    Result<std::shared_ptr<const CommittedBatch>> read(Offset from, std::size_t max_events) override {
        const std::lock_guard lock(mutex_);
        if (from < begin_) {
            Error e = Error::make(ErrorCode::NotFound, "no longer in the journal");
            e.offset = begin_;
            return e;
        }
        if (from > end_) return Error::make(ErrorCode::InvalidArgument, "beyond the end of the journal");
        for (const auto& batch : log_) {
            if (from >= batch->next()) continue;
            auto part = std::make_shared<CommittedBatch>();
            part->first = from;
            part->batch = EventBatch(batch->batch.project());
            for (Offset at = from; at < batch->next() && part->batch.size() < std::max<std::size_t>(max_events, 1);
                 ++at)
                part->batch.add(batch->batch[at - batch->first]);
            return std::shared_ptr<const CommittedBatch>(std::move(part));
        }
        return std::shared_ptr<const CommittedBatch>();
    }

    Result<std::vector<DeadLetter>> read_dead_letters(std::uint64_t from, std::size_t max) override {
        const std::lock_guard lock(mutex_);
        std::vector<DeadLetter> out;
        for (const DeadLetter& letter : letters_)
            if (letter.id >= from && out.size() < max) out.push_back(letter);
        return out;
    }
    std::uint64_t next_dead_letter() const override {
        const std::lock_guard lock(mutex_);
        return letters_.size() + 1;
    }

    void dead_letters_kept_to(std::uint64_t) override {}

    Offset end() const override {
        const std::lock_guard lock(mutex_);
        return end_;
    }
    Offset begin() const override {
        const std::lock_guard lock(mutex_);
        return begin_;
    }
    JournalCounters counters() const override {
        const std::lock_guard lock(mutex_);
        return counters_;
    }
    Result<EventPlace> find(std::string_view project, std::string_view event_id) override {
        const std::lock_guard lock(mutex_);
        if (closing_) return Error::make(ErrorCode::Unavailable, "the journal is closing");
        const auto found = seen_.find(std::string(project) + '\n' + std::string(event_id));
        if (found == seen_.end()) return Error::make(ErrorCode::NotFound, "no such id is known");
        return place_of(found->second.offset);
    }
    Result<EventPlace> place(Offset offset) override {
        const std::lock_guard lock(mutex_);
        return place_of(offset);
    }
    std::size_t pending() const override {
        const std::lock_guard lock(mutex_);
        return pending_;
    }
    void on_commit(std::function<void()> listener) override {
        const std::lock_guard lock(mutex_);
        listener_ = std::move(listener);
    }

    void close() override {
        {
            const std::lock_guard lock(mutex_);
            closing_ = true;
            held_ = false;
        }
        wake_.notify_all();
        const std::lock_guard joining(join_mutex_);
        if (writer_.joinable()) writer_.join();
    }

private:
    struct Seen {
        Offset offset;
        Timestamp received_at;
    };

    Result<EventPlace> place_of(Offset offset) const {
        if (offset < begin_ || offset >= end_) {
            Error e = Error::make(ErrorCode::NotFound, "no longer in the journal");
            e.offset = offset;
            return e;
        }
        EventPlace place = std::prev(places_.upper_bound(offset))->second;
        place.offset = offset;
        return place;
    }

    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            wake_.wait(lock, [this] { return closing_ || (!held_ && !queue_.empty()); });
            if (queue_.empty()) return;
            AppendRequest request = std::move(queue_.front());
            queue_.erase(queue_.begin());
            const bool failed = failures_ > 0;
            if (failed) --failures_;
            const std::size_t before = end_ + letters_.size();
            Result<Appended> result =
                failed ? Result<Appended>(Error::make(failure_code_, "the test made this commit fail"))
                       : Result<Appended>(commit(request));
            pending_ -= request.batch.size() + request.rejected.size();
            const auto listener = end_ + letters_.size() > before ? listener_ : std::function<void()>();
            lock.unlock();
            if (request.done) request.done(std::move(result), request.batch);
            if (listener) listener();
            lock.lock();
        }
    }

    Appended commit(const AppendRequest& request) {
        Appended appended;
        const bool system = request.batch.project() == kSystemProject;
        places_[end_] = {end_, request.batch.project(), request.source, request.sender, request.dialect};
        auto fresh = std::make_shared<CommittedBatch>();
        fresh->first = end_;
        fresh->batch = EventBatch(request.batch.project());
        for (std::size_t i = 0; i < request.batch.size(); ++i) {
            const EventView event = request.batch[i];
            if (!event.id_from_door) {
                const std::string key = request.batch.project() + '\n' + std::string(event.event_id);
                const auto found = seen_.find(key);
                const std::int64_t horizon = std::chrono::microseconds(limits::kDedupHorizon).count();
                if (found != seen_.end() && event.received_at.micros - found->second.received_at.micros <= horizon) {
                    appended.placements.push_back({found->second.offset, true});
                    counters_.duplicate += system ? 0 : 1;
                    continue;
                }
                seen_[key] = {end_, event.received_at};
            }
            fresh->batch.add(event);
            appended.placements.push_back({end_++, false});
            ++(system ? counters_.system : counters_.accepted);
        }
        for (const Rejection& rejection : request.rejected) {
            DeadLetter letter;
            letter.id = letters_.size() + 1;
            letter.project = request.batch.project();
            letter.source = request.source;
            letter.producer = request.producer;
            letter.dialect = request.dialect;
            letter.reason = rejection.reason;
            letter.field = rejection.field;
            letter.event_id = rejection.event_id;
            letter.raw = rejection.raw.substr(0, limits::kDeadLetterRawBytes);
            letter.raw_cut = rejection.raw.size() >= limits::kDeadLetterRawBytes;
            letter.received_at = SystemClock().now();
            letter.item = rejection.index;
            letter.offset = rejection.offset;
            letters_.push_back(std::move(letter));
        }
        counters_.invalid += request.rejected.size() + request.rejected_not_kept;
        counters_.dead_letters_not_kept += request.rejected_not_kept;
        counters_.decoded += (system ? 0 : request.batch.size()) + request.rejected.size() + request.rejected_not_kept;
        if (!fresh->batch.empty()) log_.push_back(std::move(fresh));
        return appended;
    }

    const std::size_t queue_events_;
    mutable std::mutex mutex_;
    std::mutex join_mutex_;
    std::condition_variable wake_;
    std::vector<AppendRequest> queue_;
    std::vector<std::shared_ptr<const CommittedBatch>> log_;
    std::unordered_map<std::string, Seen> seen_;
    std::map<Offset, EventPlace> places_;  // by the first offset that came by it
    std::vector<DeadLetter> letters_;
    JournalCounters counters_;
    std::function<void()> listener_;
    Offset begin_ = 1, end_ = 1;
    std::size_t pending_ = 0;
    int failures_ = 0;
    ErrorCode failure_code_ = ErrorCode::Io;
    bool held_ = false, refused_ = false, closing_ = false;
    std::thread writer_;
};

}  // namespace streamgauge::test
