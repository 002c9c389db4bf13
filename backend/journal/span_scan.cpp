// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/span_scan.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "base/limits.h"
#include "base/sqlite.h"
#include "journal/journal.h"
#include "journal/table_pages.h"

namespace streamgauge {
namespace {

constexpr int kBusyMillis = 10'000;          // a checkpoint that restarts the log, or recovery by another connection
constexpr std::size_t kIdleConnections = 8;  // of one question: two threads need no more than two spans each
constexpr std::int64_t kAheadMicros =
    std::chrono::microseconds(limits::kFutureTolerance + std::chrono::hours(1)).count();

std::int64_t stored(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

struct NamedColumn {
    unsigned bit;
    const char* name;
};
// In the order of the table: SQLite reads a row up to the last column that is asked for.
constexpr std::array<NamedColumn, 9> kColumns{{{column::kEventId, "event_id"},
                                               {column::kReceivedAt, "received_at"},
                                               {column::kFlags, "flags"},
                                               {column::kSchemaVersion, "schema_version"},
                                               {column::kEventType, "event_type"},
                                               {column::kUserId, "user_id"},
                                               {column::kSessionId, "session_id"},
                                               {column::kPageUrl, "page_url"},
                                               {column::kProps, "props"}}};
constexpr int kFirstColumn = 2;  // after occurred_at and project

unsigned columns_of(const ScanRequest& request) {
    return request.columns | (request.activity ? column::kReceivedAt : 0U);
}

std::string_view bytes_of(sqlite3_value* value) {
    const void* const data = sqlite3_value_blob(value);
    if (data == nullptr) return {};
    return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

void set_flags(EventView& event, std::int64_t flags) {
    event.id_from_door = (flags & 1) != 0;
    event.time_from_door = (flags & 2) != 0;
    event.bot = (flags & 4) != 0;
    event.off_schema = (flags & 8) != 0;
}

// Which argument of the function below each column is.
class RowReader {
public:
    explicit RowReader(unsigned columns) {
        at_.fill(-1);
        int next = kFirstColumn;
        for (std::size_t i = 0; i < kColumns.size(); ++i)
            if ((columns & kColumns[i].bit) != 0) at_[i] = next++;
    }
    void fill(sqlite3_value** row, EventView& event) const {
        if (at_[0] >= 0) event.event_id = bytes_of(row[at_[0]]);
        if (at_[1] >= 0) event.received_at = {received_at(row)};
        if (at_[2] >= 0) set_flags(event, sqlite3_value_int64(row[at_[2]]));
        if (at_[3] >= 0) event.schema_version = sqlite3_value_int(row[at_[3]]);
        if (at_[4] >= 0) event.event_type = bytes_of(row[at_[4]]);
        if (at_[5] >= 0) event.user_id = bytes_of(row[at_[5]]);
        if (at_[6] >= 0) event.session_id = bytes_of(row[at_[6]]);
        if (at_[7] >= 0) event.page_url = bytes_of(row[at_[7]]);
        if (at_[8] >= 0) event.props = bytes_of(row[at_[8]]);
    }
    std::int64_t received_at(sqlite3_value** row) const { return sqlite3_value_int64(row[at_[1]]); }

private:
    std::array<int, kColumns.size()> at_{};
};

// One piece on its way through SQLite.
struct Passage {
    explicit Passage(unsigned columns) : reader(columns) {}
    const RowReader reader;
    const ScanRequest* request = nullptr;
    EventVisitor* visitor = nullptr;
    const std::atomic<bool>* stop = nullptr;
    Offset first = 0, next = 0;
    ScanZones::Zone zone;
    bool stopped = false;
};

// What of an event decides whether it is shown. False: leave.
template <class Row>
bool show(Passage& passage, const Row& row) {
    const Offset offset = passage.next++;
    if (passage.stop->load(std::memory_order_relaxed)) {  // what a visitor does with a row may take a while
        passage.stopped = true;
        return false;
    }
    const ScanRequest& request = *passage.request;
    EventView event;
    event.occurred_at = {row.occurred_at()};
    std::int64_t time = event.occurred_at.micros;
    if (request.activity) time = std::min(time, row.received_at());
    passage.zone.first = std::min(passage.zone.first, time);
    passage.zone.last = std::max(passage.zone.last, time);
    if (time < request.from_micros || time >= request.to_micros) return true;
    const std::string_view project = row.project();
    if (request.project.empty() ? project == kSystemProject : project != request.project) return true;
    row.fill(event);
    passage.visitor->visit(offset, project, event);
    return true;
}

// ---- by SQL: a function that is shown rows and takes none of them. A statement that filters by it never returns a
// row, which saves going in and out of SQLite for each.
struct SqlRow {
    const RowReader& reader;
    sqlite3_value** row;
    std::int64_t occurred_at() const { return sqlite3_value_int64(row[0]); }
    std::int64_t received_at() const { return reader.received_at(row); }
    std::string_view project() const { return bytes_of(row[1]); }
    void fill(EventView& event) const { reader.fill(row, event); }
};

void show_row(sqlite3_context* context, int, sqlite3_value** row) {
    auto& passage = *static_cast<Passage*>(sqlite3_user_data(context));
    if (show(passage, SqlRow{passage.reader, row})) {
        sqlite3_result_int(context, 0);
    } else {
        sqlite3_result_error_code(context, SQLITE_INTERRUPT);
    }
}

// ---- by pages: of files that hold all that is committed.
constexpr std::size_t kTableColumns = 12;
enum At : std::size_t {  // in the table
    kProjectAt = 1,
    kEventIdAt,
    kReceivedAtAt,
    kFlagsAt,
    kOccurredAtAt,
    kSchemaVersionAt,
    kEventTypeAt,
    kUserIdAt,
    kSessionIdAt,
    kPageUrlAt,
    kPropsAt
};
constexpr std::array<std::string_view, kTableColumns> kTableNames{
    "offset",         "project",    "event_id", "received_at", "flags",    "occurred_at",
    "schema_version", "event_type", "user_id",  "session_id",  "page_url", "props"};

struct PageRow {
    const StoredRow& row;
    unsigned columns;
    std::int64_t occurred_at() const { return row.integer(kOccurredAtAt); }
    std::int64_t received_at() const { return row.integer(kReceivedAtAt); }
    std::string_view project() const { return row.bytes(kProjectAt); }
    void fill(EventView& event) const {
        if ((columns & column::kEventId) != 0) event.event_id = row.bytes(kEventIdAt);
        if ((columns & column::kReceivedAt) != 0) event.received_at = {received_at()};
        if ((columns & column::kFlags) != 0) set_flags(event, row.integer(kFlagsAt));
        if ((columns & column::kSchemaVersion) != 0)
            event.schema_version = static_cast<int>(row.integer(kSchemaVersionAt));
        if ((columns & column::kEventType) != 0) event.event_type = row.bytes(kEventTypeAt);
        if ((columns & column::kUserId) != 0) event.user_id = row.bytes(kUserIdAt);
        if ((columns & column::kSessionId) != 0) event.session_id = row.bytes(kSessionIdAt);
        if ((columns & column::kPageUrl) != 0) event.page_url = row.bytes(kPageUrlAt);
        if ((columns & column::kProps) != 0) event.props = row.bytes(kPropsAt);
    }
};

class PagesPassage final : public TablePages::Visitor {
public:
    PagesPassage(Passage& passage, unsigned columns) : passage_(passage), columns_(columns) {}
    bool visit(std::int64_t rowid, const StoredRow& row) override {
        if (static_cast<Offset>(rowid) != passage_.next) return false;  // one is missing: the caller sees it
        return show(passage_, PageRow{row, columns_});
    }

private:
    Passage& passage_;
    const unsigned columns_;
};

// The table is as this file knows it: others are read by SQL.
bool is_known_table(sqlite3* db) {
    auto names = sql::Statement::prepare(db, "SELECT name FROM pragma_table_info('event') ORDER BY cid");
    if (!names.ok()) return false;
    std::size_t at = 0;
    for (;; ++at) {
        const Result<bool> row = names->step();
        if (!row.ok()) return false;
        if (!*row) return at == kTableNames.size();
        if (at == kTableNames.size() || names->bytes(0) != kTableNames[at]) return false;
    }
}

}  // namespace

// ---- zones ---------------------------------------------------------------------------------------------------------

void ScanZones::put(Offset piece, bool activity, Zone zone) {
    const std::lock_guard lock(mutex_);
    zones_[activity ? 1 : 0][piece] = zone;
}

std::optional<ScanZones::Zone> ScanZones::find(Offset piece, bool activity) const {
    const std::lock_guard lock(mutex_);
    const auto found = zones_[activity ? 1 : 0].find(piece);
    return found == zones_[activity ? 1 : 0].end() ? std::nullopt : std::optional(found->second);
}

void ScanZones::forget_before(Offset first) {
    const std::lock_guard lock(mutex_);
    for (auto& zones : zones_) std::erase_if(zones, [first](const auto& zone) { return zone.first < first; });
}

// ---- connections ---------------------------------------------------------------------------------------------------

struct SpanScan::Handle {
    Handle(Offset of_file, unsigned of_columns) : file(of_file), columns(of_columns), passage(of_columns) {}
    const Offset file;
    const unsigned columns;
    Passage passage;
    sql::Connection connection;
    sql::Statement rows;
    std::optional<TablePages> pages;  // where the table is as we know it
    sql::Statement hold;              // a read transaction lasts as long as its row
    std::string log;                  // the write-ahead log's path
};

SpanScan::SpanScan(std::string directory, SpanFileOptions options, const SpanList& spans, SpanReader& reader,
                   ScanZones& zones)
    : directory_(std::move(directory)), options_(std::move(options)), spans_(spans), reader_(reader), zones_(zones) {}
SpanScan::~SpanScan() = default;

Result<std::unique_ptr<SpanScan::Handle>> SpanScan::take(Offset file, const ScanRequest& request) {
    const unsigned columns = columns_of(request);
    {
        const std::lock_guard lock(mutex_);
        const auto found = std::find_if(idle_.begin(), idle_.end(),
                                        [&](const auto& h) { return h->file == file && h->columns == columns; });
        if (found != idle_.end()) {
            std::unique_ptr<Handle> handle = std::move(*found);
            idle_.erase(found);
            return handle;
        }
    }
    Result<sql::Connection> connection = sql::open(directory_ + "/" + SpanFile::name(file), false, options_.vfs);
    if (!connection.ok()) return std::move(connection).error();
    auto handle = std::make_unique<Handle>(file, columns);
    handle->connection = std::move(connection).value();
    sqlite3* const db = handle->connection.get();
    sqlite3_busy_timeout(db, kBusyMillis);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    if (Status s = sql::execute(db, "PRAGMA query_only=1; PRAGMA cache_size=-512"); !s.ok()) return s.error();
    if (const Result<std::int64_t> format = format_of_span(db); !format.ok()) return format.error();
    if (sqlite3_create_function_v2(db, "show_row", -1, SQLITE_UTF8 | SQLITE_DIRECTONLY, &handle->passage, show_row,
                                   nullptr, nullptr, nullptr) != SQLITE_OK)
        return sql::error_of(db, "show_row");
    std::string text =
        R"(SELECT 1 FROM event WHERE "offset" >= ?1 AND "offset" < ?2 AND show_row(occurred_at, project)";
    for (const NamedColumn& c : kColumns)
        if ((columns & c.bit) != 0) text.append(", ").append(c.name);
    text += R"() ORDER BY "offset")";
    Result<sql::Statement> rows = sql::Statement::prepare(db, text);
    if (!rows.ok()) return rows.error();
    handle->rows = std::move(rows).value();
    // A test's own file system is asked in SQLite's ways only.
    if (options_.vfs.empty() && is_known_table(db)) {
        Result<TablePages> pages = TablePages::open(db, "event", kTableColumns);
        Result<sql::Statement> hold = sql::Statement::prepare(db, R"(SELECT "offset" FROM event LIMIT 1)");
        if (pages.ok() && hold.ok()) {
            handle->pages = std::move(pages).value();
            handle->hold = std::move(hold).value();
            handle->log = directory_ + "/" + SpanFile::name(file) + "-wal";
        }
    }
    return handle;
}

void SpanScan::give_back(std::unique_ptr<Handle> handle) {
    handle->rows.reset();  // holds no lock
    const std::lock_guard lock(mutex_);
    if (idle_.size() >= kIdleConnections) idle_.erase(idle_.begin());
    idle_.push_back(std::move(handle));
}

// ---- reading -------------------------------------------------------------------------------------------------------

// By bisection: received_at rises with the offset but for jitter, which the caller has made allowance for.
Offset SpanScan::first_received(std::int64_t micros, Offset end) {
    Offset low = spans_.begin(), high = end;
    while (low < high) {
        const Offset middle = low + (high - low) / 2;
        const Result<Timestamp> at = reader_.received_at(spans_.span_of(middle), middle);
        if (!at.ok()) return spans_.begin();  // retention was quicker: everything will do
        if (at->micros < micros)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

Result<std::vector<ScanPiece>> SpanScan::pieces(const ScanRequest& request, Offset end) {
    std::vector<ScanPiece> out;
    zones_.forget_before(spans_.begin());
    const std::vector<Offset> files = spans_.all();
    Offset oldest = files.empty() ? end : files.front();
    if (request.from_micros > std::numeric_limits<std::int64_t>::min() + kAheadMicros)
        oldest = std::max(oldest, first_received(request.from_micros - kAheadMicros, end));
    for (std::size_t i = 0; i < files.size(); ++i) {
        const bool finished = i + 1 < files.size() && files[i + 1] <= end;
        const Offset file_end = finished ? files[i + 1] : end;
        for (Offset at = files[i]; at < file_end;) {
            const Offset edge = (at / kScanPieceEvents + 1) * kScanPieceEvents;
            const ScanPiece piece{at, std::min(edge, file_end), files[i], finished || edge <= file_end};
            at = piece.to;
            if (piece.to <= oldest) continue;
            const auto zone = piece.whole ? zones_.find(piece.from, request.activity) : std::nullopt;
            if (zone && (zone->last < request.from_micros || zone->first >= request.to_micros)) continue;
            out.push_back(piece);
        }
    }
    return out;
}

Status SpanScan::show_all(Handle& handle, const ScanPiece& piece) {
    if (handle.pages) {
        const Result<bool> held = handle.hold.step();
        struct stat log {};
        const bool all_in_file =
            held.ok() && *held && (::stat(handle.log.c_str(), &log) == 0 ? log.st_size == 0 : errno == ENOENT);
        if (all_in_file) {
            PagesPassage passage(handle.passage, handle.columns);
            const Status shown = handle.pages->visit(stored(piece.from), stored(piece.to), passage);
            handle.hold.reset();
            return shown;
        }
        handle.hold.reset();
    }
    return handle.rows.bind(1, stored(piece.from)).bind(2, stored(piece.to)).run();
}

Result<bool> SpanScan::visit(const ScanPiece& piece, const ScanRequest& request, EventVisitor& visitor,
                             const std::atomic<bool>& stop) {
    const auto gone = [&] { return piece.file < spans_.begin(); };
    Result<std::unique_ptr<Handle>> taken = take(piece.file, request);
    if (!taken.ok()) {
        if (gone()) return false;
        return std::move(taken).error();
    }
    std::unique_ptr<Handle> handle = std::move(taken).value();
    Passage& passage = handle->passage;
    passage.request = &request;
    passage.visitor = &visitor;
    passage.stop = &stop;
    passage.first = passage.next = piece.from;
    passage.zone = {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()};
    passage.stopped = false;
    const Status shown = show_all(*handle, piece);
    if (passage.stopped) return Error::make(ErrorCode::Cancelled, "the question was given up");
    if (!shown.ok()) return shown.error();
    // Offsets are unique: so many in the range are all of them, in order.
    if (passage.next != piece.to)
        return Error::make(ErrorCode::Corrupt, "the journal lacks an event before " + std::to_string(piece.to));
    const ScanZones::Zone zone = passage.zone;
    if (piece.whole) zones_.put(piece.from, request.activity, zone);
    give_back(std::move(handle));
    return true;
}

}  // namespace streamgauge
