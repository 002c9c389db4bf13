// SPDX-License-Identifier: GPL-3.0-or-later
// Whether what a run sends can be asked for: its events carry stamps (run_stamp.h), which are read back over the
// server's REST search and its live feed, each on a thread of its own, away from the sending one. Found are freshness
// (sent to visible), loss, repeats, order, and whether the server's own sums are those of what was sent.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "loadgen/number_set.h"
#include "loadgen/run_record.h"
#include "loadgen/run_report.h"
#include "loadgen/scenario.h"

namespace streamgauge::loadgen {

struct EndToEndOptions {
    std::uint64_t id_salt = 0;                           // of the engine
    std::string confirmed_host;                          // as of the run's target (target.h)
    std::chrono::milliseconds look{50};                  // between two questions: freshness by query is that coarse
    std::uint64_t most_events = std::uint64_t{1} << 30;  // an eighth of a byte each
    std::size_t most_held = 1'000'000;                   // events between two looks that are put in order
};

struct FinishOptions {
    std::chrono::milliseconds most = std::chrono::hours(1);  // to wait, within end_to_end.settle
    int stop_fd = -1;                                        // readable: what is not visible a second later is not
                                                             // waited for; not read
    std::function<void()> tick = {};                         // called some ten times a second while it waits
};

// Of a run that goes on.
struct SeenSoFar {
    std::uint64_t visible = 0;  // different events
    std::uint64_t repeated = 0, out_of_order = 0;
    std::uint64_t looks = 0;
    double query_p50_ms = 0, query_p99_ms = 0;  // freshness by asking, as far as it is known
    double live_p50_ms = 0, live_p99_ms = 0;    // by the live feed
};

// What is waited for after a run that was stopped.
inline constexpr std::chrono::milliseconds kReadBackOfStopped{1000};

class EndToEndCheck {
public:
    // Precondition: validate(scenario) and end_to_end.check. Asks the query side once before anything is sent:
    // InvalidArgument (field end_to_end...) for a scenario that has nothing to read back, Forbidden for a host that is
    // not confirmed, Unavailable when the query side does not answer as Streamgauge does. Then reading begins.
    static Result<std::unique_ptr<EndToEndCheck>> start(const Scenario& scenario, const EndToEndOptions& options);
    virtual ~EndToEndCheck() = default;

    // For EngineOptions::acknowledged.
    virtual NumberSet& acknowledged() = 0;
    // Thread-safe; some milliseconds old.
    virtual SeenSoFar so_far() const = 0;
    // After the run: waits until everything acknowledged is visible, as long as `options` let it. Call once.
    virtual EndToEndReport finish(const RunRecord& record, const FinishOptions& options = {}) = 0;
};

}  // namespace streamgauge::loadgen
