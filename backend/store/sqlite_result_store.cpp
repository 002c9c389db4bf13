// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/sqlite_result_store.h"

#include <sqlite3.h>

#include <filesystem>
#include <mutex>

#include "base/log.h"
#include "base/sqlite.h"
#include "store/session_codec.h"
#include "store/sqlite_layout.h"
#include "store/sqlite_snapshot.h"
#include "store/sqlite_writer.h"

namespace streamgauge {
namespace {

using sql::Connection;
using sql::Statement;
using store_layout::bind_state;
using store_layout::read_state;

// Somebody looks into the file with a tool: that passes, and is no other owner.
Error not_an_owner(Error error) {
    if (error.code == ErrorCode::Conflict) error.code = ErrorCode::Unavailable;
    return error;
}

Error other_owner() {
    return Error::make(ErrorCode::Conflict, "another owner has taken over the partition");
}

class SqliteResultStore final : public ResultStore {
public:
    static Result<std::unique_ptr<ResultStore>> open(const std::string& path, OlderStore older) {
        auto store = std::make_unique<SqliteResultStore>();
        if (const Status status = store->prepare(path, older); !status) return status.error();
        return std::unique_ptr<ResultStore>(std::move(store));
    }

    Result<Ownership> acquire() override {
        const std::lock_guard lock(mutex_);
        if (Status s = sql::execute(connection_.get(), "UPDATE partition SET epoch = epoch + 1, number = 0"); !s)
            return not_an_owner(s.error());
        const Result<Partition> partition = read_partition();
        if (!partition) return partition.error();
        return Ownership{partition->epoch, partition->state};
    }

    Status commit(const ResultCommit& commit) override {
        return transaction([&]() -> Status {
            advance_.bind(9, static_cast<std::int64_t>(commit.epoch))
                .bind(10, static_cast<std::int64_t>(commit.number))
                .bind(11, static_cast<std::int64_t>(commit.expected_next));
            bind_state(advance_, 1, commit.state);
            if (Status s = advance_.run(); !s) return s;
            if (sqlite3_changes(connection_.get()) != 1) {
                const Result<Partition> here = read_partition();
                if (!here) return here.error();
                if (here->epoch == commit.epoch && here->number == commit.number && here->state == commit.state)
                    return {};  // it is done already
                return other_owner();
            }
            for (const MetricId metric : commit.dropped)
                if (Status s = writer_.remove(metric); !s) return s;
            for (const Adoption& adoption : commit.adopted) {
                if (Status s = adopt_.bind(1, adoption.metric)
                                   .bind(2, static_cast<std::int64_t>(adoption.backfilled_to))
                                   .run();
                    !s)
                    return s;
                if (sqlite3_changes(connection_.get()) != 1)
                    return Error::make(ErrorCode::Conflict, "metric " + std::to_string(adoption.metric) +
                                                                " is not where it is to be adopted");
            }
            if (Status s = writer_.write(commit.changes); !s) return s;
            return write_users(commit);
        });
    }

    Result<StoredMetric> begin_backfill(std::uint64_t epoch, MetricId metric, const PartitionState& from) override {
        // What was dropped under the same id goes first.
        for (;;) {
            bool more = false;
            Status s = transaction([&]() -> Status { return writer_.tidy_removal(metric, more); });
            if (!s) return s.error();
            if (!more) break;
        }
        StoredMetric known;
        Status s = transaction([&]() -> Status {
            if (Status owner = check_owner(epoch); !owner) return owner;
            known_.bind(1, metric);
            Result<bool> there = known_.step();
            if (there.ok() && !there.value()) {
                if (Status made = writer_.note_metric(metric); !made) return made;
                begin_.bind(1, metric);
                bind_state(begin_, 2, from);
                if (Status begun = begin_.run(); !begun) return begun;
                there = known_.step();
            }
            if (!there) return there.error();
            known.id = metric;
            known.counters = {static_cast<std::uint64_t>(known_.integer(0)),
                              static_cast<std::uint64_t>(known_.integer(1)),
                              static_cast<std::uint64_t>(known_.integer(2))};
            if (!known_.is_null(3)) known.backfill = read_state(known_, 3);
            known_.reset();
            return {};
        });
        if (!s) return s.error();
        return known;
    }

