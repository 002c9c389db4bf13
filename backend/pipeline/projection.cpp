// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipeline/projection.h"

#include <cassert>

#include "metrics/decimal.h"

namespace streamgauge {

Projection::Projection(Store& store, std::vector<OldMetricDefinition> definitions)
    : store_(store),
      aggregator_(std::move(definitions)),
      pages_(kSlidingWindowMicros, kSlidingRetentionMicros),
      types_(kSlidingWindowMicros, kSlidingRetentionMicros) {
    for (const OldMetricDefinition& definition : aggregator_.definitions()) {
        pending_.emplace_back(definition.id);
        fresh_.emplace_back(definition.id);
        expired_.push_back({definition.id, kNoWindow});
    }
}

SlidingCounts* Projection::sliding(MetricId metric) {
    return metric == metric::kTopPages ? &pages_ : metric == metric::kEventTypes ? &types_ : nullptr;
}

bool Projection::is_stream(MetricId metric) {
    return metric == metric::kStreamViewers || metric == metric::kStreamChats || metric == metric::kStreamDonations;
}

Status Projection::load() {
    Result<Acquired> acquired = store_.acquire();
    if (!acquired) return acquired.error();
    epoch_ = acquired->epoch;
    state_ = acquired->state;
    taken_ = committed_ = state_.next;
    for (const OldMetricDefinition& definition : aggregator_.definitions()) {
        Status status;
        if (SlidingCounts* const counts = sliding(definition.id)) {
            status = store_.for_each_rollup(
                definition.id, counts->oldest_kept(state_.log_clock),
                [counts](auto window, auto group, auto value) { counts->add(window, group, value); });
        } else if (is_stream(definition.id)) {
            status = store_.for_each_rollup(definition.id, kNoWindow, [&](auto window, auto group, auto value) {
                streams_.add(definition.id, window, group, value);
            });
        }
        if (!status) return status;
    }
    return store_.for_each_user([this](UserActivity&& user) { activity_.restore(std::move(user), state_.log_clock); });
}

void Projection::apply(const CommittedBatch& batch) {
    assert(batch.first <= state_.next && state_.next < batch.next());
    const auto begin = static_cast<std::size_t>(state_.next - batch.first);
    const auto& definitions = aggregator_.definitions();
    const auto kept = [this](MetricId metric) { return sliding(metric) != nullptr || is_stream(metric); };
    // Metrics that live in the store alone are added to their pending rows directly.
    for (std::size_t i = 0; i < definitions.size(); ++i)
        if (!kept(definitions[i].id)) std::swap(fresh_[i], pending_[i]);
    activity_.apply(batch.batch, begin, state_.log_clock);
    aggregator_.apply(batch.batch, begin, state_, fresh_);
    for (std::size_t i = 0; i < definitions.size(); ++i) {
        if (kept(definitions[i].id))
            absorb(fresh_[i], pending_[i]);
        else
            std::swap(fresh_[i], pending_[i]);
    }
    pages_.expire(state_.log_clock);
    types_.expire(state_.log_clock);
}

void Projection::absorb(DeltaTable& fresh, DeltaTable& pending) {
    if (fresh.empty()) return;
    SlidingCounts* const counts = sliding(fresh.metric());
    for (std::size_t i = 0; i < fresh.size(); ++i) {
        const DeltaTable::Row row = fresh[i];
        if (counts != nullptr)
            counts->add(row.window, row.group, row.delta);
        else
            streams_.add(fresh.metric(), row.window, row.group, row.delta);
        pending.add(row.window, row.group, row.delta);
    }
    fresh.clear();
}

void Projection::skip_to(Offset next) {
    assert(next > state_.next);
    state_.next = next;
}

std::size_t Projection::pending_rows() const {
    std::size_t rows = activity_.changed();
    for (const DeltaTable& table : pending_) rows += table.size();
    return rows;
}

std::size_t Projection::pending_bytes() const {
    std::size_t bytes = 0;
    for (const DeltaTable& table : pending_) bytes += table.memory_bytes();
    return bytes;
}

std::shared_ptr<const StoreCommit> Projection::take_commit() {
    assert(in_flight_ == nullptr);
    auto commit = std::make_shared<StoreCommit>();
    commit->epoch = epoch_;
    commit->expected_next = committed_;
    commit->state = state_;
    const auto& definitions = aggregator_.definitions();
    for (std::size_t i = 0; i < definitions.size(); ++i) {
        const OldMetricDefinition& definition = definitions[i];
        if (!pending_[i].empty()) commit->rollups.push_back(std::exchange(pending_[i], DeltaTable(definition.id)));
        if (definition.retention_micros == 0) continue;
        const std::int64_t oldest =
            floor_to({state_.log_clock.micros - definition.retention_micros}, definition.window_micros).micros;
        if (oldest == expired_[i].before) continue;
        expired_[i].before = oldest;
        commit->expired_windows.push_back(expired_[i]);
    }
    ActivityTracker::Changes changes = activity_.take_changes();
    commit->users = std::move(changes.users);
    commit->expired_users = std::move(changes.expired);
    taken_ = state_.next;
    in_flight_ = std::move(commit);
    return in_flight_;
}

void Projection::committed() {
    assert(in_flight_ != nullptr);
    committed_ = in_flight_->state.next;
    in_flight_.reset();
}

Result<std::uint64_t> Projection::pair_count(std::string_view user_id, std::string_view page_url) const {
    std::string group(user_id);
    group += kGroupSeparator;
    group += page_url;
    const Result<StoredValue> stored = store_.rollup(metric::kPageClicks, kNoWindow, group);
    if (!stored) return stored.error();
    std::int64_t count = stored->value.value_or(0);
    const auto add_from = [&](const std::vector<DeltaTable>& tables) {
        for (const DeltaTable& table : tables)
            if (table.metric() == metric::kPageClicks)
                count = saturating_add(count, table.find(kNoWindow, group).value_or(0));
    };
    // The commit in flight may already be in the snapshot that was read: its offset tells.
    if (in_flight_ != nullptr && stored->next < in_flight_->state.next) add_from(in_flight_->rollups);
    add_from(pending_);
    return static_cast<std::uint64_t>(count);
}

}  // namespace streamgauge
