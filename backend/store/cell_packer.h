// SPDX-License-Identifier: GPL-3.0-or-later
// Keeps cells of closed windows in blocks (store/cell_block.h) instead of rows. A cell may be in a block and in a row:
// what is added after its window was closed is a row again, and whoever reads adds the row to the block's cell, as
// what is later in the log.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <span>
#include <utility>

#include "base/result.h"
#include "base/sqlite.h"
#include "metrics/cell_table.h"
#include "store/cell_block.h"

namespace streamgauge {

// For the connection that writes, within transactions of the caller's. Blocks of a metric's tier never overlap. Not
// thread-safe.
class CellPacker {
public:
    // The connection must outlive the packer's statements.
    Status prepare(sqlite3* connection);

    // Of `closed`, rows of `table` in order whose windows are closed: those at the end which belong behind every block
    // are put into blocks, where that is worth it. How many of them remain to be written as rows.
    Result<std::size_t> append(const CellTable& table, std::span<const std::uint32_t> closed);
    // There may be rows of windows before `closed_before` to pack.
    void note(const CellTable& table);
    bool due() const { return due_; }
    // A bounded piece of them. `more`: there is something left.
    Status pack(bool& more);
    // Nothing that was packed since the last transaction counts.
    void rolled_back();

    // Cells of windows that start before `before`; at most some blocks at once.
    Status expire(MetricId metric, std::uint8_t tier, std::int64_t before, bool& more);
    Status remove(MetricId metric, bool& more);

private:
    using Key = std::pair<MetricId, std::uint8_t>;
    struct Pending {
        Aggregate aggregate = Aggregate::Count;
        std::int64_t closed_before = 0, looked_before = 0;
    };
    void bind(sql::Statement& statement, Key key) { statement.bind(1, key.first).bind(2, key.second); }
    Status put(Key key, CellBlockWriter& block);
    Status pack(Key key, const Pending& pending, std::size_t& budget, bool& more);
    Status pack_rows(Key key, const CellTable& rows, std::size_t& budget, std::size_t& packed);
    // The block's cells and the rows from `begin` on that belong before its end; `begin` is moved behind them.
    Status rewrite(Key key, std::string_view block, const CellTable& rows, std::size_t& begin);

    sqlite3* connection_ = nullptr;
    sql::Statement put_, last_, find_, drop_, enough_, oldest_, drop_rows_, drop_expired_, oldest_block_, drop_some_;
    std::map<Key, Pending> pending_;
    bool due_ = false;
};

}  // namespace streamgauge
