// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/target.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "base/limits.h"

namespace streamgauge::loadgen {
namespace {

constexpr int kProbeMillis = 1000;

Error bad_url(std::string message, std::size_t offset) {
    Error error = Error::make(ErrorCode::InvalidArgument, std::move(message));
    error.field = "url";
    error.offset = offset;
    error.hint = "for example http://127.0.0.1:8080/events";
    return error;
}

// Of IPv4, also where it is mapped into IPv6; in the order of the wire. None: it is IPv6.
std::optional<std::array<std::uint8_t, 4>> ipv4_of(const Address& address) {
    std::array<std::uint8_t, 4> bytes{};
    if (address.family() == AF_INET) {
        sockaddr_in in{};
        std::memcpy(&in, &address.storage, sizeof in);
        std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
        return bytes;
    }
    sockaddr_in6 in6{};
    std::memcpy(&in6, &address.storage, sizeof in6);
    if (!IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) return std::nullopt;
    std::memcpy(bytes.data(), in6.sin6_addr.s6_addr + 12, bytes.size());
    return bytes;
}

bool is_link_local_or_none(const Address& address) {
    if (const auto ipv4 = ipv4_of(address)) return (ipv4->at(0) == 169 && ipv4->at(1) == 254) || ipv4->at(0) == 0;
    sockaddr_in6 in6{};
    std::memcpy(&in6, &address.storage, sizeof in6);
    return IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr) || IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr);
}

bool is_address(const std::string& host) {
    in_addr ipv4{};
    in6_addr ipv6{};
    return inet_pton(AF_INET, host.c_str(), &ipv4) == 1 || inet_pton(AF_INET6, host.c_str(), &ipv6) == 1;
}

bool accepts_connection(const Address& address) {
    const int fd = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    int error = 0;
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.length) != 0) {
        error = errno;
        if (error == EINPROGRESS) {
            pollfd waiting{fd, POLLOUT, 0};
            socklen_t size = sizeof error;
            if (poll(&waiting, 1, kProbeMillis) != 1 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
                error = ETIMEDOUT;
        }
    }
    close(fd);
    return error == 0;
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
    const bool secure = text.substr(0, 8) == "https://";
    const std::string_view scheme = secure ? "https://" : "http://";
    if (text.substr(0, scheme.size()) != scheme) return bad_url("the target must start with http:// or https://", 0);
    if (text.size() > limits::kTargetBytes) return bad_url("the target is too long", limits::kTargetBytes);
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] <= ' ' || text[i] >= 0x7F || text[i] == '#' || text[i] == '\\')
            return bad_url("a character that a target cannot have", i);

    const std::size_t authority_end = std::min(text.find_first_of("/?", scheme.size()), text.size());
    const std::string_view authority = text.substr(scheme.size(), authority_end - scheme.size());
    if (authority.find('@') != std::string_view::npos) return bad_url("no user name in the target", scheme.size());
    Url url;
    url.secure = secure;
    url.port = secure ? 443 : 80;
    std::string_view host = authority;
    std::string_view port;
    bool has_port = false;
    if (!authority.empty() && authority.front() == '[') {
        const std::size_t close = authority.find(']');
        if (close == std::string_view::npos) return bad_url("the bracket is not closed", scheme.size());
        host = authority.substr(1, close - 1);
        in6_addr parsed{};
        if (inet_pton(AF_INET6, std::string(host).c_str(), &parsed) != 1)
            return bad_url("not an IPv6 address", scheme.size() + 1);
        if (close + 1 < authority.size()) {
            if (authority[close + 1] != ':')
                return bad_url("unexpected text after the address", scheme.size() + close + 1);
            port = authority.substr(close + 2);
            has_port = true;
        }
    } else if (const std::size_t colon = authority.rfind(':'); colon != std::string_view::npos) {
        host = authority.substr(0, colon);
        port = authority.substr(colon + 1);
        has_port = true;
    }
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:";
    if (host.empty() || host.find_first_not_of(allowed) != std::string_view::npos)
        return bad_url("the host is missing or has a character that a host cannot have", scheme.size());
    if (authority.front() != '[' && host.find(':') != std::string_view::npos)
        return bad_url("an IPv6 address needs brackets", scheme.size());
    if (has_port) {
        unsigned number = 0;
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
        if (error != std::errc{} || end != port.data() + port.size() || number == 0 || number > 65535)
            return bad_url("the port must be 1 to 65535", authority_end - port.size());
        url.port = static_cast<std::uint16_t>(number);
    }
    url.host = host;
    url.authority = authority;
    url.target = text.substr(authority_end);
    if (url.target.empty() || url.target.front() == '?') url.target.insert(0, 1, '/');
    return url;
}

