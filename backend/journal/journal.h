// SPDX-License-Identifier: GPL-3.0-or-later
// The durable, ordered log of events: the truth that everything else is rebuilt from.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/dialect.h"
#include "event/event.h"
#include "journal/event_scan.h"

namespace streamgauge {

struct Placement {
    Offset offset = 0;  // of the event, or of the first event with the same id when it is a repeat (0: not known)
    bool duplicate = false;
};

struct Appended {
    std::vector<Placement> placements;  // one for each event of the batch, in order
    std::int64_t taken_nanos = 0;       // monotonic: when the commit that it is in began; 0: not known
};

// Events of the program itself (the canary): in the log like all others, in no metric, listing or counter of events
// that producers sent (JournalCounters::system counts them). No producer's project may have this name.
inline constexpr std::string_view kSystemProject = "_system";

// What the door hands over: the good events and, in the same commit, the dead letters of the same request.
struct AppendRequest {
    EventBatch batch;
    std::vector<Rejection> rejected;
    std::string source;                  // which door and route, for the dead letters and the trace
    Dialect dialect = Dialect::Generic;  // that the rejected are written in
    std::string producer;                // who sent it, as far as is known: for the dead letters
    std::string sender;  // the key or user alone ("key k_1"), kept with each event; empty: nobody that is known
    // Rejected beyond the project's cap for dead letters: counted as invalid and dropped, not kept.
    std::uint64_t rejected_not_kept = 0;
    // Called exactly once, on the journal's writer thread, after the commit is on disk (or has failed: Io when the disk
    // refused, Unavailable on shutdown; then nothing of the request is in the journal). `batch` is handed back.
    // Must not block.
    std::function<void(Result<Appended>, const EventBatch& batch)> done;
};

struct JournalCounters {
    // Durable: they commit in the same transaction as the rows they count.
    std::uint64_t decoded = 0;  // accepted + duplicate + invalid
    std::uint64_t accepted = 0;
    std::uint64_t duplicate = 0;
    std::uint64_t invalid = 0;  // rejected: dead letters, and those that were not kept
    std::uint64_t dead_letters_not_kept = 0;
    std::uint64_t system = 0;  // events of kSystemProject: offsets that are in none of the others
};

// What is known of event ids that were seen.
struct DedupFigures {
    std::int64_t known_seconds = 0;   // how far back every id is known
    std::int64_t wanted_seconds = 0;  // the horizon; more than known_seconds when memory did not suffice for it
    std::uint64_t memory_bytes = 0;
};

// A rejected event or body as the journal keeps it, in the order of their commits.
struct DeadLetter {
    std::uint64_t id = 0;  // strictly increasing, from 1
    std::string project, source, producer, reason, field, event_id, raw;
    Dialect dialect = Dialect::Generic;
    Timestamp received_at;
    std::uint32_t item = 0;    // position in its request
    std::uint64_t offset = 0;  // of the fault, in bytes into the request's decompressed body
    bool raw_cut = false;      // the original was longer than limits::kDeadLetterRawBytes
};

// Where an event is and how it came: AppendRequest's source, dialect and sender. They are not known of events that an
// older format keeps, nor of doors beyond the number that a span keeps; the sender is given up before the door is.
struct EventPlace {
    Offset offset = 0;
    std::string project;
    std::string source, sender;      // empty: not known
    std::optional<Dialect> dialect;  // with the source
};

// A run of committed events. Immutable; shared between the pipeline and the live feed.
struct CommittedBatch {
    Offset first = 0;  // batch[i] has offset first + i
    EventBatch batch;
    Offset next() const { return first + batch.size(); }
};

// Thread-safe. Contract suite: tests/journal/journal_contract.h runs on every implementation.
class Journal {
public:
    virtual ~Journal() = default;

    // Takes the request when there is room; false (request untouched) when the queue is full or closing: answer 503.
    [[nodiscard]] virtual bool append(AppendRequest&& request) = 0;

    // The run of events that holds `from`, never crossing a project: read from disk it starts at `from` and has at most
    // `max_events`; from memory it is the whole commit, which may begin earlier and be longer. nullptr when `from`
    // is the end of the log. Served from memory when recent, otherwise read from disk. NotFound when `from` is older
    // than what is retained (the error's offset is the oldest kept).
    virtual Result<std::shared_ptr<const CommittedBatch>> read(Offset from, std::size_t max_events) = 0;

    // Dead letters from `from` on, in order, at most `max`; those that retention took are skipped.
    virtual Result<std::vector<DeadLetter>> read_dead_letters(std::uint64_t from, std::size_t max) = 0;
    virtual std::uint64_t next_dead_letter() const = 0;  // one past the last committed
    // Those before `id` are kept elsewhere by now, durably: retention need not carry them on. What is not called is
    // not lost: then all of them stay in the journal for ever. Does not wait.
    virtual void dead_letters_kept_to(std::uint64_t id) = 0;
    // Looks again whether old events may go. Does not wait.
    virtual void tend_retention() {}

    virtual Offset end() const = 0;    // one past the last committed
    virtual Offset begin() const = 0;  // the oldest kept
    virtual JournalCounters counters() const = 0;
    virtual DedupFigures dedup() const { return {}; }
    // The event of the project with this id: the first one of its horizon, of several horizons the newest. Sees what
    // was committed before the call; waits for the commit at hand, so not from the writer's thread. NotFound does not
    // mean that there is none: ids are known back to dedup().known_seconds, and those that the door made never; where
    // retention has removed the event Error::offset says where it was. Unavailable when closing.
    virtual Result<EventPlace> find(std::string_view project, std::string_view event_id) {
        static_cast<void>(project), static_cast<void>(event_id);
        return Error::make(ErrorCode::NotFound, "this journal keeps no ids");
    }
    // The same of the event at `offset`, which is committed. NotFound when it is no longer kept.
    virtual Result<EventPlace> place(Offset offset) {
        static_cast<void>(offset);
        return Error::make(ErrorCode::NotFound, "this journal keeps no places");
    }
    // For a question that looks at many events; the journal must outlive it. Never nullptr.
    virtual std::unique_ptr<EventScan> scan() { return scan_by_reading(*this); }
    // Events handed in and not yet committed (the queue's depth).
    virtual std::size_t pending() const = 0;

    // Called on the writer thread after each commit, when there is something new to read. Set once before the first
    // append; must not block (post a wake-up).
    virtual void on_commit(std::function<void()> listener) = 0;

    // Commits what was taken, refuses the rest, and stops. Idempotent.
    virtual void close() = 0;
};

}  // namespace streamgauge
