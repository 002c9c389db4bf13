// SPDX-License-Identifier: GPL-3.0-or-later
// What the sources of Directory share: its transactions, and how rows become records. Not for others.
#pragma once

#include <string>
#include <utility>

#include "auth/directory.h"
#include "auth/names.h"

namespace streamgauge::auth {

inline constexpr const char* kKeyColumns =
    "id, name, project, permissions, hint, created_at, expires_at, revoked_at, last_used_at";
inline constexpr int kKeyColumnCount = 9;
inline constexpr const char* kUserColumns = "name, role, created_at, last_login_at";
inline constexpr int kUserColumnCount = 4;

inline std::optional<Timestamp> optional_time(const sql::Statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return Timestamp{row.integer(column)};
}

inline ApiKey read_key(const sql::Statement& row) {
    ApiKey key;
    key.id = row.bytes(0);
    key.name = row.bytes(1);
    key.project = row.bytes(2);
    key.permissions = static_cast<Permissions>(row.integer(3));
    key.hint = row.bytes(4);
    key.created_at = {row.integer(5)};
    key.expires_at = optional_time(row, 6);
    key.revoked_at = optional_time(row, 7);
    key.last_used_at = optional_time(row, 8);
    return key;
}

inline User read_user(const sql::Statement& row) {
    return {std::string(row.bytes(0)),
            role_from(row.bytes(1)).value_or(Role::Viewer),
            {row.integer(2)},
            optional_time(row, 3)};
}

// Calls `each` for every row until the end or an error.
template <class Each>
Status for_each_row(sql::Statement& rows, Each each) {
    for (;;) {
        const auto row = rows.step();
        if (!row.ok()) return row.error();
        if (!*row) return {};
        each();
    }
}

// Commits when `change` is well, otherwise takes everything back. The write lock is taken at once, so that what is read
// inside still holds when it is written.
template <class Change>
auto Directory::in_transaction(Change change) -> decltype(change()) {
    if (Status begun = sql::execute(connection_.get(), "BEGIN IMMEDIATE"); !begun.ok()) return begun.error();
    auto result = change();
    if (result.ok()) {
        Status committed = sql::execute(connection_.get(), "COMMIT");
        if (committed.ok()) return result;
        result = committed.error();
    }
    (void)sql::execute(connection_.get(), "ROLLBACK");
    return result;
}

}  // namespace streamgauge::auth
