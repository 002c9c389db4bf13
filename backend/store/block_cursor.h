// SPDX-License-Identifier: GPL-3.0-or-later
// Walks over the cells that are kept in blocks, in (window, group) order.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/sqlite.h"
#include "store/cell_block.h"

namespace streamgauge {

// Not thread-safe. Uses the statement alone while it lives.
class BlockCursor {
public:
    // Blocks from a key on, in order; parameters: metric, tier, window, group.
    static constexpr std::string_view kSql =
        "SELECT first, data FROM cell_blocks WHERE metric = ?1 AND tier = ?2 AND (window, grp) >= (?3, ?4) "
        "ORDER BY window, grp";

    struct Range {
        MetricId metric = 0;
        std::uint8_t tier = 0;
        std::int64_t from = 0, to = 0;  // windows: from <= window < to
        std::string_view prefix;        // of groups; must outlive the cursor
    };
    BlockCursor(sql::Statement& blocks, const Range& range) : blocks_(blocks), range_(range) {}
    ~BlockCursor() { blocks_.reset(); }
    BlockCursor(const BlockCursor&) = delete;
    BlockCursor& operator=(const BlockCursor&) = delete;

    // On the first cell of the range, or on the next one. Precondition of next(): there().
    Status start();
    Status next();
    bool there() const { return reader_.has_value(); }
    // Precondition: there(). Valid until the next call.
    std::int64_t window() const { return reader_->window(); }
    std::string_view group() const { return reader_->group(); }
    const Cell& cell() const { return reader_->cell(); }
    Aggregate aggregate() const { return reader_->aggregate(); }

private:
    Status seek(std::int64_t window);  // the first block that may have a cell of that window or a later one
    Status step();                     // the next block

    sql::Statement& blocks_;
    const Range range_;
    std::optional<CellBlockReader> reader_;
    bool of_range_ = false;  // a cell of the block at hand was
};

}  // namespace streamgauge
