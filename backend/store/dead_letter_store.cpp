// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/dead_letter_store.h"

#include <sqlite3.h>

#include <algorithm>
#include <variant>

#include "base/uuid.h"

namespace streamgauge {
namespace {

using sql::Statement;

constexpr std::int64_t kApplicationId = 0x5347444C;  // "SGDL"
constexpr std::int64_t kSchemaVersion = 1;

// What lists look at comes first; raw, which may fill pages of its own, last. by_group holds all that groups and totals
// need; by_kind, which ends in the id as every index does, is for the letters of one kind in order.
constexpr const char* kSchema = R"sql(
CREATE TABLE meta (installation TEXT NOT NULL, next INTEGER NOT NULL, base INTEGER NOT NULL);
CREATE TABLE letter (
  id INTEGER PRIMARY KEY, project TEXT NOT NULL, state INTEGER NOT NULL, kind TEXT NOT NULL, bytes INTEGER NOT NULL,
  received_at INTEGER NOT NULL, source TEXT NOT NULL, dialect TEXT NOT NULL, event_id TEXT NOT NULL,
  producer TEXT NOT NULL, reason TEXT NOT NULL, field TEXT NOT NULL, item INTEGER NOT NULL,
  byte_offset INTEGER NOT NULL, raw_cut INTEGER NOT NULL, resent_at INTEGER NOT NULL DEFAULT 0,
  resent_as INTEGER NOT NULL DEFAULT 0, was_duplicate INTEGER NOT NULL DEFAULT 0, mended BLOB, raw BLOB NOT NULL
);
CREATE INDEX by_group ON letter (project, source, kind, state, received_at, bytes);
CREATE INDEX by_kind ON letter (kind);
CREATE INDEX by_state ON letter (state) WHERE state = 1;
)sql";

constexpr std::string_view kColumns =
    "id, project, state, kind, bytes, received_at, source, dialect, event_id, producer, reason, field, item, "
    "byte_offset, raw_cut, resent_at, resent_as, was_duplicate";

std::int64_t stored(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}
std::uint64_t unstored(std::int64_t value) {
    return static_cast<std::uint64_t>(value);
}
std::int64_t stored(LetterState state) {
    return static_cast<std::int64_t>(state);
}

Letter letter_of(const Statement& row) {
    Letter out;
    out.letter.id = unstored(row.integer(0));
    out.letter.project = row.bytes(1);
    out.state = static_cast<LetterState>(std::clamp<std::int64_t>(row.integer(2), 0, 2));
    out.kind = row.bytes(3);
    out.bytes = unstored(row.integer(4));
    out.letter.received_at = {row.integer(5)};
    out.letter.source = row.bytes(6);
    out.letter.dialect = dialect_from(row.bytes(7)).value_or(Dialect::Generic);
    out.letter.event_id = row.bytes(8);
    out.letter.producer = row.bytes(9);
    out.letter.reason = row.bytes(10);
    out.letter.field = row.bytes(11);
    out.letter.item = static_cast<std::uint32_t>(row.integer(12));
    out.letter.offset = unstored(row.integer(13));
    out.letter.raw_cut = row.integer(14) != 0;
    out.resent_at = {row.integer(15)};
    out.resent_as = unstored(row.integer(16));
    out.was_duplicate = row.integer(17) != 0;
    return out;
}

// A condition and what stands for its question marks.
class Where {
public:
    explicit Where(const LetterFilter& filter) {
        equal("project", filter.project);
        equal("kind", filter.kind);
        equal("source", filter.source);
        equal("dialect", filter.dialect);
        equal("event_id", filter.event_id);
        if (filter.state) add("state = ?", stored(*filter.state));
        if (filter.from) add("received_at >= ?", filter.from->micros);
        if (filter.to) add("received_at < ?", filter.to->micros);
        if (!filter.reason.empty()) {
            add("(instr(reason, ?) > 0", filter.reason);
            text_ += " OR instr(kind, ?) > 0)";
            values_.emplace_back(filter.reason);
        }
    }
    void add(std::string_view condition, std::variant<std::int64_t, std::string> value) {
        text_.append(" AND ").append(condition);
        values_.push_back(std::move(value));
    }
    const std::string& text() const { return text_; }
    // Parameters from 1 on. The texts must outlive the statement's run.
    Result<Statement> prepare(sqlite3* connection, const std::string& sql) const {
        Result<Statement> statement = Statement::prepare(connection, sql);
        if (!statement.ok()) return statement;
        int parameter = 1;
        for (const auto& value : values_) {
            if (const auto* number = std::get_if<std::int64_t>(&value))
                statement->bind(parameter++, *number);
            else
                statement->bind_text(parameter++, std::get<std::string>(value));
        }
        return statement;
    }

private:
    void equal(std::string_view column, const std::string& value) {
        if (!value.empty()) add(std::string(column) + " = ?", value);
    }
    std::string text_ = "1";
    std::vector<std::variant<std::int64_t, std::string>> values_;
};

Error not_found(std::uint64_t id) {
    return Error::make(ErrorCode::NotFound, "there is no dead letter " + std::to_string(id));
}

Error in_another_state(std::uint64_t id, LetterState state) {
    return Error::make(ErrorCode::Conflict, "dead letter " + std::to_string(id) + " is " +
                                                (state == LetterState::Resent      ? "resent already"
                                                 : state == LetterState::Resending ? "being resent"
                                                                                   : "open"));
}

}  // namespace

