// SPDX-License-Identifier: GPL-3.0-or-later
// The only door to time. Tests put a ManualClock behind it.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace streamgauge {

class Clock {
public:
    virtual ~Clock() = default;
    // Wall clock. Thread-safe. May step.
    virtual Timestamp now() const = 0;
    // Nanoseconds from an arbitrary start; never goes back. Thread-safe.
    virtual std::int64_t monotonic_nanos() const = 0;
};

class SystemClock final : public Clock {
public:
    Timestamp now() const override;
    std::int64_t monotonic_nanos() const override;
};

}  // namespace streamgauge
