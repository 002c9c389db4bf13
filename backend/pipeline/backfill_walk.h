// SPDX-License-Identifier: GPL-3.0-or-later
// One metric's own walk through the log, from where the store has it to where the pipeline is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "journal/journal.h"
#include "metrics/aggregation.h"
#include "store/result_store.h"

namespace streamgauge {

// What the metric holds after an offset is what the pipeline would have made of the log before it: the same
// aggregation, committed with its own offset in one transaction. Not thread-safe.
class BackfillWalk {
public:
    struct Limits {
        std::size_t rows = 50'000;             // of cells that are not committed
        std::size_t bytes = 32 * 1024 * 1024;  // of those, and by which sets may grow between commits
    };

    // Goes on where the store has the metric, or begins at the oldest event that the journal keeps. `journal` and
    // `store` must outlive it and what it gives away. Conflict for another owner.
    static Result<BackfillWalk> start(Journal& journal, ResultStore& store, std::uint64_t epoch,
                                      MetricDefinition definition, Limits limits);

    // The store has the metric completely already: it was adopted before the last stop.
    bool complete() const { return complete_; }
    Offset next() const { return state_.next; }
    const PartitionState& state() const { return state_; }
    // When the first event was or will be received that is in, where earlier ones are gone; none where the store's
    // progress has it in already.
    const std::optional<Timestamp>& begins_at() const { return begins_at_; }

    // Adds at most `most` events before `end`. On an error what was added stays: go on later.
    Status advance(Offset end, std::size_t most);
    bool has_changes() const { return state_.next != committed_; }
    bool overfull() const;
    // After an error start() anew: the commit may be in or not.
    Status commit();

    // Precondition: committed and not complete. The walk is over.
    MetricAggregation take();

private:
    BackfillWalk(Journal& journal, ResultStore& store, std::uint64_t epoch, Aggregation aggregation, Limits limits)
        : journal_(&journal), store_(&store), epoch_(epoch), limits_(limits), aggregation_(std::move(aggregation)) {}
    Status restore(StoreSnapshot& snapshot);
    Status begin_at(Offset next);
    std::size_t set_bytes() const;
    MetricAggregation& metric() { return aggregation_.metrics().front(); }
    const MetricAggregation& metric() const { return aggregation_.metrics().front(); }

    Journal* journal_;
    ResultStore* store_;
    std::uint64_t epoch_;
    Limits limits_;
    Aggregation aggregation_;
    PartitionState state_;
    Offset committed_ = 1;
    std::size_t set_bytes_ = 0;  // at the last commit
    bool complete_ = false;
    bool first_ = false;  // the next event is the first that is in, and not the log's first
    std::optional<Timestamp> begins_at_;
    std::vector<std::int64_t> expired_before_;  // by tier
};

}  // namespace streamgauge
