// SPDX-License-Identifier: GPL-3.0-or-later
// How many different values there were in all windows of a reading together. A month of large sets is tens of
// megabytes: where there is much to read, a second thread reads the later half.
#pragma once

#include "query/executor.h"

namespace streamgauge::query {

// The question asks for one number: Aggregate::Distinct, one step, no groups.
bool is_distinct_total(const Plan& plan, const Reading& reading, const PointsQuery& query);
// As execute(). Precondition: is_distinct_total().
Result<Executed> execute_distinct_total(StoreSnapshot& snapshot, const AnotherSnapshot& another, const Plan& plan,
                                        const Reading& reading, const PointsQuery& query, const Watch& watch);

}  // namespace streamgauge::query
