// SPDX-License-Identifier: GPL-3.0-or-later
// A clock that stands still until a test moves it.
#pragma once

#include "base/clock.h"

namespace streamgauge::tests {

class StandingClock final : public Clock {
public:
    Timestamp now() const override { return Timestamp{nanos / 1000}; }
    std::int64_t monotonic_nanos() const override { return nanos; }
    void advance_seconds(double seconds) { nanos += static_cast<std::int64_t>(seconds * 1e9); }

private:
    std::int64_t nanos = 1'000'000'000;
};

}  // namespace streamgauge::tests
