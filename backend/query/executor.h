// SPDX-License-Identifier: GPL-3.0-or-later
// Reads the windows that a plan names, from one committed state of the store, and adds them up.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "query/plan.h"
#include "query/table.h"
#include "query/watch.h"
#include "store/result_store.h"

namespace streamgauge::query {

// Of one question: rows that are added up, and sets that are united, at the same time.
inline constexpr std::size_t kMostWorkingBytes = std::size_t{512} * 1024 * 1024;

struct Executed {
    Table table;
    std::uint64_t rows_read = 0;
};

// `reading` is plan.now or *plan.before. A step in which a group had no event has no row; a level (Gauge) has one
// wherever it is not 0 or changed, and without groups for each step. TooLarge for more groups than memory is set aside
// for, Cancelled when `watch` says so, the store's errors.
Result<Executed> execute(StoreSnapshot& snapshot, const Plan& plan, const Reading& reading, const PointsQuery& query,
                         const Watch& watch);

}  // namespace streamgauge::query
