// SPDX-License-Identifier: GPL-3.0-or-later
// What the door has to ask before it takes events: whose are they, and are they not too many.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "auth/principal.h"
#include "base/result.h"

namespace streamgauge::api {

// Thread-safe; never waits.
class IngestPolicy {
public:
    virtual ~IngestPolicy() = default;

    struct Caller {
        auth::PrincipalPtr principal;  // by the request's headers; anonymous when they name nobody
        std::string_view address;      // the client's
    };
    // Who sends, now that the body is known: `key_in_body` names the principal where the headers did not. Unauthorized
    // when nobody is named and auth.required, or the key is revoked; Forbidden when it may not ingest.
    virtual Result<auth::PrincipalPtr> sender(const Caller& caller, std::string_view key_in_body) = 0;
    // The project of an event that names a site; the sender's when the site is nobody's.
    virtual std::string project_of_site(const auth::Principal& sender, std::string_view site) = 0;
    // RateLimited, with retry_after_seconds, when the sender has sent as many events as it may. All or nothing.
    virtual Status take_events(const Caller& caller, const auth::Principal& sender, std::uint64_t events) = 0;
};

}  // namespace streamgauge::api
