// SPDX-License-Identifier: GPL-3.0-or-later
// The metrics that are defined: listed, added, changed and removed while the server runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/services.h"
#include "metrics/definition.h"

namespace streamgauge::api {

// A metric that is being filled from the journal. Its name answers with what was there before (a change) or with what
// is filled so far (a new one) until it has caught up.
struct Backfill {
    Offset next = 0, end = 0;  // filled up to, of; the end moves while events arrive
    double events_per_second = 0;
    std::optional<Error> failure;  // retried
    bool failed = false;           // for so long that it has lost what it had; tried anew from time to time
};

struct MetricStatus {
    MetricDefinition definition;
    std::optional<Backfill> backfill;        // of this definition
    std::uint64_t late = 0, too_late = 0;    // events that came after their window was closed; or was gone
    std::optional<Timestamp> complete_from;  // the journal began there when it was filled; none: everything is in
    bool from_file = false;                  // metrics.toml has it: it cannot be changed here
};

// Callbacks on the service's own thread.
class MetricService {
public:
    virtual ~MetricService() = default;
    // By name.
    virtual void list(Done<std::vector<MetricStatus>> done) = 0;
    // Adds the metric, or puts it in place of the one of its name. Ok when it is durable and its backfill has begun (or
    // nothing but description and unit changed). Conflict for a built-in one or one of the file, InvalidArgument with
    // Error::field for a definition that cannot be, TooLarge where the budget of metrics.exact_budget is given out.
    virtual void put(MetricDefinition definition, Done<MetricStatus> done) = 0;
    // What put() would say, without doing it.
    virtual void try_put(MetricDefinition definition, Done<MetricStatus> done) = 0;
    // Conflict and NotFound as above. What it held is gone for good.
    virtual void remove(std::string name, Done<bool> done) = 0;
    // What the backfill was to bring is given up: a new metric is removed, a changed one stays as it was before.
    // NotFound when nothing is being filled under this name.
    virtual void cancel_backfill(std::string name, Done<bool> done) = 0;
    // A backfill that has failed is tried now, from the oldest event that is kept. Of any other metric it changes
    // nothing, so that it may be asked for again. Also of built-in ones and those of the file. NotFound where there is
    // no metric of this name.
    virtual void retry_backfill(std::string name, Done<MetricStatus> done) = 0;
};

}  // namespace streamgauge::api
