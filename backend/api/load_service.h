// SPDX-License-Identifier: GPL-3.0-or-later
// The load service: runs `streamgauged load` as a child process, so that nothing this process does can disturb a
// measurement, and keeps what the child reports on its pipe.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "api/services.h"

namespace streamgauge::api {

struct LoadServiceOptions {
    std::string program;                         // path of streamgauged; started directly, without a shell
    std::chrono::milliseconds stop_grace{3000};  // from the polite signal to SIGKILL
};

// Seconds of a run that status() keeps: the newest. Longer runs are in the generator's own summary.
inline constexpr std::size_t kLoadSecondsKept = 3600;

// InvalidArgument naming the field (url, rate, duration_seconds, batch, connections), or Forbidden when the target is
// not a loopback address. Names other than localhost are refused: what they lead to may change.
Status check_load_plan(const LoadPlan& plan);

// `on_update` gets every report as a delta (its seconds are those that are new or changed) on the service's own thread,
// and must not block; status() has already taken it in. All Done callbacks run on that thread too, except that a call
// after shutdown or into a full queue gets Unavailable at once. start() answers when the child runs (state Starting),
// stop() when it ended (the final status; at once when none runs). Destroying the service ends a run that is under way.
std::unique_ptr<LoadService> make_load_service(LoadServiceOptions options,
                                               std::function<void(const LoadStatus&)> on_update);

}  // namespace streamgauge::api
