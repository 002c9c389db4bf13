// SPDX-License-Identifier: GPL-3.0-or-later
// Where results of metrics, live state, counters and the partition's offset are kept, so that a restart needs only the
// log's tail, and questions need no walk through the log.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "metrics/cell_table.h"
#include "metrics/metric_counters.h"
#include "metrics/partition_state.h"
#include "metrics/set_table.h"
#include "store/user_activity.h"

namespace streamgauge {

// Results of windows that start earlier are removed. Those of a Gauge are added, in order of time, to the group's level
// at kNoWindow (level = max(0, level + net)), so that levels go on from there. Costly expiries go in pieces over
// several commits: until then such rows show in snapshots, and whoever reads leaves them out by the log's clock (a
// gauge's level comes out the same whether its rows are already in the one at kNoWindow or not).
struct TierExpiry {
    MetricId metric = 0;
    std::uint8_t tier = 0;
    Aggregate aggregate = Aggregate::Count;
    std::int64_t before = 0;
};

struct MetricSets {
    MetricId metric = 0;
    Aggregate aggregate = Aggregate::Distinct;
    std::vector<SetWrite> writes;  // in (tier, window, group) order
};

struct CountedMetric {
    MetricId metric = 0;
    MetricCounters counters;
};

// What metrics gained over a stretch of the log.
struct ResultChanges {
    std::vector<CellTable> cells;  // merged into what is there by the rules of merge_cell(), for each tier
    std::vector<MetricSets> sets;
    std::vector<CountedMetric> counters;  // replace what is there
    std::vector<TierExpiry> expired;      // after all of that is in
};

// The end of a backfill: the metric's own progress is removed, from this commit on it is complete up to the
// partition's `next`. `changes` of the same commit hold what it gained since `backfilled_to`.
struct Adoption {
    MetricId metric = 0;
    Offset backfilled_to = 1;  // PartitionState::next of its last commit_backfill()
};

// One transaction. Immutable once handed over.
struct ResultCommit {
    std::uint64_t epoch = 0;        // what acquire() gave
    std::uint64_t number = 1;       // of the owner's commits, counted from 1
    Offset expected_next = 1;       // PartitionState::next as the store has it now
    PartitionState state;           // as it is afterwards
    std::vector<MetricId> dropped;  // first: all that they have is removed. If that takes long, in pieces afterwards,
                                    // also after a restart; snapshots do not show them from here on
    std::vector<Adoption> adopted;
    ResultChanges changes;                   // a metric that the store has not seen before is complete from the start
    std::vector<std::string> expired_users;  // removed
    std::vector<UserActivity> users;         // then: replace what is there for the user
};

// One transaction of a metric that walks through the log on its own.
struct BackfillCommit {
    MetricId metric = 0;
    Offset expected_next = 1;  // of its own progress
    PartitionState state;      // of its own walk, as it is afterwards; `next` goes up with every commit
    ResultChanges changes;     // of this metric alone
};

struct StoredMetric {
    MetricId id = 0;
    MetricCounters counters;
    std::optional<PartitionState> backfill;  // nothing: complete up to the partition's `next`
    bool operator==(const StoredMetric&) const = default;
};

struct Ownership {
    std::uint64_t epoch = 0;
    PartitionState state;
};

// One committed state of everything, for one thread at a time. Keep it short: the write-ahead log grows meanwhile. May
// outlive the store that gave it.
class StoreSnapshot {
public:
    virtual ~StoreSnapshot() = default;

    virtual Result<PartitionState> state() = 0;
    virtual Result<std::vector<StoredMetric>> metrics() = 0;  // by id

    // `text` of the cell is valid until the next call.
    virtual Result<std::optional<Cell>> cell(MetricId metric, std::uint8_t tier, std::int64_t window,
                                             std::string_view group) = 0;
    // Rows with from <= window < to, in (window, group) order, byte order of groups; only groups that begin with
    // `prefix`. The row of kNoWindow is in the range when from is kNoWindow. Ends early when `visit` returns false.
    // Views end with the call of `visit`, which must not use the snapshot.
    using CellVisitor = std::function<bool(std::int64_t window, std::string_view group, const Cell& cell)>;
    virtual Status cells(MetricId metric, std::uint8_t tier, std::int64_t from, std::int64_t to,
                         std::string_view prefix, const CellVisitor& visit) = 0;

    // `bytes` as SetState::decode() takes them; `late` events that came after the window was closed.
    struct Set {
        std::vector<std::string_view> bytes;
        std::uint64_t late = 0;
    };
    using SetVisitor = std::function<bool(std::int64_t window, std::string_view group, const Set& set)>;
    virtual Status sets(MetricId metric, std::uint8_t tier, std::int64_t from, std::int64_t to, std::string_view prefix,
                        const SetVisitor& visit) = 0;
    // Valid until the next call. Nothing where there is none.
    virtual Result<std::optional<Set>> set(MetricId metric, const SetKey& key) = 0;

    virtual Status for_each_user(const std::function<void(UserActivity&&)>& visit) = 0;
};

// Contract suite: tests/store/result_store_contract.h.
class ResultStore {
public:
    virtual ~ResultStore() = default;

    // Makes the caller the partition's owner: every earlier owner's commits get Conflict from now on.
    virtual Result<Ownership> acquire() = 0;
    // All of it or nothing. Io and Unavailable: try again. Conflict (and nothing changed) when another owner has taken
    // over, `expected_next` is not where the store is, or an adopted metric is not where it is said to be. A commit
    // that this owner has already made is Ok and changes nothing: its answer may have been lost.
    virtual Status commit(const ResultCommit& commit) = 0;

    // Gives what is known of the metric; one that the store has not seen before gets a row with the progress `from`.
    // Conflict for another owner.
    virtual Result<StoredMetric> begin_backfill(std::uint64_t epoch, MetricId metric, const PartitionState& from) = 0;
    // As commit(), for a metric that is being backfilled. NotFound when it is not (any more). Any thread.
    virtual Status commit_backfill(std::uint64_t epoch, const BackfillCommit& commit) = 0;
    // Removes a metric that no commit will name again (a backfill that was cancelled). Ok when there is none. Any
    // thread.
    virtual Status drop(std::uint64_t epoch, MetricId metric) = 0;

    // Removes one more piece of what was dropped or has expired, or packs one of closed windows; true when there is
    // more. Any thread.
    virtual Result<bool> tidy() = 0;

    // Any thread; waits for no commit. Unavailable when too many are open.
    virtual Result<std::unique_ptr<StoreSnapshot>> snapshot() = 0;
};

}  // namespace streamgauge
