// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/sqlite_store.h"

#include <sqlite3.h>

#include "base/sqlite.h"
#include "store/session_codec.h"

namespace streamgauge {
namespace {

using sql::Connection;
using sql::Statement;

constexpr std::int64_t kApplicationId = 0x53475354;  // "SGST"
constexpr std::int64_t kSchemaVersion = 1;

// grp is a blob because groups hold U+0000. Metrics without windows (start = the least integer) stay out of the index
// that finds windows by time: they are the large ones, and nobody looks for them that way.
constexpr const char* kSchema = R"sql(
CREATE TABLE partition (
  id INTEGER PRIMARY KEY CHECK (id = 0),
  next_offset INTEGER NOT NULL, epoch INTEGER NOT NULL,
  aggregated INTEGER NOT NULL, too_late INTEGER NOT NULL,
  log_clock INTEGER NOT NULL, watermark INTEGER
);
INSERT INTO partition VALUES (0, 1, 0, 0, 0, 0, NULL);
CREATE TABLE rollups (
  metric INTEGER NOT NULL, grp BLOB NOT NULL, window INTEGER NOT NULL, value INTEGER NOT NULL,
  PRIMARY KEY (metric, grp, window)
) WITHOUT ROWID;
CREATE INDEX rollups_by_window ON rollups (metric, window) WHERE window > -9223372036854775808;
CREATE TABLE users (
  user_id TEXT PRIMARY KEY NOT NULL, last_activity INTEGER NOT NULL, sessions BLOB NOT NULL
) WITHOUT ROWID;
)sql";

// Integer overflow would turn SQLite's sum into a float: held at the ends, as saturating_add does.
constexpr std::string_view kAddRollup = R"sql(
INSERT INTO rollups (metric, grp, window, value) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT DO UPDATE SET value = CASE
  WHEN ?4 > 0 AND value > 9223372036854775807 - ?4 THEN 9223372036854775807
  WHEN ?4 < 0 AND value < -9223372036854775808 - ?4 THEN -9223372036854775808
  ELSE value + ?4 END
)sql";

class SqliteStore final : public Store {
public:
    static Result<std::unique_ptr<Store>> open(const std::string& path) {
        auto store = std::make_unique<SqliteStore>();
        if (const Status status = store->prepare(path); !status) return status.error();
        return std::unique_ptr<Store>(std::move(store));
    }

    Result<Acquired> acquire() override {
        if (Status s = sql::execute(writer_.get(), "UPDATE partition SET epoch = epoch + 1 WHERE id = 0"); !s)
            return s.error();
        return read_state();
    }

    Status commit(const StoreCommit& commit) override {
        if (Status s = sql::execute(writer_.get(), "BEGIN IMMEDIATE"); !s) {
            Error error = s.error();
            // Somebody looks into the file with a tool: that passes, and is no other owner.
            if (error.code == ErrorCode::Conflict) error.code = ErrorCode::Unavailable;
            return error;
        }
        Status status = write(commit);
        if (status.ok()) status = sql::execute(writer_.get(), "COMMIT");
        // A failed statement may have rolled back by itself; then there is nothing to do.
        if (!status.ok() && sqlite3_get_autocommit(writer_.get()) == 0) (void)sql::execute(writer_.get(), "ROLLBACK");
        return status;
    }

    Result<StoredValue> rollup(MetricId metric, std::int64_t window, std::string_view group) override {
        find_rollup_.bind(1, metric).bind_blob(2, group).bind(3, window);
        const Result<bool> row = find_rollup_.step();
        if (!row) return row.error();
        if (!row.value()) return Error::make(ErrorCode::Corrupt, "the store has no partition row");
        StoredValue found;
        found.next = static_cast<Offset>(find_rollup_.integer(0));
        if (!find_rollup_.is_null(1)) found.value = find_rollup_.integer(1);
        find_rollup_.reset();
        return found;
    }

    Status for_each_rollup(MetricId metric, std::int64_t from_window, const RollupVisitor& visit) override {
        list_rollups_.bind(1, metric).bind(2, from_window);
        for (;;) {
            const Result<bool> row = list_rollups_.step();
            if (!row) return row.error();
            if (!row.value()) return {};
            visit(list_rollups_.integer(1), list_rollups_.bytes(0), list_rollups_.integer(2));
        }
    }

