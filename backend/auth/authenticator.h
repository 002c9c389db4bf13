// SPDX-License-Identifier: GPL-3.0-or-later
// From the credentials of a request to the principal behind them: in memory, without waiting, for every request.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/principal.h"
#include "base/result.h"
#include "base/time.h"

namespace streamgauge::auth {

// As they stand in the request; empty what is not there. Read by credentials_of() in server/gate.
struct Credentials {
    std::string_view bearer;  // "Authorization: Bearer ...", X-Api-Key, ?access_token=: a JWT or an API key
    std::string_view
        basic_user;      // "Authorization: Basic ...": a write key with an empty password, or user and password
    bool basic = false;  // Basic was there at all
};

// Thread-safe. What changes (keys, users, signing keys) is swapped in whole.
class Authenticator {
public:
    virtual ~Authenticator() = default;
    // Anonymous when there are no credentials. Unauthorized for a JWT that is expired, not ours or by an unknown user,
    // and for a key that is revoked. NotFound for a key that is unknown: open ingestion lets it in, others must not.
    virtual Result<PrincipalPtr> authenticate(const Credentials& credentials, Timestamp now) const = 0;
    // The same for a key alone: those that SDKs write into the body.
    virtual Result<PrincipalPtr> authenticate_key(std::string_view key, Timestamp now) const = 0;
    // The project that a site (Plausible's domain, Umami's website id) belongs to; nullopt: nobody's.
    virtual std::optional<std::string> project_of_site(std::string_view site) const = 0;
    // There is no other project: whoever may see it may see everything.
    virtual bool is_only_project(std::string_view project) const = 0;
};

}  // namespace streamgauge::auth
