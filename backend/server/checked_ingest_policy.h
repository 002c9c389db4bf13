// SPDX-License-Identifier: GPL-3.0-or-later
// Whose events these are, and whether they are not too many: keys, sites and limits behind the door.
#pragma once

#include <functional>

#include "api/ingest_policy.h"
#include "auth/authenticator.h"
#include "base/clock.h"
#include "server/access_limits.h"

namespace streamgauge {

// A site that belongs to a project is as good as a key that may only ingest: the public SDKs for web pages have nothing
// else to name themselves by. Keys for one project stay in it whatever site their events name.
// Thread-safe; never waits.
class CheckedIngestPolicy final : public api::IngestPolicy {
public:
    struct Parts {
        const auth::Authenticator& authenticator;
        const Clock& clock;
        AccessLimits& limits;
        bool auth_required = false;
        std::function<void()> on_limited{};  // a request was refused by its key's limit of requests
    };
    explicit CheckedIngestPolicy(Parts parts) : parts_(std::move(parts)) {}

    // Also RateLimited: the gate could not know the key that is in the body.
    Result<auth::PrincipalPtr> sender(const Caller& caller, std::string_view key_in_body) override;
    std::string project_of_site(const auth::Principal& sender, std::string_view site) override;
    // Also TooLarge, for more events than the limit ever allows at once.
    Status take_events(const Caller& caller, const auth::Principal& sender, std::uint64_t events) override;

private:
    Result<auth::PrincipalPtr> named_by(std::string_view key) const;

    const Parts parts_;
    const auth::PrincipalPtr anonymous_ = std::make_shared<const auth::Principal>();
};

}  // namespace streamgauge
