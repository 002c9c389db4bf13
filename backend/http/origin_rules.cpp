// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/origin_rules.h"

#include <algorithm>

#include "http/engine.h"
#include "http/host.h"
#include "http/text.h"

namespace streamgauge::http {
namespace {

constexpr std::size_t kRequestedHeadersBytes = 1024;  // more is no list that a client of ours needs
constexpr std::string_view kForeign = "the Origin is not one of this server's";

bool is_loopback_name(std::string_view host) {
    return equal_ignoring_case(host, "localhost") || is_loopback_address(host);
}

// "content-type, x-api-key": tokens and commas, nothing that could be another header.
bool is_list_of_names(std::string_view text) {
    if (text.empty() || text.size() > kRequestedHeadersBytes) return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        const char lower = ascii_lower(c);
        return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == ',' || c == ' ';
    });
}

}  // namespace

OriginRules::OriginRules(Plane listener, const EngineOptions& options)
    : check_(options.check_host || listener == Plane::ManagementOnly),
      cors_(listener == Plane::Both),
      hosts_(options.allowed_hosts) {
    for (const std::string& origin : options.cors_origins) {
        if (origin == "*") {
            any_origin_ = true;
        } else {
            origins_.push_back(origin);
        }
    }
}

bool OriginRules::is_known_host(std::string_view host) const {
    return std::any_of(hosts_.begin(), hosts_.end(),
                       [&](const std::string& known) { return equal_ignoring_case(known, host); });
}

std::string_view OriginRules::refuse_host(std::string_view authority) const {
    if (!check_ || authority.empty()) return {};  // HTTP/1.0 may come without
    const auto host = split_host(authority);
    if (host && (is_loopback_name(host->host) || is_known_host(host->host))) return {};
    return "Host does not name this machine's loopback";
}

bool OriginRules::is_ours(std::string_view origin, const std::vector<std::uint16_t>& ports) const {
    std::uint16_t port = 80;
    if (origin.substr(0, 7) == "http://") {
        origin.remove_prefix(7);
    } else if (origin.substr(0, 8) == "https://") {
        origin.remove_prefix(8);
        port = 443;
    } else {
        return false;
    }
    const auto parts = split_host(origin);
    if (!parts) return false;
    if (is_known_host(parts->host)) return true;  // at the proxy's port, whichever it is
    if (parts->port) port = *parts->port;
    return is_loopback_name(parts->host) && std::find(ports.begin(), ports.end(), port) != ports.end();
}

bool OriginRules::may_read(std::string_view origin) const {
    if (!cors_) return false;
    return any_origin_ || std::any_of(origins_.begin(), origins_.end(),
                                      [&](const std::string& known) { return equal_ignoring_case(known, origin); });
}

std::string_view OriginRules::refuse_origin(std::string_view origin, bool cors,
                                            const std::vector<std::uint16_t>& ports) const {
    if (!check_ || (cors && may_read(origin)) || is_ours(origin, ports)) return {};
    return kForeign;
}

bool OriginRules::add_allowed_origin(std::optional<std::string_view> origin, Headers& out) const {
    if (!cors_) return false;
    if (!any_origin_ && !origins_.empty()) out.emplace_back("Vary", "Origin");  // caches must not mix origins' answers
    if (!origin || !may_read(*origin)) return false;
    out.emplace_back("Access-Control-Allow-Origin", any_origin_ ? std::string("*") : std::string(*origin));
    return true;
}

void OriginRules::add_answer_headers(std::optional<std::string_view> origin, Headers& out) const {
    if (!add_allowed_origin(origin, out)) return;
    out.emplace_back("Access-Control-Expose-Headers",
                     "Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Streamgauge-Durability, "
                     "Streamgauge-Dedup, X-Rejected");
}

void OriginRules::add_preflight_headers(std::optional<std::string_view> origin, std::string_view methods,
                                        std::string_view wanted, Headers& out) const {
    if (!add_allowed_origin(origin, out)) return;
    out.emplace_back("Access-Control-Allow-Methods", methods);
    if (is_list_of_names(wanted)) out.emplace_back("Access-Control-Allow-Headers", wanted);
    out.emplace_back("Access-Control-Max-Age", "7200");
}

}  // namespace streamgauge::http
