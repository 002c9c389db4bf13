// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/audit_log.h"

#include <utility>

#include "base/log.h"

namespace streamgauge::api {
namespace {

constexpr std::uint64_t kTrimEvery = 1000;

}  // namespace

AuditLog::AuditLog(sql::Connection connection) : connection_(std::move(connection)) {}

Result<std::unique_ptr<AuditLog>> AuditLog::open(const std::string& path) {
    Result<sql::Connection> connection = sql::open(path, true);
    if (!connection) return connection.error();
    std::unique_ptr<AuditLog> log(new AuditLog(std::move(connection).value()));
    if (Status prepared = log->prepare(); !prepared) return prepared.error();
    return log;
}

Status AuditLog::prepare() {
    if (Status made = sql::execute(connection_.get(),
                                   "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                   "CREATE TABLE IF NOT EXISTS actions(id INTEGER PRIMARY KEY AUTOINCREMENT,"
                                   " at INTEGER NOT NULL, by TEXT NOT NULL, address TEXT NOT NULL,"
                                   " action TEXT NOT NULL, status INTEGER NOT NULL, detail TEXT NOT NULL)");
        !made)
        return made;
    auto insert = sql::Statement::prepare(
        connection_.get(), "INSERT INTO actions(at, by, address, action, status, detail) VALUES(?, ?, ?, ?, ?, ?)");
    if (!insert) return insert.error();
    insert_ = std::move(insert).value();
    auto trim =
        sql::Statement::prepare(connection_.get(), "DELETE FROM actions WHERE id <= (SELECT max(id) FROM actions) - ?");
    if (!trim) return trim.error();
    trim_ = std::move(trim).value();
    return {};
}

Status AuditLog::write(const AuditedAction& action) {
    insert_.bind(1, action.at.micros)
        .bind_text(2, action.by)
        .bind_text(3, action.address)
        .bind_text(4, action.action)
        .bind(5, action.status)
        .bind_text(6, action.detail);
    if (Status written = insert_.run(); !written) return written;
    auto last = sql::Statement::prepare(connection_.get(), "SELECT last_insert_rowid()");
    if (!last) return last.error();
    const Result<bool> row = last->step();
    if (!row) return row.error();
    if (static_cast<std::uint64_t>(last->integer(0)) % kTrimEvery != 0) return {};
    trim_.bind(1, static_cast<std::int64_t>(kKept));
    return trim_.run();
}

void AuditLog::record(AuditedAction action, std::function<void()> done) {
    const auto lost = [](const AuditedAction& what, const std::string& why) {
        log::error("audit_log", "an action is not in the audit log: " + why,
                   {{"by", what.by}, {"action", what.action}, {"status", std::to_string(what.status)}});
    };
    // What is refused is handed back untouched only to the queue, so both are kept here.
    const auto kept =
        std::make_shared<std::pair<AuditedAction, std::function<void()>>>(std::move(action), std::move(done));
    const bool taken = thread_.post([this, kept, lost](bool) {
        if (Status written = write(kept->first); !written) lost(kept->first, written.error().describe());
        kept->second();
    });
    if (taken) return;
    lost(kept->first, "it has stopped or too many wait");
    kept->second();
}

Result<std::vector<AuditedAction>> AuditLog::read(std::optional<std::uint64_t> before, std::size_t limit) {
    auto rows = sql::Statement::prepare(connection_.get(),
                                        "SELECT id, at, by, address, action, status, detail FROM actions WHERE id < ?"
                                        " ORDER BY id DESC LIMIT ?");
    if (!rows) return rows.error();
    rows->bind(1, before ? static_cast<std::int64_t>(*before) : INT64_MAX).bind(2, static_cast<std::int64_t>(limit));
    std::vector<AuditedAction> actions;
    for (;;) {
        const Result<bool> more = rows->step();
        if (!more) return more.error();
        if (!*more) return actions;
        actions.push_back({static_cast<std::uint64_t>(rows->integer(0)),
                           {rows->integer(1)},
                           std::string(rows->bytes(2)),
                           std::string(rows->bytes(3)),
                           std::string(rows->bytes(4)),
                           static_cast<int>(rows->integer(5)),
                           std::string(rows->bytes(6))});
    }
}

void AuditLog::list(std::optional<std::uint64_t> before, std::size_t limit, Done<std::vector<AuditedAction>> done) {
    const auto kept = std::make_shared<Done<std::vector<AuditedAction>>>(std::move(done));
    const bool taken = thread_.post([this, before, limit, kept](bool running) {
        if (!running) return (*kept)(Error::make(ErrorCode::Unavailable, "the server is stopping"));
        (*kept)(read(before, limit));
    });
    if (!taken) (*kept)(Error::make(ErrorCode::Unavailable, "the audit log has stopped or too many wait"));
}

}  // namespace streamgauge::api
