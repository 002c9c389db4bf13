// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/span_file.h"

#include <sqlite3.h>

#include <cstdio>
#include <cstring>

namespace streamgauge {
namespace {

constexpr std::string_view kPrefix = "journal-";
constexpr std::string_view kSuffix = ".db";
constexpr std::size_t kDigits = 20;
// Format 1 had neither dialect, producer, event_id and raw_cut of dead letters nor dead_letters_not_kept.
// Format 2 had no doors (their table, and their numbers in event.flags) and did not count events of the program's own.
constexpr std::int64_t kFormat = 3;
constexpr std::int64_t kOldestFormat = 1;

// What readers look at without the rest comes first, props, which may fill pages of their own, last.
constexpr const char* kSchema = R"(
    CREATE TABLE event(
        "offset" INTEGER PRIMARY KEY, project TEXT NOT NULL, event_id TEXT NOT NULL, received_at INTEGER NOT NULL,
        flags INTEGER NOT NULL, occurred_at INTEGER NOT NULL, schema_version INTEGER NOT NULL, event_type TEXT NOT NULL,
        user_id TEXT NOT NULL, session_id TEXT NOT NULL, page_url TEXT NOT NULL, props TEXT NOT NULL);
    CREATE TABLE dead_letter(
        id INTEGER PRIMARY KEY, project TEXT NOT NULL, received_at INTEGER NOT NULL, source TEXT NOT NULL,
        item INTEGER NOT NULL, reason TEXT NOT NULL, field TEXT NOT NULL, byte_offset INTEGER NOT NULL,
        dialect TEXT NOT NULL, producer TEXT NOT NULL, event_id TEXT NOT NULL, raw_cut INTEGER NOT NULL,
        raw BLOB NOT NULL);
    CREATE TABLE seal(
        first_offset INTEGER PRIMARY KEY, last_offset INTEGER NOT NULL, events INTEGER NOT NULL, sha256 BLOB NOT NULL);
    CREATE TABLE totals(
        format INTEGER NOT NULL, first_offset INTEGER NOT NULL, next_offset INTEGER NOT NULL, decoded INTEGER NOT NULL,
        accepted INTEGER NOT NULL, duplicate INTEGER NOT NULL, invalid INTEGER NOT NULL,
        next_dead_letter INTEGER NOT NULL, dedup_secret BLOB NOT NULL, dead_letters_not_kept INTEGER NOT NULL,
        system INTEGER NOT NULL);
    CREATE TABLE source(
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, dialect TEXT NOT NULL, sender TEXT NOT NULL);
)";

// Adding a column with a default rewrites no row.
constexpr const char* kFromFormat1 = R"(
    ALTER TABLE dead_letter ADD COLUMN dialect TEXT NOT NULL DEFAULT 'generic';
    ALTER TABLE dead_letter ADD COLUMN producer TEXT NOT NULL DEFAULT '';
    ALTER TABLE dead_letter ADD COLUMN event_id TEXT NOT NULL DEFAULT '';
    ALTER TABLE dead_letter ADD COLUMN raw_cut INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE totals ADD COLUMN dead_letters_not_kept INTEGER NOT NULL DEFAULT 0;
    UPDATE totals SET format = 2;
)";
constexpr const char* kFromFormat2 = R"(
    ALTER TABLE totals ADD COLUMN system INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE source(
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, dialect TEXT NOT NULL, sender TEXT NOT NULL);
    UPDATE totals SET format = 3;
)";

std::int64_t stored(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}
std::uint64_t unstored(std::int64_t value) {
    return static_cast<std::uint64_t>(value);
}

int note_log_pages(void* target, sqlite3*, const char*, int pages) {
    *static_cast<int*>(target) = pages;
    return SQLITE_OK;
}

}  // namespace

std::string SpanFile::name(Offset first) {
    const std::string digits = std::to_string(first);
    return std::string(kPrefix) + std::string(kDigits - std::min(digits.size(), kDigits), '0') + digits +
           std::string(kSuffix);
}

std::optional<Offset> SpanFile::first_from_name(std::string_view name) {
    if (name.size() != kPrefix.size() + kDigits + kSuffix.size() || !name.starts_with(kPrefix) ||
        !name.ends_with(kSuffix))
        return std::nullopt;
    Offset first = 0;
    for (const char c : name.substr(kPrefix.size(), kDigits)) {
        if (c < '0' || c > '9') return std::nullopt;
        first = first * 10 + static_cast<Offset>(c - '0');
    }
    return first;
}

