// SPDX-License-Identifier: GPL-3.0-or-later
// Whether two runs differ, with intervals and an honest "no detectable difference". Requests within a second share
// their fate, so they are not independent: what varies is estimated from blocks of seconds (batch means), or, with
// three runs and more on each side, from run to run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace streamgauge::loadgen {

// What a second of a run comes to, and the response times of the answers that came within it: (Histogram's bucket,
// count), ascending.
struct ComparedSecond {
    std::uint64_t planned = 0, good = 0, bad = 0;  // due; ended well; ended otherwise
    std::vector<std::pair<std::uint32_t, std::uint64_t>> response;
};

struct ComparedRun {
    std::string run_id;
    std::vector<std::pair<std::string, std::string>> conditions;  // "seed", "build", ...: the same names in every run
    std::vector<std::string> doubts;                              // why its figures may be wrong, a sentence each
    std::vector<ComparedSecond> seconds;
};

struct CompareOptions {
    // A change that may be smaller than this share of the value is none that matters (of error_share and good_share: a
    // tenth of it, absolute): between two runs of the same thing a machine drifts by a few percent, of which no single
    // run can tell.
    double least_change = 0.03;
    double error_rate = 0.05;  // of finding any difference where there is none (Holm's correction over all measures)
};

enum class ChangeVerdict : std::uint8_t {
    NoDifference,  // none that can be detected
    Better,
    Worse,
    TooFew,  // not enough to say anything
};
std::string_view to_string(ChangeVerdict verdict);  // "no detectable difference", "better", "worse", "too few"

struct MeasureChange {
    std::string
        measure;  // "p50", "p90", "p95", "p99", "p99.9", "mean" (ms), "error_share", "good_share" (of what was due)
    double before = 0, after = 0;
    double change = 0, low = 0, high = 0;  // after - before, and its 95 % interval
    double p_value = 1;                    // corrected for the number of measures
    ChangeVerdict verdict = ChangeVerdict::TooFew;
};

struct RunComparison {
    std::vector<MeasureChange> measures;
    ChangeVerdict verdict = ChangeVerdict::TooFew;  // Worse when any measure is, then Better when any is
    std::vector<std::string> warnings;              // conditions that differ, doubts, what the intervals do not cover
};

// The runs of each side count as one. InvalidArgument when a side has none, or no second.
// Intervals: of a quantile by Woodruff's method (J. Amer. Statist. Assoc. 47, 1952) on the logit scale with the
// variance of a ratio over blocks; of a share by Wilson's with the effective number of samples; of a difference by
// combining both sides' limits (MOVER: Zou and Donner, Statist. Med. 27, 2008).
Result<RunComparison> compare(const std::vector<ComparedRun>& before, const std::vector<ComparedRun>& after,
                              const CompareOptions& options = {});

}  // namespace streamgauge::loadgen
