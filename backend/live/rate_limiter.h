// SPDX-License-Identifier: GPL-3.0-or-later
// Sliding-window rate limits: how much of something each caller may do within any window of a given length.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
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

// What a limiter may hold; the defaults are for the server, tests take less.
struct RateLimiterBounds {
    std::size_t callers = 100'000;            // further ones share one window
    std::size_t history_bytes = 64ULL << 20;  // of all callers; beyond: what is taken is remembered more coarsely
};

struct RateLimiterCounters {
    std::size_t callers = 0;        // that have a window of their own now
    std::size_t history_bytes = 0;  // never more than the bound
    std::uint64_t shared = 0;       // calls that the shared window decided
    std::uint64_t coarse = 0;       // takes that were remembered more coarsely for want of memory
};

// One limit over many callers. Never lets more than `amount` through in any window (half open: (t - window, t]),
// however it lies; how much earlier than necessary it may refuse is stated, and tested, in rate_limiter.cpp. Bounded in
// memory whatever callers make up. Thread-safe.
class RateLimiter {
public:
    virtual ~RateLimiter() = default;
    // Takes `cost` from `caller`'s window when that much is left (all or nothing). `now` is monotonic, in nanoseconds;
    // a value before the caller's last one counts as that one. A cost above the limit is never allowed: its retry_after
    // is a whole window.
    virtual RateDecision take(std::string_view caller, std::uint64_t cost, std::int64_t now) = 0;
    virtual RateLimiterCounters counters() const = 0;
};
std::unique_ptr<RateLimiter> make_rate_limiter(RateLimit limit, RateLimiterBounds bounds = {});

// The name under which a client's address is limited: IPv4 as it is, also when it comes mapped into IPv6; IPv6 by its
// /64 ("2001:db8:0:1::/64"), because one client has all of that. Text that is no address stays as it is.
std::string limiter_address(std::string_view address);

}  // namespace streamgauge
