// SPDX-License-Identifier: GPL-3.0-or-later
// API keys and users of the directory.
#include <utility>

#include "auth/directory_support.h"

namespace streamgauge::auth {

namespace {

Error no_user(const std::string& name) {
    return Error::make(ErrorCode::NotFound, "there is no user " + name);
}

Error last_admin(const std::string& name) {
    Error error = Error::make(ErrorCode::Conflict, name + " is the last admin");
    error.hint = "make another admin first";
    return error;
}

}  // namespace

// ---- keys -----------------------------------------------------------------------------------------------------------
Result<std::vector<ApiKey>> Directory::keys(const std::string& project) {
    auto rows =
        statement(std::string("SELECT ") + kKeyColumns + " FROM keys WHERE ?1 = '' OR project = ?1 ORDER BY number");
    if (!rows.ok()) return rows.error();
    rows->bind_text(1, project);
    std::vector<ApiKey> all;
    if (Status each = for_each_row(*rows, [&] { all.push_back(read_key(*rows)); }); !each.ok()) return each.error();
    return all;
}

Result<std::optional<ApiKey>> Directory::find_key(const std::string& id) {
    auto found = statement(std::string("SELECT ") + kKeyColumns + " FROM keys WHERE id = ?");
    if (!found.ok()) return found.error();
    const auto row = found->bind_text(1, id).step();
    if (!row.ok()) return row.error();
    return *row ? std::optional(read_key(*found)) : std::nullopt;
}

Result<NewApiKey> Directory::create_key(const ApiKey& wanted, const std::optional<std::string>& secret) {
    const auto invalid = [](const char* field, const char* message) {
        Error error = Error::make(ErrorCode::InvalidArgument, message);
        error.field = field;
        return error;
    };
    if (Status right = check_display_name(wanted.name); !right.ok()) return right.error();
    const Permissions known = Permission::Ingest | Permission::Query | Permission::Administer;
    if (wanted.permissions == 0 || (wanted.permissions & ~known) != 0)
        return invalid("scopes", "a key has one or several of the scopes ingest, query, admin");
    const Timestamp now = clock_.now();
    if (wanted.expires_at && *wanted.expires_at <= now)
        return invalid("expires_at", "the key would have expired already");
    if (secret) {
        if (Status right = check_imported_secret(*secret); !right.ok()) return right.error();
    }
    NewApiKey made;
    made.secret = secret ? *secret : new_api_key_secret();
    made.key = wanted;
    if (made.key.project.empty()) made.key.project = "default";
    made.key.id = "k_" + hex(random_bytes(8));
    made.key.hint = made.secret.substr(0, secret ? 4 : 8);
    made.key.created_at = now;
    made.key.last_used_at = made.key.revoked_at = std::nullopt;
    const Digest digest = digest_of(made.secret, digest_key_);
    const std::string_view digest_bytes(reinterpret_cast<const char*>(digest.data()), digest.size());
    return in_transaction([&]() -> Result<NewApiKey> {
        const auto project = number("SELECT created_at FROM projects WHERE id = ?", made.key.project);
        if (!project.ok()) return project.error();
        if (*project == 0) {
            Error error = Error::make(ErrorCode::NotFound, "there is no project " + made.key.project);
            error.field = "project";
            return error;
        }
        auto same = statement("SELECT 1 FROM keys WHERE digest = ?");
        if (!same.ok()) return same.error();
        const auto there = same->bind_blob(1, digest_bytes).step();
        if (!there.ok()) return there.error();
        if (*there) return Error::make(ErrorCode::AlreadyExists, "this key is there already");
        auto added = statement(
            "INSERT INTO keys(id, digest, name, project, permissions, hint, created_at, expires_at) VALUES(?, ?, ?, ?, "
            "?, "
            "?, ?, ?)");
        if (!added.ok()) return added.error();
        added->bind_text(1, made.key.id).bind_blob(2, digest_bytes).bind_text(3, made.key.name);
        added->bind_text(4, made.key.project).bind(5, made.key.permissions).bind_text(6, made.key.hint);
        added->bind(7, now.micros);
        if (made.key.expires_at) {
            added->bind(8, made.key.expires_at->micros);
        } else {
            added->bind_null(8);
        }
        if (Status run = added->run(); !run.ok()) return run.error();
        return made;
    });
}

Result<ApiKey> Directory::revoke_key(const std::string& id) {
    return in_transaction([&]() -> Result<ApiKey> {
        auto revoked = statement("UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL");
        if (!revoked.ok()) return revoked.error();
        if (Status run = revoked->bind(1, clock_.now().micros).bind_text(2, id).run(); !run.ok()) return run.error();
        auto key = find_key(id);
        if (!key.ok()) return key.error();
        if (!*key) return Error::make(ErrorCode::NotFound, "there is no key " + id);
        return **key;
    });
}

Status Directory::note_key_uses(const std::map<std::string, Timestamp>& last_used_by_id) {
    if (last_used_by_id.empty()) return {};
    return in_transaction([&]() -> Status {
        auto noted = statement("UPDATE keys SET last_used_at = max(?1, coalesce(last_used_at, 0)) WHERE id = ?2");
        if (!noted.ok()) return noted.error();
        for (const auto& [id, at] : last_used_by_id) {
            if (Status run = noted->bind(1, at.micros).bind_text(2, id).run(); !run.ok()) return run;
        }
        return {};
    });
}

// ---- users ----------------------------------------------------------------------------------------------------------
Result<std::vector<User>> Directory::users() {
    auto rows = statement(std::string("SELECT ") + kUserColumns + " FROM users ORDER BY name");
    if (!rows.ok()) return rows.error();
    std::vector<User> all;
    if (Status each = for_each_row(*rows, [&] { all.push_back(read_user(*rows)); }); !each.ok()) return each.error();
    return all;
}

Result<std::optional<User>> Directory::find_user(const std::string& name) {
    auto found = statement(std::string("SELECT ") + kUserColumns + " FROM users WHERE name = ?");
    if (!found.ok()) return found.error();
    const auto row = found->bind_text(1, name).step();
    if (!row.ok()) return row.error();
    return *row ? std::optional(read_user(*found)) : std::nullopt;
}

Result<User> Directory::create_user(const std::string& name, const std::string& password_hash, Role role, bool demo) {
    if (Status right = check_user_name(name); !right.ok()) return right.error();
    return in_transaction([&]() -> Result<User> {
        const auto there = find_user(name);
        if (!there.ok()) return there.error();
        if (*there) return Error::make(ErrorCode::AlreadyExists, "there is a user " + name + " already");
        const auto version = next_version();
        if (!version.ok()) return version.error();
        User user{name, role, clock_.now(), std::nullopt};
        auto added =
            statement("INSERT INTO users(name, password, role, version, demo, created_at) VALUES(?, ?, ?, ?, ?, ?)");
        if (!added.ok()) return added.error();
        added->bind_text(1, name).bind_text(2, password_hash).bind_text(3, to_string(role)).bind(4, *version);
        added->bind(5, demo ? 1 : 0).bind(6, user.created_at.micros);
        if (Status run = added->run(); !run.ok()) return run.error();
        return user;
    });
}

Result<bool> Directory::is_last_admin(const std::string& name) {
    const auto others = number("SELECT count(*) FROM users WHERE role = 'admin' AND name != ?", name);
    if (!others.ok()) return others.error();
    const auto user = find_user(name);
    if (!user.ok()) return user.error();
    return *others == 0 && *user && (*user)->role == Role::Admin;
}

Result<User> Directory::change_user(const std::string& name, const std::optional<std::string>& password_hash,
                                    std::optional<Role> role) {
    return in_transaction([&]() -> Result<User> {
        auto user = find_user(name);
        if (!user.ok()) return user.error();
        if (!*user) return no_user(name);
        if (role && *role != Role::Admin) {
            const auto last = is_last_admin(name);
            if (!last.ok()) return last.error();
            if (*last) return last_admin(name);
        }
        const auto version = next_version();
        if (!version.ok()) return version.error();
        if (role) (*user)->role = *role;
        auto changed = statement(
            "UPDATE users SET role = ?1, version = ?2, password = coalesce(?3, password), demo = demo * (?3 IS NULL) "
            "WHERE name = ?4");
        if (!changed.ok()) return changed.error();
        changed->bind_text(1, to_string((*user)->role)).bind(2, *version).bind_text(4, name);
        if (password_hash) {
            changed->bind_text(3, *password_hash);
        } else {
            changed->bind_null(3);
        }
        if (Status run = changed->run(); !run.ok()) return run.error();
        return **user;
    });
}

Status Directory::remove_user(const std::string& name) {
    return in_transaction([&]() -> Status {
        const auto user = find_user(name);
        if (!user.ok()) return user.error();
        if (!*user) return no_user(name);
        const auto last = is_last_admin(name);
        if (!last.ok()) return last.error();
        if (*last) return last_admin(name);
        auto removed = statement("DELETE FROM users WHERE name = ?");
        if (!removed.ok()) return removed.error();
        return removed->bind_text(1, name).run();
    });
}

Result<bool> Directory::remove_demo_users() {
    const auto there = number("SELECT count(*) FROM users WHERE demo = 1");
    if (!there.ok()) return there.error();
    if (*there == 0) return false;
    if (Status removed = sql::execute(connection_.get(), "DELETE FROM users WHERE demo = 1"); !removed.ok())
        return removed.error();
    return true;
}

Result<std::optional<Directory::Login>> Directory::find_login(const std::string& name) {
    auto found = statement(std::string("SELECT ") + kUserColumns + ", password, version FROM users WHERE name = ?");
    if (!found.ok()) return found.error();
    const auto row = found->bind_text(1, name).step();
    if (!row.ok()) return row.error();
    if (!*row) return std::optional<Login>();
    return std::optional(
        Login{read_user(*found), std::string(found->bytes(kUserColumnCount)), found->integer(kUserColumnCount + 1)});
}

Status Directory::note_login(const std::string& name, const std::string& kid, Timestamp token_expires_at,
                             const std::optional<std::string>& new_hash) {
    return in_transaction([&]() -> Status {
        auto user = statement("UPDATE users SET last_login_at = ?1, password = coalesce(?2, password) WHERE name = ?3");
        if (!user.ok()) return user.error();
        user->bind(1, clock_.now().micros).bind_text(3, name);
        if (new_hash) {
            user->bind_text(2, *new_hash);
        } else {
            user->bind_null(2);
        }
        if (Status run = user->run(); !run.ok()) return run;
        auto key = statement("UPDATE signing_keys SET tokens_until = max(tokens_until, ?) WHERE kid = ?");
        if (!key.ok()) return key.error();
        return key->bind(1, token_expires_at.micros).bind_text(2, kid).run();
    });
}

}  // namespace streamgauge::auth
