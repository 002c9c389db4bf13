// SPDX-License-Identifier: GPL-3.0-or-later
#include "auth/login_throttle.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace streamgauge::auth {

namespace {

constexpr std::int64_t kNanos = 1'000'000'000;
constexpr std::size_t kKeyBytes = 128;  // a longer name is no user's; its beginning stands for it

std::string key_of(std::string_view name) {
    return std::string(name.substr(0, kKeyBytes));
}

}  // namespace

std::string throttle_address(std::string_view address) {
    const std::string text(address.substr(0, kKeyBytes));
    std::array<unsigned char, 16> bytes{};
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
    constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    std::array<char, INET6_ADDRSTRLEN> out{};
    if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) {
        inet_ntop(AF_INET, bytes.data() + 12, out.data(), out.size());
        return out.data();
    }
    std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
    inet_ntop(AF_INET6, bytes.data(), out.data(), out.size());
    return std::string(out.data()) + "/64";
}

std::int64_t LoginThrottle::blocked_until(const Table& table, const std::string& key, std::int64_t now_nanos) {
    const auto found = table.by_key.find(key);
    if (found == table.by_key.end() || found->second->forgotten_at <= now_nanos) return 0;
    return found->second->blocked_until;
}

std::int64_t LoginThrottle::wait_seconds(std::string_view name, std::string_view address,
                                         std::int64_t now_nanos) const {
    const std::int64_t until = std::max(blocked_until(names_, key_of(name), now_nanos),
                                        blocked_until(addresses_, throttle_address(address), now_nanos));
    return until <= now_nanos ? 0 : (until - now_nanos + kNanos - 1) / kNanos;
}

void LoginThrottle::failed(std::string_view name, std::string_view address, std::int64_t now_nanos) {
    note(names_, key_of(name), now_nanos);
    note(addresses_, throttle_address(address), now_nanos);
}

void LoginThrottle::note(Table& table, const std::string& key, std::int64_t now_nanos) const {
    const auto found = table.by_key.find(key);
    if (found == table.by_key.end()) {
        while (table.order.size() >= options_.entries) {
            table.by_key.erase(table.order.back().key);
            table.order.pop_back();
        }
        table.order.push_front({key, 0, 0, 0});
        table.by_key.emplace(key, table.order.begin());
    } else {
        table.order.splice(table.order.begin(), table.order, found->second);
        if (table.order.front().forgotten_at <= now_nanos) table.order.front().failures = 0;
    }
    Entry& entry = table.order.front();
    ++entry.failures;
    std::int64_t wait = 0;
    if (const int beyond = entry.failures - options_.free_failures; beyond >= 0)
        wait = std::min(options_.longest_wait_seconds, options_.first_wait_seconds << std::min(beyond, 20));
    entry.blocked_until = now_nanos + wait * kNanos;
    entry.forgotten_at = entry.blocked_until + options_.memory_seconds * kNanos;
}

void LoginThrottle::succeeded(std::string_view name) {
    const auto found = names_.by_key.find(key_of(name));
    if (found == names_.by_key.end()) return;
    names_.order.erase(found->second);
    names_.by_key.erase(found);
}

}  // namespace streamgauge::auth
