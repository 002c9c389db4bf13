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

namespace streamgauge::api {

class IngestStats;

struct IngestRequest {
    Dialect dialect = Dialect::Generic;
    // What the decoder gets; `input.body` as received: gzip is recognised by its magic number or `gzip`.
    DecodeInput input;
    bool gzip = false;  // Content-Encoding said so
    IngestPolicy::Caller caller;
    std::string source;      // which door: kept with dead letters
    bool keep_body = false;  // the outcome shall carry the body: for doors that answer with the event
};

struct RejectedItem {
    std::uint32_t index = 0;  // position in the request
    std::string reason;
    std::string field;
    std::uint64_t offset = 0;  // into the decompressed body
};

// What became of a request that could be decoded. Valid during the callback only.
struct IngestOutcome {
    const EventBatch* batch = nullptr;          // the good events
    std::vector<Placement> placements;          // one for each of them
    std::vector<RejectedItem> rejected;         // the bad ones; they are in the dead letters
    std::uint64_t accepted = 0, duplicate = 0;  // accepted + duplicate == batch->size()
    bool several = false;
    NamingStyle naming = NamingStyle::Snake;
    std::string_view body;  // decompressed; only when keep_body
};

// Thread-safe.
class IngestService {
public:
    using Done = std::function<void(const Result<IngestOutcome>&)>;

    // All must outlive the service and every request in flight (until Journal::close() has returned).
    IngestService(Journal& journal, const Clock& clock, IngestStats& stats);

    // `done` is called exactly once: at once on the caller's thread when nothing has to be stored, otherwise on the
    // journal's thread after the commit. It must not block. Errors: InvalidArgument (the body is no JSON: it is in the
    // dead letters by then) with field and offset, TooLarge (nothing is stored), Unavailable (the queue is full, the
    // disk refused, or the server stops: nothing is stored).
    void ingest(const IngestRequest& request, Done done);

    // Why the last commit failed; none when it did not.
    std::optional<Error> failure() const;

private:
    struct Pending;
    void committed(std::optional<Error> failure);
    void append(EventBatch batch, std::vector<Rejection> rejected, std::string source, Pending* pending);

    Journal& journal_;
    const Clock& clock_;
    IngestStats& stats_;
    std::atomic<bool> failing_{false};
    mutable std::mutex failure_mutex_;
    Error failure_;  // guarded by failure_mutex_
};

}  // namespace streamgauge::api
