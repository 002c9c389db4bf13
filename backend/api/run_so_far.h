// SPDX-License-Identifier: GPL-3.0-or-later
// What a load run's process has told of it, and the report that is made of that when the run does not come to its end.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/types.h"
#include "base/histogram.h"
#include "base/time.h"
#include "loadgen/hand.h"
#include "loadgen/run_report.h"

namespace streamgauge::api {

// StoredLoadRun::state, and the beginning of LoadCapacity::end, of what did not come to its end.
inline constexpr std::string_view kInterrupted = "interrupted";

// Where it is noted that a run is under way. Either may be empty.
struct RunNoteKeeper {
    // Keeps the report that is to be stored if nothing more is heard of the run; in place of the one before.
    std::function<void(const std::string& run_id, std::string report, const std::string& by)> note;
    std::function<void(const std::string& run_id)> forget;
};

// Not thread-safe.
class RunSoFar {
public:
    // `begun`: its status as it begins; `scenario`: its text; `by`: who started it. Notes it.
    RunSoFar(RunNoteKeeper keeper, const LoadStatus& begun, std::string scenario, std::string by, Timestamp now);

    // A second that has ended. The newest hour of them is kept.
    void take(loadgen::SecondReport second);
    // What a hand did; it is noted with the next status, so that the run can be repeated.
    void take(const loadgen::HandAction& action);
    // Notes how the run stands when that was not done for a while: at least five seconds, and fifty times what
    // it took. The seconds of `status` do not matter.
    void take(const LoadStatus& status);
    // It ended, with this report.
    void ended(std::string report);
    void forget();
    bool has_ended() const { return ended_; }
    // Its process has told something of it: it was ready to send.
    bool was_heard() const { return heard_; }

    const std::string& by() const { return by_; }
    // The report of a run, or of a search, that ended after `status` because of `cause` ("the server ended"): its
    // state says so, it has passed nothing, and its certificate is invalid and says why.
    std::string interrupted(const LoadStatus& status, std::string_view cause) const;

private:
    void note(const LoadStatus& status);

    RunNoteKeeper keeper_;
    std::string run_id_, scenario_, by_;
    Timestamp started_at_;
    loadgen::Machine machine_;
    std::deque<loadgen::SecondReport> seconds_;
    std::vector<loadgen::HandAction> hand_;
    Histogram response_, unanswered_;  // of all seconds
    std::uint64_t dropped_ = 0;
    std::chrono::steady_clock::time_point next_note_;
    bool ended_ = false, heard_ = false;
};

}  // namespace streamgauge::api
