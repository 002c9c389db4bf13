// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/letter_sender.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace streamgauge::api {
namespace {

constexpr std::chrono::milliseconds kRoomPatience{2000};  // for the journal's queue
constexpr std::chrono::milliseconds kRoomPause{5};
constexpr std::string_view kSource = "dead letter";

Error fault(std::string reason, std::string field, std::uint64_t offset) {
    Error error = Error::make(ErrorCode::InvalidArgument, std::move(reason));
    error.field = std::move(field);
    error.offset = offset;
    return error;
}

// The number of the first event; a repeat when all are.
Placement outcome_of(const Appended& appended) {
    return {appended.placements.front().offset, std::all_of(appended.placements.begin(), appended.placements.end(),
                                                            [](const Placement& p) { return p.duplicate; })};
}

// What the journal's callbacks and the waiting thread share: a callback may come after a wait that was given up.
struct Tally {
    std::mutex mutex;
    std::condition_variable all;
    std::vector<LetterSender::Outcome> outcomes;  // guarded by mutex, as the next
    std::size_t open = 0;
};

}  // namespace

LetterSender::LetterSender(Journal& journal, const SchemaRegistry* schemas, const DecoderSecrets& secrets,
                           std::string installation)
    : journal_(journal), schemas_(schemas), secrets_(secrets), installation_(std::move(installation)) {}

Result<EventBatch> LetterSender::events_of(const DeadLetter& letter, std::string_view text, Timestamp received_at) {
    auto& decoder = decoders_[static_cast<std::size_t>(letter.dialect)];
    if (!decoder) decoder = make_decoder(letter.dialect, secrets_);
    DecodeInput input;
    input.body = text;
    input.received_at = letter.received_at;
    const Result<DecodedRequest> decoded = decoder->decode(input);
    if (!decoded.ok()) {
        Error error = decoded.error();
        error.code = ErrorCode::InvalidArgument;
        return error;
    }
    if (!decoded->rejected.empty()) {
        const Rejection& first = decoded->rejected.front();
        return fault(first.reason, first.field, first.offset);
    }
    if (decoded->batch.empty()) return fault("there is no event in it", {}, 0);

    EventBatch batch(letter.project);
    batch.reserve(decoded->batch.size(), decoded->batch.text_bytes() + decoded->batch.size() * 80);
    for (std::size_t i = 0; i < decoded->batch.size(); ++i) {
        EventView event = decoded->batch[i];
        if (schemas_ != nullptr && !schemas_->idle(letter.project)) {
            const SchemaRegistry::Verdict verdict = schemas_->check(letter.project, event);
            if (verdict.mode == SchemaMode::Enforce) return fault(verdict.fault.reason, verdict.fault.pointer, 0);
            event.off_schema = verdict.mode == SchemaMode::Warn;
        }
        std::string id(event.event_id);
        if (event.id_from_door) {
            id = "dead-letter-" + installation_ + "-" + std::to_string(letter.id);
            if (decoded->batch.size() > 1) id += "-" + std::to_string(i + 1);
        }
        event.event_id = id;
        event.id_from_door = false;
        event.received_at = received_at;
        batch.add(event);
    }
    return batch;
}

std::vector<LetterSender::Outcome> LetterSender::send(std::vector<Parcel> parcels,
                                                      const std::function<void()>& handed_over) {
    const auto tally = std::make_shared<Tally>();
    tally->outcomes.resize(parcels.size());
    const auto until = std::chrono::steady_clock::now() + kRoomPatience;
    for (std::size_t i = 0; i < parcels.size(); ++i) {
        tally->outcomes[i].id = parcels[i].id;
        AppendRequest request;
        request.batch = std::move(parcels[i].batch);
        request.source = kSource;
        request.done = [tally, i](Result<Appended> appended, const EventBatch&) {
            {
                const std::lock_guard lock(tally->mutex);
                tally->outcomes[i].first =
                    appended.ok() ? Result<Placement>(outcome_of(*appended)) : Result<Placement>(appended.error());
                --tally->open;
            }
            tally->all.notify_one();
        };
        {
            const std::lock_guard lock(tally->mutex);
            ++tally->open;
        }
        bool taken = journal_.append(std::move(request));
        while (!taken && std::chrono::steady_clock::now() < until) {
            std::this_thread::sleep_for(kRoomPause);
            taken = journal_.append(std::move(request));
        }
        if (!taken) {
            const std::lock_guard lock(tally->mutex);
            --tally->open;
        }
    }
    handed_over();
    std::unique_lock lock(tally->mutex);
    tally->all.wait(lock, [&] { return tally->open == 0; });
    return tally->outcomes;
}

}  // namespace streamgauge::api
