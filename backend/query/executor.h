// SPDX-License-Identifier: GPL-3.0-or-later
// Reads the windows that a plan names, from one committed state of the store, and adds them up.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "metrics/set_state.h"
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

// Another snapshot of the very state that the first one is of; nullptr when there is none to be had. Empty: never.
using AnotherSnapshot = std::function<std::unique_ptr<StoreSnapshot>()>;

// `reading` is plan.now or *plan.before. A step in which a group had no event has no row; a level (Gauge) has one
// wherever it is not 0 or changed, and without groups for each step. TooLarge for more groups than memory is set aside
// for, Cancelled when `watch` says so, the store's errors. `another` is for a second thread, which has ended when this
// returns.
Result<Executed> execute(StoreSnapshot& snapshot, const Plan& plan, const Reading& reading, const PointsQuery& query,
                         const Watch& watch, const AnotherSnapshot& another = {});

// As answers have it.
Value count_value(const DistinctCount& count);

}  // namespace streamgauge::query
