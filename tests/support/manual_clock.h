// SPDX-License-Identifier: GPL-3.0-or-later
// A clock that stands still until the test moves it.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace streamgauge::test {

// Thread-safe.
class ManualClock final : public Clock {
public:
    explicit ManualClock(Timestamp start = {}) : now_(start.micros) {}
    Timestamp now() const override { return {now_.load()}; }
    std::int64_t monotonic_nanos() const override { return monotonic_.load(); }

    void advance(std::int64_t micros) {
        now_ += micros;
        monotonic_ += micros * 1'000;
    }
    // Steps the wall clock alone.
    void set(Timestamp now) { now_ = now.micros; }

private:
    std::atomic<std::int64_t> now_, monotonic_{0};
};

}  // namespace streamgauge::test
