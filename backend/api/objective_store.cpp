// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/objective_store.h"

#include <algorithm>
#include <utility>

#include "api/objective_codec.h"

namespace streamgauge::api {
namespace {

constexpr std::int64_t kLayout = 1;
constexpr std::int64_t kSlicesRemovedAtOnce = 5'000;

Error corrupt(std::string what) {
    Error error = Error::make(ErrorCode::Corrupt, std::move(what));
    error.hint = "move objectives.db away and declare the objectives anew";
    return error;
}

Result<std::int64_t> one_integer(sqlite3* connection, std::string_view question) {
    auto asked = sql::Statement::prepare(connection, question);
    if (!asked) return asked.error();
    const Result<bool> row = asked->step();
    if (!row) return row.error();
    return *row ? asked->integer(0) : 0;
}

slo::AlertState state_of(std::int64_t number) {
    return static_cast<slo::AlertState>(
        std::clamp<std::int64_t>(number, 0, static_cast<std::int64_t>(slo::AlertState::NoData)));
}

}  // namespace

Result<std::unique_ptr<ObjectiveStore>> ObjectiveStore::open(const std::string& path) {
    Result<sql::Connection> connection = sql::open(path, true);
    if (!connection) return connection.error();
    std::unique_ptr<ObjectiveStore> store(new ObjectiveStore(std::move(connection).value()));
    if (Status prepared = store->prepare(); !prepared) return prepared.error();
    return store;
}

Result<std::unique_ptr<ObjectiveStore>> ObjectiveStore::open_reader(const std::string& path) {
    Result<sql::Connection> connection = sql::open(path, false);
    if (!connection) return connection.error();
    std::unique_ptr<ObjectiveStore> store(new ObjectiveStore(std::move(connection).value()));
    store->reader_ = true;
    if (Status read = store->read_routes(); !read) return read.error();
    return store;
}

Status ObjectiveStore::prepare() {
    sqlite3* const connection = connection_.get();
    const Result<std::int64_t> layout = one_integer(connection, "PRAGMA user_version");
    if (!layout) return layout.error();
    if (*layout > kLayout) return corrupt("the objectives are of a newer version");
    if (Status made = sql::execute(
            connection,
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "BEGIN IMMEDIATE;"
            "CREATE TABLE IF NOT EXISTS objectives(name TEXT PRIMARY KEY, built_in INTEGER NOT NULL,"
            " definition TEXT NOT NULL, states TEXT NOT NULL) WITHOUT ROWID;"
            "CREATE TABLE IF NOT EXISTS changes(name TEXT NOT NULL, at INTEGER NOT NULL, rule INTEGER NOT NULL,"
            " from_state INTEGER NOT NULL, to_state INTEGER NOT NULL, sentence TEXT NOT NULL, news INTEGER NOT NULL);"
            "CREATE INDEX IF NOT EXISTS changes_by_time ON changes(name, at);"
            "CREATE TABLE IF NOT EXISTS routes(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
            "CREATE TABLE IF NOT EXISTS slices(start INTEGER PRIMARY KEY, width INTEGER NOT NULL,"
            " figures BLOB NOT NULL);"
            "CREATE INDEX IF NOT EXISTS narrow ON slices(start) WHERE width < 60000000;"
            "CREATE TABLE IF NOT EXISTS seeded(version INTEGER NOT NULL);"
            "PRAGMA user_version=1;"
            "COMMIT");
        !made)
        return made;
    const Result<std::int64_t> seeded = one_integer(connection, "SELECT count(*) FROM seeded");
    if (!seeded) return seeded.error();
    fresh_ = *seeded == 0;
    return read_routes();
}

Status ObjectiveStore::read_routes() {
    auto rows = sql::Statement::prepare(connection_.get(), "SELECT id, name FROM routes");
    if (!rows) return rows.error();
    for (;;) {
        const Result<bool> more = rows->step();
        if (!more) return more.error();
        if (!*more) return {};
        const auto id = static_cast<std::uint64_t>(rows->integer(0));
        names_[id] = std::string(rows->bytes(1));
        ids_[names_[id]] = id;
    }
}

Status ObjectiveStore::in_transaction(const std::function<Status()>& work) {
    if (Status begun = sql::execute(connection_.get(), "BEGIN IMMEDIATE"); !begun) return begun;
    Status done = work();
    if (done) done = sql::execute(connection_.get(), "COMMIT");
    if (!done) {
        static_cast<void>(sql::execute(connection_.get(), "ROLLBACK"));
        ids_.clear();
        names_.clear();
        static_cast<void>(read_routes());  // some may not have been kept
    }
    return done;
}

Status ObjectiveStore::set_seeded() {
    fresh_ = false;
    return sql::execute(connection_.get(), "INSERT INTO seeded VALUES(1)");
}

Result<std::vector<KeptObjective>> ObjectiveStore::objectives() {
    auto rows = sql::Statement::prepare(connection_.get(),
                                        "SELECT name, built_in, definition, states FROM objectives ORDER BY name");
    if (!rows) return rows.error();
    std::vector<KeptObjective> all;
    for (;;) {
        const Result<bool> more = rows->step();
        if (!more) return more.error();
        if (!*more) return all;
        Result<slo::Objective> objective = read_objective(rows->bytes(2));
        Result<std::vector<slo::RuleState>> states = read_rule_states(rows->bytes(3));
        if (!objective || !states)
            return corrupt("the objective " + std::string(rows->bytes(0)) +
                           " cannot be read: " + (objective ? states.error() : objective.error()).describe());
        all.push_back({std::move(objective).value(), rows->integer(1) != 0, std::move(states).value()});
    }
}

Status ObjectiveStore::put(const KeptObjective& kept) {
    auto row = sql::Statement::prepare(connection_.get(), "INSERT OR REPLACE INTO objectives VALUES(?, ?, ?, ?)");
    if (!row) return row.error();
    const std::string definition = write_objective(kept.objective), states = write_rule_states(kept.states);
    row->bind_text(1, kept.objective.name).bind(2, kept.built_in ? 1 : 0).bind_text(3, definition);
    return row->bind_text(4, states).run();
}

Status ObjectiveStore::remove(const std::string& name) {
    return in_transaction([&]() -> Status {
        for (const char* text : {"DELETE FROM objectives WHERE name = ?", "DELETE FROM changes WHERE name = ?"}) {
            auto row = sql::Statement::prepare(connection_.get(), text);
            if (!row) return row.error();
            if (Status done = row->bind_text(1, name).run(); !done) return done;
        }
        return {};
    });
}

Status ObjectiveStore::put_states(const std::string& name, const std::vector<slo::RuleState>& states,
                                  const std::vector<slo::AlertChange>& changes) {
    return in_transaction([&]() -> Status {
        auto row = sql::Statement::prepare(connection_.get(), "UPDATE objectives SET states = ? WHERE name = ?");
        if (!row) return row.error();
        const std::string text = write_rule_states(states);
        if (Status done = row->bind_text(1, text).bind_text(2, name).run(); !done) return done;
        auto change = sql::Statement::prepare(connection_.get(), "INSERT INTO changes VALUES(?, ?, ?, ?, ?, ?, ?)");
        if (!change) return change.error();
        for (const slo::AlertChange& one : changes) {
            change->bind_text(1, name).bind(2, one.at.micros).bind(3, static_cast<std::int64_t>(one.rule));
            change->bind(4, static_cast<std::int64_t>(one.from)).bind(5, static_cast<std::int64_t>(one.to));
            change->bind_text(6, one.sentence).bind(7, static_cast<std::int64_t>(one.news));
            if (Status done = change->run(); !done) return done;
        }
        return {};
    });
}

Result<std::vector<slo::AlertChange>> ObjectiveStore::changes(const std::string& name, const query::TimeRange& range,
                                                              std::size_t limit) {
    auto rows =
        sql::Statement::prepare(connection_.get(),
                                "SELECT at, rule, from_state, to_state, sentence, news FROM changes WHERE name = ?"
                                " AND at >= ? AND at < ? ORDER BY at DESC, rowid DESC LIMIT ?");
    if (!rows) return rows.error();
    rows->bind_text(1, name).bind(2, range.from.micros).bind(3, range.to.micros);
    rows->bind(4, static_cast<std::int64_t>(limit));
    std::vector<slo::AlertChange> all;
    for (;;) {
        const Result<bool> more = rows->step();
        if (!more) return more.error();
        if (!*more) break;
        all.push_back({{rows->integer(0)},
                       static_cast<std::size_t>(rows->integer(1)),
                       state_of(rows->integer(2)),
                       state_of(rows->integer(3)),
                       std::string(rows->bytes(4)),
                       static_cast<slo::AlertNews>(std::clamp<std::int64_t>(rows->integer(5), 0, 3))});
    }
    std::reverse(all.begin(), all.end());
    return all;
}

Result<std::uint64_t> ObjectiveStore::route_id(const std::string& name) {
    if (const auto found = ids_.find(name); found != ids_.end()) return found->second;
    const std::uint64_t id = names_.empty() ? 0 : names_.rbegin()->first + 1;
    auto row = sql::Statement::prepare(connection_.get(), "INSERT INTO routes VALUES(?, ?)");
    if (!row) return row.error();
    if (Status done = row->bind(1, static_cast<std::int64_t>(id)).bind_text(2, name).run(); !done) return done.error();
    ids_[name] = id;
    names_[id] = name;
    return id;
}

Status ObjectiveStore::write_slice(Timestamp start, std::int64_t width_micros, const slo::SliceFigures& figures) {
    for (const auto& [name, requests] : figures.routes)
        if (const Result<std::uint64_t> id = route_id(name); !id) return id.error();
    const std::string bytes = slo::encode(figures, [this](const std::string& name) { return ids_.at(name); });
    auto row = sql::Statement::prepare(connection_.get(), "INSERT OR REPLACE INTO slices VALUES(?, ?, ?)");
    if (!row) return row.error();
    return row->bind(1, start.micros).bind(2, width_micros).bind_blob(3, bytes).run();
}

Status ObjectiveStore::put_slice(Timestamp start, std::int64_t width_micros, const slo::SliceFigures& figures) {
    return in_transaction([&] { return write_slice(start, width_micros, figures); });
}

Result<std::optional<slo::SliceFigures>> ObjectiveStore::slice(Timestamp start) {
    std::optional<slo::SliceFigures> found;
    const Status done = each_slice(start, start.plus_micros(1), [&](Timestamp, std::int64_t, slo::SliceFigures&& one) {
        found = std::move(one);
        return false;
    });
    if (!done) return done.error();
    return found;
}

Status ObjectiveStore::each_slice(Timestamp from, Timestamp to, const Take& take) {
    if (reader_)
        if (Status read = read_routes(); !read) return read;
    auto rows = sql::Statement::prepare(
        connection_.get(), "SELECT start, width, figures FROM slices WHERE start >= ? AND start < ? ORDER BY start");
    if (!rows) return rows.error();
    rows->bind(1, from.micros).bind(2, to.micros);
    for (;;) {
        const Result<bool> more = rows->step();
        if (!more) return more.error();
        if (!*more) return {};
        Result<slo::SliceFigures> figures = slo::decode_figures(rows->bytes(2), [this](std::uint64_t id) {
            const auto name = names_.find(id);
            return name == names_.end() ? nullptr : &name->second;
        });
        if (!figures) return figures.error();
        if (!take({rows->integer(0)}, rows->integer(1), std::move(figures).value())) return {};
    }
}

Result<std::vector<std::pair<Timestamp, slo::SliceFigures>>> ObjectiveStore::narrow_slices(Timestamp before,
                                                                                           std::size_t most) {
    std::vector<std::pair<Timestamp, slo::SliceFigures>> found;
    auto first = sql::Statement::prepare(
        connection_.get(), "SELECT start FROM slices WHERE width < 60000000 AND start < ? ORDER BY start LIMIT 1");
    if (!first) return first.error();
    const Result<bool> any = first->bind(1, before.micros).step();
    if (!any) return any.error();
    if (!*any) return found;
    const Timestamp from = floor_to({first->integer(0)}, kWideSliceMicros);
    first->reset();
    const Status read = each_slice(from, before, [&](Timestamp start, std::int64_t, slo::SliceFigures&& figures) {
        if (found.size() >= most && floor_to(start, kWideSliceMicros) != floor_to(found.back().first, kWideSliceMicros))
            return false;
        found.emplace_back(start, std::move(figures));
        return true;
    });
    if (!read) return read.error();
    return found;
}

Result<std::size_t> ObjectiveStore::widen(Timestamp before, std::size_t most) {
    const Timestamp end = floor_to(before, kWideSliceMicros);
    auto narrow = narrow_slices(end, most);
    if (!narrow) return narrow.error();
    if (narrow->empty()) return std::size_t{0};
    std::map<std::int64_t, slo::SliceFigures> wide;
    for (const auto& [start, figures] : *narrow) wide[floor_to(start, kWideSliceMicros).micros].merge(figures);
    const Status done = in_transaction([&]() -> Status {
        auto removed = sql::Statement::prepare(connection_.get(), "DELETE FROM slices WHERE start >= ? AND start <= ?");
        if (!removed) return removed.error();
        removed->bind(1, narrow->front().first.micros).bind(2, narrow->back().first.micros);
        if (Status gone = removed->run(); !gone) return gone;
        for (const auto& [start, figures] : wide)
            if (Status written = write_slice({start}, kWideSliceMicros, figures); !written) return written;
        return {};
    });
    if (!done) return done.error();
    return narrow->size();
}

Status ObjectiveStore::forget(Timestamp before, std::uint64_t most_bytes) {
    for (const char* text : {"DELETE FROM slices WHERE start < ?", "DELETE FROM changes WHERE at < ?"}) {
        auto row = sql::Statement::prepare(connection_.get(), text);
        if (!row) return row.error();
        if (Status done = row->bind(1, before.micros).run(); !done) return done;
    }
    for (;;) {
        const Result<std::uint64_t> held = bytes();
        if (!held) return held.error();
        if (*held <= most_bytes) return {};
        const Result<std::int64_t> left = one_integer(connection_.get(), "SELECT count(*) FROM slices");
        if (!left) return left.error();
        if (*left == 0) return {};
        auto row = sql::Statement::prepare(
            connection_.get(), "DELETE FROM slices WHERE start IN (SELECT start FROM slices ORDER BY start LIMIT ?)");
        if (!row) return row.error();
        if (Status done = row->bind(1, kSlicesRemovedAtOnce).run(); !done) return done;
    }
}

Result<std::uint64_t> ObjectiveStore::bytes() {
    std::uint64_t pages[3] = {};
    std::size_t at = 0;
    for (const char* question : {"PRAGMA page_count", "PRAGMA freelist_count", "PRAGMA page_size"}) {
        const Result<std::int64_t> answer = one_integer(connection_.get(), question);
        if (!answer) return answer.error();
        pages[at++] = static_cast<std::uint64_t>(*answer);
    }
    return (pages[0] - std::min(pages[0], pages[1])) * pages[2];
}

}  // namespace streamgauge::api
