// SPDX-License-Identifier: GPL-3.0-or-later
// The load service: runs `streamgauged load` as a child process, so that nothing this process does can disturb a
// measurement, and keeps what the child reports on its pipe.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/run_so_far.h"
#include "api/services.h"
#include "loadgen/scenario.h"

namespace streamgauge::api {

struct LoadServiceOptions {
    std::string program;  // path of streamgauged; started directly, without a shell
    // From the polite signal to SIGKILL: requests in flight, and events that are read back.
    std::chrono::milliseconds stop_grace{10'000};
    std::chrono::milliseconds close_grace{3000};  // the same, when the service itself ends
    // Where load may go: "host:port", "host" (any port), or "loopback" (any port of this machine). Asked at each start.
    std::function<std::vector<std::string>()> allowed_targets = [] { return std::vector<std::string>{"loopback"}; };
    // For the recording of a replay to be read before a start is answered: then it is refused if it does not fit.
    std::chrono::milliseconds read_grace{8000};
    std::string data_dir;           // whose journal a scenario may replay (Replay::journal "own"); empty: none
    double highest_rate = 200'000;  // requests a second of any plan, scenario or hand
    // A run has ended: its report (loadgen/report_text.h), who started it, and its id. On the service's own thread.
    // Also of a run whose process died before its report was made.
    std::function<void(std::string report, std::string by, std::string run_id)> on_report =
        [](const std::string&, const std::string&, const std::string&) {};
    // What is known of the run under way, for the case that this process dies. Called on the service's own thread.
    RunNoteKeeper notes = {};
};

// Seconds of a run that status() keeps: the newest. Longer runs are in the generator's own summary.
inline constexpr std::size_t kLoadSecondsKept = 3600;

// What a status shows of a scenario.
LoadPlan shown_plan(const loadgen::Scenario& scenario);
// InvalidArgument naming the field (url, rate, duration_seconds, arrivals, batch, connections).
Status check_load_plan(const LoadPlan& plan);
// Forbidden unless the URL's host and port are among those that are allowed. Of names only localhost is loopback: what
// others lead to may change.
Status check_load_target(const std::string& url, const std::vector<std::string>& allowed);
// Forbidden, naming the member, for a scenario that names files or variables of this machine, or goes beyond
// `highest_rate`.
Status check_served_scenario(const loadgen::Scenario& scenario, double highest_rate);

// `on_update` gets every report as a delta (its seconds are those that are new or changed) on the service's own thread,
// and must not block; status() has already taken it in. All Done callbacks run on that thread too, except that a call
// after shutdown or into a full queue gets Unavailable at once. start() answers when the child runs (state Starting),
// of a replay when its recording was read, and leaves the status as it was when that is refused; stop() when it ended
// (the final status; at once when none runs). Destroying the service ends a run that is under way.
std::unique_ptr<LoadService> make_load_service(LoadServiceOptions options,
                                               std::function<void(const LoadStatus&)> on_update);

}  // namespace streamgauge::api
