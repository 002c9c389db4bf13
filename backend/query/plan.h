// SPDX-License-Identifier: GPL-3.0-or-later
// How a question about a metric is answered: over which steps, from which windows of which tiers, by which parts of the
// group keys.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "metrics/partition_state.h"
#include "query/metric_directory.h"
#include "query/query.h"
#include "query/steps.h"

namespace streamgauge::query {

// Windows of one tier: from <= start < to.
struct Piece {
    std::uint8_t tier = 0;
    std::int64_t from = 0, to = 0;
    bool operator==(const Piece&) const = default;
};

// Steps and the windows that they are made of. The pieces are in order of time, do not overlap, and each of their
// windows is inside one step.
struct Reading {
    Steps steps{TimeRange{{0}, {1}}};
    std::vector<Piece> pieces;
};

struct Plan {
    std::shared_ptr<const AskedMetric> metric;
    Reading now;
    std::optional<Reading> before;  // compare
    // Where what is kept begins, when the asked range begins before.
    std::optional<Timestamp> kept_from;
    std::optional<Timestamp> before_kept_from;  // the same of the period before; its end when nothing of it is kept
    // Where the values of group_by, and the fields of the filter, stand in a group key: 0 is the project.
    std::vector<std::size_t> group_parts, filter_parts;
    Windows edges{kDayMicros};  // of the finest tier that was usable: the range lies on them
};

// A range that does not lie on windows is widened to whole ones: at either edge those of the finest tier that still
// keeps them. Each step is then put together from the widest windows that fit into it, so that it is whole days where
// it can be, and the hours or minutes that remain. Levels (Gauge) are read from one tier, the finest that keeps the
// whole range.
// InvalidArgument, with the member in Error::field, for a question that the metric cannot answer. `state` says what is
// kept.
Result<Plan> make_plan(const PointsQuery& query, std::shared_ptr<const AskedMetric> metric,
                       const PartitionState& state);

// "cells 1h + 1d".
std::string source_text(const Plan& plan);

}  // namespace streamgauge::query
