// SPDX-License-Identifier: GPL-3.0-or-later
// IP addresses and networks ("10.0.0.0/8", "::1") as values. An IPv4 address and its IPv6-mapped form are the same.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace streamgauge::http {

struct Address {
    std::array<std::uint8_t, 16> bytes{};  // as IPv6; IPv4 is ::ffff:a.b.c.d
    bool operator==(const Address&) const = default;
    bool is_v4() const;
};
// "127.0.0.1", "::1"; nullopt for anything else (no names, no ports, no brackets, no zones).
std::optional<Address> parse_address(std::string_view text);
std::string to_string(const Address& address);  // the canonical text; IPv4 in dots

struct Network {
    Address first;
    int prefix = 128;  // of the IPv6 form
    // IPv4 addresses are in IPv4 networks only: "::/0" is every IPv6 address.
    bool contains(const Address& address) const;
};
// An address, or an address and the length of its prefix. InvalidArgument with a hint otherwise, also when bits beyond
// the prefix are set.
Result<Network> parse_network(std::string_view text);

// The peers that may say who their client is. Read-only, any thread.
class TrustedProxies {
public:
    static Result<TrustedProxies> parse(const std::vector<std::string>& networks);
    bool empty() const { return networks_.empty(); }
    bool contains(const Address& address) const;
    bool contains(std::string_view address) const;

private:
    std::vector<Network> networks_;
};

}  // namespace streamgauge::http
