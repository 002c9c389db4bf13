// SPDX-License-Identifier: GPL-3.0-or-later
#include "auth/names.h"

#include "base/wrong_field.h"

namespace streamgauge::auth {

namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

bool consists_of(std::string_view text, std::string_view others, bool upper) {
    for (const char c : text) {
        const bool known = kDigits.find(c) != std::string_view::npos || kLower.find(c) != std::string_view::npos ||
                           (upper && kUpper.find(c) != std::string_view::npos) ||
                           others.find(c) != std::string_view::npos;
        if (!known) return false;
    }
    return true;
}

// Well-formed UTF-8 (RFC 3629) without control characters.
bool printable(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x20 || byte == 0x7F) return false;
        const std::size_t length = byte < 0x80   ? 1
                                   : byte < 0xC2 ? 0
                                   : byte < 0xE0 ? 2
                                   : byte < 0xF0 ? 3
                                   : byte < 0xF5 ? 4
                                                 : 0;
        if (length == 0 || i + length > text.size()) return false;
        std::uint32_t point = length == 1 ? byte : byte & (0xFFU >> (length + 1));
        for (std::size_t k = 1; k < length; ++k) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            if ((next & 0xC0) != 0x80) return false;
            point = point << 6 | (next & 0x3FU);
        }
        if ((length == 3 && point < 0x800) || (length == 4 && (point < 0x10000 || point > 0x10FFFF)) ||
            (point >= 0xD800 && point < 0xE000) || (point >= 0x80 && point < 0xA0)) {
            return false;
        }
        i += length;
    }
    return true;
}

}  // namespace

std::string_view to_string(Role role) {
    switch (role) {
        case Role::Viewer:
            return "viewer";
        case Role::Operator:
            return "operator";
        case Role::Admin:
            return "admin";
    }
    return "viewer";
}

std::optional<Role> role_from(std::string_view word) {
    for (const Role role : {Role::Viewer, Role::Operator, Role::Admin}) {
        if (to_string(role) == word) return role;
    }
    return std::nullopt;
}

Permissions permissions_of(Role role) {
    switch (role) {
        case Role::Viewer:
            return static_cast<Permissions>(Permission::Query);
        case Role::Operator:
            return Permission::Ingest | Permission::Query | Permission::Operate;
        case Role::Admin:
            return kEverything;
    }
    return 0;
}

std::optional<Permission> scope_from(std::string_view word) {
    if (word == "ingest") return Permission::Ingest;
    if (word == "query") return Permission::Query;
    if (word == "admin") return Permission::Administer;
    return std::nullopt;
}

std::string scopes_text(Permissions permissions) {
    std::string text;
    for (const std::string_view word : {"ingest", "query", "admin"}) {
        if ((permissions & static_cast<Permissions>(*scope_from(word))) == 0) continue;
        if (!text.empty()) text += ',';
        text += word;
    }
    return text;
}

std::optional<Permissions> scopes_from(std::string_view text) {
    Permissions all = 0;
    for (;;) {
        const std::size_t comma = text.find(',');
        const auto scope = scope_from(text.substr(0, comma));
        if (!scope) return std::nullopt;
        all = all | *scope;
        if (comma == std::string_view::npos) return all;
        text.remove_prefix(comma + 1);
    }
}

Permissions effective(Permissions scopes) {
    return (scopes & static_cast<Permissions>(Permission::Administer)) != 0 ? kEverything : scopes;
}

Status check_project_id(std::string_view id) {
    if (id.empty() || id.size() > 64 || !consists_of(id, "_-", false))
        return wrong_field("id", "a project's id is 1 to 64 of a-z, 0-9, _ and -");
    if (id == "_system") return wrong_field("id", "_system is the project of the server's own events");
    return {};
}

Status check_user_name(std::string_view name) {
    if (name.empty() || name.size() > 64 || !consists_of(name, "._@-", true))
        return wrong_field("name", "a user's name is 1 to 64 of letters, digits, '.', '_', '@' and '-'");
    return {};
}

Status check_display_name(std::string_view name) {
    if (name.empty() || name.size() > 128 || !printable(name))
        return wrong_field("name", "a name is 1 to 128 bytes of text without control characters");
    return {};
}

Status check_site(std::string_view site) {
    if (site.empty() || site.size() > 253 || !consists_of(site, "._:/-", true))
        return wrong_field(
            "sites", "a site is a domain or a website id: 1 to 253 of letters, digits, '.', '_', ':', '/' and '-'");
    return {};
}

Status check_password(std::string_view password) {
    if (password.size() < 8 || password.size() > 1024) return wrong_field("password", "a password has 8 to 1024 bytes");
    return {};
}

Status check_imported_secret(std::string_view secret) {
    if (secret.size() < 16 || secret.size() > 256 || !consists_of(secret, "._~+/=-", true))
        return wrong_field("secret", "a key of your own is 16 to 256 of letters, digits and ._~+/=-");
    if (secret.starts_with("eyJ") || secret.starts_with("sgc_"))
        return wrong_field("secret", "a key of your own must not begin as a token does (eyJ, sgc_)");
    return {};
}

}  // namespace streamgauge::auth
