// SPDX-License-Identifier: GPL-3.0-or-later
// What is due and not yet taken to be sent: by a plan (open loop), or by users who send, wait for the answer and think
// (closed loop). Allocates only when it is made.
#pragma once

#include <cstdint>
#include <vector>

#include "loadgen/arrival_plan.h"
#include "loadgen/scenario.h"

namespace streamgauge::loadgen {

struct DueRequest {
    std::int64_t planned = 0;  // closed loop: when its user was ready
    std::uint64_t index = 0;   // number in the run; kinds and fields follow from it
};

// Times are nanoseconds from the start of the run, never before the last one given.
class DueRequests {
public:
    // Most users at once (closed loop) or most requests that wait (open loop with WhenFull::Drop): `capacity`.
    // `highest_user_rate`: so many requests a second at most become due of users, who think longer then; 0: no bound.
    DueRequests(const Scenario& scenario, std::uint32_t capacity, double highest_user_rate = 0);
    // The plan's cursors look at members of this object.
    DueRequests(const DueRequests&) = delete;
    DueRequests& operator=(const DueRequests&) = delete;

    // Calls keep(DueRequest) for each request that became due until `at`, in order; what it returns false for is gone.
    template <class Keep>
    void see(std::int64_t at, Keep&& keep) {
        if (closed_) look_at_users(at);
        while (next_planned() <= at) {
            const DueRequest request = closed_ ? next_user_request() : DueRequest{due_.planned_nanos(), due_.index()};
            const bool kept = keep(request);
            if (!closed_) due_.advance();
            if (ringed_ && kept) push(request);
            if (closed_ && !kept) ended(at, false);
        }
    }
    // When the next request becomes due, as far as can be said now; kNever.
    std::int64_t next_planned() const;
    // When to look again: next_planned(), or earlier where users may come.
    std::int64_t next_look() const;
    // Nothing more becomes due unless a hand does something.
    bool done() const;

    std::uint64_t waiting() const { return ringed_ ? ring_count_ : due_.index() - next_.index(); }
    // Precondition of both: waiting() > 0.
    DueRequest front() const;
    void pop();

    // A request that was taken has ended: its user thinks. What had no answer is not tried again at once.
    void ended(std::int64_t at, bool answered);

    // A hand's action, at its time; everything until then was seen.
    void act(const HandAction& action);
    bool paused() const { return handed().paused(); }
    double rate_at(std::int64_t at) const { return plan_.rate_at(at, handed()); }
    double speed_at(std::int64_t at) const { return handed().pace.speed(handed().plan_time(at)); }  // of a replay
    // End of the plan's time; kNever while paused.
    std::int64_t end_nanos() const;

private:
    static constexpr std::int64_t kLookNanos = 10'000'000;    // closed loop: between two counts of users
    static constexpr std::int64_t kRetryNanos = 100'000'000;  // closed loop: after no answer

    const HandedTime& handed() const { return closed_ ? handed_ : due_.handed(); }
    void look_at_users(std::int64_t at);
    DueRequest next_user_request();
    void push(const DueRequest& request);

    const bool closed_, ringed_;
    const ArrivalPlan plan_;
    std::vector<HandAction> actions_;
    ArrivalCursor due_;   // first request that is not due yet
    ArrivalCursor next_;  // first request that is not taken yet: what lies between the two waits

    std::vector<DueRequest> ring_;
    std::size_t ring_begin_ = 0, ring_count_ = 0;

    // Closed loop.
    HandedTime handed_;
    const std::int64_t least_gap_;  // between two requests
    std::int64_t free_at_ = 0;      // no request is due before
    const double think_nanos_;
    const bool think_random_;
    const RandomStream random_;
    std::vector<std::int64_t> ready_;  // heap: when each thinking user is ready, earliest first
    std::uint32_t users_ = 0, wanted_users_ = 0;
    std::uint64_t issued_ = 0, thought_ = 0;
    std::int64_t looked_at_ = -kLookNanos;
    bool over_ = false;
};

}  // namespace streamgauge::loadgen
