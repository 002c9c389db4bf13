// SPDX-License-Identifier: GPL-3.0-or-later
// Administration of who may do what: projects, API keys, users, logins.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/services.h"
#include "auth/principal.h"
#include "auth/records.h"
#include "base/time.h"

namespace streamgauge::api {

using auth::ApiKey;
using auth::NewApiKey;
using auth::Project;
using auth::User;

struct Login {
    std::string token;
    Timestamp expires_at;
};

// Callbacks are called exactly once, on a thread of the service's own: passwords and the disk take their time.
class AccessService {
public:
    virtual ~AccessService() = default;

    // Unauthorized ("invalid credentials") whether the name or the password is wrong, in the same time; RateLimited
    // with retry_after_seconds after too many failures of this name or address.
    virtual void login(std::string name, std::string password, std::string address, Done<Login> done) = 0;
    // In-process: a token of the console's own, valid while this server runs.
    virtual Login console_login() = 0;

    virtual void projects(Done<std::vector<Project>> done) = 0;
    virtual void save_project(Project project, bool create, Done<Project> done) = 0;
    virtual void remove_project(std::string id, Done<bool> done) = 0;  // Conflict while it has keys that work

    virtual void keys(std::string project, Done<std::vector<ApiKey>> done) = 0;  // empty: of all
    // Takes name, project, permissions and expires_at. `secret`: a key of the caller's own, such as the write key that
    // SDKs in the field already have; none: a new one.
    virtual void create_key(ApiKey wanted, std::optional<std::string> secret, Done<NewApiKey> done) = 0;
    virtual void revoke_key(std::string id, Done<ApiKey> done) = 0;

    virtual void users(Done<std::vector<User>> done) = 0;
    virtual void create_user(std::string name, std::string password, auth::Role role, Done<User> done) = 0;
    virtual void change_user(std::string name, std::optional<std::string> password, std::optional<auth::Role> role,
                             Done<User> done) = 0;
    virtual void remove_user(std::string name, Done<bool> done) = 0;  // Conflict for the last admin

    // A new signing key; tokens by the old one stay valid until they expire.
    virtual void rotate_signing_key(Done<std::string> done) = 0;
};

}  // namespace streamgauge::api
