// SPDX-License-Identifier: GPL-3.0-or-later
// Endpoints as text, and which of them are loopback.
#include <arpa/inet.h>

#include <charconv>

#include "http/engine.h"
#include "http/host.h"

namespace streamgauge::http {

Result<Endpoint> parse_endpoint(std::string_view text) {
    const std::string_view given = text;
    const auto refuse = [&](std::string_view why) {
        Error error = Error::make(ErrorCode::InvalidArgument,
                                  "\"" + std::string(given) + "\" is no listening address: " + std::string(why));
        error.hint =
            "write address:port, such as 127.0.0.1:8080, [::1]:8080, localhost:8080 or https://127.0.0.1:8443; port 0 "
            "picks "
            "a free one";
        return error;
    };
    bool tls = false;
    if (text.starts_with("https://")) {
        tls = true;
        text.remove_prefix(8);
    } else if (text.starts_with("http://")) {
        text.remove_prefix(7);
    }
    std::string_view address;
    std::string_view port;
    if (!text.empty() && text.front() == '[') {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos || text.substr(close + 1, 1) != ":") return refuse("\"]:\" is missing");
        address = text.substr(1, close - 1);
        port = text.substr(close + 2);
        if (address.find(':') == std::string_view::npos) return refuse("only an IPv6 address stands in brackets");
    } else {
        const std::size_t colon = text.rfind(':');
        if (colon == std::string_view::npos) return refuse("the port is missing");
        address = text.substr(0, colon);
        port = text.substr(colon + 1);
        if (address.find(':') != std::string_view::npos) return refuse("an IPv6 address stands in brackets");
    }
    Endpoint endpoint{std::string(address == "localhost" ? "127.0.0.1" : address), 0, tls};
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (port.empty() || error != std::errc{} || end != port.data() + port.size())
        return refuse("the port is a number from 0 to 65535");
    in_addr v4{};
    in6_addr v6{};
    if (inet_pton(AF_INET, endpoint.address.c_str(), &v4) != 1 &&
        inet_pton(AF_INET6, endpoint.address.c_str(), &v6) != 1) {
        return refuse("the address is neither IPv4 nor IPv6 nor localhost");
    }
    return endpoint;
}

std::string to_string(const Endpoint& endpoint) {
    const bool v6 = endpoint.address.find(':') != std::string::npos;
    return (v6 ? "[" + endpoint.address + "]" : endpoint.address) + ":" + std::to_string(endpoint.port);
}

std::string url_of(const Endpoint& endpoint) {
    return (endpoint.tls ? "https://" : "http://") + to_string(endpoint);
}

bool is_loopback(const Endpoint& endpoint) {
    return is_loopback_address(endpoint.address);
}

bool is_loopback_address(std::string_view address) {
    const std::string text(address);
    in_addr v4{};
    if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127;
    in6_addr v6{};
    if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return false;
    if (IN6_IS_ADDR_LOOPBACK(&v6)) return true;
    return IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127;
}

std::optional<HostAndPort> split_host(std::string_view authority) {
    HostAndPort parts;
    std::string_view port;
    bool has_port = false;
    if (!authority.empty() && authority.front() == '[') {
        const std::size_t close = authority.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        parts.host = authority.substr(1, close - 1);
        const std::string_view rest = authority.substr(close + 1);
        if (!rest.empty() && rest.front() != ':') return std::nullopt;
        has_port = !rest.empty();
        if (has_port) port = rest.substr(1);
    } else {
        const std::size_t colon = authority.find(':');
        parts.host = authority.substr(0, colon);
        has_port = colon != std::string_view::npos;
        if (has_port) port = authority.substr(colon + 1);
    }
    if (parts.host.empty()) return std::nullopt;
    if (has_port && !port.empty()) {  // "host:" is allowed by RFC 3986, section 3.2.3
        std::uint16_t number = 0;
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
        if (error != std::errc{} || end != port.data() + port.size()) return std::nullopt;
        parts.port = number;
    }
    return parts;
}

}  // namespace streamgauge::http
