// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/ingest_service.h"

#include <array>
#include <memory>
#include <utility>

#include "api/gzip.h"
#include "api/ingest_stats.h"
#include "base/limits.h"

namespace streamgauge::api {

// What waits for the commit. Owned by the journal's callback, which is called exactly once.
struct IngestService::Pending {
    Done done;
    IngestOutcome outcome;
    std::string body;
    std::optional<Error> undecodable;  // the answer once the dead letter is on disk
};

namespace {

// Decoders and their buffers for each HTTP thread: they grow to what the thread has seen, and are never shared.
struct Workbench {
    std::array<std::unique_ptr<DialectDecoder>, kDialects> decoders;
    std::string inflated;

    DialectDecoder& decoder(Dialect dialect) {
        auto& decoder = decoders[static_cast<std::size_t>(dialect)];
        if (!decoder) decoder = make_decoder(dialect);
        return *decoder;
    }
};

Workbench& workbench() {
    static thread_local Workbench bench;
    return bench;
}

constexpr std::size_t kKeptBuffer = 1024 * 1024;

Rejection whole_body(std::string_view body, const Error& error) {
    Rejection rejection;
    rejection.reason = error.message;
    rejection.field = error.field;
    rejection.offset = error.offset.value_or(0);
    rejection.raw = body.substr(0, limits::kDeadLetterRawBytes);
    return rejection;
}

}  // namespace

IngestService::IngestService(Journal& journal, const Clock& clock, IngestStats& stats)
    : journal_(journal), clock_(clock), stats_(stats) {}

void IngestService::ingest(const IngestRequest& request, Done done) {
    Workbench& bench = workbench();
    DecodeInput input = request.input;
    std::string_view& body = input.body;
    std::optional<Error> error;
    if (request.gzip || looks_like_gzip(body)) {
        if (Status inflated = gunzip(body, limits::kIngestBodyBytes, bench.inflated); !inflated.ok()) {
            error = inflated.error();
        } else {
            const std::size_t size = bench.inflated.size();
            bench.inflated.resize(size + JsonDecoder::kPadding);
            body = std::string_view(bench.inflated).substr(0, size);
            input.padded_capacity = bench.inflated.size();
        }
    }
    std::optional<DecodedRequest> decoded;
    if (!error) {
        input.received_at = clock_.now();
        auto result = bench.decoder(request.dialect).decode(input);
        if (result.ok()) {
            decoded = std::move(result).value();
        } else {
            error = result.error();
        }
    }
    if (error && error->code != ErrorCode::InvalidArgument) {
        done(*std::move(error));
        return;
    }

    auto pending = std::make_unique<Pending>();
    pending->done = std::move(done);
    if (error) {
        std::vector<Rejection> rejected;
        rejected.push_back(whole_body(body, *error));
        pending->undecodable = std::move(error);
        append(EventBatch(), std::move(rejected), request.source, pending.release());
    } else {
        pending->outcome.several = decoded->several;
        pending->outcome.naming = decoded->naming;
        for (const Rejection& bad : decoded->rejected) {
            pending->outcome.rejected.push_back({bad.index, bad.reason, bad.field, bad.offset});
        }
        if (request.keep_body) pending->body = body;
        append(std::move(decoded->batch), std::move(decoded->rejected), request.source, pending.release());
    }
    if (bench.inflated.capacity() > kKeptBuffer) std::string().swap(bench.inflated);
}

void IngestService::committed(std::optional<Error> failure) {
    if (!failure && !failing_.load(std::memory_order_relaxed)) return;
    const std::lock_guard lock(failure_mutex_);
    failing_.store(failure.has_value(), std::memory_order_relaxed);
    if (failure) failure_ = *std::move(failure);
}

std::optional<Error> IngestService::failure() const {
    const std::lock_guard lock(failure_mutex_);
    if (!failing_.load(std::memory_order_relaxed)) return std::nullopt;
    return failure_;
}

void IngestService::append(EventBatch batch, std::vector<Rejection> rejected, std::string source, Pending* pending) {
    const std::uint64_t events = batch.size() + rejected.size();
    AppendRequest request;
    request.batch = std::move(batch);
    request.rejected = std::move(rejected);
    request.source = std::move(source);
    // A plain pointer keeps the function small enough to need no memory of its own.
    struct Callback {
        Pending* waiting;
        IngestService* service;
        void operator()(Result<Appended> appended, const EventBatch& stored) const {
            const std::unique_ptr<Pending> owned(waiting);
            IngestStats* const stats = &service->stats_;
            if (!appended.ok()) {
                service->committed(appended.error());
                owned->done(Error{ErrorCode::Unavailable,
                                  "the events could not be stored: " + appended.error().message,
                                  {},
                                  {},
                                  "nothing of this request was kept; send it again"});
                return;
            }
            service->committed(std::nullopt);
            if (owned->undecodable) {
                stats->rejected(1);
                owned->done(*std::move(owned->undecodable));
                return;
            }
            IngestOutcome& outcome = owned->outcome;
            outcome.batch = &stored;
            outcome.placements = std::move(appended.value().placements);
            for (const Placement& placement : outcome.placements) {
                ++(placement.duplicate ? outcome.duplicate : outcome.accepted);
            }
            outcome.body = owned->body;
            stats->accepted(outcome.accepted);
            stats->duplicate(outcome.duplicate);
            stats->rejected(outcome.rejected.size());
            owned->done(std::move(outcome));
        }
    };
    request.done = Callback{pending, this};
    if (journal_.append(std::move(request))) return;
    const std::unique_ptr<Pending> owned(pending);
    stats_.limited(events);
    owned->done(Error{ErrorCode::Unavailable,
                      "the server has more events waiting to be stored than it takes",
                      {},
                      {},
                      "send the request again after the time in Retry-After"});
}

}  // namespace streamgauge::api
