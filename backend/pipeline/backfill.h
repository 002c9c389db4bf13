// SPDX-License-Identifier: GPL-3.0-or-later
// Fills metrics that are new from what the journal has, one after another, beside the pipeline, which takes them over
// when they have caught up.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "event/event.h"
#include "metrics/definition.h"

namespace streamgauge {

class Journal;
class Pipeline;
class ResultStore;

struct BackfillOptions {
    std::size_t read_events = 10'000;                  // most events between two looks at what else is to be done
    std::size_t gap_events = 20'000;                   // behind the pipeline, which may take over then
    std::chrono::milliseconds commit_interval{1'000};  // between commits of progress
    std::size_t rows = 50'000;  // of cells that are not committed: the pipeline's commits wait for such a one
    // One that has failed for so long, without a commit in between, has failed: what it has filled is removed, so that
    // the journal may let its events go, and the next one has its turn. Tried anew, from the oldest event that is kept,
    // after `again_after`, by retry() and at each start.
    std::chrono::milliseconds failed_after = std::chrono::hours(1);
    std::chrono::milliseconds again_after = std::chrono::minutes(10);
};

struct BackfillProgress {
    MetricId metric = 0;
    Offset begin = 1, next = 1, end = 1;  // filled from, up to, of; the end moves while events arrive
    double events_per_second = 0;         // 0 while it waits for another
    std::optional<Error> failure;         // tried again
    bool failed = false;                  // BackfillOptions::failed_after has passed
};

struct BackfillListener {
    // The pipeline has taken the metric over: it is complete from then on.
    std::function<void(MetricId metric)> adopted;
    // Earlier events than those received at `from` are gone. Keep that: it is told before the store has anything of the
    // metric, and not again after a restart. On an error nothing is committed, and the metric is tried again. May wait
    // for others, but not for these backfills.
    std::function<Status(MetricId metric, Timestamp from)> begins;
};

// A thread of its own, of low priority. All public methods are thread-safe; callbacks come from that thread or the
// pipeline's and must not block. Progress is in the store: after a stop or a crash add() goes on where it was.
class Backfills {
public:
    // Everything passed must outlive it.
    Backfills(Journal& journal, ResultStore& store, Pipeline& pipeline, const Clock& clock, BackfillListener listener,
              BackfillOptions options = {});
    ~Backfills();  // stop()
    Backfills(const Backfills&) = delete;
    Backfills& operator=(const Backfills&) = delete;

    void add(MetricDefinition definition);
    // Whether it is being filled, waits for that, or is run by the pipeline: takes no more events for it and removes
    // what the store has. `done` when that is committed; Unavailable after stop(): then the next start has to do it.
    void remove(MetricId metric, std::function<void(Status)> done);
    // One that has failed waits for its turn again, now instead of after `again_after`. Nothing for any other.
    void retry(MetricId metric);
    // Of those that are not adopted yet, in their order.
    std::vector<BackfillProgress> progress() const;

    // Leaves what is at hand where its last commit was. Idempotent.
    void stop();

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;  // shared with what the pipeline is asked
};

}  // namespace streamgauge
