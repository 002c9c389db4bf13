// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipeline/span_release.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "base/log.h"
#include "pipeline/baseline.h"

namespace streamgauge {
namespace {

constexpr int kNiceness = 10;  // ingestion, aggregation and answers come first

}  // namespace

void SpanRelease::attach(ResultStore& store, std::function<Result<std::vector<MetricDefinition>>()> definitions) {
    const std::lock_guard lock(mutex_);
    store_ = &store;
    definitions_ = std::move(definitions);
}

void SpanRelease::stop() {
    stopping_ = true;
    const std::lock_guard lock(mutex_);
    store_ = nullptr;
}

Status SpanRelease::before_unlink(const Seal& seal) {
    const std::lock_guard lock(mutex_);
    const auto needed = [](std::string why) { return Error::make(ErrorCode::Unavailable, std::move(why)); };
    if (stopping_ || store_ == nullptr) return needed("the metrics are not there yet, or no more");

    std::vector<StoredMetric> stored;
    {
        const auto snapshot = store_->snapshot();
        if (!snapshot.ok()) return snapshot.error();
        const Result<PartitionState> state = (*snapshot)->state();
        if (!state.ok()) return state.error();
        if (state->next <= seal.last) return needed("it is not aggregated yet");
        Result<std::vector<StoredMetric>> metrics = (*snapshot)->metrics();
        if (!metrics.ok()) return metrics.error();
        stored = std::move(metrics).value();
    }
    for (const StoredMetric& metric : stored)
        if (metric.backfill && metric.backfill->next <= seal.last)
            return needed("metric " + std::to_string(metric.id) + " is being filled from it");

    Result<std::vector<MetricDefinition>> definitions = definitions_();
    if (!definitions.ok()) return definitions.error();
    // One that is not in the store at all will begin behind the span, in the baseline, too.
    std::erase_if(*definitions, [&stored](const MetricDefinition& definition) {
        return std::none_of(stored.begin(), stored.end(),
                            [&definition](const StoredMetric& m) { return m.id == definition.id; });
    });
    // A thread of its own, as are those that it starts: of low priority from its beginning to its end.
    Status taken;
    std::thread([&] {
        setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
        pthread_setname_np(pthread_self(), "baseline");
        taken = take_into_baseline(directory_, seal, *definitions, stopping_);
    }).join();
    if (taken.ok()) return {};
    switch (taken.error().code) {
        case ErrorCode::Cancelled:
            return needed("the server stops");
        case ErrorCode::NotFound:  // the journal lost its beginning before there were baselines
        case ErrorCode::Conflict:
        case ErrorCode::Corrupt:
            // A baseline that cannot be mended must not keep events for ever: audits say what they cannot check.
            if (!std::exchange(told_, true))
                log::warning("baseline", "audits cannot check what removed events came to",
                             {{"error", taken.error().describe()}});
            return {};
        default:
            return taken;
    }
}

}  // namespace streamgauge
