// SPDX-License-Identifier: GPL-3.0-or-later
// Which names a request may call this server by, from which web pages it may come, and what pages of other origins are
// told (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol): never that they may send credentials.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/route_table.h"

namespace streamgauge::http {

struct EngineOptions;

// Read-only after construction.
class OriginRules {
public:
    // `listener` as in RouteTable::find.
    OriginRules(Plane listener, const EngineOptions& options);

    // Why the request is refused with 403, or empty. `authority`: of the target, else Host; empty when there is none.
    std::string_view refuse_host(std::string_view authority) const;
    // The same of its Origin. `cors`: the route may be called from other origins. `ports`: this engine's.
    std::string_view refuse_origin(std::string_view origin, bool cors, const std::vector<std::uint16_t>& ports) const;

    // For answers of routes with `cors`.
    void add_answer_headers(std::optional<std::string_view> origin, Headers& out) const;
    // For OPTIONS on a path with such routes. `wanted`: Access-Control-Request-Headers, handed back when it is a list
    // of names.
    void add_preflight_headers(std::optional<std::string_view> origin, std::string_view methods,
                               std::string_view wanted, Headers& out) const;

private:
    bool is_ours(std::string_view origin, const std::vector<std::uint16_t>& ports) const;
    bool is_known_host(std::string_view host) const;
    bool may_read(std::string_view origin) const;
    bool add_allowed_origin(std::optional<std::string_view> origin, Headers& out) const;

    const bool check_, cors_;  // cors_: there are other origins than ours
    bool any_origin_ = false;
    std::vector<std::string> origins_, hosts_;
};

}  // namespace streamgauge::http
