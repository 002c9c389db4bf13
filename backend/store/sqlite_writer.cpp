// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/sqlite_writer.h"

#include <sqlite3.h>

#include <algorithm>

#include "metrics/gauge.h"
#include "metrics/set_state.h"
#include "metrics/string_map.h"
#include "store/sqlite_layout.h"

namespace streamgauge {
namespace {

constexpr std::int64_t kPieceOfCells = 20'000;  // rows removed in one transaction: some 20 ms
constexpr std::int64_t kPieceOfSets = 500;      // rows of up to some megabytes
constexpr std::int64_t kMostChunks = 64;        // of a set before they become one

// Integer overflow would turn SQLite's sum into a float: held at the ends, where it stays, as merge_cell() has it.
constexpr std::string_view kAdd = R"sql(
INSERT INTO cells (metric, tier, window, grp, value, count, late) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT DO UPDATE SET value = CASE
  WHEN value IN (9223372036854775807, -9223372036854775808) THEN value
  WHEN ?5 IN (9223372036854775807, -9223372036854775808) THEN ?5
  WHEN ?5 > 0 AND value > 9223372036854775807 - ?5 THEN 9223372036854775807
  WHEN ?5 < 0 AND value < -9223372036854775808 - ?5 THEN -9223372036854775808
  ELSE value + ?5 END, count = count + ?6, late = late + ?7
)sql";
constexpr std::string_view kLeast = R"sql(
INSERT INTO cells (metric, tier, window, grp, value, count, late) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT DO UPDATE SET value = CASE WHEN ?6 > 0 AND (count = 0 OR ?5 < value) THEN ?5 ELSE value END,
  count = count + ?6, late = late + ?7
)sql";
constexpr std::string_view kMost = R"sql(
INSERT INTO cells (metric, tier, window, grp, value, count, late) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT DO UPDATE SET value = CASE WHEN ?6 > 0 AND (count = 0 OR ?5 > value) THEN ?5 ELSE value END,
  count = count + ?6, late = late + ?7
)sql";
// What is written is later in the log than what is there.
constexpr std::string_view kLast = R"sql(
INSERT INTO cells (metric, tier, window, grp, value, count, late, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT DO UPDATE SET
  text = CASE WHEN ?6 > 0 AND (count = 0 OR ?5 >= value) THEN ?8 ELSE text END,
  value = CASE WHEN ?6 > 0 AND (count = 0 OR ?5 >= value) THEN ?5 ELSE value END,
  count = count + ?6, late = late + ?7
)sql";

// Windows that have a time: kNoWindow is the least integer.
#define STREAMGAUGE_EXPIRED "metric = ?1 AND tier = ?2 AND window > -9223372036854775808"

}  // namespace