    Status commit_backfill(std::uint64_t epoch, const BackfillCommit& commit) override {
        return transaction([&]() -> Status {
            if (Status owner = check_owner(epoch); !owner) return owner;
            bind_state(proceed_, 1, commit.state);
            proceed_.bind(9, commit.metric).bind(10, static_cast<std::int64_t>(commit.expected_next));
            if (Status s = proceed_.run(); !s) return s;
            if (sqlite3_changes(connection_.get()) == 1) return writer_.write(commit.changes);
            const Result<bool> there = progress_.bind(1, commit.metric).step();
            if (!there) return there.error();
            if (!there.value())
                return Error::make(ErrorCode::NotFound,
                                   "metric " + std::to_string(commit.metric) + " is not being backfilled");
            const PartitionState here = read_state(progress_, 0);
            progress_.reset();
            if (here == commit.state) return {};  // it is done already
            return Error::make(ErrorCode::Conflict,
                               "the backfill of metric " + std::to_string(commit.metric) + " is somewhere else");
        });
    }

    Status drop(std::uint64_t epoch, MetricId metric) override {
        return transaction([&]() -> Status {
            if (Status owner = check_owner(epoch); !owner) return owner;
            return writer_.remove(metric);
        });
    }

    Result<bool> tidy() override {
        bool more = false;
        if (!writer_.untidy()) return more;
        Status s = transaction([&] { return writer_.tidy(more); });
        if (!s) return s.error();
        return more;
    }

    Result<std::unique_ptr<StoreSnapshot>> snapshot() override { return snapshots_->open(); }

private:
    struct Partition {
        std::uint64_t epoch = 0, number = 0;
        PartitionState state;
    };

    Status transaction(const std::function<Status()>& work) {
        const std::lock_guard lock(mutex_);
        sqlite3* const db = connection_.get();
        if (Status s = sql::execute(db, "BEGIN IMMEDIATE"); !s) return not_an_owner(s.error());
        Status status = work();
        if (status.ok()) {
            status = sql::execute(db, "COMMIT");
            if (!status.ok()) status = not_an_owner(status.error());
        }
        // A failed statement may have rolled back by itself; then there is nothing to do.
        if (!status.ok() && sqlite3_get_autocommit(db) == 0) (void)sql::execute(db, "ROLLBACK");
        writer_.ended(status.ok());
        return status;
    }

    Result<Partition> read_partition() {
        const Result<bool> row = read_partition_.step();
        if (!row) return row.error();
        if (!row.value()) return Error::make(ErrorCode::Corrupt, "the store has no partition row");
        const Partition partition{static_cast<std::uint64_t>(read_partition_.integer(0)),
                                  static_cast<std::uint64_t>(read_partition_.integer(1)),
                                  read_state(read_partition_, 2)};
        read_partition_.reset();
        return partition;
    }

    Status check_owner(std::uint64_t epoch) {
        const Result<Partition> here = read_partition();
        if (!here) return here.error();
        return here->epoch == epoch ? Status() : Status(other_owner());
    }

    Status write_users(const ResultCommit& commit) {
        for (const std::string& user : commit.expired_users)
            if (Status s = drop_user_.bind_blob(1, user).run(); !s) return s;
        for (const UserActivity& user : commit.users) {
            encode_sessions(user.sessions, blob_);
            put_user_.bind_blob(1, user.user_id).bind(2, user.last.micros).bind_blob(3, blob_);
            if (Status s = put_user_.run(); !s) return s;
        }
        return {};
    }

    Status open_file(const std::string& path, store_layout::Found& found) {
        Result<Connection> connection = sql::open(path, true);
        if (!connection) return connection.error();
        connection_ = std::move(connection).value();
        if (Status s = sql::execute(connection_.get(), "PRAGMA busy_timeout=500"); !s) return s;
        const Result<store_layout::Found> layout = store_layout::check_or_create(connection_.get(), path);
        if (!layout) return layout.error();
        found = layout.value();
        return {};
    }

