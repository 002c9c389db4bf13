// SPDX-License-Identifier: GPL-3.0-or-later
// Traffic that was recorded, to be sent again with its gaps: from a journal, or from an access log. Read whole before
// the run, so that nothing but memory is touched while it lasts.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "loadgen/arrival_plan.h"
#include "loadgen/scenario.h"

namespace streamgauge::loadgen {

// A place in a request's body that is written when it is sent.
struct RecordedSlot {
    enum class Kind : std::uint8_t {
        Id,    // a UUID of its own
        Time,  // RFC 3339: when it is sent, less `lag_micros`
    };
    std::uint32_t offset = 0;  // in the request's body
    Kind kind = Kind::Id;
    std::int64_t lag_micros = 0;  // Time: how much earlier than it was received the event occurred
};

struct RecordedRequest {
    std::int64_t at_nanos = 0;                  // from the first, by the speed; ascending
    std::string_view method, target, body;      // target empty: the scenario's; both within the recording
    std::uint32_t first_slot = 0, slots = 0;    // of Recording::slots
    std::uint32_t first_event = 0, events = 0;  // number of its first event, and how many it has
};

struct Recording {
    std::vector<RecordedRequest> requests;
    std::vector<RecordedSlot> slots;
    std::vector<std::unique_ptr<char[]>> texts;
    std::uint64_t events = 0;  // of the journal; an access log's requests have none
    // What is not sent: lines of an access log that are no request, or none of Replay::methods; events of a journal
    // that cannot be read, and those that retention removed meanwhile.
    std::uint64_t left_out = 0;
    std::map<std::string, std::uint64_t> left_out_methods;  // of them by method, those that are seldom used as "other"
    std::uint64_t busiest_second = 0;                       // most requests within a second of the replay's time
    double highest_speed =
        0;  // at which no second has more than RecordingLimits::most_in_a_second; 0: none is slow enough
    Timestamp first, last;  // when the first and the last were received
};

struct RecordingLimits {
    std::uint64_t most_requests = 10'000'000;
    std::size_t most_bytes = std::size_t{1} << 30;        // of memory, while it is read
    std::string own_journal;                              // what Replay::journal "own" stands for; empty: there is none
    double most_in_a_second = ArrivalPlan::kHighestRate;  // requests, by the replay's time
    const char* most_is_called = "the most that is planned in one";  // in what is said of more
    std::function<bool()> stopped = [] { return false; };            // asked now and then: reading ends with Cancelled
};

// What the scenario's `replay` says. Request k is due (t_k - t_first) / speed after the first, rounded down to a
// nanosecond, where t_k is when it was received; what a log says of one second only is spread evenly over that second.
// InvalidArgument naming the member: nothing there, nothing within the window, more than the limits, longer than 24
// hours at its speed, a log half of whose lines cannot be read (with the first of them) or that ends in the middle of
// what gzip packed. Forbidden (field
// replay.speed): more than most_in_a_second, with the second, what it has, and the speed that would fit. Cancelled:
// stopped().
Result<std::shared_ptr<const Recording>> load_recording(const Scenario& scenario, const RecordingLimits& limits = {});

// The scenario with its recording, as the engine takes it: one constant stage of the same length and mean rate stands
// for what is planned wherever a rate is shown. Leaves one without `replay` as it is.
Status attach_recording(Scenario& scenario, const RecordingLimits& limits = {});

}  // namespace streamgauge::loadgen
