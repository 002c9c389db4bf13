// SPDX-License-Identifier: GPL-3.0-or-later
// Service level objectives: declared, watched, explained.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/analysis_service.h"
#include "api/services.h"
#include "query/query.h"
#include "slo/alert.h"
#include "slo/objective.h"
#include "slo/outlook.h"

namespace streamgauge::api {

// What an objective counted since the server started, or since it was declared anew; both only grow. A window of a
// metric that is corrected downwards holds them where they are until that is made up for.
struct ObjectiveCounters {
    std::uint64_t good = 0, bad = 0;
    bool operator==(const ObjectiveCounters&) const = default;
};

struct ObjectiveStatus {
    slo::Objective objective;                         // with the rules that are in force
    bool built_in = false;                            // one of a fresh install, unchanged
    slo::Budget budget;                               // over its window
    std::optional<double> burn_now;                   // of the shortest long window
    std::optional<std::int64_t> exhausted_in_micros;  // at burn_now; 0: it is spent. None: it does not burn
    std::vector<slo::RuleState> alerts;
    std::vector<std::string> warnings;  // traps: "can never fire", "less than one event of budget", ...
    std::optional<Timestamp> last_data;
    std::vector<std::optional<double>> day;  // budget left, 48 points over 24 h, for a sparkline
    ObjectiveCounters counters = {};         // for Prometheus alone
};

// Detail: over the window or a part of it.
struct ObjectiveHistory {
    struct Point {
        Timestamp at;
        std::uint64_t good = 0, total = 0;
        std::optional<double> budget_left, long_burn, short_burn;
        // Of the requests, or the ages, that are counted; none where nothing was, and of other indicators.
        std::optional<double> p50_ms, p95_ms, p99_ms;
    };
    std::int64_t step_micros = 0;
    std::vector<Point> points;
    std::vector<slo::ForecastPoint> forecast;
    std::vector<slo::AlertChange> changes;
};

struct BackTest {
    query::TimeRange range;  // as far as there is history
    std::uint64_t fired = 0;
    std::optional<std::int64_t> first_after_micros;  // from the first bad slice before it
    std::vector<slo::AlertChange> changes;
    slo::Budget budget;
    std::vector<std::string> warnings;
};

// Callbacks on the service's own thread. An empty project asks about all.
class ObjectiveService {
public:
    virtual ~ObjectiveService() = default;
    // Least budget first.
    virtual void list(std::string project, Done<std::vector<ObjectiveStatus>> done) = 0;
    virtual void history(std::string name, query::TimeRange range, Done<ObjectiveHistory> done) = 0;
    // InvalidArgument with Error::field.
    virtual void put(slo::Objective objective, Done<ObjectiveStatus> done) = 0;
    virtual void remove(std::string name, Done<bool> done) = 0;
    // What the draft would have done in what is kept of the past.
    virtual void back_test(slo::Objective draft, query::TimeRange range, Attendance attendance,
                           Done<BackTest> done) = 0;
};

}  // namespace streamgauge::api
