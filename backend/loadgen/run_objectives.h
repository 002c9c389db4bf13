// SPDX-License-Identifier: GPL-3.0-or-later
// Objectives inside a load run, on a laboratory's scale: the slices, budgets and alerts of backend/slo, over slices of
// 100 ms of what the generator itself sees. So alerts can be tried out: when do they fire, when are they over?
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "loadgen/request_event.h"
#include "slo/alert.h"
#include "slo/outlook.h"

namespace streamgauge::loadgen {

struct ObjectiveResult {
    slo::Objective objective;  // with its rules
    slo::Budget budget;        // of its window before the end of the run
    bool held = false;         // the budget is not overspent; false without data
    std::vector<slo::RuleState> alerts;
    std::vector<slo::AlertChange> changes;
    std::optional<std::int64_t> first_fired_nanos;  // from the start of the run
};

// For one thread. Telling it of a request allocates nothing.
class RunObjectives {
public:
    static constexpr std::int64_t kSliceMicros = 100'000;

    // `endpoints`: names of the run's requests, by Endpoint; Indicator::route is one of them, or empty for all.
    // InvalidArgument, with Error::field, for an indicator that a run cannot see (freshness, the ledger, metrics), a
    // route that is none of its requests, and a target that is not above 0 and below 1.
    static Result<RunObjectives> make(const std::vector<slo::Objective>& objectives,
                                      const std::vector<std::string>& endpoints, Timestamp started_at);

    // Response times count from the planned time. What got no answer is bad for availability and errors; for latency
    // when it waited longer than the threshold, and otherwise it is not counted.
    void take(const Answered& answered);
    void take(const Failed& failed);
    void take(const Unfinished& unfinished);
    // Evaluates at the end of every slice that is over. Call it several times a second.
    void tick(std::int64_t now_nanos);
    // Counts what there is up to `end_nanos`.
    std::vector<ObjectiveResult> finish(std::int64_t end_nanos);

private:
    static constexpr std::size_t kSlicesAtHand = 64;
    struct Watched {
        Watched(slo::Objective from, std::vector<bool> which);
        slo::Objective objective;
        std::vector<bool> endpoints;
        slo::SliceSeries series;
        slo::AlertMachine machine;
        std::array<slo::Ratio, kSlicesAtHand> at_hand{};
        std::vector<slo::AlertChange> changes;
        std::optional<std::int64_t> first_fired_nanos;
    };
    explicit RunObjectives(Timestamp started_at) : started_at_(started_at) {}
    void count(Watched& watched, std::int64_t at_nanos, bool good);
    void count_unanswered(Endpoint endpoint, std::int64_t planned, std::int64_t at);

    Timestamp started_at_;
    std::vector<Watched> watched_;
    std::int64_t next_slice_ = 0;  // not evaluated yet
};

}  // namespace streamgauge::loadgen
