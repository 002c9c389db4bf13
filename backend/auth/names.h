// SPDX-License-Identifier: GPL-3.0-or-later
// The words of administration: roles, scopes of keys, and which names projects, users and keys may have.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/principal.h"
#include "base/result.h"

namespace streamgauge::auth {

std::string_view to_string(Role role);  // "viewer", "operator", "admin"
std::optional<Role> role_from(std::string_view word);
Permissions permissions_of(Role role);

// A key's scopes: "ingest,query,admin", in this order. The word of Administer is "admin".
std::string scopes_text(Permissions permissions);
// Any order, commas between; nullopt for an unknown or missing word.
std::optional<Permissions> scopes_from(std::string_view text);
// One word of the three.
std::optional<Permission> scope_from(std::string_view word);
// What a key with these scopes may do: the scope admin includes everything.
Permissions effective(Permissions scopes);

// InvalidArgument with the member's name in `field`.
Status check_project_id(std::string_view id);           // 1 to 64 of [a-z0-9_-], not _system
Status check_user_name(std::string_view name);          // 1 to 64 of [A-Za-z0-9._@-]
Status check_display_name(std::string_view name);       // 1 to 128 bytes of UTF-8 without control characters
Status check_site(std::string_view site);               // 1 to 253 of [A-Za-z0-9._:/-]
Status check_password(std::string_view password);       // 8 to 1024 bytes
Status check_imported_secret(std::string_view secret);  // 16 to 256 of [A-Za-z0-9._~+/=-], not like a token

}  // namespace streamgauge::auth
