// SPDX-License-Identifier: GPL-3.0-or-later
// The door for events: from a request's body to the journal, and the outcome back once it is durable.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/ingest_policy.h"
#include "base/clock.h"
#include "base/result.h"
#include "event/dialect.h"
#include "journal/journal.h"

namespace streamgauge {
class SchemaRegistry;
}

namespace streamgauge::api {

class DeadLetterService;
class IngestStats;

enum class Coding { Identity, Gzip, Deflate };  // of a body: RFC 9110, section 8.4.1

struct IngestRequest {
    Dialect dialect = Dialect::Generic;
    // The path is Segment's and PostHog's, and the body says whose it is. `dialect` stands where it says nothing.
    bool segment_or_posthog = false;
    // What the decoder gets; `input.body` as received: gzip is recognised by its magic number, too.
    DecodeInput input;
    Coding coding = Coding::Identity;  // as Content-Encoding says
    IngestPolicy::Caller caller;
    std::string source;              // which door: kept with dead letters
    std::int64_t arrived_nanos = 0;  // monotonic, where it is known
    bool keep_body = false;          // the outcome shall carry the body: for doors that answer with the event
};

struct RejectedItem {
    std::uint32_t index = 0;  // position in the request
    std::string reason;
    std::string field;
    std::uint64_t offset = 0;  // into the decompressed body
    std::string event_id;      // where it could be read
};

// Monotonic nanoseconds at which a request's stages began; 0: it had no such stage, or several.
struct IngestTimes {
    std::int64_t arrived = 0, decoding = 0, queued = 0, committing = 0, committed = 0;
};

// What became of a request that could be decoded. Valid during the callback only.
struct IngestOutcome {
    const EventBatch* batch = nullptr;          // the good events
    std::vector<Placement> placements;          // one for each of them
    std::vector<RejectedItem> rejected;         // the bad ones, by index; they are in the dead letters
    std::uint64_t accepted = 0, duplicate = 0;  // accepted + duplicate == batch->size()
    bool several = false;
    // Taken, but not on disk yet: nothing is known of numbers and repeats, so that `accepted` counts all.
    bool buffered = false;
    NamingStyle naming = NamingStyle::Snake;
    std::string_view body;  // decompressed; only when keep_body
    IngestTimes times;
};

// Whether there is room to store anything; asked for every request, from any thread.
class StorageGuard {
public:
    virtual ~StorageGuard() = default;
    virtual bool may_store(Timestamp now) = 0;
    virtual Error refusal() = 0;  // Unavailable, when it may not
};

// What the door works with. All must outlive the service and every request in flight (until Journal::close() has
// returned).
struct IngestParts {
    Journal& journal;
    const Clock& clock;
    IngestStats& stats;
    IngestPolicy& policy;
    const SchemaRegistry* schemas = nullptr;  // nullptr: nothing is checked
    DeadLetterService* letters = nullptr;     // nullptr: no cap
    StorageGuard* guard = nullptr;            // nullptr: there always is room
    DecoderSecrets secrets = DecoderSecrets::of_this_process();
    bool buffered = false;  // answer as soon as the queue has the events, not when the disk has
};

// Thread-safe.
class IngestService {
public:
    // `dialect`: the request's, or what a body of segment_or_posthog turned out to be.
    using Done = std::function<void(const Result<IngestOutcome>&, Dialect dialect)>;

    explicit IngestService(const IngestParts& parts) : parts_(parts) {}

    // `done` is called exactly once: at once on the caller's thread when nothing has to be waited for, otherwise on the
    // journal's thread after the commit. It must not block. Errors: InvalidArgument (nothing can be made out of the
    // body: it is in the dead letters by then) with field and offset; all others store nothing: TooLarge,
    // Unauthorized and Forbidden (the policy's), RateLimited and Unavailable (the queue or the disk is full, the disk
    // refused, or the server stops), both with retry_after_seconds. Events of several projects are several commits:
    // when one of them fails all are Unavailable, and a repeat finds those that are stored.
    void ingest(const IngestRequest& request, Done done);

    // Why the last commit failed; none when it did not.
    std::optional<Error> failure() const;

private:
    struct Pending;
    struct Joined;
    void append(AppendRequest&& request, Pending* pending);
    void append_parts(std::vector<struct AppendPart> parts, EventBatch batch, Pending pending);
    void committed(const std::optional<Error>& failure);
    void count(const Appended& appended, const EventBatch& batch, std::size_t rejected, Dialect dialect);
    static void finish(Pending& pending, Appended appended, const EventBatch& batch);

    const IngestParts parts_;
    std::atomic<bool> failing_{false};
    mutable std::mutex mutex_;
    Error failure_;  // guarded by mutex_
};

}  // namespace streamgauge::api
