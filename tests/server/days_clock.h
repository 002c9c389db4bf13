// SPDX-License-Identifier: GPL-3.0-or-later
// A server that keeps events for a day, and a wall clock that stands at noon of the day that a test says.
#pragma once

#include <atomic>
#include <string>

#include "base/clock.h"
#include "server/config.h"

namespace streamgauge::test {

class DaysClock final : public Clock {
public:
    Timestamp now() const override { return {noon_.load()}; }
    std::int64_t monotonic_nanos() const override { return system_.monotonic_nanos(); }
    // Days since 2026-01-31.
    void set(int day) { noon_ = kFirst + day * 86'400 * Timestamp::kMicrosPerSecond; }

private:
    static constexpr std::int64_t kFirst = 1'769'860'800 * Timestamp::kMicrosPerSecond;  // 2026-01-31T12:00:00Z
    std::atomic<std::int64_t> noon_{kFirst};
    SystemClock system_;
};

inline Config retaining_config(const std::string& data_dir) {
    Config config;
    config.data_dir = data_dir;
    config.listen = {"127.0.0.1:0"};
    config.management = "off";
    config.canary_interval = 0;
    config.retention_days = 1;
    return config;
}

}  // namespace streamgauge::test
