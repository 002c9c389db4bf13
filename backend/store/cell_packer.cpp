// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/cell_packer.h"

#include <algorithm>
#include <string>

#include "store/sqlite_layout.h"

namespace streamgauge {
namespace {

constexpr std::int64_t kLeastRows = 1'000;  // of closed windows: fewer remain rows
constexpr std::size_t kLeastAppended = 256;
constexpr std::size_t kPieceOfRows = 20'000;   // packed in one transaction
constexpr std::size_t kPieceOfRewrites = 100;  // blocks that are read, and written again
constexpr std::int64_t kPieceOfBlocks = 500;   // that are removed in one transaction

// (window, group) order.
bool is_before(std::int64_t window, std::string_view group, std::int64_t other_window, std::string_view other_group) {
    return window != other_window ? window < other_window : group < other_group;
}

}  // namespace

Status CellPacker::prepare(sqlite3* connection) {
    connection_ = connection;
    return store_layout::prepare(
        connection,
        {{&put_, "INSERT INTO cell_blocks (metric, tier, window, grp, first, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"},
         {&last_,
          "SELECT window, grp FROM cell_blocks WHERE metric = ?1 AND tier = ?2 ORDER BY window DESC, grp DESC LIMIT 1"},
         {&find_,
          "SELECT rowid, data FROM cell_blocks WHERE metric = ?1 AND tier = ?2 AND (window, grp) >= (?3, ?4) "
          "ORDER BY window, grp LIMIT 1"},
         {&drop_, "DELETE FROM cell_blocks WHERE rowid = ?1"},
         {&enough_,
          "SELECT 1 FROM cells WHERE metric = ?1 AND tier = ?2 AND window > -9223372036854775808 AND window < ?3 "
          "LIMIT 1 OFFSET ?4"},
         {&oldest_,
          "SELECT window, grp, value, count, late, text FROM cells WHERE metric = ?1 AND tier = ?2 "
          "AND window > -9223372036854775808 AND window < ?3 ORDER BY window, grp LIMIT ?4"},
         {&drop_rows_,
          "DELETE FROM cells WHERE metric = ?1 AND tier = ?2 AND window > -9223372036854775808 "
          "AND (window, grp) <= (?3, ?4)"},
         {&drop_expired_,
          "DELETE FROM cell_blocks WHERE rowid IN (SELECT rowid FROM cell_blocks WHERE metric = ?1 AND tier = ?2 "
          "AND window < ?3 ORDER BY window, grp LIMIT ?4)"},
         {&oldest_block_,
          "SELECT rowid, first, data FROM cell_blocks WHERE metric = ?1 AND tier = ?2 AND window >= ?3 "
          "ORDER BY window, grp LIMIT 1"},
         {&drop_some_,
          "DELETE FROM cell_blocks WHERE rowid IN (SELECT rowid FROM cell_blocks WHERE metric = ?1 LIMIT ?2)"}});
}

Status CellPacker::put(Key key, CellBlockWriter& block) {
    const std::int64_t first = block.first_window(), last = block.last_window();
    const std::string group = block.last_group(), bytes = block.take();
    bind(put_, key);
    return put_.bind(3, last).bind_blob(4, group).bind(5, first).bind_blob(6, bytes).run();
}

Result<std::size_t> CellPacker::append(const CellTable& table, std::span<const std::uint32_t> closed) {
    // A Last cell in a row would be taken for a later one, although it was before.
    if (closed.size() < kLeastAppended || table.aggregate() == Aggregate::Last || table.aggregate() == Aggregate::Gauge)
        return closed.size();
    const Key key(table.metric(), table.tier());
    bind(last_, key);
    const Result<bool> there = last_.step();
    if (!there) return there.error();
    std::size_t begin = 0;
    if (there.value()) {
        const std::int64_t window = last_.integer(0);
        const std::string group(last_.bytes(1));
        last_.reset();
        while (begin < closed.size()) {
            const CellTable::Row row = table[closed[begin]];
            if (is_before(window, group, row.window, row.group)) break;
            ++begin;
        }
    }
    if (closed.size() - begin < kLeastAppended) return closed.size();
    CellBlockWriter block(table.aggregate());
    for (const std::uint32_t index : closed.subspan(begin)) {
        const CellTable::Row row = table[index];
        block.add(row.window, row.group, row.cell);
        if (!block.full()) continue;
        if (Status s = put(key, block); !s) return s.error();
    }
    if (!block.empty())
        if (Status s = put(key, block); !s) return s.error();
    return begin;
}

// ---- rows that are there --------------------------------------------------------------------------------------------

void CellPacker::note(const CellTable& table) {
    if (table.closed_before() == kNoWindow || table.aggregate() == Aggregate::Gauge) return;
    const auto [found, fresh] = pending_.try_emplace(Key(table.metric(), table.tier()));
    Pending& pending = found->second;
    if (fresh) pending = {table.aggregate(), kNoWindow, kNoWindow};
    if (table.closed_before() <= pending.closed_before) return;
    pending.closed_before = table.closed_before();
    due_ = true;
}

void CellPacker::rolled_back() {
    for (auto& [key, pending] : pending_) pending.looked_before = kNoWindow;
    due_ = !pending_.empty();
}

Status CellPacker::pack(bool& more) {
    std::size_t budget = kPieceOfRows;
    for (auto& [key, pending] : pending_) {
        if (pending.looked_before >= pending.closed_before) continue;
        if (budget == 0) {
            more = true;
            return {};
        }
        bool unfinished = false;
        if (Status s = pack(key, pending, budget, unfinished); !s) return s;
        if (unfinished)
            more = true;
        else
            pending.looked_before = pending.closed_before;
    }
    if (!more) due_ = false;
    return {};
}

Status CellPacker::pack(Key key, const Pending& pending, std::size_t& budget, bool& more) {
    bind(enough_, key);
    const Result<bool> enough = enough_.bind(3, pending.closed_before).bind(4, kLeastRows - 1).step();
    if (!enough) return enough.error();
    if (!enough.value()) return {};
    enough_.reset();
    CellTable rows(key.first, key.second, pending.aggregate);
    bind(oldest_, key);
    oldest_.bind(3, pending.closed_before).bind(4, static_cast<std::int64_t>(budget));
    for (;;) {
        const Result<bool> there = oldest_.step();
        if (!there) return there.error();
        if (!there.value()) break;
        rows.add(oldest_.integer(0), oldest_.bytes(1),
                 {oldest_.integer(2), oldest_.integer(3), oldest_.integer(4), oldest_.bytes(5)});
    }
    more = rows.size() == budget;
    std::size_t packed = 0;
    if (Status s = pack_rows(key, rows, budget, packed); !s) return s;
    if (packed == 0) return {};
    more = more || packed < rows.size();
    const CellTable::Row last = rows[packed - 1];
    bind(drop_rows_, key);
    return drop_rows_.bind(3, last.window).bind_blob(4, last.group).run();
}

Status CellPacker::pack_rows(Key key, const CellTable& rows, std::size_t& budget, std::size_t& packed) {
    std::string block;
    for (std::size_t rewrites = 0; packed < rows.size() && rewrites < kPieceOfRewrites; ++rewrites) {
        const CellTable::Row row = rows[packed];
        bind(find_, key);
        const Result<bool> there = find_.bind(3, row.window).bind_blob(4, row.group).step();
        if (!there) return there.error();
        block.clear();
        if (there.value()) {
            const std::int64_t id = find_.integer(0);
            block = find_.bytes(1);
            find_.reset();
            if (Status s = drop_.bind(1, id).run(); !s) return s;
        }
        if (Status s = rewrite(key, block, rows, packed); !s) return s;
    }
    budget -= std::min(budget, packed);
    return {};
}

Status CellPacker::rewrite(Key key, std::string_view block, const CellTable& rows, std::size_t& begin) {
    CellBlockWriter writer(rows.aggregate());
    const auto add = [&](std::int64_t window, std::string_view group, const Cell& cell) -> Status {
        writer.add(window, group, cell);
        return writer.full() ? put(key, writer) : Status();
    };
    const auto add_row = [&]() -> Status {
        const CellTable::Row row = rows[begin++];
        return add(row.window, row.group, row.cell);
    };
    if (block.empty()) {
        // Behind every block.
        while (begin < rows.size())
            if (Status s = add_row(); !s) return s;
        return writer.empty() ? Status() : put(key, writer);
    }
    Result<CellBlockReader> reader = CellBlockReader::open(block);
    if (!reader) return reader.error();
    for (;;) {
        const Result<bool> there = reader->next();
        if (!there) return there.error();
        if (!there.value()) break;
        Cell cell = reader->cell();
        while (begin < rows.size()) {
            const CellTable::Row row = rows[begin];
            if (!is_before(row.window, row.group, reader->window(), reader->group())) break;
            if (Status s = add_row(); !s) return s;
        }
        if (begin < rows.size()) {
            const CellTable::Row row = rows[begin];
            if (row.window == reader->window() && row.group == reader->group()) {
                merge_cell(rows.aggregate(), cell, row.cell);
                ++begin;
            }
        }
        if (Status s = add(reader->window(), reader->group(), cell); !s) return s;
    }
    return writer.empty() ? Status() : put(key, writer);
}

// ---- removing -------------------------------------------------------------------------------------------------------

Status CellPacker::expire(MetricId metric, std::uint8_t tier, std::int64_t before, bool& more) {
    const Key key(metric, tier);
    bind(drop_expired_, key);
    if (Status s = drop_expired_.bind(3, before).bind(4, kPieceOfBlocks).run(); !s) return s;
    if (sqlite3_changes64(connection_) == kPieceOfBlocks) {
        more = true;
        return {};
    }
    // At most one begins before and ends after.
    bind(oldest_block_, key);
    const Result<bool> there = oldest_block_.bind(3, before).step();
    if (!there) return there.error();
    if (!there.value()) return {};
    const std::int64_t id = oldest_block_.integer(0);
    const bool straddles = oldest_block_.integer(1) < before;
    const std::string block(straddles ? oldest_block_.bytes(2) : std::string_view());
    oldest_block_.reset();
    if (!straddles) return {};
    Result<CellBlockReader> reader = CellBlockReader::open(block);
    if (!reader) return reader.error();
    CellBlockWriter writer(reader->aggregate());
    for (;;) {
        const Result<bool> cell = reader->next();
        if (!cell) return cell.error();
        if (!cell.value()) break;
        if (reader->window() >= before) writer.add(reader->window(), reader->group(), reader->cell());
    }
    if (Status s = drop_.bind(1, id).run(); !s) return s;
    return writer.empty() ? Status() : put(key, writer);
}

Status CellPacker::remove(MetricId metric, bool& more) {
    std::erase_if(pending_, [metric](const auto& pending) { return pending.first.first == metric; });
    if (Status s = drop_some_.bind(1, metric).bind(2, kPieceOfBlocks).run(); !s) return s;
    more = more || sqlite3_changes64(connection_) == kPieceOfBlocks;
    return {};
}

}  // namespace streamgauge
