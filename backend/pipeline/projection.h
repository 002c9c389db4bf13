// SPDX-License-Identifier: GPL-3.0-or-later
// What the log amounts to, in memory: answers the questions, and knows what the store does not have yet.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "journal/journal.h"
#include "live/activity.h"
#include "live/sliding_counts.h"
#include "live/stream_series.h"
#include "metrics/aggregator.h"
#include "store/store.h"

namespace streamgauge {

// A function of the events before next(), whatever was committed when, and however often the process started anew.
// Not thread-safe; lives on the pipeline's thread. The store that it is loaded from must outlive it.
class Projection {
public:
    explicit Projection(Store& store, std::vector<OldMetricDefinition> definitions = default_metrics());

    // Takes ownership of the partition and puts back what the store holds. Call once, first.
    Status load();

    // ---- going on --------------------------------------------------------------------------------------------------
    // Precondition: batch.first <= next() < batch.next(); events before next() are passed over.
    void apply(const CommittedBatch& batch);
    // Goes on at `next` without what lies between: it is retained nowhere. Precondition: next > this->next().
    void skip_to(Offset next);

    // ---- committing, one at a time ---------------------------------------------------------------------------------
    bool has_changes() const { return state_.next != taken_; }
    // Rows and users that are in no commit yet, and the memory of the rows.
    std::size_t pending_rows() const;
    std::size_t pending_bytes() const;
    // Everything since the last one. Precondition: that one is committed(). Immutable, for the store's writer.
    std::shared_ptr<const StoreCommit> take_commit();
    // The store has it.
    void committed();

    // ---- questions -------------------------------------------------------------------------------------------------
    const PartitionState& state() const { return state_; }
    Offset next() const { return state_.next; }
    Offset committed_next() const { return committed_; }
    std::uint64_t active_users(int minutes, Timestamp now) const { return activity_.active_users(minutes, now); }
    std::vector<std::string> active_sessions(std::string_view user_id, Timestamp now) const {
        return activity_.active_sessions(user_id, now);
    }
    using Counts = std::vector<std::pair<std::string, std::uint64_t>>;
    Counts top_pages(int minutes, Timestamp now, std::size_t limit) const { return pages_.top(minutes, now, limit); }
    Counts top_types(int minutes, Timestamp now, std::size_t limit) const { return types_.top(minutes, now, limit); }
    // Events of the pair since the log began; 0 when there was none. Asks the store.
    Result<std::uint64_t> pair_count(std::string_view user_id, std::string_view page_url) const;
    // Its questions settle levels first, which changes no answer.
    StreamSeries& streams() const { return streams_; }

private:
    // What keeps a metric's windows in memory, or nullptr.
    SlidingCounts* sliding(MetricId metric);
    static bool is_stream(MetricId metric);
    void absorb(DeltaTable& fresh, DeltaTable& pending);

    Store& store_;
    Aggregator aggregator_;
    ActivityTracker activity_;
    SlidingCounts pages_, types_;
    mutable StreamSeries streams_;

    std::uint64_t epoch_ = 0;
    PartitionState state_;
    Offset taken_ = 1, committed_ = 1;
    std::vector<DeltaTable> pending_;  // for each definition: not in any commit
    std::vector<DeltaTable> fresh_;    // of the batch at hand, for metrics that are kept in memory, too
    std::shared_ptr<const StoreCommit> in_flight_;
    std::vector<WindowExpiry> expired_;  // for each definition: as of the last commit
};

}  // namespace streamgauge
