// SPDX-License-Identifier: GPL-3.0-or-later
// What the log amounts to: aggregates it, answers what is asked of the newest past from memory, and knows what the
// store does not have yet.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "journal/journal.h"
#include "metrics/aggregation.h"
#include "pipeline/live_views.h"
#include "store/result_store.h"
#include "store/set_loader.h"

namespace streamgauge {

// A function of the events before next(), whatever was committed when, and however often the process started anew.
// Not thread-safe; lives on the pipeline's thread. The store that it is loaded from must outlive it.
class Projection {
public:
    explicit Projection(ResultStore& store, std::vector<MetricDefinition> definitions = built_in_metrics());

    // Takes ownership of the partition and puts back what the store holds. Metrics that the store does not have, or
    // not completely, are left out (missing()) unless nothing has been aggregated yet; what it has and nobody defines
    // any more is dropped. Call once, first.
    Status load();
    const std::vector<MetricId>& missing() const { return missing_; }

    // ---- going on --------------------------------------------------------------------------------------------------
    // Stops with the error when a set cannot be read from the store: go on with the same batch later. Unavailable and
    // exhausted(): what is in memory has to be committed first. Precondition: batch.first <= next() < batch.next();
    // events before next() are passed over.
    Status apply(const CommittedBatch& batch);
    // Goes on at `next` without what lies between: it is retained nowhere. Precondition: next > this->next().
    void skip_to(Offset next);

    // ---- metrics that come and go, while no commit is under way
    // ------------------------------------------------------ A metric that was backfilled to `at.next` <= next(), and
    // has been handed over. `read` gives the events from an offset on. Conflict when the store has it somewhere else.
    using Read = std::function<Result<std::shared_ptr<const CommittedBatch>>(Offset from, std::size_t most)>;
    Status adopt(MetricAggregation metric, const PartitionState& at, const Read& read);
    void drop(MetricId metric);

    // ---- committing, one at a time ---------------------------------------------------------------------------------
    bool has_changes() const { return state_.next != taken_ || !adopted_.empty() || !dropped_.empty(); }
    // So much is not committed that it must be, before more is added.
    bool overfull(std::size_t most_rows) const;
    // apply() has stopped since the last commit because sets took as much memory as they may.
    bool exhausted() const { return exhausted_; }
    // Everything since the last one. Precondition: that one is committed(). Immutable, for the store's writer.
    std::shared_ptr<const ResultCommit> take_commit();
    // The store has it.
    void committed();

    // ---- questions -------------------------------------------------------------------------------------------------
    const PartitionState& state() const { return state_; }
    Offset next() const { return state_.next; }
    const PartitionState& committed_state() const { return committed_; }
    Offset committed_next() const { return committed_.next; }
    std::uint64_t epoch() const { return epoch_; }
    const std::vector<MetricAggregation>& metrics() const { return aggregation_.metrics(); }
    // What is kept in memory. Its questions about streams settle levels first, which changes no answer.
    LiveViews& live() const { return live_; }
    // Events of the pair since the log began, in a project, or with an empty one in all; 0 when there was none. Asks
    // the store.
    Result<std::uint64_t> pair_count(std::string_view project, std::string_view user_id,
                                     std::string_view page_url) const;

private:
    // What of a metric was given to the store last.
    struct Given {
        std::optional<MetricCounters> counters;
        std::vector<std::int64_t> expired_before;  // by tier
    };

    SetTable::Load loader();
    // Why apply() stopped, when that was a metric's sets' memory.
    std::optional<Error> refusal_of_sets();
    Status make_aggregation(const std::vector<StoredMetric>& stored);
    Status restore_sets(StoreSnapshot& snapshot);
    Status load_live(StoreSnapshot& snapshot, MetricId metric, Timestamp log_clock);
    // Hands what the watched metrics gained to the live views.
    void feed(MetricAggregation& metric);
    void take_metric(MetricAggregation& metric, ResultChanges& changes);
    std::size_t set_bytes() const;

    ResultStore& store_;
    std::vector<MetricDefinition> definitions_;
    Aggregation aggregation_;
    SetLoader sets_;
    mutable LiveViews live_;
    std::vector<MetricId> missing_;

    std::uint64_t epoch_ = 0, commits_ = 0;
    PartitionState state_, committed_;
    Offset taken_ = 1;
    std::map<MetricId, Given> given_;
    std::vector<Adoption> adopted_;
    std::vector<MetricId> dropped_;
    std::size_t set_bytes_taken_ = 0;  // memory of sets when the last commit was taken
    bool exhausted_ = false;           // sets took as much memory as they may
    std::shared_ptr<const ResultCommit> in_flight_;
};

}  // namespace streamgauge
