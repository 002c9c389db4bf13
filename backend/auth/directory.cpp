// SPDX-License-Identifier: GPL-3.0-or-later
// The file itself, projects and signing keys. Keys and users are in directory_access.cpp.
#include "auth/directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "auth/directory_support.h"
#include "auth/names.h"
#include "base/log.h"

namespace streamgauge::auth {

namespace {

constexpr std::int64_t kSchemaVersion = 1;
// Kept a little longer than the last token needs.
constexpr std::int64_t kSigningKeyGraceMicros = 120 * Timestamp::kMicrosPerSecond;

constexpr const char* kTables = R"(
CREATE TABLE secrets(name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE projects(id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
CREATE TABLE sites(site TEXT PRIMARY KEY, project TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE) STRICT;
CREATE TABLE keys(
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, digest BLOB NOT NULL UNIQUE, name TEXT NOT NULL,
    project TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE, permissions INTEGER NOT NULL, hint TEXT NOT NULL,
    created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER, last_used_at INTEGER) STRICT;
CREATE TABLE users(
    name TEXT PRIMARY KEY, password TEXT NOT NULL, role TEXT NOT NULL, version INTEGER NOT NULL,
    demo INTEGER NOT NULL, created_at INTEGER NOT NULL, last_login_at INTEGER) STRICT;
CREATE TABLE signing_keys(
    number INTEGER PRIMARY KEY, kid TEXT NOT NULL UNIQUE, algorithm TEXT NOT NULL, material BLOB NOT NULL,
    created_at INTEGER NOT NULL, tokens_until INTEGER NOT NULL, rotated INTEGER NOT NULL DEFAULT 0) STRICT;
)";

Error io(const std::string& what, int number) {
    Error error = Error::make(ErrorCode::Io, what + ": " + std::strerror(number));
    error.field = "data_dir";
    error.hint = "name a directory that this user can write with --data-dir";
    return error;
}

// SQLite gives its log and shared memory the mode of the file.
Status make_file(const std::string& data_dir, const std::string& path) {
    std::error_code failed;
    if (!std::filesystem::is_directory(data_dir, failed)) {
        std::filesystem::create_directories(data_dir, failed);
        if (failed) return io("the data directory " + data_dir + " cannot be made", failed.value());
        std::filesystem::permissions(data_dir, std::filesystem::perms::owner_all, failed);
    }
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) return io("the file " + path + " cannot be opened", errno);
    struct stat status {};
    const bool narrowed =
        fstat(descriptor, &status) == 0 && ((status.st_mode & 0077) == 0 || fchmod(descriptor, 0600) == 0);
    const int reason = errno;
    // Made by root for a server that runs as somebody else: it belongs to whom the directory belongs.
    struct stat folder {};
    if (narrowed && geteuid() == 0 && status.st_size == 0 && stat(data_dir.c_str(), &folder) == 0 &&
        folder.st_uid != status.st_uid && fchown(descriptor, folder.st_uid, folder.st_gid) != 0) {
        log::warning("auth_db_owner", "auth.db could not be given to the directory's owner", {{"file", path}});
    }
    ::close(descriptor);
    if (!narrowed) return io("the file " + path + " cannot be kept from others", reason);
    return {};
}

}  // namespace

Result<std::unique_ptr<Directory>> Directory::open(const std::string& data_dir, const Clock& clock) {
    if (Status started = start_crypto(); !started.ok()) return started.error();
    const std::string path = data_dir + "/auth.db";
    if (Status made = make_file(data_dir, path); !made.ok()) return made.error();
    auto connection = sql::open(path, false);
    if (!connection.ok()) return connection.error();
    std::unique_ptr<Directory> directory(new Directory(std::move(connection).value(), clock));
    if (Status prepared = directory->prepare(); !prepared.ok()) return prepared.error();
    return directory;
}

Status Directory::prepare() {
    if (Status set = sql::execute(connection_.get(),
                                  "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
                                  "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON");
        !set.ok()) {
        return set;
    }
    if (Status made = in_transaction([this] { return make_tables(); }); !made.ok()) return made;
    auto secret = statement("SELECT value FROM secrets WHERE name = 'digest'");
    if (!secret.ok()) return secret.error();
    const auto row = secret->step();
    if (!row.ok()) return row.error();
    if (!*row) return Error::make(ErrorCode::Corrupt, "auth.db has lost the key of its digests");
    digest_key_ = secret->bytes(0);
    secret->reset();
    const auto seen = changed_elsewhere();
    return seen.ok() ? Status{} : Status{seen.error()};
}

Status Directory::make_tables() {
    const auto version = number("PRAGMA user_version");
    if (!version.ok()) return version.error();
    if (*version == kSchemaVersion) return {};
    if (*version != 0)
        return Error::make(ErrorCode::Corrupt, "auth.db is of version " + std::to_string(*version) +
                                                   ", made by a newer Streamgauge; this one knows version 1");
    if (Status made = sql::execute(connection_.get(), kTables); !made.ok()) return made;
    auto secret = statement("INSERT INTO secrets(name, value) VALUES('digest', ?)");
    if (!secret.ok()) return secret.error();
    const std::string key = random_bytes(32);
    if (Status run = secret->bind_blob(1, key).run(); !run.ok()) return run;
    auto project = statement("INSERT INTO projects(id, name, created_at) VALUES('default', 'Default', ?)");
    if (!project.ok()) return project.error();
    if (Status run = project->bind(1, clock_.now().micros).run(); !run.ok()) return run;
    return sql::execute(connection_.get(), "PRAGMA user_version = 1");
}

Result<sql::Statement> Directory::statement(std::string_view text) {
    return sql::Statement::prepare(connection_.get(), text);
}

Result<std::int64_t> Directory::number(std::string_view query, std::string_view parameter) {
    auto asked = statement(query);
    if (!asked.ok()) return asked.error();
    if (!parameter.empty()) asked->bind_text(1, parameter);
    const auto row = asked->step();
    if (!row.ok()) return row.error();
    return *row ? asked->integer(0) : std::int64_t{0};
}

Result<std::int64_t> Directory::next_version() {
    if (Status next = sql::execute(connection_.get(),
                                   "INSERT INTO counters(name, value) VALUES('version', 1) "
                                   "ON CONFLICT(name) DO UPDATE SET value = value + 1");
        !next.ok()) {
        return next.error();
    }
    return number("SELECT value FROM counters WHERE name = 'version'");
}

Result<bool> Directory::changed_elsewhere() {
    const auto version = number("PRAGMA data_version");
    if (!version.ok()) return version.error();
    return std::exchange(seen_version_, *version) != *version;
}

Result<Contents> Directory::read() {
    return in_transaction([this]() -> Result<Contents> {
        Contents contents;
        contents.digest_key = digest_key_;
        auto all_projects = projects();
        if (!all_projects.ok()) return all_projects.error();
        contents.projects = std::move(all_projects).value();
        auto keys = statement(std::string("SELECT ") + kKeyColumns + ", digest FROM keys ORDER BY number");
        if (!keys.ok()) return keys.error();
        if (Status each = for_each_row(*keys,
                                       [&] {
                                           Contents::Key key;
                                           key.key = read_key(*keys);
                                           const std::string_view digest = keys->bytes(kKeyColumnCount);
                                           if (digest.size() == key.digest.size())
                                               std::memcpy(key.digest.data(), digest.data(), digest.size());
                                           contents.keys.push_back(std::move(key));
                                       });
            !each.ok()) {
            return each.error();
        }
        auto users = statement(std::string("SELECT ") + kUserColumns + ", version FROM users ORDER BY name");
        if (!users.ok()) return users.error();
        if (Status each =
                for_each_row(*users,
                             [&] {
                                 contents.users.push_back({read_user(*users), users->integer(kUserColumnCount)});
                             });
            !each.ok()) {
            return each.error();
        }
        if (Status signing = read_signing_keys(contents); !signing.ok()) return signing.error();
        return contents;
    });
}

// ---- projects -------------------------------------------------------------------------------------------------------
Result<std::vector<Project>> Directory::projects() {
    auto rows = statement(
        "SELECT p.id, p.name, p.created_at, s.site FROM projects p LEFT JOIN sites s ON s.project = p.id "
        "ORDER BY p.id, s.site");
    if (!rows.ok()) return rows.error();
    std::vector<Project> all;
    Status each = for_each_row(*rows, [&] {
        if (all.empty() || all.back().id != rows->bytes(0))
            all.push_back({std::string(rows->bytes(0)), std::string(rows->bytes(1)), {}, {rows->integer(2)}});
        if (!rows->is_null(3)) all.back().sites.emplace_back(rows->bytes(3));
    });
    if (!each.ok()) return each.error();
    return all;
}

Result<Project> Directory::save_project(const Project& project, bool create) {
    if (Status right = check_project_id(project.id); !right.ok()) return right.error();
    if (Status right = check_display_name(project.name); !right.ok()) return right.error();
    for (const std::string& site : project.sites) {
        if (Status right = check_site(site); !right.ok()) return right.error();
    }
    return in_transaction([&]() -> Result<Project> {
        Project saved = project;
        const auto made = number("SELECT created_at FROM projects WHERE id = ?", project.id);
        if (!made.ok()) return made.error();
        if (create && *made != 0)
            return Error::make(ErrorCode::AlreadyExists, "there is a project " + project.id + " already");
        if (!create && *made == 0) return Error::make(ErrorCode::NotFound, "there is no project " + project.id);
        saved.created_at = create ? clock_.now() : Timestamp{*made};
        auto written = statement(
            "INSERT INTO projects(id, name, created_at) VALUES(?, ?, ?) ON CONFLICT(id) DO UPDATE SET name = "
            "excluded.name");
        if (!written.ok()) return written.error();
        if (Status run =
                written->bind_text(1, saved.id).bind_text(2, saved.name).bind(3, saved.created_at.micros).run();
            !run.ok()) {
            return run.error();
        }
        if (Status sites = write_sites(saved); !sites.ok()) return sites.error();
        return saved;
    });
}

Status Directory::write_sites(const Project& project) {
    auto cleared = statement("DELETE FROM sites WHERE project = ?");
    if (!cleared.ok()) return cleared.error();
    if (Status run = cleared->bind_text(1, project.id).run(); !run.ok()) return run;
    auto added = statement("INSERT INTO sites(site, project) VALUES(?, ?) ON CONFLICT DO NOTHING");
    if (!added.ok()) return added.error();
    for (const std::string& site : project.sites) {
        if (Status run = added->bind_text(1, site).bind_text(2, project.id).run(); !run.ok()) return run;
        auto owner = statement("SELECT project FROM sites WHERE site = ?");
        if (!owner.ok()) return owner.error();
        const auto row = owner->bind_text(1, site).step();
        if (!row.ok()) return row.error();
        if (*row && owner->bytes(0) != project.id) {
            Error error = Error::make(ErrorCode::Conflict,
                                      "the site " + site + " belongs to the project " + std::string(owner->bytes(0)));
            error.field = "sites";
            return error;
        }
    }
    return {};
}

Status Directory::remove_project(const std::string& id) {
    if (id == "default") return Error::make(ErrorCode::Conflict, "the project default always exists");
    return in_transaction([&]() -> Status {
        const auto made = number("SELECT created_at FROM projects WHERE id = ?", id);
        if (!made.ok()) return made.error();
        if (*made == 0) return Error::make(ErrorCode::NotFound, "there is no project " + id);
        auto working = statement(
            "SELECT count(*) FROM keys WHERE project = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at "
            "> "
            "?)");
        if (!working.ok()) return working.error();
        const auto row = working->bind_text(1, id).bind(2, clock_.now().micros).step();
        if (!row.ok()) return row.error();
        if (working->integer(0) != 0) {
            Error error = Error::make(ErrorCode::Conflict, "the project " + id + " has keys that work");
            error.hint = "revoke them first";
            return error;
        }
        auto removed = statement("DELETE FROM projects WHERE id = ?");
        if (!removed.ok()) return removed.error();
        return removed->bind_text(1, id).run();
    });
}

// ---- signing keys ---------------------------------------------------------------------------------------------------
Result<std::string> Directory::add_signing_key(Algorithm algorithm) {
    std::string kid, material;
    if (algorithm == Algorithm::Hs256) {
        kid = hex(random_bytes(8));
        material = random_bytes(32);
    } else {
        auto pem = SigningKey::make_rsa_pem();
        if (!pem.ok()) return pem.error();
        const auto key = SigningKey::rs256(*pem);
        if (!key.ok()) return key.error();
        kid = key->kid();
        material = std::move(pem).value();
    }
    return in_transaction([&]() -> Result<std::string> {
        if (Status rotated = sql::execute(connection_.get(), "UPDATE signing_keys SET rotated = 1"); !rotated.ok())
            return rotated.error();
        auto added = statement(
            "INSERT INTO signing_keys(kid, algorithm, material, created_at, tokens_until) VALUES(?, ?, ?, ?, 0)");
        if (!added.ok()) return added.error();
        if (Status run = added->bind_text(1, kid)
                             .bind_text(2, to_string(algorithm))
                             .bind_blob(3, material)
                             .bind(4, clock_.now().micros)
                             .run();
            !run.ok()) {
            return run.error();
        }
        wipe(material);
        return kid;
    });
}

Result<std::string> Directory::ensure_signing_key(Algorithm algorithm) {
    auto expired = statement("DELETE FROM signing_keys WHERE rotated = 1 AND tokens_until < ?");
    if (!expired.ok()) return expired.error();
    if (Status run = expired->bind(1, clock_.now().micros - kSigningKeyGraceMicros).run(); !run.ok())
        return run.error();
    auto current = statement("SELECT kid FROM signing_keys WHERE rotated = 0 AND algorithm = ?");
    if (!current.ok()) return current.error();
    const auto row = current->bind_text(1, to_string(algorithm)).step();
    if (!row.ok()) return row.error();
    if (*row) return std::string(current->bytes(0));
    return add_signing_key(algorithm);
}

Result<std::string> Directory::rotate_signing_key(Algorithm algorithm) {
    return add_signing_key(algorithm);
}

Status Directory::read_signing_keys(Contents& contents) {
    auto rows = statement("SELECT kid, algorithm, material, rotated FROM signing_keys ORDER BY number");
    if (!rows.ok()) return rows.error();
    Status broken;
    Status each = for_each_row(*rows, [&] {
        std::string material(rows->bytes(2));
        auto key = rows->bytes(1) == to_string(Algorithm::Rs256)
                       ? SigningKey::rs256(material)
                       : SigningKey::hs256(std::string(rows->bytes(0)), material);
        wipe(material);
        if (!key.ok()) {
            broken = Error::make(ErrorCode::Corrupt, "a signing key in auth.db cannot be read");
            return;
        }
        if (rows->integer(3) == 0) contents.current_kid = key->kid();
        contents.signing_keys.push_back(std::move(key).value());
    });
    return each.ok() ? broken : each;
}

}  // namespace streamgauge::auth
