// SPDX-License-Identifier: GPL-3.0-or-later
// Stops a run that only fails: when more than a share of the requests that ended within ten seconds were not good.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace streamgauge::loadgen {

class ErrorBrake {
public:
    static constexpr std::int64_t kSeconds = 10;
    static constexpr std::uint64_t kFewest = 10;  // fewer requests in ten seconds say nothing

    // Above this share; 0: never.
    explicit ErrorBrake(double share) : share_(share) {}

    // A request ended at a time of the run, nanoseconds, never before the last one given.
    void ended(std::int64_t at, bool good) {
        Second& second = at_second(at);
        ++second.ended;
        if (!good) ++second.bad;
    }
    // Whether to stop: looks at the last ten whole seconds, once they were.
    bool pulled(std::int64_t at) {
        at_second(at);
        if (share_ <= 0 || second_ < kSeconds) return false;
        Second sum;
        for (std::size_t i = 0; i < seconds_.size(); ++i) {
            if (i == static_cast<std::size_t>(second_ % kSlots)) continue;
            sum.ended += seconds_[i].ended;
            sum.bad += seconds_[i].bad;
        }
        return sum.ended >= kFewest && static_cast<double>(sum.bad) > share_ * static_cast<double>(sum.ended);
    }

private:
    static constexpr std::int64_t kSlots = kSeconds + 1;
    struct Second {
        std::uint64_t ended = 0, bad = 0;
    };

    Second& at_second(std::int64_t at) {
        const std::int64_t now = at / 1'000'000'000;
        for (std::int64_t s = std::max(second_ + 1, now - kSlots + 1); s <= now; ++s)
            seconds_[static_cast<std::size_t>(s % kSlots)] = {};
        second_ = std::max(second_, now);
        return seconds_[static_cast<std::size_t>(second_ % kSlots)];
    }

    const double share_;
    std::array<Second, kSlots> seconds_{};
    std::int64_t second_ = 0;
};

}  // namespace streamgauge::loadgen
