// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/span_reader.h"

#include <sodium.h>
#include <sqlite3.h>

#include <algorithm>

namespace streamgauge {
namespace {

constexpr std::size_t kIdleConnections = 3;
constexpr std::size_t kRunBytes = 8 * 1024 * 1024;
constexpr int kBusyMillis = 10'000;  // a checkpoint that restarts the log, or recovery by another connection

std::int64_t stored(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}
std::uint64_t unstored(std::int64_t value) {
    return static_cast<std::uint64_t>(value);
}

// Feeds a value that cannot be confused with its neighbours: its length first.
void hash_bytes(crypto_hash_sha256_state& state, std::string_view bytes) {
    const std::uint64_t size = bytes.size();
    crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(&size), sizeof size);
    crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

void hash_integer(crypto_hash_sha256_state& state, std::int64_t value) {
    crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(&value), sizeof value);
}

constexpr const char* kLetters =
    "SELECT id, project, received_at, source, item, reason, field, byte_offset, raw, dialect, producer, event_id, "
    "raw_cut FROM dead_letter WHERE id > ?1 ORDER BY id LIMIT ?2";
// Spans that an older version finished stay as they are: they are only read, and then unlinked.
constexpr const char* kLettersOfFormat1 =
    "SELECT id, project, received_at, source, item, reason, field, byte_offset, raw, 'generic', '', '', 0 "
    "FROM dead_letter WHERE id > ?1 ORDER BY id LIMIT ?2";

EventView event_of(const sql::Statement& row) {
    EventView v;
    v.event_id = row.bytes(2);
    v.received_at = {row.integer(3)};
    v.id_from_door = (row.integer(4) & 1) != 0;
    v.time_from_door = (row.integer(4) & 2) != 0;
    v.bot = (row.integer(4) & 4) != 0;
    v.off_schema = (row.integer(4) & 8) != 0;
    v.occurred_at = {row.integer(5)};
    v.schema_version = static_cast<std::int32_t>(row.integer(6));
    v.event_type = row.bytes(7);
    v.user_id = row.bytes(8);
    v.session_id = row.bytes(9);
    v.page_url = row.bytes(10);
    v.props = row.bytes(11);
    return v;
}

}  // namespace

struct SpanReader::Handle {
    Offset span_first = 0;
    sql::Connection connection;
    sql::Statement events, ids, one, letter_ids, letters, place, door;
    bool has_doors = false;
};

