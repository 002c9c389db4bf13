// SPDX-License-Identifier: GPL-3.0-or-later
// What all connections of one engine share: how many there may be, request bytes in flight, streams, and the counts.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/limits.h"
#include "http/engine.h"

namespace streamgauge::http {

// Thread-safe.
class Admission {
public:
    // False, and counted as refused, when the server or the address has its fill. An empty address has none: a trusted
    // proxy's, or not known yet.
    [[nodiscard]] bool enter(const std::string& address) {
        const std::lock_guard lock(mutex_);
        if (open_ >= limits::kConnections || !take_share(address)) {
            ++refused_;
            return false;
        }
        ++open_;
        ++accepted_;
        return true;
    }
    // A connection that entered without an address turns out to be this one's. False when the address has its fill: the
    // connection has left, and is counted as refused instead.
    [[nodiscard]] bool adopt(const std::string& address) {
        const std::lock_guard lock(mutex_);
        if (take_share(address)) return true;
        --open_;
        --accepted_;
        ++refused_;
        return false;
    }
    void leave(const std::string& address) {
        const std::lock_guard lock(mutex_);
        --open_;
        if (address.empty()) return;
        const auto at = by_address_.find(address);
        if (--at->second == 0) by_address_.erase(at);
    }

    [[nodiscard]] bool reserve_body(std::size_t bytes) { return take(body_bytes_, bytes, limits::kBodyBytesInFlight); }
    void release_body(std::size_t bytes) { body_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }
    [[nodiscard]] bool reserve_stream() { return take(streams_, 1, limits::kStreamsPerServer); }
    void release_stream() { streams_.fetch_sub(1, std::memory_order_relaxed); }

    std::atomic<std::uint64_t> requests_arrived{0}, requests_answered{0}, requests_cut{0};
    std::atomic<std::uint64_t> tls_failed{0};

    ConnectionCounters counters() const {
        ConnectionCounters counters;
        {
            const std::lock_guard lock(mutex_);
            counters.accepted = accepted_;
            counters.refused = refused_;
            counters.open = open_;
        }
        counters.requests_answered = requests_answered.load();
        counters.requests_cut = requests_cut.load();
        counters.requests_arrived = requests_arrived.load();
        counters.tls_failed = tls_failed.load();
        return counters;
    }

private:
    static bool take(std::atomic<std::size_t>& used, std::size_t amount, std::size_t limit) {
        std::size_t now = used.load(std::memory_order_relaxed);
        do {
            if (now + amount > limit) return false;
        } while (!used.compare_exchange_weak(now, now + amount, std::memory_order_relaxed));
        return true;
    }

    bool take_share(const std::string& address) {
        if (address.empty()) return true;
        std::size_t& of_address = by_address_[address];
        if (of_address >= limits::kConnectionsPerAddress) return false;
        ++of_address;
        return true;
    }

    mutable std::mutex mutex_;
    std::unordered_map<std::string, std::size_t> by_address_;
    std::uint64_t accepted_ = 0, refused_ = 0;
    std::size_t open_ = 0;
    std::atomic<std::size_t> body_bytes_{0}, streams_{0};
};

}  // namespace streamgauge::http
