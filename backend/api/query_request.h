// SPDX-License-Identifier: GPL-3.0-or-later
// Questions as they come over the wire: a JSON object, or the same members as query parameters. docs/queries.md has the
// members.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "query/query.h"

namespace streamgauge::api {

inline constexpr std::size_t kQueryBytes = 64 * 1024;  // of a question in JSON
inline constexpr std::size_t kMostMetrics = 16;        // of one question

// One of points, funnel and retention is there.
struct QueryRequest {
    std::vector<query::PointsQuery> points;  // one for each metric
    bool several = false;                    // "metrics", not "metric": the answer is a list
    std::vector<std::size_t> places;  // of several: where in "metrics" each is; those that are at their end are not
    std::size_t named = 0;            // of several: how many "metrics" names
    std::optional<query::FunnelQuery> funnel;
    std::optional<query::RetentionQuery> retention;
    bool explain = false;
    std::string project;  // that was asked for; empty: none. The questions' own are to be set by who knows the caller
};

// InvalidArgument with the member in Error::field ("filter.and[1].op"), also for one that there is not, or that has no
// meaning beside the others. What "-15m" means goes by `now`.
Result<QueryRequest> read_query(std::string_view json, Timestamp now);
// Lists are separated by commas; a filter, a funnel and a retention that begin with a brace are JSON.
Result<QueryRequest> read_query(const std::vector<std::pair<std::string, std::string>>& parameters, Timestamp now);

}  // namespace streamgauge::api
