// SPDX-License-Identifier: GPL-3.0-or-later
// Stops the door before the disk is full, so that queries, compaction and the operator still have room.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>

#include "api/ingest_service.h"

namespace streamgauge {

// The share of a filesystem that is used, in percent, as df counts it: what is reserved for root is not free.
Result<double> disk_used_percent(const std::string& path);

// Looks at the disk at most once a second, and only when somebody asks: an idle server is not woken. Thread-safe.
class DiskGuard final : public api::StorageGuard {
public:
    using Probe = std::function<Result<double>()>;

    // Events are refused while `stop_percent` or more are used; 100: never. A probe that fails changes nothing.
    DiskGuard(int stop_percent, Probe probe) : stop_percent_(stop_percent), probe_(std::move(probe)) {}

    bool may_store(Timestamp now) override;
    Error refusal() override;

    // Why events are refused now, for the health report.
    std::optional<Error> fault(Timestamp now);
    double used_percent() const { return used_percent_.load(std::memory_order_relaxed); }
    std::uint64_t refused_requests() const { return refused_.load(std::memory_order_relaxed); }

private:
    void look(Timestamp now);

    const int stop_percent_;
    const Probe probe_;
    std::atomic<std::int64_t> looked_at_{INT64_MIN};  // microseconds
    std::atomic<bool> full_{false};
    std::atomic<double> used_percent_{0};
    std::atomic<std::uint64_t> refused_{0};
    std::mutex probing_;
};

}  // namespace streamgauge