    Status prepare(const std::string& path, OlderStore older) {
        store_layout::Found found{};
        if (Status s = open_file(path, found); !s) return s;
        if (found == store_layout::Found::OlderVersion) {
            if (older == OlderStore::Refuse) {
                Error error = Error::make(ErrorCode::Corrupt, path +
                                                                  " has an older layout, and cannot be rebuilt: "
                                                                  "the journal no longer has its first events");
                error.hint =
                    "use the version that made it; or remove the file, and metrics begin with the events "
                    "that are left";
                return error;
            }
            connection_.reset();
            log::warning("store_rebuilt", "the store has an older layout: it is rebuilt from the journal",
                         {{"path", path}});
            for (const char* suffix : {"", "-wal", "-shm"}) {
                std::error_code failed;
                std::filesystem::remove(path + suffix, failed);
                if (failed)
                    return Error::make(ErrorCode::Io, "cannot remove " + path + suffix + ": " + failed.message());
            }
            if (Status s = open_file(path, found); !s) return s;
        }
        if (Status s = sql::execute(connection_.get(),
                                    "PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536;"
                                    "PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864;");
            !s)
            return s;
        const std::string state(store_layout::kStateColumns);
        if (Status s = store_layout::prepare(
                connection_.get(),
                {{&read_partition_, "SELECT epoch, number, " + state + " FROM partition WHERE id = 0"},
                 {&advance_, "UPDATE partition SET (" + state +
                                 ") = (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8), number = ?10 "
                                 "WHERE id = 0 AND epoch = ?9 AND number = ?10 - 1 AND next_offset = ?11"},
                 {&adopt_, "DELETE FROM backfills WHERE metric = ?1 AND next_offset = ?2"},
                 {&known_,
                  "SELECT m.late, m.too_late, not_numeric, next_offset, b.aggregated, b.too_late, b.late, "
                  "future, system, log_clock, watermark FROM metrics m LEFT JOIN backfills b USING (metric) "
                  "WHERE metric = ?1"},
                 {&begin_, "INSERT INTO backfills (metric, " + state + ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"},
                 {&proceed_, "UPDATE backfills SET (" + state +
                                 ") = (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) WHERE metric = ?9 AND next_offset = ?10"},
                 {&progress_, "SELECT " + state + " FROM backfills WHERE metric = ?1"},
                 {&put_user_, "INSERT OR REPLACE INTO users (user_id, last_activity, sessions) VALUES (?1, ?2, ?3)"},
                 {&drop_user_, "DELETE FROM users WHERE user_id = ?1"}});
            !s)
            return s;
        if (Status s = writer_.prepare(connection_.get()); !s) return s;
        snapshots_ = std::make_shared<SqliteSnapshotPool>(path);
        return {};
    }

    std::mutex mutex_;  // of the connection and all that is prepared on it
    // The connection before its statements: they are destroyed before it.
    Connection connection_;
    Statement read_partition_, advance_, adopt_, known_, begin_, proceed_, progress_, put_user_, drop_user_;
    SqliteResultWriter writer_;
    std::string blob_;
    std::shared_ptr<SqliteSnapshotPool> snapshots_;
};

}  // namespace

Result<std::unique_ptr<ResultStore>> open_sqlite_result_store(const std::string& path, OlderStore older) {
    return SqliteResultStore::open(path, older);
}

Result<std::unique_ptr<StoreSnapshot>> open_result_store_readonly(const std::string& path) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored))
        return Error::make(ErrorCode::NotFound, "there is no store at " + path);
    Result<Connection> connection = sql::open(path, false);
    if (!connection) return connection.error();
    sqlite3_db_config(connection->get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    if (Status s = sql::execute(connection->get(), "PRAGMA busy_timeout=2000; PRAGMA query_only=ON"); !s)
        return s.error();
    if (Status s = store_layout::check(connection->get(), path); !s) return s.error();
    return std::make_shared<SqliteSnapshotPool>(path)->open();
}

}  // namespace streamgauge