// ---- opening --------------------------------------------------------------------------------------------------------

Result<std::unique_ptr<DeadLetterStore>> DeadLetterStore::open(const std::string& path) {
    std::unique_ptr<DeadLetterStore> store(new DeadLetterStore);
    if (Status s = store->prepare(path); !s.ok()) return s.error();
    if (Status s = store->load(); !s.ok()) return s.error();
    return store;
}

Status DeadLetterStore::prepare(const std::string& path) {
    Result<sql::Connection> connection = sql::open(path, true);
    if (!connection.ok()) return connection.error();
    connection_ = std::move(connection).value();
    sqlite3* const db = connection_.get();
    const auto number = [&](const char* pragma) -> Result<std::int64_t> {
        Result<Statement> statement = Statement::prepare(db, pragma);
        if (!statement.ok()) return statement.error();
        const Result<bool> row = statement->step();
        if (!row.ok()) return row.error();
        return statement->integer(0);
    };
    // The journal forgets its letters once they are here: a commit must survive the loss of power.
    if (Status s = sql::execute(db,
                                "PRAGMA busy_timeout=2000; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;"
                                "PRAGMA synchronous=FULL; PRAGMA cache_size=-4096; PRAGMA journal_size_limit=67108864");
        !s.ok())
        return s;
    const Result<std::int64_t> application = number("PRAGMA application_id");
    const Result<std::int64_t> version = number("PRAGMA user_version");
    const Result<std::int64_t> tables = number("SELECT count(*) FROM sqlite_schema");
    for (const auto* result : {&application, &version, &tables})
        if (!result->ok()) return result->error();
    if (*application == 0 && *tables == 0) {
        UuidGenerator uuids;
        const std::string script = "BEGIN IMMEDIATE;" + std::string(kSchema) + "INSERT INTO meta VALUES('" +
                                   uuids.v4() + "', 1, 0); PRAGMA application_id=" + std::to_string(kApplicationId) +
                                   "; PRAGMA user_version=" + std::to_string(kSchemaVersion) + "; COMMIT";
        Status made = sql::execute(db, script.c_str());
        if (!made.ok() && sqlite3_get_autocommit(db) == 0) (void)sql::execute(db, "ROLLBACK");
        return made;
    }
    if (*application != kApplicationId)
        return Error::make(ErrorCode::Corrupt, path + " does not hold Streamgauge's dead letters");
    if (*version != kSchemaVersion)
        return Error::make(ErrorCode::Corrupt, path + " was written by another version of Streamgauge");
    return {};
}

