// SPDX-License-Identifier: GPL-3.0-or-later
// From the journal to the answers: tails the log, aggregates, keeps what queries ask for in memory, and commits
// rollups, live state, counters and the next offset to the store in one transaction.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "event/event.h"
#include "metrics/definition.h"
#include "metrics/metric_aggregation.h"
#include "metrics/metric_counters.h"
#include "metrics/partition_state.h"

namespace streamgauge {

class Journal;
class Projection;
class ResultStore;

struct PipelineOptions {
    std::chrono::milliseconds commit_interval{1000};  // between commits under load
    std::chrono::milliseconds quiet_commit{150};      // after the last event when nothing more comes
    std::size_t max_pending_rows = 500'000;           // uncommitted rows and users; then it commits at once
    std::size_t read_events = 5'000;                  // most events aggregated between two looks at the questions
    std::chrono::milliseconds forced_commit{100};     // between commits that flush() asks for
};

// How one metric does.
struct MetricFigures {
    MetricId id = 0;
    std::string name;
    MetricCounters counters;
    bool set = false;  // the rest is 0 without
    std::uint64_t exact_values = 0, exact_budget = 0;
    std::uint64_t overflowed = 0;  // values for groups beyond those that there may be, since the process started
    std::size_t states = 0, memory_bytes = 0;
};

// Where the pipeline is. Numbers of events are durable totals since the log began.
struct PipelineStatus {
    Offset next = 0;                             // the first offset not aggregated yet
    Offset committed = 0;                        // the first offset not committed to the store yet
    PartitionState state;                        // as of `next`: what was counted, watermark, log's clock
    std::uint64_t aggregated = 0, too_late = 0;  // the same as in `state`
    std::vector<MetricFigures> metrics;          // by id; as of the last half second or so
    double mean_processing_ms = 0;               // received_at to aggregated, over about the last half minute
    std::optional<Error> failure;  // the store or the journal refuses; retried unless the code is Conflict
};

struct PipelineLag {
    std::uint64_t events = 0;
    double seconds = 0;  // age of the oldest committed event that is not aggregated yet; 0 when there is none
};

// What a commit changed: windows of the tier that start in [from, to).
struct ChangedWindows {
    MetricId metric = 0;
    std::uint8_t tier = 0;
    std::int64_t from = 0, to = 0;
};

struct CommittedChanges {
    PartitionState state;
    std::vector<ChangedWindows> windows;
    std::vector<MetricId> adopted, dropped;
};

// Lives on threads of its own: the pipeline's (state and questions), the store writer's (one commit at a time, so that
// a slow disk delays neither answers nor aggregation), and while it is far behind one that reads ahead. All public
// methods are thread-safe; everything that is called back is called on the pipeline's thread and must not block.
class Pipeline {
public:
    // Takes ownership of the partition in the store, loads what is there and starts to tail. Blocks until the state is
    // loaded. Corrupt when the store is ahead of the journal. Everything passed must outlive the pipeline.
    //
    // Metrics of `definitions` that the store does not have completely are not run (missing()), unless it is empty;
    // metrics that it has and that are not among them are removed from it.
    static Result<std::unique_ptr<Pipeline>> start(Journal& journal, ResultStore& store, const Clock& clock,
                                                   PipelineOptions options = {},
                                                   std::vector<MetricDefinition> definitions = built_in_metrics());
    ~Pipeline();  // stop()
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    // The journal has something new: call it from Journal::on_commit. Never blocks.
    void wake();

    // Runs `question` on the pipeline's thread, after what the journal had committed by now is aggregated (or after
    // 20 ms when the pipeline is behind). Called exactly once: with nullptr after stop().
    void ask(std::function<void(const Projection*)> question);

    // Commits what the journal had when this was called (or what is aggregated 200 ms later, when that is not all), and
    // calls back with what is committed: at once when that is so already. Forced commits are coalesced. Unavailable
    // after two seconds, after stop(), or when another owner has taken over.
    void flush(std::function<void(Result<PartitionState>)> done);

    // Called with what each commit changed, before flush() is answered. Set it once, before the first wake().
    void on_commit(std::function<void(const CommittedChanges&)> listener);

    // ---- metrics that come and go
    // ------------------------------------------------------------------------------------ Of the start's definitions:
    // to be backfilled, or to go on with that.
    std::vector<MetricId> missing() const;
    // For ResultStore::commit_backfill() and its like.
    std::uint64_t epoch() const;
    // Takes a metric over that was backfilled to `at`, its last commit_backfill(). Events from there to where the
    // pipeline is are read by the pipeline itself: the gap should be small. `done` when the commit that completes it is
    // in. On an error the store has the metric as it was: Conflict when it is not at `at`, Cancelled by drop(),
    // Unavailable after stop().
    void adopt(MetricAggregation metric, PartitionState at, std::function<void(Status)> done);
    // Takes no more events for it and removes what there is of it, whether it is run here or not. `done` when that is
    // committed; the rows themselves go in the background.
    void drop(MetricId metric, std::function<void(Status)> done);

    PipelineStatus status() const;
    PipelineLag lag() const;

    // Aggregates what the journal holds, commits, answers pending questions and joins the threads. Gives up on a store
    // that fails at `deadline`: the next start repeats the tail. Idempotent.
    void stop(std::chrono::milliseconds deadline = std::chrono::seconds(2));

private:
    struct Impl;
    explicit Pipeline(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace streamgauge
