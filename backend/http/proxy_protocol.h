// SPDX-License-Identifier: GPL-3.0-or-later
// The PROXY protocol, versions 1 and 2: what a load balancer writes before the first byte of its client's connection.
// Source: "The PROXY protocol, versions 1 & 2" (haproxy.org/download/2.8/doc/proxy-protocol.txt), sections 2.1 and 2.2.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "http/network.h"

namespace streamgauge::http {

// Version 1 needs at most 107; version 2 may carry more than its addresses, and no balancer sends as much as this.
inline constexpr std::size_t kProxyHeaderBytes = 2048;

struct ProxyHeader {
    std::optional<Address> client;  // nullopt: the balancer speaks for itself (LOCAL, UNKNOWN), as in health checks
    bool secure = false;            // its client came by TLS (version 2, PP2_TYPE_SSL)
    std::size_t size = 0;           // bytes of the header
};

enum class ProxyProgress { NeedMore, Done, Refused };
// Reads the header that `bytes` begins with; strict. Refused as soon as it can be none.
ProxyProgress read_proxy_header(std::string_view bytes, ProxyHeader& header);

}  // namespace streamgauge::http
