// SPDX-License-Identifier: GPL-3.0-or-later
// Slows down who guesses passwords: after five failures of a name or an address each further one doubles the wait, to a
// quarter of an hour; a quarter of an hour after the wait nothing is held against them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"

namespace streamgauge::auth {

struct ThrottleOptions {
    int free_failures = 5;
    std::int64_t first_wait_seconds = 2;
    std::int64_t longest_wait_seconds = 15 * 60;
    std::int64_t memory_seconds = 15 * 60;  // from the end of the wait
    std::size_t entries = 10'000;           // names and addresses each; those that failed longest ago are forgotten
};

// Not thread-safe. Times are monotonic nanoseconds: a step of the wall clock neither frees nor locks out.
class LoginThrottle {
public:
    explicit LoginThrottle(ThrottleOptions options = {}) : options_(options) {}

    // Seconds until the next attempt is looked at, 0 for now.
    std::int64_t wait_seconds(std::string_view name, std::string_view address, std::int64_t now_nanos) const;
    void failed(std::string_view name, std::string_view address, std::int64_t now_nanos);
    // Forgives the name. The address is not forgiven: one known password must not buy guesses at others.
    void succeeded(std::string_view name);

    std::size_t entries() const { return names_.order.size() + addresses_.order.size(); }

private:
    struct Entry {
        std::string key;
        int failures = 0;
        std::int64_t blocked_until = 0, forgotten_at = 0;
    };
    struct Table {
        std::list<Entry> order;  // the one that failed last in front
        std::unordered_map<std::string, std::list<Entry>::iterator> by_key;
    };
    static std::int64_t blocked_until(const Table& table, const std::string& key, std::int64_t now_nanos);
    void note(Table& table, const std::string& key, std::int64_t now_nanos) const;

    const ThrottleOptions options_;
    Table names_, addresses_;
};

// What counts as one address: IPv6 by /64, IPv4 (also mapped) whole; another text as it is, cut.
std::string throttle_address(std::string_view address);

}  // namespace streamgauge::auth
