// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/span_scan.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/limits.h"
#include "journal/journal.h"

namespace streamgauge {
namespace {

constexpr int kBusyMillis = 10'000;          // a checkpoint that restarts the log, or recovery by another connection
constexpr std::size_t kIdleConnections = 8;  // of one question: two threads need no more than two spans each
constexpr std::uint64_t kRowsBetweenLooks = 256;  // at `stop`; of 32 KiB each some 8 MiB
// How far ahead of its arrival an event can be dated, and what a clock may have been set back by.
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
        if (at_[2] >= 0) {
            const std::int64_t flags = sqlite3_value_int64(row[at_[2]]);
            event.id_from_door = (flags & 1) != 0;
            event.time_from_door = (flags & 2) != 0;
            event.bot = (flags & 4) != 0;
            event.off_schema = (flags & 8) != 0;
        }
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

// The SQL function that shows rows to a visitor, and takes none of them: a statement that filters by it never returns a
// row, which saves going in and out of SQLite for each: half of all the time.
void show_row(sqlite3_context* context, int, sqlite3_value** row) {
    auto& passage = *static_cast<Passage*>(sqlite3_user_data(context));
    const Offset offset = passage.next++;
    if ((offset - passage.first) % kRowsBetweenLooks == 0 && passage.stop->load(std::memory_order_relaxed)) {
        passage.stopped = true;
        sqlite3_result_error_code(context, SQLITE_INTERRUPT);
        return;
    }
    sqlite3_result_int(context, 0);
    const ScanRequest& request = *passage.request;
    EventView event;
    event.occurred_at = {sqlite3_value_int64(row[0])};
    std::int64_t time = event.occurred_at.micros;
    if (request.activity) time = std::min(time, passage.reader.received_at(row));
    passage.zone.first = std::min(passage.zone.first, time);
    passage.zone.last = std::max(passage.zone.last, time);
    if (time < request.from_micros || time >= request.to_micros) return;
    const std::string_view project = bytes_of(row[1]);
    if (request.project.empty() ? project == kSystemProject : project != request.project) return;
    passage.reader.fill(row, event);
    passage.visitor->visit(offset, project, event);
}

}  // namespace

// ---- zones
// ----------------------------------------------------------------------------------------------------------

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

// ---- connections
// ----------------------------------------------------------------------------------------------------------

struct SpanScan::Handle {
    Handle(Offset of_file, unsigned of_columns) : file(of_file), columns(of_columns), passage(of_columns) {}
    const Offset file;
    const unsigned columns;
    Passage passage;
    sql::Connection connection;
    sql::Statement rows;
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
    return handle;
}

void SpanScan::give_back(std::unique_ptr<Handle> handle) {
    handle->rows.reset();  // holds no lock
    const std::lock_guard lock(mutex_);
    if (idle_.size() >= kIdleConnections) idle_.erase(idle_.begin());
    idle_.push_back(std::move(handle));
}

// ---- reading
// ----------------------------------------------------------------------------------------------------------

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
    const Status shown = handle->rows.bind(1, stored(piece.from)).bind(2, stored(piece.to)).run();
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