bool is_loopback(const Address& address) {
    if (address.family() == AF_INET) {
        sockaddr_in in{};
        std::memcpy(&in, &address.storage, sizeof in);
        return (ntohl(in.sin_addr.s_addr) >> 24) == 127;
    }
    if (address.family() == AF_INET6) {
        sockaddr_in6 in{};
        std::memcpy(&in, &address.storage, sizeof in);
        const auto& bytes = in.sin6_addr.s6_addr;
        constexpr unsigned char one[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
        constexpr unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
        return std::memcmp(bytes, one, sizeof one) == 0 ||
               (std::memcmp(bytes, mapped, sizeof mapped) == 0 && bytes[12] == 127);
    }
    return false;
}

bool names_loopback(const Url& url) {
    if (url.host == "localhost") return true;
    Address address;
    sockaddr_in in{};
    sockaddr_in6 in6{};
    if (inet_pton(AF_INET, url.host.c_str(), &in.sin_addr) == 1) {
        in.sin_family = AF_INET;
        std::memcpy(&address.storage, &in, sizeof in);
    } else if (inet_pton(AF_INET6, url.host.c_str(), &in6.sin6_addr) == 1) {
        in6.sin6_family = AF_INET6;
        std::memcpy(&address.storage, &in6, sizeof in6);
    }
    return is_loopback(address);
}

Result<Address> resolve(const Url& url, std::string_view confirmed_host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const int failure = getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &list);
    if (failure != 0) {
        Error error =
            Error::make(ErrorCode::Unavailable, "the host " + url.host + " is not found: " + gai_strerror(failure));
        error.field = "url";
        return error;
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(list, freeaddrinfo);
    std::vector<Address> addresses;
    for (const addrinfo* a = list; a != nullptr; a = a->ai_next) {
        if (a->ai_family != AF_INET && a->ai_family != AF_INET6) continue;
        Address address;
        std::memcpy(&address.storage, a->ai_addr, a->ai_addrlen);
        address.length = a->ai_addrlen;
        addresses.push_back(address);
    }
    if (addresses.empty()) return Error::make(ErrorCode::Unavailable, "the host " + url.host + " has no address");
    for (const Address& address : addresses) {
        if (is_loopback(address) || confirmed_host == url.host) continue;
        Error error = Error::make(ErrorCode::Forbidden, "the host " + url.host + " is not this machine");
        error.field = "url";
        error.hint = "only load systems you are allowed to";
        return error;
    }
    if (addresses.size() > 1)
        for (const Address& address : addresses)
            if (accepts_connection(address)) return address;
    return addresses.front();
}

Status check_where_it_led(const Url& url, const Address& address) {
    if (url.host == "localhost" || is_address(url.host)) return {};
    if (!is_loopback(address) && !is_link_local_or_none(address)) return {};
    Error error =
        Error::make(ErrorCode::Forbidden, "the name " + url.host + " leads to this machine or to a link-local address");
    error.field = "url";
    error.hint = "use the address itself, and list that in load.allowed_targets";
    return error;
}

}  // namespace streamgauge::loadgen
