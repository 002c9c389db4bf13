// SPDX-License-Identifier: GPL-3.0-or-later
// A real journal and a real store in a directory, with random events in the log, and what a metric comes to in a store
// that had it from the beginning.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "journal/journal_support.h"
#include "journal/sqlite_support.h"
#include "metrics/event_view.h"
#include "metrics/held_results.h"
#include "metrics/random_log.h"
#include "pipeline/backfill.h"
#include "pipeline/pipeline.h"
#include "store/result_digest.h"
#include "store/sqlite_result_store.h"
#include "support/child_program.h"

namespace streamgauge::test {

// Every aggregate, ids from 1000 on.
inline std::vector<MetricDefinition> user_metrics() {
    std::vector<MetricDefinition> all;
    for (const oracle::Metric& metric : oracle::test_metrics()) {
        all.push_back(oracle::definition_of(metric));
        if (is_set(metric.aggregate)) all.back().exact_budget = 3'000;  // little: sketches are filled, too
    }
    return all;
}

inline SqliteJournalOptions journal_options(const std::string& directory) {
    SqliteJournalOptions options;
    options.directory = directory;
    options.retention_days = 0;
    options.retention_bytes = 0;
    return options;
}

// `count` random events that no other seed has, as the journal's writer takes them.
inline void append_random(Journal& journal, std::uint64_t seed, std::size_t count) {
    oracle::Shape shape;
    shape.events = count;
    shape.repeats = false;
    shape.start += static_cast<std::int64_t>(seed) * kDayMicros;
    std::atomic<int> open = 0;
    std::atomic<bool> failed = false;
    EventBatch batch;
    const auto hand_over = [&] {
        if (batch.empty()) return;
        AppendRequest request;
        request.batch = std::move(batch);
        request.done = [&](const Result<Appended>& result, const EventBatch&) {
            if (!result.ok()) failed = true;
            --open;
        };
        ++open;
        while (!journal.append(std::move(request))) std::this_thread::yield();
    };
    for (oracle::Event& e : oracle::random_log(seed, shape)) {
        e.event_id = std::to_string(seed) + "-" + e.event_id;
        if (batch.project() != e.project || batch.size() == 500) hand_over();
        if (batch.empty()) batch = EventBatch(e.project);
        batch.add(view_of(e));
    }
    hand_over();
    while (open > 0) std::this_thread::yield();
    ASSERT_FALSE(failed);
}

// Journal, store and pipeline of a directory.
struct Running {
    std::unique_ptr<Journal> journal;
    std::unique_ptr<ResultStore> store;
    std::unique_ptr<Pipeline> pipeline;

    ~Running() {
        if (pipeline) pipeline->stop();
        if (journal) journal->close();
    }
    // Everything in the log is in the store.
    bool settled(std::chrono::seconds patience = std::chrono::seconds(60)) {
        return eventually([this] { return pipeline->status().committed == journal->end(); }, patience);
    }
};

inline std::unique_ptr<Running> run(const std::string& directory, std::vector<MetricDefinition> definitions,
                                    const std::string& store = "store.db") {
    auto running = std::make_unique<Running>();
    auto journal = open_sqlite_journal(journal_options(directory), system_clock());
    auto opened = open_sqlite_result_store(directory + "/" + store);
    if (!journal.ok() || !opened.ok()) {
        ADD_FAILURE() << "cannot open " << directory;
        return nullptr;
    }
    running->journal = std::move(journal).value();
    running->store = std::move(opened).value();
    auto pipeline = Pipeline::start(*running->journal, *running->store, system_clock(), {}, std::move(definitions));
    if (!pipeline.ok()) {
        ADD_FAILURE() << pipeline.error().describe();
        return nullptr;
    }
    running->pipeline = std::move(pipeline).value();
    running->journal->on_commit([pipeline = running->pipeline.get()] { pipeline->wake(); });
    return running;
}

struct Held {
    std::string digests;  // of its tiers
    MetricCounters counters;
    bool complete = false;
    bool operator==(const Held&) const = default;
};
inline std::ostream& operator<<(std::ostream& out, const Held& held) {
    return out << held.digests << " late " << held.counters.late << " too late " << held.counters.too_late
               << (held.complete ? "" : " incomplete");
}

// What the store has of a metric; nothing where it has none.
inline std::optional<Held> held(ResultStore& store, const MetricDefinition& definition) {
    auto snapshot = store.snapshot();
    if (!snapshot.ok()) return std::nullopt;
    const auto metrics = (*snapshot)->metrics();
    const auto digest = digest_results(**snapshot, {definition});
    if (!metrics.ok() || !digest.ok()) return std::nullopt;
    for (const StoredMetric& metric : *metrics) {
        if (metric.id != definition.id) continue;
        Held out{{}, metric.counters, !metric.backfill};
        for (const TableDigest& table : digest->tables)
            out.digests += std::to_string(table.rows) + ":" + table.sha256.substr(0, 16) + " ";
        return out;
    }
    return std::nullopt;
}

// What each metric comes to when it is there from the beginning of the log.
inline std::vector<Held> from_the_beginning(const std::string& directory,
                                            const std::vector<MetricDefinition>& definitions) {
    std::vector<Held> all;
    const auto running = run(directory, definitions, "replay.db");
    if (!running || !running->settled()) {
        ADD_FAILURE() << "the replay does not end";
        return all;
    }
    for (const MetricDefinition& definition : definitions)
        all.push_back(held(*running->store, definition).value_or(Held()));
    return all;
}

}  // namespace streamgauge::test
