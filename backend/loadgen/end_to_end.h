// SPDX-License-Identifier: GPL-3.0-or-later
// Whether what a run sends can be asked for: its events carry stamps (run_stamp.h), which are read back over the
// server's REST search and its live feed, each on a thread of its own, away from the sending one. Found are freshness
// (sent to visible), loss, repeats, order, and whether the server's own sums are those of what was sent.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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
    // After the run: waits until everything acknowledged is visible, at most end_to_end.settle and `most`. Call once.
    virtual EndToEndReport finish(const RunRecord& record, std::chrono::milliseconds most = std::chrono::hours(1)) = 0;
};

// One event that was read back.
struct SeenEvent {
    std::uint64_t id = 0;      // where it stands in the server's log
    std::uint64_t number = 0;  // kStampNumber
    std::int64_t sent_micros = 0;
};
// For one thread.
class SeenEventReader {
public:
    SeenEventReader();
    ~SeenEventReader();
    // Of a page of the search, or of a message of the live feed ({"events":[...],"skipped":n}); those without this
    // run's stamp are passed over. InvalidArgument for anything else. `skipped`: of the message.
    Result<std::vector<SeenEvent>> read(std::string_view json, std::string_view stamp,
                                        std::uint64_t* skipped = nullptr);

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace streamgauge::loadgen
