// SPDX-License-Identifier: GPL-3.0-or-later
// Watches the objectives of a load run on a laboratory's scale (lab_objective.h): the slices, budgets and alerts of
// backend/slo, over slices of 100 ms of what the generator itself sees. So alerts can be tried out: when do they fire,
// when are they over, and what would the run have cost?
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loadgen/request_event.h"
#include "loadgen/run_report.h"
#include "loadgen/scenario.h"
#include "slo/alert.h"
#include "slo/slice_series.h"

namespace streamgauge::loadgen {

// How an objective stands while the run goes on.
struct ObjectiveStanding {
    std::string name, promise;  // promise_text()
    slo::Indicator::Kind kind = slo::Indicator::Kind::Availability;
    double target = 0;
    slo::Ratio counted;                 // in the slices that are over
    std::optional<double> left;         // of the budget of the window before now
    std::optional<double> burn_rate;    // of the shortest long window
    std::vector<slo::Severity> firing;  // one for each alert that fires now
    std::uint64_t fired = 0;            // alerts so far
    bool held = true;                   // no window was overspent so far
};

// For one thread. Being told of a request allocates nothing, unless nobody ticked for 64 slices.
class RunObjectives {
public:
    // Precondition: validate(scenario).
    explicit RunObjectives(const Scenario& scenario);

    // Response times count from the planned time. What got no answer is bad for availability and errors; for latency
    // when it waited longer than the threshold, and otherwise it is not counted. What was dropped is never counted.
    void take(const Answered& answered);
    void take(const Failed& failed);
    void take(const Unfinished& unfinished);
    // Evaluates at the end of every slice that is over. Call it several times a second.
    void tick(std::int64_t now_nanos);
    std::vector<ObjectiveStanding> standings() const;
    // Counts what there is up to `end_nanos`. Call once.
    std::vector<ObjectiveResult> finish(std::int64_t end_nanos);

private:
    static constexpr std::int64_t kSlicesAtHand = 64;
    static constexpr std::size_t kMostEpisodes = 100;
    struct Watched {
        Watched(const LabObjective& lab, const Scenario& scenario);
        std::int64_t slice_nanos() const { return scaled.slice_micros * 1000; }

        LabObjective asked;
        LabScaled scaled;
        std::vector<bool> endpoints;
        slo::SliceSeries series;
        slo::AlertMachine machine;
        std::array<slo::Ratio, static_cast<std::size_t>(kSlicesAtHand)> at_hand{};
        std::int64_t next_slice = 0;  // not evaluated yet
        slo::Ratio counted;           // in the slices that were evaluated
        Timestamp last_bad{-1};       // end of the last slice with a bad one
        std::optional<double> lowest_left;
        std::optional<std::int64_t> overspent_nanos;
        std::vector<ObjectiveAlert> alerts;
    };
    static void count(Watched& watched, std::int64_t at_nanos, bool good);
    static void evaluate(Watched& watched);
    static void judge_window(Watched& watched, Timestamp end);
    static void note(Watched& watched, const slo::AlertChange& change);
    static void tick(Watched& watched, std::int64_t now_nanos);
    void count_unanswered(Endpoint endpoint, std::int64_t planned, std::int64_t at);

    std::vector<Watched> watched_;
};

}  // namespace streamgauge::loadgen
