// SPDX-License-Identifier: GPL-3.0-or-later
// A log of what was taken, per caller. Up to kSlices takes in a window each is remembered by itself: the limit is
// exact. Above, those of one slice (window / kSlices) are remembered as one at the time of the last: an amount comes
// free at most one slice later than it could, never earlier. Two cases remember more coarsely still, both counted: when
// the memory for histories is used up a take joins the caller's last one, and a caller that leaves the shared window
// starts with all that is in there.
#include "live/rate_limiter.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <list>
#include <mutex>
#include <random>
#include <unordered_map>
#include <vector>

namespace streamgauge {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kSlices = 4096;  // 64 KiB of history for one caller at most
constexpr std::size_t kShards = 32;    // callers of different shards do not wait for each other
constexpr std::size_t kFirstTakes = 4;
constexpr int kForgottenPerTake = 4;  // idle callers; more than one, so that they go faster than new ones come
constexpr std::int64_t kNanosPerMilli = 1'000'000;

struct Take {
    std::int64_t at = 0;
    std::uint64_t cost = 0;
};

milliseconds rounded_up(std::int64_t nanos) {
    return milliseconds((std::max<std::int64_t>(nanos, 0) + kNanosPerMilli - 1) / kNanosPerMilli);
}

// The bytes of all histories of one limiter.
class Budget {
public:
    explicit Budget(std::size_t bytes) : most_(bytes) {}
    bool take(std::size_t bytes) {
        if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= most_) return true;
        used_.fetch_sub(bytes, std::memory_order_relaxed);
        return false;
    }
    void give_back(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
    std::size_t used() const { return std::min(used_.load(std::memory_order_relaxed), most_); }

private:
    const std::size_t most_;
    std::atomic<std::size_t> used_{0};
};

// What one caller took within the last window: a ring, oldest first.
class History {
public:
    explicit History(Budget& budget) : budget_(&budget) {}
    ~History() { release(); }
    History(const History&) = delete;
    History& operator=(const History&) = delete;

    std::uint64_t used() const { return used_; }
    bool empty() const { return count_ == 0; }
    std::int64_t newest() const { return at(count_ - 1).at; }

    void expire(std::int64_t now, std::int64_t window) {
        while (count_ != 0 && now - at(0).at >= window) {
            used_ -= at(0).cost;
            first_ = (first_ + 1) & (takes_.size() - 1);
            --count_;
        }
        if (count_ == 0 && takes_.size() > kFirstTakes) release();
    }

    // After reserve(). False when it had to join the newest take for want of memory.
    bool add(Take take, std::int64_t slice) {
        used_ += take.cost;
        if (slice != 0 && count_ != 0 && newest() / slice == take.at / slice) {
            join(take);
            return true;
        }
        if (count_ == takes_.size() && !grow()) {
            join(take);
            return false;
        }
        ++count_;
        at(count_ - 1) = take;
        return true;
    }

    bool reserve() { return !takes_.empty() || grow(); }

    // When as much as `amount` of what is used will have come free.
    std::int64_t free_at(std::uint64_t amount, std::int64_t window) const {
        std::uint64_t freed = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            freed += at(i).cost;
            if (freed >= amount) return at(i).at + window;
        }
        return newest() + window;
    }

private:
    Take& at(std::size_t index) { return takes_[(first_ + index) & (takes_.size() - 1)]; }
    const Take& at(std::size_t index) const { return takes_[(first_ + index) & (takes_.size() - 1)]; }
    void join(Take take) {
        at(count_ - 1).at = take.at;
        at(count_ - 1).cost += take.cost;
    }
    bool grow() {
        const std::size_t size = takes_.empty() ? kFirstTakes : takes_.size() * 2;
        if (!budget_->take((size - takes_.size()) * sizeof(Take))) return false;
        std::vector<Take> larger(size);
        for (std::size_t i = 0; i < count_; ++i) larger[i] = at(i);
        takes_.swap(larger);
        first_ = 0;
        return true;
    }
    void release() {
        budget_->give_back(takes_.size() * sizeof(Take));
        takes_ = {};
        first_ = count_ = 0;
    }

    Budget* budget_;
    std::vector<Take> takes_;  // a power of two, or empty
    std::size_t first_ = 0, count_ = 0;
    std::uint64_t used_ = 0;
};

// Seeded, so that nobody can choose callers that meet in one bucket.
struct CallerHash {
    using is_transparent = void;
    std::uint64_t seed;
    std::size_t operator()(std::string_view caller) const {
        return XXH3_64bits_withSeed(caller.data(), caller.size(), seed);
    }
};

class SlidingWindowLimiter final : public RateLimiter {
public:
    SlidingWindowLimiter(RateLimit limit, RateLimiterBounds bounds)
        : limit_(limit),
          window_(std::max<std::int64_t>(limit.window.count(), 1) * kNanosPerMilli),
          slice_(limit.amount > kSlices ? window_ / static_cast<std::int64_t>(kSlices) : 0),
          most_callers_(bounds.callers),
          budget_(bounds.history_bytes),
          hash_{random_seed()},
          shared_(budget_) {
        shared_.reserve();
        for (Shard& shard : shards_) shard.callers = Callers(0, hash_);
    }

