// SPDX-License-Identifier: GPL-3.0-or-later
// An authenticator that knows a handful of callers by name, for tests of what stands before the handlers.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "auth/authenticator.h"

namespace streamgauge::test {

class KnownCallers final : public auth::Authenticator {
public:
    static constexpr auth::Permissions kIngest = static_cast<auth::Permissions>(auth::Permission::Ingest);
    static constexpr auth::Permissions kQuery = static_cast<auth::Permissions>(auth::Permission::Query);
    static constexpr auth::Permissions kOperate = static_cast<auth::Permissions>(auth::Permission::Operate);

    KnownCallers() {
        using Kind = auth::Principal::Kind;
        add(Kind::Key, "ingest-key", "default", false, kIngest);
        add(Kind::Key, "query-key", "default", false, kQuery);
        add(Kind::Key, "admin-key", "default", true, auth::kEverything);
        add(Kind::Key, "shop-key", "shop", false, kIngest | auth::Permission::Query);
        add(Kind::Key, "empty-key", "default", false, 0);
        add(Kind::User, "viewer", "default", true, kQuery);
        add(Kind::User, "operator", "default", true, kIngest | auth::Permission::Query | auth::Permission::Operate);
        add(Kind::User, "admin", "default", true, auth::kEverything);
        add(Kind::Console, "console", "default", true, auth::kEverything);
        sites["shop.example"] = "shop";
    }

    Result<auth::PrincipalPtr> authenticate(const auth::Credentials& credentials, Timestamp now) const override {
        return authenticate_key(credentials.basic ? credentials.basic_user : credentials.bearer, now);
    }
    Result<auth::PrincipalPtr> authenticate_key(std::string_view key, Timestamp) const override {
        if (key == "revoked-key") return Error::make(ErrorCode::Unauthorized, "this key is revoked");
        if (key == "expired") return Error::make(ErrorCode::Unauthorized, "this token has expired");
        const auto found = callers.find(std::string(key));
        if (found == callers.end()) return Error::make(ErrorCode::NotFound, "nobody has this key");
        return found->second;
    }
    std::optional<std::string> project_of_site(std::string_view site) const override {
        const auto found = sites.find(std::string(site));
        return found == sites.end() ? std::nullopt : std::optional(found->second);
    }
    bool is_only_project(std::string_view project) const override { return only_default && project == "default"; }

    std::map<std::string, auth::PrincipalPtr> callers;
    std::map<std::string, std::string> sites;
    bool only_default = false;

private:
    void add(auth::Principal::Kind kind, const std::string& name, const std::string& project, bool every_project,
             auth::Permissions permissions) {
        auth::Principal one;
        one.kind = kind;
        one.id = kind == auth::Principal::Kind::Console ? "" : "id of " + name;
        one.name = name;
        one.project = project;
        one.every_project = every_project;
        one.permissions = permissions;
        callers[name] = std::make_shared<const auth::Principal>(std::move(one));
    }
};

}  // namespace streamgauge::test
