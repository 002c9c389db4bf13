// SPDX-License-Identifier: GPL-3.0-or-later
// Whether a server holds its objectives at one rate: a sequential test over the slices of a step, which ends as soon as
// the answer is clear and goes on while it is not. Pure: slices in, a judgement out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "loadgen/threshold.h"
#include "slo/objective.h"

namespace streamgauge::loadgen {

// An objective as a share of bad requests: "p(99)<300" allows 1 % to take longer than 300 ms.
struct CapacityObjective {
    std::string name;  // as it was written; of a scenario's objectives "fast: 95 % within 300 ms"
    Threshold::Measure measure = Threshold::Measure::Percentile;
    double bound_ms = 0;    // Percentile, Median, Freshness: what takes longer is bad
    double allowed = 0.01;  // share of bad, above 0, below 1
    // Of an objective of production: requests are counted as RunObjectives counts them, and not by `measure`.
    std::optional<slo::Indicator> indicator = {};
};
// `name` is what it is called. InvalidArgument for what is no share: p(..)<, med<, errors< and freshness< are.
Result<CapacityObjective> capacity_objective(const Threshold& threshold, std::string name);
// 1 - target is what it allows; its window has no meaning in a step. Precondition: check_lab_objectives().
CapacityObjective capacity_objective(const slo::Objective& objective);

// How long a stage of the server took, over a slice.
struct StageTime {
    std::string name;
    std::uint64_t count = 0;
    double sum_ms = 0;
};

// About half a second of a step.
struct CapacitySlice {
    struct Share {
        std::uint64_t bad = 0, total = 0;
    };
    double seconds = 0.5;
    std::uint64_t planned = 0, answered = 0;
    std::uint64_t backlog = 0;      // due and not answered, at its end
    double mean_ms = 0;             // response time of the answers
    double service_ms = 0;          // the same from when they were sent
    std::vector<Share> objectives;  // in the order of the objectives
    std::vector<StageTime> stages;
    bool generator_late = false;  // the generator could not keep its plan
    bool in_flight_full = false;  // at its end requests waited, as max_in_flight were under way
};

struct StepLimits {
    double settle_seconds = 1;  // not looked at: connections are made, queues fill
    double least_seconds = 3;   // after that
    double most_seconds = 20;   // then it is decided by what is likelier
};

enum class StepState : std::uint8_t { Running, Held, Failed };

struct StepJudgement {
    StepState state = StepState::Running;
    bool clear = false;  // decided by the test, not by the end of time
    // What failed, or came nearest to failing: an objective's name, or "queue" for a backlog that grows.
    std::string limiting;
    bool limiting_is_time = true;  // so that waiting may be why: an objective of latency, or the queue
    bool generator_limited = false;
};

class CapacityStep {
public:
    CapacityStep(double rate, std::vector<CapacityObjective> objectives, StepLimits limits);

    StepJudgement take(const CapacitySlice& slice);

    double rate() const { return rate_; }
    double seconds() const { return seconds_; }  // of all slices
    double offered_rate() const;                 // what was due, of those that are looked at; else the rate
    double answered_rate() const;                // of those that are looked at; 0 without any
    double mean_ms() const;
    double service_ms() const;
    bool in_flight_full() const;                    // in half of those that are looked at, or more
    double bad_share(std::size_t objective) const;  // of those that are looked at
    std::vector<StageTime> stages() const { return stages_; }

private:
    // -1: holds for certain, 1: fails for certain, 0: unsure. `nearness`: bad / allowed, likeliest value.
    struct Look {
        int sign = 0;
        double nearness = 0;
    };
    double mean_of(double CapacitySlice::*member) const;  // over all answers
    Look look_at_share(std::size_t objective) const;
    Look look_at_queue() const;
    StepJudgement judge() const;

    double rate_;
    std::vector<CapacityObjective> objectives_;
    StepLimits limits_;
    double seconds_ = 0;
    std::vector<CapacitySlice> slices_;  // that are looked at
    std::vector<StageTime> stages_;
    std::uint64_t first_backlog_ = 0;
    std::uint32_t late_slices_ = 0;
};

}  // namespace streamgauge::loadgen
