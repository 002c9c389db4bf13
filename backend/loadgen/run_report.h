// SPDX-License-Identifier: GPL-3.0-or-later
// Everything a run says at its end, as one value: what outputs are made of, what is stored, compared and shown. Its
// JSON form (report_text.h) is "streamgauge-load-run/1"; histograms go along whole, so that nothing has to be averaged.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "base/sparse_histogram.h"
#include "base/time.h"
#include "loadgen/hand.h"
#include "loadgen/run_record.h"
#include "loadgen/threshold.h"
#include "slo/slice_series.h"

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
    std::vector<std::string> reasons;  // why it is not valid, and what queued, each a sentence with its figure
    double send_lag_p50_ms = 0, send_lag_p99_ms = 0, send_lag_max_ms = 0;  // of the generator alone
    // Both of the moments at which the generator took up what was due, so that a slow server cannot change them.
    double even_share = 1;  // of the gaps, those within 25 % of the planned gap; judged of even arrivals only
    double dispersion = 0;  // variance / mean of their number in 10 ms: 0 even, 1 Poisson
    std::uint64_t dropped = 0;
    std::uint64_t queued = 0;  // waited for room under max_in_flight
    double cpu_share = 0;      // of one core, the generator's own
    std::uint64_t stalls = 0;  // times that the generator did not run for more than 10 ms while something was due
    double longest_stall_ms = 0;
    bool real_time = false;    // the sending thread ran before all ordinary ones
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

// What was sent again, of a run that replays what was recorded (recording.h).
struct ReplayReport {
    std::string source;     // "journal own", "journal /var/lib/streamgauge", "access log /var/log/nginx/access.log"
    double speed = 1;       // so many times as fast as it was
    Timestamp first, last;  // when the first and the last request were received
    std::uint64_t requests = 0, events = 0;
    std::uint64_t left_out = 0;                             // Recording::left_out
    std::map<std::string, std::uint64_t> left_out_methods;  // Recording::left_out_methods
    std::uint64_t busiest_second = 0;                       // most requests within a second of the plan
};

// One time that an alert fired. Times are nanoseconds from the start of the run.
struct AlertEpisode {
    std::int64_t began_nanos = 0;  // start of the first slice with a bad one, in its long window
    std::int64_t fired_nanos = 0;
    // From `began`: factor * (1 - target) * long / the share of bad ones since, + hold; `long` is no longer than the
    // run so far. As the traffic is taken to be even, that is exact within a slice where it is.
    double expected_seconds = 0;
    std::optional<std::int64_t> resolved_nanos;  // none: it fired to the end
    // While it fired: end of the last slice with a bad one before it was over, and how long it then takes at most:
    // short * (1 - factor * (1 - target) / the share of bad ones in the short window) + cool-down.
    std::optional<std::int64_t> last_bad_nanos;
    std::optional<double> expected_reset_seconds;  // none: the short window did not burn by the end of it
    bool operator==(const AlertEpisode&) const = default;
};

struct ObjectiveAlert {
    slo::BurnRule rule;                 // in the run's time
    std::int64_t real_long_micros = 0;  // what its windows stand for
    std::int64_t real_short_micros = 0;
    std::optional<double> fastest_seconds;  // slo::fastest_fire(); none: it can never fire
    std::uint64_t fired = 0;                // times
    std::vector<AlertEpisode> episodes;     // the first hundred
    bool operator==(const ObjectiveAlert&) const = default;
};

// Of an objective of a run, on the laboratory's scale (lab_objective.h).
struct ObjectiveResult {
    slo::Objective objective;       // name, indicator, target and window, as in production; the rest is in `alerts`
    std::int64_t lasts_micros = 0;  // how long the window lasts in the run
    slo::Ratio counted;             // in the whole run
    // In no window of that length, and not up to the end, was more than the budget bad. False without data.
    bool held = false;
    std::optional<double> left, lowest_left;      // of the budget: of the last window, and of the worst one
    std::optional<std::int64_t> overspent_nanos;  // end of the first window that was overspent
    // What the run would cost in production: the share of the budget of the whole real window, at so many requests a
    // second: bad / ((1 - target) * rate * window). It is burn rate * length / window where the rate is the run's
    // (SRE workbook, chapter 5). None without data.
    double usual_rate = 0;
    std::optional<double> budget_used;
    std::vector<ObjectiveAlert> alerts;
    bool operator==(const ObjectiveResult&) const = default;
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
    // "hand", "interrupted", "threshold", "error brake", or empty; of one that was interrupted: "the server ended", ...
    std::string stopped_by;
    double elapsed_seconds = 0, planned_seconds = 0;
    Totals totals;
    Durations durations;
    std::vector<EndpointReport> endpoints;
    std::vector<SecondReport> seconds;
    std::vector<ErrorGroup> errors;
    std::vector<ServerStage> stages;
    std::vector<ThresholdResult> thresholds;
    std::vector<ObjectiveResult> objectives;
    std::vector<HandAction> hand;
    Certificate certificate;
    std::optional<EndToEndReport> end_to_end;
    std::optional<ReplayReport> replay;
};

}  // namespace streamgauge::loadgen
