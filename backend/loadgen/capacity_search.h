// SPDX-License-Identifier: GPL-3.0-or-later
// The highest rate at which a server holds all of its objectives. Doubles the rate until a step fails, then narrows:
// each step's outcome moves a probability over all rates, and the next step is where it is most in doubt (probabilistic
// bisection: Horstein 1963; Waeber, Frazier, Henderson, SIAM J. Control Optim. 51, 2013), so that one wrong outcome is
// put right by the next. A longer run confirms the answer. Pure: outcomes in, rates out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loadgen/capacity_step.h"

namespace streamgauge::loadgen {

struct CapacityOptions {
    double first_rate = 50;  // requests a second
    double highest_rate = 100'000;
    double budget_seconds = 175;  // of everything, by the clock
    double width = 0.05;          // of the interval, of the rate: then it is narrow enough
    double confirm_seconds = 20;
};

// What is to be done next. A step is to be ended when it is judged (CapacityStep), and the server to be given time to
// work off what it has before the next one.
struct CapacityTask {
    double rate = 0;
    StepLimits limits;
    bool confirm = false;

    // Most that it takes by itself: its last half second may end late.
    double seconds() const { return limits.most_seconds + 1; }
};

// What became of a step.
struct CapacityOutcome {
    double rate = 0;          // of the plan
    double offered_rate = 0;  // what the arrivals, which are random, came to
    double answered_rate = 0, seconds = 0;
    double at_seconds = 0;                       // when it was over, since the search began, by the clock
    double mean_ms = 0, p50_ms = 0, p99_ms = 0;  // response times
    double service_ms = 0;                       // mean, from when a request was sent
    // max_in_flight, where it failed by what takes time with so many under way for half of it or more; else 0.
    std::uint32_t full_at = 0;
    StepState state = StepState::Held;
    bool clear = false, confirm = false, generator_limited = false;
    bool in_flight_limited = false;  // set by the search: max_in_flight was the limit, and not the server
    std::string limiting;
    std::vector<StageTime> stages;
};

enum class CapacityEnd : std::uint8_t {
    Found,
    NothingHeld,       // not even the first rate
    NoLimit,           // the highest rate held
    GeneratorLimited,  // this generator cannot send more, as several steps in a row show; the server may take more
    OutOfTime,         // the answer is not confirmed
};
std::string_view to_string(CapacityEnd end);  // "found", "nothing held", ...

struct CapacityAnswer {
    CapacityEnd end = CapacityEnd::OutOfTime;
    double rate = 0;  // the highest that held, confirmed where `end` is Found
    // The limit lies between them with 95 % probability. high is 0 where no step has shown one.
    double low = 0, high = 0;
    std::string limiting;             // objective that failed just above, "queue", or "max_in_flight: ..."
    std::string limiting_stage;       // of the server's own; "outside of the server's stages"; or empty: it names none
    double seconds = 0;               // taken, by the clock
    std::uint32_t max_in_flight = 0;  // set by find_capacity()
    std::vector<CapacityOutcome> steps;
};

class CapacitySearch {
public:
    // InvalidArgument (field first_rate, highest_rate, budget_seconds).
    static Result<CapacitySearch> make(const CapacityOptions& options);

    // None when the search is over, which it is where the budget is too short for a step. `at`: seconds since the
    // search began, by the clock. After a step outcome() is to be called; without one, next() again.
    std::optional<CapacityTask> next(double at);
    void outcome(CapacityOutcome outcome);
    const CapacityOutcome& last() const { return steps_.back(); }  // as it was understood
    CapacityAnswer answer() const;

private:
    explicit CapacitySearch(const CapacityOptions& options);
    void start_narrowing(const CapacityOutcome& failed);
    void learn(double rate, bool failed, bool clear);
    bool narrow() const;
    bool in_flight_limits(const CapacityOutcome& failed) const;
    double quantile(double q) const;  // of the probability, a rate
    const CapacityOutcome* nearest_failed() const;
    std::string limiting_stage() const;

    CapacityOptions options_;
    std::vector<CapacityOutcome> steps_;
    double elapsed_ = 0;
    bool narrowing_ = false, over_ = false;
    std::optional<CapacityOutcome> held_;  // the last while doubling that did not fail for certain
    int late_in_a_row_ = 0;                // steps in which the generator was the limit
    CapacityEnd end_ = CapacityEnd::OutOfTime;
    double confirmed_ = 0;
    int failed_confirmations_ = 0;
    double low_rate_ = 0, high_rate_ = 0;  // of the grid
    std::vector<double> probability_;      // of each point of a grid that is even in the logarithm
};

}  // namespace streamgauge::loadgen
