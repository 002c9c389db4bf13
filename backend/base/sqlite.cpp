// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/sqlite.h"

#include <sqlite3.h>

namespace streamgauge::sql {
namespace {

ErrorCode code_of(int result) {
    switch (result & 0xFF) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return ErrorCode::Conflict;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return ErrorCode::Corrupt;
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return ErrorCode::Io;
        default:
            return ErrorCode::Internal;
    }
}

Error with_hint(Error error, int result) {
    if ((result & 0xFF) == SQLITE_FULL) error.hint = "make room on the disk";
    return error;
}

// SQLite binds NULL for a null pointer; an empty view may have one.
const char* data_of(std::string_view value) {
    return value.data() == nullptr ? "" : value.data();
}

}  // namespace

void CloseConnection::operator()(sqlite3* connection) const {
    sqlite3_close_v2(connection);
}
void FinalizeStatement::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Error error_of(sqlite3* connection, std::string_view doing) {
    const int result = sqlite3_extended_errcode(connection);
    return with_hint(Error::make(code_of(result), std::string(doing) + ": " + sqlite3_errmsg(connection)), result);
}

Error error_of_code(int result, std::string_view doing) {
    return with_hint(Error::make(code_of(result), std::string(doing) + ": " + sqlite3_errstr(result)), result);
}

Result<Connection> open(const std::string& path, bool create, const std::string& vfs) {
    // Statistics of memory would take a lock at each allocation. Refused, and as well, where SQLite is in use already.
    [[maybe_unused]] static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3* handle = nullptr;
    const int flags =
        SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
    const int result = sqlite3_open_v2(path.c_str(), &handle, flags, vfs.empty() ? nullptr : vfs.c_str());
    Connection connection(handle);
    if (handle == nullptr) return Error::make(ErrorCode::Internal, "no memory for a database connection");
    if (result != SQLITE_OK) return error_of(handle, "cannot open " + path);
    return connection;
}

Status execute(sqlite3* connection, const char* statements) {
    if (sqlite3_exec(connection, statements, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
    constexpr std::size_t kShown = 60;  // a whole schema would hide what is wrong
    const std::string_view all(statements);
    return error_of(connection, all.size() <= kShown ? std::string(all) : std::string(all.substr(0, kShown)) + " ...");
}

Result<Statement> Statement::prepare(sqlite3* connection, std::string_view text) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(connection, text.data(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT,
                           &statement, nullptr) != SQLITE_OK)
        return error_of(connection, text);
    return Statement(statement);
}

Statement& Statement::bind(int parameter, std::int64_t value) {
    sqlite3_bind_int64(statement_.get(), parameter, value);
    return *this;
}

// A null destructor is SQLITE_STATIC: SQLite does not copy.
Statement& Statement::bind_text(int parameter, std::string_view value) {
    sqlite3_bind_text(statement_.get(), parameter, data_of(value), static_cast<int>(value.size()), nullptr);
    return *this;
}

Statement& Statement::bind_blob(int parameter, std::string_view value) {
    sqlite3_bind_blob(statement_.get(), parameter, data_of(value), static_cast<int>(value.size()), nullptr);
    return *this;
}

Statement& Statement::bind_null(int parameter) {
    sqlite3_bind_null(statement_.get(), parameter);
    return *this;
}

Result<bool> Statement::step() {
    const int result = sqlite3_step(statement_.get());
    if (result == SQLITE_ROW) return true;
    if (result == SQLITE_DONE) {
        reset();
        return false;
    }
    Error error = error_of(sqlite3_db_handle(statement_.get()), sqlite3_sql(statement_.get()));
    reset();
    return error;
}

Status Statement::run() {
    for (;;) {
        const Result<bool> row = step();
        if (!row.ok()) return row.error();
        if (!row.value()) return {};
    }
}

void Statement::reset() {
    sqlite3_reset(statement_.get());
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::string_view Statement::bytes(int column) const {
    const void* data = sqlite3_column_blob(statement_.get(), column);
    const int size = sqlite3_column_bytes(statement_.get(), column);
    if (data == nullptr) return {};
    return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

Status copy(const std::string& from, const std::string& to) {
    const Result<Connection> source = open(from, false);
    if (!source.ok()) return source.error();
    Result<Statement> statement = Statement::prepare(source->get(), "VACUUM INTO ?1");
    if (!statement.ok()) return statement.error();
    return statement->bind_text(1, to).run();
}

}  // namespace streamgauge::sql
