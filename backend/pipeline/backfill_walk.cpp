// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipeline/backfill_walk.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/log.h"

namespace streamgauge {
namespace {

constexpr std::int64_t kLastWindow = std::numeric_limits<std::int64_t>::max();

// Reads each set from a snapshot of its own: what it belongs to goes from the walk's thread to the pipeline's.
SetTable::Load loader(ResultStore& store, Aggregate aggregate) {
    return [&store, aggregate](MetricId metric, const SetKey& key) -> Result<std::optional<SetState>> {
        Result<std::unique_ptr<StoreSnapshot>> snapshot = store.snapshot();
        if (!snapshot) return snapshot.error();
        const auto found = (*snapshot)->set(metric, key);
        if (!found) return found.error();
        if (!found.value()) return std::optional<SetState>();
        Result<SetState> state = SetState::decode(aggregate, found.value()->bytes);
        if (!state) return state.error();
        return std::optional<SetState>(std::move(state).value());
    };
}

}  // namespace

Result<BackfillWalk> BackfillWalk::start(Journal& journal, ResultStore& store, std::uint64_t epoch,
                                         MetricDefinition definition, Limits limits) {
    const MetricId id = definition.id;
    const Aggregate aggregate = definition.aggregate;
    const std::size_t tiers = definition.tiers.size();
    std::vector<MetricDefinition> alone;
    alone.push_back(std::move(definition));
    Result<Aggregation> aggregation = Aggregation::make(std::move(alone), loader(store, aggregate));
    if (!aggregation) return aggregation.error();
    BackfillWalk walk(journal, store, epoch, std::move(aggregation).value(), limits);
    walk.expired_before_.assign(tiers, kNoWindow);

    PartitionState from;
    from.next = journal.begin();
    const Result<StoredMetric> stored = store.begin_backfill(epoch, id, from);
    if (!stored) return stored.error();
    walk.metric().counters() = stored->counters;
    walk.complete_ = !stored->backfill;
    if (walk.complete_) return walk;
    walk.state_ = *stored->backfill;
    walk.committed_ = walk.state_.next;
    if (walk.state_.next > 1 && !walk.state_.watermark)
        if (Status begun = walk.begin_at(walk.state_.next); !begun) return begun.error();
    Result<std::unique_ptr<StoreSnapshot>> snapshot = store.snapshot();
    if (!snapshot) return snapshot.error();
    if (Status restored = walk.restore(**snapshot); !restored) return restored.error();
    walk.set_bytes_ = walk.set_bytes();
    return walk;
}

// Sets of windows that are open are in memory while they are.
Status BackfillWalk::restore(StoreSnapshot& snapshot) {
    SetTable* const sets = metric().sets();
    if (sets == nullptr || !state_.watermark) return {};
    const MetricDefinition& definition = metric().definition();
    const std::int64_t closed_before = state_.watermark->micros - definition.allowed_lateness_micros;
    for (std::size_t i = 0; i < definition.tiers.size(); ++i) {
        const auto tier = static_cast<std::uint8_t>(i);
        Status restored;
        const Status read = snapshot.sets(definition.id, tier, metric().windows()[i].start_of(closed_before),
                                          kLastWindow, {}, [&](auto window, auto group, const StoreSnapshot::Set& set) {
                                              Result<SetState> state =
                                                  SetState::decode(definition.aggregate, set.bytes);
                                              if (!state) {
                                                  restored = state.error();
                                                  return false;
                                              }
                                              sets->restore({tier, window, group}, std::move(state).value());
                                              return true;
                                          });
        if (!read) return read;
        if (!restored) return restored;
    }
    return {};
}

// Before anything is read or committed: the pipeline may take the metric over at once, and a commit that goes on after
// what is gone does not say so later.
Status BackfillWalk::begin_at(Offset next) {
    Result<std::shared_ptr<const CommittedBatch>> read = journal_->read(next, 1);
    while (!read) {
        const Error& error = read.error();
        if (error.code != ErrorCode::NotFound || !error.offset || *error.offset <= next) return error;
        next = *error.offset;
        read = journal_->read(next, 1);
    }
    const CommittedBatch* const run = read.value().get();
    first_ = run == nullptr || run->first > next || run->next() <= next;  // nothing has come since
    if (!first_) begins_at_ = run->batch[static_cast<std::size_t>(next - run->first)].received_at;
    if (next == state_.next) return {};
    log::warning(
        "backfill_incomplete", "the journal no longer holds events that a metric is to be filled from",
        {{"metric", metric().definition().name}, {"from", std::to_string(state_.next)}, {"to", std::to_string(next)}});
    state_.next = next;
    return {};
}

Status BackfillWalk::advance(Offset end, std::size_t most) {
    if (state_.next >= end) return {};
    const auto wanted = static_cast<std::size_t>(std::min<Offset>(end - state_.next, most));
    const Result<std::shared_ptr<const CommittedBatch>> read = journal_->read(state_.next, wanted);
    if (!read) {
        const Error& error = read.error();
        if (error.code != ErrorCode::NotFound || !error.offset || *error.offset <= state_.next) return error;
        return begin_at(*error.offset);
    }
    const CommittedBatch* const run = read.value().get();
    if (run == nullptr || run->first > state_.next || run->next() <= state_.next)
        return Error::make(ErrorCode::Corrupt,
                           "the journal gave other events than those at " + std::to_string(state_.next));
    const auto begin = static_cast<std::size_t>(state_.next - run->first);
    if (first_) begins_at_ = run->batch[begin].received_at;
    first_ = false;
    if (run->next() <= end) return aggregation_.apply(run->batch, begin, state_);
    // A run from the journal's memory goes beyond the end.
    EventBatch part(run->batch.project());
    for (Offset offset = state_.next; offset < end; ++offset)
        part.add(run->batch[static_cast<std::size_t>(offset - run->first)]);
    return aggregation_.apply(part, 0, state_);
}

std::size_t BackfillWalk::set_bytes() const {
    return metric().sets() == nullptr ? 0 : metric().sets()->memory_bytes();
}

bool BackfillWalk::overfull() const {
    return metric().rows() >= limits_.rows || metric().memory_bytes() >= limits_.bytes ||
           set_bytes() > set_bytes_ + limits_.bytes;
}

Status BackfillWalk::commit() {
    const MetricDefinition& definition = metric().definition();
    BackfillCommit commit;
    commit.metric = definition.id;
    commit.expected_next = committed_;
    commit.state = state_;
    commit.changes.cells = metric().take_cells(state_.log_clock, state_.watermark);
    if (metric().sets() != nullptr && metric().sets()->has_changes())
        commit.changes.sets.push_back({definition.id, definition.aggregate, metric().sets()->take_writes()});
    commit.changes.counters.push_back({definition.id, metric().counters()});
    for (std::size_t tier = 0; tier < definition.tiers.size(); ++tier) {
        if (definition.tiers[tier].retention_micros == 0) continue;
        const std::int64_t oldest = metric().oldest_kept(tier, state_.log_clock);
        if (oldest == expired_before_[tier]) continue;
        expired_before_[tier] = oldest;
        commit.changes.expired.push_back(
            {definition.id, static_cast<std::uint8_t>(tier), definition.aggregate, oldest});
    }
    if (Status committed = store_->commit_backfill(epoch_, commit); !committed) return committed;
    if (metric().sets() != nullptr) metric().sets()->committed();
    committed_ = state_.next;
    set_bytes_ = set_bytes();
    return {};
}

MetricAggregation BackfillWalk::take() {
    return std::move(metric());
}

}  // namespace streamgauge
