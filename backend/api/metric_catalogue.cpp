// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/metric_catalogue.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "api/metric_codec.h"

namespace streamgauge::api {
namespace {

constexpr std::int64_t kLayout = 1;
constexpr std::array<std::string_view, 4> kStates{"active", "filling", "replaced", "removed"};

Error corrupt(std::string what) {
    Error error = Error::make(ErrorCode::Corrupt, std::move(what));
    error.hint = "move the catalogue of metrics away and declare them anew";
    return error;
}

Result<std::int64_t> layout_of(sqlite3* connection) {
    auto asked = sql::Statement::prepare(connection, "PRAGMA user_version");
    if (!asked) return asked.error();
    const Result<bool> row = asked->step();
    if (!row) return row.error();
    return asked->integer(0);
}

Result<std::vector<CatalogueEntry>> read_entries(sqlite3* connection) {
    auto rows = sql::Statement::prepare(
        connection,
        "SELECT id, state, from_file, defined_at, complete_from, definition FROM metrics WHERE state != 'removed'"
        " ORDER BY id");
    if (!rows) return rows.error();
    std::vector<CatalogueEntry> entries;
    for (;;) {
        const Result<bool> more = rows->step();
        if (!more) return more.error();
        if (!*more) return entries;
        CatalogueEntry entry;
        Result<MetricDefinition> definition = read_definition(rows->bytes(5));
        const auto state = std::find(kStates.begin(), kStates.end(), rows->bytes(1));
        if (!definition || state == kStates.end())
            return corrupt("the metric " + std::to_string(rows->integer(0)) + " in the catalogue cannot be read" +
                           (definition ? std::string() : ": " + definition.error().describe()));
        entry.definition = std::move(definition).value();
        entry.definition.id = static_cast<MetricId>(rows->integer(0));
        entry.state = static_cast<MetricState>(state - kStates.begin());
        entry.from_file = rows->integer(2) != 0;
        entry.defined_at = {rows->integer(3)};
        if (!rows->is_null(4)) entry.complete_from = Timestamp{rows->integer(4)};
        entries.push_back(std::move(entry));
    }
}

}  // namespace

std::string_view to_string(MetricState state) {
    return kStates[static_cast<std::size_t>(state)];
}

Result<std::unique_ptr<MetricCatalogue>> MetricCatalogue::open(const std::string& path) {
    Result<sql::Connection> connection = sql::open(path, true);
    if (!connection) return connection.error();
    std::unique_ptr<MetricCatalogue> catalogue(new MetricCatalogue(std::move(connection).value()));
    if (Status loaded = catalogue->load(); !loaded) return loaded.error();
    return catalogue;
}

Status MetricCatalogue::load() {
    const Result<std::int64_t> layout = layout_of(connection_.get());
    if (!layout) return layout.error();
    if (*layout > kLayout) return corrupt("the catalogue of metrics is of a newer version");
    if (Status made = sql::execute(connection_.get(),
                                   "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                   "BEGIN IMMEDIATE;"
                                   "CREATE TABLE IF NOT EXISTS metrics(id INTEGER PRIMARY KEY, state TEXT NOT NULL,"
                                   " from_file INTEGER NOT NULL, defined_at INTEGER NOT NULL, complete_from INTEGER,"
                                   " definition TEXT NOT NULL);"
                                   "CREATE TABLE IF NOT EXISTS ids(next INTEGER NOT NULL);"
                                   "PRAGMA user_version=1;"
                                   "COMMIT");
        !made)
        return made;
    Result<std::vector<CatalogueEntry>> entries = read_entries(connection_.get());
    if (!entries) return entries.error();
    entries_ = std::move(entries).value();
    auto ids = sql::Statement::prepare(connection_.get(), "SELECT max(next) FROM ids");
    if (!ids) return ids.error();
    const Result<bool> row = ids->step();
    if (!row) return row.error();
    next_id_ = std::max(kFirstUserMetric, static_cast<MetricId>(ids->integer(0)));
    return {};
}

Status MetricCatalogue::write(const std::vector<CatalogueEntry>& changed, MetricId next_id) {
    auto row = sql::Statement::prepare(connection_.get(), "INSERT OR REPLACE INTO metrics VALUES(?, ?, ?, ?, ?, ?)");
    if (!row) return row.error();
    for (const CatalogueEntry& entry : changed) {
        const std::string definition = write_definition(entry.definition);
        row->bind(1, entry.definition.id).bind_text(2, to_string(entry.state)).bind(3, entry.from_file ? 1 : 0);
        row->bind(4, entry.defined_at.micros).bind_text(6, definition);
        if (entry.complete_from) {
            row->bind(5, entry.complete_from->micros);
        } else {
            row->bind_null(5);
        }
        if (Status done = row->run(); !done) return done;
    }
    auto ids = sql::Statement::prepare(connection_.get(), "INSERT OR REPLACE INTO ids(rowid, next) VALUES(1, ?)");
    if (!ids) return ids.error();
    return ids->bind(1, next_id).run();
}

Status MetricCatalogue::put(const std::vector<CatalogueEntry>& changed) {
    MetricId next_id = next_id_;
    for (const CatalogueEntry& entry : changed) next_id = std::max(next_id, entry.definition.id + 1);
    if (Status begun = sql::execute(connection_.get(), "BEGIN IMMEDIATE"); !begun) return begun;
    Status done = write(changed, next_id);
    if (done) done = sql::execute(connection_.get(), "COMMIT");
    if (!done) {
        static_cast<void>(sql::execute(connection_.get(), "ROLLBACK"));
        return done;
    }
    next_id_ = next_id;
    for (const CatalogueEntry& entry : changed) {
        const auto at =
            std::lower_bound(entries_.begin(), entries_.end(), entry.definition.id,
                             [](const CatalogueEntry& known, MetricId id) { return known.definition.id < id; });
        const bool known = at != entries_.end() && at->definition.id == entry.definition.id;
        if (entry.state == MetricState::Removed) {
            if (known) entries_.erase(at);
        } else if (known) {
            *at = entry;
        } else {
            entries_.insert(at, entry);
        }
    }
    return {};
}

Result<std::vector<CatalogueEntry>> read_metric_catalogue(const std::string& path) {
    std::error_code failed;
    if (!std::filesystem::exists(path, failed)) return std::vector<CatalogueEntry>();
    Result<sql::Connection> connection = sql::open(path, false);
    if (!connection) return connection.error();
    const Result<std::int64_t> layout = layout_of(connection->get());
    if (!layout) return layout.error();
    if (*layout != kLayout) return corrupt("the catalogue of metrics is of another version");
    return read_entries(connection->get());
}

}  // namespace streamgauge::api
