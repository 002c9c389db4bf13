// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/forwarded.h"

#include "http/host.h"
#include "http/text.h"

namespace streamgauge::http {
namespace {

// "192.0.2.7", "192.0.2.7:443", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:443".
std::optional<Address> read_element(std::string_view text) {
    if (auto plain = parse_address(text)) return plain;
    const auto parts = split_host(text);
    if (!parts) return std::nullopt;
    const auto address = parse_address(parts->host);
    // Only IPv6 stands in brackets, and only there.
    if (!address || (text.front() == '[') != (parts->host.find(':') != std::string_view::npos)) return std::nullopt;
    return address;
}

// Takes the last element off the list.
std::string_view take_last(std::string_view& list) {
    const std::size_t comma = list.rfind(',');
    const std::string_view last = trim(comma == std::string_view::npos ? list : list.substr(comma + 1));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
    return last;
}

}  // namespace

Forwarded read_forwarded(const Request& request, const TrustedProxies& trusted) {
    Forwarded forwarded;
    bool searching = true;
    for (auto field = request.headers.rbegin(); field != request.headers.rend(); ++field) {
        const auto& [name, value] = *field;
        if (!forwarded.secure && equal_ignoring_case(name, "x-forwarded-proto")) {
            std::string_view list = value;
            const std::string_view nearest = take_last(list);
            if (!nearest.empty()) forwarded.secure = equal_ignoring_case(nearest, "https");
        } else if (searching && equal_ignoring_case(name, "x-forwarded-for")) {
            std::string_view list = value;
            while (searching && !list.empty()) {
                const auto address = read_element(take_last(list));
                if (address) forwarded.client = address;
                searching = address && trusted.contains(*address);
            }
        }
    }
    return forwarded;
}

}  // namespace streamgauge::http
