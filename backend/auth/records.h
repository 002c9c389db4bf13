// SPDX-License-Identifier: GPL-3.0-or-later
// Projects, API keys and users as the directory keeps them and as administration sees them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/principal.h"
#include "base/time.h"

namespace streamgauge::auth {

struct Project {
    std::string id;                  // "default", "shop": 1 to 64 of [a-z0-9_-]
    std::string name;                // for people
    std::vector<std::string> sites;  // Plausible's domains and Umami's website ids that belong to it
    Timestamp created_at;
};

struct ApiKey {
    std::string id;  // public: "k_..."
    std::string name, project;
    Permissions permissions = 0;  // Ingest, Query, Administer
    std::string hint;             // the secret's first characters, to recognise it by
    Timestamp created_at;
    std::optional<Timestamp> last_used_at, revoked_at, expires_at;
};

struct NewApiKey {
    ApiKey key;
    std::string secret;  // shown this once, never stored
};

struct User {
    std::string name;
    Role role = Role::Viewer;
    Timestamp created_at;
    std::optional<Timestamp> last_login_at;
};

}  // namespace streamgauge::auth
