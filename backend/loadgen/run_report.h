// SPDX-License-Identifier: GPL-3.0-or-later
// Everything a run says at its end, as one value: what outputs are made of, what is stored, compared and shown. Its
// JSON form (report_text.h) is "streamgauge-load-run/1"; histograms go along whole, so that nothing has to be averaged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "base/sparse_histogram.h"
#include "base/time.h"
#include "loadgen/hand.h"
#include "loadgen/run_record.h"
#include "loadgen/threshold.h"

namespace streamgauge::loadgen {

struct EndpointReport {
    std::string name;
    Totals totals;
    Durations durations;
};

struct SecondReport {
    SecondRow row;
    SparseHistogram response;    // of the answers that came within it
    SparseHistogram unanswered;  // of the failures within it: how long they had waited
};

struct ThresholdResult {
    Threshold threshold;
    bool passed = false;
    // Of the whole run, or of the window that came nearest to failing. None: nothing to measure; it has not passed.
    std::optional<double> measured;
    std::optional<std::int64_t> failed_at_nanos;  // end of the first window that failed; of the run when it ended it
};

enum class Validity : std::uint8_t { Valid, Degraded, Invalid };
std::string_view to_string(Validity validity);

// How far the generator itself can be believed.
struct Certificate {
    Validity verdict = Validity::Valid;
    std::vector<std::string> reasons;  // why it is not valid, each a sentence with its figure
    double send_lag_p50_ms = 0, send_lag_p99_ms = 0, send_lag_max_ms = 0;  // of the generator alone
    // Both of the moments at which the generator took up what was due, so that a slow server cannot change them.
    double even_share = 1;  // of the gaps, those within 25 % of the planned gap; not judged of Poisson arrivals
    double dispersion = 0;  // variance / mean of their number in 10 ms: 0 even, 1 Poisson
    std::uint64_t dropped = 0;
    double cpu_share = 0;      // of one core, the generator's own
    std::uint64_t stalls = 0;  // times that the generator did not run for more than 10 ms while something was due
    double longest_stall_ms = 0;
    double clock_step_ms = 0;  // by which the wall clock moved against the monotonic one
};

struct EndToEndReport {
    std::uint64_t sent = 0;                     // events in requests that went out
    std::uint64_t acknowledged = 0;             // with a good answer
    std::uint64_t visible = 0;                  // different ones that were read back
    std::uint64_t lost = 0;                     // acknowledged, and not visible when the wait was over
    std::uint64_t repeated = 0;                 // read back once more than once
    std::uint64_t out_of_order = 0;             // stand in the log behind an event that was sent after them
    std::uint64_t unanswered_visible = 0;       // visible without a good answer
    bool sums_equal = false;                    // the server's count and sum are those of what was sent
    bool complete = true;                       // false: reading back failed at the end, so that loss is not known
    std::vector<std::string> unknown;           // what could not be known, or does not fit, each a sentence
    Histogram freshness_query, freshness_live;  // sent to visible, by asking and by the live feed
    std::uint64_t live_skipped = 0;             // not in the live feed, which shows a screen's worth at most
};

struct Machine {
    std::string host, processor, kernel, build;
    unsigned cores = 0;
};

struct RunReport {
    std::string run_id;
    Timestamp started_at;
    std::string name, url;  // of the scenario
    std::string scenario;   // its text, without secrets
    std::uint64_t seed = 0;
    Machine machine;
    RunState state = RunState::Done;
    std::string stopped_by;  // "hand", "interrupted", "threshold", "error brake", or empty
    double elapsed_seconds = 0, planned_seconds = 0;
    Totals totals;
    Durations durations;
    std::vector<EndpointReport> endpoints;
    std::vector<SecondReport> seconds;
    std::vector<ErrorGroup> errors;
    std::vector<ServerStage> stages;
    std::vector<ThresholdResult> thresholds;
    std::vector<HandAction> hand;
    Certificate certificate;
    std::optional<EndToEndReport> end_to_end;
};

}  // namespace streamgauge::loadgen
