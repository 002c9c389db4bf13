// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/ingest_stats.h"

#include <optional>

namespace streamgauge::api {

void IngestStats::answered(std::int64_t micros) {
    static std::atomic<std::size_t> threads{0};
    thread_local const std::size_t mine = threads.fetch_add(1, std::memory_order_relaxed) % kShards;
    Shard& shard = shards_[mine];
    const std::lock_guard lock(shard.mutex);
    if (shard.histogram == nullptr) shard.histogram = std::make_unique<Histogram>();
    shard.histogram->record(micros);
}

Outcomes IngestStats::totals() const {
    Outcomes totals;
    totals.accepted = accepted_.load(std::memory_order_relaxed);
    totals.duplicate = duplicate_.load(std::memory_order_relaxed);
    totals.rejected = rejected_.load(std::memory_order_relaxed);
    totals.limited = limited_.load(std::memory_order_relaxed);
    return totals;
}

Latency IngestStats::collect(bool reset) const {
    std::optional<Histogram> all;  // a quarter of a megabyte: made only when there is something
    for (const Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        if (shard.histogram == nullptr || shard.histogram->count() == 0) continue;
        if (!all) all.emplace();
        all->merge(*shard.histogram);
        if (reset) shard.histogram->reset();
    }
    Latency latency;
    if (!all) return latency;
    latency.count = all->count();
    latency.p50_ms = static_cast<double>(all->quantile_micros(0.50)) / 1e3;
    latency.p95_ms = static_cast<double>(all->quantile_micros(0.95)) / 1e3;
    latency.p99_ms = static_cast<double>(all->quantile_micros(0.99)) / 1e3;
    return latency;
}

Latency IngestStats::latency() const {
    return collect(false);
}
Latency IngestStats::start_second() {
    return collect(true);
}

}  // namespace streamgauge::api
