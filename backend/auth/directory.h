// SPDX-License-Identifier: GPL-3.0-or-later
// Projects, API keys, users and signing keys on disk: auth.db in the data directory, mode 0600, synced at each change.
// The server and the operator's commands may have it open at the same time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/password.h"
#include "auth/records.h"
#include "auth/secrets.h"
#include "auth/signing_key.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/sqlite.h"

namespace streamgauge::auth {

// Everything that decides who may what, read in one transaction.
struct Contents {
    struct Key {
        ApiKey key;
        Digest digest{};
    };
    struct KnownUser {
        User user;
        std::int64_t version = 0;  // another one after each change
    };
    std::string digest_key;
    std::vector<Project> projects;  // by id
    std::vector<Key> keys;          // oldest first
    std::vector<KnownUser> users;   // by name
    std::vector<SigningKey> signing_keys;
    std::string current_kid;  // of the one that signs
};

// Not thread-safe: one thread at a time. Calls wait for the disk, and up to five seconds for another process's
// transaction (Conflict then). Errors beside those named: Io, Corrupt.
class Directory {
public:
    // Makes the data directory (mode 0700) and the file where missing. Corrupt for a file of a newer version.
    static Result<std::unique_ptr<Directory>> open(const std::string& data_dir, const Clock& clock);

    // Another process changed something since the last call.
    Result<bool> changed_elsewhere();
    Result<Contents> read();

    Result<std::vector<Project>> projects();
    // AlreadyExists (create), NotFound (otherwise); Conflict for a site that is another project's.
    Result<Project> save_project(const Project& project, bool create);
    // Conflict while it has keys that work, and for "default"; NotFound.
    Status remove_project(const std::string& id);

    Result<std::vector<ApiKey>> keys(const std::string& project);  // of all where empty
    // Takes name, project, permissions and expires_at of `wanted`. `secret`: a key of the caller's own (an SDK's write
    // key); AlreadyExists when it is there. NotFound for an unknown project.
    Result<NewApiKey> create_key(const ApiKey& wanted, const std::optional<std::string>& secret = {});
    Result<ApiKey> revoke_key(const std::string& id);  // again: no change. NotFound
    Status note_key_uses(const std::map<std::string, Timestamp>& last_used_by_id);

    Result<std::vector<User>> users();
    // The password's hash, as hash_password() makes it. AlreadyExists.
    Result<User> create_user(const std::string& name, const std::string& password_hash, Role role, bool demo = false);
    Result<User> change_user(const std::string& name, const std::optional<std::string>& password_hash,
                             std::optional<Role> role);  // NotFound; Conflict when no admin would be left
    Status remove_user(const std::string& name);         // NotFound; Conflict for the last admin
    Result<bool> remove_demo_users();                    // false: there was none

    struct Login {
        User user;
        std::string password_hash;
        std::int64_t version = 0;
    };
    Result<std::optional<Login>> find_login(const std::string& name);
    // The user logged in and holds a token by `kid` until `token_expires_at`. `new_hash`: the same password's, with
    // other parameters.
    Status note_login(const std::string& name, const std::string& kid, Timestamp token_expires_at,
                      const std::optional<std::string>& new_hash = {});

    // The newest key of `algorithm`, made where there is none; keys of the other are kept as rotated ones are. Removes
    // rotated keys whose last token has expired. Returns its kid.
    Result<std::string> ensure_signing_key(Algorithm algorithm);
    // A new key that signs from now on. Returns its kid.
    Result<std::string> rotate_signing_key(Algorithm algorithm);

private:
    Directory(sql::Connection connection, const Clock& clock) : connection_(std::move(connection)), clock_(clock) {}
    Status prepare();
    Status make_tables();
    Result<sql::Statement> statement(std::string_view text);
    template <class Change>
    auto in_transaction(Change change) -> decltype(change());
    Result<std::int64_t> number(std::string_view query, std::string_view parameter = {});
    Result<std::int64_t> next_version();
    Result<std::optional<ApiKey>> find_key(const std::string& id);
    Result<std::optional<User>> find_user(const std::string& name);
    Result<bool> is_last_admin(const std::string& name);
    Status write_sites(const Project& project);
    Status read_signing_keys(Contents& contents);
    Result<std::string> add_signing_key(Algorithm algorithm);

    sql::Connection connection_;
    const Clock& clock_;
    std::string digest_key_;
    std::int64_t seen_version_ = -1;  // PRAGMA data_version
};

}  // namespace streamgauge::auth
