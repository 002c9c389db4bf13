// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/ingest_service.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "api/dead_letters.h"
#include "api/ingest_decode.h"
#include "api/ingest_split.h"
#include "api/ingest_stats.h"
#include "base/limits.h"
#include "event/body_keys.h"

namespace streamgauge::api {

// What waits for the commit. Owned by the journal's callback, which is called exactly once.
struct IngestService::Pending {
    Done done;
    Dialect dialect = Dialect::Generic;
    IngestOutcome outcome;
    std::string body;
    std::optional<Error> undecodable;  // the answer once the dead letter is on disk
};

// A request that became several commits: whoever ends the last of them answers.
struct IngestService::Joined {
    struct Part {
        Joined* joined = nullptr;
        std::vector<std::uint32_t> positions;
        std::size_t rejected = 0;
    };
    Pending pending;
    EventBatch batch;  // all good events, in the request's order
    Appended appended;
    std::vector<Part> parts;
    std::mutex mutex;
    std::optional<Error> failure;  // guarded by mutex; the first
    std::atomic<std::size_t> open{0};

    void fail(Error error) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::move(error);
    }
    // One of `open` has ended; after the last of them this is gone.
    void release() {
        if (open.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
        const std::unique_ptr<Joined> owned(this);
        if (failure) {
            pending.done(*std::move(failure), pending.dialect);
        } else {
            finish(pending, std::move(appended), batch);
        }
    }
};

namespace {

constexpr int kQueueRetrySeconds = 1;  // a commit takes milliseconds
constexpr int kDiskRetrySeconds = 5;
constexpr std::size_t kUserAgentBytes = 200;

Rejection whole_body(std::string_view body, Dialect dialect, const Error& error) {
    Rejection rejection;
    rejection.reason = error.message;
    rejection.field = error.field;
    rejection.offset = error.offset.value_or(0);
    rejection.raw = with_keys_masked(body.substr(0, limits::kDeadLetterRawBytes), dialect);
    return rejection;
}

std::vector<RejectedItem> items_of(const std::vector<Rejection>& rejections) {
    std::vector<RejectedItem> items;
    items.reserve(rejections.size());
    for (const Rejection& bad : rejections) {
        items.push_back({bad.index, bad.reason, bad.field, bad.offset, bad.event_id});
    }
    return items;
}

Error queue_full() {
    return {ErrorCode::Unavailable,
            "the server has more events waiting to be stored than it takes",
            {},
            {},
            "send the request again after the time in Retry-After",
            kQueueRetrySeconds};
}

Error not_stored(const Error& cause) {
    return {ErrorCode::Unavailable,
            "the events could not be stored: " + cause.message,
            {},
            {},
            "nothing of this request was kept; send it again",
            kDiskRetrySeconds};
}

// "key k_12 (name) 10.0.0.7 posthog-node/5.70.0": for people who look at what was refused.
std::string producer_of(const auth::Principal& sender, const IngestRequest& request) {
    std::string text;
    switch (sender.kind) {
        case auth::Principal::Kind::Anonymous:
            text = "anonymous";
            break;
        case auth::Principal::Kind::Key:
            text = "key " + sender.id;
            if (!sender.name.empty()) text += " (" + sender.name + ")";
            break;
        case auth::Principal::Kind::User:
            text = "user " + sender.name;
            break;
        case auth::Principal::Kind::Console:
            text = "console";
            break;
    }
    if (!request.caller.address.empty()) text.append(" ").append(request.caller.address);
    std::string_view agent = request.input.header("User-Agent");
    if (agent.size() > kUserAgentBytes) {
        std::size_t end = kUserAgentBytes;
        while (end > 0 && (static_cast<unsigned char>(agent[end]) & 0xc0) == 0x80) --end;  // not within a character
        agent = agent.substr(0, end);
    }
    if (!agent.empty()) text.append(" ").append(agent);
    return text;
}

// "key k_12": kept with every event, so without what differs from one client of a key to the next.
std::string sender_of(const auth::Principal& sender) {
    switch (sender.kind) {
        case auth::Principal::Kind::Anonymous:
            return {};
        case auth::Principal::Kind::Key:
            return "key " + sender.id;
        case auth::Principal::Kind::User:
            return "user " + sender.name;
        case auth::Principal::Kind::Console:
            return "console";
    }
    return {};
}

// What the body says of its sender: a key, or the site that it is about.
std::string_view key_of(const Result<DecodedRequest>& events) {
    if (!events.ok()) return {};
    if (!events->key.empty() || events->sites.empty()) return events->key;
    return events->sites.front();
}

// Drops what is beyond the project's cap, counted.
void keep_within_cap(AppendRequest& request, DeadLetterService* letters) {
    if (letters == nullptr || request.rejected.empty()) return;
    const std::string& project = request.batch.project();
    const auto beyond = [&](const Rejection& bad) { return !letters->reserve(project, bad.raw.size()); };
    request.rejected_not_kept += std::erase_if(request.rejected, beyond);
}

}  // namespace

void IngestService::ingest(const IngestRequest& request, Done done) {
    const Timestamp received_at = parts_.clock.now();
    const std::int64_t begun = parts_.clock.monotonic_nanos();
    if (parts_.guard != nullptr && !parts_.guard->may_store(received_at)) {
        parts_.stats.limited(1);
        return done(parts_.guard->refusal(), request.dialect);
    }
    // Gives the thread's buffers back on every way out.
    struct Decoder {
        IngestDecoder& decoder = IngestDecoder::of_this_thread();
        ~Decoder() { decoder.release(); }
    } const own;
    IngestDecoder::Decoded decoded = own.decoder.decode(request, parts_.secrets, received_at);
    Result<DecodedRequest>& events = decoded.request;
    if (!events.ok() && events.error().code != ErrorCode::InvalidArgument) return done(events.error(), decoded.dialect);

    const auto sender = parts_.policy.sender(request.caller, key_of(events));
    if (!sender.ok()) return done(sender.error(), decoded.dialect);
    const std::uint64_t count = events.ok() ? events->batch.size() + events->rejected.size() : 1;
    if (Status taken = parts_.policy.take_events(request.caller, **sender, count); !taken.ok()) {
        parts_.stats.limited(count);
        return done(taken.error(), decoded.dialect);
    }

    auto pending = std::make_unique<Pending>();
    pending->done = std::move(done);
    pending->dialect = decoded.dialect;
    pending->outcome.times.arrived = request.arrived_nanos;
    pending->outcome.times.decoding = begun;
    const auto fill = [&](AppendRequest& append) {
        append.source = request.source;
        append.sender = sender_of(**sender);
        if (append.rejected.empty()) return;
        append.producer = producer_of(**sender, request);
        keep_within_cap(append, parts_.letters);
    };

    AppendRequest append;
    append.dialect = decoded.dialect;
    if (!events.ok()) {
        append.batch.set_project((*sender)->project);
        append.rejected.push_back(whole_body(decoded.body, decoded.dialect, events.error()));
        fill(append);
        pending->undecodable = events.error();
        return this->append(std::move(append), pending.release());
    }
    pending->outcome.several = events->several;
    pending->outcome.naming = events->naming;
    if (!events->rejected.empty()) pending->outcome.rejected = items_of(events->rejected);
    if (request.keep_body) pending->body = decoded.body;
    if (count == 0) return finish(*pending, {}, events->batch);  // such as OTLP's empty request

    if (auto project = only_project(*events, **sender, parts_.policy, parts_.schemas)) {
        append.batch = std::move(events->batch);
        append.batch.set_project(*std::move(project));
        append.rejected = std::move(events->rejected);
        fill(append);
        return this->append(std::move(append), pending.release());
    }
    SplitRequest whole = split(std::move(events).value(), decoded.dialect, **sender, parts_.policy, parts_.schemas);
    for (RejectedItem& item : items_of(whole.broken)) pending->outcome.rejected.push_back(std::move(item));
    std::stable_sort(pending->outcome.rejected.begin(), pending->outcome.rejected.end(),
                     [](const RejectedItem& a, const RejectedItem& b) { return a.index < b.index; });
    for (AppendPart& part : whole.parts) fill(part.request);
    // The only part has all events, in their order.
    if (whole.parts.size() == 1) return this->append(std::move(whole.parts.front().request), pending.release());
    append_parts(std::move(whole.parts), std::move(whole.batch), std::move(*pending));
}

void IngestService::append(AppendRequest&& request, Pending* pending) {
    pending->outcome.times.queued = parts_.clock.monotonic_nanos();
    const std::uint64_t events = request.batch.size() + request.rejected.size() + request.rejected_not_kept;
    // A refusal that was answered has to be on disk.
    std::optional<EventBatch> kept;
    if (parts_.buffered && events == request.batch.size()) {
        kept.emplace(request.batch.project());
        kept->add_all(request.batch);
    }
    const bool early = kept.has_value();
    // Plain pointers keep the function small enough to need no memory of its own.
    struct Answer {
        Pending* waiting;
        IngestService* service;
        void operator()(Result<Appended> appended, const EventBatch& stored) const {
            const std::unique_ptr<Pending> owned(waiting);
            if (!appended.ok()) {
                service->committed(appended.error());
                owned->done(not_stored(appended.error()), owned->dialect);
                return;
            }
            service->committed(std::nullopt);
            owned->outcome.times.committing = appended->taken_nanos;
            owned->outcome.times.committed = service->parts_.clock.monotonic_nanos();
            const std::size_t rejected = owned->undecodable ? 1 : owned->outcome.rejected.size();
            service->count(*appended, stored, rejected, owned->dialect);
            finish(*owned, std::move(appended).value(), stored);
        }
    };
    struct Count {
        IngestService* service;
        Dialect dialect;
        void operator()(const Result<Appended>& appended, const EventBatch& stored) const {
            service->committed(appended.ok() ? std::nullopt : std::optional(appended.error()));
            if (appended.ok()) service->count(*appended, stored, 0, dialect);
        }
    };
    if (early) {
        request.done = Count{this, pending->dialect};
    } else {
        request.done = Answer{pending, this};
    }
    const bool taken = parts_.journal.append(std::move(request));
    if (taken && !early) return;
    const std::unique_ptr<Pending> owned(pending);
    if (!taken) {
        parts_.stats.limited(events);
        return owned->done(queue_full(), owned->dialect);
    }
    owned->outcome.buffered = true;
    Appended unknown;
    unknown.placements.resize(kept->size());
    finish(*owned, std::move(unknown), *kept);
}

void IngestService::append_parts(std::vector<AppendPart> parts, EventBatch batch, Pending pending) {
    auto owned = std::make_unique<Joined>();
    Joined* const joined = owned.get();
    joined->pending = std::move(pending);
    joined->batch = std::move(batch);
    joined->appended.placements.resize(joined->batch.size());
    joined->open.store(parts.size() + 1);  // one of them is this function's
    joined->parts.resize(parts.size());
    struct Part {
        Joined::Part* part;
        IngestService* service;
        void operator()(const Result<Appended>& appended, const EventBatch& stored) const {
            Joined* const all = part->joined;
            if (appended.ok()) {
                service->committed(std::nullopt);
                service->count(*appended, stored, part->rejected, all->pending.dialect);
                for (std::size_t i = 0; i < part->positions.size(); ++i) {
                    all->appended.placements[part->positions[i]] = appended->placements[i];
                }
            } else {
                service->committed(appended.error());
                all->fail(not_stored(appended.error()));
            }
            all->release();
        }
    };
    owned.release();
    for (std::size_t i = 0; i < parts.size(); ++i) {
        AppendRequest& request = parts[i].request;
        Joined::Part& part = joined->parts[i];
        part.joined = joined;
        part.positions = std::move(parts[i].positions);
        part.rejected = request.rejected.size() + request.rejected_not_kept;
        const std::size_t events = part.positions.size() + part.rejected;
        request.done = Part{&part, this};
        if (parts_.journal.append(std::move(request))) continue;
        parts_.stats.limited(events);
        joined->fail(queue_full());
        joined->release();
    }
    joined->release();
}

void IngestService::finish(Pending& pending, Appended appended, const EventBatch& batch) {
    if (pending.undecodable) return pending.done(*std::move(pending.undecodable), pending.dialect);
    IngestOutcome& outcome = pending.outcome;
    outcome.batch = &batch;
    outcome.placements = std::move(appended.placements);
    for (const Placement& placement : outcome.placements) {
        ++(placement.duplicate ? outcome.duplicate : outcome.accepted);
    }
    outcome.body = pending.body;
    pending.done(std::move(outcome), pending.dialect);
}

void IngestService::count(const Appended& appended, const EventBatch& batch, std::size_t rejected, Dialect dialect) {
    IngestStats& stats = parts_.stats;
    std::uint64_t duplicate = 0;
    for (const Placement& placement : appended.placements) duplicate += placement.duplicate ? 1 : 0;
    stats.accepted(appended.placements.size() - duplicate);
    stats.duplicate(duplicate);
    stats.rejected(rejected);
    // Nobody else sets the flags.
    if (dialect == Dialect::Generic && parts_.schemas == nullptr) return;
    std::uint64_t bots = 0, off_schema = 0;
    for (std::size_t i = 0; i < appended.placements.size(); ++i) {
        if (appended.placements[i].duplicate) continue;
        const EventView event = batch[i];
        bots += event.bot ? 1 : 0;
        off_schema += event.off_schema ? 1 : 0;
    }
    if (bots != 0) stats.bots(bots);
    if (off_schema != 0) stats.off_schema(off_schema);
}

void IngestService::committed(const std::optional<Error>& failure) {
    if (!failure && !failing_.load(std::memory_order_relaxed)) return;
    const std::lock_guard lock(mutex_);
    failing_.store(failure.has_value(), std::memory_order_relaxed);
    if (failure) failure_ = *failure;
}

std::optional<Error> IngestService::failure() const {
    const std::lock_guard lock(mutex_);
    if (!failing_.load(std::memory_order_relaxed)) return std::nullopt;
    return failure_;
}

}  // namespace streamgauge::api
