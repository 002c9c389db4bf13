// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/checked_ingest_policy.h"

namespace streamgauge {

using auth::Permission;
using auth::Principal;

Result<auth::PrincipalPtr> CheckedIngestPolicy::sender(const Caller& caller, std::string_view key_in_body) {
    const auth::PrincipalPtr& asking = caller.principal ? caller.principal : anonymous_;
    if (asking->kind != Principal::Kind::Anonymous) {
        if (!asking->may(Permission::Ingest))
            return Error::make(ErrorCode::Forbidden, "this key or user may not ingest");
        return asking;
    }
    if (key_in_body.empty()) {
        if (!parts_.auth_required) return asking;
        return Error::make(ErrorCode::Unauthorized, "this needs a token or an API key");
    }
    auto named = named_by(key_in_body);
    if (!named.ok()) {
        if (named.error().code == ErrorCode::NotFound) {
            if (!parts_.auth_required) return asking;
            return Error::make(ErrorCode::Unauthorized, "nobody has this key");
        }
        return named;
    }
    if (!(*named)->may(Permission::Ingest)) return Error::make(ErrorCode::Forbidden, "this key may not ingest");
    if (!parts_.limits.requests.off() && !(*named)->id.empty()) {
        const auto decision = parts_.limits.requests.take({}, named->get(), 1, parts_.clock.monotonic_nanos());
        if (decision.refused_by) {
            if (parts_.on_limited) parts_.on_limited();
            return limit_error(*decision.refused_by, "requests", 1, decision.tightest);
        }
    }
    return named;
}

// NotFound when it is neither a key nor a site.
Result<auth::PrincipalPtr> CheckedIngestPolicy::named_by(std::string_view key) const {
    auto known = parts_.authenticator.authenticate_key(key, parts_.clock.now());
    if (known.ok() || known.error().code != ErrorCode::NotFound) return known;
    auto project = parts_.authenticator.project_of_site(key);
    if (!project) return known;
    auto site = std::make_shared<Principal>();
    site->name = "site " + std::string(key);
    site->project = std::move(*project);
    site->every_project = false;
    site->permissions = static_cast<auth::Permissions>(Permission::Ingest);
    return auth::PrincipalPtr(std::move(site));
}

std::string CheckedIngestPolicy::project_of_site(const Principal& sender, std::string_view site) {
    if (sender.kind == Principal::Kind::Key && !sender.every_project) return sender.project;
    return parts_.authenticator.project_of_site(site).value_or(sender.project);
}

Status CheckedIngestPolicy::take_events(const Caller& caller, const Principal& sender, std::uint64_t events) {
    LimitSet& limits = parts_.limits.events;
    if (limits.off()) return {};
    const auto decision = limits.take(caller.address, &sender, events, parts_.clock.monotonic_nanos());
    if (!decision.refused_by) return {};
    return limit_error(*decision.refused_by, "events", events, decision.tightest);
}

}  // namespace streamgauge