    Status for_each_user(const std::function<void(UserActivity&&)>& visit) override {
        for (;;) {
            const Result<bool> row = list_users_.step();
            if (!row) return row.error();
            if (!row.value()) return {};
            auto sessions = decode_sessions(list_users_.bytes(2));
            if (!sessions) {
                const std::string user(list_users_.bytes(0));
                list_users_.reset();
                return Error::make(ErrorCode::Corrupt, "the sessions of user " + user + " cannot be read");
            }
            visit({std::string(list_users_.bytes(0)), {list_users_.integer(1)}, std::move(*sessions)});
        }
    }

private:
    // On the write connection: within its transaction, if there is one.
    Result<Acquired> read_state() {
        const Result<bool> row = read_partition_.step();
        if (!row) return row.error();
        if (!row.value()) return Error::make(ErrorCode::Corrupt, "the store has no partition row");
        Acquired acquired;
        acquired.epoch = static_cast<std::uint64_t>(read_partition_.integer(0));
        acquired.state.next = static_cast<Offset>(read_partition_.integer(1));
        acquired.state.aggregated = static_cast<std::uint64_t>(read_partition_.integer(2));
        acquired.state.too_late = static_cast<std::uint64_t>(read_partition_.integer(3));
        acquired.state.log_clock = {read_partition_.integer(4)};
        if (!read_partition_.is_null(5)) acquired.state.watermark = Timestamp{read_partition_.integer(5)};
        read_partition_.reset();
        return acquired;
    }

    Status prepare(const std::string& path) {
        Result<Connection> writer = sql::open(path, true);
        if (!writer) return writer.error();
        writer_ = std::move(writer).value();
        if (Status s = sql::execute(writer_.get(), "PRAGMA busy_timeout=500"); !s) return s;
        if (Status s = check_or_create(path); !s) return s;
        if (Status s = sql::execute(writer_.get(),
                                    "PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32768;"
                                    "PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864;");
            !s)
            return s;
        Result<Connection> reader = sql::open(path, false);
        if (!reader) return reader.error();
        reader_ = std::move(reader).value();
        if (Status s = sql::execute(reader_.get(), "PRAGMA query_only=ON; PRAGMA busy_timeout=500"); !s) return s;

        sqlite3* const w = writer_.get();
        sqlite3* const r = reader_.get();
        const auto make = [](sqlite3* connection, std::string_view sql, Statement& into) -> Status {
            Result<Statement> statement = Statement::prepare(connection, sql);
            if (!statement) return statement.error();
            into = std::move(statement).value();
            return {};
        };
        Status s = make(w, "SELECT epoch, next_offset, aggregated, too_late, log_clock, watermark FROM partition",
                        read_partition_);
        if (s.ok())
            s = make(w,
                     "UPDATE partition SET next_offset = ?1, aggregated = ?2, too_late = ?3, log_clock = ?4, "
                     "watermark = ?5 WHERE id = 0 AND next_offset = ?6 AND epoch = ?7",
                     advance_);
        if (s.ok()) s = make(w, kAddRollup, add_rollup_);
        if (s.ok())
            s = make(w, "INSERT OR REPLACE INTO users (user_id, last_activity, sessions) VALUES (?1, ?2, ?3)",
                     put_user_);
        if (s.ok()) s = make(w, "DELETE FROM users WHERE user_id = ?1", drop_user_);
        if (s.ok())
            s = make(w,
                     "DELETE FROM rollups INDEXED BY rollups_by_window WHERE metric = ?1 AND window < ?2 AND "
                     "window > -9223372036854775808",
                     drop_windows_);
        if (s.ok())
            s = make(r,
                     "SELECT next_offset, (SELECT value FROM rollups WHERE metric = ?1 AND grp = ?2 AND window = ?3) "
                     "FROM partition WHERE id = 0",
                     find_rollup_);
        if (s.ok())
            s = make(r,
                     "SELECT grp, window, value FROM rollups WHERE metric = ?1 AND window >= ?2 ORDER BY grp, window",
                     list_rollups_);
        if (s.ok()) s = make(r, "SELECT user_id, last_activity, sessions FROM users ORDER BY user_id", list_users_);
        return s;
    }