Status SqliteResultWriter::prepare(sqlite3* connection) {
    connection_ = connection;
    if (Status s = packer_.prepare(connection); !s) return s;
    return store_layout::prepare(
        connection,
        {{&add_, kAdd},
         {&least_, kLeast},
         {&most_, kMost},
         {&last_, kLast},
         {&note_, "INSERT OR IGNORE INTO metrics VALUES (?1, 0, 0, 0)"},
         {&count_, "INSERT OR REPLACE INTO metrics (metric, late, too_late, not_numeric) VALUES (?1, ?2, ?3, ?4)"},

         {&set_size_,
          "SELECT count(*), max(seq), sum(late) FROM sets WHERE metric = ?1 AND tier = ?2 AND window = ?3 AND grp = "
          "?4"},
         {&set_chunks_,
          "SELECT data FROM sets WHERE metric = ?1 AND tier = ?2 AND window = ?3 AND grp = ?4 ORDER BY seq"},
         {&drop_set_, "DELETE FROM sets WHERE metric = ?1 AND tier = ?2 AND window = ?3 AND grp = ?4"},
         {&put_chunk_,
          "INSERT INTO sets (metric, tier, window, grp, seq, late, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
         {&late_chunk_,
          "UPDATE sets SET late = late + ?6 "
          "WHERE metric = ?1 AND tier = ?2 AND window = ?3 AND grp = ?4 AND seq = ?5"},

         {&put_expiry_,
          "INSERT INTO expiries (metric, tier, aggregate, before) VALUES (?1, ?2, ?3, ?4) "
          "ON CONFLICT DO UPDATE SET before = max(before, ?4)"},
         {&list_expiries_, "SELECT metric, tier, aggregate, before FROM expiries"},
         {&drop_expiry_, "DELETE FROM expiries WHERE metric = ?1 AND tier = ?2"},
         {&cell_border_, "SELECT window, grp FROM cells WHERE " STREAMGAUGE_EXPIRED
                         " AND window < ?3 ORDER BY window, grp LIMIT 1 OFFSET ?4"},
         {&drop_cells_, "DELETE FROM cells WHERE " STREAMGAUGE_EXPIRED " AND (window, grp) < (?3, ?4)"},
         {&old_cells_, "SELECT grp, value, count, late FROM cells WHERE " STREAMGAUGE_EXPIRED
                       " AND window < ?3 ORDER BY window, grp LIMIT ?4"},
         {&level_,
          "SELECT value, count, late FROM cells "
          "WHERE metric = ?1 AND tier = ?2 AND window = -9223372036854775808 AND grp = ?3"},
         {&put_level_,
          "INSERT OR REPLACE INTO cells (metric, tier, window, grp, value, count, late) "
          "VALUES (?1, ?2, -9223372036854775808, ?3, ?4, ?5, ?6)"},
         {&set_border_, "SELECT window, grp FROM sets WHERE " STREAMGAUGE_EXPIRED
                        " AND window < ?3 ORDER BY window, grp, seq LIMIT 1 OFFSET ?4"},
         {&drop_sets_, "DELETE FROM sets WHERE " STREAMGAUGE_EXPIRED " AND (window, grp) < (?3, ?4)"},

         {&put_removal_, "INSERT OR IGNORE INTO removals VALUES (?1)"},
         {&is_removed_, "SELECT 1 FROM removals WHERE metric = ?1"},
         {&list_removals_, "SELECT metric FROM removals"},
         {&drop_removal_, "DELETE FROM removals WHERE metric = ?1"},
         {&drop_metric_, "DELETE FROM metrics WHERE metric = ?1"},
         {&drop_backfill_, "DELETE FROM backfills WHERE metric = ?1"},
         {&drop_metric_expiries_, "DELETE FROM expiries WHERE metric = ?1"},
         {&metric_cell_border_,
          "SELECT tier, window, grp FROM cells WHERE metric = ?1 ORDER BY tier, window, grp LIMIT 1 OFFSET ?2"},
         {&drop_metric_cells_, "DELETE FROM cells WHERE metric = ?1 AND (tier, window, grp) < (?2, ?3, ?4)"},
         {&drop_all_cells_, "DELETE FROM cells WHERE metric = ?1"},
         {&metric_set_border_,
          "SELECT tier, window, grp FROM sets WHERE metric = ?1 ORDER BY tier, window, grp, seq LIMIT 1 OFFSET ?2"},
         {&drop_metric_sets_, "DELETE FROM sets WHERE metric = ?1 AND (tier, window, grp) < (?2, ?3, ?4)"},
         {&drop_all_sets_, "DELETE FROM sets WHERE metric = ?1"}});
}

#undef STREAMGAUGE_EXPIRED

void SqliteResultWriter::ended(bool committed) {
    // What a transaction that was rolled back had taken off the lists is on them again.
    if (!committed) packer_.rolled_back();
    if (!committed && (untidy_before_ || packer_.due())) untidy_ = true;
    untidy_before_ = untidy_;
}

Status SqliteResultWriter::write(const ResultChanges& changes) {
    for (const CountedMetric& counted : changes.counters) {
        const MetricCounters& counters = counted.counters;
        count_.bind(1, counted.metric)
            .bind(2, static_cast<std::int64_t>(counters.late))
            .bind(3, static_cast<std::int64_t>(counters.too_late))
            .bind(4, static_cast<std::int64_t>(counters.not_numeric));
        if (Status s = count_.run(); !s) return s;
    }
    for (const CellTable& table : changes.cells) {
        if (Status s = note_metric(table.metric()); !s) return s;
        if (Status s = write_cells(table); !s) return s;
    }
    for (const MetricSets& sets : changes.sets) {
        if (Status s = note_metric(sets.metric); !s) return s;
        if (Status s = write_sets(sets); !s) return s;
    }
    if (changes.expired.empty()) return {};
    for (const TierExpiry& expiry : changes.expired) {
        put_expiry_.bind(1, expiry.metric)
            .bind(2, expiry.tier)
            .bind(3, static_cast<std::int64_t>(expiry.aggregate))
            .bind(4, expiry.before);
        if (Status s = put_expiry_.run(); !s) return s;
    }
    untidy_ = true;
    // Mostly that is little, and done at once.
    std::size_t budget = static_cast<std::size_t>(kPieceOfCells);
    bool more = false;
    return tidy_expiries(budget, more);
}

Status SqliteResultWriter::note_metric(MetricId metric) {
    return note_.bind(1, metric).run();
}

// ---- cells ----------------------------------------------------------------------------------------------------------

Status SqliteResultWriter::write_cells(const CellTable& table) {
    const Aggregate aggregate = table.aggregate();
    const bool value_needs_count =
        aggregate == Aggregate::Min || aggregate == Aggregate::Max || aggregate == Aggregate::Last;
    sql::Statement& put = aggregate == Aggregate::Min    ? least_
                          : aggregate == Aggregate::Max  ? most_
                          : aggregate == Aggregate::Last ? last_
                                                         : add_;
    put.bind(1, table.metric()).bind(2, table.tier());
    std::vector<std::uint32_t> rows = table.sorted();
    if (table.closed_before() != kNoWindow) {
        const auto begin = std::partition_point(rows.begin(), rows.end(),
                                                [&](std::uint32_t index) { return table[index].window == kNoWindow; });
        const auto end = std::partition_point(
            begin, rows.end(), [&](std::uint32_t index) { return table[index].window < table.closed_before(); });
        const Result<std::size_t> left = packer_.append(table, {begin, end});
        if (!left) return left.error();
        rows.erase(begin + static_cast<std::ptrdiff_t>(left.value()), end);
        packer_.note(table);
        if (packer_.due()) untidy_ = true;
    }
    for (const std::uint32_t index : rows) {
        const CellTable::Row row = table[index];
        put.bind(3, row.window)
            .bind_blob(4, row.group)
            .bind(5, value_needs_count && row.cell.count == 0 ? 0 : row.cell.value)
            .bind(6, row.cell.count)
            .bind(7, row.cell.late);
        if (aggregate == Aggregate::Last) put.bind_blob(8, row.cell.text);
        if (Status s = put.run(); !s) return s;
    }
    return {};
}

// ---- sets -----------------------------------------------------------------------------------------------------------

Status SqliteResultWriter::write_sets(const MetricSets& sets) {
    for (sql::Statement* statement : {&set_size_, &set_chunks_, &drop_set_, &put_chunk_, &late_chunk_})
        statement->bind(1, sets.metric);
    for (const SetWrite& write : sets.writes)
        if (Status s = write_set(sets, write); !s) return s;
    return {};
}

Status SqliteResultWriter::write_set(const MetricSets& sets, const SetWrite& write) {
    for (sql::Statement* statement : {&set_size_, &set_chunks_, &drop_set_, &put_chunk_, &late_chunk_})
        statement->bind(2, write.tier).bind(3, write.window).bind_blob(4, write.group);
    if (const Result<bool> row = set_size_.step(); !row) return row.error();
    const std::int64_t chunks = set_size_.integer(0), newest = set_size_.integer(1), late = set_size_.integer(2);
    set_size_.reset();
    const auto new_late = static_cast<std::int64_t>(write.late);
    const auto put = [&](std::int64_t seq, std::int64_t with_late, std::string_view data) {
        return put_chunk_.bind(5, seq).bind(6, with_late).bind_blob(7, data).run();
    };
    if (write.change.replace) {
        if (chunks > 0)
            if (Status s = drop_set_.run(); !s) return s;
        return put(0, late + new_late, write.change.bytes);
    }
    if (write.change.bytes.empty() && chunks > 0)
        return new_late == 0 ? Status() : late_chunk_.bind(5, newest).bind(6, new_late).run();
    if (Status s = put(chunks > 0 ? newest + 1 : 0, new_late, write.change.bytes); !s) return s;
    if (chunks + 1 <= kMostChunks) return {};
    Result<std::string> whole = compacted(sets.aggregate);
    if (!whole) return whole.error();
    if (Status s = drop_set_.run(); !s) return s;
    return put(0, late + new_late, whole.value());
}

Result<std::string> SqliteResultWriter::compacted(Aggregate aggregate) {
    std::vector<std::string> chunks;
    for (;;) {
        const Result<bool> row = set_chunks_.step();
        if (!row) return row.error();
        if (!row.value()) break;
        if (!set_chunks_.bytes(0).empty()) chunks.emplace_back(set_chunks_.bytes(0));
    }
    Result<SetState> state = SetState::decode(aggregate, std::vector<std::string_view>(chunks.begin(), chunks.end()));
    if (!state) return state.error();
    return state->canonical();
}

// ---- removing -------------------------------------------------------------------------------------------------------

Status SqliteResultWriter::remove(MetricId metric) {
    untidy_ = true;
    for (sql::Statement* statement : {&put_removal_, &drop_metric_, &drop_backfill_, &drop_metric_expiries_})
        if (Status s = statement->bind(1, metric).run(); !s) return s;
    return {};
}

Status SqliteResultWriter::tidy(bool& more) {
    more = false;
    std::size_t budget = static_cast<std::size_t>(kPieceOfCells);
    if (Status s = tidy_expiries(budget, more); !s || more) return s;
    std::vector<MetricId> removed;
    for (;;) {
        const Result<bool> row = list_removals_.step();
        if (!row) return row.error();
        if (!row.value()) break;
        removed.push_back(static_cast<MetricId>(list_removals_.integer(0)));
    }
    if (!removed.empty()) {
        if (Status s = tidy_removal(removed.front(), more); !s) return s;
        more = more || removed.size() > 1;
    }
    if (!more && packer_.due())
        if (Status s = packer_.pack(more); !s) return s;
    if (!more) untidy_ = false;
    return {};
}

Status SqliteResultWriter::tidy_removal(MetricId metric, bool& more) {
    more = false;
    const Result<bool> removed = is_removed_.bind(1, metric).step();
    if (!removed) return removed.error();
    is_removed_.reset();
    if (!removed.value()) return {};
    const auto piece = [&](sql::Statement& border, sql::Statement& some, sql::Statement& all,
                           std::int64_t rows) -> Status {
        const Result<bool> there = border.bind(1, metric).bind(2, rows).step();
        if (!there) return there.error();
        if (!there.value()) return all.bind(1, metric).run();
        more = true;
        const std::string group(border.bytes(2));
        some.bind(1, metric).bind(2, border.integer(0)).bind(3, border.integer(1)).bind_blob(4, group);
        border.reset();
        return some.run();
    };
    if (Status s = piece(metric_cell_border_, drop_metric_cells_, drop_all_cells_, kPieceOfCells); !s || more) return s;
    if (Status s = piece(metric_set_border_, drop_metric_sets_, drop_all_sets_, kPieceOfSets); !s || more) return s;
    // After the rows, which might still have been packed.
    if (Status s = packer_.remove(metric, more); !s || more) return s;
    return drop_removal_.bind(1, metric).run();
}

Status SqliteResultWriter::tidy_expiries(std::size_t& budget, bool& more) {
    std::vector<Expiry> expiries;
    for (;;) {
        const Result<bool> row = list_expiries_.step();
        if (!row) return row.error();
        if (!row.value()) break;
        expiries.push_back({static_cast<MetricId>(list_expiries_.integer(0)), list_expiries_.integer(1),
                            list_expiries_.integer(3), static_cast<Aggregate>(list_expiries_.integer(2))});
    }
    for (const Expiry& expiry : expiries) {
        if (budget == 0) {
            more = true;
            return {};
        }
        bool unfinished = false;
        if (Status s = expire(expiry, budget, unfinished); !s) return s;
        if (unfinished)
            more = true;
        else if (Status s = drop_expiry_.bind(1, expiry.metric).bind(2, expiry.tier).run(); !s)
            return s;
    }
    return {};
}

Status SqliteResultWriter::expire(const Expiry& expiry, std::size_t& budget, bool& more) {
    const bool sets = is_set(expiry.aggregate);
    const auto rows = std::min(static_cast<std::int64_t>(budget), sets ? kPieceOfSets : kPieceOfCells);
    if (expiry.aggregate == Aggregate::Gauge)
        if (Status s = fold_levels(expiry, static_cast<std::size_t>(rows)); !s) return s;
    if (!sets)
        if (Status s = packer_.expire(expiry.metric, static_cast<std::uint8_t>(expiry.tier), expiry.before, more);
            !s || more)
            return s;
    sql::Statement& border = sets ? set_border_ : cell_border_;
    sql::Statement& drop = sets ? drop_sets_ : drop_cells_;
    const Result<bool> there =
        border.bind(1, expiry.metric).bind(2, expiry.tier).bind(3, expiry.before).bind(4, rows).step();
    if (!there) return there.error();
    std::int64_t window = expiry.before;
    std::string group;
    if (there.value()) {
        more = true;
        window = border.integer(0);
        group = border.bytes(1);
        border.reset();
    }
    if (Status s = drop.bind(1, expiry.metric).bind(2, expiry.tier).bind(3, window).bind_blob(4, group).run(); !s)
        return s;
    // A row of a set stands for many of cells.
    const std::int64_t weight = sets ? kPieceOfCells / kPieceOfSets : 1;
    budget -= std::min(budget, static_cast<std::size_t>(sqlite3_changes64(connection_) * weight));
    return {};
}

Status SqliteResultWriter::fold_levels(const Expiry& expiry, std::size_t budget) {
    StringMap<Cell> levels;
    old_cells_.bind(1, expiry.metric)
        .bind(2, expiry.tier)
        .bind(3, expiry.before)
        .bind(4, static_cast<std::int64_t>(budget));
    for (;;) {
        const Result<bool> row = old_cells_.step();
        if (!row) return row.error();
        if (!row.value()) break;
        const auto [level, fresh] = levels.find_or_insert(old_cells_.bytes(0));
        if (fresh) {
            const Result<bool> there =
                level_.bind(1, expiry.metric).bind(2, expiry.tier).bind_blob(3, old_cells_.bytes(0)).step();
            if (!there) {
                old_cells_.reset();
                return there.error();
            }
            if (there.value()) *level = {level_.integer(0), level_.integer(1), level_.integer(2), {}};
            level_.reset();
        }
        fold_into_gauge_base(*level, {old_cells_.integer(1), old_cells_.integer(2), old_cells_.integer(3), {}});
    }
    Status status;
    levels.for_each([&](std::string_view group, const Cell& level) {
        if (!status.ok()) return;
        status = put_level_.bind(1, expiry.metric)
                     .bind(2, expiry.tier)
                     .bind_blob(3, group)
                     .bind(4, level.value)
                     .bind(5, level.count)
                     .bind(6, level.late)
                     .run();
    });
    return status;
}

}  // namespace streamgauge
