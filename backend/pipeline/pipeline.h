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

#include "base/clock.h"
#include "base/result.h"
#include "event/event.h"

namespace streamgauge {

class Journal;
class Projection;
class Store;

struct PipelineOptions {
    std::chrono::milliseconds commit_interval{1000};  // between commits under load
    std::chrono::milliseconds quiet_commit{150};      // after the last event when nothing more comes
    std::size_t max_pending_rows = 500'000;           // uncommitted rollup rows and users; then it commits at once
    std::size_t read_events = 5'000;                  // most events aggregated between two looks at the questions
};

// Where the pipeline is. Numbers of events are durable totals since the log began.
struct PipelineStatus {
    Offset next = 0;                             // the first offset not aggregated yet
    Offset committed = 0;                        // the first offset not committed to the store yet
    std::uint64_t aggregated = 0, too_late = 0;  // of the events before `next`
    double mean_processing_ms = 0;               // received_at to aggregated, over about the last half minute
    std::optional<Error> failure;  // the store or the journal refuses; retried unless the code is Conflict
};

struct PipelineLag {
    std::uint64_t events = 0;
    double seconds = 0;  // age of the oldest committed event that is not aggregated yet; 0 when there is none
};

// Lives on two threads of its own: the pipeline's (state and questions) and the store writer's (one commit at a time,
// so that a slow disk delays neither answers nor aggregation). All public methods are thread-safe.
class Pipeline {
public:
    // Takes ownership of the partition in the store, loads what is there and starts to tail. Blocks until the state is
    // loaded. Corrupt when the store is ahead of the journal. Everything passed must outlive the pipeline.
    static Result<std::unique_ptr<Pipeline>> start(Journal& journal, Store& store, const Clock& clock,
                                                   PipelineOptions options = {});
    ~Pipeline();  // stop()
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    // The journal has something new: call it from Journal::on_commit. Never blocks.
    void wake();

    // Runs `question` on the pipeline's thread, after what the journal had committed by now is aggregated (or after
    // 20 ms when the pipeline is behind). Called exactly once: with nullptr after stop().
    void ask(std::function<void(const Projection*)> question);

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