Status DeadLetterStore::load() {
    sqlite3* const db = connection_.get();
    Result<Statement> meta = Statement::prepare(db, "SELECT installation, next, base FROM meta");
    if (!meta.ok()) return meta.error();
    const Result<bool> there = meta->step();
    if (!there.ok()) return there.error();
    if (!*there) return Error::make(ErrorCode::Corrupt, "the dead letters' file has lost its first row");
    installation_ = meta->bytes(0);
    next_ = unstored(meta->integer(1));
    base_ = unstored(meta->integer(2));
    Result<Statement> counts =
        Statement::prepare(db, "SELECT project, state, count(*), sum(bytes) FROM letter GROUP BY project, state");
    if (!counts.ok()) return counts.error();
    for (;;) {
        const Result<bool> row = counts->step();
        if (!row.ok()) return row.error();
        if (!*row) break;
        const std::string project(counts->bytes(0));
        count(project, static_cast<LetterState>(std::clamp<std::int64_t>(counts->integer(1), 0, 2))) +=
            unstored(counts->integer(2));
        usage_[project].bytes += unstored(counts->integer(3));
    }
    Result<Statement> insert = Statement::prepare(
        db,
        "INSERT INTO letter(id, project, state, kind, bytes, received_at, source, dialect, event_id, producer, reason,"
        " field, item, byte_offset, raw_cut, raw) VALUES(?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
        "?14, ?15)");
    if (!insert.ok()) return insert.error();
    insert_ = std::move(insert).value();
    Result<Statement> save = Statement::prepare(db, "UPDATE meta SET next = ?1, base = ?2");
    if (!save.ok()) return save.error();
    save_next_ = std::move(save).value();
    return {};
}

Status DeadLetterStore::transaction(const std::function<Status()>& work) {
    sqlite3* const db = connection_.get();
    if (Status s = sql::execute(db, "BEGIN IMMEDIATE"); !s.ok()) return s;
    auto before = usage_;
    Status status = work();
    if (status.ok()) status = sql::execute(db, "COMMIT");
    if (status.ok()) return {};
    if (sqlite3_get_autocommit(db) == 0) (void)sql::execute(db, "ROLLBACK");
    usage_ = std::move(before);
    return status;
}

std::uint64_t& DeadLetterStore::count(const std::string& project, LetterState state) {
    LetterUsage& usage = usage_[project];
    usage.project = project;
    return state == LetterState::Open ? usage.open : state == LetterState::Resending ? usage.resending : usage.resent;
}

// ---- from the journal -----------------------------------------------------------------------------------------------

Status DeadLetterStore::absorb(const std::vector<DeadLetter>& letters, std::uint64_t next) {
    Status done = transaction([&]() -> Status {
        for (const DeadLetter& letter : letters)
            if (letter.id >= next_)
                if (Status s = insert(letter); !s.ok()) return s;
        return save_next_.bind(1, stored(next)).bind(2, stored(base_)).run();
    });
    if (done.ok()) next_ = next;
    return done;
}

Status DeadLetterStore::insert(const DeadLetter& letter) {
    const std::string kind = kind_of(letter.field, letter.reason);
    const std::uint64_t bytes = letter_cost(letter.raw.size());
    ++count(letter.project, LetterState::Open);
    usage_[letter.project].bytes += bytes;
    return insert_.bind(1, stored(letter.id + base_))
        .bind_text(2, letter.project)
        .bind_text(3, kind)
        .bind(4, stored(bytes))
        .bind(5, letter.received_at.micros)
        .bind_text(6, letter.source)
        .bind_text(7, to_string(letter.dialect))
        .bind_text(8, letter.event_id)
        .bind_text(9, letter.producer)
        .bind_text(10, letter.reason)
        .bind_text(11, letter.field)
        .bind(12, letter.item)
        .bind(13, stored(letter.offset))
        .bind(14, letter.raw_cut ? 1 : 0)
        .bind_blob(15, letter.raw)
        .run();
}

Status DeadLetterStore::follow_another_journal() {
    const std::uint64_t base = base_ + next_ - 1;
    Status done = transaction([&] { return save_next_.bind(1, 1).bind(2, stored(base)).run(); });
    if (!done.ok()) return done;
    next_ = 1;
    base_ = base;
    return {};
}

// ---- looking --------------------------------------------------------------------------------------------------------

Result<LetterPage> DeadLetterStore::list(const LetterFilter& filter, std::optional<std::uint64_t> cursor,
                                         std::size_t limit) {
    Where where(filter);
    LetterPage page;
    {
        Result<Statement> total = where.prepare(connection_.get(), "SELECT count(*) FROM letter WHERE " + where.text());
        if (!total.ok()) return total.error();
        const Result<bool> row = total->step();
        if (!row.ok()) return row.error();
        page.total = unstored(total->integer(0));
    }
    if (cursor) where.add("id < ?", stored(*cursor));
    // One more than asked: whether there is a next page.
    Result<Statement> rows =
        where.prepare(connection_.get(), "SELECT " + std::string(kColumns) + " FROM letter WHERE " + where.text() +
                                             " ORDER BY id DESC LIMIT " + std::to_string(limit + 1));
    if (!rows.ok()) return rows.error();
    for (;;) {
        const Result<bool> row = rows->step();
        if (!row.ok()) return row.error();
        if (!*row) return page;
        if (page.letters.size() == limit) {
            page.cursor = page.letters.back().letter.id;
            return page;
        }
        page.letters.push_back(letter_of(*rows));
    }
}

