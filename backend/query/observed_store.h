// SPDX-License-Identifier: GPL-3.0-or-later
// A store that tells what was committed to it.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "store/result_store.h"

namespace streamgauge::query {

// Hands everything on to `store`, which must outlive it.
class ObservedStore final : public ResultStore {
public:
    // Called on the committing thread, after the commit is in the store and before commit() returns; commits of the
    // partition and of backfills may come at the same time.
    struct Listener {
        std::function<void(const ResultCommit&)> committed;
        std::function<void(const BackfillCommit&)> backfilled;
    };
    explicit ObservedStore(ResultStore& store) : store_(store) {}
    // Before the first commit.
    void listen(Listener listener) { listener_ = std::move(listener); }

    Result<Ownership> acquire() override { return store_.acquire(); }
    Status commit(const ResultCommit& commit) override {
        Status done = store_.commit(commit);
        if (done.ok() && listener_.committed) listener_.committed(commit);
        return done;
    }
    Result<StoredMetric> begin_backfill(std::uint64_t epoch, MetricId metric, const PartitionState& from) override {
        return store_.begin_backfill(epoch, metric, from);
    }
    Status commit_backfill(std::uint64_t epoch, const BackfillCommit& commit) override {
        Status done = store_.commit_backfill(epoch, commit);
        if (done.ok() && listener_.backfilled) listener_.backfilled(commit);
        return done;
    }
    Status drop(std::uint64_t epoch, MetricId metric) override { return store_.drop(epoch, metric); }
    Result<bool> tidy() override { return store_.tidy(); }
    Result<std::unique_ptr<StoreSnapshot>> snapshot() override { return store_.snapshot(); }

private:
    ResultStore& store_;
    Listener listener_;
};

}  // namespace streamgauge::query
