// SPDX-License-Identifier: GPL-3.0-or-later
// What a Host or Origin header names.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace streamgauge::http {

struct HostAndPort {
    std::string_view host;  // without brackets
    std::optional<std::uint16_t> port;
};
// "localhost:8080", "[::1]", "127.0.0.1"; nullopt when it is none of these forms.
std::optional<HostAndPort> split_host(std::string_view authority);

// 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104 as text. A name is not an address.
bool is_loopback_address(std::string_view address);

}  // namespace streamgauge::http
