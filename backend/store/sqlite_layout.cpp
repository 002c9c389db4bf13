// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/sqlite_layout.h"

#include <sqlite3.h>

#include <optional>
#include <string>

#include "metrics/definition_text.h"

namespace streamgauge::store_layout {
namespace {

constexpr std::int64_t kApplicationId = 0x53475354;  // "SGST"

// Groups are blobs because they hold U+0000. Windows stand before groups in the keys: new windows are appended at the
// end of a metric's range, and a stretch of time is one scan. The table `backfills` has a row for each metric that is
// not complete; `expiries` and `removals` are work that is left to be done in pieces.
constexpr const char* kSchema = R"sql(
CREATE TABLE partition (
  id INTEGER PRIMARY KEY CHECK (id = 0), epoch INTEGER NOT NULL, number INTEGER NOT NULL,
  next_offset INTEGER NOT NULL, aggregated INTEGER NOT NULL, too_late INTEGER NOT NULL, late INTEGER NOT NULL,
  future INTEGER NOT NULL, system INTEGER NOT NULL, log_clock INTEGER NOT NULL, watermark INTEGER
);
INSERT INTO partition VALUES (0, 0, 0, 1, 0, 0, 0, 0, 0, 0, NULL);
CREATE TABLE metrics (
  metric INTEGER PRIMARY KEY, late INTEGER NOT NULL, too_late INTEGER NOT NULL, not_numeric INTEGER NOT NULL
);
CREATE TABLE backfills (
  metric INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL, aggregated INTEGER NOT NULL, too_late INTEGER NOT NULL,
  late INTEGER NOT NULL, future INTEGER NOT NULL, system INTEGER NOT NULL, log_clock INTEGER NOT NULL,
  watermark INTEGER
);
CREATE TABLE cells (
  metric INTEGER NOT NULL, tier INTEGER NOT NULL, window INTEGER NOT NULL, grp BLOB NOT NULL,
  value INTEGER NOT NULL, count INTEGER NOT NULL, late INTEGER NOT NULL, text BLOB,
  PRIMARY KEY (metric, tier, window, grp)
) WITHOUT ROWID;
CREATE TABLE users (
  user_id BLOB PRIMARY KEY NOT NULL, last_activity INTEGER NOT NULL, sessions BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE expiries (
  metric INTEGER NOT NULL, tier INTEGER NOT NULL, aggregate INTEGER NOT NULL, before INTEGER NOT NULL,
  PRIMARY KEY (metric, tier)
) WITHOUT ROWID;
CREATE TABLE removals (metric INTEGER PRIMARY KEY);
)sql";

// Tables of rows that may be large have rowids: to find a row by a key that is stored beside its bytes, SQLite reads
// all bytes of each row that it compares.
constexpr const char* kSets = R"sql(
CREATE TABLE sets (
  metric INTEGER NOT NULL, tier INTEGER NOT NULL, window INTEGER NOT NULL, grp BLOB NOT NULL, seq INTEGER NOT NULL,
  late INTEGER NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY (metric, tier, window, grp, seq)
);
)sql";
// Window and group of a block's last cell, so that the first block whose key is not less than a cell's is the one that
// may have it; and the window of its first.
constexpr const char* kBlocks = R"sql(
CREATE TABLE cell_blocks (
  metric INTEGER NOT NULL, tier INTEGER NOT NULL, window INTEGER NOT NULL, grp BLOB NOT NULL, first INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (metric, tier, window, grp)
);
)sql";
// From layout 2.
constexpr const char* kSetsOfBefore = R"sql(
INSERT INTO sets SELECT * FROM sets_before ORDER BY metric, tier, window, grp, seq;
DROP TABLE sets_before;
)sql";

Result<std::int64_t> number(sqlite3* connection, std::string_view sql) {
    Result<sql::Statement> statement = sql::Statement::prepare(connection, sql);
    if (!statement) return statement.error();
    const Result<bool> row = statement->step();
    if (!row) return row.error();
    return row.value() ? statement->integer(0) : 0;
}

// What the results of the built-in metrics depend on: a program that defines them otherwise cannot go on with them.
std::string built_in_text() {
    std::string text;
    for (const MetricDefinition& definition : built_in_metrics())
        text += std::to_string(definition.id) + ": " + results_text(definition) + '\n';
    return text;
}

// Nothing in a file from before this was kept, whose definitions were today's.
Result<std::optional<std::string>> built_in_of(sqlite3* connection) {
    const Result<std::int64_t> there = number(connection, "SELECT count(*) FROM sqlite_schema WHERE name = 'built_in'");
    if (!there) return there.error();
    if (*there == 0) return std::optional<std::string>();
    Result<sql::Statement> statement = sql::Statement::prepare(connection, "SELECT definitions FROM built_in");
    if (!statement) return statement.error();
    const Result<bool> row = statement->step();
    if (!row) return row.error();
    return row.value() ? std::optional<std::string>(statement->bytes(0)) : std::nullopt;
}