    RateDecision take(std::string_view caller, std::uint64_t cost, std::int64_t now) override {
        if (limit_.amount == 0) return {};
        Shard& shard = shards_[(hash_(caller) >> 32U) % kShards];
        const std::lock_guard lock(shard.mutex);
        forget_idle(shard, now);
        auto found = shard.callers.find(caller);
        if (found == shard.callers.end()) {
            found = admit(shard, caller, now);
            if (found == shard.callers.end()) return take_shared(cost, now);
        }
        Caller& known = found->second;
        const RateDecision decision = take_from(known.history, cost, now);
        // Those that took last are last: the first are the first to become idle.
        if (decision.allowed && cost != 0) shard.by_age.splice(shard.by_age.end(), shard.by_age, known.age);
        return decision;
    }

    RateLimiterCounters counters() const override {
        return {callers_.load(std::memory_order_relaxed), budget_.used(), shared_takes_.load(std::memory_order_relaxed),
                coarse_.load(std::memory_order_relaxed)};
    }

private:
    struct Caller;
    using Callers = std::unordered_map<std::string, Caller, CallerHash, std::equal_to<>>;
    using Ages = std::list<const std::string*>;  // the map's keys, which stay where they are
    struct Caller {
        explicit Caller(Budget& budget) : history(budget) {}
        History history;
        Ages::iterator age;
    };
    struct Shard {
        std::mutex mutex;
        Callers callers{0, CallerHash{0}};
        Ages by_age;
    };

    static std::uint64_t random_seed() {
        std::random_device device;
        return (static_cast<std::uint64_t>(device()) << 32U) | device();
    }

    void forget_idle(Shard& shard, std::int64_t now) {
        for (int i = 0; i < kForgottenPerTake && !shard.by_age.empty(); ++i) {
            const auto oldest = shard.callers.find(*shard.by_age.front());
            History& history = oldest->second.history;
            if (!history.empty() && now - history.newest() < window_) return;
            shard.by_age.pop_front();
            shard.callers.erase(oldest);
            callers_.fetch_sub(1, std::memory_order_relaxed);
        }
    }

    // A window of its own, or end() when there is no room.
    Callers::iterator admit(Shard& shard, std::string_view caller, std::int64_t now) {
        if (callers_.fetch_add(1, std::memory_order_relaxed) >= most_callers_) {
            callers_.fetch_sub(1, std::memory_order_relaxed);
            return shard.callers.end();
        }
        const auto added = shard.callers.emplace(caller, budget_).first;
        Caller& fresh = added->second;
        if (!fresh.history.reserve()) {
            shard.callers.erase(added);
            callers_.fetch_sub(1, std::memory_order_relaxed);
            return shard.callers.end();
        }
        fresh.age = shard.by_age.insert(shard.by_age.end(), &added->first);
        if (shared_takes_.load(std::memory_order_relaxed) != 0) {
            // What is in the shared window may all be this caller's.
            const std::lock_guard lock(shared_mutex_);
            shared_.expire(now, window_);
            if (!shared_.empty()) fresh.history.add({shared_.newest(), shared_.used()}, 0);
        }
        return added;
    }

    RateDecision take_shared(std::uint64_t cost, std::int64_t now) {
        const std::lock_guard lock(shared_mutex_);
        shared_takes_.fetch_add(1, std::memory_order_relaxed);
        return take_from(shared_, cost, now);
    }

    RateDecision take_from(History& history, std::uint64_t cost, std::int64_t now) {
        if (!history.empty()) now = std::max(now, history.newest());
        history.expire(now, window_);
        RateDecision decision;
        decision.limit = limit_.amount;
        decision.remaining = limit_.amount - history.used();
        decision.allowed = cost <= decision.remaining && history.reserve();
        if (decision.allowed) {
            if (cost != 0 && !history.add({now, cost}, slice_)) coarse_.fetch_add(1, std::memory_order_relaxed);
            decision.remaining -= cost;
        } else {
            // Also without any memory: somebody's window will have passed by then.
            const bool waiting_helps = cost <= limit_.amount && cost > decision.remaining;
            const std::int64_t free_at =
                waiting_helps ? history.free_at(cost - decision.remaining, window_) : now + window_;
            decision.retry_after = rounded_up(free_at - now);
        }
        if (!history.empty()) decision.reset = rounded_up(history.newest() + window_ - now);
        return decision;
    }

    const RateLimit limit_;
    const std::int64_t window_, slice_;  // nanoseconds; slice 0: every take by itself
    const std::size_t most_callers_;
    Budget budget_;
    const CallerHash hash_;
    std::array<Shard, kShards> shards_;
    std::atomic<std::size_t> callers_{0};
    std::atomic<std::uint64_t> shared_takes_{0}, coarse_{0};
    std::mutex shared_mutex_;  // taken after a shard's
    History shared_;           // guarded by shared_mutex_
};

}  // namespace

std::unique_ptr<RateLimiter> make_rate_limiter(RateLimit limit, RateLimiterBounds bounds) {
    return std::make_unique<SlidingWindowLimiter>(limit, bounds);
}

std::string limiter_address(std::string_view address) {
    if (address.find(':') == std::string_view::npos) return std::string(address);
    const std::string text(address.substr(0, address.find('%')));  // without a zone
    in6_addr parsed{};
    if (inet_pton(AF_INET6, text.c_str(), &parsed) != 1) return std::string(address);
    char out[INET6_ADDRSTRLEN + 4];
    if (IN6_IS_ADDR_V4MAPPED(&parsed)) {
        inet_ntop(AF_INET, &parsed.s6_addr[12], out, sizeof out);
        return out;
    }
    std::memset(&parsed.s6_addr[8], 0, 8);
    inet_ntop(AF_INET6, &parsed, out, sizeof out);
    return std::string(out) + "/64";
}

}  // namespace streamgauge
