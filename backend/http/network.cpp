// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace streamgauge::http {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr int kMappedBits = 96;

bool same_prefix(const Address& a, const Address& b, int bits) {
    const auto whole = static_cast<std::size_t>(bits / 8);
    if (!std::equal(a.bytes.begin(), a.bytes.begin() + static_cast<std::ptrdiff_t>(whole), b.bytes.begin()))
        return false;
    const int rest = bits % 8;
    if (rest == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xFF00U >> static_cast<unsigned>(rest));
    return ((a.bytes[whole] ^ b.bytes[whole]) & mask) == 0;
}

}  // namespace

bool Address::is_v4() const {
    return std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
}

std::optional<Address> parse_address(std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN> copy{};  // inet_pton wants a final zero
    if (text.empty() || text.size() >= copy.size() || text.find('\0') != std::string_view::npos) return std::nullopt;
    std::copy(text.begin(), text.end(), copy.begin());
    Address address;
    if (text.find(':') != std::string_view::npos) {
        if (inet_pton(AF_INET6, copy.data(), address.bytes.data()) != 1) return std::nullopt;
        return address;
    }
    std::copy(kMapped.begin(), kMapped.end(), address.bytes.begin());
    if (inet_pton(AF_INET, copy.data(), address.bytes.data() + kMapped.size()) != 1) return std::nullopt;
    return address;
}

std::string to_string(const Address& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.is_v4()) {
        inet_ntop(AF_INET, address.bytes.data() + kMapped.size(), text.data(), text.size());
    } else {
        inet_ntop(AF_INET6, address.bytes.data(), text.data(), text.size());
    }
    return text.data();
}

bool Network::contains(const Address& address) const {
    if (address.is_v4() && prefix < kMappedBits) return false;
    return same_prefix(first, address, prefix);
}

Result<Network> parse_network(std::string_view text) {
    const auto refuse = [&](std::string_view why) {
        Error error =
            Error::make(ErrorCode::InvalidArgument, "\"" + std::string(text) + "\" is no network: " + std::string(why));
        error.hint = "write an address such as 192.0.2.7 or ::1, or a network such as 10.0.0.0/8 or fd00::/8";
        return error;
    };
    const std::size_t slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address) return refuse("the address is neither IPv4 nor IPv6");
    Network network{*address, 128};
    if (slash == std::string_view::npos) return network;
    const bool v4 = text.find(':') == std::string_view::npos;
    const std::string_view digits = text.substr(slash + 1);
    int prefix = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (digits.empty() || digits.front() == '-' || (digits.size() > 1 && digits.front() == '0') ||
        error != std::errc{} || end != digits.data() + digits.size() || prefix > (v4 ? 32 : 128)) {
        return refuse(v4 ? "the prefix is a number from 0 to 32" : "the prefix is a number from 0 to 128");
    }
    network.prefix = v4 ? prefix + kMappedBits : prefix;
    for (int bit = network.prefix; bit < 128; ++bit) {
        const auto mask = static_cast<std::uint8_t>(0x80U >> static_cast<unsigned>(bit % 8));
        if ((address->bytes[static_cast<std::size_t>(bit / 8)] & mask) != 0)
            return refuse("bits beyond the prefix are set");
    }
    return network;
}

Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& networks) {
    TrustedProxies proxies;
    for (const std::string& text : networks) {
        const auto network = parse_network(text);
        if (!network.ok()) return network.error();
        proxies.networks_.push_back(*network);
    }
    return proxies;
}

bool TrustedProxies::contains(const Address& address) const {
    return std::any_of(networks_.begin(), networks_.end(),
                       [&](const Network& network) { return network.contains(address); });
}

bool TrustedProxies::contains(std::string_view address) const {
    if (networks_.empty()) return false;
    const auto parsed = parse_address(address);
    return parsed && contains(*parsed);
}

}  // namespace streamgauge::http