// Gives the connection back at the end of a call, with its statements reset so that they hold no lock.
class SpanReader::Lease {
public:
    Lease(SpanReader& reader, std::unique_ptr<Handle> handle) : reader_(reader), handle_(std::move(handle)) {}
    ~Lease() {
        for (sql::Statement* s :
             {&handle_->events, &handle_->ids, &handle_->one, &handle_->letter_ids, &handle_->letters, &handle_->place})
            s->reset();
        if (handle_->has_doors) handle_->door.reset();
        reader_.give_back(std::move(handle_));
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Handle* operator->() { return handle_.get(); }

private:
    SpanReader& reader_;
    std::unique_ptr<Handle> handle_;
};

SpanReader::SpanReader(std::string directory, SpanFileOptions options)
    : directory_(std::move(directory)), options_(std::move(options)) {}
SpanReader::~SpanReader() = default;

Result<std::unique_ptr<SpanReader::Handle>> SpanReader::take(Offset span_first) {
    {
        const std::lock_guard lock(mutex_);
        const auto found =
            std::find_if(idle_.begin(), idle_.end(), [&](const auto& h) { return h->span_first == span_first; });
        if (found != idle_.end()) {
            std::unique_ptr<Handle> handle = std::move(*found);
            idle_.erase(found);
            return handle;
        }
    }
    Result<sql::Connection> connection = sql::open(directory_ + "/" + SpanFile::name(span_first), false, options_.vfs);
    if (!connection.ok()) return std::move(connection).error();
    auto handle = std::make_unique<Handle>();
    handle->span_first = span_first;
    handle->connection = std::move(connection).value();
    sqlite3* const db = handle->connection.get();
    sqlite3_busy_timeout(db, kBusyMillis);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    if (Status s = sql::execute(db, "PRAGMA query_only=1; PRAGMA cache_size=-512"); !s.ok()) return s.error();
    const Result<std::int64_t> format = format_of_span(db);
    if (!format.ok()) return format.error();
    const std::pair<sql::Statement*, const char*> statements[] = {
        {&handle->events, R"(SELECT * FROM event WHERE "offset" >= ?1 AND "offset" < ?2 ORDER BY "offset" LIMIT ?3)"},
        {&handle->ids,
         R"(SELECT "offset", project, event_id, received_at, flags FROM event WHERE "offset" >= ?1 AND "offset" < ?2
            ORDER BY "offset")"},
        {&handle->one, R"(SELECT received_at FROM event WHERE "offset" = ?1)"},
        {&handle->letter_ids, "SELECT id FROM dead_letter WHERE id > ?1 ORDER BY id LIMIT ?2"},
        {&handle->letters, *format == 1 ? kLettersOfFormat1 : kLetters},
        {&handle->place, R"(SELECT project, event_id, flags FROM event WHERE "offset" = ?1)"},
        {&handle->door, "SELECT name, dialect, sender FROM source WHERE id = ?1"}};
    handle->has_doors = *format >= 3;
    for (const auto& [statement, text] : statements) {
        if (statement == &handle->door && !handle->has_doors) continue;
        Result<sql::Statement> prepared = sql::Statement::prepare(db, text);
        if (!prepared.ok()) return prepared.error();
        *statement = std::move(prepared).value();
    }
    return handle;
}

void SpanReader::give_back(std::unique_ptr<Handle> handle) {
    const std::lock_guard lock(mutex_);
    if (handle->span_first < forgotten_before_) return;
    if (idle_.size() >= kIdleConnections) idle_.erase(idle_.begin());
    idle_.push_back(std::move(handle));
}

void SpanReader::forget_before(Offset first) {
    const std::lock_guard lock(mutex_);
    forgotten_before_ = first;
    std::erase_if(idle_, [&](const auto& h) { return h->span_first < first; });
}

Result<std::shared_ptr<const CommittedBatch>> SpanReader::read(Offset span_first, Offset from, Offset end,
                                                               std::size_t max_events) {
    Result<std::unique_ptr<Handle>> taken = take(span_first);
    if (!taken.ok()) return std::move(taken).error();
    Lease handle(*this, std::move(taken).value());
    sql::Statement& rows = handle->events;
    const std::size_t most = std::clamp<std::size_t>(max_events, 1, 1'000'000);
    rows.bind(1, stored(from)).bind(2, stored(end)).bind(3, static_cast<std::int64_t>(most));
    std::shared_ptr<CommittedBatch> run;
    for (;;) {
        const Result<bool> row = rows.step();
        if (!row.ok()) return row.error();
        if (!row.value()) break;
        if (!run) {
            run = std::make_shared<CommittedBatch>();
            run->first = unstored(rows.integer(0));
            run->batch = EventBatch(std::string(rows.bytes(1)));
        } else if (rows.bytes(1) != run->batch.project()) {
            break;
        }
        if (unstored(rows.integer(0)) != run->next())
            return Error::make(ErrorCode::Corrupt, "the journal lacks event " + std::to_string(run->next()));
        run->batch.add(event_of(rows));
        if (run->batch.text_bytes() > kRunBytes) break;
    }
    return std::shared_ptr<const CommittedBatch>(std::move(run));
}

Status SpanReader::visit_ids(Offset span_first, Offset from, Offset end, const IdVisitor& visit) {
    Result<std::unique_ptr<Handle>> taken = take(span_first);
    if (!taken.ok()) return taken.error();
    Lease handle(*this, std::move(taken).value());
    sql::Statement& rows = handle->ids;
    rows.bind(1, stored(from)).bind(2, stored(end));
    for (;;) {
        const Result<bool> row = rows.step();
        if (!row.ok()) return row.error();
        if (!row.value()) return {};
        const bool id_from_door = (rows.integer(4) & 1) != 0;
        if (Status s = visit(unstored(rows.integer(0)), rows.bytes(1), rows.bytes(2), {rows.integer(3)}, id_from_door);
            !s.ok())
            return s;
    }
}

Result<Timestamp> SpanReader::received_at(Offset span_first, Offset offset) {
    Result<std::unique_ptr<Handle>> taken = take(span_first);
    if (!taken.ok()) return std::move(taken).error();
    Lease handle(*this, std::move(taken).value());
    const Result<bool> row = handle->one.bind(1, stored(offset)).step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error::make(ErrorCode::NotFound, "no such event");
    return Timestamp{handle->one.integer(0)};
}

Result<SpanReader::Found> SpanReader::place(Offset span_first, Offset offset) {
    Result<std::unique_ptr<Handle>> taken = take(span_first);
    if (!taken.ok()) return std::move(taken).error();
    Lease handle(*this, std::move(taken).value());
    const Result<bool> row = handle->place.bind(1, stored(offset)).step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error::make(ErrorCode::NotFound, "no such event");
    Found found;
    found.place.offset = offset;
    found.place.project = handle->place.bytes(0);
    found.event_id = handle->place.bytes(1);
    const std::int64_t number = handle->place.integer(2) >> kDoorShift;
    if (number == 0 || !handle->has_doors) return found;
    const Result<bool> door = handle->door.bind(1, number).step();
    if (!door.ok()) return door.error();
    if (!door.value()) return Error::make(ErrorCode::Corrupt, "the journal lacks source " + std::to_string(number));
    found.place.source = handle->door.bytes(0);
    found.place.dialect = dialect_from(handle->door.bytes(1));
    found.place.sender = handle->door.bytes(2);
    return found;
}

Result<Seal> SpanReader::seal(Offset span_first) {
    Result<std::unique_ptr<Handle>> taken = take(span_first);
    if (!taken.ok()) return std::move(taken).error();
    Lease handle(*this, std::move(taken).value());
    sql::Statement& rows = handle->events;
    rows.bind(1, 0).bind(2, std::numeric_limits<std::int64_t>::max()).bind(3, -1);
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    Seal seal;
    seal.first = span_first;
    seal.last = span_first - 1;
    for (;;) {
        const Result<bool> row = rows.step();
        if (!row.ok()) return row.error();
        if (!row.value()) break;
        seal.last = unstored(rows.integer(0));
        ++seal.events;
        for (const int column : {0, 3, 4, 5, 6})
            hash_integer(state, column == 4 ? rows.integer(4) & kEventFlags : rows.integer(column));
        for (const int column : {1, 2, 7, 8, 9, 10, 11}) hash_bytes(state, rows.bytes(column));
    }
    seal.sha256.resize(crypto_hash_sha256_BYTES);
    crypto_hash_sha256_final(&state, reinterpret_cast<unsigned char*>(seal.sha256.data()));
    return seal;
}

Result<std::vector<std::uint64_t>> SpanReader::dead_letter_ids(Offset span_first, std::uint64_t after,
                                                               std::size_t most) {
    Result<std::unique_ptr<Handle>> taken = take(span_first);
    if (!taken.ok()) return std::move(taken).error();
    Lease handle(*this, std::move(taken).value());
    sql::Statement& rows = handle->letter_ids;
    rows.bind(1, stored(after)).bind(2, stored(most));
    std::vector<std::uint64_t> out;
    for (;;) {
        const Result<bool> row = rows.step();
        if (!row.ok()) return row.error();
        if (!row.value()) return out;
        out.push_back(unstored(rows.integer(0)));
    }
}

Result<std::vector<DeadLetter>> SpanReader::dead_letters(Offset span_first, std::uint64_t after, std::size_t most) {
    Result<std::unique_ptr<Handle>> taken = take(span_first);
    if (!taken.ok()) return std::move(taken).error();
    Lease handle(*this, std::move(taken).value());
    sql::Statement& rows = handle->letters;
    rows.bind(1, stored(after)).bind(2, stored(most));
    std::vector<DeadLetter> out;
    for (;;) {
        const Result<bool> row = rows.step();
        if (!row.ok()) return row.error();
        if (!row.value()) return out;
        DeadLetter d;
        d.id = unstored(rows.integer(0));
        d.project = rows.bytes(1);
        d.received_at = {rows.integer(2)};
        d.source = rows.bytes(3);
        d.item = static_cast<std::uint32_t>(rows.integer(4));
        d.reason = rows.bytes(5);
        d.field = rows.bytes(6);
        d.offset = unstored(rows.integer(7));
        d.raw = rows.bytes(8);
        d.dialect = dialect_from(rows.bytes(9)).value_or(Dialect::Generic);
        d.producer = rows.bytes(10);
        d.event_id = rows.bytes(11);
        d.raw_cut = rows.integer(12) != 0;
        out.push_back(std::move(d));
    }
}

}  // namespace streamgauge