Result<Letter> DeadLetterStore::find(std::uint64_t id, const std::string& project) {
    Result<Statement> read = Statement::prepare(
        connection_.get(), "SELECT " + std::string(kColumns) + ", mended, raw FROM letter WHERE id = ?1");
    if (!read.ok()) return read.error();
    const Result<bool> row = read->bind(1, stored(id)).step();
    if (!row.ok()) return row.error();
    if (!*row || (!project.empty() && read->bytes(1) != project)) return not_found(id);
    Letter letter = letter_of(*read);
    if (!read->is_null(18)) letter.mended = std::string(read->bytes(18));
    letter.letter.raw = read->bytes(19);
    return letter;
}

Result<std::vector<ReasonCount>> DeadLetterStore::reasons(const LetterFilter& filter) {
    const Where where(filter);
    Result<Statement> rows = where.prepare(
        connection_.get(),
        "SELECT project, source, kind, sum(state = 0) AS open, sum(state = 1), sum(state = 2), sum(bytes),"
        " max(received_at) FROM letter WHERE " +
            where.text() + " GROUP BY project, source, kind ORDER BY project, open DESC, source, kind");
    if (!rows.ok()) return rows.error();
    std::vector<ReasonCount> out;
    for (;;) {
        const Result<bool> row = rows->step();
        if (!row.ok()) return row.error();
        if (!*row) return out;
        out.push_back({std::string(rows->bytes(0)), std::string(rows->bytes(1)), std::string(rows->bytes(2)),
                       unstored(rows->integer(3)), unstored(rows->integer(4)), unstored(rows->integer(5)),
                       unstored(rows->integer(6)), Timestamp{rows->integer(7)}});
    }
}

Result<std::vector<std::uint64_t>> DeadLetterStore::ids(const LetterFilter& filter, std::uint64_t after,
                                                        std::size_t most) {
    Where where(filter);
    where.add("id > ?", stored(after));
    Result<Statement> rows = where.prepare(connection_.get(), "SELECT id FROM letter WHERE " + where.text() +
                                                                  " ORDER BY id LIMIT " + std::to_string(most));
    if (!rows.ok()) return rows.error();
    std::vector<std::uint64_t> out;
    for (;;) {
        const Result<bool> row = rows->step();
        if (!row.ok()) return row.error();
        if (!*row) return out;
        out.push_back(unstored(rows->integer(0)));
    }
}

std::vector<LetterUsage> DeadLetterStore::usage() const {
    std::vector<LetterUsage> out;
    for (const auto& [project, usage] : usage_)
        if (usage.letters() > 0) out.push_back(usage);
    return out;
}

// ---- changing -------------------------------------------------------------------------------------------------------

Result<DeadLetterStore::Row> DeadLetterStore::row(std::uint64_t id, const std::string& project) {
    Result<Statement> read =
        Statement::prepare(connection_.get(), "SELECT project, state, bytes FROM letter WHERE id = ?1");
    if (!read.ok()) return read.error();
    const Result<bool> there = read->bind(1, stored(id)).step();
    if (!there.ok()) return there.error();
    if (!*there || (!project.empty() && read->bytes(0) != project)) return not_found(id);
    return Row{std::string(read->bytes(0)), static_cast<LetterState>(std::clamp<std::int64_t>(read->integer(1), 0, 2)),
               unstored(read->integer(2))};
}

