// SPDX-License-Identifier: GPL-3.0-or-later
// What stands before every handler: who asks, may they, and not too often.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "auth/authenticator.h"
#include "base/clock.h"
#include "http/engine.h"
#include "http/route_table.h"
#include "server/access_limits.h"

namespace streamgauge {

class Exposition;

// The credentials of a request: Authorization (Bearer, Basic), else X-Api-Key, else the parameter access_token. Views
// into the request and into `decoded`. Unauthorized when Authorization is there and cannot be read.
Result<auth::Credentials> credentials_of(const http::Request& request, std::string& decoded);

// The permission that a route's scope asks for; none for Public.
std::optional<auth::Permission> permission_of(http::Scope scope);

// Decides as the contract's "Who may" says:
// - Public routes are everybody's.
// - Operate and Admin always need a principal that may.
// - Ingest and Query need one when `auth_required`; otherwise they are open, but credentials that are sent must be
// good:
//   one that is revoked, expired or not ours is refused, and so is a known one without the permission. Only a key that
//   nobody knows is let in for ingestion, as nobody's.
// - Where the key is in the body, the ingestion policy asks for it.
// Thread-safe; never waits.
class Gate {
public:
    struct Parts {
        const auth::Authenticator& authenticator;
        const Clock& clock;
        AccessLimits& limits;
        bool auth_required = false;
        std::function<void()> on_limited_ingestion{};  // a request with events was refused by a limit
    };
    explicit Gate(Parts parts) : parts_(std::move(parts)) {}

    // As http::Gate.
    std::optional<http::Response> check(const http::Route& route, http::Request& request, http::Headers& extra);

    // Forbidden for a key that is for one project of several: for what is about all of them together.
    Status may_see_all(const auth::Principal& principal) const;

    // Refusals of requests, by reason.
    void expose(Exposition& out) const;

private:
    Result<auth::PrincipalPtr> principal_of(const http::Route& route, const http::Request& request) const;
    http::Response refuse(const http::Route& route, const Error& error);
    http::Response refuse_limited(const http::Route& route, const LimitSet::Decision& decision, http::Headers& extra);

    const Parts parts_;
    const auth::PrincipalPtr anonymous_ = std::make_shared<const auth::Principal>();
    std::atomic<std::uint64_t> unauthorized_{0}, forbidden_{0};
};

}  // namespace streamgauge
