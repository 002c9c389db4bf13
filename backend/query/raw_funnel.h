// SPDX-License-Identifier: GPL-3.0-or-later
// Funnels and retention over stored events.
#pragma once

#include "base/result.h"
#include "journal/journal.h"
#include "query/query.h"
#include "query/raw_rows.h"
#include "query/watch.h"

namespace streamgauge::query {

// Both look at each event of the range by its occurred_at (retention also at the days after it that it needs), as
// stored, those of bots too; events without `by` belong to nobody. They set everything but as_of and the milliseconds.
// InvalidArgument (with the member in Error::field) for a question that makes no sense, TooLarge for more events of
// users than memory is set aside for, Cancelled when `watch` says so.

// Every event that the first filter takes begins an attempt; it comes to each next step with the first event after the
// step before (by time, of equal times by offset) that the step's filter takes and that is at most `within` after the
// attempt's first. An event is one step of an attempt only. A user counts once, with the attempt that comes furthest,
// in every step that it came to. Medians are of the attempts that came furthest first, of several the one that began
// last; of an even number of users, the smaller of the middle two.
Result<FunnelAnswer> run_funnel(Journal& journal, const FunnelQuery& query, const Watch& watch,
                                const RawLimits& limits = {});

// A user is in one cohort: that of the day, in the time zone, of the first event in the range that `first` takes.
// returned[n]: users of it with an event on the n-th day after that `again` takes, 0 to query.days; of the same day,
// 0, one after that first event. None for a day that the log's time has not passed. There is a cohort for each day of
// the range, at most 400.
Result<RetentionAnswer> run_retention(Journal& journal, const RetentionQuery& query, const Watch& watch,
                                      const RawLimits& limits = {});

}  // namespace streamgauge::query
