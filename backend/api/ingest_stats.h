// SPDX-License-Identifier: GPL-3.0-or-later
// What the door counts: outcomes of events since the start, and the latency of answers in the current second.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "api/types.h"
#include "base/histogram.h"

namespace streamgauge::api {

// Fed by the ingestion service (outcomes) and by the HTTP engines (answered), read by the live feed. Thread-safe; no
// call waits longer than one histogram update or copy.
class IngestStats {
public:
    void accepted(std::uint64_t events) { accepted_.fetch_add(events, std::memory_order_relaxed); }
    void duplicate(std::uint64_t events) { duplicate_.fetch_add(events, std::memory_order_relaxed); }
    void rejected(std::uint64_t events) { rejected_.fetch_add(events, std::memory_order_relaxed); }
    void limited(std::uint64_t events) { limited_.fetch_add(events, std::memory_order_relaxed); }
    void bots(std::uint64_t events) { bots_.fetch_add(events, std::memory_order_relaxed); }
    void off_schema(std::uint64_t events) { off_schema_.fetch_add(events, std::memory_order_relaxed); }
    // One ingestion request was answered `micros` after the arrival of its head.
    void answered(std::int64_t micros);

    // Events since the start, by outcome. Each counter only grows.
    Outcomes totals() const;
    // Of the accepted ones: by robots, and those that break a schema that only warns.
    std::uint64_t total_bots() const { return bots_.load(std::memory_order_relaxed); }
    std::uint64_t total_off_schema() const { return off_schema_.load(std::memory_order_relaxed); }
    // Percentiles of the answers since the last start_second().
    Latency latency() const;
    // The same, and starts anew: called by the live feed once a second.
    Latency start_second();

private:
    // One for a few threads each, so that two workers seldom meet at one lock. Histograms are made at first use.
    struct Shard {
        mutable std::mutex mutex;
        std::unique_ptr<Histogram> histogram;  // guarded by mutex
    };
    static constexpr std::size_t kShards = 4;
    Latency collect(bool reset) const;

    std::atomic<std::uint64_t> accepted_{0}, duplicate_{0}, rejected_{0}, limited_{0}, bots_{0}, off_schema_{0};
    std::array<Shard, kShards> shards_;
};

}  // namespace streamgauge::api
