// SPDX-License-Identifier: GPL-3.0-or-later
// Load runs in an SQLite file, over one connection. Several processes may use the file.
#include <cstdlib>

#include "api/load_run_stores.h"
#include "base/sqlite.h"

namespace streamgauge::api {
namespace {

constexpr std::int64_t kLayout = 1;

class SqliteLoadRuns final : public LoadRunStore {
public:
    SqliteLoadRuns(sql::Connection connection, LoadRunLimits limits)
        : connection_(std::move(connection)), limits_(limits) {}
    Status prepare();
    Status check() override { return {}; }
    Result<std::vector<StoredLoadRun>> list(std::optional<Timestamp> before, std::size_t limit) override;

protected:
    Status keep(const StoredLoadRun& run, std::string packed, Timestamp now) override;
    Result<std::optional<StoredLoadRun>> look_up(const std::string& id) override;
    Result<std::optional<std::string>> packed_report(const std::string& id) override;
    Result<bool> erase(const std::string& id) override;

private:
    static Result<std::vector<StoredLoadRun>> read(sql::Statement& rows);

    const sql::Connection connection_;
    const LoadRunLimits limits_;
};

Status SqliteLoadRuns::prepare() {
    auto asked = sql::Statement::prepare(connection_.get(), "PRAGMA user_version");
    if (!asked) return asked.error();
    const Result<bool> row = asked->step();
    if (!row) return row.error();
    if (asked->integer(0) > kLayout)
        return Error::make(ErrorCode::Corrupt, "the file of load runs is of a newer version");
    asked->reset();
    return sql::execute(
        connection_.get(),
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA auto_vacuum=INCREMENTAL;"
        "CREATE TABLE IF NOT EXISTS runs(id TEXT PRIMARY KEY, name TEXT NOT NULL, url TEXT NOT NULL,"
        " started_at INTEGER NOT NULL, state TEXT NOT NULL, verdict TEXT NOT NULL,"
        " passed INTEGER NOT NULL, by TEXT NOT NULL, micros INTEGER NOT NULL, seed TEXT NOT NULL,"
        " planned INTEGER NOT NULL, good INTEGER NOT NULL, bad INTEGER NOT NULL, p50_micros INTEGER NOT NULL,"
        " p95_micros INTEGER NOT NULL, p99_micros INTEGER NOT NULL, report BLOB NOT NULL);"
        "CREATE INDEX IF NOT EXISTS runs_by_time ON runs(started_at);"
        "PRAGMA user_version=1");
}

Status SqliteLoadRuns::keep(const StoredLoadRun& run, std::string packed, Timestamp now) {
    auto insert = sql::Statement::prepare(connection_.get(),
                                          "INSERT OR REPLACE INTO runs(" + std::string(kLoadRunColumns) +
                                              ", report) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (!insert) return insert.error();
    const std::string seed = std::to_string(run.seed);
    insert->bind_text(1, run.id).bind_text(2, run.name).bind_text(3, run.url).bind(4, run.started_at.micros);
    insert->bind_text(5, run.state).bind_text(6, run.verdict).bind(7, run.passed ? 1 : 0).bind_text(8, run.by);
    insert->bind(9, whole_micros(run.seconds, 1e6))
        .bind_text(10, seed)
        .bind(11, static_cast<std::int64_t>(run.planned));
    insert->bind(12, static_cast<std::int64_t>(run.good)).bind(13, static_cast<std::int64_t>(run.bad));
    insert->bind(14, whole_micros(run.p50_ms, 1e3))
        .bind(15, whole_micros(run.p95_ms, 1e3))
        .bind(16, whole_micros(run.p99_ms, 1e3));
    insert->bind_blob(17, packed);
    if (Status inserted = insert->run(); !inserted) return inserted;
    auto trim = sql::Statement::prepare(connection_.get(),
                                        "DELETE FROM runs WHERE started_at < ?1 OR id NOT IN"
                                        " (SELECT id FROM runs ORDER BY started_at DESC, id DESC LIMIT ?2)");
    if (!trim) return trim.error();
    trim->bind(1, now.micros - limits_.most_age_seconds * 1'000'000)
        .bind(2, static_cast<std::int64_t>(limits_.most_runs));
    if (Status trimmed = trim->run(); !trimmed) return trimmed;
    return sql::execute(connection_.get(), "PRAGMA incremental_vacuum");
}

Result<std::vector<StoredLoadRun>> SqliteLoadRuns::read(sql::Statement& rows) {
    std::vector<StoredLoadRun> runs;
    for (;;) {
        const Result<bool> more = rows.step();
        if (!more) return more.error();
        if (!*more) return runs;
        const auto text = [&rows](int column) { return std::string(rows.bytes(column)); };
        StoredLoadRun run;
        run.id = text(0);
        run.name = text(1);
        run.url = text(2);
        run.started_at = {rows.integer(3)};
        run.state = text(4);
        run.verdict = text(5);
        run.passed = rows.integer(6) != 0;
        run.by = text(7);
        run.seconds = static_cast<double>(rows.integer(8)) / 1e6;
        run.seed = std::strtoull(text(9).c_str(), nullptr, 10);
        run.planned = static_cast<std::uint64_t>(rows.integer(10));
        run.good = static_cast<std::uint64_t>(rows.integer(11));
        run.bad = static_cast<std::uint64_t>(rows.integer(12));
        run.p50_ms = static_cast<double>(rows.integer(13)) / 1e3;
        run.p95_ms = static_cast<double>(rows.integer(14)) / 1e3;
        run.p99_ms = static_cast<double>(rows.integer(15)) / 1e3;
        runs.push_back(std::move(run));
    }
}

Result<std::vector<StoredLoadRun>> SqliteLoadRuns::list(std::optional<Timestamp> before, std::size_t limit) {
    auto rows = sql::Statement::prepare(connection_.get(), "SELECT " + std::string(kLoadRunColumns) +
                                                               " FROM runs WHERE started_at < ?"
                                                               " ORDER BY started_at DESC, id DESC LIMIT ?");
    if (!rows) return rows.error();
    rows->bind(1, before ? before->micros : INT64_MAX).bind(2, static_cast<std::int64_t>(limit));
    return read(*rows);
}

Result<std::optional<StoredLoadRun>> SqliteLoadRuns::look_up(const std::string& id) {
    auto rows = sql::Statement::prepare(connection_.get(),
                                        "SELECT " + std::string(kLoadRunColumns) + " FROM runs WHERE id = ?");
    if (!rows) return rows.error();
    rows->bind_text(1, id);
    Result<std::vector<StoredLoadRun>> found = read(*rows);
    if (!found) return found.error();
    if (found->empty()) return std::optional<StoredLoadRun>();
    return std::optional<StoredLoadRun>(std::move(found->front()));
}

Result<std::optional<std::string>> SqliteLoadRuns::packed_report(const std::string& id) {
    auto rows = sql::Statement::prepare(connection_.get(), "SELECT report FROM runs WHERE id = ?");
    if (!rows) return rows.error();
    rows->bind_text(1, id);
    const Result<bool> found = rows->step();
    if (!found) return found.error();
    if (!*found) return std::optional<std::string>();
    return std::optional<std::string>(rows->bytes(0));
}

Result<bool> SqliteLoadRuns::erase(const std::string& id) {
    auto statement = sql::Statement::prepare(connection_.get(), "DELETE FROM runs WHERE id = ? RETURNING id");
    if (!statement) return statement.error();
    statement->bind_text(1, id);
    const Result<bool> found = statement->step();
    if (!found) return found.error();
    if (!*found) return false;
    if (Status removed = statement->run(); !removed) return removed.error();
    if (Status given = sql::execute(connection_.get(), "PRAGMA incremental_vacuum"); !given) return given.error();
    return true;
}

}  // namespace

Result<std::unique_ptr<LoadRunStore>> open_sqlite_load_runs(const std::string& path, LoadRunLimits limits) {
    Result<sql::Connection> connection = sql::open(path, true);
    if (!connection) return connection.error();
    auto store = std::make_unique<SqliteLoadRuns>(std::move(connection).value(), limits);
    if (Status prepared = store->prepare(); !prepared) return prepared.error();
    return std::unique_ptr<LoadRunStore>(std::move(store));
}

}  // namespace streamgauge::api