Status DeadLetterStore::mend(std::uint64_t id, const std::string& project, const std::string& text) {
    return transaction([&]() -> Status {
        const Result<Row> before = row(id, project);
        if (!before.ok()) return before.error();
        if (before->state != LetterState::Open) return in_another_state(id, before->state);
        Result<Statement> update = Statement::prepare(
            connection_.get(),
            "UPDATE letter SET bytes = bytes - coalesce(length(mended), 0) + length(?2), mended = ?2 WHERE id = ?1");
        if (!update.ok()) return update.error();
        if (Status s = update->bind(1, stored(id)).bind_blob(2, text).run(); !s.ok()) return s;
        const Result<Row> after = row(id, project);
        if (!after.ok()) return after.error();
        usage_[before->project].bytes += after->bytes - before->bytes;
        return {};
    });
}

Status DeadLetterStore::change_state(std::uint64_t id, LetterState from, LetterState to,
                                     std::optional<Timestamp> resent_at, const Resent& resent) {
    const Result<Row> before = row(id, {});
    if (!before.ok()) return before.error();
    if (before->state != from) return in_another_state(id, before->state);
    Result<Statement> update = Statement::prepare(connection_.get(),
                                                  "UPDATE letter SET state = ?2, resent_at = coalesce(?3, resent_at), "
                                                  "resent_as = ?4, was_duplicate = ?5 WHERE id = ?1");
    if (!update.ok()) return update.error();
    update->bind(1, stored(id)).bind(2, stored(to)).bind(4, stored(resent.as));
    if (resent_at)
        update->bind(3, resent_at->micros);
    else
        update->bind_null(3);
    if (Status s = update->bind(5, resent.duplicate ? 1 : 0).run(); !s.ok()) return s;
    --count(before->project, from);
    ++count(before->project, to);
    return {};
}

Status DeadLetterStore::begin_resending(const std::vector<std::uint64_t>& ids, Timestamp received_at) {
    return transaction([&]() -> Status {
        for (const std::uint64_t id : ids)
            if (Status s = change_state(id, LetterState::Open, LetterState::Resending, received_at, {}); !s.ok())
                return s;
        return {};
    });
}

Status DeadLetterStore::finish_resending(const std::vector<Resent>& resent) {
    return transaction([&]() -> Status {
        for (const Resent& one : resent)
            if (Status s = change_state(one.id, LetterState::Resending, LetterState::Resent, {}, one); !s.ok())
                return s;
        return {};
    });
}

Status DeadLetterStore::give_up_resending(const std::vector<std::uint64_t>& ids) {
    return transaction([&]() -> Status {
        for (const std::uint64_t id : ids)
            if (Status s = change_state(id, LetterState::Resending, LetterState::Open, Timestamp{}, {}); !s.ok())
                return s;
        return {};
    });
}

Result<std::uint64_t> DeadLetterStore::purge(const std::vector<std::uint64_t>& ids, const std::string& project) {
    std::uint64_t removed = 0;
    Status done = transaction([&]() -> Status {
        for (const std::uint64_t id : ids) {
            const Result<Row> before = row(id, project);
            if (!before.ok() && before.error().code == ErrorCode::NotFound) continue;
            if (!before.ok()) return before.error();
            if (before->state == LetterState::Resending) continue;
            Result<Statement> erase = Statement::prepare(connection_.get(), "DELETE FROM letter WHERE id = ?1");
            if (!erase.ok()) return erase.error();
            if (Status s = erase->bind(1, stored(id)).run(); !s.ok()) return s;
            --count(before->project, before->state);
            usage_[before->project].bytes -= before->bytes;
            ++removed;
        }
        return {};
    });
    if (!done.ok()) return done.error();
    // Gives what is free back to the file system, bit by bit; what is left comes with the next one.
    if (removed > 0) (void)sql::execute(connection_.get(), "PRAGMA incremental_vacuum(2000)");
    return removed;
}

Result<std::uint64_t> DeadLetterStore::purge(const LetterFilter& filter, std::size_t most) {
    LetterFilter removable = filter;
    // Those that are being resent stay; what state is asked for decides where they would be.
    if (filter.state == LetterState::Resending) return std::uint64_t{0};
    std::vector<std::uint64_t> found;
    for (const LetterState state : {LetterState::Open, LetterState::Resent}) {
        if (filter.state && *filter.state != state) continue;
        removable.state = state;
        const auto some = ids(removable, 0, most - found.size());
        if (!some.ok()) return some.error();
        found.insert(found.end(), some->begin(), some->end());
        if (found.size() == most) break;
    }
    if (found.empty()) return std::uint64_t{0};
    return purge(found, filter.project);
}

}  // namespace streamgauge
