// SPDX-License-Identifier: GPL-3.0-or-later
// The rate limits of the configuration at work: requests and events, each per API key, user and client address.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "auth/principal.h"
#include "base/result.h"
#include "http/types.h"
#include "live/rate_limiter.h"
#include "server/limit_settings.h"

namespace streamgauge {

class Exposition;

// One kind of thing that is limited. Thread-safe; never waits.
class LimitSet {
public:
    explicit LimitSet(const std::array<RateLimit, kLimitScopes>& limits);

    bool off() const { return !limiters_[0] && !limiters_[1] && !limiters_[2]; }
    bool limits(LimitScope scope) const { return limiters_[static_cast<std::size_t>(scope)] != nullptr; }

    struct Decision {
        RateDecision tightest;                 // of those that apply; the one that refused when one did
        std::optional<LimitScope> refused_by;  // nothing was taken then, but what another thread took meanwhile
        bool applies = false;                  // any limit does
    };
    // Takes from the limits of the address and of the principal, where there are such. `address` may be empty: that of
    // the principal alone; `principal` may be null.
    Decision take(std::string_view address, const auth::Principal* principal, std::uint64_t cost, std::int64_t now);

    std::uint64_t refused(LimitScope scope) const {
        return refused_[static_cast<std::size_t>(scope)].load(std::memory_order_relaxed);
    }
    std::uint64_t refusals() const { return refusals_.load(std::memory_order_relaxed); }  // however much was asked for
    const RateLimiter* limiter(LimitScope scope) const { return limiters_[static_cast<std::size_t>(scope)].get(); }

private:
    std::array<std::unique_ptr<RateLimiter>, kLimitScopes> limiters_;
    std::array<std::atomic<std::uint64_t>, kLimitScopes> refused_{};  // amounts
    std::atomic<std::uint64_t> refusals_{0};
};

// Of two decisions that allowed: which leaves less.
bool tighter(const RateDecision& one, const RateDecision& other);

struct AccessLimits {
    explicit AccessLimits(const LimitSettings& settings) : requests(settings.requests), events(settings.events) {}
    LimitSet requests, events;

    // rtap_rate_limited_total and streamgauge_rate_limited_*.
    void expose(Exposition& out) const;
};

// RateLimit-Limit, -Remaining and -Reset (draft-ietf-httpapi-ratelimit-headers-07's fields in seconds).
void add_limit_headers(const RateDecision& decision, http::Headers& out);
// RateLimited with retry_after_seconds, or TooLarge when `cost` is more than the limit will ever allow.
Error limit_error(LimitScope scope, std::string_view what, std::uint64_t cost, const RateDecision& decision);

}  // namespace streamgauge
