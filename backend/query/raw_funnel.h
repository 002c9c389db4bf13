// SPDX-License-Identifier: GPL-3.0-or-later
// Funnels and retention over stored events.
#pragma once

#include "base/result.h"
#include "journal/journal.h"
#include "query/query.h"
#include "query/watch.h"

namespace streamgauge::query {

// Both look at each event of the range (retention also at the days after it that it needs). They set everything but
// as_of and the milliseconds. InvalidArgument (with the member in Error::field) for a question that makes no sense,
// TooLarge for more users than memory is set aside for, Cancelled when `watch` says so.
Result<FunnelAnswer> run_funnel(Journal& journal, const FunnelQuery& query, const Watch& watch);
Result<RetentionAnswer> run_retention(Journal& journal, const RetentionQuery& query, const Watch& watch);

}  // namespace streamgauge::query
