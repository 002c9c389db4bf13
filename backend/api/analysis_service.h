// SPDX-License-Identifier: GPL-3.0-or-later
// Questions over metrics and stored events, as every door asks them: on threads of their own, with progress and an end
// before the end.
#pragma once

#include <functional>

#include "api/services.h"
#include "query/query.h"

namespace streamgauge::api {

// How a question is accompanied. Both may be left out.
struct Attendance {
    // Called on the question's thread, at most ten times a second, with 0 to 1, never less than before. Must not block.
    std::function<void(double)> progress;
    // Nobody waits any more: the question ends soon, with Cancelled. Asked on the question's threads, often; must not
    // block.
    std::function<bool()> cancelled;
};

// Answers see every event that was acknowledged before the question, or say in `as_of` how far they see.
// InvalidArgument (with the member in Error::field) for a question that makes no sense, NotFound for an unknown metric,
// Unavailable when too many questions wait.
class AnalysisService {
public:
    virtual ~AnalysisService() = default;
    virtual void points(query::PointsQuery query, Attendance attendance, Done<query::PointsAnswer> done) = 0;
    virtual void funnel(query::FunnelQuery query, Attendance attendance, Done<query::FunnelAnswer> done) = 0;
    virtual void retention(query::RetentionQuery query, Attendance attendance, Done<query::RetentionAnswer> done) = 0;
};

}  // namespace streamgauge::api
