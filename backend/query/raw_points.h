// SPDX-License-Identifier: GPL-3.0-or-later
// Aggregates over stored events that no metric keeps: each event of the range is looked at.
#pragma once

#include "base/result.h"
#include "journal/journal.h"
#include "query/query.h"
#include "query/raw_rows.h"
#include "query/steps.h"
#include "query/watch.h"

namespace streamgauge::query {

// Every point of query.raw over the events of query.project that query.filter takes and whose time (query.raw->time) is
// in `steps`, by query.group_by; in any order. A step in which no event of a group had a value has no point. The answer
// is a function of the events alone, not of how threads shared them:
//
//   - Everything is exact but percentiles, while there are no more groups times steps and no more different values than
//     `limits` have room for. Beyond that events are added once more in the order of the log: the first groups stay,
//     those that come after are one point of each step (Point::other); values turn into sketches as a metric's do.
//   - Gauge is the level at the end of the step, 0 before the range; the net of each minute moves it, never below 0.
//   - Last is of the newest event by its time, of equal times the one with the higher offset.
//
// Order, limit, cursor and compare are the caller's business, as are as_of, open and the milliseconds. Sets
// complete_from where the journal no longer has events of the range. InvalidArgument (with Error::field) for what makes
// no sense, TooLarge where not even that fits in memory, Cancelled when `watch` says so. Precondition: query.raw.
Result<PointsAnswer> run_raw(Journal& journal, const PointsQuery& query, const Steps& steps, const Watch& watch,
                             const RawLimits& limits = {});

}  // namespace streamgauge::query
