// SPDX-License-Identifier: GPL-3.0-or-later
// Aggregates over stored events that no metric keeps: each event of the range is looked at.
#pragma once

#include "base/result.h"
#include "journal/journal.h"
#include "query/query.h"
#include "query/steps.h"
#include "query/watch.h"

namespace streamgauge::query {

// Most points (groups times steps) of one answer.
inline constexpr std::size_t kMostRawPoints = 1'000'000;

// Every point of query.raw over the events of query.project that query.filter takes and whose time (query.raw->time) is
// in `steps`, by query.group_by; in any order. A step in which a group had no event has no point. Order, limit, cursor
// and compare are the caller's business, as are as_of, range and the milliseconds. Sets points, complete_from (where
// the journal no longer has events of the range) and the explanation's source and events_read.
// TooLarge beyond kMostRawPoints, Cancelled when `watch` says so. Precondition: query.raw.
Result<PointsAnswer> run_raw(Journal& journal, const PointsQuery& query, const Steps& steps, const Watch& watch);

}  // namespace streamgauge::query
