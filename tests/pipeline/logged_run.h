// SPDX-License-Identifier: GPL-3.0-or-later
// A real journal and a real store in a directory, a pipeline between them that is stopped, killed and started again
// while events are sent, and what the store holds in the end.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "journal/sqlite_support.h"
#include "metrics/event_view.h"
#include "metrics/held_results.h"
#include "metrics/random_log.h"
#include "pipeline/faulty_store.h"
#include "pipeline/pipeline.h"
#include "store/result_digest.h"
#include "store/result_rows.h"
#include "store/sqlite_result_store.h"
#include "support/manual_clock.h"

namespace streamgauge::test {

inline std::vector<MetricDefinition> definitions_of(const std::vector<oracle::Metric>& metrics,
                                                    bool with_built_in = true) {
    std::vector<MetricDefinition> all;
    if (with_built_in) all = built_in_metrics();
    for (const oracle::Metric& metric : metrics) all.push_back(oracle::definition_of(metric));
    return all;
}

class LoggedRun {
public:
    LoggedRun(std::vector<MetricDefinition> definitions, std::uint64_t seed)
        : definitions_(std::move(definitions)), random_(seed), options_(options_in(directory_)) {}
    ~LoggedRun() { close(); }

    SqliteJournalOptions& journal_options() { return options_; }
    const std::string& directory() const { return directory_.path(); }
    std::string store_path() const { return directory_.path() + "/store.db"; }
    const std::vector<MetricDefinition>& definitions() const { return definitions_; }
    Journal& journal() { return *journal_; }
    ManualClock& clock() { return clock_; }
    Pipeline* pipeline() { return pipeline_.get(); }

    // Opens what is not open. A pipeline has other habits each time.
    void open() {
        if (!journal_) journal_ = open_journal(options_, clock_);
        ASSERT_NE(journal_, nullptr);
        auto store = open_sqlite_result_store(store_path());
        ASSERT_TRUE(store.ok()) << store.error().describe();
        store_ = std::make_unique<FaultyStore>(std::move(store).value());
        PipelineOptions habits;
        habits.commit_interval = std::chrono::milliseconds(random_() % 30);
        habits.quiet_commit = std::chrono::milliseconds(random_() % 10);
        habits.max_pending_rows = 1 + random_() % 3'000;
        habits.read_events = 1 + random_() % 400;
        auto started = Pipeline::start(*journal_, *store_, clock_, habits, definitions_);
        ASSERT_TRUE(started.ok()) << started.error().describe();
        pipeline_ = std::move(started).value();
        journal_->on_commit([this] { pipeline_->wake(); });
    }
    // Without a chance to commit what is pending.
    void kill() {
        if (!pipeline_) return;
        store_->fail(Fault::BeforeCommit, 1'000'000);
        pipeline_->stop(std::chrono::milliseconds(0));
        journal_->on_commit({});
        pipeline_.reset();
        store_.reset();
    }
    void stop() {
        if (!pipeline_) return;
        pipeline_->stop(std::chrono::minutes(1));
        journal_->on_commit({});
        pipeline_.reset();
        store_.reset();
    }
    void close() {
        stop();
        if (journal_) journal_->close();
        journal_.reset();
    }

    // Requests of one project each, of random length, with restarts in between at random.
    void send(const std::vector<oracle::Event>& events, unsigned restarts_in = 12) {
        for (std::size_t at = 0; at < events.size();) {
            AppendRequest request;
            request.batch.set_project(events[at].project);
            const std::size_t most = 1 + random_() % 120;
            clock_.set({std::max(clock_.now().micros, events[at].received_at)});
            for (std::size_t n = 0; n < most && at < events.size() && events[at].project == request.batch.project();
                 ++n, ++at)
                request.batch.add(view_of(events[at]));
            std::promise<void> stored;
            request.done = [&stored](const Result<Appended>& appended, const EventBatch&) {
                EXPECT_TRUE(appended.ok());
                stored.set_value();
            };
            ASSERT_TRUE(journal_->append(std::move(request)));
            stored.get_future().wait();
            if (restarts_in == 0) continue;
            switch (random_() % restarts_in) {
                case 0:
                    kill();
                    open();
                    break;
                case 1:
                    if (random_() % 4 == 0) close();
                    stop();
                    open();
                    break;
                case 2:
                    store_->fail(random_() % 2 == 0 ? Fault::BeforeCommit : Fault::AfterCommit);
                    break;
                case 3:
                    flush();
                    break;
                default:
                    break;
            }
            if (::testing::Test::HasFatalFailure()) return;
        }
    }
    // Until everything that was sent is in the store.
    void flush() {
        for (int tries = 0; tries < 200; ++tries) {
            std::promise<Result<PartitionState>> committed;
            pipeline_->flush([&committed](Result<PartitionState> state) { committed.set_value(std::move(state)); });
            const Result<PartitionState> state = committed.get_future().get();
            if (state.ok() && state->next == journal_->end()) return;
        }
        FAIL() << "the pipeline does not get to the end";
    }

    ResultDigest digest() const {
        const auto snapshot = open_result_store_readonly(store_path());
        EXPECT_TRUE(snapshot.ok());
        auto digest = digest_results(**snapshot, definitions_);
        EXPECT_TRUE(digest.ok()) << digest.error().describe();
        return std::move(digest).value();
    }

private:
    const ScratchDirectory directory_;
    const std::vector<MetricDefinition> definitions_;
    std::mt19937_64 random_;
    ManualClock clock_{Timestamp{1'800'000'000'000'000}};
    SqliteJournalOptions options_;
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<FaultyStore> store_;
    std::unique_ptr<Pipeline> pipeline_;
};

// What a store holds of a metric, without windows that are past their retention, and without bases of gauges.
inline oracle::Held held_in(StoreSnapshot& snapshot, const MetricDefinition& definition, Timestamp log_clock) {
    oracle::Held held;
    for (std::uint8_t tier = 0; tier < definition.tiers.size(); ++tier) {
        const Tier& kept = definition.tiers[tier];
        const Windows windows = Windows::make(kept.window_micros, definition.timezone).value();
        const std::int64_t oldest = windows.oldest_kept(kept.retention_micros, log_clock.micros);
        Status read;
        if (is_set(definition.aggregate)) {
            read = snapshot.sets(definition.id, tier, oldest, INT64_MAX, {},
                                 [&](std::int64_t window, std::string_view group, const StoreSnapshot::Set& set) {
                                     auto state = SetState::decode(definition.aggregate, set.bytes);
                                     EXPECT_TRUE(state.ok());
                                     if (!state.ok()) return false;
                                     oracle::HeldRow& row = held[{tier, window, std::string(group)}];
                                     row.late = static_cast<std::int64_t>(set.late);
                                     row.set.emplace(std::move(state).value());
                                     return true;
                                 });
        } else {
            read = snapshot.cells(definition.id, tier, oldest, INT64_MAX, {},
                                  [&](std::int64_t window, std::string_view group, const Cell& cell) {
                                      oracle::HeldRow& row = held[{tier, window, std::string(group)}];
                                      row.value = cell.value;
                                      row.count = cell.count;
                                      row.late = cell.late;
                                      row.text = cell.text;
                                      return true;
                                  });
        }
        EXPECT_TRUE(read.ok()) << read.error().describe();
    }
    return held;
}

}  // namespace streamgauge::test