    Status check_or_create(const std::string& path) {
        if (Status s = sql::execute(writer_.get(), "PRAGMA journal_mode=WAL"); !s) return s;
        const Result<std::int64_t> application = pragma("PRAGMA application_id");
        if (!application) return application.error();
        const Result<std::int64_t> version = pragma("PRAGMA user_version");
        if (!version) return version.error();
        const Result<std::int64_t> tables = pragma("SELECT count(*) FROM sqlite_schema");
        if (!tables) return tables.error();
        if (tables.value() == 0) {
            const std::string sql = "BEGIN IMMEDIATE;" + std::string(kSchema) +
                                    "PRAGMA application_id=" + std::to_string(kApplicationId) +
                                    ";PRAGMA user_version=" + std::to_string(kSchemaVersion) + ";COMMIT";
            return sql::execute(writer_.get(), sql.c_str());
        }
        if (application.value() != kApplicationId)
            return Error::make(ErrorCode::Corrupt, path + " is a database, and not a store of this program");
        if (version.value() != kSchemaVersion) {
            Error error = Error::make(ErrorCode::Corrupt, path + " has layout " + std::to_string(version.value()) +
                                                              "; this program knows " + std::to_string(kSchemaVersion));
            error.hint = "start the version that made it, or remove the file: it is rebuilt from the journal";
            return error;
        }
        return {};
    }

    Result<std::int64_t> pragma(std::string_view sql) {
        Result<Statement> statement = Statement::prepare(writer_.get(), sql);
        if (!statement) return statement.error();
        const Result<bool> row = statement->step();
        if (!row) return row.error();
        return row.value() ? statement->integer(0) : 0;
    }

    Status write(const StoreCommit& commit) {
        const PartitionState& state = commit.state;
        advance_.bind(1, static_cast<std::int64_t>(state.next))
            .bind(2, static_cast<std::int64_t>(state.aggregated))
            .bind(3, static_cast<std::int64_t>(state.too_late))
            .bind(4, state.log_clock.micros);
        if (state.watermark)
            advance_.bind(5, state.watermark->micros);
        else
            advance_.bind_null(5);
        advance_.bind(6, static_cast<std::int64_t>(commit.expected_next))
            .bind(7, static_cast<std::int64_t>(commit.epoch));
        if (Status s = advance_.run(); !s) return s;
        if (sqlite3_changes(writer_.get()) != 1) {
            const Result<Acquired> here = read_state();
            if (!here) return here.error();
            if (here->epoch == commit.epoch && here->state == state) return {};  // it is done already
            return Error::make(ErrorCode::Conflict, "another owner has taken over the partition");
        }

        for (const DeltaTable& table : commit.rollups) {
            add_rollup_.bind(1, table.metric());
            for (const std::uint32_t index : table.sorted()) {
                const DeltaTable::Row row = table[index];
                add_rollup_.bind_blob(2, row.group).bind(3, row.window).bind(4, row.delta);
                if (Status s = add_rollup_.run(); !s) return s;
            }
        }
        for (const WindowExpiry& expiry : commit.expired_windows)
            if (Status s = drop_windows_.bind(1, expiry.metric).bind(2, expiry.before).run(); !s) return s;
        for (const std::string& user : commit.expired_users)
            if (Status s = drop_user_.bind_text(1, user).run(); !s) return s;
        for (const UserActivity& user : commit.users) {
            encode_sessions(user.sessions, blob_);
            put_user_.bind_text(1, user.user_id).bind(2, user.last.micros).bind_blob(3, blob_);
            if (Status s = put_user_.run(); !s) return s;
        }
        return {};
    }

    // Connections before statements: they are destroyed after them.
    Connection writer_, reader_;
    Statement read_partition_, advance_, add_rollup_, put_user_, drop_user_, drop_windows_;
    Statement find_rollup_, list_rollups_, list_users_;
    std::string blob_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path) {
    return SqliteStore::open(path);
}

}  // namespace streamgauge
