// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/access_limits.h"

#include <algorithm>

#include "server/exposition.h"

namespace streamgauge {

namespace {

using std::chrono::milliseconds;

// At least 1: 0 would be an invitation to try at once.
int whole_seconds(milliseconds time) {
    return static_cast<int>(std::max<std::int64_t>(1, (time.count() + 999) / 1000));
}

}  // namespace

bool tighter(const RateDecision& one, const RateDecision& other) {
    return one.remaining < other.remaining || (one.remaining == other.remaining && one.reset > other.reset);
}

LimitSet::LimitSet(const std::array<RateLimit, kLimitScopes>& limits) {
    for (std::size_t scope = 0; scope < kLimitScopes; ++scope) {
        if (limits[scope].amount != 0) limiters_[scope] = make_rate_limiter(limits[scope]);
    }
}

LimitSet::Decision LimitSet::take(std::string_view address, const auth::Principal* principal, std::uint64_t cost,
                                  std::int64_t now) {
    struct Asked {
        LimitScope scope;
        RateLimiter* limiter;
        std::string_view caller;
    };
    std::array<Asked, 2> asked{};
    std::size_t count = 0;
    const auto ask = [&](LimitScope scope, std::string_view caller) {
        if (RateLimiter* const limiter = limiters_[static_cast<std::size_t>(scope)].get(); limiter != nullptr) {
            asked[count++] = {scope, limiter, caller};
        }
    };
    std::string network;
    if (!address.empty() && limits(LimitScope::Address)) {
        network = limiter_address(address);
        ask(LimitScope::Address, network);
    }
    if (principal != nullptr && principal->kind == auth::Principal::Kind::Key) ask(LimitScope::Key, principal->id);
    if (principal != nullptr && principal->kind == auth::Principal::Kind::User) ask(LimitScope::User, principal->id);

    Decision out;
    out.applies = count != 0;
    // With two limits, each is asked for nothing first, so that neither loses what the other refuses.
    for (std::size_t i = 0; count > 1 && i < count; ++i) {
        const RateDecision before = asked[i].limiter->take(asked[i].caller, 0, now);
        if (before.remaining < cost) {
            std::swap(asked[0], asked[i]);
            break;
        }
    }
    for (std::size_t i = 0; i < count; ++i) {
        const RateDecision decision = asked[i].limiter->take(asked[i].caller, cost, now);
        if (!decision.allowed) {
            refused_[static_cast<std::size_t>(asked[i].scope)].fetch_add(cost, std::memory_order_relaxed);
            refusals_.fetch_add(1, std::memory_order_relaxed);
            out.tightest = decision;
            out.refused_by = asked[i].scope;
            return out;
        }
        if (i == 0 || tighter(decision, out.tightest)) out.tightest = decision;
    }
    return out;
}

void AccessLimits::expose(Exposition& out) const {
    out.counter("rtap_rate_limited_total", "Requests refused by a rate limit, of requests or events.",
                requests.refusals() + events.refusals());
    const auto by_scope = [&](std::string_view name, std::string_view help, const LimitSet& set) {
        out.family(name, "counter", help);
        for (const LimitScope scope : {LimitScope::Key, LimitScope::User, LimitScope::Address}) {
            out.sample(name, {{"scope", to_string(scope)}}, set.refused(scope));
        }
    };
    by_scope("streamgauge_rate_limited_requests_total", "Requests refused by their limit, by whose it was.", requests);
    by_scope("streamgauge_rate_limited_events_total", "Events refused by their limit, by whose it was.", events);
    RateLimiterCounters sum;
    for (const LimitSet* set : {&requests, &events}) {
        for (const LimitScope scope : {LimitScope::Key, LimitScope::User, LimitScope::Address}) {
            if (set->limiter(scope) == nullptr) continue;
            const RateLimiterCounters one = set->limiter(scope)->counters();
            sum.callers += one.callers;
            sum.shared += one.shared;
            sum.coarse += one.coarse;
        }
    }
    out.gauge("streamgauge_rate_limit_callers", "Callers that limits have a window for.",
              static_cast<double>(sum.callers));
    out.counter("streamgauge_rate_limit_shared_total", "Decisions by the window that callers beyond the bound share.",
                sum.shared);
    out.counter("streamgauge_rate_limit_coarse_total", "Takes remembered more coarsely for want of memory.",
                sum.coarse);
}

void add_limit_headers(const RateDecision& decision, http::Headers& out) {
    out.emplace_back("RateLimit-Limit", std::to_string(decision.limit));
    out.emplace_back("RateLimit-Remaining", std::to_string(decision.remaining));
    out.emplace_back("RateLimit-Reset", std::to_string((decision.reset.count() + 999) / 1000));
}

Error limit_error(LimitScope scope, std::string_view what, std::uint64_t cost, const RateDecision& decision) {
    const std::string limit = std::to_string(decision.limit) + " " + std::string(what);
    if (cost > decision.limit) {
        Error error =
            Error::make(ErrorCode::TooLarge, std::to_string(cost) + " " + std::string(what) +
                                                 " at once are more than the limit of " + limit + " for this " +
                                                 std::string(to_string(scope)) + " will ever allow");
        error.hint = "send smaller batches";
        return error;
    }
    Error error =
        Error::make(ErrorCode::RateLimited, "this " + std::string(to_string(scope)) + " is at its limit of " + limit);
    error.retry_after_seconds = whole_seconds(decision.retry_after);
    error.limit = LimitStanding{decision.limit, decision.remaining, (decision.reset.count() + 999) / 1000};
    return error;
}

}  // namespace streamgauge
