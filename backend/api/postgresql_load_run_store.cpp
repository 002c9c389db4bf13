// SPDX-License-Identifier: GPL-3.0-or-later
// Load runs in PostgreSQL, over one connection that is made when it is needed and made anew when it broke. Several
// servers may use the same database. Each call is one transaction with a limit to its time on both sides.
#include <sys/socket.h>

#include <functional>
#include <pqxx/pqxx>

#include "api/database_url.h"
#include "api/load_run_stores.h"
#include "api/socket_deadline.h"
#include "base/log.h"

namespace streamgauge::api {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kLayout = 1;
// Of the advisory lock under which tables are made and runs are added: "loadruns".
constexpr std::string_view kLock = "SELECT pg_advisory_xact_lock(7813586407119875699)";
constexpr std::chrono::seconds kSlow{1};   // a failure that took so long
constexpr std::chrono::seconds kPause{5};  // is the answer to all calls for so long

// A report is compressed already. Seeds go up to 2^64 - 1, which bigint does not.
constexpr std::string_view kTables =
    "CREATE TABLE streamgauge.load_runs(id text PRIMARY KEY, name text NOT NULL, url text NOT NULL,"
    " started_at bigint NOT NULL, state text NOT NULL, verdict text NOT NULL, passed boolean NOT NULL,"
    " by text NOT NULL, micros bigint NOT NULL, seed numeric(20) NOT NULL, planned bigint NOT NULL,"
    " good bigint NOT NULL, bad bigint NOT NULL, p50_micros bigint NOT NULL, p95_micros bigint NOT NULL,"
    " p99_micros bigint NOT NULL, report bytea NOT NULL);"
    "ALTER TABLE streamgauge.load_runs ALTER COLUMN report SET STORAGE EXTERNAL;"
    "COMMENT ON COLUMN streamgauge.load_runs.started_at IS 'microseconds since 1970';"
    "COMMENT ON COLUMN streamgauge.load_runs.report IS 'the whole report as JSON, gzip';"
    "CREATE INDEX load_runs_by_time ON streamgauge.load_runs(started_at DESC, id DESC);"
    "CREATE TABLE streamgauge.layouts(part text PRIMARY KEY, layout integer NOT NULL);"
    "INSERT INTO streamgauge.layouts VALUES('load_runs', 1)";

// bytea's text form, which every version of libpqxx carries.
std::string hex(std::string_view bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string out = "\\x";
    out.reserve(2 + bytes.size() * 2);
    for (const char c : bytes) {
        out += kDigits[static_cast<unsigned char>(c) >> 4];
        out += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

// Nothing for what is no such text.
std::optional<std::string> bytes_of(std::string_view hex) {
    const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
    if (!hex.starts_with("\\x") || hex.size() % 2 != 0) return std::nullopt;
    std::string out;
    out.reserve(hex.size() / 2);
    for (std::size_t i = 2; i < hex.size(); i += 2) {
        const int high = digit(hex[i]), low = digit(hex[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
    }
    return out;
}

std::string first_line(std::string_view text) {
    return std::string(text.substr(0, text.find('\n')));
}

Error unavailable(std::string why) {
    Error error =
        Error::make(ErrorCode::Unavailable, "the database of the load runs does not answer: " + std::move(why));
    error.retry_after_seconds = static_cast<int>(kPause.count());
    return error;
}

// By the classes of PostgreSQL's appendix A.
Error error_of(const pqxx::sql_error& failure) {
    const std::string state = failure.sqlstate();
    const std::string said = first_line(failure.what());
    if (state == "57014") return unavailable("it took too long (" + said + ")");
    for (const char* passing : {"08", "25", "40", "53", "55", "57"})
        if (state.starts_with(passing)) return unavailable(said);
    if (state == "42P01" || state == "42703" || state == "3F000")
        return Error::make(ErrorCode::Corrupt, "the tables of the load runs are not ours: " + said);
    return Error::make(ErrorCode::Io, "the database of the load runs refuses: " + said + " (" + state + ")");
}

class PostgresqlLoadRuns final : public LoadRunStore {
public:
    PostgresqlLoadRuns(DatabaseUrl url, LoadRunLimits limits, DatabasePatience patience)
        : url_(std::move(url)), limits_(limits), patience_(patience) {}
    ~PostgresqlLoadRuns() override { drop(); }
    Status check() override;
    Result<std::vector<StoredLoadRun>> list(std::optional<Timestamp> before, std::size_t limit) override;

protected:
    Status keep(const StoredLoadRun& run, std::string packed, Timestamp now) override;
    Result<std::optional<StoredLoadRun>> look_up(const std::string& id) override;
    Result<std::optional<std::string>> packed_report(const std::string& id) override;
    Result<bool> erase(const std::string& id) override;

private:
    using Work = std::function<Status(pqxx::work&)>;

    // All or nothing. `work` may run twice: when the connection broke since it was used last. Its error ends it.
    Status in_transaction(const Work& work);
    Status attempt(const Work& work, bool& broken);
    Status connect();
    void drop();
    static Status prepare(pqxx::work& transaction);
    static StoredLoadRun read(const pqxx::row& row);

    const DatabaseUrl url_;
    const LoadRunLimits limits_;
    const DatabasePatience patience_;
    SocketDeadline deadline_;
    std::unique_ptr<pqxx::connection> connection_;
    std::unique_ptr<pqxx::quiet_errorhandler> quiet_;  // the server's notices are not for standard error
    std::optional<Error> slow_;                        // the failure that is the answer
    SteadyClock::time_point slow_until_;
};

void PostgresqlLoadRuns::drop() {
    if (!connection_) return;
    // libpq says goodbye, for which a server that stands still has no ear.
    if (connection_->is_open()) shutdown(connection_->sock(), SHUT_RDWR);
    quiet_.reset();
    connection_.reset();
}

Status PostgresqlLoadRuns::connect() {
    try {
        connection_ = std::make_unique<pqxx::connection>(url_.connection);
#if PQXX_VERSION_MAJOR < 7
        // It would connect again by itself, beyond any deadline.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
        connection_->inhibit_reactivation(true);
#pragma GCC diagnostic pop
#endif
        quiet_ = std::make_unique<pqxx::quiet_errorhandler>(*connection_);
        return {};
    } catch (const std::exception& failure) {
        connection_.reset();
        return unavailable(first_line(failure.what()));
    }
}

// `broken`: the connection is gone, and nothing was done.
Status PostgresqlLoadRuns::attempt(const Work& work, bool& broken) {
    const std::string limits =
        "SET LOCAL statement_timeout = " + std::to_string(patience_.statement.count()) +
        "; SET LOCAL idle_in_transaction_session_timeout = " + std::to_string(patience_.answer.count()) +
        "; SET LOCAL client_encoding = 'UTF8'";
    try {
        pqxx::work transaction(*connection_);
        transaction.exec(limits);
        if (Status done = work(transaction); !done) return done;
        transaction.commit();
        return {};
    } catch (const pqxx::in_doubt_error& failure) {
        drop();
        return unavailable("the connection was lost at the end, whether it was done is not known");
    } catch (const pqxx::broken_connection& failure) {
        drop();
        broken = true;
        return unavailable(first_line(failure.what()));
    } catch (const pqxx::sql_error& failure) {
        // A server that shuts down says so as to a query.
        if (!connection_->is_open()) {
            drop();
            broken = true;
            return unavailable(first_line(failure.what()));
        }
        return error_of(failure);
    } catch (const std::exception& failure) {
        drop();
        return Error::make(ErrorCode::Internal, "the load runs' database: " + first_line(failure.what()));
    }
}

Status PostgresqlLoadRuns::in_transaction(const Work& work) {
    const auto began = SteadyClock::now();
    if (slow_ && began < slow_until_) return *slow_;
    slow_.reset();
    Status done;
    for (int attempts = 0; attempts < 2; ++attempts) {
        const bool fresh = !connection_;
        if (fresh) done = connect();
        if (!connection_) break;
        deadline_.arm(connection_->sock(), patience_.answer);
        bool broken = false;
        done = fresh ? attempt(prepare, broken) : Status();
        if (done) done = attempt(work, broken);
        // What could not be prepared, or has changed since, is prepared anew by the next call.
        if (!done && (fresh || done.error().code == ErrorCode::Corrupt)) drop();
        const bool late = deadline_.disarm();
        if (!done && late) done = unavailable("no answer within the time that is set");
        if (done || !broken || fresh || late) break;
    }
    if (!done && done.error().code == ErrorCode::Unavailable && SteadyClock::now() - began >= kSlow) {
        slow_ = done.error();
        slow_until_ = SteadyClock::now() + kPause;
    }
    return done;
}

// The tables, made or changed by one server at a time.
Status PostgresqlLoadRuns::prepare(pqxx::work& transaction) {
    const auto layout = [&transaction]() -> int {
        // Not to_regclass(): it may say what the session has kept from before the lock.
        if (transaction
                .exec("SELECT 1 FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
                      " WHERE nspname = 'streamgauge' AND relname = 'layouts'")
                .empty())
            return 0;
        const pqxx::result found = transaction.exec("SELECT layout FROM streamgauge.layouts WHERE part = 'load_runs'");
        return found.empty() ? 0 : found[0][0].as<int>();
    };
    int has = layout();
    if (has == 0) {
        transaction.exec(std::string(kLock));
        has = layout();
    }
    if (has > kLayout) return Error::make(ErrorCode::Corrupt, "the tables of the load runs are of a newer version");
    if (has == kLayout) return {};
    // Who may use the schema may be somebody who may make none.
    if (transaction.exec("SELECT 1 FROM pg_namespace WHERE nspname = 'streamgauge'").empty())
        transaction.exec("CREATE SCHEMA streamgauge");
    transaction.exec(std::string(kTables));
    return {};
}

Status PostgresqlLoadRuns::check() {
    return in_transaction([](pqxx::work&) { return Status(); });
}

Status PostgresqlLoadRuns::keep(const StoredLoadRun& run, std::string packed, Timestamp now) {
    const std::string report = hex(packed);
    packed = {};
    const std::int64_t oldest = now.micros - limits_.most_age_seconds * 1'000'000;
    const auto signed_of = [](std::uint64_t n) { return static_cast<std::int64_t>(n); };
    return in_transaction([&](pqxx::work& transaction) -> Status {
        // One after the other, so that each sees what those before have kept and the limits hold.
        transaction.exec(std::string(kLock));
        // Durable in spite of a database that is set otherwise.
        transaction.exec(
            "SELECT set_config('synchronous_commit', 'on', true)"
            " WHERE current_setting('synchronous_commit') = 'off'");
        transaction.exec_params("DELETE FROM streamgauge.load_runs WHERE id = $1", run.id);
        transaction.exec_params(
            "INSERT INTO streamgauge.load_runs(" + std::string(kLoadRunColumns) +
                ", report) VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
            run.id, run.name, run.url, run.started_at.micros, run.state, run.verdict, run.passed, run.by,
            whole_micros(run.seconds, 1e6), std::to_string(run.seed), signed_of(run.planned), signed_of(run.good),
            signed_of(run.bad), whole_micros(run.p50_ms, 1e3), whole_micros(run.p95_ms, 1e3),
            whole_micros(run.p99_ms, 1e3), report);
        transaction.exec_params(
            "DELETE FROM streamgauge.load_runs WHERE started_at < $1 OR id IN"
            " (SELECT id FROM streamgauge.load_runs ORDER BY started_at DESC, id DESC OFFSET $2)",
            oldest, signed_of(limits_.most_runs));
        return {};
    });
}

StoredLoadRun PostgresqlLoadRuns::read(const pqxx::row& row) {
    const auto text = [&row](int column) { return std::string(row[column].c_str(), row[column].size()); };
    const auto number = [&row](int column) { return row[column].as<std::int64_t>(); };
    StoredLoadRun run;
    run.id = text(0);
    run.name = text(1);
    run.url = text(2);
    run.started_at = {number(3)};
    run.state = text(4);
    run.verdict = text(5);
    run.passed = row[6].as<bool>();
    run.by = text(7);
    run.seconds = static_cast<double>(number(8)) / 1e6;
    run.seed = row[9].as<std::uint64_t>();
    run.planned = static_cast<std::uint64_t>(number(10));
    run.good = static_cast<std::uint64_t>(number(11));
    run.bad = static_cast<std::uint64_t>(number(12));
    run.p50_ms = static_cast<double>(number(13)) / 1e3;
    run.p95_ms = static_cast<double>(number(14)) / 1e3;
    run.p99_ms = static_cast<double>(number(15)) / 1e3;
    return run;
}

Result<std::vector<StoredLoadRun>> PostgresqlLoadRuns::list(std::optional<Timestamp> before, std::size_t limit) {
    std::vector<StoredLoadRun> runs;
    const Status done = in_transaction([&](pqxx::work& transaction) -> Status {
        runs.clear();
        for (const pqxx::row& row : transaction.exec_params(
                 "SELECT " + std::string(kLoadRunColumns) +
                     " FROM streamgauge.load_runs WHERE started_at < $1 ORDER BY started_at DESC, id DESC LIMIT $2",
                 before ? before->micros : INT64_MAX, static_cast<std::int64_t>(limit)))
            runs.push_back(read(row));
        return {};
    });
    if (!done) return done.error();
    return runs;
}

Result<std::optional<StoredLoadRun>> PostgresqlLoadRuns::look_up(const std::string& id) {
    std::optional<StoredLoadRun> run;
    const Status done = in_transaction([&](pqxx::work& transaction) -> Status {
        const pqxx::result found = transaction.exec_params(
            "SELECT " + std::string(kLoadRunColumns) + " FROM streamgauge.load_runs WHERE id = $1", id);
        if (!found.empty()) run = read(found[0]);
        return {};
    });
    if (!done) return done.error();
    return run;
}

Result<std::optional<std::string>> PostgresqlLoadRuns::packed_report(const std::string& id) {
    std::optional<std::string> packed;
    const Status done = in_transaction([&](pqxx::work& transaction) -> Status {
        transaction.exec("SET LOCAL bytea_output = 'hex'");
        const pqxx::result found =
            transaction.exec_params("SELECT report FROM streamgauge.load_runs WHERE id = $1", id);
        if (found.empty()) return {};
        packed = bytes_of(std::string_view(found[0][0].c_str(), found[0][0].size()));
        if (!packed) return Error::make(ErrorCode::Corrupt, "the report of load run " + id + " is damaged");
        return {};
    });
    if (!done) return done.error();
    return packed;
}

Result<bool> PostgresqlLoadRuns::erase(const std::string& id) {
    bool found = false;
    const Status done = in_transaction([&](pqxx::work& transaction) -> Status {
        found = transaction.exec_params("DELETE FROM streamgauge.load_runs WHERE id = $1", id).affected_rows() > 0;
        return {};
    });
    if (!done) return done.error();
    return found;
}

}  // namespace

Result<std::unique_ptr<LoadRunStore>> open_postgresql_load_runs(const std::string& url, LoadRunLimits limits,
                                                                DatabasePatience patience) {
    Result<DatabaseUrl> read = read_database_url(url, patience.connect.count());
    if (!read) return read.error();
    return std::unique_ptr<LoadRunStore>(
        std::make_unique<PostgresqlLoadRuns>(std::move(read).value(), limits, patience));
}

}  // namespace streamgauge::api
