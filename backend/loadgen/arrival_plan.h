// SPDX-License-Identifier: GPL-3.0-or-later
// When each request of a run is due: a pure function k -> t_k of the stages, the spacing, the seed, and what a hand did
// to the run. Nothing that a server does can move a planned time, which is what makes latency counted from it honest.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "loadgen/hand.h"
#include "loadgen/random.h"
#include "loadgen/rate_piece.h"
#include "loadgen/replay_pace.h"

namespace streamgauge::loadgen {

enum class Spacing {
    Even,      // request k when the integral of the rate reaches k
    Poisson,   // as independent users arrive; the count of each stage is exact all the same
    Recorded,  // at the times of a recording
};

// A part of a run. Rates are requests a second (closed loop: users).
struct Stage {
    enum class Shape : std::uint8_t {
        Constant,  // `rate`
        Ramp,      // from `rate` to `to`, straight: duration * (rate + to) / 2 requests
        Steps,     // `steps` equal parts from `rate` to `to`
        Spike,     // `rate` for `seconds`, `to` for spike_seconds, `after` for after_seconds
        Sine,      // around `rate` by `amplitude`, one period each `period_seconds`
        Pause,     // nothing
    };
    Shape shape = Shape::Constant;
    double seconds = 30;
    double rate = 0, to = 0, after = 0;
    double spike_seconds = 0, after_seconds = 0;
    double amplitude = 0, period_seconds = 0;
    std::uint32_t steps = 1;
    std::string name;  // "soak", "warm-up": shown in reports; may be empty
    bool operator==(const Stage&) const = default;
};

// Of all stages, without what a hand changes.
double planned_seconds(const std::vector<Stage>& stages);

// What a hand's actions so far make of a plan: its clock stands still while paused, and another rate takes the place of
// the stages' one, or another speed that of a replay's. Plan time is the run's time without pauses.
struct HandedTime {
    std::int64_t paused_nanos = 0;  // all pauses that ended
    std::int64_t paused_at = -1;    // run's time; -1: not paused
    double rate = 0;                // in place of the stages; 0: none
    double spike_rate = 0;
    std::int64_t spike_until = 0;    // plan time
    ReplayPace pace = ReplayPace();  // of a replay

    bool paused() const { return paused_at >= 0; }
    std::int64_t plan_time(std::int64_t at) const { return (paused() ? paused_at : at) - paused_nanos; }
    void apply(const HandAction& action);
};

class ArrivalCursor;

// Immutable value, cheap to copy. Times are nanoseconds from the start of the run, ascending.
class ArrivalPlan {
public:
    using Cursor = ArrivalCursor;
    static constexpr double kHighestRate = 200'000;
    static constexpr double kLongestSeconds = 24 * 3600;
    static constexpr std::int64_t kNever = INT64_MAX;

    // Precondition: the stages are valid (validate() of a scenario). jitter_percent: even spacing, each gap differs
    // from the even one by at most so much of it.
    ArrivalPlan(const std::vector<Stage>& stages, Spacing spacing, std::uint64_t seed, double jitter_percent = 0);
    // Requests at `times`, ascending, which one stage of their length and mean rate stands for, `speed` times as fast
    // as they were recorded. A hand's rates change nothing.
    ArrivalPlan(const Stage& whole, std::shared_ptr<const std::vector<std::int64_t>> times, double speed = 1);

    // One stage. InvalidArgument (field rate or duration) unless 0 < rate <= kHighestRate and 0 < seconds <=
    // kLongestSeconds.
    static Result<ArrivalPlan> constant(double rate, double seconds, Spacing spacing, std::uint64_t seed);

    // Requests of the whole run without a hand. After each stage so many were planned as its and all earlier integrals
    // add up to, rounded up.
    std::uint64_t count() const;
    std::int64_t duration_nanos() const { return pieces_->duration; }
    // The rate at a plan time, 0 outside of the plan; with what a hand made of it at a time of the run.
    double rate_at(std::int64_t plan_time) const;
    double rate_at(std::int64_t at, const HandedTime& handed) const;

private:
    friend class ArrivalCursor;
    struct Pieces {
        std::vector<RatePiece> pieces;
        std::vector<std::int64_t> begins;
        std::int64_t duration = 0;
    };
    static std::uint64_t requests_of_piece(double integral, double first);

    std::shared_ptr<const Pieces> pieces_;
    Spacing spacing_;
    std::uint64_t seed_;
    double jitter_;                                           // 0 to 1
    std::shared_ptr<const std::vector<std::int64_t>> times_;  // Spacing::Recorded
    double speed_ = 1;
};

// Walks the plan in order. Poisson arrivals with an exact count are, on the scale of the integral, the order
// statistics of so many uniform points, drawn one after the other in constant memory: of n points left, none falls
// into the first share x of what is left with probability (1 - x)^n (Devroye, "Non-Uniform Random Variate
// Generation", V.2). Two cursors that are given the same actions walk the same times.
class ArrivalCursor {
public:
    // `actions`: of a hand, ascending; may grow while the cursor lives (then refresh()), must outlive it. An action
    // moves what is planned later than its time and nothing else.
    explicit ArrivalCursor(const ArrivalPlan& plan, const std::vector<HandAction>* actions = nullptr);

    // No request is left, as long as no further action comes. A paused plan is not done.
    bool done() const { return planned_ == ArrivalPlan::kNever && !handed_.paused(); }
    std::uint64_t index() const { return index_; }
    // kNever when done or paused.
    std::int64_t planned_nanos() const { return planned_; }
    // Precondition: planned_nanos() is not kNever.
    void advance();
    // After actions were added.
    void refresh();

    const HandedTime& handed() const { return handed_; }
    // When the plan's time is over, in the run's time; kNever while paused.
    std::int64_t end_nanos() const;

private:
    std::int64_t plan_end() const;  // plan time
    void draw();
    void settle();
    void reshape(std::int64_t plan_time);
    void begin_piece(std::int64_t plan_time, double first);
    bool next_piece();

    ArrivalPlan plan_;
    const std::vector<HandAction>* actions_;
    std::size_t applied_ = 0;  // of actions_
    HandedTime handed_;
    RandomStream random_, jitter_random_;
    std::uint64_t index_ = 0;
    std::int64_t planned_ = 0;
    std::int64_t next_ = 0;  // the same in plan time
    // The piece that the next request lies in.
    RatePiece piece_;
    std::int64_t piece_begin_ = 0;  // plan time
    std::size_t stage_piece_ = 0;   // where the search for a plan time begins
    double integral_ = 0;           // of the whole piece
    double first_ = 0;              // value of the integral at which its first request is due
    std::uint64_t piece_count_ = 0, piece_index_ = 0;
    double nanos_per_request_ = 0;  // constant rate
    double remaining_ = 1;          // Poisson: share of the integral after the last point drawn
};

}  // namespace streamgauge::loadgen
