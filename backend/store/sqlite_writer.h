// SPDX-License-Identifier: GPL-3.0-or-later
// Writes changes of results into store.db, and removes what has expired or was dropped, in bounded pieces. All within
// a transaction of the caller's.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/sqlite.h"
#include "store/cell_packer.h"
#include "store/result_store.h"

namespace streamgauge {

// Not thread-safe but for untidy().
class SqliteResultWriter {
public:
    // The connection must outlive the writer's statements.
    Status prepare(sqlite3* connection);

    Status write(const ResultChanges& changes);
    // So that the metric has a row in `metrics`.
    Status note_metric(MetricId metric);
    // Marks the metric as removed; its rows go piece by piece.
    Status remove(MetricId metric);
    // One piece of what is to be removed or packed. `more`: there is something left.
    Status tidy(bool& more);
    // The same of what is left of one metric that was removed, if it was.
    Status tidy_removal(MetricId metric, bool& more);
    // After the end of each transaction.
    void ended(bool committed);

    // There may be something to tidy.
    bool untidy() const { return untidy_.load(std::memory_order_relaxed); }

private:
    Status write_cells(const CellTable& table);
    Status write_sets(const MetricSets& sets);
    Status write_set(const MetricSets& sets, const SetWrite& write);
    // What the chunks of a set add up to, as one.
    Result<std::string> compacted(Aggregate aggregate);

    struct Expiry {
        MetricId metric = 0;
        std::int64_t tier = 0, before = 0;
        Aggregate aggregate = Aggregate::Count;
    };
    Status tidy_expiries(std::size_t& budget, bool& more);
    Status expire(const Expiry& expiry, std::size_t& budget, bool& more);
    // Adds the rows from the oldest on, as many as the budget allows, to their groups' levels.
    Status fold_levels(const Expiry& expiry, std::size_t budget);

    sqlite3* connection_ = nullptr;
    sql::Statement add_, least_, most_, last_, note_, count_;
    sql::Statement set_size_, set_chunks_, drop_set_, put_chunk_, late_chunk_;
    sql::Statement put_expiry_, list_expiries_, drop_expiry_;
    sql::Statement cell_border_, drop_cells_, old_cells_, level_, put_level_, set_border_, drop_sets_;
    sql::Statement put_removal_, is_removed_, list_removals_, drop_removal_, drop_metric_, drop_backfill_,
        drop_metric_expiries_;
    sql::Statement metric_cell_border_, drop_metric_cells_, drop_all_cells_;
    sql::Statement metric_set_border_, drop_metric_sets_, drop_all_sets_;
    CellPacker packer_;
    std::atomic<bool> untidy_{true};
    bool untidy_before_ = true;
};

}  // namespace streamgauge
