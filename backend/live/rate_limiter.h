// SPDX-License-Identifier: GPL-3.0-or-later
// Sliding-window rate limits: how much of something each caller may do within any window of a given length.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

namespace streamgauge {

struct RateLimit {
    std::uint64_t amount = 0;  // per window; 0: no limit
    std::chrono::milliseconds window{1000};
    bool operator==(const RateLimit&) const = default;
};

struct RateDecision {
    bool allowed = true;
    std::uint64_t limit = 0, remaining = 0;    // 0 and 0: no limit applies
    std::chrono::milliseconds reset{0};        // until `remaining` is the whole limit again
    std::chrono::milliseconds retry_after{0};  // until `cost` would be allowed; only when it is not
};

// One limit over many callers. Never lets more than `amount` through in any window, however it lies; how much earlier
// than necessary it may refuse is stated, and tested, in rate_limiter.cpp. Bounded in memory whatever callers make up.
// Thread-safe.
class RateLimiter {
public:
    virtual ~RateLimiter() = default;
    // Takes `cost` from `caller`'s window when that much is left (all or nothing). `now` is monotonic, in nanoseconds.
    virtual RateDecision take(std::string_view caller, std::uint64_t cost, std::int64_t now) = 0;
};
std::unique_ptr<RateLimiter> make_rate_limiter(RateLimit limit);

}  // namespace streamgauge
