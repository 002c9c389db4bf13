// SPDX-License-Identifier: GPL-3.0-or-later
// Where the load goes: an http or https URL, resolved once to one address that every connection of the run then uses,
// so that a name cannot lead elsewhere after the check for loopback.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace streamgauge::loadgen {

struct Url {
    std::string host;  // without the brackets of an IPv6 literal
    std::uint16_t port = 80;
    std::string target = "/";  // path and query as sent
    std::string authority;     // for the Host header
    bool secure = false;       // https
};

// InvalidArgument with field "url" and the offset for what is not http(s)://host[:port][/path][?query]: other schemes,
// user information, fragments, spaces and control characters are refused.
Result<Url> parse_url(std::string_view text);

struct Address {
    sockaddr_storage storage{};
    socklen_t length = 0;
    int family() const { return storage.ss_family; }
};

// 127.0.0.0/8, ::1 and IPv4-mapped loopback.
bool is_loopback(const Address& address);

// Whether the host is written as a loopback address or as localhost. Looks nothing up.
bool names_loopback(const Url& url);

// Looks the host up (blocks). With several addresses the first that takes a connection within a second is chosen, the
// first of all when none does. Forbidden when any of them is not loopback, unless `confirmed_host` equals the host.
// Unavailable when the name is not found.
Result<Address> resolve(const Url& url, std::string_view confirmed_host);

// Forbidden where a name other than localhost led to this machine, to a link-local address (a cloud's metadata) or to
// none: whoever may write in the name's zone chooses where it leads.
Status check_where_it_led(const Url& url, const Address& address);

}  // namespace streamgauge::loadgen
