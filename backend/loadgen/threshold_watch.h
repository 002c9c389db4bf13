// SPDX-License-Identifier: GPL-3.0-or-later
// Evaluates a run's thresholds while it runs and at its end: sliding windows second by second, each added and its
// oldest taken away, so that a window of an hour costs no more than one of a second.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "loadgen/run_record.h"
#include "loadgen/run_report.h"
#include "loadgen/scenario.h"

namespace streamgauge::loadgen {

// Not thread-safe. Precondition of all calls: the record of a run of the scenario, never an older state of it.
class ThresholdWatch {
public:
    explicit ThresholdWatch(const Scenario& scenario);
    ~ThresholdWatch();
    ThresholdWatch(ThresholdWatch&&) noexcept;

    // Takes in the seconds that ended since the last call. Index of the first threshold that ends the run now.
    std::optional<std::size_t> update(const RunRecord& record, std::int64_t elapsed_nanos);

    // How they stand while the run goes on: passed says that none has failed so far.
    std::vector<ThresholdResult> now(const RunRecord& record, std::int64_t elapsed_nanos) const;

    // After the run, with what end to end found (null: not checked).
    std::vector<ThresholdResult> finish(const RunRecord& record, std::int64_t elapsed_nanos, bool stopped,
                                        const EndToEndReport* end_to_end);

private:
    class Window;
    struct Watched;

    std::optional<double> whole(const Watched& watched, const RunRecord& record, std::int64_t elapsed_nanos,
                                const EndToEndReport* end_to_end) const;

    double planned_seconds_;
    std::vector<Watched> watched_;
};

}  // namespace streamgauge::loadgen
