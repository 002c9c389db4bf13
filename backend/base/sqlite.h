// SPDX-License-Identifier: GPL-3.0-or-later
// SQLite's C handles with owners, and its result codes as Errors.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace streamgauge::sql {

struct CloseConnection {
    void operator()(sqlite3* connection) const;
};
struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const;
};
using Connection = std::unique_ptr<sqlite3, CloseConnection>;

// Full disks and unreachable files are Io, files that are no database Corrupt, locks held by others Conflict.
Error error_of(sqlite3* connection, std::string_view doing);
Error error_of_code(int result, std::string_view doing);

// Without locks of its own: one thread at a time. `create`: make the file where missing. `vfs`: empty for the default.
Result<Connection> open(const std::string& path, bool create, const std::string& vfs = {});
// One or several statements without parameters.
Status execute(sqlite3* connection, const char* statements);

// One committed state of the database at `from`, which another process may be writing, into the new file `to`.
Status copy(const std::string& from, const std::string& to);

// A prepared statement that is used again and again. Parameters count from 1, columns from 0. Texts and blobs that are
// bound must live until the statement has run; those that are read until the next step.
class Statement {
public:
    Statement() = default;
    static Result<Statement> prepare(sqlite3* connection, std::string_view text);

    Statement& bind(int parameter, std::int64_t value);
    Statement& bind_text(int parameter, std::string_view value);
    Statement& bind_blob(int parameter, std::string_view value);
    Statement& bind_null(int parameter);

    // True: a row. False: no more rows, and the statement is reset. An error resets it, too.
    Result<bool> step();
    // Steps to the end.
    Status run();
    void reset();

    std::int64_t integer(int column) const;
    bool is_null(int column) const;
    std::string_view bytes(int column) const;

private:
    explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
    std::unique_ptr<sqlite3_stmt, FinalizeStatement> statement_;
};

}  // namespace streamgauge::sql