Result<sql::Connection> open_span_connection(const std::string& path, const SpanFileOptions& options, bool create) {
    Result<sql::Connection> connection = sql::open(path, create, options.vfs);
    if (!connection.ok()) return connection;
    sqlite3* const handle = connection->get();
    // Rows are only ever added at the end, so a small page cache is as good as a large one.
    if (Status s = sql::execute(handle, "PRAGMA page_size=4096; PRAGMA cache_size=-1024; PRAGMA journal_mode=WAL;");
        !s.ok())
        return s.error();
    if (Status s =
            sql::execute(handle, options.synchronous_full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF");
        !s.ok())
        return s.error();
    sqlite3_wal_autocheckpoint(handle, 0);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    return connection;
}

Result<std::int64_t> format_of_span(sqlite3* connection) {
    Result<sql::Statement> read = sql::Statement::prepare(connection, "SELECT format FROM totals");
    if (!read.ok()) return read.error();
    const Result<bool> row = read->step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error::make(ErrorCode::Corrupt, "the journal's totals are missing");
    const std::int64_t format = read->integer(0);
    if (format < kOldestFormat || format > kFormat)
        return Error::make(ErrorCode::Corrupt, "the journal has a format that is not known: it is of a newer version");
    return format;
}

Result<SpanFile> SpanFile::create(const std::string& path, const SpanFileOptions& options, Offset first,
                                  const SpanTotals& totals, const DedupSecret& secret, const std::vector<Seal>& seals) {
    Result<sql::Connection> connection = open_span_connection(path, options, true);
    if (!connection.ok()) return std::move(connection).error();
    SpanFile span;
    span.connection_ = std::move(connection).value();
    span.first_ = first;
    span.secret_ = secret;
    sqlite3* const handle = span.connection_.get();
    if (Status s = sql::execute(handle, "BEGIN IMMEDIATE"); !s.ok()) return s.error();
    if (Status s = sql::execute(handle, kSchema); !s.ok()) return s.error();
    Result<sql::Statement> fill =
        sql::Statement::prepare(handle, "INSERT INTO totals VALUES(?1, ?2, ?2, 0, 0, 0, 0, 0, ?3, 0, 0)");
    if (!fill.ok()) return fill.error();
    const std::string_view secret_bytes(reinterpret_cast<const char*>(secret.data()), secret.size());
    if (Status s = fill->bind(1, kFormat).bind(2, stored(first)).bind_blob(3, secret_bytes).run(); !s.ok())
        return s.error();
    if (Status s = span.prepare(); !s.ok()) return s.error();
    for (const Seal& seal : seals)
        if (Status s = span.insert(seal); !s.ok()) return s.error();
    if (Status s = span.commit(totals); !s.ok()) return s.error();
    return span;
}

Result<SpanFile> SpanFile::open(const std::string& path, const SpanFileOptions& options) {
    Result<sql::Connection> connection = open_span_connection(path, options, false);
    if (!connection.ok()) return std::move(connection).error();
    SpanFile span;
    span.connection_ = std::move(connection).value();
    Result<sql::Statement> tables = sql::Statement::prepare(
        span.connection_.get(), "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'totals'");
    if (!tables.ok()) return tables.error();
    const Result<bool> row = tables->step();
    if (!row.ok()) return row.error();
    if (tables->integer(0) == 0) return Error::make(ErrorCode::NotFound, path + " was never finished being made");
    tables->reset();
    if (Status s = span.upgrade(); !s.ok()) return s.error();
    if (Status s = span.prepare(); !s.ok()) return s.error();
    if (Status s = span.load(); !s.ok()) return s.error();
    return span;
}

Status SpanFile::upgrade() {
    Result<std::int64_t> format = format_of_span(connection_.get());
    if (!format.ok()) return format.error();
    if (*format == kFormat) return {};
    sqlite3* const handle = connection_.get();
    if (Status s = sql::execute(handle, "BEGIN IMMEDIATE"); !s.ok()) return s;
    Status upgraded = *format == 1 ? sql::execute(handle, kFromFormat1) : Status();
    if (upgraded.ok()) upgraded = sql::execute(handle, kFromFormat2);
    if (upgraded.ok()) upgraded = sql::execute(handle, "COMMIT");
    if (!upgraded.ok() && sqlite3_get_autocommit(handle) == 0) (void)sql::execute(handle, "ROLLBACK");
    return upgraded;
}

Status SpanFile::prepare() {
    const std::pair<sql::Statement*, const char*> statements[] = {
        {&begin_, "BEGIN IMMEDIATE"},
        {&commit_, "COMMIT"},
        {&rollback_, "ROLLBACK"},
        {&insert_event_, "INSERT INTO event VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"},
        {&insert_letter_,
         "INSERT OR IGNORE INTO dead_letter(id, project, received_at, source, item, reason, field, byte_offset, "
         "dialect,"
         " producer, event_id, raw_cut, raw) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"},
        {&insert_door_, "INSERT INTO source VALUES(?1, ?2, ?3, ?4)"},
        {&insert_seal_, "INSERT OR REPLACE INTO seal VALUES(?1, ?2, ?3, ?4)"},
        {&save_totals_,
         "UPDATE totals SET next_offset=?1, decoded=?2, accepted=?3, duplicate=?4, invalid=?5, next_dead_letter=?6,"
         " dead_letters_not_kept=?7, system=?8"},
        {&page_count_, "PRAGMA page_count"}};
    for (const auto& [statement, text] : statements) {
        Result<sql::Statement> prepared = sql::Statement::prepare(connection_.get(), text);
        if (!prepared.ok()) return prepared.error();
        *statement = std::move(prepared).value();
    }
    sqlite3_wal_hook(connection_.get(), note_log_pages, log_pages_.get());
    return {};
}

Status SpanFile::load() {
    Result<sql::Statement> read = sql::Statement::prepare(
        connection_.get(),
        "SELECT dead_letters_not_kept, first_offset, next_offset, decoded, accepted, duplicate, invalid, "
        "next_dead_letter, "
        "dedup_secret,"
        " coalesce((SELECT max(\"offset\") FROM event), 0), (SELECT received_at FROM event ORDER BY \"offset\" LIMIT 1)"
        " IS NOT NULL, (SELECT received_at FROM event ORDER BY \"offset\" LIMIT 1), system FROM totals");
    if (!read.ok()) return read.error();
    const Result<bool> row = read->step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error::make(ErrorCode::Corrupt, "the journal's totals are missing");
    first_ = unstored(read->integer(1));
    totals_.next = unstored(read->integer(2));
    totals_.counters = {unstored(read->integer(3)), unstored(read->integer(4)), unstored(read->integer(5)),
                        unstored(read->integer(6)), unstored(read->integer(0)), unstored(read->integer(12))};
    totals_.next_dead_letter = unstored(read->integer(7));
    const std::string_view secret = read->bytes(8);
    const Offset last = unstored(read->integer(9));
    if (secret.size() != secret_.size() || totals_.next != std::max(last + 1, first_))
        return Error::make(ErrorCode::Corrupt, "the journal's totals do not fit its events");
    std::memcpy(secret_.data(), secret.data(), secret_.size());
    if (read->integer(10) != 0) first_received_at_ = Timestamp{read->integer(11)};
    Result<sql::Statement> doors =
        sql::Statement::prepare(connection_.get(), "SELECT name, dialect, sender, id FROM source ORDER BY id");
    if (!doors.ok()) return doors.error();
    for (;;) {
        const Result<bool> door = doors->step();
        if (!door.ok()) return door.error();
        if (!door.value()) break;
        const std::uint32_t number =
            doors_.add({std::string(doors->bytes(0)), dialect_from(doors->bytes(1)).value_or(Dialect::Generic),
                        std::string(doors->bytes(2))});
        if (doors->integer(3) != number) return Error::make(ErrorCode::Corrupt, "the journal's sources have gaps");
    }
    doors_committed_ = doors_.size();
    return {};
}

Status SpanFile::begin() {
    return begin_.run();
}

Result<std::uint32_t> SpanFile::door_number(std::string_view source, Dialect dialect, std::string_view sender) {
    if (const std::uint32_t known = doors_.find(source, dialect, sender); known != 0) return known;
    if (doors_.size() >= DoorNames::kMostNamed && !sender.empty()) return door_number(source, dialect, {});
    if (doors_.size() >= DoorNames::kMost) return std::uint32_t{0};
    const std::uint32_t number = doors_.add({std::string(source), dialect, std::string(sender)});
    Status inserted =
        insert_door_.bind(1, number).bind_text(2, source).bind_text(3, to_string(dialect)).bind_text(4, sender).run();
    if (!inserted.ok()) return inserted.error();
    return number;
}

Status SpanFile::insert(Offset offset, const std::string& project, const EventView& event, std::uint32_t door) {
    const std::int64_t flags = std::int64_t{door} << kDoorShift | (event.id_from_door ? 1 : 0) |
                               (event.time_from_door ? 2 : 0) | (event.bot ? 4 : 0) | (event.off_schema ? 8 : 0);
    if (!first_received_at_) first_received_at_ = event.received_at;
    return insert_event_.bind(1, stored(offset))
        .bind_text(2, project)
        .bind_text(3, event.event_id)
        .bind(4, event.received_at.micros)
        .bind(5, flags)
        .bind(6, event.occurred_at.micros)
        .bind(7, event.schema_version)
        .bind_text(8, event.event_type)
        .bind_text(9, event.user_id)
        .bind_text(10, event.session_id)
        .bind_text(11, event.page_url)
        .bind_text(12, event.props)
        .run();
}

Status SpanFile::insert(const DeadLetter& letter) {
    return insert_letter_.bind(1, stored(letter.id))
        .bind_text(2, letter.project)
        .bind(3, letter.received_at.micros)
        .bind_text(4, letter.source)
        .bind(5, letter.item)
        .bind_text(6, letter.reason)
        .bind_text(7, letter.field)
        .bind(8, stored(letter.offset))
        .bind_text(9, to_string(letter.dialect))
        .bind_text(10, letter.producer)
        .bind_text(11, letter.event_id)
        .bind(12, letter.raw_cut ? 1 : 0)
        .bind_blob(13, letter.raw)
        .run();
}

Status SpanFile::insert(const Seal& seal) {
    return insert_seal_.bind(1, stored(seal.first))
        .bind(2, stored(seal.last))
        .bind(3, stored(seal.events))
        .bind_blob(4, seal.sha256)
        .run();
}

Status SpanFile::commit(const SpanTotals& totals) {
    Status saved = save_totals_.bind(1, stored(totals.next))
                       .bind(2, stored(totals.counters.decoded))
                       .bind(3, stored(totals.counters.accepted))
                       .bind(4, stored(totals.counters.duplicate))
                       .bind(5, stored(totals.counters.invalid))
                       .bind(6, stored(totals.next_dead_letter))
                       .bind(7, stored(totals.counters.dead_letters_not_kept))
                       .bind(8, stored(totals.counters.system))
                       .run();
    if (!saved.ok()) return saved;
    if (Status s = commit_.run(); !s.ok()) return s;
    totals_ = totals;
    doors_committed_ = doors_.size();
    return {};
}

void SpanFile::rollback() {
    // Some errors roll back by themselves; rolling back again would only be another error.
    if (sqlite3_get_autocommit(connection_.get()) == 0) (void)rollback_.run();
    doors_.shrink(doors_committed_);
    if (totals_.next == first_) first_received_at_.reset();
}

Result<std::vector<Seal>> SpanFile::seals() {
    Result<sql::Statement> read = sql::Statement::prepare(
        connection_.get(), "SELECT first_offset, last_offset, events, sha256 FROM seal ORDER BY first_offset");
    if (!read.ok()) return read.error();
    std::vector<Seal> out;
    for (;;) {
        const Result<bool> row = read->step();
        if (!row.ok()) return row.error();
        if (!row.value()) return out;
        out.push_back({unstored(read->integer(0)), unstored(read->integer(1)), unstored(read->integer(2)),
                       std::string(read->bytes(3))});
    }
}

std::uint64_t SpanFile::size_bytes() {
    const Result<bool> row = page_count_.step();
    const std::uint64_t pages = row.ok() && row.value() ? unstored(page_count_.integer(0)) : 0;
    page_count_.reset();
    return pages * 4096;
}

bool SpanFile::restart_log(std::chrono::milliseconds patience) {
    sqlite3_busy_timeout(connection_.get(), static_cast<int>(patience.count()));
    const bool restarted = checkpoint(SQLITE_CHECKPOINT_RESTART);
    sqlite3_busy_timeout(connection_.get(), 0);
    return restarted;
}
bool SpanFile::empty_log() {
    return checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
}

bool SpanFile::checkpoint(int mode) {
    if (sqlite3_wal_checkpoint_v2(connection_.get(), "main", mode, nullptr, nullptr) != SQLITE_OK) return false;
    *log_pages_ = 0;
    return true;
}

}  // namespace streamgauge