Status note_built_in(sqlite3* connection) {
    if (Status s = sql::execute(connection,
                                "CREATE TABLE IF NOT EXISTS built_in "
                                "(id INTEGER PRIMARY KEY CHECK (id = 0), definitions TEXT NOT NULL)");
        !s)
        return s;
    Result<sql::Statement> put = sql::Statement::prepare(connection, "INSERT OR REPLACE INTO built_in VALUES (0, ?1)");
    if (!put) return put.error();
    const std::string text = built_in_text();
    return put->bind_text(1, text).run();
}

struct Marks {
    std::int64_t application = 0, version = 0, tables = 0;
};

Result<Marks> marks_of(sqlite3* connection) {
    const Result<std::int64_t> application = number(connection, "PRAGMA application_id");
    const Result<std::int64_t> version = number(connection, "PRAGMA user_version");
    const Result<std::int64_t> tables = number(connection, "SELECT count(*) FROM sqlite_schema");
    for (const auto* result : {&application, &version, &tables})
        if (!result->ok()) return result->error();
    return Marks{*application, *version, *tables};
}

Error foreign(const std::string& path) {
    return Error::make(ErrorCode::Corrupt, path + " is a database, and not a store of this program");
}

Error other_version(const std::string& path, std::int64_t version) {
    Error error = Error::make(ErrorCode::Corrupt, path + " has layout " + std::to_string(version) +
                                                      "; this program knows " + std::to_string(kVersion));
    error.hint = "use the version that made it";
    return error;
}

Status upgrade(sqlite3* connection) {
    const std::string sql = "BEGIN IMMEDIATE; ALTER TABLE sets RENAME TO sets_before;" + std::string(kSets) +
                            kSetsOfBefore + kBlocks + "PRAGMA user_version=" + std::to_string(kVersion) + ";COMMIT";
    Status s = sql::execute(connection, sql.c_str());
    if (!s.ok() && sqlite3_get_autocommit(connection) == 0) (void)sql::execute(connection, "ROLLBACK");
    return s;
}

}  // namespace

Result<Found> check_or_create(sqlite3* connection, const std::string& path) {
    if (Status s = sql::execute(connection, "PRAGMA journal_mode=WAL"); !s) return s.error();
    const Result<Marks> marks = marks_of(connection);
    if (!marks) return marks.error();
    if (marks->tables == 0) {
        const std::string sql = "BEGIN IMMEDIATE;" + std::string(kSchema) + kSets + kBlocks +
                                "PRAGMA application_id=" + std::to_string(kApplicationId) +
                                ";PRAGMA user_version=" + std::to_string(kVersion) + ";COMMIT";
        if (Status s = sql::execute(connection, sql.c_str()); !s) return s.error();
        if (Status s = note_built_in(connection); !s) return s.error();
        return Found::Usable;
    }
    if (marks->application != kApplicationId) return foreign(path);
    if (marks->version > kVersion) return other_version(path, marks->version);
    if (marks->version == kVersion - 1) {
        if (Status s = upgrade(connection); !s) return s.error();
    } else if (marks->version < kVersion) {
        return Found::OlderVersion;
    }
    const Result<std::optional<std::string>> made_for = built_in_of(connection);
    if (!made_for) return made_for.error();
    if (*made_for) return **made_for == built_in_text() ? Found::Usable : Found::OlderVersion;
    if (Status s = note_built_in(connection); !s) return s.error();
    return Found::Usable;
}

Status check(sqlite3* connection, const std::string& path) {
    const Result<Marks> marks = marks_of(connection);
    if (!marks) return marks.error();
    if (marks->tables == 0) return Error::make(ErrorCode::NotFound, path + " is empty");
    if (marks->application != kApplicationId) return foreign(path);
    if (marks->version != kVersion) return other_version(path, marks->version);
    const Result<std::optional<std::string>> made_for = built_in_of(connection);
    if (!made_for) return made_for.error();
    if (!*made_for || **made_for == built_in_text()) return {};
    Error error = Error::make(ErrorCode::Corrupt, path + " was made by a version whose built-in metrics are others");
    error.hint = "use the version that made it";
    return error;
}

void bind_state(sql::Statement& statement, int first_parameter, const PartitionState& state) {
    int parameter = first_parameter;
    for (const std::uint64_t value :
         {state.next, state.aggregated, state.too_late, state.late, state.future, state.system})
        statement.bind(parameter++, static_cast<std::int64_t>(value));
    statement.bind(parameter++, state.log_clock.micros);
    if (state.watermark)
        statement.bind(parameter, state.watermark->micros);
    else
        statement.bind_null(parameter);
}

PartitionState read_state(const sql::Statement& row, int first_column) {
    PartitionState state;
    int column = first_column;
    for (std::uint64_t* value :
         {&state.next, &state.aggregated, &state.too_late, &state.late, &state.future, &state.system})
        *value = static_cast<std::uint64_t>(row.integer(column++));
    state.log_clock = {row.integer(column++)};
    if (!row.is_null(column)) state.watermark = Timestamp{row.integer(column)};
    return state;
}

Status prepare(sqlite3* connection, std::initializer_list<std::pair<sql::Statement*, std::string_view>> statements) {
    for (const auto& [into, text] : statements) {
        Result<sql::Statement> statement = sql::Statement::prepare(connection, text);
        if (!statement) return statement.error();
        *into = std::move(statement).value();
    }
    return {};
}

}  // namespace streamgauge::store_layout
