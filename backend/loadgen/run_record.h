// SPDX-License-Identifier: GPL-3.0-or-later
// What a run measured, in constant memory: one histogram for each kind of duration over the whole run, one for the
// current second, and one small row for each second that ended.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/histogram.h"
#include "loadgen/hand.h"
#include "loadgen/request_event.h"
#include "loadgen/scenario.h"

namespace streamgauge::loadgen {

struct SecondRow {
    std::int64_t second = 0;                                // 0 is the first of the run
    std::uint64_t planned = 0, sent = 0;                    // due, and sent, within it
    std::uint64_t ok = 0, limited = 0, other = 0;           // ended within it: 2xx, 429, everything else
    double avg_ms = 0, p50_ms = 0, p95_ms = 0, p99_ms = 0;  // response time of the answers that came within it
};

struct Totals {
    std::uint64_t planned = 0;  // due so far
    std::uint64_t sent = 0;
    std::uint64_t dropped = 0;
    std::array<std::uint64_t, kOutcomes> outcomes{};

    std::uint64_t of(Outcome outcome) const { return outcomes[static_cast<std::size_t>(outcome)]; }
    std::uint64_t done() const { return of(Outcome::Ok); }
    std::uint64_t failed() const;
    std::uint64_t answered() const;
    // Planned, but neither dropped, done nor failed: waiting for a connection or for an answer.
    std::uint64_t unfinished() const { return planned - dropped - done() - failed(); }
};

// All times are nanoseconds from the start of the run, never before the last one given. Not thread-safe.
class RunRecord {
public:
    // Reserves what the scenario's planned length needs, so that nothing is allocated while the run lasts that long.
    explicit RunRecord(const Scenario& scenario);

    // Ends every second that is over at `now`. Call before what happened at `now`.
    void advance_to(std::int64_t now);
    void due(const Due& event);
    void sent(const Sent& event);
    void dropped(const Dropped& event);
    void answered(const Answered& event);
    void failed(const Failed& event);
    void unfinished(const Unfinished& event);
    void connected(const Connected& event);
    // An action took effect, at its at_nanos.
    void hand(const HandAction& action);

    const Totals& totals() const { return totals_; }
    const std::vector<SecondRow>& ended_seconds() const { return rows_; }
    SecondRow current_second() const;

    const std::vector<HandAction>& actions() const { return actions_; }
    std::uint64_t connections() const { return connections_; }  // made so far

    const Histogram& response() const { return response_; }  // planned to answered
    const Histogram& service() const { return service_; }    // sent to answered
    const Histogram& send_lag() const { return send_lag_; }  // planned to sent: own lag and wait for a connection
    const Histogram& generator_lag() const { return generator_lag_; }  // planned to seen: the generator's own lateness
    // Ages at which requests without an answer ended: lower bounds of their response times.
    const Histogram& unanswered() const { return unanswered_; }

private:
    static constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

    Totals totals_;
    SecondRow current_;
    std::vector<SecondRow> rows_;
    std::vector<HandAction> actions_;
    std::uint64_t connections_ = 0;
    Histogram current_response_, response_, service_, send_lag_, generator_lag_, unanswered_;
};

}  // namespace streamgauge::loadgen
